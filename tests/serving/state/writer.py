"""A process that decides one thing after the other, and prints each one's name once it is kept; others end it."""

from __future__ import annotations

import sys

from baton.company import load_company
from serving.access.principal import LOCAL
from serving.audit.log import AuditLog, Entry
from serving.state.clock import utc_now
from serving.state.schema import Decision
from serving.state.store import State, open_state


def decide(state: State, log: AuditLog, name: str, *, weight: int = 0) -> None:
    """Make one decision and its row in the audit log, in one transaction."""
    now = utc_now()
    with state.writing() as session:
        # read before anything is written: what is read must still be true when it is committed
        log.append(session, Entry("decide", LOCAL, team="t1", detail={"decision": name, "why": "x" * weight}))
        session.add(
            Decision(
                id=name, kind="weights", team_id="t1", role=None, employee=None, advice={"x": "x" * weight}, choice={},
                state="proposed", version=1, due_at=None, created_at=now, changed_at=now,
            )
        )  # fmt: skip


def main(folder: str, prefix: str) -> None:
    """Decide until somebody ends this."""
    state = open_state(load_company(folder))
    log = AuditLog(state)
    for number in range(100_000):
        name = f"{prefix}-{number}"
        decide(state, log, name)
        sys.stdout.write(f"{name}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
