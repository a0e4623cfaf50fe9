"""Pilots as they are kept: once, whole, with a second person, by the rule that was stated beforehand."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import text

from serving.audit.verify import verify
from serving.decisions.refused import Conflict, DecisionRefused, KeyUsed, NotAllowed
from serving.pilots.cards import read_cards
from serving.pilots.store import AskedMove
from tests.serving.pilots.trial import ANN, ANN_TOO, AUDITOR, KAI, LIN, MEI, PLAN, UWE, Trial


def test_a_pilot_from_plan_to_adoption_is_kept_with_who_when_and_why(any_trial: Trial) -> None:
    trial = any_trial
    pilot = trial.brought_to("adopted")
    moves = [(move["move"]["key"], move["by"], move["before"], move["after"]) for move in pilot["moves"]]
    assert moves == [
        ("plan", "ann", "", "planned"),
        ("approve", "uwe", "planned", "approved"),
        ("start", "ann", "approved", "running"),
        ("evaluate", "ann", "running", "evaluated"),
        ("adopt", "ann", "evaluated", "adopting"),
        ("confirm", "uwe", "adopting", "adopted"),
    ]
    assert all(move["reason"] and move["at"] == "2026-07-01T08:00:00Z" for move in pilot["moves"])
    assert pilot["choice"]["valid_from"] == "2026-08-01"
    assert [card["team_id"] for card in pilot["choice"]["cards"]] == ["t1", "t2", "t3", "t4"]
    assert pilot["choice"]["cards"][0]["weights"] == {"csat": 50.0, "wait_seconds": 50.0}
    assert [entry.action for entry in trial.recorded] == ["pilot"] * 6
    assert [entry.detail["reason"] for entry in trial.recorded] == ["waits are long", *["because"] * 5]
    assert verify(trial.state).sound
    with trial.state.reading() as session:  # the limits are kept once, since they did not change
        assert session.execute(text("SELECT count(*) FROM policy_limits")).scalar() == 1


def test_nobody_is_the_second_person_of_their_own_move_under_another_name_either(trial: Trial) -> None:
    pilot = trial.plan()
    for who in (ANN, ANN_TOO):
        with pytest.raises(NotAllowed, match="second person"):
            trial.move(who, pilot, "approve")
    adopting = trial.brought_to("adopting", name="other")
    with pytest.raises(NotAllowed, match="second person"):
        trial.move(ANN_TOO, adopting, "confirm")
    assert trial.move(MEI, adopting, "confirm")["state"]["key"] == "adopted"


def test_of_two_at_once_the_second_hears_who_was_first(any_trial: Trial) -> None:
    trial = any_trial
    pilot = trial.brought_to("running")
    outcome = trial.outcome(pilot)
    trial.move(ANN, pilot, "evaluate", outcome=outcome)
    with pytest.raises(Conflict, match=r"^ann was first, on 2026-07-01.*evaluate.*now “evaluated”, version 4"):
        trial.move(UWE, pilot, "evaluate", outcome=trial.outcome(pilot, "stop"))
    assert trial.store.get(UWE, pilot["name"])["verdict"] == "adopt"
    with pytest.raises(Conflict, match="no version 9 yet; it is at version 4"):
        trial.move(ANN, pilot, "stop", version=9)


def test_the_same_request_again_changes_nothing(trial: Trial) -> None:
    pilot = trial.plan()
    asked = AskedMove("approve", pilot["version"], "fits")
    first = trial.store.move(UWE, pilot["name"], asked, "key-1")
    assert trial.store.move(UWE, pilot["name"], asked, "key-1") == first
    assert len(trial.store.get(UWE, pilot["name"])["moves"]) == 2
    with pytest.raises(KeyUsed):
        trial.store.move(UWE, pilot["name"], AskedMove("reject", 1, "fits"), "key-1")


def test_a_name_is_taken_once(trial: Trial) -> None:
    trial.plan()
    with pytest.raises(Conflict, match=r"a pilot wait-2026-07 already, planned by ann"):
        trial.plan(UWE)


@pytest.mark.parametrize(
    ("verdict", "move", "words"),
    [
        ("stop", "adopt", "the verdict is: stop"),
        ("extend", "adopt", "the verdict is: extend"),
        (None, "adopt", "the verdict is: none"),
        ("adopt", "extend", "the verdict is: adopt"),
    ],
)
def test_what_the_rule_does_not_give_is_not_done(trial: Trial, verdict: str | None, move: str, words: str) -> None:
    pilot = trial.brought_to("evaluated", verdict)
    with pytest.raises(Conflict, match=words):
        trial.move(ANN, pilot, move)
    assert trial.move(ANN, pilot, "stop")["state"]["key"] == "stopped"


def test_before_the_planned_end_there_is_no_verdict_to_keep(trial: Trial) -> None:
    pilot = trial.brought_to("running")
    with pytest.raises(Conflict, match="2 of 3 months are known"):
        trial.move(ANN, pilot, "evaluate", outcome=trial.outcome(pilot, "adopt", months_known=2))
    with pytest.raises(DecisionRefused, match="nobody sends one"):
        trial.move(ANN, pilot, "evaluate")
    other = {**trial.outcome(pilot), "plan_digest": "0" * 64}
    with pytest.raises(Conflict, match="belongs to another plan"):
        trial.move(ANN, pilot, "evaluate", outcome=other)
    assert trial.store.get(ANN, pilot["name"])["version"] == pilot["version"]


def test_no_move_changes_the_plan(trial: Trial) -> None:
    pilot = trial.brought_to("rolled_back")
    assert trial.store.plan_of(AUDITOR, pilot["name"]) == PLAN
    assert {entry.detail["plan"] for entry in trial.recorded} == {pilot["plan_digest"]}


def test_a_clock_that_is_set_back_gives_no_earlier_move(trial: Trial) -> None:
    pilot = trial.plan()
    trial.clock.advance(days=-40)
    approved = trial.move(UWE, pilot, "approve")
    assert [move["at"] for move in approved["moves"]] == ["2026-07-01T08:00:00Z"] * 2
    assert approved["moves"][1]["detail"] == {"clock_back_seconds": 40 * 86400.0}
    assert verify(trial.state).sound


def test_a_unit_may_adopt_a_card_of_its_own_within_the_frame(trial: Trial, tmp_path: Path) -> None:
    tried: list[str] = []

    def frame(team: str, role: str, weights: object) -> None:
        tried.append(team)
        if weights == {"csat": 90.0, "wait_seconds": 10.0}:
            raise DecisionRefused(trial_message, "cards")

    from baton.messages.message import Message

    trial_message = Message("piloting.card_broken", {"team": "t2", "limits": (Message.verbatim("max_weight 40"),)})
    trial.store._frame = frame
    pilot = trial.brought_to("evaluated")
    path = tmp_path / "own.csv"
    path.write_text("team_id,role,kpi,weight\nt2,agent,csat,90\nt2,agent,wait_seconds,10\n", encoding="utf-8")
    with pytest.raises(DecisionRefused, match="team t2 breaks limits of the policy: max_weight 40"):
        trial.move(ANN, pilot, "adopt", cards=read_cards(path))
    path.write_text("team_id,role,kpi,weight\nt2,agent,csat,45\nt2,agent,wait_seconds,55\n", encoding="utf-8")
    adopting = trial.move(ANN, pilot, "adopt", cards=read_cards(path), valid_from=date(2026, 10, 1))
    assert adopting["choice"]["valid_from"] == "2026-10-01"
    weights = {card["team_id"]: card["weights"]["csat"] for card in adopting["choice"]["cards"]}
    assert weights == {"t1": 50.0, "t2": 45.0, "t3": 50.0, "t4": 50.0}
    assert set(tried) == {"t1", "t2", "t3", "t4"}
    with pytest.raises(DecisionRefused, match="team t7 took no part"):
        trial.move(ANN, trial.brought_to("evaluated", name="b"), "adopt", cards=[{"team_id": "t7", "weights": {}}])


def test_a_manager_sees_the_cards_of_the_own_teams_alone(trial: Trial) -> None:
    pilot = trial.brought_to("adopted")
    seen = trial.store.get(KAI, pilot["name"])
    assert {line["team_id"] for line in seen["cards"]} == {"t3"}
    assert {card["team_id"] for card in seen["choice"]["cards"]} == {"t3"}
    shown = [move["detail"]["choice"]["cards"] for move in seen["moves"] if "choice" in move["detail"]]
    assert {card["team_id"] for cards in shown for card in cards} == {"t3"}
    assert trial.store.get(LIN, pilot["name"])["cards"][0]["team_id"] == "t1"


CHILD = """
import os, sys
from pathlib import Path
from serving.pilots.store import AskedMove
from serving.state.store import open_state
from tests.serving.databases import company_in
from tests.serving.pilots.trial import UWE, Trial

trial = Trial(open_state(company_in(Path(sys.argv[1]))))
if sys.argv[2] == "before":
    trial.store._record = lambda *_: os._exit(9)
trial.store.move(UWE, "wait-2026-07", AskedMove("approve", 1, "fits"), "key-1")
os._exit(9)
"""


@pytest.mark.slow  # starts Python twice
def test_killed_before_the_commit_nothing_was_moved_and_after_it_once(trial: Trial, checkout: Path) -> None:
    pilot = trial.plan()
    place = str(trial.state.folder.parent)
    for dies, moves in (("before", 1), ("after", 2)):
        own = {**os.environ, "PYTHONPATH": str(checkout)}
        done = subprocess.run(
            [sys.executable, "-c", CHILD, place, dies], cwd=checkout, env=own, timeout=120, check=False
        )
        assert done.returncode == 9
        assert len(trial.store.get(ANN, pilot["name"])["moves"]) == moves
    code, again = trial.store.move(UWE, pilot["name"], AskedMove("approve", 1, "fits"), "key-1")
    assert (code, again["version"]) == (200, 2)
    assert len(trial.store.get(ANN, pilot["name"])["moves"]) == 2
