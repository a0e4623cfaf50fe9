"""Columns that code asks the warehouse for by name are columns of the contract: others are never there."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from baton.contract.sources import TABLES

FOLDERS = ("features", "models", "pipelines", "serving", "baton")
KNOWN = {name: {column.name for column in table.columns} for name, table in TABLES.items()}


def asked_for(source: str) -> Iterator[tuple[str, str]]:
    """Pairs of table and column in calls of ``has``, and in pairs of constants whose first is a table."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "has":
            names = [each.value for each in node.args if isinstance(each, ast.Constant)]
            if names and names[0] in KNOWN:
                yield from ((names[0], name) for name in names[1:])
        elif isinstance(node, ast.For) and isinstance(node.iter, ast.Tuple):
            for pair in node.iter.elts:
                names = (
                    [each.value for each in pair.elts if isinstance(each, ast.Constant)]
                    if isinstance(pair, ast.Tuple)
                    else []
                )
                if len(names) == 2 and names[0] in KNOWN:
                    yield names[0], names[1]


def test_they_are_in_the_contract(checkout: Path) -> None:
    found = {
        (pair, path.relative_to(checkout).as_posix())
        for folder in FOLDERS
        for path in (checkout / folder).rglob("*.py")
        for pair in asked_for(path.read_text("utf-8"))
    }
    assert len(found) > 40
    unknown = {(pair, path) for pair, path in found if pair[1] not in KNOWN[pair[0]]}
    assert not unknown


def test_a_column_that_is_not_there_is_seen() -> None:
    text = 'for name, column in (("measures", "valid_to"), ("cases", "opened_at")):\n    warehouse.has("cases", "opend_at")'
    assert set(asked_for(text)) == {("measures", "valid_to"), ("cases", "opened_at"), ("cases", "opend_at")}
