"""Numbers that stand for no value: 999, 9999 … far beyond all others, or -1 where nothing else is below zero."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from baton.contract.sources import TableSpec
from baton.messages.message import Message
from features.ingest.profiling import in_batches
from features.ingest.sql_text import quoted
from features.ingest.values.casting import CastPlan
from features.ingest.values.rating_words import RATINGS

__all__ = ["numbers_for_none"]

_NO_RATING = (88.0, 98.0, 99.0)  # of questionnaires: no answer, do not know, refused
_NINES = tuple(float(10**digits - 1) for digits in range(3, 10))  # 999 to 999999999
_LARGEST = (2147483647.0, 4294967295.0, 9223372036854775807.0)  # the largest whole numbers that programs know
_BELOW_ZERO = (-1.0, -9.0, *(-float(10**digits - 1) for digits in range(2, 10)))
_SMALL = -10.0  # -1 and -9 are values where the others are as small: a mood of -1, 0 and 1
MIN_ROWS = 3  # the same number so often is no chance
MIN_OTHERS = 20  # of fewer nobody knows how far they reach
FAR = 10.0  # times the 99th percentile of the others: beyond it, nothing of their kind lies
NOTED = 2.0  # beyond so many times it, a note


@dataclass(frozen=True)
class _Others:
    """What a column holds beside the numbers in question: how many, the least, the largest, the 99th percentile."""

    count: int
    low: float
    high: float
    percentile: float


def numbers_for_none(
    rows: Callable[[str], list[tuple[Any, ...]]],
    relation: str,
    plans: Mapping[str, CastPlan],
    spec: TableSpec,
    /,
) -> tuple[dict[str, str], list[Message]]:
    """Find numbers that stand for none.

    Parameters
    ----------
    rows : callable
        Runs SQL and returns its rows.
    relation : str
        SQL that names the rows.
    plans : mapping of str to CastPlan
        Of the table's columns.
    spec : TableSpec
        Its contract: below a scale that begins at zero lie faults of their own, and -1 may be one item given back.

    Returns
    -------
    dict of str to str, list of Message
        Per column with such numbers, SQL that is true of them; and per column where they may be such, a note.
    """
    asked = [
        name
        for name, plan in plans.items()
        if plan.type in {"number", "integer"} and plan.raw_type != "BOOLEAN" and not plan.doubt
    ]
    tests: dict[str, str] = {}
    notes: list[Message] = []
    for name, counts in _candidates(rows, relation, asked).items():
        contract = spec.column(name)
        if contract is not None and contract.low is not None:
            counts = {number: count for number, count in counts.items() if number > 0}
        if contract is None or name not in RATINGS.get(spec.name, ()):
            counts = {number: count for number, count in counts.items() if number not in _NO_RATING}
        others = _others(rows, relation, name, counts) if counts else None
        if others is None or others.count < MIN_OTHERS:
            continue
        sure = [number for number in counts if _is_none(number, others, contract is None)]
        if sure:
            tests[name] = f"{quoted(name)} IN ({', '.join(f'{number:.0f}' for number in sure)})"
        notes += [
            Message(
                "note.may_be_none",
                {
                    "column": f"{spec.name}.{name}",
                    "number": f"{number:.0f}",
                    "n": counts[number],
                    "low": f"{others.low:g}",
                    "high": f"{others.high:g}",
                },
            )
            for number in counts
            if number not in sure and _may_be_none(number, others)
        ]
    return tests, notes


def _is_none(number: float, others: _Others, own: bool, /) -> bool:
    if number > 0:
        return others.percentile > 0 and number > FAR * others.percentile and number > others.high
    return others.low >= 0 and (number < _SMALL or (own and others.high >= -_SMALL))


def _may_be_none(number: float, others: _Others, /) -> bool:
    if number > 0:
        return number > max(others.high, NOTED * others.percentile)
    return others.low >= 0 and others.high >= -_SMALL


def _candidates(
    rows: Callable[[str], list[tuple[Any, ...]]], relation: str, names: Sequence[str], /
) -> dict[str, dict[float, int]]:
    """Return, per column, the numbers in question that stand in several rows; most columns reach none of them."""
    reaching: list[str] = []
    for part in in_batches(names):
        listed = ", ".join(f"min({quoted(name)}) < 0 OR max({quoted(name)}) >= {_NO_RATING[0]}" for name in part)
        reaching += [name for name, far in zip(part, rows(f"SELECT {listed} FROM {relation}")[0], strict=True) if far]
    every = ", ".join(f"{number:.0f}" for number in (*_NO_RATING, *_NINES, *_LARGEST, *_BELOW_ZERO))
    found: dict[str, dict[float, int]] = {}
    for part in in_batches(reaching):
        listed = ", ".join(
            f"histogram({quoted(name)}::DOUBLE) FILTER ({quoted(name)}::DOUBLE IN ({every}))" for name in part
        )
        for name, counts in zip(part, rows(f"SELECT {listed} FROM {relation}")[0], strict=True):
            several = {number: count for number, count in (counts or {}).items() if count >= MIN_ROWS}
            if several:
                found[name] = several
    return found


def _others(
    rows: Callable[[str], list[tuple[Any, ...]]], relation: str, name: str, numbers: Collection[float], /
) -> _Others | None:
    column = f"{quoted(name)}::DOUBLE"
    listed = ", ".join(f"{number:.0f}" for number in numbers)
    count, low, high, percentile = rows(
        f"SELECT count(v), min(v), max(v), quantile_cont(abs(v), 0.99) FROM "
        f"(SELECT {column} AS v FROM {relation} WHERE isfinite({column}) AND {column} NOT IN ({listed}))"
    )[0]
    return _Others(count, low, high, percentile) if count else None
