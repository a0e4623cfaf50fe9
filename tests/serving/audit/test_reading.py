"""What was written is read again: newest first, by who, what, whom and when."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from serving.access.principal import LOCAL, Principal
from serving.audit.log import AuditLog, Entry
from serving.audit.reading import Asked
from serving.state.store import State

LEAD = Principal("lin", "manager", employee="p-lead")
ANNA = Principal("anna", "employee", employee="p-anna")
NOON = datetime(2026, 3, 1, 12)


@pytest.fixture
def log(state: State) -> AuditLog:
    """Five rows, a minute apart; the first at noon."""
    count = iter(range(-1, 100))
    made = AuditLog(state, clock=lambda: NOON + timedelta(minutes=next(count)))
    entries = [
        Entry("decide", LEAD, team="t1", detail={"why": "wait"}),
        Entry("decide", LEAD, team='a"t1', person="p-anna", detail={"decision": "d1", "reason": "rest, 休息"}),
        Entry("contest", ANNA, team="t1", person="p-anna", detail={"reason": "not mine"}),
        Entry("grant", LOCAL, detail={"user": "anna"}),
        Entry("sign_in", ANNA),
    ]
    for entry in entries:
        with state.writing() as session:
            made.append(session, entry)
    return made


def numbers(log: AuditLog, limit: int = 100, **asked: object) -> list[int]:
    return [row.number for row in log.read(Asked(**asked), limit=limit)]  # type: ignore[arg-type]


def test_rows_are_read_as_they_were_given_newest_first(log: AuditLog) -> None:
    rows = log.read()
    assert [row.number for row in rows] == [5, 4, 3, 2, 1]
    row = rows[3]
    assert (row.actor, row.person, row.team, row.reading) == ("lin", "p-anna", 'a"t1', "whole")
    assert row.detail == {"decision": "d1", "reason": "rest, 休息"}
    assert rows[0].actor == "anna" and rows[0].person is None
    assert rows[4].as_json()["at"] == "2026-03-01T12:00:00Z"


def test_rows_are_found_by_action_user_team_person_and_time_page_by_page(log: AuditLog) -> None:
    assert numbers(log, action="decide") == [2, 1]
    assert numbers(log, user="lin") == [2, 1]
    assert numbers(log, user="anna") == [5, 3]
    assert numbers(log, team="t1") == [3, 1]
    assert numbers(log, team="_1") == []
    assert numbers(log, person="p-anna") == [3, 2]
    assert numbers(log, since=NOON + timedelta(minutes=1), until=NOON + timedelta(minutes=3)) == [3, 2]
    assert numbers(log, limit=2) == [5, 4]
    assert numbers(log, limit=2, before=4) == [3, 2]


def test_what_was_sealed_for_one_row_opens_in_no_other(log: AuditLog) -> None:
    with log.state.engine.begin() as connection:
        connection.execute(
            text("UPDATE audit_log SET subject = (SELECT subject FROM audit_log WHERE number = 2) WHERE number = 3")
        )
    assert [(row.number, row.person, row.reading) for row in log.read(Asked(action="contest"))] == [
        (3, None, "damaged")
    ]
