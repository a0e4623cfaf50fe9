"""Tries each KPI's SQL on the company's own tables, so that one that fails is reported before a run."""

from __future__ import annotations

from collections.abc import Iterator

from baton.catalogue.expressions import checked
from baton.catalogue.schema import Catalogue, Kpi
from baton.errors import BatonError, ExpressionError
from baton.messages.message import Message
from baton.nearest import did_you_mean
from features.ingest.intake import Intake, TypedTable
from features.ingest.locked import limited, one_query
from features.ingest.sql_text import one_line
from features.quality.faults import Fault, Treatment

__all__ = ["kpi_faults"]

MAX_SECONDS = 120  # reading a table of hundreds of millions of rows once takes less; what takes longer has gone astray


def kpi_faults(intake: Intake, table: TypedTable, catalogue: Catalogue, treatment: Treatment, /) -> Iterator[Fault]:
    """Yield a fault for each KPI of this table's whose SQL fails on it."""
    tried = [kpi for kpi in catalogue.values() if kpi.source == table.spec.name and kpi.expr is not None]
    if not tried or not table.rows or _failure(intake, table, tried) is None:
        return
    for kpi in tried:
        failure = _failure(intake, table, [kpi])
        if failure is not None:
            what = Message("fault.kpi_fails", {"kpi": repr(kpi.id), "why": failure})
            remedy = Message("remedy.correct_expr", {"table": table.spec.name})
            severity = "error" if treatment == "stop" else "warning"
            yield Fault(table.spec.name, "", "kpi_fails", severity, 1, (), treatment, what, remedy)


def _failure(intake: Intake, table: TypedTable, kpis: list[Kpi], /) -> Message | str | None:
    """Return what the engine says against the KPIs' expressions, all tried in one scan, or None."""
    import duckdb

    try:
        expressions = [
            _quoted(kpi, sql, table) for kpi in kpis for sql in (kpi.expr, kpi.denominator) if sql is not None
        ]
        with limited(intake.connection, MAX_SECONDS):
            intake.rows(
                one_query(f"SELECT {', '.join(f'count({sql})' for sql in expressions)} FROM {table.relation}", "trial")
            )
    except duckdb.InterruptException:
        return Message("fault.kpi_slow", {"seconds": f"{MAX_SECONDS}", "rows": table.rows})
    except duckdb.OutOfMemoryException:
        return Message("fault.kpi_memory", {"rows": table.rows})
    except (duckdb.ProgrammingError, duckdb.DataError, duckdb.PermissionException) as error:
        return one_line(error)
    except BatonError as error:
        return error.message
    return None


def _quoted(kpi: Kpi, sql: str, table: TypedTable, /) -> str:
    """Return an expression with its columns quoted: `at` and `from` are words of SQL too."""
    from sqlglot import exp

    tree = checked(sql, f"KPI {kpi.id}")
    known = {name.casefold() for name in table.columns}
    for column in tree.find_all(exp.Column):
        # DuckDB takes a name that is no column for a function of that name, such as current_date, or for the table
        if column.name.casefold() not in known:
            raise ExpressionError(f"there is no column {column.name!r}{did_you_mean(column.name, table.columns)}")
    return tree.sql(dialect="duckdb", identify=True)
