"""A workbook as people want it: headings that stay, filters, widths, a page set up for printing; and no formula."""

from __future__ import annotations

import tempfile
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from baton.characters import is_like_formula
from baton.errors import OutputError
from baton.files import new_file
from baton.sheets.cells import Cell, Formatted, clean_text, sheet_name

__all__ = ["MAX_ROWS", "Book", "Column", "opened"]

MAX_ROWS = 1_048_576  # of a sheet of Excel, the heading among them

_ENDING = ".xlsx"
_FIRST_DAY = datetime(1900, 3, 1)  # Excel miscounts the days before
_MEASURED_ROWS = 500  # whose texts a column's width is taken from; more would not change it much
_MIN_WIDTH, _MAX_WIDTH, _MAX_HEADING_WIDTH = 9, 60, 22  # letters
_OPTIONS = {
    "constant_memory": True,  # row by row, whatever their number
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "use_zip64": True,
    "default_format_properties": {"font_name": "Calibri", "font_size": 11, "valign": "top"},
}


@dataclass(frozen=True)
class Column:
    """A column of a sheet.

    Parameters
    ----------
    heading : tuple of str
        In each language, one below the other.
    format : str
        A number format.
    """

    heading: tuple[str, ...]
    format: str = ""


class Book:
    """A workbook being written, sheet after sheet.

    Parameters
    ----------
    workbook : xlsxwriter.Workbook
    shortened : str
        What stands at the end of texts that are too long for a cell.
    """

    def __init__(self, workbook: Any, shortened: str = "…") -> None:
        self._book = workbook
        self._shortened = shortened
        self._formats: dict[tuple[tuple[str, object], ...], Any] = {}
        self._taken: set[str] = set()

    def table(self, title: str, columns: Sequence[Column], rows: Iterable[Sequence[Cell]], /) -> tuple[str, ...]:
        """Write a table, over several sheets where one is too short for it.

        Parameters
        ----------
        title : str
            Of the sheet; what Excel forbids in it is left out.
        columns : sequence of Column
        rows : iterable of sequence of Cell
            One value per column; None is left blank.

        Returns
        -------
        tuple of str
            Names of the sheets.
        """
        names: list[str] = []
        sheet: Any = None
        widths, at = [0] * len(columns), 0
        for row in rows:
            if sheet is None or at == MAX_ROWS:
                if sheet is not None:
                    self._finish(sheet, columns, widths, at)
                sheet, at = self._begin(title, columns, names), 1
            for place, cell in enumerate(row):
                self._write(sheet, at, place, cell, columns[place].format)
                if at <= _MEASURED_ROWS:
                    widths[place] = max(widths[place], _width(cell))
            at += 1
        if sheet is None:
            sheet, at = self._begin(title, columns, names), 1
        self._finish(sheet, columns, widths, at)
        return tuple(names)

    def page(self, title: str, lines: Sequence[tuple[str, Sequence[Cell]]], widths: Sequence[int], /) -> str:
        """Write a page of texts and return its sheet's name.

        Parameters
        ----------
        title : str
        lines : sequence of (style, cells)
            The style is ``title``, ``section`` or empty.
        widths : sequence of int
            Of its columns, in letters.
        """
        name = sheet_name(title, self._taken)
        sheet = self._book.add_worksheet(name)
        bold: dict[str, dict[str, object]] = {
            "title": {"bold": True, "font_size": 16},
            "section": {"bold": True, "top": 1},
        }
        for at, (style, cells) in enumerate(lines):
            for place, cell in enumerate(cells):
                # a title runs over the columns beside it
                shape: dict[str, object] = {**bold.get(style, {}), "text_wrap": style != "title"}
                self._write(sheet, at, place, cell, "", shape)
        for place, width in enumerate(widths):
            sheet.set_column(place, place, width)
        sheet.hide_gridlines(2)
        _set_up_page(sheet)
        return name

    def _begin(self, title: str, columns: Sequence[Column], names: list[str], /) -> Any:
        name = sheet_name(title, self._taken, len(names) + 1)
        names.append(name)
        sheet = self._book.add_worksheet(name)
        lines = max((_heading_lines(column) for column in columns), default=1)
        sheet.set_row(0, 15 * lines + 3)
        style = {"bold": True, "text_wrap": True, "bg_color": "#E8EEF4", "bottom": 1}
        for place, column in enumerate(columns):
            self._write(sheet, 0, place, "\n".join(column.heading), "", style)
        return sheet

    def _finish(self, sheet: Any, columns: Sequence[Column], widths: Sequence[int], rows: int, /) -> None:
        for place, column in enumerate(columns):
            heading = min(max(map(_letters, column.heading)), _MAX_HEADING_WIDTH)
            sheet.set_column(place, place, min(max(widths[place], heading, _MIN_WIDTH) + 2, _MAX_WIDTH))
        sheet.freeze_panes(1, 1)
        sheet.autofilter(0, 0, rows - 1, len(columns) - 1)
        sheet.repeat_rows(0)
        _set_up_page(sheet)

    def _write(
        self, sheet: Any, row: int, place: int, cell: Cell, form: str, style: dict[str, object] | None = None
    ) -> None:
        properties = dict(style or {})
        if cell is None or cell == "":
            return
        if isinstance(cell, datetime):
            if cell < _FIRST_DAY:
                cell = cell.isoformat(sep=" ")
            else:
                sheet.write_datetime(row, place, cell, self._format(properties | {"num_format": form or "yyyy-mm-dd"}))
                return
        if isinstance(cell, str):
            text = clean_text(cell, self._shortened)
            properties |= {"text_wrap": True} if style is None and (_letters(text) > _MAX_WIDTH or "\n" in text) else {}
            properties |= {"quote_prefix": True} if is_like_formula(text) else {}
            sheet.write_string(row, place, text, self._format(properties))
            return
        value, form = (cell.value, cell.format) if isinstance(cell, Formatted) else (cell, form)
        sheet.write_number(row, place, value, self._format(properties | ({"num_format": form} if form else {})))

    def _format(self, properties: dict[str, object], /) -> Any:
        key = tuple(sorted(properties.items()))
        if key not in self._formats:
            self._formats[key] = self._book.add_format(properties)
        return self._formats[key]


