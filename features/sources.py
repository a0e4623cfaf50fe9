"""Opens a company's tables, wherever they lie; the only reader of raw data.

Nothing is cast here: a CSV comes as text, everything else with the types it has.
"""

from __future__ import annotations

import difflib
import hashlib
import re
import tempfile
import weakref
from glob import glob, has_magic
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import ibis
import ibis.expr.types as ir

from baton.company import Company, TableSource, expand
from baton.errors import BatonError, SourceError
from features import delimited

__all__ = [
    "batches",
    "explained",
    "file_relation",
    "fingerprint",
    "literal",
    "one_line",
    "open_source",
    "query_error",
    "quoted",
]

BATCH_ROWS = 50_000  # enough for speed, few enough for wide rows

_CSV = (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz", ".txt.gz")
_PARQUET = (".parquet", ".pq")


def open_source(company: Company, name: str, /) -> ir.Table:
    """Open one table as it lies in its file or database.

    Parameters
    ----------
    company : Company
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
    source, place = company.tables[name], f"tables.{name}"
    if source.source is not None:
        return _from_database(company, source, place)
    scratch = tempfile.TemporaryDirectory(prefix="baton-", ignore_cleanup_errors=True)
    connection = ibis.duckdb.connect()
    weakref.finalize(connection, scratch.cleanup)
    relation = file_relation(company, name, Path(scratch.name))
    try:
        connection.raw_sql(f"CREATE VIEW raw AS {relation}").fetchall()
        if source.sql is not None:
            return connection.sql(source.sql, dialect="duckdb")
        return connection.table("raw")
    except Exception as error:
        raise query_error(company, name, error) from None


def query_error(company: Company, name: str, error: BaseException, /) -> BatonError:
    """Return the error of a query over a file: the file's fault if it has one, else the query's."""
    told = explained(error, company, name)
    if company.tables[name].sql is None or isinstance(error, BatonError) or "cannot be read:" not in str(told):
        return told
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
    for path in _files(company, company.tables[name], f"tables.{name}"):
        summary.update(path.name.encode())
        try:
            with path.open("rb") as file:
                while piece := file.read(1 << 22):
                    summary.update(piece)
        except OSError as error:
            raise _unreadable(f"tables.{name}", path, error) from None
    return summary.hexdigest()


def batches(table: ir.Table, /) -> Any:
    """Return the rows of a database's table as a reader of Arrow batches; never all of them in memory."""
    backend: Any = table.get_backend()
    if backend.name == "duckdb":  # Ibis 12 still calls a method that DuckDB 2 has renamed
        return backend.con.cursor().sql(backend.compile(table)).to_arrow_reader(BATCH_ROWS)
    return table.to_pyarrow_batches(chunk_size=BATCH_ROWS)


def _rows_digest(company: Company, name: str, /) -> str:
    import duckdb

    table = open_source(company, name)
    connection = duckdb.connect()
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


def quoted(name: str, /) -> str:
    """Return a name quoted for SQL.

    Examples
    --------
    >>> quoted("select")
    '"select"'
    """
    return '"' + name.replace('"', '""') + '"'


def literal(text: str, /) -> str:
    """Return a text quoted for SQL."""
    return "'" + text.replace("'", "''") + "'"


def one_line(error: BaseException, /) -> str:
    """Return the gist of an error's message in one line, without SQL excerpts."""
    text = str(error).split("\nLINE ")[0].split("\n\nLINE ")[0]
    lines = [line.strip() for line in text.splitlines() if line.strip() and set(line.strip()) != {"^"}]
    return " ".join(lines[:4])[:500] or type(error).__name__


def explained(error: BaseException, company: Company, name: str, /) -> BatonError:
    """Return what went wrong with a table as an error of ours, with all secrets blotted out."""
    if isinstance(error, BatonError):
        return error
    source, place = company.tables[name], f"tables.{name}"
    message = _blotted(one_line(error), company)
    if source.source is not None:
        return SourceError(f"{place}: {_blotted(_address(company, source.source), company)}: {message}")
    for path in _files(company, source, place):
        if path.name.endswith(_CSV):
            wrong = delimited.wrong_encoding(path, source.encoding, place)
            if wrong is not None:
                return wrong
    return SourceError(f"{place}: {company.resolve(source.path or '')} cannot be read: {message}")


def file_relation(company: Company, name: str, scratch: Path, /) -> str:
    """Return the DuckDB query that reads a file, a folder or a glob.

    Parameters
    ----------
    company : Company
    name : str
        A table that has a ``path``.
    scratch : Path
        Where copies in UTF-8 of files in other encodings are written; they must live as long as the query is used.

    Raises
    ------
    SourceError
        If a file is missing, empty, damaged or in another encoding.
    """
    source, place = company.tables[name], f"tables.{name}"
    files = _files(company, source, place)
    for path in files:
        _must_be_readable(path, place)
    if all(path.name.lower().endswith(_CSV) for path in files):
        described = [(delimited.describe(path, source.encoding, source.delimiter, place), path) for path in files]
        groups: dict[tuple[tuple[str, ...], str], list[Path]] = {}
        for header, path in described:
            copy = delimited.transcoded(path, source.encoding, scratch, place)
            groups.setdefault((header.columns, header.delimiter), []).append(copy)
        return " UNION ALL BY NAME ".join(_csv_sql(paths, *header) for header, paths in groups.items())
    listed = ", ".join(literal(_escaped(path)) for path in files)
    return f"SELECT * FROM read_parquet([{listed}], union_by_name=true)"


def _csv_sql(paths: list[Path], columns: tuple[str, ...], delimiter: str, /) -> str:
    listed = ", ".join(literal(_escaped(path)) for path in paths)
    struct = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in columns)
    return (
        f"SELECT * FROM read_csv([{listed}], auto_detect=false, header=true, delim={literal(delimiter)}, "
        f"quote='\"', escape='\"', columns={{{struct}}}, max_line_size=16777216)"
    )


