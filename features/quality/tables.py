"""What is wrong with whole tables and columns, and what is left out for want of a table."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta

from baton.nearest import nearest
from features.ingest.intake import TypedTable
from features.quality.faults import Fault, Severity, Treatment

__all__ = ["column_faults", "left_out", "row_count_faults", "uneven_ends"]

_SOURCES_OF_OUTCOMES = ("cases", "measures", "snapshots")
_NEARLY_THE_SAME = 0.8
_MAX_BETWEEN_ENDS = timedelta(days=35)

_BRINGS: dict[str, str] = {
    "customers": "who leaves (rule `left_at`), customers' worth, segments and attributes",
    "activity": "who falls silent (rule `inactive`), and how deeply customers use what they bought",
    "cases": "effects of service on customers, KPIs computed from cases, advice on weights and coaching",
    "case_steps": "KPIs over a case's path: hand-overs, detours, waiting between steps",
    "employees": "roles, tenure, the fairness audit, and teams where cases name people only",
    "work": "KPIs of training, coaching and workload",
    "measures": "KPIs that are computed elsewhere",
    "teams": "names, departments and journey stages of teams",
    "scorecards": "today's weights: without them, advised weights are hypothetical",
}
_COLUMNS_BRING: dict[tuple[str, str], str] = {
    ("cases", "customer_id"): "churn explained by service: nothing says whose case it was",
    ("cases", "employee_id"): "KPIs, decline and coaching per employee",
    ("cases", "closed_at"): "KPIs known at closing (resolution time, first-contact resolution)",
    ("customers", "left_at"): "churn by the rule `left_at`",
    ("customers", "value"): "the money at risk",
}


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
            hint = f"did you mean {close!r}?" if close else f"the table has {', '.join(table.plans)}"
            yield Fault(
                table.spec.name, name, "missing_column", "error", 1, (), "stop", "the required column is missing", hint
            )
        elif close:
            severity: Severity = "error" if misspelt == "stop" else "warning"
            message = "no column of the contract; it is read as an attribute"
            yield Fault(
                table.spec.name,
                close,
                "misspelt_column",
                severity,
                1,
                (),
                misspelt,
                message,
                f"did you mean {name!r}?",
            )
    for name, plan in table.plans.items():
        if plan.doubt:
            yield Fault(
                table.spec.name, name, "ambiguous_number", "error", table.present.get(name, 1), (), "stop", plan.doubt,
                _hint(plan.doubt, table.spec.name),
            )  # fmt: skip
        if plan.order in {"both", "neither"}:
            how = "read both ways" if plan.order == "both" else "are day first in some rows and month first in others"
            hint = f"say day_first = true or false in tables.{table.spec.name}, or export ISO dates (2024-04-03)"
            yield Fault(
                table.spec.name,
                name,
                "ambiguous_date",
                "error",
                table.present.get(name, 1),
                (),
                "stop",
                f"dates such as 03/04/2024 {how}",
                hint,
            )


def _hint(doubt: str, table: str, /) -> str:
    """Return what to do about numbers that can be read in two ways."""
    if "currencies" in doubt:
        return "give one currency per column"
    if "percent" in doubt:
        return "write the percent sign everywhere or nowhere"
    return f'say decimal = "." or decimal = "," in tables.{table}'


def row_count_faults(
    tables: Mapping[str, TypedTable], configured: Collection[str], empty: Treatment, /, *, inactive: bool = False
) -> Iterator[Fault]:
    """Yield what is wrong with numbers of rows: nothing to start from, empty tables, a single row.

    Where customers leave by falling silent (``inactive``), what they did is enough to start from.
    """
    starts = (*_SOURCES_OF_OUTCOMES, "activity") if inactive else _SOURCES_OF_OUTCOMES
    given = [name for name in starts if name in configured]
    if not given:
        yield Fault(
            "",
            "",
            "missing_table",
            "error",
            1,
            (),
            "stop",
            "none of the tables cases, measures and snapshots is given",
            "give one of them under [tables]",
        )
    readable = [name for name in given if name in tables]
    total = sum(tables[name].rows for name in readable)
    for name, table in tables.items():
        if table.rows:
            continue
        needed = name in given and total == 0
        treatment: Treatment = "stop" if needed else empty
        message = "the table has no row" + ("" if needed else "; it is left out")
        yield Fault(
            name,
            "",
            "empty_table",
            "error" if treatment == "stop" else "warning",
            0,
            (),
            treatment,
            message,
            "check the export" if needed else "",
        )
    if total == 1 and len(readable) == len(given):
        name = next(name for name in readable if tables[name].rows)
        yield Fault(
            name,
            "",
            "one_row",
            "error",
            1,
            (),
            "stop",
            "the table has a single row, from which nothing can be learned",
            "check the export, or a filter in its SQL",
        )


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
            ending = (
                f"the last joining or leaving is of {end:%Y-%m-%d}"
                if name == "customers"
                else f"it ends on {end:%Y-%m-%d}"
            )
            message = f"{ending}, {newest} on {last:%Y-%m-%d}; no label reaches past the earliest end of its tables"
            severity: Severity = "error" if treatment == "stop" else "warning"
            hint = f"export them up to the same day, or set observed_until in tables.{name} if nothing happened since"
            yield Fault(name, "", "ends_apart", severity, 1, (), treatment, message, hint)


def left_out(tables: Mapping[str, TypedTable], /) -> tuple[str, ...]:
    """Return what is switched off, and which table or column would bring it."""
    filled = {name: table for name, table in tables.items() if table.rows}
    if set(filled) == {"snapshots"}:
        left = [
            "advice on weights and coaching; cases and scorecards would bring it (a flat table gives predictions alone)"
        ]
        return tuple(left)
    left = [f"{what}; the table {name} would bring it" for name, what in _BRINGS.items() if name not in filled]
    left += [
        f"{what}; the column {name}.{column} would bring it"
        for (name, column), what in _COLUMNS_BRING.items()
        if name in filled and column not in filled[name].plans
    ]
    return tuple(left)
