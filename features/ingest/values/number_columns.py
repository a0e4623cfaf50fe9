"""What a column as a whole shows of its numbers: the decimal mark, per file; whether a text column is one of numbers.

A value such as 1.250 reads both ways. The column's other values decide; else the file's other columns; else the same
column of the table's other files. Where nothing decides, 1.250 is one and a quarter and 1,250 is one thousand two
hundred and fifty, with a note, unless the file's semicolons contradict it: then ``decimal`` must be given.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from features.ingest.values.currency_signs import by_currency
from features.ingest.values.number_text import Decimal, NumberFormat

__all__ = ["Numbers", "decide_decimals", "decide_type"]

MAX_CONTRARY = 0.05  # a slip of the pen: so few values with the other mark are no evidence for it
MAX_BAD = 0.05  # a column with one word in twenty is still one of numbers; with more it is a category
MIN_FOR_ONE_BAD = 10  # among so many values one that is no number is a slip, whatever its share

_NUMERIC = ("small", "large", "code", "dot", "dot_three", "dot_round", "comma", "comma_three", "comma_round")


@dataclass(frozen=True)
class Numbers:
    """What one column's values in one file are as numbers.

    Parameters
    ----------
    present : int
    shapes : mapping of str to int
        As ``number_profile`` counts them.
    percent, bare : int
        Numbers with a percent sign; numbers but zero without one.
    currencies : mapping of str to int
        How many numbers have each sign or code of a currency.
    dressed : int
        Numbers with more than a leading sign, figures and marks.
    below : int
        Numbers below zero that say so by brackets or a minus behind.
    """

    present: int
    shapes: Mapping[str, int]
    percent: int = 0
    bare: int = 0
    currencies: Mapping[str, int] = field(default_factory=dict)
    dressed: int = 0
    below: int = 0

    @classmethod
    def of(cls, profile: Mapping[str, Any], /) -> Numbers:
        """Read what the engine has counted."""
        found = dict(profile.get("currencies") or {})
        counts = {name: profile.get(name, 0) for name in ("percent", "bare", "dressed", "below")}
        return cls(profile["present"], dict(profile["shapes"] or {}), currencies=found, **counts)

    def count(self, *shapes: str) -> int:
        """Return how many values have one of these shapes."""
        return sum(self.shapes.get(shape, 0) for shape in shapes)

    def readable(self, decimal: Decimal, unit_seconds: int, /) -> int:
        """Return how many values are numbers by a format."""
        marks = ("comma",) if decimal == "," else ("dot",)
        both = ("small", "large", "code", "dot_three", "dot_round", "comma_three", "comma_round")
        clocks = () if not unit_seconds else ("clock_three",) if unit_seconds == 60 else ("clock_three", "clock_two")
        if decimal in {"mixed", "unsure"}:
            marks = ("dot", "comma")
        return self.count(*marks, *both, *clocks)


def decide_decimals(
    files: Sequence[Mapping[str, Numbers]], given: str | None, semicolons: bool, /
) -> dict[str, tuple[tuple[Decimal, str], ...]]:
    """Decide each column's decimal mark in each file, and why.

    Parameters
    ----------
    files : sequence of mapping of str to Numbers
        Per file, its columns.
    given : str or None
        What the company file says.
    semicolons : bool
        Whether the file's values are set apart by semicolons, as where the comma is the decimal mark.

    Returns
    -------
    dict of str to tuple of (mark, reason)
        Per column, one per file. Reasons are ``given``, ``own``, ``siblings``, ``files``, ``default``, and empty where
        no value has a mark.
    """
    columns = list(dict.fromkeys(name for file in files for name in file))
    if given in {".", ","}:
        mark: Decimal = "." if given == "." else ","
        return {name: tuple((mark, "given") for _ in files) for name in columns}
    own = [{name: _own(numbers) for name, numbers in file.items()} for file in files]
    table = _agreed(mark for file in own for mark in file.values())
    decided: dict[str, tuple[tuple[Decimal, str], ...]] = {}
    for name in columns:
        found: list[tuple[Decimal, str]] = []
        elsewhere = _agreed(file.get(name) for file in own)
        for file, numbers in zip(own, files, strict=True):
            mark_or_none = file.get(name)
            if mark_or_none in {".", ",", "mixed"}:
                found.append((mark_or_none, "own"))  # type: ignore[arg-type]
            elif mark_or_none is None:
                found.append((".", ""))
            else:
                siblings = _agreed(file.values())
                found.append(_unsure(numbers[name], siblings, elsewhere or table, semicolons))
        decided[name] = tuple(found)
    return decided


def decide_type(files: Sequence[Numbers], marks: Sequence[Decimal], unit_seconds: int, /) -> tuple[bool, int]:
    """Return whether a text column is one of numbers, and how many of its values are none.

    Digits that look like ids (007, or more than a number can hold) make it text.
    """
    present = sum(numbers.present for numbers in files)
    readable = sum(numbers.readable(mark, unit_seconds) for numbers, mark in zip(files, marks, strict=True))
    bad = present - readable
    codes = sum(numbers.count("code") for numbers in files)
    few = bad <= MAX_BAD * present or (bad <= 1 and present >= MIN_FOR_ONE_BAD)
    return bool(readable) and few and not codes, bad


def number_format(files: Sequence[Numbers], decimal: Decimal, points: bool, unit_seconds: int, /) -> NumberFormat:
    """Return how a column's texts are read; durations only where most values are such."""
    clocks = sum(numbers.count("clock_three", "clock_two") for numbers in files)
    dressed = any(numbers.dressed for numbers in files)
    return NumberFormat(decimal, not points, unit_seconds if clocks else 0, is_dressed=dressed)


def half_percent(files: Sequence[Numbers], points: bool, /) -> bool:
    """Whether some values have a percent sign and others none, so that nobody knows what 9 is beside 12 %."""
    percent, bare = sum(numbers.percent for numbers in files), sum(numbers.bare for numbers in files)
    return bool(percent and bare) and not points


def column_currencies(files: Sequence[Numbers], /) -> dict[str, int]:
    """Return how many of a column's amounts name each currency."""
    signs = Counter[str]()
    for numbers in files:
        signs.update(numbers.currencies)
    return by_currency(signs)


def _own(numbers: Numbers, /) -> Decimal | None:
    """Return the marks that a column's own values show; None: none of them has a mark."""
    dot, comma = numbers.count("dot"), numbers.count("comma")
    if dot and comma:
        if min(dot, comma) > MAX_CONTRARY * (dot + comma):
            return "mixed"
        return "." if dot > comma else ","
    if dot or comma:
        return "." if dot else ","
    dots, commas = numbers.count("dot_three", "dot_round"), numbers.count("comma_three", "comma_round")
    if not dots and not commas:
        return None
    if dots and commas:
        return "mixed"
    # 1.250 beside 999: with three decimals it would be 999.000, as short as can be it would be 1.25
    if numbers.count("small") and not numbers.count("large") and numbers.count("dot_round", "comma_round"):
        return "," if dots else "."
    return "unsure"


def _unsure(
    numbers: Numbers, siblings: Decimal | None, others: Decimal | None, semicolons: bool, /
) -> tuple[Decimal, str]:
    marks_of = siblings or others
    if marks_of is not None:
        return marks_of, "siblings" if siblings else "files"
    return ("unsure", "unsure") if semicolons else (".", "default")


def _agreed(marks: Any, /) -> Decimal | None:
    """Return the mark on which all columns that show one agree."""
    counted = Counter(mark for mark in marks if mark in {".", ","})
    return next(iter(counted)) if len(counted) == 1 else None
