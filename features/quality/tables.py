"""What is wrong with whole tables and columns, and what is left out for want of a table."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta

from baton.contract.brings import ASKED_BEFORE_LEFT_OUT, lacking
from baton.messages.message import Message
from baton.nearest import nearest
from features.ingest.intake import TypedTable
from features.quality.faults import Fault, Severity, Treatment

__all__ = ["column_faults", "left_out", "row_count_faults", "uneven_ends"]

_SOURCES_OF_OUTCOMES = ("cases", "measures", "snapshots")
_NEARLY_THE_SAME = 0.8
_MAX_BETWEEN_ENDS = timedelta(days=35)

_REMEDIES = {"fault.currencies": "remedy.one_currency", "fault.half_percent": "remedy.percent_everywhere"}
"""What to do about numbers that can be read in two ways; else the decimal mark is to be said."""


def column_faults(table: TypedTable, misspelt: Treatment, /) -> Iterator[Fault]:
    """Yield required columns that are missing and attributes that look like misspelt contract columns."""
    missing = [name for name in table.spec.names if name not in table.plans]
    attributes = list(table.attributes)
    for name in missing:
        required = name in table.spec.required
        close = nearest(name, attributes) if required else nearest(name, attributes, alike=_NEARLY_THE_SAME)
        if close is not None:
            attributes.remove(close)
        if required:
            remedy = (
                Message("remedy.column_meant", {"column": repr(close)})
                if close
                else Message("remedy.has_columns", {"columns": tuple(table.plans)})
            )
            what = Message("fault.missing_column")
            yield Fault(table.spec.name, name, "missing_column", "error", 1, (), "stop", what, remedy)
        elif close:
            severity: Severity = "error" if misspelt == "stop" else "warning"
            what, remedy = Message("fault.misspelt_column"), Message("remedy.column_meant", {"column": repr(name)})
            yield Fault(table.spec.name, close, "misspelt_column", severity, 1, (), misspelt, what, remedy)
    for name, plan in table.plans.items():
        count = table.present.get(name, 1)
        if plan.doubt is not None:
            remedy = Message(_REMEDIES.get(plan.doubt.key, "remedy.decimal"), {"table": table.spec.name})
            yield Fault(table.spec.name, name, "ambiguous_number", "error", count, (), "stop", plan.doubt, remedy)
        if plan.order in {"both", "neither"}:
            what = Message("fault.dates_both_ways" if plan.order == "both" else "fault.dates_mixed")
            remedy = Message("remedy.day_first", {"table": table.spec.name})
            yield Fault(table.spec.name, name, "ambiguous_date", "error", count, (), "stop", what, remedy)


def row_count_faults(
    tables: Mapping[str, TypedTable], configured: Collection[str], empty: Treatment, /, *, inactive: bool = False
) -> Iterator[Fault]:
    """Yield what is wrong with numbers of rows: nothing to start from, empty tables, a single row.

    Where customers leave by falling silent (``inactive``), what they did is enough to start from.
    """
    starts = (*_SOURCES_OF_OUTCOMES, "activity") if inactive else _SOURCES_OF_OUTCOMES
    given = [name for name in starts if name in configured]
    if not given:
        what, remedy = Message("fault.missing_table"), Message("remedy.give_table")
        yield Fault("", "", "missing_table", "error", 1, (), "stop", what, remedy)
    readable = [name for name in given if name in tables]
    total = sum(tables[name].rows for name in readable)
    for name, table in tables.items():
        if table.rows:
            continue
        needed = name in given and total == 0
        treatment: Treatment = "stop" if needed else empty
        severity: Severity = "error" if treatment == "stop" else "warning"
        what = Message("fault.empty_table" if needed else "fault.empty_table_left_out")
        remedy = Message("remedy.check_export") if needed else None
        yield Fault(name, "", "empty_table", severity, 0, (), treatment, what, remedy)
    if total == 1 and len(readable) == len(given):
        name = next(name for name in readable if tables[name].rows)
        what, remedy = Message("fault.one_row"), Message("remedy.check_filter")
        yield Fault(name, "", "one_row", "error", 1, (), "stop", what, remedy)


def uneven_ends(ends: Mapping[str, datetime], ended: Collection[str], treatment: Treatment, /) -> Iterator[Fault]:
    """Yield a fault for each table that has ended long before the last one.

    Parameters
    ----------
    ends : mapping of str to datetime
    ended : collection of str
        Tables whose silence since is improbable at their usual rate.
    treatment : str
        What becomes of such rows: stop, drop, null or keep.
    """
    if not ends:
        return
    last = max(ends.values())
    newest = max(ends, key=lambda name: ends[name])
    for name, end in ends.items():
        if name in ended and last - end > _MAX_BETWEEN_ENDS:
            values = {"end": f"{end:%Y-%m-%d}", "newest": newest, "last": f"{last:%Y-%m-%d}"}
            what = Message("fault.membership_ends" if name == "customers" else "fault.ends_on", values)
            severity: Severity = "error" if treatment == "stop" else "warning"
            remedy = Message("remedy.same_end", {"table": name})
            yield Fault(name, "", "ends_apart", severity, 1, (), treatment, what, remedy)


def left_out(tables: Mapping[str, TypedTable], /) -> tuple[Message, ...]:
    """Return what is switched off, and which table or column would bring it, the most valuable first."""
    filled = {name: table for name, table in tables.items() if table.rows}
    if set(filled) == {"snapshots"}:
        return (Message("left_out.advice"),)
    have = {name: table.plans for name, table in filled.items()}
    return tuple(each.left_out() for each in lacking(have) if each.place not in ASKED_BEFORE_LEFT_OUT)
