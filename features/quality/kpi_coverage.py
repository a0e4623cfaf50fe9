"""Which KPIs a table gives, which stay without one value, and why: a table may be read well and count for nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from baton.catalogue.schema import Catalogue, Kpi
from baton.catalogue.sought_words import sought_words
from baton.messages.message import Message
from baton.nearest import nearest
from features.ingest.intake import Intake, TypedTable
from features.ingest.sql_text import literal, quoted

__all__ = ["Coverage", "coverage", "coverage_notes"]

_MAX_NAMED = 6  # KPIs, and values of a column, that a sentence names
_MAX_REASONS = 3  # different reasons that a sentence gives; `validate --json` has all


@dataclass(frozen=True)
class Coverage:
    """What one table gives.

    Parameters
    ----------
    given : tuple of str
        KPIs with a value in some row.
    empty : dict of str to Message
        KPIs without one, and why.
    lacking : dict of str to list of str
        KPIs whose columns the table has not, and which those are.
    """

    given: tuple[str, ...] = ()
    empty: dict[str, Message] = field(default_factory=dict)
    lacking: dict[str, list[str]] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return what JSON can say, words in English."""
        empty = {kpi: why.text for kpi, why in self.empty.items()}
        return {"given": self.given, "empty": empty, "lacking": self.lacking}


def coverage(intake: Intake, table: TypedTable, catalogue: Catalogue, /) -> Coverage:
    """Count the rows that give each KPI of a table a value, in one scan."""
    from baton.catalogue.expressions import columns_of

    name = table.spec.name
    kpis = [kpi for kpi in catalogue.values() if kpi.source == name and kpi.expr is not None]
    lacking = {kpi.id: sorted(columns_of(str(kpi.expr)) - set(table.plans)) for kpi in kpis}
    lacking = {kpi: columns for kpi, columns in lacking.items() if columns}
    asked = [kpi for kpi in kpis if kpi.id not in lacking]
    if not asked or not table.rows:
        return Coverage(lacking=lacking)
    listed = ", ".join(_rows_with_value(kpi) for kpi in asked)
    counts = dict(zip(asked, intake.rows(f"SELECT {listed} FROM {table.unnumbered}")[0], strict=True))
    empty = {kpi.id: _reason(intake, table, kpi) for kpi, count in counts.items() if not count}
    return Coverage(tuple(kpi.id for kpi, count in counts.items() if count), empty, lacking)


def _rows_with_value(kpi: Kpi, /) -> str:
    """Return SQL for the rows that give a KPI a value; of what is counted, those that say yes."""
    value = _identified(str(kpi.expr))
    if kpi.source == "measures":
        return f"count(*) FILTER (({value}) IS NOT NULL AND kpi = {literal(kpi.id.split('__')[0])})"
    if kpi.aggregate in ("count", "sum") and _is_yes_or_no(kpi):
        return f"count(*) FILTER (coalesce({value}, FALSE))"
    return f"count({value})"


def _is_yes_or_no(kpi: Kpi, /) -> bool:
    from sqlglot import exp, parse_one

    return isinstance(parse_one(str(kpi.expr), dialect="duckdb").unnest(), exp.Predicate | exp.Connector | exp.Not)


def _identified(sql: str, /) -> str:
    from sqlglot import parse_one

    return parse_one(sql, dialect="duckdb").sql(dialect="duckdb", identify=True)


def _reason(intake: Intake, table: TypedTable, kpi: Kpi, /) -> Message:
    if table.spec.name == "measures":
        return Message("note.no_measure")
    from baton.catalogue.expressions import columns_of

    for column, wanted in sought_words(str(kpi.expr)).items():
        if column in table.plans:
            found = _values(intake, table, column)
            if not {word.lower() for word in wanted} & {value.lower() for value in found}:
                values = {
                    "column": column,
                    "words": _few(sorted(wanted)),
                    "found": _few(found) or Message("note.nothing"),
                    "nearest": _nearest(wanted, found),
                }
                return Message("note.no_row_has", values)
    blank = [
        column
        for column in sorted(columns_of(str(kpi.expr)))
        if not intake.rows(f"SELECT count({quoted(column)}) FROM {table.unnumbered}")[0][0]
    ]
    return Message("note.empty_columns", {"columns": tuple(blank)}) if blank else Message("note.no_row_fulfils")


def _values(intake: Intake, table: TypedTable, column: str, /) -> list[str]:
    rows = intake.rows(
        f"SELECT {quoted(column)}::VARCHAR FROM {table.unnumbered} WHERE {quoted(column)} IS NOT NULL "
        "GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 200"
    )
    return [row[0] for row in rows]


def _few(words: list[str], /) -> tuple[str, ...] | Message:
    more, shown = len(words) - _MAX_NAMED, tuple(words[:_MAX_NAMED])
    return Message("note.few", {"words": shown, "more": more}) if more > 0 else shown


def _nearest(wanted: set[str], found: list[str], /) -> Message | str:
    for word in sorted(wanted):
        lowered = {value.lower(): value for value in found}
        close = nearest(word.lower(), lowered)
        inside = [value for value in found if value and value.lower() in word.lower().split("_")]
        likely = inside[:1] or ([lowered[close]] if close else [])
        if likely:
            return Message("note.word_meant", {"found": likely[0], "word": word})
    return ""


def coverage_notes(table: str, rows: int, found: Coverage, /) -> Iterator[Message]:
    """Say which KPIs of a table stay empty though it has their columns, and whether it counts for nothing at all."""
    if not rows or not (found.empty or (found.lacking and not found.given)):
        return
    reasons: dict[Message, list[str]] = {}
    for kpi, why in found.empty.items():
        reasons.setdefault(why, []).append(kpi)
    parts = [
        Message("note.kpis_because", {"kpis": _few(kpis), "why": why})
        for why, kpis in list(reasons.items())[:_MAX_REASONS]
    ]
    left = sum(len(kpis) for kpis in list(reasons.values())[_MAX_REASONS:])
    parts += [Message("note.kpis_more", {"n": left})] if left else []
    if found.lacking:
        columns = sorted({column for columns in found.lacking.values() for column in columns})
        why = Message("note.lacks_columns", {"columns": _few(columns)})
        parts.append(Message("note.kpis_because", {"kpis": _few(list(found.lacking)), "why": why}))
    if found.given:
        yield Message("note.gives", {"table": table, "n": len(found.given), "kpis": tuple(parts)})
    else:
        yield Message("note.gives_nothing", {"table": table, "rows": rows, "kpis": tuple(parts)})
