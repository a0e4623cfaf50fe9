"""What was acknowledged is there, exactly once, whatever ends the writer; what was not is there whole or not at all."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import event, text

from baton.company import Company
from baton.errors import OutputError
from serving.audit.log import AuditLog
from serving.audit.reading import all_rows
from serving.audit.verify import verify
from serving.state.store import State, open_state
from tests.serving.databases import Postgres, company_in
from tests.serving.state.writer import decide

WRITER = Path(__file__).with_name("writer.py")
SECONDS = 60  # until something that must happen has not


def kept(state: State) -> list[str]:
    """The names of all decisions, each of which has one row in the log, and no other row is there."""
    with state.reading() as session:
        decisions = list(session.execute(text("SELECT id FROM decisions")).scalars())
        logged = [str(row.detail["decision"]) for row in all_rows(session)]
    assert sorted(decisions) == sorted(logged)
    return decisions


def start(company: Company, prefix: str) -> subprocess.Popen[str]:
    root = Path(__file__).resolve().parents[3]
    return subprocess.Popen(
        [sys.executable, str(WRITER), str(company.folder), prefix],
        env={**os.environ, "PYTHONPATH": str(root)},
        stdout=subprocess.PIPE,
        text=True,
    )


def killed(writer: subprocess.Popen[str], lines: int, pause: float) -> list[str]:
    """End a writer a moment after some lines; return the names of all that it has acknowledged."""
    assert writer.stdout is not None
    names = [writer.stdout.readline() for _ in range(lines)]
    time.sleep(pause)
    writer.send_signal(signal.SIGKILL)
    names += writer.stdout.readlines()
    writer.wait()
    writer.stdout.close()
    return [name.strip() for name in names if name.endswith("\n")]


@pytest.mark.slow  # three processes of their own
@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL")
def test_three_writers_that_are_killed_lose_nothing_and_double_nothing(state: State, state_company: Company) -> None:
    chance = random.Random(20)
    AuditLog(state)
    acknowledged: list[str] = []
    writers = [start(state_company, side) for side in "abc"]
    for writer in writers:
        acknowledged += killed(writer, chance.randint(3, 12), chance.uniform(0, 0.02))
    found = kept(state)
    assert len(acknowledged) >= 3 * 3
    assert len(set(found)) == len(found)
    assert set(acknowledged) <= set(found)
    # whoever is ended between the commit and the line has one decision more than it could say
    assert len(found) <= len(acknowledged) + 3
    assert verify(state).sound


def test_threads_take_turns_and_no_number_is_given_twice(state: State) -> None:
    log = AuditLog(state)

    def work(side: int) -> None:
        for number in range(6):
            decide(state, log, f"{side}-{number}")

    threads = [threading.Thread(target=work, args=(side,)) for side in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
    assert len(kept(state)) == 24
    assert verify(state).sound


@pytest.mark.slow  # starts a server again
def test_a_database_server_that_ends_under_load_loses_nothing(postgres_server: Postgres, tmp_path: Path) -> None:
    company = company_in(tmp_path / "company", postgres_server.new_database(tmp_path))
    state = open_state(company)
    log = AuditLog(state)
    acknowledged: list[str] = []
    errors: list[BaseException] = []
    done = threading.Event()

    def work(side: int) -> None:
        number = 0
        while not done.is_set():
            number += 1
            try:
                decide(state, log, f"{side}-{number}")
                acknowledged.append(f"{side}-{number}")
            except BaseException as error:
                errors.append(error)

    threads = [threading.Thread(target=work, args=(side,)) for side in range(2)]
    for thread in threads:
        thread.start()
    wait(lambda: len(acknowledged) > 10)
    postgres_server.stop()
    wait(lambda: len(errors) > 1)
    before = len(acknowledged)
    postgres_server.start()
    wait(lambda: len(acknowledged) > before + 5)
    done.set()
    for thread in threads:
        thread.join(SECONDS)
    assert {type(error) for error in errors} == {OutputError}
    assert all("nothing was kept" in str(error) for error in errors)
    found = kept(state)
    assert set(acknowledged) <= set(found) and len(set(found)) == len(found)
    # a connection that breaks in the middle of a commit may have made it: one for each writer
    assert len(found) <= len(acknowledged) + 2
    assert verify(state).sound
    state.close()


def wait(happened: Callable[[], bool]) -> None:
    end = time.monotonic() + SECONDS
    while not happened():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


def test_a_full_disk_is_said_and_nothing_is_half_written(tmp_path: Path) -> None:
    state = open_state(company_in(tmp_path / "company"))
    log = AuditLog(state)
    decide(state, log, "first")
    state.engine.dispose()

    @event.listens_for(state.engine, "connect")
    def limit(connection: object, _: object) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]  # type: ignore[attr-defined]
        connection.execute(f"PRAGMA max_page_count = {pages + 4}")  # type: ignore[attr-defined]

    with pytest.raises(OutputError, match="state.db: nothing was kept .the disk is full."):
        for number in range(50):
            decide(state, log, f"more-{number}", weight=3000)
    found = kept(state)
    assert found[0] == "first" and len(found) < 20
    assert verify(state).sound
    with pytest.raises(OutputError, match="the disk is full"):
        decide(state, log, "again", weight=20_000)
    assert kept(state) == found
    state.close()
