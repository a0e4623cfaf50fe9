"""Find the tables in a grid of cells: header, records, and what stands around them (titles, totals, remarks).

Nothing is dropped in silence: each row of the grid is a header, a record, blank, or listed with the reason why not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from features.ingest.grids.cells import cell_name, is_blank, is_sum, shape, shown, written

__all__ = ["Range", "Region", "Skipped", "find_regions"]

Reason = Literal["title", "total", "remark", "repeated_header"]
Row = Sequence[Any]
Range = tuple[int, int, int, int]
"""First row, first column, last row, last column of a block of cells, from 0, all included."""

_MAX_HEADER_DEPTH = 40  # rows looked at for the header: exports put a screen of filters above it at most
_MAX_GROUP_ROWS = 3  # rows of headings above the header that merged cells may span
_MANY, _MIN_DIFFERENT = 8, 0.75  # of so many names some may be repeated, as Jira repeats its labels
_FULL = 0.8  # a header names nearly all columns; an index or a last remark may go without a name
_CONTINUED = 0.5  # a record fills at least this share of what the table's widest does
_MAX_FOOTER_ROWS = 20
_WIDE = 3  # columns from which a row of one text is no record
_MAX_PAIRS = 12  # lines such as "Period: March" that an export sets above or below its table


@dataclass(frozen=True)
class Skipped:
    """A row that is no record.

    Parameters
    ----------
    row : int
        From 0, in the grid.
    reason : {"title", "total", "remark", "repeated_header"}
    text : str
        What stands in it, shortened.
    """

    row: int
    reason: Reason
    text: str


@dataclass(frozen=True)
class Region:
    """A table within a grid.

    Parameters
    ----------
    header_row : int
        From 0.
    first_column, last_column : int
        From 0, both included.
    names : tuple of str
        Per column; empty where the header has none. Headings above the header are set before it.
    records : tuple of int
        Rows that are records, in order.
    skipped : tuple of Skipped
        Rows within the table's columns that are none.
    own_names : tuple of str
        Per column, its name without the headings above it.
    """

    header_row: int
    first_column: int
    last_column: int
    names: tuple[str, ...]
    records: tuple[int, ...]
    skipped: tuple[Skipped, ...]
    own_names: tuple[str, ...] = ()

    @property
    def cells(self) -> int:
        """How many cells its records have."""
        return len(self.records) * len(self.names)

    @property
    def place(self) -> str:
        """Where it stands, as spreadsheets write it."""
        last = self.records[-1] if self.records else self.header_row
        return f"{cell_name(self.header_row, self.first_column)}:{cell_name(last, self.last_column)}"


@dataclass(frozen=True)
class _Band:
    """Columns of a grid that may hold a table; ``filled``: those of each row with something in them."""

    grid: Sequence[Row]
    filled: Sequence[Sequence[int]]
    merged: Sequence[Range]
    first: int
    last: int

    def within(self, row: int, /) -> list[int]:
        """Return the filled columns of a row, as far as they are of the band."""
        return [place for place in self.filled[row] if self.first <= place <= self.last]

    def spread(self, row: int, merged: Sequence[Range] = (), /) -> list[Any]:
        """Return the cells of a row, those of merged blocks with the block's value."""
        cells = [
            self.grid[row][place] if place < len(self.grid[row]) else None for place in range(self.first, self.last + 1)
        ]
        for top, left, bottom, right in merged:
            if top <= row <= bottom and left <= self.last and right >= self.first and left < len(self.grid[top]):
                for place in range(max(left, self.first), min(right, self.last) + 1):
                    cells[place - self.first] = self.grid[top][left]
        return cells

    def skipped(self, row: int, reason: Reason, /) -> Skipped:
        """Return a row as one that is no record."""
        return Skipped(row, reason, shown(self.grid[row], self.first, self.last))


