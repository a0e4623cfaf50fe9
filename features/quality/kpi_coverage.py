"""Which KPIs a table gives, which stay without one value, and why: a table may be read well and count for nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from baton.catalogue.schema import Catalogue, Kpi
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
    empty : dict of str to str
        KPIs without one, and why.
    lacking : dict of str to list of str
        KPIs whose columns the table has not, and which those are.
    """

    given: tuple[str, ...] = ()
    empty: dict[str, str] = field(default_factory=dict)
    lacking: dict[str, list[str]] = field(default_factory=dict)


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


def _reason(intake: Intake, table: TypedTable, kpi: Kpi, /) -> str:
    if table.spec.name == "measures":
        return "no row is about it"
    from baton.catalogue.expressions import columns_of

    for column, wanted in _wanted(kpi).items():
        if column in table.plans:
            found = _values(intake, table, column)
            if not {word.lower() for word in wanted} & {value.lower() for value in found}:
                words = _few(sorted(wanted))
                return f"no row has {column} = {words}; it has {_few(found) or 'nothing'}{_nearest(wanted, found)}"
    blank = [
        column
        for column in sorted(columns_of(str(kpi.expr)))
        if not intake.rows(f"SELECT count({quoted(column)}) FROM {table.unnumbered}")[0][0]
    ]
    return f"{' and '.join(blank)} is empty in every row" if blank else "no row fulfils it"


def _wanted(kpi: Kpi, /) -> dict[str, set[str]]:
    """Return the words that an expression looks for, per column."""
    from sqlglot import exp, parse_one

    wanted: dict[str, set[str]] = {}
    for node in parse_one(str(kpi.expr), dialect="duckdb").find_all(exp.EQ, exp.In):
        words = node.expressions if isinstance(node, exp.In) else [node.expression]
        column = node.this
        while isinstance(column, exp.Lower | exp.Upper | exp.Trim | exp.Paren):
            column = column.this
        if isinstance(column, exp.Column) and words and all(_is_word(word) for word in words):
            wanted.setdefault(column.name, set()).update(word.this for word in words)
    return wanted


def _is_word(node: object, /) -> bool:
    from sqlglot import exp

    return isinstance(node, exp.Literal) and node.is_string


def _values(intake: Intake, table: TypedTable, column: str, /) -> list[str]:
    rows = intake.rows(
        f"SELECT {quoted(column)}::VARCHAR FROM {table.unnumbered} WHERE {quoted(column)} IS NOT NULL "
        "GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 200"
    )
    return [row[0] for row in rows]


def _few(words: list[str], /) -> str:
    more = f" and {len(words) - _MAX_NAMED} more" if len(words) > _MAX_NAMED else ""
    return ", ".join(words[:_MAX_NAMED]) + more


def _nearest(wanted: set[str], found: list[str], /) -> str:
    for word in sorted(wanted):
        lowered = {value.lower(): value for value in found}
        close = nearest(word.lower(), lowered)
        inside = [value for value in found if value and value.lower() in word.lower().split("_")]
        likely = inside[:1] or ([lowered[close]] if close else [])
        if likely:
            return f" (is {likely[0]} what {word} means?)"
    return ""


def coverage_notes(table: str, rows: int, found: Coverage, /) -> Iterator[str]:
    """Say which KPIs of a table stay empty though it has their columns, and whether it counts for nothing at all."""
    if not rows or not (found.empty or (found.lacking and not found.given)):
        return
    reasons: dict[str, list[str]] = {}
    for kpi, why in found.empty.items():
        reasons.setdefault(why, []).append(kpi)
    parts = [f"{_few(kpis)} ({why})" for why, kpis in list(reasons.items())[:_MAX_REASONS]]
    left = sum(len(kpis) for kpis in list(reasons.values())[_MAX_REASONS:])
    parts += [f"{left} more for words that no row has"] if left else []
    if found.lacking:
        columns = sorted({column for columns in found.lacking.values() for column in columns})
        parts.append(f"{_few(list(found.lacking))} (the table has no {_few(columns)})")
    words = "; ".join(parts)
    if found.given:
        yield f"{table} gives {len(found.given)} KPIs; without a value stay {words}"
    else:
        yield f"{table} counts for nothing: none of its {rows:,} rows gives a KPI a value; without one stay {words}"
