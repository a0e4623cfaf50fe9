"""What a column as a whole shows: day or month first, decimal comma, dates without a time, texts that are numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from baton.contract.sources import TableSpec
from baton.messages.message import Message
from features.ingest.sql_text import literal, quoted, struct
from features.ingest.values.casting import WITH_ZONE, CastPlan, DateOrder, is_numeric
from features.ingest.values.number_text import first_look
from features.ingest.values.time_text import (
    digit_kind,
    digits_sql,
    is_absolute_iso,
    is_digits,
    is_local_iso,
    written_clock,
)

__all__ = ["iso_profile_sql", "may_be_number", "profile_sql", "read_times", "summed"]

Profiles = Mapping[str, Mapping[str, Any]]

_DIGIT_KINDS = {
    "days": "note.spreadsheet_days",
    "seconds": "note.since_seconds",
    "milliseconds": "note.since_milliseconds",
    "microseconds": "note.since_microseconds",
    "nanoseconds": "note.since_nanoseconds",
}
_NUMERIC_DATE = r"^(\d{1,2})[-/.](\d{1,2})[-/.](\d{4}|\d{2})($|[ T])"
_MIDNIGHT = r"(^|[ T])0?0:00(:00([.,]0+)?)?( ?(Z|UTC|GMT|[+-]\d{2}(:?\d{2})?))?$"


def iso_profile_sql(plan: CastPlan, /) -> str:
    """Return the same of times as if all were ISO's, how many of them are ``local``, and how many are ``other``."""
    value = quoted(plan.column)
    clocked = f"contains({value}, ':') AND NOT regexp_matches({value}, {literal(_MIDNIGHT)})"
    parts = {
        "present": f"count({value})",
        "local": f"count(*) FILTER ({is_local_iso(value)})",
        "other": f"count(*) FILTER (NOT ({is_local_iso(value)} OR {is_absolute_iso(value)}))",
        "clocked": f"count(*) FILTER ({clocked})",
        **dict.fromkeys(("dates", "short"), "0"),
        **dict.fromkeys(("first", "second", "digits"), "NULL"),
    }
    return struct(parts)


def profile_sql(plan: CastPlan, /) -> str:
    """Return SQL aggregates (a struct) from which the way to read a known value is inferred.

    For times: ``present`` values; ``clocked``: those with a time of day; ``digits``: how numbers are read; ``dates``:
    texts such as 3/4/2024; ``short``: of them, those with a year of two digits; ``first``, ``second``: the largest
    first and second part. For texts that may be numbers: ``present`` and what ``first_look`` counts. For all others:
    ``present``.
    """
    value = quoted(plan.column)
    parts = {"present": f"count({value})"}
    if plan.type == "time":
        parts |= _date_profile(plan, value)
    elif may_be_number(plan):
        parts |= first_look(value)
    return struct(parts)


def may_be_number(plan: CastPlan, /) -> bool:
    """Whether a column's texts are looked at as numbers: those of number columns, and attributes."""
    return plan.from_text and plan.type in {"number", "integer", "text"}


def summed(profiles: Sequence[Mapping[str, Any]], /) -> dict[str, Any]:
    """Return the profile of a column over all files: counts are added, and the largest parts of dates kept."""
    names = profiles[0]
    added = {name: sum(profile[name] or 0 for profile in profiles) for name in names if _is_count(profiles, name)}
    largest = {
        name: max((profile[name] for profile in profiles if profile[name] is not None), default=None)
        for name in ("first", "second")
        if name in names
    }
    kinds = dict.fromkeys(kind for profile in profiles for kind in profile.get("digits") or {})
    return (
        added | largest | {"digits": {kind: sum((p["digits"] or {}).get(kind, 0) for p in profiles) for kind in kinds}}
    )


def _is_count(profiles: Sequence[Mapping[str, Any]], name: str, /) -> bool:
    return all(isinstance(profile[name] or 0, int) for profile in profiles)


