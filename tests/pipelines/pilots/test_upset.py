"""What upsets a pilot is counted: shared customers, people who changed sides, teams that are no more."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from baton.company import Company
from baton.terminal.pilot_words import outcome_words, plan_words
from models.pilots.power import Power
from pipelines.pilots.evaluate import Outcome
from pipelines.pilots.plan import Planned
from pipelines.pilots.planned import Plan, plan_of
from pipelines.pilots.upset import Upset, upset_in
from tests.serving.pilots.trial import PLAN, effect

BEFORE, DURING = pd.Timestamp(2026, 5, 4), pd.Timestamp(2026, 8, 4)


@pytest.fixture
def plan() -> Plan:
    return plan_of(PLAN, "here")


def cases(*rows: tuple[pd.Timestamp, str, str, str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["opened_at", "team_id", "customer_id", "employee_id"])


def words(plan: Plan, upset: Upset) -> str:
    from models.pilots.inference import Measured

    measured = Measured(**effect())
    outcome = Outcome(plan, 3, 3, "adopt", measured, {}, (), (np.nan, np.nan), {}, (), (), upset)
    return " ".join(message.text for message in outcome_words(Company(), outcome))


def test_customers_are_shared_whom_both_groups_served_in_the_pilot(plan: Plan) -> None:
    found = upset_in(
        cases(
            (DURING, "t1", "a", "p"),
            (DURING, "t3", "a", "q"),
            (DURING, "t1", "b", "p"),
            (BEFORE, "t3", "b", "q"),  # before anybody began
            (DURING, "t7", "b", "r"),  # takes no part
            (DURING, "t2", "c", "s"),
            (DURING, "t1", "c", "p"),  # both with the change
            (DURING, "t4", "d", "u"),
        ),
        plan,
    )
    assert (found.shared, found.served) == (1, 3)
    shown = words(plan, Upset(shared=1, served=4))
    assert "Of 4 customers of teams with the change, 1 (25" in shown
    assert "served by teams without it too" in shown
    assert "teams without it too" not in words(plan, Upset(shared=1, served=10))


def test_a_team_is_without_the_change_until_its_own_wave(plan: Plan) -> None:
    from dataclasses import replace

    waves = replace(plan, starts=(6, 8, -1, -1), schedules=((6, 8, -1, -1),))
    early, late = pd.Timestamp(2026, 7, 5), pd.Timestamp(2026, 9, 5)
    rows = cases((early, "t1", "a", "p"), (early, "t2", "a", "q"), (late, "t2", "b", "q"))
    found = upset_in(rows, waves)
    assert (found.shared, found.served) == (1, 2)


def test_people_are_counted_who_worked_for_the_other_side_in_the_pilot(plan: Plan) -> None:
    stayed = [(at, team, "c", f"{team}-{one}") for at in (BEFORE, DURING) for team in ("t1", "t3") for one in range(3)]
    crossed = [(BEFORE, "t3", "c", "x"), (DURING, "t1", "c", "x"), (DURING, "t1", "c", "x"), (DURING, "t3", "c", "x")]
    within = [(BEFORE, "t1", "c", "y"), (DURING, "t2", "c", "y")]
    new = [(DURING, "t1", "c", "z")]
    found = upset_in(cases(*stayed, *crossed, *within, *new), plan)
    assert (found.moved, found.people, found.changed_sides) == (1, 8, ())
    assert "1 of 8 people changed between teams with the change and teams without it" in words(plan, found)


def test_a_team_whose_people_work_elsewhere_now_is_named(plan: Plan) -> None:
    rows = [(BEFORE, "t2", "c", f"p{one}") for one in range(3)]
    rows += [(DURING, "t2b", "c", f"p{one}") for one in range(2)] + [(DURING, "t2", "c", "p2")]
    found = upset_in(cases(*rows), plan)
    assert found.changed_sides == ("t2",)
    assert found.moved == 0
    assert "Most people of t2 work in another team since the pilot began" in words(plan, found)


def test_where_the_tables_do_not_say_nothing_is_counted(plan: Plan) -> None:
    assert upset_in(pd.DataFrame(), plan) == Upset()
    assert upset_in(cases((DURING, "t1", "a", "p"))[["opened_at", "team_id"]], plan) == Upset()


@pytest.mark.parametrize(
    ("shared", "words_shown"),
    [
        (0, ""),
        (1, ""),
        (2, "(20%) were served by the others too. What"),
        (3, "There would be no verdict: of 10 customers"),
    ],
)
def test_a_plan_says_how_many_customers_both_groups_serve(plan: Plan, shared: int, words_shown: str) -> None:
    power = Power(np.zeros(1), np.array([0.1]), 3.5, 1, 1)
    found = Planned(plan, power, {1: 3.5}, (), "given", shared, 10)
    shown = [message.text for message in plan_words(Company(), found) if "served by the others" in message.text]
    assert len(shown) == bool(words_shown)
    assert words_shown in "".join(shown).replace(" %", "%")
