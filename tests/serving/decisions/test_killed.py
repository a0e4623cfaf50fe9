"""Processes that end where nobody would like them to: what was decided is there once, whole, or not at all."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from baton.files import RunFolder
from serving.decisions.advice import RunAdvice
from serving.decisions.payloads import ListQuestion
from serving.state.store import State
from tests.serving.decisions.office import AUDITOR, LIN, Office

CHILD = """
import os, sys, time
from pathlib import Path
from baton.company import Company
from baton.files import RunFolder
from serving.decisions.advice import RunAdvice
from serving.loading import LoadedRun
from serving.state.store import open_state
from tests.serving.databases import company_in
from tests.serving.decisions.office import LIN, POLICY, Office

place, results, own, dies = Path(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4]
office = Office(open_state(company_in(place)), RunAdvice(LoadedRun(Company(policy=POLICY), RunFolder(results), {})))
asked = office.asked()
if dies == "before":
    office.store._record = lambda *_: os._exit(9)
(place / f"{own}.ready").touch()
while len(list(place.glob("*.ready"))) < int(sys.argv[5]):
    time.sleep(0.005)
office.store.propose(LIN, asked, "key-1")
os._exit(9)
"""


@pytest.fixture
def office(sqlite: State, run: RunAdvice) -> Office:
    return Office(sqlite, run)


def killed(checkout: Path, place: Path, results: RunFolder, dies: str, count: int) -> list[int]:
    """Run so many processes at once that decide and end without an answer; return how they ended."""
    own = {**os.environ, "PYTHONPATH": str(checkout)}
    for left in place.glob("*.ready"):
        left.unlink()
    begun = [
        subprocess.Popen(
            [sys.executable, "-c", CHILD, str(place), str(results.path), str(number), dies, str(count)],
            cwd=checkout, env=own, stderr=subprocess.DEVNULL,
        )
        for number in range(count)
    ]  # fmt: skip
    return [process.wait(120) for process in begun]


@pytest.mark.slow  # starts Python three times
def test_killed_between_commit_and_answer_it_is_decided_once_and_killed_before_not_at_all(
    office: Office, written_run: RunFolder, checkout: Path
) -> None:
    place = office.state.folder.parent
    assert killed(checkout, place, written_run, "before", 1) == [9]
    assert office.store.find(AUDITOR, ListQuestion())["total"] == 0
    # two processes at once, with one key: the second finds what the first has left
    assert killed(checkout, place, written_run, "after", 2) == [9, 9]
    code, answer = office.store.propose(LIN, office.asked(), "key-1")
    found = office.store.find(AUDITOR, ListQuestion())
    assert (code, found["total"], found["rows"][0]["id"]) == (201, 1, answer["id"])
    assert len(office.store.get(AUDITOR, answer["id"])["moves"]) == 1
    assert office.recorded == []
