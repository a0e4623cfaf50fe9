"""What is reported of rows, cells and sheets that are no part of a table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from baton.messages.message import Message
from features.ingest.grids.cells import is_blank
from features.ingest.grids.marks import Marks
from features.ingest.grids.regions import Region, Skipped
from features.ingest.grids.spreadsheets import Sheet, SheetTable

__all__ = ["lines_note", "sheet_notes"]

_SHOWN = 3
_REASONS = {
    "title": "note.rows_title",
    "total": "note.rows_total",
    "remark": "note.rows_remark",
    "repeated_header": "note.rows_repeated_header",
}


def lines_note(name: str, path: Path, skipped: Sequence[Skipped], /) -> list[Message]:
    """Return a sentence about lines of a CSV that are no records; none where there are none.

    Parameters
    ----------
    name : str
        The table's.
    """
    if not skipped:
        return []
    return [Message("note.lines_left_out", {"table": name, "file": path.name, "rows": _reasons(skipped)})]


def sheet_notes(name: str, path: Path, found: SheetTable, marks: Marks, /) -> list[Message]:
    """Return sentences about what a spreadsheet holds beside the records of its table.

    Parameters
    ----------
    name : str
        The table's.
    marks : Marks
        Errors, hidden rows and hidden columns of the sheet.
    """
    sheet, region = found.sheet, found.region
    place = {"table": name, "file": path.name, "sheet": repr(sheet.name)}
    notes = [Message("note.sheet_read", {**place, "cells": region.place})]
    if region.skipped:
        notes.append(Message("note.sheet_rows_left_out", {**place, "rows": _reasons(region.skipped)}))
    beside = _beside(sheet, region)
    if beside:
        notes.append(Message("note.sheet_beside", {**place, "n": beside}))
    if found.others:
        others = {"table": name, "file": path.name, "places": found.others[:_SHOWN]}
        notes.append(Message("note.sheet_others", others))
    if marks.errors:
        notes.append(Message("note.sheet_errors", {**place, "n": marks.errors}))
    if marks.hidden_rows or marks.hidden_columns:
        hidden = {"rows": marks.hidden_rows, "columns": marks.hidden_columns}
        notes.append(Message("note.sheet_hidden", {**place, **hidden}))
    return notes


def _reasons(skipped: Sequence[Skipped], /) -> tuple[Message, ...]:
    parts = []
    for reason, key in _REASONS.items():
        texts = [repr(row.text) for row in skipped if row.reason == reason]
        if texts:
            shown = [*texts[:_SHOWN], *(["…"] if len(texts) > _SHOWN else [])]
            parts.append(Message(key, {"n": len(texts), "texts": tuple(shown)}))
    return tuple(parts)


def _beside(sheet: Sheet, region: Region, /) -> int:
    """Return how many filled cells belong to no row or column of the table."""
    rows = {region.header_row, *region.records, *(skipped.row for skipped in region.skipped)}
    count = 0
    for row, cells in enumerate(sheet.rows):
        if row in rows:
            cells = [*cells[: region.first_column], *cells[region.last_column + 1 :]]
        count += sum(not is_blank(cell) for cell in cells)
    return count
