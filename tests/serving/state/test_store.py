"""Opening the state: its shape is the schema's, and what cannot be opened is refused in a sentence."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from baton.company import Company
from baton.errors import CompanyFileError, OutputError
from serving.state.schema import Base
from serving.state.store import FILE, VERSIONS, State, open_state, state_exists
from tests.serving.databases import company_in


def test_the_shape_that_is_made_at_opening_is_that_of_the_schema(state: State) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with state.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSIONS, "compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_opening_again_changes_nothing(state: State, state_company: Company, open_states: Callable[..., State]) -> None:
    with state.writing() as session:
        session.execute(text("INSERT INTO person_keys (person) VALUES ('x')"))
    with open_states(state_company).reading() as session:
        assert session.execute(text("SELECT person FROM person_keys")).scalars().all() == ["x"]


def test_a_database_of_a_newer_baton_is_refused(state: State, state_company: Company) -> None:
    with state.engine.begin() as connection:
        connection.execute(text(f"UPDATE {VERSIONS} SET version_num = '9999'"))
    with pytest.raises(OutputError, match="of a newer Baton"):
        open_state(state_company)


def test_what_fails_is_rolled_back_whole(state: State) -> None:
    with pytest.raises(RuntimeError, match="stop"), state.writing() as session:
        session.execute(text("INSERT INTO person_keys (person) VALUES ('x')"))
        raise RuntimeError("stop")
    with state.reading() as session:
        assert session.execute(text("SELECT count(*) FROM person_keys")).scalar() == 0


@pytest.mark.parametrize(
    "contents", [b"this is no database at all, but a text" * 50, b"SQLite format 3\x00" + b"\xff" * 500]
)
def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(contents: bytes, tmp_path: Path) -> None:
    company = company_in(tmp_path / "company")
    path = company.folder / ".baton" / FILE
    path.parent.mkdir()
    path.write_bytes(contents)
    with pytest.raises(OutputError, match="state.db: nothing was kept .*not a database"):
        open_state(company)
    assert path.read_bytes() == contents


def test_the_file_is_its_owners_alone_and_only_opening_makes_it(tmp_path: Path) -> None:
    company = company_in(tmp_path / "company")
    assert not state_exists(company)
    open_state(company).close()
    assert state_exists(company)
    assert stat.S_IMODE((company.folder / ".baton" / FILE).stat().st_mode) == 0o600


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    company = company_in(tmp_path / "company")
    (company.folder / ".baton").write_text("a file", encoding="utf-8")
    with pytest.raises(OutputError, match=r"\.baton.*cannot be made|\.baton"):
        open_state(company)


def test_an_address_of_another_database_is_refused_and_no_password_is_shown(tmp_path: Path) -> None:
    for address in ("mysql://lin:secret@host/x", "nonsense"):
        with pytest.raises(CompanyFileError, match="access.database: give an address") as refused:
            open_state(company_in(tmp_path / "company", address))
        assert "secret" not in str(refused.value)


def test_a_server_that_is_not_there_is_said_without_the_password(tmp_path: Path) -> None:
    address = f"postgresql://lin:secret@/baton?host={tmp_path}"
    with pytest.raises(OutputError, match="the database of decisions: nothing was kept") as refused:
        open_state(company_in(tmp_path / "company", address))
    assert "secret" not in str(refused.value)
