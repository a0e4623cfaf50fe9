"""What users' own columns are called in the warehouse, so that none can stand for one of Baton's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis.expr.types as ir

from baton.contract.sources import TABLES

if TYPE_CHECKING:
    pass

__all__ = ["ATTRIBUTE", "attribute", "exposed", "is_own", "plain"]

ATTRIBUTE = "attribute__"
"""What the names of users' own columns begin with; it may begin no other."""


_TEXT_CAUSE = ("cases", "text_cause")
"""A column that Baton itself adds to a table of the contract: intake lets no other of that name in."""


def attribute(name: str, /) -> str:
    """Return the name that a user's own column has in the warehouse.

    Examples
    --------
    >>> attribute("label"), attribute("attribute__label")
    ('attribute__label', 'attribute__attribute__label')
    """
    return ATTRIBUTE + name


def plain(name: str, /) -> str:
    """Return a column's name as the user knows it."""
    return name.removeprefix(ATTRIBUTE)


def is_own(table: str, column: str, /) -> bool:
    """Whether a column of a source table is a user's own, not one that Baton knows by name."""
    return column not in TABLES[table].names and (table, column) != _TEXT_CAUSE


def exposed(name: str, table: ir.Table, /) -> ir.Table:
    """Return a clean table with users' own columns renamed, as the warehouse holds it."""
    return table.rename({attribute(column): column for column in table.columns if is_own(name, column)})
