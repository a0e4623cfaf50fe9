"""A person who is erased is nowhere in the service's memory, and the log's chain holds."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from baton.errors import ArtefactError
from serving.access.principal import LOCAL, Principal
from serving.audit.erase import erase
from serving.audit.log import AuditLog, Entry
from serving.audit.reading import Asked
from serving.audit.verify import verify
from serving.state.schema import Base, Decision, Event, Move, PersonKey, Reply, User
from serving.state.store import State

LEAD = Principal("lin", "manager", led=frozenset({"t1"}), employee="p-lead")
ANNA = Principal("anna.k", "employee", employee="p-anna")
NOON = datetime(2026, 3, 1, 12)
TABLES = tuple(name for name in Base.metadata.tables if name not in ("users", "baton_version"))


@pytest.fixture
def log(state: State) -> AuditLog:
    """Two decisions about Anna and one about Ben, with their rows in the log."""
    count = iter(range(100))
    made = AuditLog(state, clock=lambda: NOON + timedelta(minutes=next(count)))
    with state.writing() as session:
        session.add(User(name="anna.k", role="employee", teams=[], employee="p-anna", created_at=NOON))
        session.add_all([decision("d1", "p-anna"), decision("d2", "p-ben"), decision("d3", None)])
        session.add(
            Event(
                user="crm", event_id="1", content="c", table_name="cases", row_key="k1", left_out={}, employee="p-anna",
                row={"case_id": "k1", "employee_id": "p-anna"}, occurred_at=NOON, last_at=NOON, received_at=NOON,
            )
        )  # fmt: skip
        session.flush()
        session.add_all(
            [
                move("d1", 1, LEAD, "offer", "Anna waits too long", {"choice": {"action": "call Anna"}}),
                move("d1", 2, ANNA, "decline", "I am Anna and say no", {}),
                move("d2", 1, LEAD, "offer", "for Ben", {}),
                move("d3", 1, LEAD, "accept", "for the team", {}),
                move("d3", 2, ANNA, "contest", "Anna's card is wrong", {"advice_then": {"rows": [1]}}),
            ]
        )
        answer = json.dumps({"employee": "p-anna"})
        for user, given in (("lin", answer), ("anna.k", "{}"), ("lin", "{}")):
            session.add(Reply(user=user, key=f"{user}{len(given)}", request="r", code=200, answer=given, at=NOON))
        for person in ("p-anna", "p-ben"):
            detail = {"decision": "d", "reason": f"{person} waits"}
            made.append(session, Entry("decisions.offer", LEAD, team="t1", person=person, detail=detail))
        made.append(
            session, Entry("decisions.decline", ANNA, team="t1", person="p-anna", detail={"reason": "Anna: no"})
        )
    return made


def decision(name: str, employee: str | None) -> Decision:
    advice = {"digest": "x", "about": {"kpi": "wait", "action": None}, "rows": [{"for_person": "Anna, call"}]}
    return Decision(
        id=name, kind="coaching", team_id="t1", role=None, employee=employee, advice=advice,
        choice={"action": "call Anna"}, state="offered", version=1, due_at=None, created_at=NOON, changed_at=NOON,
    )  # fmt: skip


def move(name: str, version: int, by: Principal, what: str, why: str, detail: dict[str, Any]) -> Move:
    return Move(
        decision=name, version=version, name=what, before="", after="offered", by=by.user, role=by.role, reason=why,
        detail={"employee": by.employee, **detail}, at=NOON,
    )  # fmt: skip


def chain_holds(log: AuditLog) -> bool:
    """Whether nothing is amiss but that these tests make moves which they do not log."""
    return {fault.kind for fault in verify(log.state).faults} <= {"move_unlogged"}


def everything(state: State) -> str:
    """All that the database holds but accounts, as text."""
    with state.reading() as session:
        rows = [dict(row) for name in TABLES for row in session.execute(text(f"SELECT * FROM {name}")).mappings()]
    return json.dumps(rows, default=str)


def test_an_erased_person_is_nowhere_and_the_chain_holds(log: AuditLog) -> None:
    done = erase(log, "p-anna", actor=LOCAL)
    assert (done.decisions, done.moves, done.replies, done.users) == (1, 3, 2, ("anna.k",))
    assert chain_holds(log)
    left = everything(log.state)
    # the advice to Ben is made of the same words; it is his, and stays
    assert left.count("Anna") == 4 and "p-anna" not in left and "anna.k" not in left
    rows = log.read()
    assert [(row.action, row.actor, row.person, row.reading) for row in rows] == [
        ("erase", "local", None, "whole"),
        ("decisions.decline", None, None, "erased"),
        ("decisions.offer", "lin", "p-ben", "whole"),
        ("decisions.offer", "lin", None, "erased"),
    ]
    assert rows[0].detail == {"key": done.key, "decisions": 1, "moves": 3}
    assert rows[3].detail == {"decision": "d"} and rows[3].team == "t1"
    assert log.read(Asked(person="p-anna")) == []


def test_what_stays_is_enough_to_count_and_says_who_decided(log: AuditLog) -> None:
    erase(log, "p-anna", actor=LOCAL)
    with log.state.reading() as session:
        kept = session.get(Decision, "d1")
        assert kept is not None
        # someone stands in: a decision about nobody would be one about the team, which more may see
        assert kept.employee is not None and kept.employee.startswith("erased-")
        assert (kept.kind, kept.team_id, kept.state, kept.version) == ("coaching", "t1", "offered", 1)
        assert kept.advice == {"digest": None, "about": {"kpi": None, "action": None}, "rows": []}
        moves = list(session.scalars(select(Move).order_by(Move.decision, Move.version)))
    by = [(each.decision, each.name, each.by, each.reason, each.detail.get("employee")) for each in moves]
    assert by == [
        ("d1", "offer", "lin", "", "p-lead"),
        ("d1", "decline", kept.employee, "", kept.employee),
        ("d2", "offer", "lin", "for Ben", "p-lead"),
        ("d3", "accept", "lin", "for the team", "p-lead"),
        ("d3", "contest", kept.employee, "", kept.employee),
    ]
    assert moves[4].detail["advice_then"] == {"rows": [1]}


def test_no_file_of_the_database_keeps_the_key_or_the_words(log: AuditLog) -> None:
    if log.state.engine.dialect.name != "sqlite":
        pytest.skip("the files of PostgreSQL are its own")
    with log.state.reading() as session:
        found = session.get(PersonKey, log.signer.lookup("p-anna"))
        assert found is not None and found.key is not None
    key = found.key
    assert key in contents(log.state)
    erase(log, "p-anna", actor=LOCAL)
    left = contents(log.state)
    assert key not in left and b"I am Anna and say no" not in left and b"for Ben" in left


def contents(state: State) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(state.folder.iterdir()))


def test_a_person_who_comes_back_gets_a_new_key_and_stays_erased_in_what_was(log: AuditLog) -> None:
    first = erase(log, "p-anna", actor=LOCAL)
    with log.state.writing() as session:
        log.append(session, Entry("decisions.offer", LEAD, team="t1", person="p-anna", detail={"reason": "again"}))
    assert [row.detail for row in log.read(Asked(person="p-anna"))] == [{"reason": "again"}]
    second = erase(log, "p-anna", actor=LOCAL)
    assert second.key not in (None, first.key)
    assert log.read(Asked(person="p-anna")) == [] and chain_holds(log)


def test_somebody_nobody_knows_is_refused_and_nothing_is_logged(log: AuditLog) -> None:
    before = hashlib.sha256(everything(log.state).encode()).hexdigest()
    with pytest.raises(ArtefactError, match="p-nobody: no decision"):
        erase(log, "p-nobody", actor=LOCAL)
    assert hashlib.sha256(everything(log.state).encode()).hexdigest() == before


def test_somebody_of_whom_there_is_only_a_contest_is_erased_too(state: State) -> None:
    log = AuditLog(state)
    with state.writing() as session:
        session.add(decision("d3", None))
        session.flush()
        session.add(move("d3", 2, LEAD, "contest", "my own card", {}))
    assert erase(log, "p-lead", actor=LOCAL).moves == 1
    with state.reading() as session:
        assert session.scalars(select(Move.reason)).all() == [""]
    assert "lin" not in everything(state)
