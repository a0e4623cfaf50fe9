"""A spreadsheet's columns as Arrow columns: numbers, times and flags where all cells are such, else text."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from features.ingest.grids.cells import is_blank
from features.ingest.grids.regions import Range, Region

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["arrow_table", "cell_text"]


def arrow_table(
    rows: Sequence[Sequence[Any]], region: Region, names: Sequence[str], merged: Sequence[Range] = (), /
) -> pa.Table:
    """Return the records of a table on a sheet.

    Parameters
    ----------
    rows : sequence of rows
        The sheet's cells.
    region : Region
        Where the table stands.
    names : sequence of str
        What its columns are called.
    merged : sequence of Range
        Cells shown as one: each row of such a block has its value.

    Returns
    -------
    pyarrow Table
        One row a record. A column is whole numbers, numbers, times without zone or flags where all of its cells are;
        clocks and durations become text (``h:mm:ss``), as does a column of several kinds.
    """
    import pyarrow as pa

    shown = _shown(rows, region, merged)
    columns = [
        _column([shown.get((row, place), _cell(rows[row], place)) for row in region.records])
        for place in range(region.first_column, region.last_column + 1)
    ]
    return pa.table(columns, names=list(names))


def _shown(rows: Sequence[Sequence[Any]], region: Region, merged: Sequence[Range], /) -> dict[tuple[int, int], Any]:
    """Return what merged blocks below the header show in each of their cells, by row and column."""
    return {
        (row, place): _cell(rows[top], left)
        for top, left, bottom, right in merged
        if top > region.header_row
        for row in range(top, min(bottom, len(rows) - 1) + 1)
        for place in range(left, right + 1)
    }


def _cell(row: Sequence[Any], place: int, /) -> Any:
    cell = row[place] if place < len(row) else None
    return None if is_blank(cell) else cell


def _column(cells: list[Any], /) -> pa.Array:
    import pyarrow as pa

    kinds = {type(cell) for cell in cells if cell is not None}
    if kinds and kinds <= {bool}:
        return pa.array(cells, pa.bool_())
    if kinds and kinds <= {int, float}:
        if all(cell is None or (float(cell).is_integer() and abs(cell) < 2**53) for cell in cells):
            return pa.array([None if cell is None else int(cell) for cell in cells], pa.int64())
        return pa.array(cells, pa.float64())
    if kinds and kinds <= {dt.datetime, dt.date}:
        return pa.array([_moment(cell) for cell in cells], pa.timestamp("us"))
    return pa.array([None if cell is None else cell_text(cell) for cell in cells], pa.string())


def _moment(cell: dt.date | None, /) -> dt.datetime | None:
    if cell is None or isinstance(cell, dt.datetime):
        return cell
    return dt.datetime(cell.year, cell.month, cell.day)


def cell_text(cell: object, /) -> str:
    """Return a cell as text, as an export to CSV would have it.

    Examples
    --------
    >>> import datetime as dt
    >>> cell_text(7.0), cell_text(dt.date(2025, 3, 4)), cell_text(dt.timedelta(hours=30)), cell_text(True)
    ('7', '2025-03-04', '30:00:00', 'TRUE')
    """
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 2**53 else repr(cell)
    if isinstance(cell, dt.timedelta):
        seconds = round(cell.total_seconds())
        sign, seconds = ("-", -seconds) if seconds < 0 else ("", seconds)
        return f"{sign}{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    if isinstance(cell, dt.datetime):
        return cell.isoformat(sep=" ")
    if isinstance(cell, dt.time):
        return cell.strftime("%H:%M:%S")
    return str(cell).strip()