@contextmanager
def opened(path: Path, /, title: str, *, shortened: str = "…", overwrite: bool = False) -> Iterator[Book]:
    """Open a new workbook, there whole or not at all, and readable by its owner alone.

    Parameters
    ----------
    path : Path
        Ends with ``.xlsx``.
    title : str
        Of the document.
    shortened : str
        What stands at the end of texts that are too long for a cell.
    overwrite : bool
        Whether it may take the place of a file that is there.

    Raises
    ------
    OutputError
        If the file is there already, its name does not end so, or it cannot be written.
    """
    if path.suffix.lower() != _ENDING:
        raise OutputError(f"{path}: a workbook's name ends with {_ENDING}; write {path.with_suffix(_ENDING).name}")
    import xlsxwriter
    from xlsxwriter.exceptions import FileCreateError

    with (
        new_file(path, overwrite=overwrite) as temporary,
        tempfile.TemporaryDirectory(prefix="baton-", ignore_cleanup_errors=True) as scratch,
    ):
        workbook = xlsxwriter.Workbook(str(temporary), _OPTIONS | {"tmpdir": scratch})
        workbook.set_properties({"title": clean_text(title), "author": "Baton"})
        yield Book(workbook, shortened)
        try:
            workbook.close()
        except FileCreateError as error:
            raise error.args[0] from error  # xlsxwriter's own error hides that of the system


def _set_up_page(sheet: Any, /) -> None:
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.fit_to_pages(1, 0)
    sheet.set_footer("&L&A&R&P / &N")


def _heading_lines(column: Column, /) -> int:
    return sum(-(-_letters(text) // (_MAX_HEADING_WIDTH - 1)) for text in column.heading)


def _width(cell: Cell, /) -> int:
    """Return about how many letters wide a cell is shown."""
    if isinstance(cell, str):
        return max(map(_letters, cell.split("\n")), default=0)
    return 0 if cell is None else 10


def _letters(text: str, /) -> int:
    """Return a text's width; Chinese characters are two letters wide."""
    return len(text) if text.isascii() else sum(1 + (unicodedata.east_asian_width(one) in "WF") for one in text)
