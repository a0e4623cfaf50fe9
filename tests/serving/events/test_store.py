"""Events are kept once, whole batches or none, each batch with its line in the audit log, in both databases."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from baton.company import Company
from serving.access.principal import Principal
from serving.audit.log import AuditLog
from serving.audit.reading import all_rows
from serving.audit.verify import verify
from serving.events.store import EventConflict, EventStore
from serving.state.store import State
from tests.serving.events.writer import CRM, event

SHOP = Principal("shop", "service")
WRITER = Path(__file__).with_name("writer.py")


@pytest.fixture
def store(state: State) -> EventStore:
    return EventStore(state, AuditLog(state).append)


def kept(state: State) -> list[tuple[str, str]]:
    """Sender and id of all events; the log counts as many."""
    with state.reading() as session:
        found = [(str(user), str(name)) for user, name in session.execute(text('SELECT "user", event_id FROM events'))]
        logged = [row.detail["events"].get("cases", 0) for row in all_rows(session) if row.action == "events.keep"]
    assert sum(logged) == len(found)
    return found


def test_the_same_event_again_changes_nothing(store: EventStore, state: State) -> None:
    assert store.keep(CRM, [event("1"), event("2")]) == [True, True]
    assert store.keep(CRM, [event("2"), event("3"), event("3")]) == [False, True, False]
    assert store.keep(CRM, [event("1")]) == [False]
    assert kept(state) == [("crm", "1"), ("crm", "2"), ("crm", "3")]
    with state.reading() as session:
        assert [row.detail for row in all_rows(session)] == [
            {"events": {"cases": 1}, "known": 2},
            {"events": {"cases": 2}, "known": 0},
        ]


def test_the_same_id_with_another_row_is_refused_and_nothing_of_the_batch_is_kept(
    store: EventStore, state: State
) -> None:
    store.keep(CRM, [event("1")])
    with pytest.raises(EventConflict) as refused:
        store.keep(CRM, [event("0"), event("1", csat=2.0)])
    assert refused.value.field == "events[1].event_id"
    with pytest.raises(EventConflict):
        store.keep(CRM, [event("5"), event("5", csat=2.0)])
    assert kept(state) == [("crm", "1")]


def test_senders_have_ids_of_their_own(store: EventStore, state: State) -> None:
    store.keep(CRM, [event("1")])
    assert store.keep(SHOP, [event("1", csat=2.0)]) == [True]
    assert kept(state) == [("crm", "1"), ("shop", "1")]


def test_what_was_kept_is_read_in_its_order(store: EventStore) -> None:
    store.keep(CRM, [event(str(number), csat=float(number % 5)) for number in range(1200)])
    rows = store.after(0)
    assert [row.event_id for row in rows] == [str(number) for number in range(1200)]
    assert rows[3].row == {"case_id": "k3", "csat": 3.0}
    assert rows[3].last_at == datetime(2026, 7, 1)
    assert [row.event_id for row in store.after(rows[-2].number)] == ["1199"]
    assert store.rows_of("cases", [*(f"k{number}" for number in range(700)), "k9999"]) == {
        f"k{number}" for number in range(700)
    }
    store.forget([row.number for row in rows[:1100]])
    assert len(store.after(0)) == 100


@pytest.mark.slow  # three processes of their own
@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL")
def test_senders_that_are_killed_lose_nothing_and_double_nothing(
    state: State, state_company: Company, open_states: Callable[[Company], State]
) -> None:
    chance = random.Random(21)
    AuditLog(state)
    root = Path(__file__).resolve().parents[3]
    acknowledged: list[str] = []
    for _ in range(3):  # each sends the same events from the first on, as who does not know what has arrived
        sender = subprocess.Popen(
            [sys.executable, str(WRITER), str(state_company.folder)],
            env={**os.environ, "PYTHONPATH": str(root)},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert sender.stdout is not None
        lines = [sender.stdout.readline() for _ in range(len(acknowledged) + chance.randint(3, 9))]
        time.sleep(chance.uniform(0, 0.02))
        sender.send_signal(signal.SIGKILL)
        lines += sender.stdout.readlines()
        sender.wait()
        sender.stdout.close()
        acknowledged = [line.strip() for line in lines if line.endswith("\n")]
    found = [name for _, name in kept(open_states(state_company))]
    assert len(set(found)) == len(found)
    assert set(acknowledged) <= set(found)
    assert len(found) <= len(acknowledged) + 3 * 2  # batches of two: one per sender may be kept and not acknowledged
    assert verify(state).sound
