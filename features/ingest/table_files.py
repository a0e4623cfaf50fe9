"""Files that hold a table: CSV, spreadsheet or Parquet, one, a folder of them, or all that a pattern fits."""

from __future__ import annotations

import re
from dataclasses import dataclass
from glob import glob, has_magic
from pathlib import Path

from baton.company import Company
from baton.contract.sources import TABLES
from baton.errors import SourceError
from baton.messages.message import Message
from baton.nearest import did_you_mean
from features.ingest import delimited
from features.ingest.column_names import refuse_names, refuse_repeated
from features.ingest.grids.copies import spreadsheet_copy
from features.ingest.grids.skipped_notes import lines_note
from features.ingest.grids.spreadsheets import ENDINGS as _SPREADSHEET
from features.ingest.grids.spreadsheets import is_spreadsheet
from features.ingest.sql_text import literal, path_literal, quoted

__all__ = [
    "FILE_COLUMN",
    "FileRelation",
    "delimiter_of",
    "duration_ticks",
    "file_relation",
    "files_of",
    "is_csv",
    "is_table_file",
    "nearest_file",
    "query_tables",
    "unreadable",
]

FILE_COLUMN = "baton:file"
"""The column of a relation of several files with the number of the file that a row came from."""

_CSV = (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz", ".txt.gz")
_PARQUET = (".parquet", ".pq")


def is_csv(path: Path, /) -> bool:
    """Whether a file is read as CSV, by its name."""
    return path.name.lower().endswith(_CSV)


@dataclass(frozen=True)
class FileRelation:
    """How a table's files are read.

    Parameters
    ----------
    sql : str
        A DuckDB query.
    notes : tuple of Message
        What was passed over in them.
    """

    sql: str
    notes: tuple[Message, ...] = ()


def file_relation(company: Company, name: str, scratch: Path, /) -> FileRelation:
    """Return the DuckDB query that reads a file, a folder or a glob.

    Parameters
    ----------
    name : str
        A table that has a ``path``.
    scratch : Path
        Where copies are written of CSV files in other encodings or with lines around their table, and of spreadsheets;
        they must live as long as the query is used.

    Raises
    ------
    SourceError
        If a file is missing, empty, damaged or in another encoding, or if nobody can tell which table of a spreadsheet
        is meant.
    """
    place = f"tables.{name}"
    files = files_of(company, name)
    for path in files:
        _must_be_readable(path, place)
    if is_csv(files[0]):
        return _csv_relation(company, name, files, scratch)
    read, notes = files, list[Message]()
    if is_spreadsheet(files[0]):
        source = company.tables[name]
        copies = [spreadsheet_copy(path, source, scratch, place) for path in files]
        read = [copy for copy, _ in copies]
        notes = [note for _, of_file in copies for note in of_file]
    for path, copy in zip(files, read, strict=True):
        refuse_names(_parquet_names(copy), place, path)
    listed = ", ".join(map(path_literal, read))
    named = f", filename={literal(FILE_COLUMN)}" if len(files) > 1 else ""
    sql = f"SELECT * FROM read_parquet([{listed}], union_by_name=true{named})"
    return FileRelation(_numbered(sql, files, read), tuple(notes))


def _csv_relation(company: Company, name: str, files: list[Path], scratch: Path, /) -> FileRelation:
    source, place = company.tables[name], f"tables.{name}"
    groups: dict[tuple[tuple[str, ...], str], list[Path]] = {}
    read: list[Path] = []
    notes: list[Message] = []
    for path in files:
        header = delimited.describe(path, source.encoding, source.delimiter, place, source.header_row)
        copy = delimited.transcoded(path, source.encoding, scratch, place)
        copy, header = delimited.records_alone(header, copy, scratch)
        groups.setdefault((header.columns, header.delimiter), []).append(copy)
        read.append(copy)
        notes += lines_note(name, path, header.skipped)
        spec = TABLES.get(name) if source.sql is None else None
        refuse_repeated([one for one in header.repeated if one.casefold() not in source.columns], spec, path)
        if header.repeated:
            notes.append(Message("note.repeated", {"table": name, "file": path.name, "columns": header.repeated}))
    parts = [_csv_sql(paths, *header, named=len(files) > 1) for header, paths in groups.items()]
    return FileRelation(_numbered(" UNION ALL BY NAME ".join(parts), files, read), tuple(notes))


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
    return delimited.describe(path, source.encoding, source.delimiter, f"tables.{name}", source.header_row).delimiter


def duration_ticks(company: Company, name: str, /) -> dict[str, float]:
    """Return the seconds of one tick of each column of durations in a table's Parquet files.

    DuckDB reads such columns as whole numbers, of nanoseconds as pandas writes them.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = files_of(company, name)[0]
    if is_csv(path) or is_spreadsheet(path) or company.tables[name].sql is not None:
        return {}
    ticks = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
    return {field.name: ticks[field.type.unit] for field in pq.read_schema(path) if pa.types.is_duration(field.type)}


def files_of(company: Company, name: str, /) -> list[Path]:
    """Return the files that a path names: itself, those of a folder, or those that a pattern fits."""
    source, place = company.tables[name], f"tables.{name}"
    path = company.resolve(source.path or "")
    if path.is_dir():
        found = sorted(file for file in path.rglob("*") if is_table_file(file))
        if not found:
            raise SourceError(f"{place}: the folder {path} holds no CSV file, spreadsheet or Parquet file")
    elif path.exists():
        found = [path]
    elif has_magic(str(path)):
        found = sorted(file for file in map(Path, _fitting(str(path))) if file.is_file())
        if not found:
            raise SourceError(f"{place}: no file fits {path}; check the pattern")
    else:
        raise SourceError(f"{place}: {path}: no such file{nearest_file(path)}")
    kinds = sorted({_kind(file) for file in found})
    if len(kinds) > 1:
        raise SourceError(
            f"{place}: {path} holds {' and '.join(kinds)} files; name one kind by a pattern such as *.csv"
        )
    return found


def _kind(path: Path, /) -> str:
    return "CSV" if is_csv(path) else "spreadsheet" if is_spreadsheet(path) else "Parquet"


def is_table_file(path: Path, /) -> bool:
    """Whether a file is read as a table, by its name."""
    # ~$ is what Excel lays beside a workbook that is open
    return path.name.lower().endswith((*_PARQUET, *_CSV, *_SPREADSHEET)) and not path.name.startswith("~$")


def query_tables(company: Company, name: str, /) -> dict[str, tuple[Company, str]]:
    """Return what a table's query may name beside its own file: per name, a company and its table that is the file.

    Parameters
    ----------
    name : str
        A table with ``path``.
    """
    found = {}
    for other, file in company.tables[name].files.items():
        source = company.tables[name].model_copy(update={**file.model_dump(), "sql": None, "columns": {}, "files": {}})
        place = f"{name}.files.{other}"
        found[other] = (company.model_copy(update={"tables": {place: source}}), place)
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
    what = _other_than_named(path, start, end)
    if what is not None:
        raise SourceError(f"{place}: {path} {what}")


def _other_than_named(path: Path, start: bytes, end: bytes, /) -> str | None:
    """Return what a file is if it is not what its name says, by its first and last four bytes."""
    is_text = is_csv(path)
    if is_spreadsheet(path) or (is_text and path.suffix.lower() == ".gz"):
        return None
    if start == b"PK\x03\x04":
        return "is a spreadsheet; name it .xlsx (or .xlsb, .ods)"
    if is_text:
        return "is a Parquet file; name it .parquet" if start == b"PAR1" else None
    if start == b"PAR1" and end == b"PAR1":
        return None
    if path.suffix.lower() in _PARQUET:
        return "is no whole Parquet file (cut off or damaged); export it again"
    return "is neither CSV, spreadsheet nor Parquet; name it .csv, .xlsx or .parquet, or convert it"


def unreadable(place: str, path: Path, error: OSError, /) -> SourceError:
    """Return the error of a file that the system does not let us read."""
    return SourceError(f"{place}: {path} cannot be read ({error.strerror or error}); check its permissions")
