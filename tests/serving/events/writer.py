"""A process that sends events, two at a time, and prints their ids once they are kept; others end it."""

from __future__ import annotations

import sys
from datetime import datetime

from baton.company import load_company
from serving.access.principal import Principal
from serving.audit.log import AuditLog
from serving.events.rows import CheckedRow
from serving.events.store import EventStore, NewEvent, content_of
from serving.state.store import open_state

CRM = Principal("crm", "service")
DAY = datetime(2026, 7, 1)


def event(name: str, csat: float = 4.0) -> NewEvent:
    """A rating of a case of its own."""
    row = {"case_id": f"k{name}", "csat": csat}
    return NewEvent(name, "cases", content_of("cases", row, None), CheckedRow(row, {}, DAY))


def main(folder: str) -> None:
    """Send until somebody ends this."""
    state = open_state(load_company(folder))
    store = EventStore(state, AuditLog(state).append)
    for number in range(0, 100_000, 2):
        batch = [event(str(number)), event(str(number + 1))]
        store.keep(CRM, batch)
        sys.stdout.write("".join(f"{each.event_id}\n" for each in batch))
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
