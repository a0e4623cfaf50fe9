"""Open whatever lies in a folder or a database, as tables to look at."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from baton.company import Company
from baton.errors import BatonError, SourceError
from baton.table_source import TableSource
from features.ingest.databases import batches, open_table, tables_of
from features.ingest.delimited import likely_encoding
from features.ingest.grids.regions import find_regions
from features.ingest.grids.spreadsheets import is_spreadsheet, sheets_of
from features.ingest.locked import lock
from features.ingest.table_files import delimiter_of, file_relation, is_csv, is_table_file
from features.mapping.looks import MAX_ROWS, Look, look_at

if TYPE_CHECKING:
    import duckdb

__all__ = ["locked_connection", "looks_of_database", "looks_of_folder"]

Progress = Callable[[str], None]
_MAX_FILES = 200  # a folder of more is no set of exports
_PERIOD = re.compile(r"(?<=[-_. ])(\d{4}[-_.]?\d{0,2}[-_.]?\d{0,2}|\d{1,3}|part[-_ ]?\d+)$", re.IGNORECASE)


def looks_of_folder(
    folder: Path, connection: duckdb.DuckDBPyConnection, scratch: Path, /, *, progress: Progress | None = None
) -> tuple[list[Look], list[str]]:
    """Look at every table in a folder.

    Parameters
    ----------
    folder : Path
        Or one file.
    connection : DuckDBPyConnection
        In which the tables are opened.
    scratch : Path
        Where copies of files are written that the engine cannot read itself.
    progress : callable, optional
        Called with the name of each file.

    Returns
    -------
    tuple of (list of Look, list of str)
        Their places are relative to the folder; and what could not be read, with the reason.

    Raises
    ------
    SourceError
        If there is nothing to look at.
    """
    files = [folder] if folder.is_file() else sorted(path for path in folder.rglob("*") if is_table_file(path))
    if not files:
        raise SourceError(f"{folder}: there is no CSV file, spreadsheet or Parquet file; put the exports there")
    if len(files) > _MAX_FILES:
        raise SourceError(f"{folder}: there are {len(files):,} files; put the exports alone into a folder of their own")
    base = folder.parent if folder.is_file() else folder
    looks: list[Look] = []
    trouble: list[str] = []
    for sources in _alike(files):
        if progress is not None:
            progress(sources[0].name)
        for place, own_names in _places(sources, base, trouble):
            name = str(place.get("sheet") or _stem(sources[0]))
            try:
                look = _looked_at(place, name, base, connection, scratch, len(looks))
                looks.append(replace(look, own_names=own_names))
            except BatonError as error:
                trouble.append(str(error).removeprefix("tables.it: "))
    return looks, trouble


def _alike(files: list[Path], /) -> Iterator[list[Path]]:
    """Yield files that belong together, as exports of one month each do, which differ by a period at the end alone."""
    groups: dict[tuple[Path, str, str], list[Path]] = {}
    for path in files:
        ending = "".join(path.suffixes[-2:]) if path.suffix == ".gz" else path.suffix
        groups.setdefault((path.parent, _PERIOD.sub("", _stem(path)), ending), []).append(path)
    for group in groups.values():
        if len(group) > 1 and not is_spreadsheet(group[0]):
            yield group
        else:
            yield from ([path] for path in group)


def _stem(path: Path, /) -> str:
    return path.name.split(".")[0] if path.suffix == ".gz" else path.stem


def _places(
    files: list[Path], base: Path, trouble: list[str], /
) -> Iterator[tuple[dict[str, str | int], dict[str, str]]]:
    """Yield what the company file says of where each table of these files lies, and its columns' own names."""
    path = files[0]
    place: dict[str, str | int] = {"path": path.relative_to(base).as_posix()}
    if len(files) > 1:
        ending = path.name[len(_stem(path)) :]
        place["path"] = (path.parent / f"{_PERIOD.sub('', _stem(path))}*{ending}").relative_to(base).as_posix()
    if is_csv(path):
        encoding = likely_encoding(path)
        yield (place if encoding == "utf-8" else {**place, "encoding": encoding}), {}
    elif is_spreadsheet(path):
        try:
            sheets = [sheet for sheet in sheets_of(path, path.name) if not sheet.is_hidden]
        except BatonError as error:
            trouble.append(str(error))
            return
        found = [(sheet.name, region) for sheet in sheets for region in find_regions(sheet.rows, sheet.merged)]
        if not found:
            trouble.append(f"{path.name}: no table can be found on its sheets")
        for sheet, region in found:
            several = sum(other == sheet for other, _ in found) > 1
            at = {"header_row": region.header_row + 1} if several else {}
            own = {name: own for name, own in zip(region.names, region.own_names, strict=False) if name != own}
            yield {**place, **({"sheet": sheet} if len(sheets) > 1 else {}), **at}, own
    else:
        yield place, {}


def _looked_at(
    place: dict[str, str | int],
    name: str,
    base: Path,
    connection: duckdb.DuckDBPyConnection,
    scratch: Path,
    number: int,
    /,
) -> Look:
    source = TableSource.model_validate({**place, "path": str(base / str(place["path"]))})
    company = Company().model_copy(update={"tables": {"it": source}})
    relation = f"export_{number}"
    connection.execute(f"CREATE VIEW {relation} AS {file_relation(company, 'it', scratch).sql}")
    semicolons = delimiter_of(company, "it") == ";"
    return replace(look_at(connection, relation, name, semicolons=semicolons), place=place)


def looks_of_database(
    url: str, connection: duckdb.DuckDBPyConnection, /, *, progress: Progress | None = None
) -> tuple[list[Look], list[str]]:
    """Look at every table of a database: a sample of its rows each.

    Parameters
    ----------
    url : str
        As in the company file's ``[sources]``; secrets stay ``${NAME}``.
    connection : DuckDBPyConnection
        Into which the samples are brought.
    progress : callable, optional
        Called with the name of each table.

    Returns
    -------
    tuple of (list of Look, list of str)
        And what could not be read, with the reason.

    Raises
    ------
    SourceError
        If the database cannot be opened or has no table.
    """
    company = Company(sources={"exports": url})
    names = tables_of(company, "exports")
    if not names:
        raise SourceError("the database has no table")
    looks, trouble = [], []
    for number, name in enumerate(names):
        if progress is not None:
            progress(name)
        source = TableSource(source="exports", table=name)
        one = company.model_copy(update={"tables": {"it": source}})
        relation = f"export_{number}"
        try:
            connection.register("incoming", batches(open_table(one, "it").limit(MAX_ROWS)))
            connection.execute(f"CREATE TABLE {relation} AS SELECT * FROM incoming")
            connection.unregister("incoming")
            look = look_at(connection, relation, name.rpartition(".")[2])
        except BatonError as error:
            trouble.append(str(error).removeprefix("tables.it: "))
            continue
        looks.append(replace(look, place={"source": "exports", "table": name}))
    return looks, trouble


def locked_connection(files: list[Path], scratch: Path, /) -> duckdb.DuckDBPyConnection:
    """Return an engine that reads these files and nothing else."""
    import duckdb

    connection = duckdb.connect()
    connection.execute("SET TimeZone='UTC'")
    lock(connection.execute, files=files, folders=[scratch])
    return connection