def find_regions(
    grid: Sequence[Row], merged: Sequence[Range] = (), /, *, header_row: int | None = None
) -> list[Region]:
    """Return the tables of a grid, the largest first.

    Parameters
    ----------
    grid : sequence of rows
        Each a sequence of cells of any length; None and blank texts are empty.
    merged : sequence of Range
        Blocks of cells that are shown as one, with the value of the first.
    header_row : int, optional
        The row, from 0, that has the columns' names; by default it is looked for.

    Returns
    -------
    list of Region
        Those with a header of two columns or more, or of one where the grid has no more, and at least one record.
    """
    filled = [[place for place, cell in enumerate(row) if not is_blank(cell)] for row in grid]
    if header_row is not None:
        if header_row >= len(grid) or not filled[header_row]:
            return []
        places = filled[header_row]
        region = _from_header(_Band(grid, filled, merged, min(places), max(places)), header_row, ())
        return [region] if region is not None else []
    found: list[Region] = []
    row = 0
    while row < len(grid):
        if not filled[row]:
            row += 1
            continue
        regions = list(_starting_at(_Band(grid, filled, merged, 0, 0), row))
        found += regions
        row = max([_block_end(filled, row), *map(_end, regions)]) + 1
    return sorted(_real(found, max(map(len, filled), default=0)), key=lambda region: -region.cells)


def _real(found: list[Region], widest: int, /) -> list[Region]:
    """Leave out what only looks like a table: one column beside wider ones, and pairs such as "Period: March"."""
    largest = max((region.cells for region in found), default=0)
    return [
        region
        for region in found
        if len(region.names) >= min(2, widest)
        and not (len(region.names) <= 2 and len(region.records) <= _MAX_PAIRS and region.cells * 3 < largest)
    ]


def _block_end(filled: Sequence[Sequence[int]], row: int, /) -> int:
    while row + 1 < len(filled) and filled[row + 1]:
        row += 1
    return row


def _end(region: Region, /) -> int:
    return max([region.header_row, *region.records, *(skipped.row for skipped in region.skipped)])


def _starting_at(whole: _Band, start: int, /) -> Iterator[Region]:
    """Yield the tables, side by side, of the block of rows that begins at a row."""
    stop = _block_end(whole.filled, start) + 1
    used = sorted({place for row in range(start, stop) for place in whole.filled[row]})
    for first, last in _runs(used):
        band = replace(whole, first=first, last=last)
        header = _header(band, range(start, min(stop, start + _MAX_HEADER_DEPTH)))
        if header is None:
            continue
        titles = tuple(band.skipped(row, "title") for row in range(start, header) if band.within(row))
        region = _from_header(band, header, titles)
        if region is not None:
            yield region


def _runs(places: Sequence[int], /) -> Iterator[tuple[int, int]]:
    """Yield the first and last of each run of neighbouring columns."""
    first = None
    for place, after in zip(places, [*places[1:], None], strict=True):
        first = place if first is None else first
        if after is None or after > place + 1:
            yield first, place
            first = None


def _header(band: _Band, rows: range, /) -> int | None:
    """Return the row of the names: the first of texts, most of them different, in nearly all columns of the rest."""
    counts = {row: len(band.within(row)) for row in rows}
    widest = max(counts.values(), default=0)
    for row in rows:
        cells = [cell for cell in band.spread(row, band.merged) if not is_blank(cell)]
        no_index = counts[row] == widest - 1 and band.first not in band.filled[row]
        is_wide = len(cells) >= min(2, widest) and (len(cells) >= _FULL * widest or no_index)
        texts = all(isinstance(cell, str) for cell in cells)
        differ = len({str(cell).strip().casefold() for cell in cells})
        if is_wide and texts and differ >= (_MIN_DIFFERENT * len(cells) if len(cells) >= _MANY else len(cells)):
            return row
    return None


def _from_header(band: _Band, header: int, titles: tuple[Skipped, ...], /) -> Region | None:
    """Return the table below a header, as far as its records go."""
    names, headings = _names(band, header, {skipped.row for skipped in titles})
    records, skipped = _records(band, header)
    if not records:
        return None
    titles = tuple(title for title in titles if title.row not in headings)
    own = tuple(map(written, band.spread(header)))
    return Region(header, band.first, band.last, names, tuple(records), (*titles, *skipped), own)


