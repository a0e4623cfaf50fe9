"""KPIs that nobody can influence, and those too noisy to score."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from baton.catalogue.schema import Catalogue
from baton.company import Policy
from models.advice.diagnosis.alignment import diagnosis_table
from models.advice.diagnosis.finding import Finding
from models.advice.diagnosis.influence import Measurement, cases_needed, influence_findings, reliability_interval
from models.advice.inputs import AdviceInputs
from models.effects.signal import spearman_brown


def measured(kpi: str, icc: float, n: float, unit: str = "employee", units: int = 60) -> pd.DataFrame:
    return pd.DataFrame(
        {"unit": unit, "unit_id": [f"U{number}" for number in range(units)], "kpi": kpi, "n": n, "n_per_day": n / 90,
         "icc": icc, "reliability": spearman_brown(icc, n)}
    )  # fmt: skip


@pytest.fixture
def found(inputs_of: Callable[..., AdviceInputs], shop: Catalogue) -> Callable[..., dict[str, Finding]]:
    def find(*reliability: pd.DataFrame, cards: dict[str, dict[str, float]] | None = None) -> dict[str, Finding]:
        inputs = inputs_of(cards) if cards else inputs_of()
        policy = Policy()
        measurement = Measurement(pd.concat(reliability) if reliability else pd.DataFrame(), pd.DataFrame(), 5)
        table = diagnosis_table(inputs, policy)
        return {one.values["kpi"]: one for one in influence_findings(table, inputs, shop, measurement, policy)}

    return find


def test_a_noisy_kpi_of_persons_goes_to_the_team_where_it_is_reliable(found: Callable[..., dict[str, Finding]]) -> None:
    one = found(measured("csat", 0.02, 30), measured("csat", 0.02, 600, "team", 8), measured("cost", 0.3, 90))["csat"]
    assert one.kind == "too_noisy" and one.points == 70.0
    # 0.7 × 0.98 / (0.3 × 0.02) by hand
    assert one.values["cases_needed"] == pytest.approx(114.3, abs=0.1)
    assert one.values["reliability"] == pytest.approx(30 * 0.02 / (1 + 29 * 0.02))
    assert "about 115 would be needed" in one.what.text
    assert "on the team's card, where it is reliable (0.92)" in one.next.text
    assert one.where.text == "all 2 cards, 70 points (35% of all)"


def test_what_no_team_measures_reliably_is_for_information(found: Callable[..., dict[str, Finding]]) -> None:
    one = found(measured("csat", 0.02, 30), measured("csat", 0.002, 600, "team", 8))["csat"]
    assert "for information, without points" in one.next.text


def test_a_reliability_whose_interval_reaches_what_is_asked_is_not_sure(
    found: Callable[..., dict[str, Finding]],
) -> None:
    near = found(measured("csat", 0.07, 30, units=12))["csat"]
    assert near.values["low"] < 0.69 < 0.7 < near.values["high"] and near.sure.text.startswith("likely, not sure")
    assert found(measured("csat", 0.01, 30, units=200))["csat"].sure.text.startswith("very:")


def test_people_who_do_not_differ_cannot_influence_it(found: Callable[..., dict[str, Finding]]) -> None:
    one = found(measured("cost", 0.0, 90))["cost"]
    assert one.kind == "alike" and "people do not differ in it by more than chance" in one.what.text
    assert "cost" not in found(measured("cost", 0.3, 90))


def test_a_result_of_the_whole_company_and_what_others_decide_are_named_without_a_run(
    found: Callable[..., dict[str, Finding]],
) -> None:
    kinds = {kpi: one.kind for kpi, one in found(cards={"T1": {"revenue": 30.0, "weather": 70.0}}).items()}
    assert kinds == {"revenue": "no_owner", "weather": "hardly_controlled"}


def test_of_fewer_people_than_the_policy_asks_for_nothing_is_said(found: Callable[..., dict[str, Finding]]) -> None:
    assert found(measured("csat", 0.02, 30, units=4)) == {}


def test_cases_needed_give_the_reliability_asked_for() -> None:
    for icc in (0.005, 0.05, 0.4):
        assert spearman_brown(icc, cases_needed(icc)) == pytest.approx(0.7)
    assert cases_needed(0.0) == float("inf")


def test_the_interval_covers_the_true_reliability_in_nine_of_ten_samples() -> None:
    """Sixty people with twenty cases each; the truth is 20 × 0.1 / (1 + 19 × 0.1)."""
    rng, truth, covered = np.random.default_rng(5), 20 * 0.1 / (1 + 19 * 0.1), 0
    for _ in range(300):
        skill = np.sqrt(0.1) * rng.standard_normal(60)
        cases = skill[:, None] + np.sqrt(0.9) * rng.standard_normal((60, 20))
        within = float(cases.var(axis=1, ddof=1).mean())
        between = max(float(cases.mean(axis=1).var(ddof=1)) - within / 20, 0.0)
        icc = between / (between + within)
        low, high = reliability_interval({"units": 60, "n": 20, "total": 20, "icc": icc, "reliability": 0.0})
        covered += low <= truth <= high
    assert 255 <= covered <= 285  # 270 expected
