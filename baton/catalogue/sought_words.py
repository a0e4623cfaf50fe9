"""The words that a KPI's expression looks for in columns of text."""

from __future__ import annotations

__all__ = ["sought_words"]


def sought_words(expression: str, /, *, within: bool = False) -> dict[str, set[str]]:
    """Return the words that an expression compares columns with, by column.

    Parameters
    ----------
    expression : str
        SQL in DuckDB's dialect.
    within : bool
        Words that may stand anywhere in the value (``like '%repair%'``) too.

    Examples
    --------
    >>> sought_words("case when lower(kind) = 'order' then amount end")
    {'kind': {'order'}}
    >>> sought_words("process like '%repair%'"), sought_words("process like '%repair%'", within=True)
    ({}, {'process': {'repair'}})
    """
    from sqlglot import exp, parse_one

    sought: dict[str, set[str]] = {}
    kinds = (exp.EQ, exp.In, exp.Like) if within else (exp.EQ, exp.In)
    for node in parse_one(expression, dialect="duckdb").find_all(*kinds):
        words = node.expressions if isinstance(node, exp.In) else [node.expression]
        column = node.this
        while isinstance(column, exp.Lower | exp.Upper | exp.Trim | exp.Paren):
            column = column.this
        if isinstance(column, exp.Column) and words and all(_is_word(word) for word in words):
            found = {word.this.strip("%") if isinstance(node, exp.Like) else word.this for word in words}
            sought.setdefault(column.name, set()).update(found)
    return sought


def _is_word(node: object, /) -> bool:
    from sqlglot import exp

    return isinstance(node, exp.Literal) and node.is_string
