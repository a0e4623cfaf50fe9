"""Spreadsheets (.xlsx, .xls, .xlsb, .ods) as sources: the right sheet, the table on it, and its cells as they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from baton.errors import SourceError
from features.ingest.grids.regions import Range, Region, find_regions

__all__ = ["ENDINGS", "Sheet", "SheetTable", "is_spreadsheet", "read_table", "sheets_of"]

ENDINGS = (".xlsx", ".xlsm", ".xls", ".xlsb", ".ods")
_DOMINATES = 10
"""A table is taken without asking where it has this many times the cells of any other on the sheet."""


@dataclass(frozen=True)
class Sheet:
    """A sheet as it lies in its file.

    Parameters
    ----------
    rows : sequence of rows
        Cells from the sheet's first row and column on; empty ones are blank texts.
    merged : tuple of Range
        Cells shown as one; none where the format does not tell.
    """

    name: str
    is_hidden: bool
    rows: Sequence[Sequence[Any]]
    merged: tuple[Range, ...] = ()


@dataclass(frozen=True)
class SheetTable:
    """The table that was asked for.

    Parameters
    ----------
    others : tuple of str
        Other sheets with tables, and other tables of this sheet, as places.
    """

    sheet: Sheet
    region: Region
    others: tuple[str, ...] = ()


def is_spreadsheet(path: Path, /) -> bool:
    """Whether a file is read as a spreadsheet, by its name."""
    return path.suffix.lower() in ENDINGS


def sheets_of(path: Path, place: str, /, only: str | None = None) -> list[Sheet]:
    """Read a spreadsheet's sheets, hidden ones too.

    Parameters
    ----------
    place : str
        How messages name the file, such as ``tables.cases``.
    only : str, optional
        The one sheet that is wanted.

    Raises
    ------
    SourceError
        If the file is damaged, locked with a password, or has no such sheet.
    """
    import python_calamine as calamine

    try:
        with calamine.CalamineWorkbook.from_path(path) as book:
            known = [about for about in book.sheets_metadata if about.typ == calamine.SheetTypeEnum.WorkSheet]
            names = [about.name for about in known]
            if only is not None and only not in names:
                raise SourceError(f"{place}: {path} has no sheet {only!r}; it has {_listed(names)}")
            found = []
            for about in known:
                if only is None or about.name == only:
                    sheet = book.get_sheet_by_name(about.name)
                    merged = tuple((*start, *end) for start, end in sheet.merged_cell_ranges or ())
                    rows = sheet.to_python(skip_empty_area=False)
                    found.append(Sheet(about.name, about.visible != calamine.SheetVisibleEnum.Visible, rows, merged))
            return found
    except SourceError:
        raise
    except calamine.PasswordError:
        raise SourceError(f"{place}: {path} is locked with a password; save it without one") from None
    except (calamine.CalamineError, OSError, ValueError) as error:
        raise SourceError(f"{place}: {path} is no whole spreadsheet ({_one_line(error)}); save it again") from None


def read_table(path: Path, place: str, /, *, sheet: str | None = None, header_row: int | None = None) -> SheetTable:
    """Find the one table of a spreadsheet that a company means.

    Parameters
    ----------
    place : str
        How messages name the file, such as ``tables.cases``; its last word also tells which sheet is meant.
    header_row : int, optional
        The row, from 1 as the spreadsheet shows it, that has the columns' names.

    Raises
    ------
    SourceError
        If there is no table, or if nobody can tell which one is meant.
    """
    found = [
        SheetTable(one, region)
        for one in sheets_of(path, place, sheet)
        if sheet is not None or not one.is_hidden
        for region in find_regions(one.rows, one.merged, header_row=None if header_row is None else header_row - 1)
    ]
    if not found:
        where = f"no table with its columns' names in row {header_row}" if header_row else "no table that can be found"
        raise SourceError(
            f"{place}: {path} holds {where}; say where it is by sheet and header_row (the row of the columns' names)"
        )
    chosen = _on_one_sheet(found, path, place, place.rsplit(".", maxsplit=1)[-1])
    places = tuple(_place(other) for other in found if other is not chosen)
    return SheetTable(chosen.sheet, chosen.region, places)


def _on_one_sheet(found: list[SheetTable], path: Path, place: str, table: str, /) -> SheetTable:
    """Return the table that is meant: the sheet of the table's name, else the only one, else the one that dominates."""
    named = [one for one in found if one.sheet.name.strip().casefold() == table.casefold()]
    candidates = sorted(named or found, key=lambda one: -one.region.cells)
    sheets = dict.fromkeys(one.sheet.name for one in candidates)
    if len(sheets) > 1:
        raise SourceError(f'{place}: {path} has tables on the sheets {_listed(list(sheets))}; say which: sheet = "…"')
    if len(candidates) > 1 and candidates[0].region.cells < _DOMINATES * candidates[1].region.cells:
        places = ", ".join(map(_place, candidates))
        raise SourceError(
            f"{place}: {path} has {len(candidates)} tables on one sheet ({places}); say which by "
            f"header_row = {candidates[0].region.header_row + 1}, or give each a sheet of its own"
        )
    return candidates[0]


def _place(one: SheetTable, /) -> str:
    return f"{one.sheet.name}!{one.region.place}"


def _listed(names: Sequence[str], /) -> str:
    return ", ".join(map(repr, names[:8])) + (" …" if len(names) > 8 else "")


def _one_line(error: BaseException, /) -> str:
    return " ".join(str(error).split())[:120]
