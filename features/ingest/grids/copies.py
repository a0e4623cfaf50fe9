"""A spreadsheet's table as a Parquet copy that an engine reads, and notes of what was passed over."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from baton.messages.message import Message
from baton.table_source import TableSource
from features.ingest.column_names import refuse_names, unnamed
from features.ingest.grids.cell_columns import arrow_table
from features.ingest.grids.marks import marks_of
from features.ingest.grids.skipped_notes import sheet_notes
from features.ingest.grids.spreadsheets import SheetTable, read_table

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["spreadsheet_copy", "table_of"]


def spreadsheet_copy(path: Path, source: TableSource, folder: Path, place: str, /) -> tuple[Path, list[Message]]:
    """Write the table of a spreadsheet as Parquet.

    Parameters
    ----------
    source : TableSource
        Says the sheet and the header's row, where they are not to be found out.
    folder : Path
        Where the copy is written.
    place : str
        How messages name the table, such as ``tables.cases``.

    Returns
    -------
    tuple of (Path, list of Message)
        The copy, and what to tell of it.

    Raises
    ------
    SourceError
        If the file is damaged or locked, has two columns of one name, or if nobody can tell which table is meant.
    """
    import pyarrow.parquet as pq

    found = read_table(path, place, sheet=source.sheet, header_row=source.header_row)
    target = folder / f"{len(list(folder.iterdir()))}-{path.stem}.parquet"
    pq.write_table(table_of(found, path, place), target)
    marks = marks_of(path, found.sheet.name, width=found.region.last_column + 1)
    return target, sheet_notes(place.removeprefix("tables."), path, found, marks)


def table_of(found: SheetTable, path: Path, place: str, /) -> pa.Table:
    """Return a spreadsheet's table, its unnamed columns called as pandas does, ``Unnamed: 3``.

    Raises
    ------
    SourceError
        If two of its columns have one name.
    """
    names = [name or unnamed(position) for position, name in enumerate(found.region.names, 1)]
    refuse_names(names, place, path)
    return arrow_table(found.sheet.rows, found.region, names, found.sheet.merged)