def _escaped(path: Path, /) -> str:
    """Return a path in which DuckDB finds no pattern."""
    return re.sub(r"([\[*?])", r"[\1]", str(path))


def _files(company: Company, source: TableSource, place: str, /) -> list[Path]:
    """Return the files that a path names: itself, those of a folder, or those that a pattern fits."""
    path = company.resolve(source.path or "")
    if path.is_dir():
        found = sorted(file for file in path.rglob("*") if file.name.lower().endswith((*_PARQUET, *_CSV)))
        if not found:
            raise SourceError(f"{place}: the folder {path} holds no Parquet or CSV file")
    elif path.exists():
        found = [path]
    elif has_magic(str(path)):
        found = sorted(file for file in map(Path, _fitting(str(path))) if file.is_file())
        if not found:
            raise SourceError(f"{place}: no file fits {path}; check the pattern")
    else:
        raise SourceError(f"{place}: {path}: no such file{_nearest_file(path)}")
    kinds = {"csv" if file.name.lower().endswith(_CSV) else "parquet" for file in found}
    if len(kinds) > 1:
        raise SourceError(f"{place}: {path} holds CSV and Parquet files; name one kind by a pattern such as *.parquet")
    return found


def _fitting(pattern: str, /) -> list[str]:
    return glob(pattern, recursive=True)  # noqa: PTH207 - an absolute pattern, which Path.glob refuses


