"""Decisions that are changed behind the log's back are found by its rows."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlalchemy import text

from serving.access.principal import Principal
from serving.audit.erase import erase
from serving.audit.log import AuditLog, Entry
from serving.audit.verify import verify
from serving.state.schema import Decision, Move
from serving.state.store import State

LEAD = Principal("lin", "manager", employee="p-lead")
NOON = datetime(2026, 3, 1, 12)


@pytest.fixture
def log(state: State) -> AuditLog:
    """A decision about a team in two moves, and one about Anna in one."""
    made = AuditLog(state, clock=lambda: NOON)
    with state.writing() as session:
        for name, versions, employee in (("d1", 2, None), ("d2", 1, "p-anna")):
            session.add(
                Decision(
                    id=name, kind="weights", team_id="t1", role=None, employee=employee, advice={}, choice={"a": 1.5},
                    state=f"after{versions}", version=versions, due_at=None, created_at=NOON, changed_at=NOON,
                )
            )  # fmt: skip
            session.flush()
            for version in range(1, versions + 1):
                states = {"before": "", "after": f"after{version}", "reason": f"why {name}"}
                session.add(
                    Move(
                        decision=name,
                        version=version,
                        name="go",
                        by="lin",
                        role="manager",
                        at=NOON,
                        detail={},
                        **states,
                    )
                )
                detail = {"decision": name, "version": version, "move": "go", "choice": {"a": 1.5}, **states}
                made.append(session, Entry("decide", LEAD, team="t1", person=employee, detail=detail))
    return made


def found(log: AuditLog) -> list[tuple[str, int | None, object]]:
    return [(fault.kind, fault.number, fault.values["decision"]) for fault in verify(log.state).faults]


def run(log: AuditLog, statement: str) -> None:
    with log.state.engine.begin() as connection:
        connection.execute(text(statement))


def test_decisions_as_they_were_made_are_sound_also_after_somebody_is_erased(log: AuditLog) -> None:
    assert found(log) == []
    erase(log, "p-anna", actor=LEAD)
    assert found(log) == []


@pytest.mark.parametrize(
    ("statement", "number", "decision"),
    [
        ("UPDATE decisions SET state = 'approved' WHERE id = 'd1'", 2, "d1"),
        ("UPDATE decisions SET choice = '{\"a\": 2.5}' WHERE id = 'd1'", 2, "d1"),
        ("UPDATE decisions SET choice = '{\"a\": 2.5}' WHERE id = 'd2'", 3, "d2"),
        ("UPDATE moves SET reason = 'other' WHERE decision = 'd1' AND version = 1", 1, "d1"),
        ("UPDATE moves SET reason = 'other' WHERE decision = 'd2'", 3, "d2"),
        ("UPDATE moves SET \"by\" = 'mo' WHERE decision = 'd1' AND version = 2", 2, "d1"),
        ("UPDATE moves SET after = 'x' WHERE decision = 'd1' AND version = 1", 1, "d1"),
    ],
)
def test_a_changed_decision_is_found(statement: str, number: int, decision: str, log: AuditLog) -> None:
    run(log, statement)
    assert found(log) == [("move_changed", number, decision)]


def test_moves_that_are_taken_out_or_put_in_are_found(log: AuditLog) -> None:
    run(log, "DELETE FROM moves WHERE decision = 'd1' AND version = 1")
    assert found(log) == [("move_missing", 1, "d1")]
    run(
        log,
        "INSERT INTO moves SELECT 'd2', 7, name, before, after, \"by\", role, reason, detail, at FROM moves WHERE decision = 'd2'",
    )
    assert ("move_unlogged", None, "d2") in found(log)
