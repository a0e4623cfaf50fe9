"""Companies of a strange form: what cannot be measured is said, and nothing breaks or comes out as a number."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from baton.company import Policy
from benchmarks.truth.story import happen
from benchmarks.truth.tables import Recorded, record
from benchmarks.truth.worlds import WORLDS, Size
from features.cases.exposures import ExposureTable
from models.effects.estimate import estimate
from models.effects.estimators.team_cells import met_again
from models.effects.findings import OutcomeEffects
from models.effects.not_measured import NotMeasured
from models.effects.reliability import measure


@pytest.fixture(scope="module")
def company() -> Recorded:
    return record(happen(WORLDS["linear"], Size(24, 3, 4, 1_500), 1), 1)


def found(company: Recorded, exposures: ExposureTable | None = None, /, **columns: object) -> OutcomeEffects:
    frame = company.cases.frame.assign(**columns)
    cases = replace(company.cases, frame=frame, exposures=exposures)
    return estimate(cases, company.organisation, company.catalogue, Policy(), 1, learners=False).outcomes["churn"]


def test_where_nobody_is_in_a_team_people_are_still_measured(company: Recorded) -> None:
    cases = replace(company.cases, frame=company.cases.frame.assign(team_id=None))
    rows = measure(cases, company.organisation, company.catalogue, Policy())
    assert set(rows["unit"]) == {"employee"}
    assert rows["reliability"].between(0, 1).all()


def test_cases_that_name_no_customer_beside_activity_that_does_have_no_outcome(company: Recorded) -> None:
    met = ExposureTable(
        frame=pd.DataFrame({"customer_id": ["a", "b"], "as_of": pd.Timestamp("2025-02-01"), "half": [0, 1],
                            "y:churn": [0.0, 1.0]}),
        shares=pd.DataFrame({"row": [0, 1], "team_id": ["t0", "t1"], "share": 1.0}),
        values=pd.DataFrame(columns=["team_id", "month", "kpi", "value_0", "value_1", "n_0", "n_1"]),
        split=frozenset(), label_days=30, rows_per_horizon=3.0,
    )  # fmt: skip
    without = replace(company.cases, frame=company.cases.frame.drop(columns=["y:churn"]), kinds={}, better={})
    effects = found(replace(company, cases=without), met, customer_id=None)
    assert not effects.levers
    assert {why.key for why in effects.why_not.values()} == {NotMeasured.NO_OUTCOME}


def test_a_lever_that_process_and_month_explain_wholly_differs_between_nobody(company: Recorded) -> None:
    # each person in a process of their own: a month's figure of a person is that of the process
    effects = found(company, process=company.cases.frame["employee_id"])
    assert effects.why_not["script"].key == NotMeasured.PEOPLE_ALIKE
    assert "script" not in effects.levers


def test_cases_that_nobody_dated_change_nothing_about_how_often_people_meet() -> None:
    days = pd.to_datetime(["2025-01-01", "2025-01-10", None, "2025-09-01"])
    frame = pd.DataFrame({"customer_id": "a", "employee_id": "e", "opened_at": days})
    assert met_again(frame, 30, "employee_id").tolist() == [2, 1, 1, 1]
