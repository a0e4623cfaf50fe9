"""A spreadsheet's table as a Parquet copy that an engine reads, and notes of what was passed over."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from baton.contract.sources import TABLES
from baton.messages.message import Message
from baton.table_source import TableSource
from features.ingest.column_names import numbered, refuse_repeated, unnamed
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
        If the file is damaged or locked, if it has a column of the contract twice, or nobody can tell which table is
        meant.
    """
    import pyarrow.parquet as pq

    found = read_table(path, place, sheet=source.sheet, header_row=source.header_row)
    target = folder / f"{len(list(folder.iterdir()))}-{path.stem}.parquet"
    pq.write_table(table_of(found), target)
    name = place.removeprefix("tables.")
    notes = sheet_notes(name, path, found, marks_of(path, found.sheet.name, width=found.region.last_column + 1))
    _, repeated = numbered([name for name in found.region.names if name])
    spec = TABLES.get(name) if source.sql is None else None
    refuse_repeated([one for one in repeated if one.casefold() not in source.columns], spec, path)
    if repeated:
        notes.append(Message("note.repeated", {"table": name, "file": path.name, "columns": repeated}))
    return target, notes


def table_of(found: SheetTable, /) -> pa.Table:
    """Return a spreadsheet's table, unnamed columns called as pandas does, ``Unnamed: 3``, repeated ones numbered."""
    names, _ = numbered([name or unnamed(position) for position, name in enumerate(found.region.names, 1)])
    return arrow_table(found.sheet.rows, found.region, names, found.sheet.merged)