def _date_profile(plan: CastPlan, value: str, /) -> dict[str, str]:
    none = dict.fromkeys(("dates", "short", "first", "second"), "0")
    if not plan.from_text:
        if is_numeric(plan.raw_type):
            time = digits_sql(value, "UTC")
            return {
                "clocked": f"count(*) FILTER ({time} <> date_trunc('day', {time}))",
                **none,
                "digits": f"histogram({digit_kind(value)})",
            }
        timed = "TIMESTAMP" in plan.raw_type
        moment = f"CAST({value} AS {'TIMESTAMPTZ' if plan.raw_type.startswith(WITH_ZONE) else 'TIMESTAMP'})"
        return {"clocked": f"count(*) FILTER ({moment} <> date_trunc('day', {moment}))" if timed else "0", **none}
    dated = f"{value}[3] IN ('-', '/', '.') OR {value}[2] IN ('-', '/', '.')"
    dated = f"({dated}) AND regexp_matches({value}, {literal(_NUMERIC_DATE)})"
    part = {place: f"regexp_extract({value}, {literal(_NUMERIC_DATE)}, {place})" for place in (1, 2, 3)}
    return {
        "clocked": f"count(*) FILTER ({written_clock(value, _MIDNIGHT)})",
        "dates": f"count(*) FILTER ({dated})",
        "short": f"count(*) FILTER ({dated} AND length({part[3]}) = 2)",
        "first": f"max(TRY_CAST({part[1]} AS INTEGER)) FILTER ({dated})",
        "second": f"max(TRY_CAST({part[2]} AS INTEGER)) FILTER ({dated})",
        "digits": f"histogram({digit_kind(value)}) FILTER ({is_digits(value)})",
    }


def read_times(
    plans: Mapping[str, CastPlan], profiles: Profiles, spec: TableSpec, day_first: bool | None, notes: list[Message], /
) -> dict[str, CastPlan]:
    """Return the plans of times with what their profiles show; what was inferred is added to ``notes``.

    Columns that read both ways follow those of their table that read one way only. A rating's date without a time of
    day means the end of that day, when it was surely known; so do answers and closings where openings have a time.
    """
    ordered = {name: replace(plan, order=_order(profiles[name], day_first)) for name, plan in plans.items()}
    ordered = _siblings(spec.name, ordered, notes) if day_first is None else ordered
    for name in ordered:
        for kind, count in (profiles[name].get("digits") or {}).items():
            values = {"column": f"{spec.name}.{name}", "n": count, "kind": Message(_DIGIT_KINDS[kind])}
            notes.append(Message("note.digit_times", values))
    if spec.name != "cases":
        return ordered
    dated = {name for name in ordered if profiles[name]["present"] and not profiles[name]["clocked"]}
    ends = {"rated_at"} if "opened_at" in dated else {"rated_at", "responded_at", "closed_at"}
    for name in sorted(ends & dated):
        ordered[name] = replace(ordered[name], end_of_day=True)
        notes.append(Message("note.end_of_day", {"column": f"cases.{name}"}))
    return ordered


def _order(profile: Mapping[str, int], day_first: bool | None, /) -> DateOrder:
    if not profile["dates"]:
        return "none"
    if day_first is not None:
        return "day" if day_first else "month"
    day, month = profile["first"] > 12, profile["second"] > 12
    if day and month:
        return "neither"
    # with a year of two digits, 23-08-06 may be three dates
    if not (day or month) or profile["short"]:
        return "both"
    return "day" if day else "month"


def _siblings(table: str, plans: dict[str, CastPlan], notes: list[Message], /) -> dict[str, CastPlan]:
    orders: set[DateOrder] = {plan.order for plan in plans.values() if plan.order in {"day", "month"}}
    if len(orders) != 1:
        return plans
    order = orders.pop()
    for name, plan in plans.items():
        column = {"column": f"{table}.{name}"}
        if plan.order in {"day", "month"}:
            notes.append(Message("note.day_first" if order == "day" else "note.month_first", column))
        elif plan.order == "both":
            plans[name] = replace(plan, order=order)
            notes.append(Message("note.day_first_too" if order == "day" else "note.month_first_too", column))
    return plans
