"""Databases that hold a table: anything that Ibis can open, by an address whose secrets never reach a message."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote, urlsplit

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

from baton.company import Company, expand
from baton.errors import BatonError, SourceError
from baton.nearest import did_you_mean
from features.ingest.locked import lock, one_query, one_query_of
from features.ingest.sql_text import one_line
from features.ingest.table_files import nearest_file

__all__ = ["batches", "database_error", "duckdb_query", "open_table", "tables_of"]

_BATCH_ROWS = 50_000  # enough for speed, few enough for wide rows
_VARIABLE = r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-[^}]*)?\}"


def open_table(company: Company, name: str, /) -> ir.Table:
    """Open a table or a query of a database.

    Parameters
    ----------
    name : str
        A table that has a ``source``.

    Raises
    ------
    SourceError
        If the database cannot be reached or has no such table; no password is in the message.
    """
    source, place = company.tables[name], f"tables.{name}"
    url = _url(company, str(source.source), place)
    try:
        connection: Any = _connect(url)
    except ImportError:
        scheme = urlsplit(url).scheme
        raise SourceError(
            f"{place}: no driver for {scheme} is installed; pip install 'ibis-framework[{scheme}]'"
        ) from None
    except Exception as error:
        raise database_error(company, name, error, "cannot be opened, is it running?") from None
    try:
        if source.sql is not None:
            return _query(connection, source.sql, f"{place}.sql")
        table, _, database = str(source.table)[::-1].partition(".")
        return connection.table(table[::-1], database=database[::-1] or None)
    except BatonError:
        raise
    except Exception as error:
        if type(error).__name__ == "TableNotFound":
            raise _without_table(company, name, connection) from None
        raise database_error(company, name, error, "refuses the query" if source.sql else "cannot be read") from None


def tables_of(company: Company, source: str, /) -> list[str]:
    """Return the tables of a database, in order of their names.

    Parameters
    ----------
    source : str
        A key of ``[sources]``.

    Raises
    ------
    SourceError
        If the database cannot be reached; no password is in the message.
    """
    place = f"sources.{source}"
    try:
        connection: Any = _connect(_url(company, source, place))
        return sorted(_names(connection))
    except BatonError:
        raise
    except Exception as error:
        raise SourceError(
            _blotted(
                f"{place}: {_address(company, source)} cannot be opened, is it running? ({one_line(error)})", company
            )
        ) from None


def _names(connection: Any, /) -> list[str]:
    if connection.name == "duckdb":
        rows = connection.con.cursor().execute("SELECT table_name FROM information_schema.tables").fetchall()
        return [row[0] for row in rows]
    return connection.list_tables()


def batches(table: ir.Table, /) -> Any:
    """Return a table's rows as a reader of Arrow batches; never all of them in memory."""
    other = [name for name, kind in table.schema().items() if not _is_plain(kind)]
    table = table.mutate(**{name: table[name].cast("string") for name in other}) if other else table
    backend: Any = table.get_backend()
    if backend.name == "duckdb":  # Ibis 12 still calls a method that DuckDB 2 has renamed
        return backend.con.cursor().sql(backend.compile(table)).to_arrow_reader(_BATCH_ROWS)
    return table.to_pyarrow_batches(chunk_size=_BATCH_ROWS)


def _is_plain(kind: dt.DataType, /) -> bool:
    """Whether Arrow holds the type as the contract's types do: no identifiers of the engine's own, no nesting."""
    return kind.is_numeric() or kind.is_boolean() or kind.is_string() or kind.is_timestamp() or kind.is_date()


def database_error(company: Company, name: str, error: BaseException, what: str = "cannot be read", /) -> SourceError:
    """Return what went wrong with a database, its secrets blotted out."""
    address = _address(company, str(company.tables[name].source))
    return SourceError(_blotted(f"tables.{name}: {address} {what} ({one_line(error)})", company))


