"""What may stand in a cell: texts that no spreadsheet takes for a formula, numbers, days."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import datetime

__all__ = ["MAX_TEXT", "Cell", "Formatted", "clean_text", "known_number", "sheet_name"]

MAX_TEXT = 32_767  # UTF-16 units that Excel keeps in a cell

_MAX_SHEET_NAME = 31  # what Excel allows
# what XML cannot carry, or Excel shows as a box; line ends stay
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_FORBIDDEN_IN_NAMES = re.compile(r"[\[\]:*?/\\]")


@dataclass(frozen=True)
class Formatted:
    """A number with a format of its own, where the rows of a column differ."""

    value: float
    format: str


Cell = str | float | int | datetime | Formatted | None


def clean_text(text: str, shortened: str = "…", /) -> str:
    r"""Return a text as a cell can hold it.

    Parameters
    ----------
    text : str
    shortened : str
        What stands at the end of a text that is too long for a cell.

    Examples
    --------
    >>> clean_text("a\x00b\r\nc\td"), len(clean_text("😀" * 20_000))
    ('ab\nc d', 16384)
    """
    text = _CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " "))
    units = len(text.encode("utf-16-le")) // 2
    if units <= MAX_TEXT:
        return text
    room = MAX_TEXT - len(shortened.encode("utf-16-le")) // 2
    # a character of two units that is cut in half is left out
    return text.encode("utf-16-le")[: 2 * room].decode("utf-16-le", "ignore") + shortened


def known_number(value: object, /) -> float | int | None:
    """Return a number, or None for what is none, not known, or infinite."""
    if value is None or isinstance(value, str):
        return None
    number = value if isinstance(value, int) else float(value)  # type: ignore[arg-type]
    return number if math.isfinite(number) else None


def sheet_name(title: str, taken: set[str], part: int = 1, /) -> str:
    """Return a name that Excel accepts for a sheet and that no other one has, and remember it.

    Parameters
    ----------
    title : str
    taken : set of str
        Names in use, in small letters; the new one is added.
    part : int
        From 1, where a table goes over several sheets.

    Examples
    --------
    >>> sheet_name("Causes: 2024/25 [all]", set()), sheet_name("weights", {"weights"})
    ('Causes  2024 25  all', 'weights (2)')
    """
    plain = _FORBIDDEN_IN_NAMES.sub(" ", clean_text(title)).replace("\n", " ").strip(" '") or "Sheet"
    while True:
        end = "" if part == 1 else f" ({part})"
        name = plain[: _MAX_SHEET_NAME - len(end)].strip(" '") + end
        if name.lower() not in taken and name.lower() != "history":  # a name that Excel keeps for itself
            taken.add(name.lower())
            return name
        part += 1
