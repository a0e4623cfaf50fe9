"""The cleaned tables of one company, open in one engine.

Everything after the checks reads from here: contract columns are always present (typed null where the source has
none), ids are strings, times are UTC without zone in microseconds, employees' ids are already pseudonyms.

A user's own column ``x`` is called ``attribute__x`` from here on. No column that Baton makes begins so, and no two
columns of a user get one name: what a user calls a column can never stand for one of ours, whatever we call ours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import ibis.expr.types as ir

from features.staging.own_columns import attribute

__all__ = ["Warehouse"]


@dataclass(frozen=True)
class Warehouse:
    """Clean tables in one Ibis backend.

    Parameters
    ----------
    tables : mapping of str to ibis Table
        By contract name, ``exposed``; a table that the company does not have is absent.
    present : mapping of str to frozenset of str
        Columns that the source really had, by the names that users know; the others are typed nulls.
    observed_until : mapping of str to datetime
        Per table with a time: the last moment up to which it is complete.
    scales : mapping of str to mapping of str to (low, high) or None
        Per table and column of ratings, the company's scale; None: not known. KPIs that say theirs follow it.
    missing : mapping of str to sequence of datetime, optional
        Firsts of the months in which a table has nothing, where the tables here are cut; None: they show it themselves.
    """

    tables: Mapping[str, ir.Table]
    present: Mapping[str, frozenset[str]]
    observed_until: Mapping[str, datetime] = field(default_factory=dict)
    scales: Mapping[str, Mapping[str, tuple[float, float] | None]] = field(default_factory=dict)
    missing: Mapping[str, Sequence[datetime]] | None = None

    def __contains__(self, name: str) -> bool:
        return name in self.tables

    def __getitem__(self, name: str) -> ir.Table:
        return self.tables[name]

    def has(self, table: str, *columns: str) -> bool:
        """Whether the source had the table with all these columns."""
        return table in self.tables and set(columns) <= self.present[table]

    def column(self, table: str, name: str, /) -> str | None:
        """Return what a column is called in a table, by the name that users know; None where it has none."""
        columns = self.tables[table].columns if table in self.tables else ()
        return next((found for found in (attribute(name), name) if found in columns), None)
