"""Cases made comparable: who is compared, over what time, and beside what, such as a handler's time in the company."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from models.effects.estimators.case_mix import newness
from models.effects.estimators.design import Question, build_design

CASES = pd.DataFrame(
    {
        "employee_id": ["E1", "E2", "E1"],
        "opened_at": pd.to_datetime(["2024-01-10", "2024-06-01", "2026-01-01"]),
    }
)


@pytest.mark.parametrize("hired", [[], [None, None]])
def test_a_company_that_does_not_know_when_people_were_hired_has_no_tenure(hired: list[None]) -> None:
    people = pd.DataFrame({"employee_id": ["E1", "E2"][: len(hired)], "hired_at": pd.to_datetime(pd.Series(hired))})
    assert newness(CASES, people).shape == (3, 0)


def test_tenure_is_distinguished_where_it_is_known() -> None:
    people = pd.DataFrame({"employee_id": ["E1", "E2"], "hired_at": pd.to_datetime(["2024-01-01", "2010-01-01"])})
    new = newness(CASES, people)[:, 0]
    # nine days in, fourteen years in, two years in
    assert new == pytest.approx([np.exp(-9 / 120), 0.0, np.exp(-731 / 120)], abs=1e-4)


LEVERS = ("handle", "cost")


@pytest.fixture(scope="module")
def company(make_company: Any) -> Any:
    """A company of which some cases have no handler, and some no team."""
    made = make_company(4, 40, 4_000)
    frame = made.cases.frame.copy()
    frame.loc[frame.index[::7], "employee_id"] = None
    frame.loc[frame.index[::11], "team_id"] = None
    return replace(made, cases=replace(made.cases, frame=frame))


def test_people_are_compared_on_cases_with_a_handler_from_when_the_outcome_is_known(company: Any) -> None:
    frame = company.cases.frame.copy()
    late = frame["opened_at"] > frame["opened_at"].median()
    frame.loc[late, "y:churn"] = np.nan
    cases = replace(company.cases, frame=frame)
    design = build_design(cases, company.catalogue, Question("churn", LEVERS, ("rating",)))
    assert sorted(frame.index[design.rows]) == sorted(frame.index[frame["employee_id"].notna() & ~late])
    assert (design.targets, design.levers) == (LEVERS, (*LEVERS, "rating"))
    served = frame.iloc[design.rows]
    assert served.groupby(design.employee)["employee_id"].nunique().eq(1).all()
    assert [design.teams[code] for code in design.team[design.team >= 0]] == list(served["team_id"].dropna())


def test_teams_are_compared_on_all_of_their_cases_without_any_handler(company: Any) -> None:
    frame = company.cases.frame
    question = Question("churn", LEVERS)
    design = build_design(company.cases, company.catalogue, question, unit="team")
    assert len(design.rows) == int(frame["team_id"].notna().sum())
    assert (design.employee == design.team).all()
    unhandled = replace(company.cases, frame=frame.assign(employee_id=None))
    again = build_design(unhandled, company.catalogue, question, unit="team")
    assert np.array_equal(design.values, again.values, equal_nan=True)
    # by hand: teams in place of handlers
    forged = replace(company.cases, frame=frame.assign(employee_id=frame["team_id"]))
    by_hand = build_design(forged, company.catalogue, question)
    assert np.array_equal(design.values, by_hand.values, equal_nan=True)


def test_without_months_what_changed_over_time_stays_in_the_values(company: Any) -> None:
    frame = company.cases.frame
    later = (frame["period"] - frame["period"].min()).dt.days / 30.0
    cases = replace(company.cases, frame=frame.assign(**{"kpi:cost": frame["kpi:cost"] + 10.0 * later}))
    slopes = []
    for period in (True, False):
        design = build_design(cases, company.catalogue, Question(None, ("cost",)), period=period)
        assert (design.period == 0).all() != period
        slopes.append(np.polyfit(later.iloc[design.rows], design.values[:, 0], 1)[0])
    # dearer is worse
    assert slopes == pytest.approx([0.0, -10.0], abs=0.3)


def test_teams_of_a_design_of_people_stand_in_their_place(company: Any) -> None:
    people = build_design(company.cases, company.catalogue, Question(None, LEVERS))
    teams = people.of_teams()
    known = people.team >= 0
    assert np.array_equal(teams.employee, people.team[known])
    assert np.array_equal(teams.customer, people.employee[known])
    assert np.array_equal(teams.rows, people.rows[known])
    assert not teams.handler_level.any()
