"""What is wrong with single rows, as SQL predicates over a typed table: counted by the checks, acted on by staging."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from baton.messages.message import Message
from features.ingest.intake import ROW, Intake, TypedTable
from features.ingest.sql_text import literal, quoted
from features.ingest.values.casting import CastPlan, cast_sql

__all__ = ["EARLIEST", "LATEST", "TIMES_READ", "UNITS", "Rule", "parse_rules", "row_is_in", "row_rules"]

UNITS = ("employee", "team", "stage", "process", "customer")
"""Units that a measure may be about."""

EARLIEST, LATEST = "TIMESTAMP '1900-01-01'", "TIMESTAMP '2100-01-01'"
"""Times outside are mistakes whatever they are about (SQL)."""
_UNPARSEABLE = {
    "time": ("unparseable_time", "fault.no_time"),
    "number": ("unparseable_number", "fault.no_number"),
    "integer": ("unparseable_number", "fault.no_whole_number"),
    "flag": ("unparseable_flag", "fault.no_flag"),
}
TIMES_READ = Message("remedy.times_read", {"example": "2024年4月3日"})
"""What can be done about times that cannot be read."""

_REMEDIES = {
    "time": Message("remedy.right_column_time", {"read": TIMES_READ}),
    "number": Message("remedy.right_column_number"),
    "integer": Message("remedy.right_column_number"),
    "flag": Message("remedy.right_column_flag", {"examples": "是/否"}),
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
    ("coaching_log", "started_at", "ended_at", "negative_duration"),  # who was coached stays so, the length is unknown
)


@dataclass(frozen=True)
class Rule:
    """One thing that can be wrong with a row.

    Parameters
    ----------
    kind : str
        A key of ``KINDS``.
    column : str
        Where the fault is reported.
    predicate : str
        SQL over the typed table, true where the row is at fault.
    what : Message
        What is wrong.
    nulls : tuple of str
        Columns that become unknown under the treatment ``null``.
    shown : tuple of str
        Columns shown with the first rows.
    remedy : Message, optional
        What to do.
    relation : str
        SQL of the rows to be shown, where it is not the typed table.
    whole_column : bool
        Whether the column as a whole is at fault.
    is_missing : bool
        Whether a required value is missing thereby: the row is treated as one without it.
    is_explicit : bool
        Whether the value says itself that there is none: however many do, the column is what it is taken for.
    """

    kind: str
    column: str
    predicate: str
    what: Message
    nulls: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()
    remedy: Message | None = None
    relation: str = ""
    whole_column: bool = False
    is_missing: bool = False
    is_explicit: bool = False

    @property
    def looks_elsewhere(self) -> bool:
        """Whether the predicate asks another relation than the row."""
        return "SELECT" in self.predicate or bool(self.relation)


def row_rules(table: TypedTable, scales: Mapping[str, tuple[float | None, float | None]], /) -> Iterator[Rule]:
    """Yield the rules that need only the row itself.

    Parameters
    ----------
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
            Message("fault.unknown_unit", {"units": UNITS}),
            shown=("unit",),
        )


def parse_rules(intake: Intake, table: TypedTable, /) -> Iterator[tuple[Rule, int]]:
    """Yield a rule and its count for each column with values that cannot be read as its type."""
    asked = [
        name
        for name, count in table.present.items()
        if count and table.plans[name].type in _UNPARSEABLE and not _is_ambiguous(table.plans[name])
    ]
    listed = ", ".join(["count(*)", *(f"count({quoted(name)})" for name in asked)])
    read = dict(zip(asked, intake.rows(f"SELECT {listed} FROM {table.relation}")[0][1:], strict=True)) if asked else {}
    for name in dict.fromkeys((*asked, *table.placeholders)):
        count = table.present[name] - read[name] if name in read else 0
        test = table.placeholders.get(name)
        if test is not None:
            rule = _placeholder_rule(table, name, test)
            rows = intake.rows(f"SELECT count(*) FROM {table.read_relation} WHERE {test}")[0][0]
            count -= rows
            yield rule, rows
        if count > 0:
            yield _parse_rule(table, name, mostly=count > table.present[name] / 2), count


