"""Raw tables brought into an engine, under the names that the contract or the company gives their columns."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from baton.company import Company
from baton.errors import SourceError
from baton.messages.message import Message
from baton.nearest import did_you_mean
from features.ingest import sources
from features.ingest.column_names import refuse_names
from features.ingest.databases import batches
from features.ingest.sql_text import quoted
from features.ingest.table_files import FILE_COLUMN, file_relation

if TYPE_CHECKING:
    import duckdb

__all__ = ["load", "raw_name"]


def raw_name(name: str, /) -> str:
    """Return what a table is called in the engine before anything is read in it."""
    return f"raw_{name}"


def load(connection: duckdb.DuckDBPyConnection, company: Company, name: str, copies: Path, /) -> tuple[Message, ...]:
    """Bring one table in; text and databases are read once into the engine, Parquet stays where it is.

    Parameters
    ----------
    connection : DuckDBPyConnection
        The engine.
    name : str
        A table of the company file.
    copies : Path
        Where copies of files are written that the engine cannot read itself.

    Returns
    -------
    tuple of Message
        What was passed over in the files.

    Raises
    ------
    SourceError
        If it cannot be opened or read, or if ``columns`` names one that it has not.
    """
    source = company.tables[name]
    if source.source is None and source.sql is None:
        relation = file_relation(company, name, copies)
        kind = "VIEW" if "read_parquet" in relation.sql else "TABLE"
        _create(connection, company, name, relation.sql, kind)
        return relation.notes
    # what a company's own SQL says runs in an engine of its own, which reaches this table's data alone
    reader = batches(sources.open_source(company, name))
    refuse_names(reader.schema.names, f"tables.{name}", "the source")
    connection.register("incoming", reader)
    try:
        _create(connection, company, name, "SELECT * FROM incoming", "TABLE")
    except SourceError:
        raise
    except Exception as error:
        raise sources.query_error(company, name, error) from None
    finally:
        connection.unregister("incoming")
    return ()


def _create(connection: duckdb.DuckDBPyConnection, company: Company, name: str, relation: str, kind: str, /) -> None:
    columns = company.tables[name].columns
    if columns:
        described = connection.execute(f"DESCRIBE {relation}").fetchall()
        known = [row[0] for row in described if row[0] != FILE_COLUMN]
        found = {column: _found(raw, known, f"tables.{name}.columns.{column}") for column, raw in columns.items()}
        _refuse_taken(found, known, f"tables.{name}.columns")
        renames = ", ".join(f"{quoted(raw)} AS {quoted(column)}" for column, raw in found.items())
        relation = f"SELECT * RENAME ({renames}) FROM ({relation})"
    connection.execute(f"CREATE {kind} {raw_name(name)} AS {relation}")


def _found(raw: str, known: list[str], place: str, /) -> str:
    """Return a column as the source writes it: letter case and blanks around it do not make another."""
    alike = [name for name in known if name.strip().casefold() == raw.strip().casefold()]
    if not alike:
        raise SourceError(f"{place}: the source has no column {raw!r}{did_you_mean(raw, known)}")
    return alike[0]


def _refuse_taken(found: dict[str, str], known: list[str], place: str, /) -> None:
    """Refuse a new name that another column of the source has."""
    stays = {name.casefold(): name for name in known if name not in found.values()}
    taken = next((column for column in found if column.casefold() in stays), None)
    if taken is not None:
        raise SourceError(
            f"{place}: {found[taken]!r} cannot become {taken!r}, a column of the source already; give that one "
            f"another name too: {{ ..., other_{taken} = {stays[taken.casefold()]!r} }}"
        )
