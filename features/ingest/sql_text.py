"""Small pieces of SQL and of an engine's messages, written so that no name or path breaks them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

__all__ = ["literal", "one_line", "path_literal", "quoted", "struct"]


def quoted(name: str, /) -> str:
    """Return a name quoted for SQL.

    Examples
    --------
    >>> quoted("select")
    '"select"'
    """
    return '"' + name.replace('"', '""') + '"'


def literal(text: str, /) -> str:
    """Return a text quoted for SQL."""
    return "'" + text.replace("'", "''") + "'"


def struct(parts: Mapping[str, str], /) -> str:
    """Return a struct of named expressions.

    Examples
    --------
    >>> struct({"n": "count(*)"})
    "{'n': count(*)}"
    """
    return "{" + ", ".join(f"{literal(name)}: {sql}" for name, sql in parts.items()) + "}"


def path_literal(path: Path, /) -> str:
    """Return a path quoted for SQL, in which DuckDB finds no pattern."""
    return literal(re.sub(r"([\[*?])", r"[\1]", str(path)))


def one_line(error: BaseException, /) -> str:
    """Return the gist of an error's message in one line, without SQL excerpts."""
    broken = re.search(r"CSV Error on Line: (\d+)\n(?:Original Line:.*\n)?(.*)", str(error))
    if broken is not None:  # the line itself may hold what nobody else should read
        return f"line {broken.group(1)}: {broken.group(2).strip()}"
    text = str(error).split("\nLINE ")[0].split("\n\nLINE ")[0]
    lines = [line.strip() for line in text.splitlines() if line.strip() and set(line.strip()) != {"^"}]
    return " ".join(lines[:4])[:500] or type(error).__name__
