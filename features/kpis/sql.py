"""KPI expressions and snapshot dates, brought into the engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import ibis
import ibis.expr.types as ir

from baton.errors import ExpressionError
from features.kpis.spark_sql import for_spark
from features.staging.own_columns import attribute

__all__ = ["Span", "Windows", "add_expressions", "finished", "span_table", "spans_of", "to_number"]

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


@dataclass(frozen=True)
class Windows:
    """Windows at several moments, and their names.

    Parameters
    ----------
    spans : tuple of Span
        One per moment.
    labels : tuple of str
        The windows' names, shortest first.
    """

    spans: tuple[Span, ...]
    labels: tuple[str, ...]

    @property
    def longest(self) -> Windows:
        """The longest window of each moment alone."""
        return Windows(tuple(Span(span.as_of, span.starts[-1:]) for span in self.spans), self.labels[-1:])


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

    Raises
    ------
    ExpressionError
        If an expression holds a part that is not allowed.
    CatalogueError
        If Spark would compute a part otherwise.
    """
    import ibis.expr.operations as ops
    import sqlglot as sg
    from sqlglot import exp

    from baton.catalogue.expressions import checked

    name = f"baton_rows_{next(_names)}"
    columns: list[exp.Expr] = [exp.column(column, quoted=True) for column in keep]
    backend = table.get_backend()
    spoken = for_spark if backend.name == "pyspark" else _as_it_is
    for alias, text in expressions.items():
        # read and checked anew: what an engine is given is what was allowed, whoever put it together
        tree = checked(text, f"the SQL of {alias}", longest=None)
        columns.append(exp.alias_(spoken(_portable(tree, table.columns)), alias, quoted=True))
    query = sg.select(*columns).from_(exp.to_identifier(name, quoted=True)).sql(backend.dialect, identify=True)
    _must_be_one(query, len(columns), backend.dialect)
    whole = backend.compiler.add_query_to_expr(name=name, table=table, query=query)
    schema = _schema_of(backend, whole)
    return ops.SQLStringView(parent=table.alias(name).op(), query=query, schema=schema).to_expr()


def _as_it_is(tree: Any, /) -> Any:
    return tree


def _must_be_one(query: str, columns: int, dialect: Any, /) -> None:
    """Refuse SQL that another dialect's parser does not read as the one query that was printed."""
    from sqlglot import exp, parse

    trees = parse(query, dialect=dialect)
    whole = trees[0] if len(trees) == 1 else None
    if not isinstance(whole, exp.Select) or len(whole.selects) != columns or whole.find(exp.Subquery, exp.Union):
        raise ExpressionError("the catalogue's SQL cannot be said to this database as one query; write it more plainly")


def _schema_of(backend: Any, query: str, /) -> ibis.Schema:
    """Ask an engine what columns a query gives.

    Ibis 12 asks DuckDB by a method that DuckDB 2 no longer has, and PostgreSQL by a view that it then cannot drop
    (sqlglot 30): both are asked here in their own words.
    """
    of_type = backend.compiler.type_mapper.from_string
    if backend.name == "duckdb":
        rows = backend.con.cursor().execute(f"DESCRIBE {query}").fetchall()
        return ibis.schema({row[0]: of_type(row[1]) for row in rows})
    if backend.name == "postgres":
        with backend.con.cursor() as cursor:
            cursor.execute(f"SELECT * FROM ({query}) AS described LIMIT 0")
            types = backend.con.adapters.types
            return ibis.schema({column.name: of_type(types[column.type_code].name) for column in cursor.description})
    return backend._get_schema_using_query(query)


def finished(table: ir.Table, /) -> ir.Table:
    """End a join, with columns computed on it: Ibis 12 would take it up where the next one begins, and lose them."""
    return table.filter(ibis.literal(True))


def to_number(value: ir.Value, /) -> ir.Value:
    """Cast a boolean or number to a float; nulls stay null."""
    if value.type().is_boolean():
        value = value.cast("int32")  # PostgreSQL casts booleans to integers alone
    return value.cast("float64")


def _portable(tree: Any, columns: Sequence[str], /) -> Any:
    """Quote columns, which may be called ``select``, as the table spells them; let division by zero give null.

    A user's own column comes before one of ours that is called alike: an expression means what its author sees.
    """
    from sqlglot import exp

    spelt = {name.casefold(): name for name in columns}

    def spelling(name: str) -> str:
        for wanted in (attribute(name), name):
            if wanted in columns or wanted.casefold() in spelt:
                return wanted if wanted in columns else spelt[wanted.casefold()]
        return name

    def rewrite(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Column):
            return exp.column(spelling(node.name), quoted=True)
        if isinstance(node, exp.Div | exp.Mod | exp.IntDiv):
            divisor = node.expression
            if not isinstance(divisor, exp.Nullif | exp.Literal):
                node.set("expression", exp.Nullif(this=divisor, expression=exp.Literal.number(0)))
        return node

    return tree.transform(rewrite)
