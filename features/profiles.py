"""What a column as a whole tells: day or month first, decimal comma, dates without a time, texts that are numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from baton.tables import TableSpec
from features.casting import CastPlan, DateOrder
from features.sql_text import literal, quoted

__all__ = ["profile_sql", "read_numbers", "read_times"]

Profiles = Mapping[str, Mapping[str, int]]

_NUMERIC_DATE = r"^(\d{1,2})[-/.](\d{1,2})[-/.](\d{4}|\d{2})($|[ T])"
_MIDNIGHT = r"(^|[ T])0?0:00(:00([.,]0+)?)?( ?(Z|UTC|[+-]\d{2}(:?\d{2})?))?$"
_THOUSANDS = r"[-+]?\d{1,3}(,\d{3})+(\.\d+)?"
_DECIMAL_COMMA = r"[-+]?\d{1,3}([. \x{00A0}\x{202F}]\d{3})*,\d+|[-+]?\d+,\d+"


def profile_sql(plan: CastPlan, /) -> str:
    """Return SQL aggregates (a struct) from which the way to read a known value is told.

    For times: ``present`` values; ``clocked``: those with a time of day; ``dates``: texts such as 3/4/2024;
    ``short``: of them, those with a year of two digits; ``first``, ``second``: the largest first and second part.
    For all others: ``present``; ``plain``, ``thousands``, ``comma``, ``zeros``: texts that read as a number, as
    1,234.5, as 1,5, and as an id such as 007.
    """
    value = quoted(plan.column)
    parts = {"present": f"count({value})"}
    if plan.type == "time":
        parts |= _date_profile(plan, value)
    elif plan.from_text:
        parts |= _number_profile(value)
    else:
        parts |= dict.fromkeys(("plain", "thousands", "comma", "zeros"), "0")
    return "{" + ", ".join(f"{literal(name)}: {sql}" for name, sql in parts.items()) + "}"


def _number_profile(value: str, /) -> dict[str, str]:
    # most texts do not begin like a number: a cheap look spares them the patterns
    odd = f"ascii({value}) BETWEEN 43 AND 57 AND TRY_CAST({value} AS DOUBLE) IS NULL"
    return {
        "plain": f"count(TRY_CAST({value} AS DOUBLE))",
        "thousands": f"count(*) FILTER ({odd} AND regexp_full_match({value}, {literal(_THOUSANDS)}))",
        "comma": f"count(*) FILTER ({odd} AND regexp_full_match({value}, {literal(_DECIMAL_COMMA)}))",
        "zeros": f"count(*) FILTER (ascii({value}) BETWEEN 43 AND 48 AND regexp_matches({value}, '^[-+]?0[0-9]'))",
    }


def _date_profile(plan: CastPlan, value: str, /) -> dict[str, str]:
    none = dict.fromkeys(("dates", "short", "first", "second"), "0")
    if not plan.from_text:
        timed = "TIMESTAMP" in plan.raw_type
        return {"clocked": f"count(*) FILTER ({value} <> date_trunc('day', {value}))" if timed else "0", **none}
    dated = f"{value}[3] IN ('-', '/', '.') OR {value}[2] IN ('-', '/', '.')"
    dated = f"({dated}) AND regexp_matches({value}, {literal(_NUMERIC_DATE)})"
    part = {place: f"regexp_extract({value}, {literal(_NUMERIC_DATE)}, {place})" for place in (1, 2, 3)}
    clock = f"contains({value}, ':') AND NOT regexp_matches({value}, {literal(_MIDNIGHT)})"
    return {
        "clocked": f"count(*) FILTER ({clock})",
        "dates": f"count(*) FILTER ({dated})",
        "short": f"count(*) FILTER ({dated} AND length({part[3]}) = 2)",
        "first": f"max(TRY_CAST({part[1]} AS INTEGER)) FILTER ({dated})",
        "second": f"max(TRY_CAST({part[2]} AS INTEGER)) FILTER ({dated})",
    }


def read_numbers(plans: Mapping[str, CastPlan], profiles: Profiles, spec: TableSpec, /) -> dict[str, CastPlan]:
    """Return the plans of columns that are numbers, or may be, with what their profiles tell.

    An attribute that comes as text is a number if all its values are, and none looks like an id (007).
    """
    told = {}
    for name, plan in plans.items():
        profile = profiles[name]
        comma = profile["comma"] > profile["thousands"]
        if name in spec.names:
            told[name] = replace(plan, decimal_comma=comma and plan.type in {"number", "integer"})
            continue
        readable = profile["plain"] + (profile["comma"] if comma else profile["thousands"])
        number = bool(profile["present"]) and readable == profile["present"] and not profile["zeros"]
        told[name] = replace(plan, type="number", decimal_comma=comma) if number else plan
    return told


def read_times(
    plans: Mapping[str, CastPlan], profiles: Profiles, spec: TableSpec, day_first: bool | None, notes: list[str], /
) -> dict[str, CastPlan]:
    """Return the plans of times with what their profiles tell; what was inferred is added to ``notes``.

    Columns that read both ways follow those of their table that read one way only. A rating's date without a time of
    day means the end of that day, when it was surely known; so do answers and closings where openings have a time.
    """
    told = {name: replace(plan, order=_order(profiles[name], day_first)) for name, plan in plans.items()}
    told = _siblings(spec.name, told, notes) if day_first is None else told
    if spec.name != "cases":
        return told
    dated = {name for name in told if profiles[name]["present"] and not profiles[name]["clocked"]}
    ends = {"rated_at"} if "opened_at" in dated else {"rated_at", "responded_at", "closed_at"}
    for name in sorted(ends & dated):
        told[name] = replace(told[name], end_of_day=True)
        notes.append(f"cases.{name} has dates without a time of day; each counts as the end of its day")
    return told


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


def _siblings(table: str, plans: dict[str, CastPlan], notes: list[str], /) -> dict[str, CastPlan]:
    orders: set[DateOrder] = {plan.order for plan in plans.values() if plan.order in {"day", "month"}}
    if len(orders) != 1:
        return plans
    order = orders.pop()
    for name, plan in plans.items():
        if plan.order in {"day", "month"}:
            notes.append(f"{table}.{name}: dates are read {order} first")
        elif plan.order == "both":
            plans[name] = replace(plan, order=order)
            notes.append(
                f"{table}.{name}: dates are read {order} first, as in the table's other columns; else set day_first"
            )
    return plans
