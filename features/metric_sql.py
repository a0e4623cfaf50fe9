"""KPI expressions and snapshot dates, brought into the engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count

import ibis
import ibis.expr.types as ir

__all__ = ["Span", "add_expressions", "span_table", "spans_of", "to_number"]

_names = count()


@dataclass(frozen=True)
class Span:
    """The windows that end at one moment.

    Parameters
    ----------
    as_of : datetime
        The moment; rows known after it do not exist.
    starts : tuple of datetime
        Where each window starts (exclusive), in the order of the windows.
    """

    as_of: datetime
    starts: tuple[datetime, ...]


def spans_of(as_of: Sequence[datetime], windows_days: Sequence[int], /) -> list[Span]:
    """Return for each moment the windows of so many days that end at it, shortest first."""
    ordered = sorted(windows_days)
    return [Span(moment, tuple(moment - timedelta(days=days) for days in ordered)) for moment in sorted(set(as_of))]


def span_table(spans: Sequence[Span], /) -> ir.Table:
    """Return one row per moment and calendar day that its longest window touches.

    Rows meet moments by an equal day first, which every engine does by hashing, and exactly after.

    Returns
    -------
    ibis Table
        ``day``, ``as_of`` and ``start_<i>`` per window.
    """
    import pyarrow as pa

    days, owners = [], []
    for span in spans:
        day, last = min(span.starts).date(), span.as_of.date()
        while day <= last:
            days.append(day)
            owners.append(span)
            day += timedelta(days=1)
    moment = pa.timestamp("us")
    columns = {"day": pa.array(days, pa.date32()), "as_of": pa.array([span.as_of for span in owners], moment)}
    for index in range(len(spans[0].starts) if spans else 1):
        columns[f"start_{index}"] = pa.array([span.starts[index] for span in owners], moment)
    return ibis.memtable(pa.table(columns))


def add_expressions(table: ir.Table, keep: Sequence[str], expressions: Mapping[str, str], /) -> ir.Table:
    """Select columns of a table and SQL expressions over them.

    Parameters
    ----------
    table : ibis Table
        Bound to a backend.
    keep : sequence of str
        Columns to keep.
    expressions : mapping of str to str
        New columns: DuckDB-dialect SQL, transpiled for the table's engine. Division by zero gives null in each engine.

    Returns
    -------
    ibis Table
    """
    import ibis.expr.operations as ops
    import sqlglot as sg
    from sqlglot import exp

    name = f"baton_rows_{next(_names)}"
    columns: list[exp.Expression] = [exp.column(column, quoted=True) for column in keep]
    for alias, text in expressions.items():
        columns.append(exp.alias_(_without_division_by_zero(sg.parse_one(text, dialect="duckdb")), alias, quoted=True))
    backend = table.get_backend()
    query = sg.select(*columns).from_(exp.to_identifier(name, quoted=True)).sql(backend.dialect)
    aliased = table.alias(name)
    if backend.name != "duckdb":
        return aliased.sql(query)
    # Ibis 12 asks DuckDB for a query's columns by a method that DuckDB 2 no longer has: ask in plain SQL
    whole = backend.compiler.add_query_to_expr(name=name, table=table, query=query)
    described = backend.con.cursor().execute(f"DESCRIBE {whole}").fetchall()
    schema = ibis.schema({row[0]: backend.compiler.type_mapper.from_string(row[1]) for row in described})
    return ops.SQLStringView(parent=aliased.op(), query=query, schema=schema).to_expr()


def to_number(value: ir.Value, /) -> ir.Value:
    """Cast a boolean or number to a float; nulls stay null."""
    if value.type().is_boolean():
        value = value.cast("int32")  # PostgreSQL casts booleans to integers alone
    return value.cast("float64")


def _without_division_by_zero(tree: object, /) -> object:
    from sqlglot import exp

    def guard(node: exp.Expression) -> exp.Expression:
        if isinstance(node, exp.Div | exp.Mod | exp.IntDiv) and not isinstance(node.expression, exp.Nullif):
            node.set("expression", exp.Nullif(this=node.expression, expression=exp.Literal.number(0)))
        return node

    assert isinstance(tree, exp.Expression)
    return tree.transform(guard)