def _nearest_file(path: Path, /) -> str:
    try:
        names = [file.name for file in path.parent.iterdir()]
    except OSError:
        return f"; nor is there a folder {path.parent}"
    close = difflib.get_close_matches(path.name, names, n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else "; check tables and path in the company file"


def _must_be_readable(path: Path, place: str, /) -> None:
    """Refuse what is empty, forbidden, or no table before an engine says so in its own words."""
    try:
        with path.open("rb") as file:
            start = file.read(4)
            file.seek(max(0, path.stat().st_size - 4))
            end = file.read(4)
    except OSError as error:
        raise _unreadable(place, path, error) from None
    if not start:
        raise SourceError(f"{place}: {path} is empty; export it again")
    if path.name.lower().endswith(_CSV):
        if start == b"PAR1":
            raise SourceError(f"{place}: {path} is a Parquet file; name it .parquet")
        return
    if start == b"PK\x03\x04" or path.suffix.lower() in {".xlsx", ".xls", ".ods"}:
        raise SourceError(f"{place}: {path} is a spreadsheet; save it as CSV")
    if start != b"PAR1" or end != b"PAR1":
        if path.suffix.lower() in _PARQUET:
            raise SourceError(f"{place}: {path} is no whole Parquet file (cut off or damaged); export it again")
        raise SourceError(f"{place}: {path} is neither CSV nor Parquet; name it .csv or .parquet, or convert it")


def _unreadable(place: str, path: Path, error: OSError, /) -> SourceError:
    return SourceError(f"{place}: {path} cannot be read ({error.strerror or error}); check its permissions")


def _from_database(company: Company, source: TableSource, place: str, /) -> ir.Table:
    url = _url(company, str(source.source), place)
    try:
        connection: Any = _connect(url)
    except ImportError:
        scheme = urlsplit(url).scheme
        raise SourceError(
            f"{place}: no driver for {scheme} is installed; pip install 'ibis-framework[{scheme}]'"
        ) from None
    except Exception as error:
        address = _blotted(_address(company, str(source.source)), company)
        raise SourceError(
            f"{place}: {address} cannot be opened, is it running? ({_blotted(one_line(error), company)})"
        ) from None
    try:
        if source.sql is not None:
            return connection.sql(source.sql)
        table, _, database = str(source.table)[::-1].partition(".")
        return connection.table(table[::-1], database=database[::-1] or None)
    except Exception as error:
        raise explained(_without_table(connection, source, error), company, place.removeprefix("tables.")) from None


def _without_table(connection: Any, source: TableSource, error: Exception, /) -> Exception:
    if source.table is None or type(error).__name__ != "TableNotFound":
        return error
    close = difflib.get_close_matches(source.table, connection.list_tables(), n=1, cutoff=0.5)
    return ValueError(f"no table {source.table!r}" + (f"; did you mean {close[0]!r}?" if close else ""))


def _connect(url: str, /) -> Any:
    if url.startswith("duckdb://"):
        return ibis.duckdb.connect(url.removeprefix("duckdb://"), read_only=True)
    return ibis.connect(url)


def _url(company: Company, source: str, place: str, /) -> str:
    """Return a source's address with environment variables filled in and a relative file made absolute."""
    url = expand(company.sources[source])
    scheme, mark, rest = url.partition("://")
    if not mark:
        raise SourceError(f"sources.{source}: no address; write one such as duckdb://file.duckdb or postgres://host/db")
    if scheme not in {"duckdb", "sqlite"}:
        return url
    path = company.resolve(rest)
    if not path.exists():
        raise SourceError(f"{place}: sources.{source}: {path}: no such file{_nearest_file(path)}")
    return f"{scheme}://{path}"


def _address(company: Company, source: str, /) -> str:
    """Name a source for people, without user and password."""
    url = urlsplit(expand(company.sources[source]))
    host = url.netloc.rpartition("@")[2]
    return f"source {source!r} ({url.scheme}://{host}{url.path})"


def _blotted(text: str, company: Company, /) -> str:
    """Blot out every secret that the sources' addresses bring in."""
    for url in company.sources.values():
        names = re.findall(r"\$\{([A-Za-z_][A-Za-z0-9_]*)", url)
        secrets = {expand("${" + name + ":-}") for name in names}
        parts = urlsplit(expand(re.sub(r"\$\{([A-Za-z_]\w*)\}", r"${\1:-}", url)))
        secrets |= {parts.netloc.rpartition("@")[0].partition(":")[2]}
        for secret in sorted(filter(None, secrets), key=len, reverse=True):
            text = text.replace(secret, "***")
    return text
