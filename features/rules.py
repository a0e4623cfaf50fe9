"""What is wrong with single rows, as SQL predicates over a typed table: counted by the checks, acted on by staging."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from features.intake import ROW, TypedTable
from features.sources import literal, quoted

__all__ = ["UNITS", "Rule", "row_rules"]

UNITS = ("employee", "team", "stage", "process", "customer")
"""Units that a measure may be about."""

_EARLIEST, _LATEST = "TIMESTAMP '1900-01-01'", "TIMESTAMP '2100-01-01'"
_UNPARSEABLE = {
    "time": "unparseable_time",
    "number": "unparseable_number",
    "integer": "unparseable_number",
    "flag": "unparseable_flag",
}
_ORDER: tuple[tuple[str, str, str, str], ...] = (
    # table, earlier, later, kind
    ("cases", "opened_at", "responded_at", "negative_duration"),
    ("cases", "opened_at", "closed_at", "negative_duration"),
    ("cases", "opened_at", "rated_at", "negative_duration"),
    ("customers", "joined_at", "left_at", "left_before_joined"),
    ("employees", "hired_at", "left_at", "left_before_joined"),
    ("work", "from", "to", "period_reversed"),
    ("measures", "from", "to", "period_reversed"),
)


@dataclass(frozen=True)
class Rule:
    """One thing that can be wrong with a row.

    Parameters
    ----------
    kind : str
        A key of ``KINDS``.
    column : str
        Where the fault is told.
    predicate : str
        SQL over the typed table, true where the row is at fault.
    message : str
        What is wrong, in words.
    nulls : tuple of str
        Columns that become unknown under the treatment ``null``.
    shown : tuple of str
        Columns shown with the first rows.
    """

    kind: str
    column: str
    predicate: str
    message: str
    nulls: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()
    hint: str = ""


def row_rules(table: TypedTable, scales: Mapping[str, tuple[float | None, float | None]], /) -> Iterator[Rule]:
    """Yield the rules that need only the row itself.

    Parameters
    ----------
    table : TypedTable
    scales : mapping of str to (low, high)
        Scales of the number columns.
    """
    yield from _missing(table)
    yield from _times(table)
    for column in table.spec.columns:
        if column.name in table.plans and column.type in {"number", "integer"}:
            yield from _numbers(table, column.name, scales.get(column.name, (None, None)))
    for name in table.attributes:
        if table.plans[name].type == "number":
            yield from _infinite(name)
    if table.spec.name == "measures" and "unit" in table.plans:
        units = ", ".join(map(literal, UNITS))
        yield Rule(
            "unknown_unit",
            "unit",
            f"unit NOT IN ({units})",
            f"units that are none of {', '.join(UNITS)}",
            shown=("unit",),
        )


def parse_rule(table: TypedTable, name: str, /) -> Rule | None:
    """Return the rule for values that cannot be read as the column's type, or None where any value can."""
    kind = _UNPARSEABLE.get(table.plans[name].type)
    if kind is None or name not in table.spec.names:
        return None
    noun = {
        "unparseable_time": "no date or time",
        "unparseable_number": "no number",
        "unparseable_flag": "neither yes nor no",
    }
    return Rule(kind, name, "", f"values are {noun[kind]}", (name,))


def _missing(table: TypedTable, /) -> Iterator[Rule]:
    for name in table.spec.required:
        if name in table.plans:
            yield Rule("missing_value", name, f"{quoted(name)} IS NULL", f"rows without {name}")


def _times(table: TypedTable, /) -> Iterator[Rule]:
    for name, plan in table.plans.items():
        if plan.type == "time":
            column = quoted(name)
            yield Rule(
                "far_time",
                name,
                f"{column} < {_EARLIEST} OR {column} >= {_LATEST}",
                "times before 1900 or after 2100",
                (name,),
                (name,),
            )
    for owner, earlier, later, kind in _ORDER:
        if owner == table.spec.name and {earlier, later} <= set(table.plans):
            # a time that is far off counts as that, once
            predicate = f"{quoted(later)} < {quoted(earlier)} AND {quoted(later)} >= {_EARLIEST} AND {quoted(earlier)} < {_LATEST}"
            nulls = (earlier, later) if kind == "left_before_joined" else (later,)
            yield Rule(kind, later, predicate, f"{later} lies before {earlier}", nulls, (earlier, later))


def _numbers(table: TypedTable, name: str, scale: tuple[float | None, float | None], /) -> Iterator[Rule]:
    column, (low, high) = quoted(name), scale
    if table.plans[name].type == "number":
        yield from _infinite(name)
    bounds = [f"{column} < {low!r}"] * (low is not None) + [f"{column} > {high!r}"] * (high is not None)
    if not bounds:
        return
    finite = f"NOT isinf({column}::DOUBLE)"
    if name.endswith("_seconds"):
        yield Rule("negative_duration", name, f"{column} < 0 AND {finite}", "seconds below zero", (name,), (name,))
        return
    words = f"below {low:g}" if high is None else f"outside {low:g} to {high:g}"
    yield Rule("off_scale", name, f"({' OR '.join(bounds)}) AND {finite}", f"values {words}", (name,), (name,))


def _infinite(name: str, /) -> Iterator[Rule]:
    yield Rule("infinite", name, f"isinf({quoted(name)}::DOUBLE)", "infinite numbers", (name,), (name,))


def row_is_in(relation: str, /) -> str:
    """Return the predicate that a row's number is in a relation of row numbers."""
    return f"{ROW} IN (SELECT {ROW} FROM {relation})"
