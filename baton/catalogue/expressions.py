"""What a KPI's SQL may say: one scalar expression over its source's columns, and nothing else.

The expression is read by a parser and every part of it is looked up in a list of what is allowed. What is not on the
list is refused: sub-queries, other tables, aggregates, functions that read files, the network, a setting, the clock or
chance. So a catalogue can be passed from hand to hand without being trusted.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from baton.catalogue.schema import Kpi
from baton.catalogue.sql_parts import MAX_DEPTH, PARTS, depth_of, fault_of
from baton.errors import ExpressionError
from baton.nearest import did_you_mean

if TYPE_CHECKING:
    from sqlglot.expressions import Expr

__all__ = ["check_expression", "checked", "columns_of"]

_LONGEST = 2000  # characters; what needs more is a computation of the table's own

_REASONS = {
    "Select": "it holds a query of its own",
    "Subquery": "it holds a query of its own",
    "Exists": "it holds a query of its own",
    "Union": "it holds a query of its own",
    "Window": "it looks at other rows (OVER)",
    "Star": "it names all columns at once (*)",
    "Columns": "it names all columns at once (*)",
    "Alias": "it gives a name (AS); the KPI's id is its name",
    "Placeholder": "it has a placeholder",
    "Parameter": "it has a placeholder",
    "Dot": "it names a table or a part of a structure; name columns alone",
    "Table": "it names a table",
}


def check_expression(kpi: Kpi, columns: Collection[str] | None = None) -> frozenset[str]:
    """Check that a KPI's SQL is one scalar expression over its source's columns.

    Parameters
    ----------
    kpi : Kpi
        Its ``expr`` and ``denominator`` are read; a named metric has neither and passes.
    columns : collection of str, optional
        The source's columns; without them, columns are not looked up.

    Returns
    -------
    frozenset of str
        The columns that the KPI uses.

    Raises
    ------
    ExpressionError
        If the SQL does not parse, is more than one scalar expression, calls a function that is not allowed, or names a
        column that the source does not have.
    """
    used: set[str] = set()
    for place, text in (("expr", kpi.expr), ("denominator", kpi.denominator)):
        if text is not None:
            used |= _columns(text, f"KPI {kpi.id}, {place}")
    if columns is not None:
        for name in sorted(used - set(columns)):
            raise ExpressionError(f"KPI {kpi.id}: {kpi.source} has no column {name!r}{did_you_mean(name, columns)}")
    return frozenset(used)


def columns_of(expr: str, /) -> frozenset[str]:
    """Return the columns that a KPI's expression uses.

    Raises
    ------
    ExpressionError
        If it is no single scalar expression.

    Examples
    --------
    >>> sorted(columns_of("closed_at <= due_at"))
    ['closed_at', 'due_at']
    >>> columns_of("read_text('secrets.txt')")
    Traceback (most recent call last):
    ...
    baton.errors.ExpressionError: expression: function read_text is not allowed; use columns, arithmetic, comparisons, \
