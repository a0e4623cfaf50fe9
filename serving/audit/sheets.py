"""Tables for auditors as CSV, in which no text is a formula."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from baton.characters import is_like_formula

__all__ = ["as_cell", "write_csv"]


def as_cell(value: Any, /) -> str:
    """Return a value as a cell; an apostrophe keeps spreadsheets from taking a text for a formula.

    Examples
    --------
    >>> as_cell("=1+1"), as_cell(-1.5), as_cell({"a": "理由"}), as_cell(None)
    ("'=1+1", '-1.5', '{"a": "理由"}', '')
    """
    if value is None or value != value:
        return ""
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds") + "Z"
    if isinstance(value, bool | int | float):
        return str(value)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
    return f"'{text}" if is_like_formula(text) else text


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, Any]], /) -> None:
    """Write a table as spreadsheets of every language open it: UTF-8 with its mark, commas, one line a row."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows([as_cell(row.get(column)) for column in columns] for row in rows)
