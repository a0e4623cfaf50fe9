"""Opens a company's tables, wherever they lie; the only reader of raw data.

Nothing is cast here: a CSV comes as text, everything else with the types it has.
"""

from __future__ import annotations

import hashlib
import tempfile
import weakref
from pathlib import Path

import ibis
import ibis.expr.types as ir

from baton.company import Company
from baton.disk import explaining_full_disks, full_disk_error, is_full_disk
from baton.errors import BatonError, SourceError
from features.ingest import delimited
from features.ingest.databases import batches, database_error, duckdb_query, open_table
from features.ingest.locked import lock
from features.ingest.sql_text import one_line, quoted
from features.ingest.table_files import file_relation, files_of, is_csv, query_tables, unreadable

__all__ = ["explained", "fingerprint", "open_source", "query_error"]


def open_source(company: Company, name: str, /) -> ir.Table:
    """Open one table as it lies in its file or database.

    Parameters
    ----------
    name : str
        A key of the company file's ``[tables]``.

    Returns
    -------
    ibis Table
        Its rows and columns as they are; a CSV's columns are text.

    Raises
    ------
    SourceError
        If it is missing (the nearest file is named), cannot be read, or its database cannot be reached. No message
        holds a password.
    """
    source = company.tables[name]
    if source.source is not None:
        return open_table(company, name)
    with explaining_full_disks():
        scratch = tempfile.TemporaryDirectory(prefix="baton-", ignore_cleanup_errors=True)
    connection = ibis.duckdb.connect()
    weakref.finalize(connection, scratch.cleanup)
    tables = {"raw": (company, name), **query_tables(company, name)}
    relations = {table: file_relation(*where, Path(scratch.name)).sql for table, where in tables.items()}
    lock(
        lambda setting: connection.raw_sql(setting).fetchall(),
        files=[path for where in tables.values() for path in files_of(*where)],
        folders=[Path(scratch.name)],
    )
    try:
        for table, relation in relations.items():
            connection.raw_sql(f"CREATE VIEW {quoted(table)} AS {relation}").fetchall()
        if source.sql is None:
            return connection.table("raw")
        return duckdb_query(connection, source.sql, f"tables.{name}.sql")
    except Exception as error:
        raise query_error(company, name, error) from None


def query_error(company: Company, name: str, error: BaseException, /) -> BatonError:
    """Return the error of a query over a file: the file's fault if it has one, else the query's."""
    explanation = explained(error, company, name)
    if company.tables[name].sql is None or isinstance(error, BatonError) or "cannot be read:" not in str(explanation):
        return explanation
    return SourceError(f"tables.{name}.sql: {one_line(error)}; the file is the table `raw`, all text if it is a CSV")


def fingerprint(company: Company, /) -> dict[str, str]:
    """Return a fingerprint per table, which changes when its data do.

    Files are read whole (a changed date alone changes nothing); tables of a database are streamed through.

    Raises
    ------
    SourceError
        If a table cannot be opened.
    """
    return {
        name: _file_digest(company, name) if source.path else _rows_digest(company, name)
        for name, source in company.tables.items()
    }


def _file_digest(company: Company, name: str, /) -> str:
    summary = hashlib.blake2b(digest_size=12)
    others = query_tables(company, name).values()
    for path in [*files_of(company, name), *(path for other in others for path in files_of(*other))]:
        summary.update(path.name.encode())
        try:
            with path.open("rb") as file:
                while piece := file.read(1 << 22):
                    summary.update(piece)
        except OSError as error:
            raise unreadable(f"tables.{name}", path, error) from None
    return summary.hexdigest()


def _rows_digest(company: Company, name: str, /) -> str:
    import duckdb

    table = open_source(company, name)
    connection = duckdb.connect()
    lock(connection.execute)
    try:
        reader = batches(table)
        connection.register("incoming", reader)
        # the sum beside the exclusive or: two equal rows would cancel out; order does not matter
        found = connection.execute(
            "SELECT count(*), bit_xor(hash(incoming)), sum(hash(incoming)::HUGEINT) FROM incoming"
        ).fetchall()
    except Exception as error:
        raise explained(error, company, name) from None
    finally:
        connection.close()
    return hashlib.blake2b(f"{table.schema()}{found}".encode(), digest_size=12).hexdigest()


def explained(error: BaseException, company: Company, name: str, /) -> BatonError:
    """Return what went wrong with a table as an error of ours, with all secrets blotted out."""
    if isinstance(error, BatonError):
        return error
    message, source, place = one_line(error), company.tables[name], f"tables.{name}"
    if is_full_disk(error):
        return full_disk_error(error)
    if source.source is not None:
        return database_error(company, name, error)
    for path in files_of(company, name):
        wrong = delimited.wrong_encoding(path, source.encoding, place) if is_csv(path) else None
        if wrong is not None:
            return wrong
    return SourceError(f"{place}: {company.resolve(source.path or '')} cannot be read: {message}")
