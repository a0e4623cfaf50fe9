"""One row of an event, read by the contract: what cannot be is refused, what may not be kept is left out."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from baton.contract.sources import TABLES, ColumnSpec
from baton.errors import RequestError
from baton.nearest import did_you_mean
from serving.answering.payloads import Id

__all__ = ["EVENT_TABLES", "KEYS", "CheckedRow", "EventTable", "checked_row", "read_time"]

EVENT_TABLES = ("cases", "case_steps", "activity", "customers")
"""Tables whose rows come as events; the others change by the night, and come with the next run."""

KEYS = {"cases": "case_id", "customers": "customer_id"}
"""Tables of which an event may change a row that is there, with the column that says which."""

_PLANNED = ("due_at",)
_ORDER = (
    ("opened_at", "responded_at"),
    ("opened_at", "closed_at"),
    ("opened_at", "rated_at"),
    ("joined_at", "left_at"),
)
_CLOCKS_DIFFER = timedelta(minutes=5)  # by so much a sender's clock may be ahead
_EARLIEST, _LATEST = datetime(1900, 1, 1), datetime(2100, 1, 1)
_LARGEST = 1e15  # beyond, sums lose whole units
_MAX_EXACT = 2**53
_LONGEST = 500
_BLANKS = " \t\r\n\u00a0\u3000"


@dataclass(frozen=True)
class EventTable:
    """A table that events are for, as the run has it.

    Parameters
    ----------
    name : str
    present : frozenset of str
        Columns that its source has.
    numbers : frozenset of str
        The users' own columns of numbers.
    scales : mapping of str to (low, high) or None
        The scales of its ratings.
    knows_employee : callable or None
        Whether the run knows a pseudonym; None where employees' ids are no pseudonyms.
    """

    name: str
    present: frozenset[str]
    numbers: frozenset[str] = frozenset()
    scales: Mapping[str, tuple[float, float] | None] = field(default_factory=dict)
    knows_employee: Callable[[str], bool] | None = None


@dataclass(frozen=True)
class CheckedRow:
    """A row that may be kept.

    Parameters
    ----------
    row : dict
        By column: texts, numbers, flags; times as ISO 8601, UTC without zone.
    left_out : dict of str to str
        Columns that are not kept, and why.
    last_at : datetime or None
        The latest time that it speaks of.
    """

    row: dict[str, Any]
    left_out: dict[str, str]
    last_at: datetime | None


def checked_row(table: EventTable, sent: Mapping[str, Any], now: datetime, /) -> CheckedRow:
    """Read a row by the contract.

    Raises
    ------
    RequestError
        With the column as its field, if the row does not fit.
    """
    row: dict[str, Any] = {}
    left_out: dict[str, str] = {}
    for name, value in sent.items():
        spec = _spec(table, name)
        why = _why_left_out(table, name, value)
        if why:
            left_out[name] = why
            continue
        row[name] = _value(table, spec, value, now)
    _require_order(row)
    _require_key(table, row)
    times = [datetime.fromisoformat(row[name]) for name in row if _is_past(table, name) and row[name] is not None]
    return CheckedRow(row, left_out, max(times, default=None))


def _spec(table: EventTable, name: str, /) -> ColumnSpec:
    found = TABLES[table.name].column(name)
    if found is not None:
        return found
    if name in table.numbers:
        return ColumnSpec(name, "number")
    if name in table.present:
        return ColumnSpec(name, "text")
    known = [*TABLES[table.name].names, *table.present]
    raise RequestError(f"the table {table.name} has no such column{did_you_mean(name, known)}", name)


def _why_left_out(table: EventTable, name: str, value: Any, /) -> str:
    """Return why a column is not kept; empty where it is."""
    if name not in table.present and name not in TABLES[table.name].required:
        return "the run's table has no such column"
    if table.name == "cases" and name == "text":
        return "what customers write is not kept; its cause counts from the next run on"
    if TABLES[table.name].column(name) is None and name not in table.numbers:
        return "a text of your own column may name somebody; it counts from the next run on"
    if name == "employee_id" and value is not None and table.knows_employee is not None:
        known = isinstance(value, str) and table.knows_employee(value)
        return "" if known else "no pseudonym of the run, and other ids of employees are not kept"
    return ""


def _value(table: EventTable, spec: ColumnSpec, value: Any, now: datetime, /) -> Any:
    if value is None:
        if spec.required:
            raise RequestError("is needed and cannot be emptied", spec.name)
        return None
    if spec.type == "id":
        return _id(spec.name, value)
    if spec.type == "text":
        return _text(spec.name, value)
    if spec.type == "flag":
        if not isinstance(value, bool):
            raise RequestError("true or false is needed", spec.name)
        return value
    if spec.type == "time":
        moment = read_time(value, spec.name)
        if spec.name not in _PLANNED and moment > now + _CLOCKS_DIFFER:
            raise RequestError("lies in the future; send it when it has happened", spec.name)
        return moment.isoformat()
    return _number(spec, _scale(table, spec), value)


def _id(name: str, value: Any, /) -> str:
    from pydantic import TypeAdapter, ValidationError

    try:
        return TypeAdapter(Id).validate_python(value)
    except ValidationError as error:
        raise RequestError(error.errors(include_url=False)[0]["msg"].removeprefix("Value error, "), name) from None


def _text(name: str, value: Any, /) -> str:
    text = value.strip(_BLANKS) if isinstance(value, str) else ""
    if not text:
        raise RequestError("a text is needed; null where it is unknown", name)
    if len(text) > _LONGEST:
        raise RequestError(f"is longer than {_LONGEST} characters", name)
    return text


def read_time(value: Any, name: str, /) -> datetime:
    """Read a time with its zone.

    Returns
    -------
    datetime
        UTC without zone, in microseconds.

    Raises
    ------
    RequestError
        If it is no time, has no zone, or lies outside 1900 to 2100.

    Examples
    --------
    >>> read_time("2026-07-01T09:12:00+02:00", "opened_at")
    datetime.datetime(2026, 7, 1, 7, 12)
    """
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
        if found is not None and found.tzinfo is not None:
            found = found.astimezone(UTC).replace(tzinfo=None)
            if _EARLIEST <= found < _LATEST:
                return found
    except (ValueError, OverflowError):
        pass
    raise RequestError("a time with its zone is needed, such as 2026-07-01T09:12:00+02:00", name)


def _scale(table: EventTable, spec: ColumnSpec, /) -> tuple[float | None, float | None]:
    known = table.scales.get(spec.name)
    return (spec.low, spec.high) if known is None else known


def _number(spec: ColumnSpec, scale: tuple[float | None, float | None], value: Any, /) -> float | int:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise RequestError("a number is needed", spec.name)
    if spec.type == "integer" and (value != int(value) or abs(value) > _MAX_EXACT):
        raise RequestError("a whole number is needed", spec.name)
    if abs(value) > _LARGEST:
        raise RequestError(f"is larger than {_LARGEST:g}", spec.name)
    low, high = scale
    if (low is not None and value < low) or (high is not None and value > high):
        bounds = f"below {low:g}" if high is None else f"outside {'' if low is None else f'{low:g}'} to {high:g}"
        raise RequestError(f"is {bounds}", spec.name)
    return int(value) if spec.type == "integer" else float(value)


def _require_order(row: Mapping[str, Any], /) -> None:
    for earlier, later in _ORDER:
        first, second = row.get(earlier), row.get(later)
        if first is not None and second is not None and datetime.fromisoformat(second) < datetime.fromisoformat(first):
            raise RequestError(f"lies before {earlier}", later)


def _require_key(table: EventTable, row: Mapping[str, Any], /) -> None:
    key = KEYS.get(table.name)
    needed = TABLES[table.name].required if key is None else (key,)
    if table.name == "customers" and "valid_from" in table.present:
        needed = (*needed, "valid_from")
    for name in needed:
        if row.get(name) is None:
            raise RequestError(f"is needed in a row of {table.name}", name)


def _is_past(table: EventTable, name: str, /) -> bool:
    spec = TABLES[table.name].column(name)
    return spec is not None and spec.type == "time" and name not in _PLANNED
