"""Conditions in simple words, such as ``priority = high and handle_seconds > 300``, as SQL over a table's columns."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from baton.catalogue.expressions import columns_of
from baton.errors import CatalogueError, ExpressionError
from baton.nearest import did_you_mean
from features.ingest.sql_text import literal, quoted

__all__ = ["ColumnKind", "TableColumn", "column_of", "column_sql", "condition_sql"]

ColumnKind = Literal["text", "number", "flag", "time"]

_AND = re.compile(r"\s+(?:and|&&?)\s+|\s*(?:且|并且)\s*", re.IGNORECASE)
_COMPARISON = re.compile(r"(?P<column>.*?)\s*(?P<sign><=|>=|<>|!=|==|=|<|>|\bis\s+not\b|\bis\b)\s*(?P<value>.+)", re.I)
_SIGNS = {"==": "=", "!=": "<>", "is": "=", "is not": "<>"}
_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")
_WIDE = str.maketrans("＝＜＞≤≥≠！“”‘’", "=<>≤≥≠!\"\"''")
_YES, _NO = ("yes", "true", "1", "y", "是"), ("no", "false", "0", "n", "否")
_KNOWN, _EMPTY = ("known", "given", "已知", "非空"), ("empty", "null", "missing", "unknown", "空", "为空", "未知")


@dataclass(frozen=True)
class TableColumn:
    """A column that a KPI may use.

    Parameters
    ----------
    name : str
    kind : {"text", "number", "flag", "time"}
    values : tuple of str
        Of a text, all different ones, the most frequent first; empty where they are too many to be categories.
    """

    name: str
    kind: ColumnKind
    values: tuple[str, ...] = ()


def column_of(name: str, columns: Mapping[str, TableColumn], table: str, /) -> TableColumn:
    """Return the column of that name, in any letter case.

    Raises
    ------
    CatalogueError
        If there is none; the nearest is named.
    """
    found = next((column for known, column in columns.items() if known.casefold() == name.strip().casefold()), None)
    if found is None:
        raise CatalogueError(f"{table} has no column {name!r}{did_you_mean(name, columns)}")
    return found


def column_sql(name: str, /) -> str:
    """Return a column's name as an expression has it: quoted only where SQL would read something else.

    Examples
    --------
    >>> column_sql("handle_seconds"), column_sql("case"), column_sql("Call Id")
    ('handle_seconds', '"case"', '"Call Id"')
    """
    try:
        return name if _PLAIN.fullmatch(name) and columns_of(name) == {name} else quoted(name)
    except ExpressionError:
        return quoted(name)


def condition_sql(words: str, /, columns: Mapping[str, TableColumn], table: str, column: str | None = None) -> str:
    """Return the SQL of a condition.

    Parameters
    ----------
    words : str
        Comparisons joined by ``and`` (且): ``column = value``, ``column > number``, ``column is known``,
        ``column is empty``.
    columns : mapping of str to TableColumn
        Of the table.
    column : str, optional
        The column that is meant where a comparison names none, as in ``> 300``.

    Raises
    ------
    CatalogueError
        If it is no such condition, or names a column or a value that is not there.

    Examples
    --------
    >>> columns = {"priority": TableColumn("priority", "text", ("high", "low")),
    ...            "cost": TableColumn("cost", "number")}
    >>> condition_sql("priority = high and cost > 2.5", columns, "cases")
    "priority = 'high' AND cost > 2.5"
    >>> condition_sql("priority = hgih", columns, "cases")
    Traceback (most recent call last):
    ...
    baton.errors.CatalogueError: no row of cases has priority = 'hgih'; did you mean 'high'?
    """
    parts = [part for part in _AND.split(_spelt(words)) if part.strip()]
    if not parts:
        raise CatalogueError("the condition is empty; write one like: priority = high")
    return " AND ".join(_one(part, columns, table, column) for part in parts)


def _spelt(words: str, /) -> str:
    text = words.translate(_WIDE)
    for sign, plain in (
        ("≤", "<="),
        ("≥", ">="),
        ("≠", "<>"),
        ("不等于", "<>"),
        ("等于", "="),
        ("大于", ">"),
        ("小于", "<"),
    ):
        text = text.replace(sign, plain)
    return text


def _one(part: str, columns: Mapping[str, TableColumn], table: str, default: str | None, /) -> str:
    found = _COMPARISON.fullmatch(part.strip())
    if found is None:
        raise CatalogueError(
            f"{part.strip()!r} is no condition; write one like: priority = high, or handle_seconds > 300"
        )
    name, value = found["column"].strip().strip("\"'"), found["value"].strip().strip("\"'")
    sign = " ".join(found["sign"].lower().split())
    sign = _SIGNS.get(sign, sign)
    if not name and default is None:
        raise CatalogueError(f"{part.strip()!r} names no column; write one like: priority = high")
    column = column_of(name or str(default), columns, table)
    if value.casefold() in (*_KNOWN, *_EMPTY) and sign in ("=", "<>") and value not in column.values:
        is_known = (value.casefold() in _KNOWN) == (sign == "=")
        return f"{column_sql(column.name)} IS {'NOT NULL' if is_known else 'NULL'}"
    return f"{column_sql(column.name)} {sign} {_value(column, sign, value, table)}"


def _value(column: TableColumn, sign: str, value: str, table: str, /) -> str:
    if column.kind == "flag":
        if value.casefold() in (*_YES, *_NO) and sign in ("=", "<>"):
            return "TRUE" if value.casefold() in _YES else "FALSE"
        raise CatalogueError(f"{column.name} is yes or no; write {column.name} = yes, or {column.name} = no")
    if column.kind == "number":
        try:
            return f"{float(value.replace(',', '')):.15g}"
        except ValueError:
            raise CatalogueError(f"{column.name} holds numbers, and {value!r} is none") from None
    if column.kind == "time":
        raise CatalogueError(f"{column.name} is a time; a condition can say that it is known, or empty")
    if sign not in ("=", "<>"):
        raise CatalogueError(f"{column.name} holds words; compare them by = or <>")
    if not column.values:
        return literal(value)  # too many different ones to look it up
    exact = next((known for known in column.values if known == value), None)
    close = exact or next((known for known in column.values if known.casefold() == value.casefold()), None)
    if close is None:
        raise CatalogueError(f"no row of {table} has {column.name} = {value!r}{did_you_mean(value, column.values)}")
    return literal(close)
