"""The run and the store that decisions are tested on, in either engine."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from baton.company import Company
from baton.files import RunFolder
from serving.decisions.advice import RunAdvice
from serving.loading import LoadedRun
from serving.state.store import State
from tests.serving.databases import company_in
from tests.serving.decisions.office import POLICY, Office, write_run


@pytest.fixture(scope="session")
def written_run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A run's folder; not to be changed."""
    folder = RunFolder(tmp_path_factory.mktemp("decided") / "out")
    write_run(folder)
    return folder


@pytest.fixture(scope="session")
def open_company() -> Company:
    return Company(path=Path("company.toml"), policy=POLICY)


@pytest.fixture
def run(written_run: RunFolder, open_company: Company) -> RunAdvice:
    return RunAdvice(LoadedRun(open_company, written_run, {}))


@pytest.fixture
def own_run(written_run: RunFolder, open_company: Company, tmp_path: Path) -> RunAdvice:
    """The same in a folder of the test's own, which may be changed."""
    shutil.copytree(written_run.path, tmp_path / "out")
    return RunAdvice(LoadedRun(open_company, RunFolder(tmp_path / "out"), {}))


@pytest.fixture
def sqlite(tmp_path: Path, open_states: Callable[[Company], State]) -> State:
    return open_states(company_in(tmp_path / "state"))


@pytest.fixture
def office(sqlite: State, run: RunAdvice) -> Office:
    return Office(sqlite, run)


@pytest.fixture
def any_office(state: State, run: RunAdvice) -> Office:
    """The store in each engine."""
    return Office(state, run)