def _placeholder_rule(table: TypedTable, name: str, test: str, /) -> Rule:
    is_time = table.plans[name].type == "time"
    numbers = test.partition(" IN ")[2].strip("()")
    return Rule(
        "far_time" if is_time else "placeholder_number",
        name,
        row_is_in(f"{table.read_relation} WHERE {test}"),
        Message("fault.placeholder_date") if is_time else Message("fault.placeholder_number", {"numbers": numbers}),
        (name,),
        (name,),
        relation=table.read_relation,
        is_missing=name in table.spec.required,
        is_explicit=True,
    )


def _is_ambiguous(plan: CastPlan, /) -> bool:
    """Whether the column is refused as a whole: how it is to be read is ambiguous."""
    return plan.order in {"both", "neither"} or bool(plan.doubt)


def _parse_rule(table: TypedTable, name: str, *, mostly: bool) -> Rule:
    plan = table.plans[name]
    kind, key = _UNPARSEABLE[plan.type]
    predicate = f"{quoted(name)} IS NOT NULL AND ({cast_sql(plan)}) IS NULL"
    remedy = _REMEDIES[plan.type] if mostly else None
    if mostly and plan.type == "time" and not plan.from_text:
        remedy = Message("remedy.spreadsheet_days")
    return Rule(
        "wrong_type" if mostly else kind,
        name,
        row_is_in(f"{table.known_relation} WHERE {predicate}"),
        Message(key),
        (name,),
        (name,),
        remedy,
        relation=table.known_relation,
        whole_column=mostly,
    )


def _missing(table: TypedTable, /) -> Iterator[Rule]:
    for name in table.spec.required:
        if name in table.plans:
            # in the source: what is there and cannot be read is a fault of another kind
            yield Rule(
                "missing_value",
                name,
                f"{quoted(name)} IS NULL",
                Message("fault.missing_value", {"column": name}),
                shown=(name,),
                relation=table.known_relation,
            )


def _times(table: TypedTable, /) -> Iterator[Rule]:
    for name, plan in table.plans.items():
        if plan.type == "time":
            column = quoted(name)
            yield Rule(
                "far_time",
                name,
                f"{column} < {EARLIEST} OR {column} >= {LATEST}",
                Message("fault.far_time"),
                (name,),
                (name,),
            )
    for owner, earlier, later, kind in _ORDER:
        if owner == table.spec.name and {earlier, later} <= set(table.plans):
            # a time that is far off counts as that, once
            plausible = f"{quoted(later)} >= {EARLIEST} AND {quoted(earlier)} < {LATEST}"
            predicate = f"{quoted(later)} < {quoted(earlier)} AND {plausible}"
            nulls = (earlier, later) if kind == "left_before_joined" else (later,)
            what = Message("fault.reversed", {"later": later, "earlier": earlier})
            yield Rule(kind, later, predicate, what, nulls, (earlier, later))


def _numbers(table: TypedTable, name: str, scale: tuple[float | None, float | None], /) -> Iterator[Rule]:
    column, (low, high) = quoted(name), scale
    if table.plans[name].type == "number":
        yield from _infinite(name)
    bounds = [f"{column} < {low!r}"] * (low is not None) + [f"{column} > {high!r}"] * (high is not None)
    if not bounds:
        return
    finite = f"NOT isinf({column}::DOUBLE)"
    if name.endswith("_seconds"):
        what = Message("fault.negative_seconds")
        yield Rule("negative_duration", name, f"{column} < 0 AND {finite}", what, (name,), (name,))
        return
    yield Rule("off_scale", name, f"({' OR '.join(bounds)}) AND {finite}", _off(low, high), (name,), (name,))


def _off(low: float | None, high: float | None, /) -> Message:
    if high is None:
        return Message("fault.below", {"low": f"{low:g}"})
    return Message("fault.outside", {"low": f"{low:g}", "high": f"{high:g}"})


def _infinite(name: str, /) -> Iterator[Rule]:
    yield Rule("infinite", name, f"isinf({quoted(name)}::DOUBLE)", Message("fault.infinite"), (name,), (name,))


def row_is_in(relation: str, /) -> str:
    """Return the predicate that a row's number is in a relation of row numbers."""
    return f"{ROW} IN (SELECT {ROW} FROM {relation})"
