"""Which run and models answer is a row of the audit log, from the first grant on."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from baton.company import Company
from baton.errors import OutputError
from baton.files import RunFolder
from serving.access.granting import Request, give
from serving.access.keeper import Keeper
from serving.audit.loads import record_load
from serving.audit.reading import Asked, read
from serving.loading import load_run
from serving.readiness import Readiness
from serving.state.store import open_state, state_exists


@pytest.fixture
def own(run_folder: RunFolder, tmp_path: Path) -> tuple[Company, RunFolder]:
    shutil.copytree(run_folder.path, tmp_path / "out")
    return Company(path=tmp_path / "company.toml"), RunFolder(tmp_path / "out")


def test_what_is_loaded_is_recorded_with_its_models(
    own: tuple[Company, RunFolder], open_on: Callable[..., Any]
) -> None:
    company, folder = own
    give(company, Request("ana", "analyst"))
    with open_on(company, folder):
        state = open_state(company)
        with state.reading() as session:
            rows = read(session, Asked(action="load"), limit=9)
    assert [(row.actor, row.role) for row in rows] == [("baton", "service")]
    assert rows[0].detail["model"] == [row["model"] for row in load_run(company, folder).models()]
    assert rows[0].detail["run"] == {}  # the made run has no digests


def test_without_access_nothing_is_recorded_and_no_database_is_made(own: tuple[Company, RunFolder]) -> None:
    company, folder = own
    record_load(Keeper(company), load_run(company, folder))
    assert not state_exists(company)


def test_a_database_that_is_away_stops_no_loading(
    own: tuple[Company, RunFolder], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    company, folder = own

    def away(_: object) -> bool:
        raise OutputError("the database is away")

    monkeypatch.setattr(Keeper, "is_set_up", property(away))
    record_load(Keeper(company), load_run(company, folder))
    assert "could not be written into the audit log: the database is away" in caplog.text


def test_who_started_the_service_learns_when_it_is_ready(own: tuple[Company, RunFolder]) -> None:
    company, folder = own
    announced: list[str] = []
    Readiness(announce=announced.append).begin(lambda: load_run(company, folder)).wait(60)
    assert announced[-1].startswith("Ready: churn/run, decline:")
