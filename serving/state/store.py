"""One database, SQLite or PostgreSQL: writers take turns, readers do not wait, and its shape is renewed at opening."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from baton.company import Company, expand
from baton.disk import is_full_disk
from baton.errors import CompanyFileError, OutputError

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine
    from sqlalchemy.orm import Session

__all__ = ["State", "open_state", "remember_grants", "state_exists", "were_grants"]

FILE = "state.db"
GRANTED = "granted"  # stands beside the database from the first grant on
VERSIONS = "baton_version"  # MLflow's Alembic uses the name that is Alembic's default
_TURN = 7_246_523  # PostgreSQL's advisory lock that writers take
_WAIT_SECONDS = 15
_WRITES = "writes"  # option of a connection whose transaction will write


class State:
    """The service's memory.

    Parameters
    ----------
    engine : sqlalchemy.Engine
        Of SQLite or PostgreSQL.
    folder : Path
        Where what belongs beside the database lies: the key that signs, the head of the audit log.
    """

    def __init__(self, engine: Engine, folder: Path) -> None:
        from sqlalchemy.orm import sessionmaker

        self.engine = engine
        self.folder = folder
        self._sessions = sessionmaker(engine, expire_on_commit=False)
        self._opened = self._place()

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Give a session that nobody else writes beside; it is committed at the end, or rolled back whole.

        Raises
        ------
        OutputError
            If the database cannot be reached or written.
        """
        self._require_same()
        with _explained(self.engine), self._sessions() as session, session.begin():
            _take_turn(session.connection(execution_options={_WRITES: True}))
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Give a session to read with.

        Raises
        ------
        OutputError
            If the database cannot be reached.
        """
        self._require_same()
        with _explained(self.engine), self._sessions() as session:
            yield session

    def _place(self) -> tuple[int, int] | None:
        """Return which file the database is; None for a server's, or where it is gone."""
        if self.engine.dialect.name != "sqlite" or not self.engine.url.database:
            return None
        try:
            found = Path(self.engine.url.database).stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def _require_same(self) -> None:
        """Refuse a file that was removed or replaced: what is written into the one that is still open would be lost."""
        if self._opened is not None and self._place() != self._opened:
            raise OutputError(
                f"{self.engine.url.database}: was removed or replaced while it was in use, and nothing was kept; stop "
                "the service, put the file in its place, and start it again"
            )

    def close(self) -> None:
        """Let go of all connections."""
        self.engine.dispose()


def state_exists(company: Company, /) -> bool:
    """Whether a company has a state that could be opened: a file, or an address of a database.

    Raises
    ------
    OutputError
        If its folder may not be looked into.
    """
    try:
        return bool(company.access.database) or _file(company).exists()
    except OSError as error:
        raise OutputError(f"{_file(company)}: cannot be looked at ({error.strerror or error})") from error


def open_state(company: Company, /) -> State:
    """Open a company's state, made where it is not there, its shape renewed where it is of an older Baton.

    Raises
    ------
    CompanyFileError
        If ``access.database`` is no address of a PostgreSQL database.
    OutputError
        If the database cannot be reached, made or renewed, or is of a newer Baton.
    """
    folder = company.folder / ".baton"
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder}: cannot be made ({error.strerror or error}); decisions are kept in it") from error
    engine = _postgres(company.access.database) if company.access.database else _sqlite(_file(company))
    with _explained(engine):
        _renew(engine)
    if engine.dialect.name == "sqlite":
        with suppress(PermissionError):  # it is another's, who has let us write
            _file(company).chmod(0o600)
    return State(engine, folder)


def remember_grants(state: State, /) -> None:
    """Note beside the database that users were granted access: should it get lost, nobody takes it for a new one."""
    (state.folder / GRANTED).touch(mode=0o600)


def were_grants(company: Company, /) -> bool:
    """Whether users were ever granted access, whatever has become of the database."""
    return (company.folder / ".baton" / GRANTED).exists()


def _file(company: Company, /) -> Path:
    return company.folder / ".baton" / FILE


def _sqlite(path: Path, /) -> Engine:
    from sqlalchemy import create_engine, event
    from sqlalchemy.engine import URL

    engine = create_engine(URL.create("sqlite", database=str(path)), connect_args={"timeout": _WAIT_SECONDS})

    @event.listens_for(engine, "connect")
    def settle(connection: Any, _: Any) -> None:
        # FULL: what was committed survives a power cut too
        for pragma in ("journal_mode=WAL", "foreign_keys=ON", "synchronous=FULL"):
            connection.execute(f"PRAGMA {pragma}")
        connection.isolation_level = None  # BEGIN is written by us

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get(_WRITES, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _postgres(address: str, /) -> Engine:
    from sqlalchemy import create_engine
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        url = make_url(expand(address))
    except ArgumentError:
        url = None
    if url is None or url.get_backend_name() not in ("postgresql", "postgres"):
        raise CompanyFileError(
            "access.database: give an address such as postgresql://user:${PASSWORD}@host/name, or nothing for a file "
            "beside the company file"
        )
    return create_engine(
        url.set(drivername="postgresql+psycopg"),
        pool_pre_ping=True,
        connect_args={"connect_timeout": _WAIT_SECONDS},
    )


def _take_turn(connection: Connection, /) -> None:
    """Wait until nobody else writes, before anything is read that must still be true at the end."""
    if connection.dialect.name != "sqlite":  # there BEGIN IMMEDIATE has waited
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_TURN})")


def _renew(engine: Engine, /) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.util.exc import CommandError

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    with engine.execution_options(**{_WRITES: True}).begin() as connection:
        _take_turn(connection)
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise OutputError(f"the database of decisions is of a newer Baton, or not Baton's own ({error})") from None


@contextmanager
def _explained(engine: Engine, /) -> Iterator[None]:
    """Say in one sentence what is the matter with the database; never its address, which may hold a password."""
    from sqlalchemy.exc import DBAPIError

    place = engine.url.database if engine.dialect.name == "sqlite" else "the database of decisions"
    try:
        yield
    except DBAPIError as error:
        if not _unreachable(error):
            raise
        why = "the disk is full" if is_full_disk(error) else str(error.orig).strip().partition("\n")[0]
        raise OutputError(f"{place}: nothing was kept ({why}); try again when it is there") from error


def _unreachable(error: Any, /) -> bool:
    from sqlalchemy.exc import DatabaseError, InterfaceError, OperationalError

    # a file that is no database is a DatabaseError and none of its kinds
    known = type(error) is DatabaseError or isinstance(error, InterfaceError | OperationalError)
    return known or bool(error.connection_invalidated) or is_full_disk(error)