CASE and simple functions of text, numbers and times
    """
    return _columns(expr, "expression")


def checked(text: str, place: str = "expression", /, *, longest: int | None = _LONGEST) -> Expr:
    """Read SQL as one scalar expression of allowed parts.

    The tree that is returned was made from SQL that was printed with every column quoted and read again, so that what
    was checked and what an engine is given are the same.

    Parameters
    ----------
    text : str
        DuckDB dialect.
    place : str
        How messages name it.
    longest : int, optional
        Characters that it may have; None where the text is ours, made around an expression.

    Returns
    -------
    sqlglot expression
        A copy of the caller's own, every column quoted.

    Raises
    ------
    ExpressionError
        If it does not parse, or any part of it is not allowed.
    """
    return _kept(text, place, longest).copy()


def _kept(text: str, place: str, longest: int | None, /) -> Expr:
    """Return the tree that was checked before, to be read and not changed."""
    try:
        return _checked(text, place, longest)
    except RecursionError:
        raise ExpressionError(f"{place}: it is nested too deeply; compute it in the table's sql instead") from None


@lru_cache(maxsize=4096)
def _checked(text: str, place: str, longest: int | None, /) -> Expr:
    tree = _with_plain_parts(_parse(text, place, longest))
    _check_parts(tree, place)
    printed = _printed(tree)
    again = _parse(printed, place, None)
    _check_parts(again, place)
    if _printed(again) != printed or _names(again) != _names(tree):
        raise ExpressionError(f"{place}: it reads differently once its columns are quoted; write it more plainly")
    return again


def _with_plain_parts(tree: Expr, /) -> Expr:
    """Return the tree with ``extract('hour' from …)`` as ``extract(hour from …)``, to be checked like it."""
    from sqlglot import exp

    for node in tree.find_all(exp.Extract):
        if isinstance(node.this, exp.Literal) and node.this.is_string:
            node.set("this", exp.Var(this=node.this.name.upper()))
    return tree


def _printed(tree: Expr, /) -> str:
    return tree.sql(dialect="duckdb", identify=True, comments=False)


@lru_cache(maxsize=4096)
def _columns(text: str, place: str, /) -> frozenset[str]:
    return _names(_kept(text, place, _LONGEST))


def _names(tree: Expr, /) -> frozenset[str]:
    from sqlglot import exp

    return frozenset(column.name for column in tree.find_all(exp.Column))


def _check_parts(tree: Expr, place: str, /) -> None:
    for node in tree.walk():
        kind = type(node).__name__
        if kind not in PARTS:
            raise ExpressionError(f"{place}: {_refusal(node, kind)}")
        if node.comments:
            raise ExpressionError(f"{place}: it holds a comment; put it into the KPI's description")
        if kind == "Column" and node.args.get("table") is not None:
            raise ExpressionError(f"{place}: {node.sql('duckdb')} names a table; name the source's columns alone")
        fault = fault_of(node)
        if fault is not None:
            raise ExpressionError(f"{place}: {fault}")
    if depth_of(tree) > MAX_DEPTH:
        raise ExpressionError(f"{place}: it is nested too deeply; compute it in the table's sql instead")


def _refusal(node: Expr, kind: str, /) -> str:
    from sqlglot import exp

    allowed = "use columns, arithmetic, comparisons, CASE and simple functions of text, numbers and times"
    if kind in _REASONS:
        return f"{_REASONS[kind]}; give one scalar expression over the source's columns"
    if isinstance(node, exp.AggFunc):
        return f"it aggregates ({node.sql_name().lower()}); say how rows become one value with aggregate = …"
    if isinstance(node, exp.Anonymous):
        return f"function {node.name.lower()} is not allowed; {allowed}"
    if isinstance(node, exp.Func):
        return f"function {node.sql_name().lower()} is not allowed; {allowed}"
    if isinstance(node, _statements()):
        return "it is a statement; give one scalar expression over the source's columns"
    return f"{kind.lower()} is not allowed; {allowed}"


def _statements() -> tuple[type[Any], ...]:
    from sqlglot import exp

    return (
        exp.DDL,
        exp.Drop,
        exp.Update,
        exp.Delete,
        exp.Command,
        exp.Query,
        exp.Attach,
        exp.Pragma,
        exp.Set,
        exp.Copy,
    )


def _parse(text: str, place: str, longest: int | None, /) -> Expr:
    from sqlglot import parse, tokenize
    from sqlglot.errors import ParseError, SqlglotError

    if not text.strip():
        raise ExpressionError(f"{place}: it is empty; give a column or an expression over columns")
    if longest is not None and len(text) > longest:
        raise ExpressionError(
            f"{place}: it is longer than {longest:,} characters; compute it in the table's sql instead"
        )
    try:
        ends = sum(token.token_type.name == "SEMICOLON" for token in tokenize(text, dialect="duckdb"))
        trees = parse(text, dialect="duckdb")
    except ParseError as error:
        raise ExpressionError(f"{place}: {_syntax(error, text)}") from None
    except SqlglotError as error:
        raise ExpressionError(f"{place}: no valid SQL ({_plain(str(error))})") from None
    if ends or len(trees) != 1 or trees[0] is None:
        raise ExpressionError(f"{place}: it holds a statement's end (;); give one scalar expression without it")
    return trees[0]


def _syntax(error: Any, text: str, /) -> str:
    """One sentence with the position, out of the parser's own report."""
    first = error.errors[0] if error.errors else {}
    column, near = first.get("col"), first.get("highlight")
    where = f" at character {column}" if column else ""
    what = f", near {near!r}" if near else ""
    return f"syntax error{where}{what} in {_plain(text)!r}; correct the SQL"


def _plain(text: str, /) -> str:
    """Without colours and line breaks, and short."""
    line = " ".join(re.sub(r"\x1b\[[0-9;]*m", "", text).split())
    return line if len(line) <= 160 else line[:157] + "…"
