"""Advice asked again on real sets: what was known earlier, how agreement is counted, and that all goes through."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from baton.company import Company, Policy
from benchmarks.real.advised import Advised, Question
from benchmarks.real.agreement import agreement, by_chance
from benchmarks.real.trials import known_until, over_time, permutations
from benchmarks.truth.story import happen
from benchmarks.truth.tables import Recorded, record
from benchmarks.truth.worlds import WORLDS, Size

TINY = Size(people=30, teams=3, months=6, customers=900, cases_per_month=15.0)


@pytest.fixture(scope="module")
def recorded() -> Recorded:
    return record(happen(WORLDS["linear"], TINY, 2), 2)


@pytest.fixture(scope="module")
def question(recorded: Recorded) -> Question:
    company = Company.model_validate({"company": {"name": "A", "seed": 3}})
    return Question(replace_policy(company), recorded.catalogue, cards=2)


def replace_policy(company: Company) -> Company:
    return company.model_copy(update={"policy": Policy(max_weight=100, min_weight=0, step=5)})


def advised(effects: dict[str, float], error: float, p_value: float, targets: dict[str, float]) -> Advised:
    values = pd.Series(effects, dtype="float64")
    spread = pd.Series(error, index=values.index)
    return Advised(values, spread, p_value, pd.Series(targets, dtype="float64"), 1, 0, {"a": "up"}, 0)


def test_earlier_less_was_known_of_cases_outcomes_and_figures(recorded: Recorded) -> None:
    moment = recorded.organisation.as_of - pd.DateOffset(months=2)
    cases, organisation = known_until(recorded.cases, recorded.organisation, moment)
    frame = cases.frame
    assert 0 < len(frame) < len(recorded.cases.frame)
    assert (frame["opened_at"] < moment).all()
    known = frame["y:churn"].notna()
    assert (frame["closed_at"][known] + np.timedelta64(cases.horizon_days, "D") <= moment).all()
    assert organisation.as_of == moment
    assert (organisation.panel["to"] <= moment).all()


def test_agreement_counts_signs_errors_and_points() -> None:
    one = advised({"a": 0.02, "b": 0.01, "c": 0.001}, 0.004, 0.01, {"a": 60.0, "b": 40.0})
    two = advised({"a": 0.03, "b": -0.01, "c": 0.002}, 0.004, 0.20, {"a": 50.0, "b": 50.0})
    found = agreement([(one, two)])
    assert found["joint test significant in both, one, neither"] == "0, 1, 0"
    assert found["effects of one sign"].startswith("2 of 3")
    # 0.02 apart are 3.5 errors, 0.01 apart are 1.8
    assert found["effects within their error"].startswith("1 of 3")
    assert found["difference in points"] == "10.00 (over 2)"
    assert found["same verdict"].startswith("1 of 1")
    assert found["rank correlation of effects"] == "0.50 (over 1)"


def test_what_chance_brings_is_given_with_an_interval() -> None:
    silent = advised({"a": 0.0}, 0.01, 0.5, {})
    found = by_chance([replace(silent, sketched=0), replace(silent, p_value=0.03, sketched=0, coached=2)])
    assert found["joint test significant"].startswith("1 of 2 (0.0")
    assert found["help offered"].startswith("1 of 2")
    assert found["a card sketched"].startswith("0 of 2")
    assert found["cards solved"] == "0"


def test_cards_are_solved_where_they_are_asked_for_or_the_joint_test_is_significant(
    question: Question, recorded: Recorded
) -> None:
    (whole,) = [question.ask(recorded.cases, recorded.organisation, solve=False, chance=1.0)]
    assert whole.targets.sum() == pytest.approx(100)
    ((_, permuted),) = permutations(question, recorded.cases, recorded.organisation, range(1), 0)
    assert permuted.p_value > 0.05
    assert permuted.targets.empty


def test_time_is_halved_and_gone_through_in_steps(question: Question, recorded: Recorded) -> None:
    found = list(over_time(question, recorded.cases, recorded.organisation, 1))
    assert [kind for kind, _, _ in found] == ["halves of time", "a step later"]
    assert len(found[-1][2][1].effects)
