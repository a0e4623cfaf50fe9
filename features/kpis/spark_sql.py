"""KPI expressions in the words of Spark, where it gives what DuckDB gives; what it computes otherwise is refused.

A list of what is known to be equal, so that nothing is computed silently otherwise: Spark rounds where casts of DuckDB
round to even, counts whole seconds where DuckDB counts their boundaries, knows other patterns, and takes 0.5 for a
decimal of one digit.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from baton.catalogue.expressions import checked
from baton.catalogue.schema import Kpi
from baton.errors import CatalogueError

if TYPE_CHECKING:
    from sqlglot.expressions import Expr

__all__ = ["for_spark", "refuse_not_on_spark"]

_PARTS = frozenset(
    "Paren Neg Not Abs Lower Upper Length Column Identifier Boolean Var DataType And Or EQ NEQ GT GTE LT LTE Add Sub "
    "Mul Div Nullif Like Is Greatest Least DateDiff Literal Null Between In Case If Coalesce Cast Interval".split()
)
"""By the name of sqlglot's class: parts that give the same on Spark, as ``for_spark`` writes them."""

_TYPES = frozenset({"DATE", "DOUBLE", "VARCHAR", "TEXT", "BOOLEAN"})
_UNIT_SECONDS = {"SECOND": 1, "MINUTE": 60, "HOUR": 3600, "DAY": 86400}


def refuse_not_on_spark(kpis: Iterable[Kpi], /) -> None:
    """Refuse KPIs that Spark would compute otherwise.

    Raises
    ------
    CatalogueError
        If there are some; all are named, each with the part that Spark computes otherwise.
    """
    found = {}
    for kpi in kpis:
        texts = [text for text in (kpi.expr, kpi.denominator) if text is not None]
        parts = sorted({part for text in texts for part in _strange(checked(text, f"KPI {kpi.id}", longest=None))})
        if parts:
            found[kpi.id] = f"{kpi.id} ({', '.join(parts)})"
    if found:
        raise CatalogueError(
            f'[engine] name = "spark": Spark computes otherwise what KPIs use: {"; ".join(found.values())}; write them '
            'more plainly, compute it in the sql of the table, or choose name = "duckdb"'
        )


def for_spark(tree: Any, /) -> Any:
    """Rewrite a checked expression so that Spark gives what DuckDB gives.

    Parameters
    ----------
    tree : sqlglot expression
        DuckDB dialect.

    Returns
    -------
    sqlglot expression
        To be printed in Spark's dialect.

    Raises
    ------
    CatalogueError
        If it holds a part that Spark computes otherwise.
    """
    from sqlglot import exp

    if parts := sorted(set(_strange(tree))):
        raise CatalogueError(f'[engine] name = "spark": Spark computes {", ".join(parts)} otherwise than DuckDB')

    def rewrite(node: Expr) -> Expr:
        if isinstance(node, exp.Literal) and not node.is_string and not node.is_int:
            return exp.cast(node.copy(), "DOUBLE")  # Spark takes it for a decimal
        if isinstance(node, exp.DateDiff):
            return _boundaries(node)
        return node

    return tree.transform(rewrite)


def _boundaries(node: Any, /) -> Any:
    """How many beginnings of a unit lie between two times, in UTC; Spark itself counts whole units."""
    from sqlglot import exp

    seconds = exp.Literal.number(_UNIT_SECONDS[_unit(node)])

    def number(moment: Any) -> Any:
        stamp = exp.cast(moment.copy(), "TIMESTAMPLTZ")  # the session's time zone is UTC
        return exp.func("FLOOR", exp.Div(this=exp.func("UNIX_SECONDS", stamp), expression=seconds.copy()))

    return exp.Paren(this=exp.Sub(this=number(node.this), expression=number(node.expression)))


def _strange(tree: Any, /) -> list[str]:
    """Parts of an expression that are not known to give the same, as a reader knows them."""
    return [name for name in map(_strangeness, tree.walk()) if name]


def _strangeness(node: Any, /) -> str:
    kind = type(node).__name__
    if kind not in _PARTS:
        return str(getattr(node, "sql_name", lambda: kind)() if hasattr(node, "sql_names") else kind).lower()
    if kind == "DateDiff" and _unit(node) not in _UNIT_SECONDS:
        return f"date_diff of {_unit(node).lower()}s"
    if kind == "Cast" and node.to.this.name not in _TYPES:
        return f"cast to {node.to.this.name.lower()}"
    if kind == "Literal" and node.is_string and "\\" in node.name:
        return "a backslash"
    return ""


def _unit(node: Any, /) -> str:
    unit = node.args.get("unit")
    return "DAY" if unit is None else unit.name.upper().removesuffix("S")
