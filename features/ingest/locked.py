"""Engines that can reach no file but those they need: the wall behind the check of every expression and query.

An engine is locked before anything that a company wrote runs in it: it reads and writes what is listed, loads no
extension, and its settings cannot be changed back.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from baton.errors import BatonError, SourceError
from features.ingest.sql_text import literal, one_line, path_literal

if TYPE_CHECKING:
    from baton.company import Company

__all__ = ["files_to_read", "limited", "lock", "one_query", "one_query_of"]


_DESCRIBES = re.compile(r"(describe|desc|show|summarize)\b", re.IGNORECASE)  # DuckDB calls them SELECT


def lock(run: Callable[[str], Any], /, *, files: Iterable[Path] = (), folders: Iterable[Path] = ()) -> None:
    """Lock a DuckDB engine.

    Parameters
    ----------
    run : callable
        Runs a statement in it.
    files : iterable of Path
        What it may read still.
    folders : iterable of Path
        Where it may read and write still, sub-folders included.
    """
    import duckdb

    with suppress(duckdb.InvalidInputException):  # in a notebook without widgets, where none is drawn
        run("SET enable_progress_bar=false")  # it would be drawn into what a command prints
    # a path with [, * or ? is asked for in the form in which DuckDB finds no pattern
    paths = dict.fromkeys(text for file in files for text in (literal(str(file)), path_literal(file)))
    places = dict.fromkeys(literal(str(folder)) for folder in folders)
    for setting in (
        "autoinstall_known_extensions=false",
        "autoload_known_extensions=false",
        "allow_community_extensions=false",
        f"allowed_paths=[{', '.join(paths)}]",
        f"allowed_directories=[{', '.join(places)}]",
        "enable_external_access=false",
        "lock_configuration=true",
    ):
        run(f"SET {setting}")


@contextmanager
def limited(connection: Any, seconds: float, /) -> Iterator[None]:
    """Interrupt what a DuckDB connection does in the block once it takes too long.

    Raises
    ------
    duckdb.InterruptException
        From the statement that was running.
    """
    timer = threading.Timer(seconds, connection.interrupt)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def files_to_read(company: Company, /) -> list[Path]:
    """Return the files of all tables that lie in files; a table whose files cannot be found has none here."""
    from features.ingest.table_files import files_of, query_tables

    found: list[Path] = []
    for name, source in company.tables.items():
        if source.path is not None:
            with suppress(BatonError, OSError):
                found += files_of(company, name)
                for other in query_tables(company, name).values():
                    found += files_of(*other)
    return found


def one_query(sql: str, place: str, /) -> str:
    """Return a table's SQL for DuckDB if it is one query and nothing else.

    Raises
    ------
    SourceError
        If it is several statements, or one that changes something.
    """
    import duckdb

    bare = sql.strip().rstrip(";").rstrip()
    try:
        statements = duckdb.extract_statements(bare)
    except duckdb.Error as error:
        raise SourceError(f"{place}: {one_line(error)}; correct the SQL") from None
    with suppress(duckdb.Error):  # what is put around it must not end it early, nor swallow what follows
        around = duckdb.extract_statements(f"SELECT * FROM ({bare}\n)")
        is_select = len(statements) == len(around) == 1 and statements[0].type == duckdb.StatementType.SELECT
        if is_select and not _DESCRIBES.match(bare):
            return bare
    raise SourceError(f"{place}: it must be one query; write a single SELECT that changes nothing")


def one_query_of(sql: str, dialect: str, place: str, /) -> str:
    """Return a table's SQL for another database if it is one query and nothing else.

    Raises
    ------
    SourceError
        If it cannot be read as one, is several statements, or changes something.
    """
    from sqlglot import exp, parse
    from sqlglot.errors import SqlglotError
    from sqlglot.expressions.dml import DML

    bare = sql.strip().rstrip(";").rstrip()
    try:
        trees = parse(bare, dialect=dialect)
    except (SqlglotError, RecursionError) as error:
        why = re.sub(r"\x1b\[[0-9;]*m", "", one_line(error))
        raise SourceError(f"{place}: it cannot be read as a query ({why}); write a single SELECT") from None
    changes = (DML, exp.DDL, exp.Command, exp.Copy, exp.Set, exp.Into, exp.Drop, exp.Attach, exp.Transaction)
    if len(trees) != 1 or not isinstance(trees[0], exp.Query) or trees[0].find(*changes):
        raise SourceError(f"{place}: it must be one query; write a single SELECT that changes nothing")
    return bare
