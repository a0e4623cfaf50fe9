"""Live desk: who sees which conversation, who takes it over, when it is gone, and that nothing is quoted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from baton.alerts.settings import Rule
from serving.access.members import Members
from serving.access.principal import Principal
from serving.access.sight import Sight
from serving.alerts.outbox import Found, Notice, Outbox
from serving.audit.reading import all_rows
from serving.decisions.refused import Conflict, NotAllowed, NotFound
from serving.live.desk import SHOWN_HOURS, Desk
from serving.state.store import State
from tests.serving.alerts.office import office

RULE = Rule(name="angry", about="conversation", measure="risk", threshold=0.5)
LIN = Principal("lin", "manager", led=frozenset({"t1"}), teams=frozenset({"t1"}))
LEA = Principal("lea", "manager", led=frozenset({"t1"}), teams=frozenset({"t1"}))
MARA = Principal("mara", "manager", led=frozenset({"t3"}), teams=frozenset({"t3"}))
ANA = Principal("ana", "analyst")
SIGNALS = [{"signal": "threat_to_leave", "name": {"en": "May leave", "zh": "有离开的表示"}}]


def noted(outbox: Outbox, talk: str, risk: float, team: str | None = "t1", *, seen: int = 1) -> None:
    """A conversation crosses, and two people are to hear of it."""
    content = {"conversation_id": talk, "level": "high", "signals": SIGNALS, "customer_id": "c1"}
    notice = Notice(team, content, [("desk", "lin"), ("email", "lin")])
    outbox.take([Found(RULE, f"etl {talk}", risk)], {("angry", f"etl {talk}"): notice}, seen=seen)


@pytest.fixture
def opened(state: State, tmp_path: Any) -> tuple[Any, Desk, Callable[[Principal], Sight]]:
    found = office(state)
    desk = Desk(found.audit, now=found.clock)
    return found, desk, lambda who: Sight(who, Members(tmp_path), 5)


def test_a_team_sees_its_own_conversations_once_the_highest_risk_first(opened: Any) -> None:
    found, desk, sight = opened
    for talk, risk, team in (("k1", 0.6, "t1"), ("k2", 0.9, "t1"), ("k3", 0.8, "t3"), ("k4", 0.7, None)):
        noted(found.outbox, talk, risk, team)
    assert [each.conversation_id for each in desk.at_risk(sight(LIN))] == ["k2", "k1"]
    assert [each.conversation_id for each in desk.at_risk(sight(MARA))] == ["k3"]
    assert [each.conversation_id for each in desk.at_risk(sight(ANA))] == ["k2", "k3", "k4", "k1"]
    assert desk.at_risk(sight(LIN))[0].customer_id is None  # nobody's team has served c1


def test_it_is_gone_when_it_has_come_back_and_hours_after_it_crossed(opened: Any) -> None:
    found, desk, sight = opened
    noted(found.outbox, "k1", 0.6)
    noted(found.outbox, "k2", 0.6)
    noted(found.outbox, "k1", 0.1, seen=2)
    assert [each.conversation_id for each in desk.at_risk(sight(LIN))] == ["k2"]
    found.clock.forward(hours=SHOWN_HOURS, seconds=1)
    assert desk.at_risk(sight(LIN)) == []


def test_it_is_taken_over_once_handed_back_by_the_same_and_each_is_logged(opened: Any, state: State) -> None:
    found, desk, sight = opened
    noted(found.outbox, "k1", 0.6)
    number = desk.at_risk(sight(LIN))[0].number
    desk.take(LIN, number, over=True)
    desk.take(LIN, number, over=True)  # sent twice
    assert desk.at_risk(sight(LEA))[0].taken_by == "lin"
    for over in (True, False):
        with pytest.raises(Conflict):
            desk.take(LEA, number, over=over)
    desk.take(LIN, number, over=False)
    assert desk.at_risk(sight(LIN))[0].taken_by is None
    with state.reading() as session:
        rows = [(row.action, row.actor, row.team, dict(row.detail)) for row in all_rows(session, oldest_first=True)]
    assert rows == [
        ("conversation.take", "lin", "t1", {"alert": number}),
        ("conversation.hand_back", "lin", "t1", {"alert": number}),
    ]


def test_what_crosses_anew_is_nobodys(opened: Any) -> None:
    found, desk, sight = opened
    noted(found.outbox, "k1", 0.6)
    desk.take(LIN, desk.at_risk(sight(LIN))[0].number, over=True)
    noted(found.outbox, "k1", 0.1, seen=2)
    found.clock.forward(minutes=5)
    noted(found.outbox, "k1", 0.7, seen=3)
    assert desk.at_risk(sight(LIN))[0].taken_by is None
    desk.take(LEA, desk.at_risk(sight(LIN))[0].number, over=True)
    assert desk.at_risk(sight(LIN))[0].taken_by == "lea"


def test_who_does_not_lead_the_team_takes_nothing_over(opened: Any) -> None:
    found, desk, sight = opened
    noted(found.outbox, "k1", 0.6)
    number = desk.at_risk(sight(ANA))[0].number
    with pytest.raises(NotFound):
        desk.take(MARA, number, over=True)
    with pytest.raises(NotFound):
        desk.take(LIN, number + 99, over=True)
    with pytest.raises(NotAllowed):
        desk.take(ANA, number, over=True)
    assert desk.at_risk(sight(LIN))[0].taken_by is None
