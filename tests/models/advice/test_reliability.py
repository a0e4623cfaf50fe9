"""Reliability: the true share of differences between people, at their own volume."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from models.advice.advise import Advice
from models.effects.reliability import measure
from models.effects.signal import noise_ratio, spearman_brown


@pytest.fixture(scope="module")
def table(advice: Advice) -> pd.DataFrame:
    return advice.reliability


def test_reliability_is_the_spearman_brown_formula_at_the_units_own_volume(table: Any) -> None:
    for row in table[table["unit"] == "employee"].sample(20, random_state=1).to_dict("records"):
        n, icc = row["n"], row["icc"]
        assert row["reliability"] == pytest.approx(n * icc / (1 + (n - 1) * icc) if icc > 0 else 0.0)


def test_noise_and_reliability_say_the_same() -> None:
    for icc, n in ((0.02, 100), (0.3, 3), (0.9, 50)):
        assert 1 / (1 + noise_ratio(icc, n)) == pytest.approx(spearman_brown(icc, n))


def test_the_spread_between_people_is_the_true_one(table: Any) -> None:
    spread = table[table["unit"] == "employee"].drop_duplicates("kpi").set_index("kpi")["between_sd"]
    assert spread["cost"] == pytest.approx(2.0, rel=0.15)
    assert spread["promise"] == pytest.approx(1.0, rel=0.2)
    assert spread["handle"] == pytest.approx(40.0, rel=0.15)


def test_a_monthly_measure_counts_its_measurements_not_the_cases(table: Any, known: Any) -> None:
    rows = table[(table["unit"] == "employee") & (table["kpi"] == "promise")]
    assert rows["n"].max() == pytest.approx(known.policy.cycle_days / 30.4)
    # one measurement: true variance 1, noise 0.64
    assert rows["icc"].iloc[0] == pytest.approx(1 / 1.64, abs=0.12)


def test_a_rating_that_is_pure_noise_is_not_reliable(table: Any) -> None:
    rating = table[(table["unit"] == "employee") & (table["kpi"] == "rating")]
    assert rating["reliability"].max() < 0.3


def test_teams_smaller_than_the_smallest_group_are_left_out(known: Any) -> None:
    policy = known.policy.model_copy(update={"min_group": 16})
    table = measure(known.cases, known.organisation, known.catalogue, policy)
    assert not (table["unit"] == "team").any()
    assert (measure(known.cases, known.organisation, known.catalogue, known.policy)["unit"] == "team").any()


def test_without_handlers_there_is_nothing_to_measure(known: Any) -> None:
    from dataclasses import replace

    frame = known.cases.frame.assign(employee_id=None)
    assert measure(replace(known.cases, frame=frame), known.organisation, known.catalogue, known.policy).empty


def test_a_longer_cycle_is_more_reliable(known: Any) -> None:
    longer = known.policy.model_copy(update={"cycle_days": 365})
    short = measure(known.cases, known.organisation, known.catalogue, known.policy)
    long = measure(known.cases, known.organisation, known.catalogue, longer)
    assert (long["n"] > 3.9 * short["n"]).all()
    measured = (short["icc"] > 0) & (short["icc"] < 1)
    assert (np.array(long["reliability"])[measured] > np.array(short["reliability"])[measured]).all()


def test_noise_of_few_cases_is_not_taken_for_differences_between_people(make_company: Any) -> None:
    # thirty cases each: means alone would show differences of 2.4 in cost and 0.115 in the share solved
    company = make_company(2, 300, 9_000)
    table = measure(company.cases, company.organisation, company.catalogue, company.policy)
    spread = table[table["unit"] == "employee"].drop_duplicates("kpi").set_index("kpi")["between_sd"]
    assert spread["cost"] == pytest.approx(2.0, rel=0.1)
    assert spread["solved"] == pytest.approx(0.077, rel=0.15)
