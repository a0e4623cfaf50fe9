"""What a company's own past changes of cards show reaches the inputs that weights are solved from."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from baton.company import Policy
from models.advice.controllability.belief import Believed, shipped
from models.advice.controllability.learned import Controllability, learn_controllability, measured_response
from models.advice.controllability.past_cards import Responses
from models.advice.inputs import AdviceInputs, catalogue_rows
from models.advice.settings import Settings
from tests.coached_shop import CATALOGUE, Shop

SINCE = pd.Timestamp("2026-05-01")
SETTINGS = Settings(Policy(), 7)


def company(answer: float, day: pd.Timestamp = SINCE) -> tuple[Any, Any]:
    """Half of twelve teams have ten points more on handling, and are faster by a share since."""
    cases, organisation, _ = Shop(teams=12, seed=3).make()
    teams = [f"T{at}" for at in range(12)]
    moved = [team for at, team in enumerate(teams) if at % 2]
    first = [{"team_id": team, "kpi": kpi, "weight": 50.0, "valid_from": pd.Timestamp("2025-01-01")}
             for team in teams for kpi in ("solved", "handling")]  # fmt: skip
    then = [{"team_id": team, "kpi": kpi, "weight": points, "valid_from": day}
            for team in moved for kpi, points in (("handling", 60.0), ("solved", 40.0))]  # fmt: skip
    cards = pd.DataFrame(first + then).assign(role=None, target=np.nan)
    frame = cases.frame.copy()
    later = frame["team_id"].isin(moved) & (frame["opened_at"] >= day)
    frame.loc[later, "kpi:handling"] *= 1 - answer
    return replace(cases, frame=frame), replace(organisation, scorecards=cards)


def test_what_half_of_the_teams_answered_is_found() -> None:
    cases, organisation = company(answer=0.06)
    found = learn_controllability(cases, organisation, CATALOGUE, SETTINGS).table.set_index("kpi")
    assert set(found["verdict"]) == {"learned", "few"} and found.loc["training", "controllability_basis"] == "catalogue"
    assert found.loc["handling", "controllability_basis"] == "cards" and found.loc["handling", "teams"] == 6
    assert found.loc["handling", "response_low"] > 0
    assert found.loc["handling", "controllability"] > found.loc["solved", "controllability"]
    assert found.loc["training", "controllability"] == 0.6 and np.isnan(found.loc["training", "low"])
    still = learn_controllability(*company(answer=0.0), CATALOGUE, SETTINGS).table.set_index("kpi")
    assert still.loc["handling", "response_low"] < 0 < still.loc["handling", "response_high"]
    assert still.loc["handling", "controllability"] == pytest.approx(0.6, abs=0.05)


def test_cards_that_are_issued_again_every_month_as_they_stood_have_not_changed() -> None:
    cases, organisation = company(answer=0.06)
    cards = organisation.scorecards
    first = cards[cards["valid_from"] < SINCE]
    now = pd.concat([cards[cards["valid_from"] == SINCE], first]).drop_duplicates(["team_id", "kpi"])
    before, after = (pd.date_range(start, periods=months, freq="MS") for start, months in (("2025-02", 15), (SINCE, 6)))
    issued = [first, *(first.assign(valid_from=day) for day in before), *(now.assign(valid_from=day) for day in after)]
    monthly = replace(organisation, scorecards=pd.concat(issued, ignore_index=True))
    one, other = (learn_controllability(cases, each, CATALOGUE, SETTINGS).table for each in (organisation, monthly))
    pd.testing.assert_frame_equal(one, other)
    assert "cards" in set(other["controllability_basis"])


def test_targets_that_are_set_anew_every_month_leave_the_points_comparable() -> None:
    cases, organisation = company(answer=0.06)
    cards = organisation.scorecards
    first = cards[cards["valid_from"] < SINCE]
    now = pd.concat([cards[cards["valid_from"] == SINCE], first]).drop_duplicates(["team_id", "kpi"])
    before, after = (pd.date_range(start, periods=months, freq="MS") for start, months in (("2025-01", 16), (SINCE, 6)))
    issued = [card.assign(valid_from=day, target=float(day.month)) for days, card in ((before, first), (after, now))
              for day in days]  # fmt: skip
    monthly = replace(organisation, scorecards=pd.concat(issued, ignore_index=True))
    one, other = (learn_controllability(cases, each, CATALOGUE, SETTINGS).table for each in (organisation, monthly))
    pd.testing.assert_frame_equal(one, other)
    # a target that was raised once, in the middle of what is compared, is a change of its card
    raised = now[now["team_id"].isin(["T1", "T3"])].assign(valid_from=SINCE + pd.Timedelta(days=20), target=2.0)
    once = replace(organisation, scorecards=pd.concat([cards, raised], ignore_index=True))
    found = learn_controllability(cases, once, CATALOGUE, SETTINGS).table.set_index("kpi")
    assert found.loc["handling", "teams"] == one.set_index("kpi").loc["handling", "teams"] - 2


@pytest.mark.parametrize(
    ("common", "verdict", "expected"),
    [
        # a record however large does not say why cards were changed
        ((1.0, 0.0, 1.0, 1.0), "learned", (1.0, 1 - 1.645 * 0.2, 1 + 1.645 * 0.2)),
        ((0.1, 0.2, -0.3, 0.4), "learned", (0.1, 0.0, 0.1 + np.hypot(0.3, 1.645 * 0.2))),
        ((1.0, 0.31, 0.5, 1.5), "learned", None),
        ((1.0, 0.0, 1.0, 1.0), "differed", None),
    ],
    ids=["sure", "hardly any", "not precise", "cards followed figures"],
)
def test_a_measured_response_is_never_surer_than_changes_that_were_not_by_lot(
    common: tuple[float, float, float, float], verdict: str, expected: tuple[float, float, float] | None
) -> None:
    known = Believed(np.array([0.5]), np.array([[0.01]]), common)
    found = measured_response(Responses(verdict, np.ones(1), np.eye(1), np.array([5])), known)
    assert found == (None if expected is None else pytest.approx([shipped().sd_per_point * end for end in expected]))


def test_without_a_change_that_was_lived_nothing_is_learned() -> None:
    cases, organisation = company(answer=0.2, day=pd.Timestamp("2027-01-01"))
    found = learn_controllability(cases, organisation, CATALOGUE, SETTINGS)
    assert found.table.empty and found.response is None and found.notes == ()


def test_inputs_take_over_what_was_learned_and_keep_the_catalogue_elsewhere() -> None:
    inputs = AdviceInputs(
        kpis=catalogue_rows(CATALOGUE), draws=pd.DataFrame(), cards=pd.DataFrame(), headcounts=pd.DataFrame(),
        outcome=None, helpful=-1, kind="probability", horizon_days=90, customers_at_risk=0, joint_p_value=1.0,
    )  # fmt: skip
    table = pd.DataFrame(
        {"kpi": ["solved"], "controllability": [0.4], "controllability_basis": ["cards"], "verdict": ["learned"]}
    )
    answering = inputs.answering(Controllability(table, (0.03, 0.01, 0.05)))
    known = answering.kpis.set_index("kpi")["controllable"]
    assert known["solved"] == 0.4 and known["handling"] == 0.6
    assert (answering.response_per_point, answering.response_low, answering.response_high) == (0.03, 0.01, 0.05)
    assert answering.response_measured
    assert [note.key for note in answering.notes] == ["controllability.learned", "controllability.response"]
    scenario = inputs.answering(Controllability(table.assign(verdict="differed", controllability_basis="catalogue")))
    assert not scenario.response_measured
    assert [note.key for note in scenario.notes] == ["controllability.differed"]
    assert inputs.answering(Controllability()).kpis.equals(inputs.kpis)
