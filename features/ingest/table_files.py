"""Files that hold a table: CSV or Parquet, one, a folder of them, or all that a pattern fits."""

from __future__ import annotations

import re
from glob import glob, has_magic
from pathlib import Path

from baton.company import Company
from baton.errors import SourceError
from baton.nearest import did_you_mean
from features.ingest import delimited
from features.ingest.column_names import refuse_names
from features.ingest.sql_text import literal, path_literal, quoted

__all__ = [
    "FILE_COLUMN",
    "delimiter_of",
    "duration_ticks",
    "file_relation",
    "files_of",
    "is_csv",
    "nearest_file",
    "unreadable",
]

FILE_COLUMN = "baton:file"
"""The column of a relation of several files with the number of the file that a row came from."""

_CSV = (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz", ".txt.gz")
_PARQUET = (".parquet", ".pq")


def is_csv(path: Path, /) -> bool:
    """Whether a file is read as CSV, by its name."""
    return path.name.lower().endswith(_CSV)


def file_relation(company: Company, name: str, scratch: Path, /) -> str:
    """Return the DuckDB query that reads a file, a folder or a glob.

    Parameters
    ----------
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
    files = files_of(company, name)
    for path in files:
        _must_be_readable(path, place)
    if all(is_csv(path) for path in files):
        described = [(delimited.describe(path, source.encoding, source.delimiter, place), path) for path in files]
        groups: dict[tuple[tuple[str, ...], str], list[Path]] = {}
        read: list[Path] = []
        for header, path in described:
            copy = delimited.transcoded(path, source.encoding, scratch, place)
            groups.setdefault((header.columns, header.delimiter), []).append(copy)
            read.append(copy)
        parts = [_csv_sql(paths, *header, named=len(files) > 1) for header, paths in groups.items()]
        return _numbered(" UNION ALL BY NAME ".join(parts), files, read)
    for path in files:
        refuse_names(_parquet_names(path), place, path)
    listed = ", ".join(map(path_literal, files))
    named = f", filename={literal(FILE_COLUMN)}" if len(files) > 1 else ""
    return _numbered(f"SELECT * FROM read_parquet([{listed}], union_by_name=true{named})", files, files)


def _parquet_names(path: Path, /) -> list[str]:
    """Return the columns as the file calls them; an engine renames the second of two that differ in letter case."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return list(pq.read_schema(path).names)
    except (OSError, pa.ArrowException):
        return []  # the engine reports what is wrong with it


def _csv_sql(paths: list[Path], columns: tuple[str, ...], delimiter: str, /, *, named: bool) -> str:
    listed = ", ".join(map(path_literal, paths))
    struct = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in columns)
    filename = f", filename={literal(FILE_COLUMN)}" if named else ""
    return (
        f"SELECT * FROM read_csv([{listed}], auto_detect=false, header=true, delim={literal(delimiter)}, "
        f"quote='\"', escape='\"', columns={{{struct}}}, max_line_size=16777216{filename})"
    )


def _numbered(relation: str, files: list[Path], read: list[Path], /) -> str:
    """Return the query with the number of each row's file: the order of their names, in which 10 comes after 9."""
    if len(files) == 1:
        return relation
    order = sorted(range(len(files)), key=lambda place: _natural(files[place]))
    listed = ", ".join(literal(str(read[place])) for place in order)
    column = quoted(FILE_COLUMN)
    return f"SELECT * REPLACE (list_position([{listed}], {column}) AS {column}) FROM ({relation})"


def _natural(path: Path, /) -> list[tuple[int, int, str]]:
    return [
        (0, int(piece), "") if piece.isdecimal() else (1, 0, piece)
        for piece in re.split(r"([0-9]+)", str(path))
        if piece
    ]


def delimiter_of(company: Company, name: str, /) -> str | None:
    """Return what sets the values of a table's first CSV file apart; None for other files."""
    source, path = company.tables[name], files_of(company, name)[0]
    if not is_csv(path):
        return None
    return delimited.describe(path, source.encoding, source.delimiter, f"tables.{name}").delimiter


def duration_ticks(company: Company, name: str, /) -> dict[str, float]:
    """Return the seconds of one tick of each column of durations in a table's Parquet files.

    DuckDB reads such columns as whole numbers, of nanoseconds as pandas writes them.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = files_of(company, name)[0]
    if is_csv(path) or company.tables[name].sql is not None:
        return {}
    ticks = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
    return {field.name: ticks[field.type.unit] for field in pq.read_schema(path) if pa.types.is_duration(field.type)}


def files_of(company: Company, name: str, /) -> list[Path]:
    """Return the files that a path names: itself, those of a folder, or those that a pattern fits."""
    source, place = company.tables[name], f"tables.{name}"
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
        raise SourceError(f"{place}: {path}: no such file{nearest_file(path)}")
    kinds = {"csv" if is_csv(file) else "parquet" for file in found}
    if len(kinds) > 1:
        raise SourceError(f"{place}: {path} holds CSV and Parquet files; name one kind by a pattern such as *.parquet")
    return found


def _fitting(pattern: str, /) -> list[str]:
    return glob(pattern, recursive=True)  # noqa: PTH207 - an absolute pattern, which Path.glob refuses


def nearest_file(path: Path, /) -> str:
    """Return the end of a message about a missing file: which one was probably meant."""
    try:
        names = [file.name for file in path.parent.iterdir()]
    except OSError:
        return f"; nor is there a folder {path.parent}"
    return did_you_mean(path.name, names, otherwise="check tables and path in the company file")


def _must_be_readable(path: Path, place: str, /) -> None:
    """Refuse what is empty, forbidden, or no table before an engine says so in its own words."""
    if path.exists() and not path.is_file():
        raise SourceError(f"{place}: {path} is no ordinary file (a pipe, socket or device); save the table to a file")
    try:
        with path.open("rb") as file:
            start = file.read(4)
            file.seek(max(0, path.stat().st_size - 4))
            end = file.read(4)
    except OSError as error:
        raise unreadable(place, path, error) from None
    if not start:
        raise SourceError(f"{place}: {path} is empty; export it again")
    if is_csv(path):
        if start == b"PAR1":
            raise SourceError(f"{place}: {path} is a Parquet file; name it .parquet")
        return
    if start == b"PK\x03\x04" or path.suffix.lower() in {".xlsx", ".xls", ".ods"}:
        raise SourceError(f"{place}: {path} is a spreadsheet; save it as CSV")
    if start != b"PAR1" or end != b"PAR1":
        if path.suffix.lower() in _PARQUET:
            raise SourceError(f"{place}: {path} is no whole Parquet file (cut off or damaged); export it again")
        raise SourceError(f"{place}: {path} is neither CSV nor Parquet; name it .csv or .parquet, or convert it")


def unreadable(place: str, path: Path, error: OSError, /) -> SourceError:
    """Return the error of a file that the system does not let us read."""
    return SourceError(f"{place}: {path} cannot be read ({error.strerror or error}); check its permissions")