def _without_table(company: Company, name: str, connection: Any, /) -> SourceError:
    table = str(company.tables[name].table)
    known = _names(connection)
    hint = did_you_mean(table, known, otherwise="check table and schema (write schema.table)")
    address = _address(company, str(company.tables[name].source))
    return SourceError(_blotted(f"tables.{name}: {address} has no table {table!r}{hint}", company))


def _query(connection: Any, sql: str, place: str, /) -> ir.Table:
    """Open a query; its columns are asked for here: Ibis 12 asks newer DuckDB and sqlglot in ways that are gone."""
    if connection.name == "duckdb":
        return duckdb_query(connection, sql, place)
    sql = one_query_of(sql, connection.dialect, place)
    if connection.name == "postgres":
        return connection.sql(sql, schema=_postgres_schema(connection, sql))
    return connection.sql(sql)


def duckdb_query(connection: Any, sql: str, place: str, /) -> ir.Table:
    """Return a query of an Ibis DuckDB connection as a table.

    Raises
    ------
    SourceError
        If it is more than one query, or changes something.
    """
    from ibis.backends.sql.datatypes import DuckDBType

    sql = one_query(sql, place)
    described = connection.con.cursor().execute(f"DESCRIBE {sql}").fetchall()
    return connection.sql(sql, schema=ibis.schema({row[0]: DuckDBType.from_string(row[1]) for row in described}))


def _postgres_schema(connection: Any, sql: str, /) -> ibis.Schema:
    from ibis.backends.sql.datatypes import PostgresType

    with connection.con.cursor() as cursor, connection.con.transaction():
        cursor.execute(f"SELECT * FROM ({sql}\n) AS answer LIMIT 0")
        return ibis.schema(
            {column.name: PostgresType.from_string(column.type_display) for column in cursor.description}
        )


def _connect(url: str, /) -> Any:
    if url.startswith("duckdb://"):
        connection: Any = ibis.duckdb.connect(url.removeprefix("duckdb://"), read_only=True)
    else:
        connection = ibis.connect(url)
    if connection.name == "duckdb":
        lock(lambda setting: connection.raw_sql(setting).fetchall())
    elif connection.name == "postgres":  # nothing that a company's file says may change a database
        with connection.con.cursor() as cursor:
            cursor.execute("SET default_transaction_read_only = on")
        connection.con.commit()
    return connection


def _url(company: Company, source: str, place: str, /) -> str:
    """Return a source's address with environment variables filled in and a relative file made absolute."""
    url = _filled(company, source)
    scheme, mark, rest = url.partition("://")
    if not mark:
        raise SourceError(f"sources.{source}: no address; write one such as duckdb://file.duckdb or postgres://host/db")
    if scheme not in {"duckdb", "sqlite"}:
        return url
    path = company.resolve(rest)
    if not path.exists():
        raise SourceError(f"{place}: sources.{source}: {path}: no such file{nearest_file(path)}")
    return f"{scheme}://{path}"


def _filled(company: Company, source: str, /) -> str:
    # a password may hold letters that mean something in an address
    safe = re.sub(rf"(?<=:){_VARIABLE}(?=@)", lambda found: _safe(expand(found.group())), company.sources[source])
    return expand(safe)


def _safe(secret: str, /) -> str:
    return quote(secret, safe="%")


def _address(company: Company, source: str, /) -> str:
    """Name a source for people, without user and password."""
    url = urlsplit(_filled(company, source))
    host = url.netloc.rpartition("@")[2]
    return f"source {source!r} ({url.scheme}://{host}{url.path})"


def _blotted(text: str, company: Company, /) -> str:
    """Blot out every secret that the sources' addresses bring in."""
    secrets: set[str] = set()
    for url in company.sources.values():
        secrets |= {expand("${" + variable + ":-}") for variable in re.findall(_VARIABLE, url)}
        user_info = re.search(r"://([^/]*)@", re.sub(_VARIABLE, "", url))
        secrets |= {user_info.group(1).partition(":")[2]} if user_info else set()
    secrets |= {_safe(secret) for secret in secrets}
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, "***")
    return text