def _names(band: _Band, header: int, above: set[int], /) -> tuple[tuple[str, ...], set[int]]:
    """Return the columns' names, headings of merged cells set before them, and the rows of those headings."""
    parts = [[name] for name in map(written, band.spread(header, band.merged))]
    headings: set[int] = set()
    for row in range(header - 1, max(-1, header - 1 - _MAX_GROUP_ROWS), -1):
        groups = [
            (left, right)
            for top, left, bottom, right in band.merged
            if top <= row <= bottom
            and left >= band.first
            and right <= band.last
            and 0 < right - left < band.last - band.first
        ]
        if row not in above or not groups:
            break
        headings.add(row)
        for part, cell in zip(parts, band.spread(row, band.merged), strict=True):
            if written(cell) and written(cell) not in part:
                part.insert(0, written(cell))
    return tuple(" ".join(filter(None, part)) for part in parts), headings


def _records(band: _Band, header: int, /) -> tuple[list[int], list[Skipped]]:
    """Return the rows below a header that are records, and those that are none; a blank row may stand between them."""
    names = [written(cell) for cell in band.spread(header)]
    records: list[int] = []
    skipped: list[Skipped] = []
    wide = _modal_width(band, range(header + 1, len(band.grid)))
    after_blank = False
    for row in range(header + 1, len(band.grid)):
        places = band.within(row)
        if not places:
            after_blank = True
            continue
        first = band.grid[row][places[0]]
        if [written(cell) for cell in band.spread(row)] == names:
            skipped.append(band.skipped(row, "repeated_header"))
        elif is_sum(band.grid[row], places):
            skipped.append(band.skipped(row, "total"))
        elif after_blank and _begins_another(band, row, wide):
            break
        elif wide >= _WIDE and places == [band.first] and _is_remark(first, after_blank):
            skipped.append(band.skipped(row, "remark"))
        else:
            records.append(row)
        after_blank = False
    tail = _tail(band, records, wide)
    return records[: len(records) - len(tail)], sorted((*skipped, *tail), key=lambda one: one.row)


def _tail(band: _Band, records: list[int], wide: float, /) -> list[Skipped]:
    """Return remarks at the end: rows of one text where records have three values and more."""
    found: list[Skipped] = []
    for row in reversed(records[-_MAX_FOOTER_ROWS:]):
        first = band.grid[row][band.first] if band.within(row) == [band.first] else None
        if wide < _WIDE or not isinstance(first, str):
            break
        if row != records[0] and shape(first) == shape(band.grid[records[0]][band.first]):
            break  # an id with nothing beside it is a record
        found.append(band.skipped(row, "remark"))
    return found


def _modal_width(band: _Band, rows: range, /) -> float:
    """Return how many columns most records fill."""
    counts = Counter(len(band.within(row)) for row in rows[:2000])
    counts.pop(0, None)
    return counts.most_common(1)[0][0] if counts else 0


def _is_remark(cell: object, after_blank: bool, /) -> bool:
    return isinstance(cell, str) and (after_blank or len(cell.split()) > 3)


def _begins_another(band: _Band, row: int, wide: float, /) -> bool:
    """Whether what follows a blank row is another table: a row of texts alone where records have other cells."""
    if {band.first - 1, band.last + 1} & set(band.filled[row]):
        return True  # it reaches beyond the columns above
    places = band.within(row)
    if len(places) >= _CONTINUED * wide and not all(isinstance(band.grid[row][place], str) for place in places):
        return False
    if len(places) == 1:
        # one text is a remark, or the title of another table: what stands below it decides
        following = next((below for below in range(row + 1, len(band.grid)) if band.within(below)), None)
        return following is not None and len(band.within(following)) > 1
    return not _is_text_table(band, range(max(0, row - 6), row))


def _is_text_table(band: _Band, rows: range, /) -> bool:
    """Whether records above hold nothing but texts, so that a row of texts is nothing new."""
    seen = [band.grid[row][place] for row in rows for place in band.within(row)]
    return bool(seen) and all(isinstance(cell, str) for cell in seen)
