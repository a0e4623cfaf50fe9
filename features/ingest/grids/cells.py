"""What a cell of a grid holds, and how spreadsheets call it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

__all__ = [
    "cell_name",
    "column_letters",
    "is_blank",
    "is_figure",
    "is_sum",
    "is_total",
    "shape",
    "shown",
    "written",
]

_TOTAL = re.compile(
    r"((grand[ -]?|sub[ -]?|overall )?(total|totals|sum|subtotal)|合计|总计|小计|共计|總計|合計|小計|总和|"
    r"(zwischen|gesamt)?summe|gesamt|total g[eé]n[eé]ral|sous-total|totale|totaal|suma|总数)"
    r"(\s*[:：]?\s*[\d,.]+\s*(件|条|行|人|records|rows|cases|tickets)?)?",
    re.IGNORECASE,
)


def is_blank(cell: object, /) -> bool:
    """Whether nothing can be seen in a cell."""
    return cell is None or (isinstance(cell, str) and not cell.strip())


def is_total(text: str, /) -> bool:
    """Whether a text announces a sum of the rows above.

    Examples
    --------
    >>> is_total("Grand Total:"), is_total("合计：1,050件"), is_total("Total Care Ltd")
    (True, True, False)
    """
    return _TOTAL.fullmatch(text.strip().rstrip(":： ")) is not None


def is_sum(row: Sequence[Any], places: Sequence[int], /) -> bool:
    """Whether a row sums others: the first of its filled places announces it, and nothing but numbers follows."""
    first = row[places[0]]
    rest = [row[place] for place in places[1:]]
    return isinstance(first, str) and is_total(first) and all(is_figure(cell) for cell in rest)


def is_figure(cell: object, /) -> bool:
    """Whether a cell holds a number, also one that is stored as text."""
    if isinstance(cell, str):
        return re.fullmatch(r"[-+(]?[\d.,\s%:€$£¥)]+", cell.strip()) is not None
    return isinstance(cell, int | float)


def column_letters(column: int, /) -> str:
    """Return how spreadsheets call a column, from 0.

    Examples
    --------
    >>> column_letters(0), column_letters(25), column_letters(26)
    ('A', 'Z', 'AA')
    """
    letters, rest = "", column + 1
    while rest:
        rest, letter = divmod(rest - 1, 26)
        letters = chr(65 + letter) + letters
    return letters


def cell_name(row: int, column: int, /) -> str:
    """Return how spreadsheets call a cell, row and column from 0.

    Examples
    --------
    >>> cell_name(3, 1)
    'B4'
    """
    return f"{column_letters(column)}{row + 1}"


def written(cell: object, /) -> str:
    """Return a cell as the name of a column: one line, whole numbers without a point."""
    if is_blank(cell):
        return ""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return " ".join(str(cell).split())


def shown(row: Sequence[Any], first: int, last: int, /) -> str:
    """Return what stands in a row between two columns, both included, shortened."""
    words = " ".join(written(cell) for cell in row[first : last + 1] if not is_blank(cell))
    return words if len(words) <= 60 else words[:59] + "…"


def shape(cell: object, /) -> str:
    """Return how a text is made: runs of digits and of letters."""
    return re.sub(r"[^\W\d]+", "a", re.sub(r"\d+", "9", str(cell)))
