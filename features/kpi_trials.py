"""Tries each KPI's SQL on the company's own tables, so that one that fails is told before a run."""

from __future__ import annotations

from collections.abc import Iterator

from baton.catalogue.schema import Catalogue, Kpi
from features.faults import Fault, Treatment
from features.intake import Intake, TypedTable
from features.sql_text import one_line

__all__ = ["kpi_faults"]


def kpi_faults(intake: Intake, table: TypedTable, catalogue: Catalogue, treatment: Treatment, /) -> Iterator[Fault]:
    """Yield a fault for each KPI of this table's whose SQL fails on it."""
    tried = [kpi for kpi in catalogue.values() if kpi.source == table.spec.name and kpi.expr is not None]
    if not tried or not table.rows or _failure(intake, table, tried) is None:
        return
    for kpi in tried:
        failure = _failure(intake, table, [kpi])
        if failure is not None:
            hint = f"correct its expr, or give the column in tables.{table.spec.name}"
            severity = "error" if treatment == "stop" else "warning"
            yield Fault(
                table.spec.name, "", "kpi_fails", severity, 1, (), treatment, f"KPI {kpi.id!r} fails: {failure}", hint
            )


def _failure(intake: Intake, table: TypedTable, kpis: list[Kpi], /) -> str | None:
    """Return what the engine says against the KPIs' expressions, all tried in one scan, or None."""
    import duckdb
    from sqlglot.errors import SqlglotError

    try:
        expressions = [_quoted(sql) for kpi in kpis for sql in (kpi.expr, kpi.denominator) if sql is not None]
        intake.rows(f"SELECT {', '.join(f'count({sql})' for sql in expressions)} FROM {table.relation}")
    except (duckdb.ProgrammingError, duckdb.DataError, SqlglotError) as error:
        return one_line(error)
    return None


def _quoted(sql: str, /) -> str:
    """Return an expression with its columns quoted: `at` and `from` are words of SQL too."""
    from sqlglot import parse_one

    return parse_one(sql, dialect="duckdb").sql(dialect="duckdb", identify=True)
