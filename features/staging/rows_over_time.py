"""Rows that say since when they hold (`valid_from`): the row valid at a moment."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import ibis
import ibis.expr.types as ir

from features.kpis.sql import finished
from features.staging.warehouse import Warehouse

__all__ = ["has_history", "row_then", "since_when", "with_row_then"]

_EVER = datetime(1, 1, 1)
"""A row without ``valid_from`` has always held."""

# names that no column of a user's has
_HOLDER, _SINCE, _UNTIL, _PLACE = (f"baton:{word}" for word in ("holder", "since", "until", "place"))
_KEYS = {"customers": "customer_id", "employees": "employee_id"}


def has_history(warehouse: Warehouse, table: str, /) -> bool:
    """Whether a table has several rows per person, each with the time since when it holds."""
    return warehouse.has(table, "valid_from")


def row_then(warehouse: Warehouse, table: str, moment: datetime | None, /) -> ir.Table:
    """Return one row per person: the newest that holds at a moment.

    Parameters
    ----------
    table : {"customers", "employees"}
    moment : datetime or None
        None: the newest row of all.

    Returns
    -------
    ibis Table
        The table's columns. Who has no row yet at the moment is not there.
    """
    rows = warehouse[table]
    if not has_history(warehouse, table):
        return rows
    since = since_when(rows)
    if moment is not None:
        rows = rows.filter(since <= ibis.literal(moment, type="timestamp(6)"))
        since = since_when(rows)
    newest = ibis.window(group_by=rows[_KEYS[table]], order_by=since.desc())
    return finished(rows.mutate(**{_PLACE: ibis.row_number().over(newest)}).filter(ibis._[_PLACE] == 0).drop(_PLACE))


def with_row_then(
    warehouse: Warehouse, table: str, rows: ir.Table, owner: str, moment: str, named: Mapping[str, str], /
) -> ir.Table:
    """Add to rows what was known of a person at each row's own moment.

    Parameters
    ----------
    table : {"customers", "employees"}
    rows : ibis Table
    owner, moment : str
        Columns of ``rows``: whose row it is, and when; a row without moment knows nothing where there is a history.
    named : mapping of str to str
        New columns, and the columns of ``table`` that they hold.

    Returns
    -------
    ibis Table
        ``rows`` with the new columns, null where nothing held yet.
    """
    people, key = warehouse[table], _KEYS[table]
    columns = {_HOLDER: people[key], **{name: people[column] for name, column in named.items()}}
    if not has_history(warehouse, table):
        held = people.select(**columns)
        return rows.left_join(held, [rows[owner] == held[_HOLDER]]).drop(_HOLDER)
    since = since_when(people)
    order = ibis.window(group_by=people[key], order_by=since)
    held = people.select(**columns, **{_SINCE: since, _UNTIL: since.lead().over(order)})
    is_then = [
        rows[owner] == held[_HOLDER],
        held[_SINCE] <= rows[moment],
        (held[_UNTIL] > rows[moment]) | held[_UNTIL].isnull(),
    ]
    return finished(rows.left_join(held, is_then).drop(_HOLDER, _SINCE, _UNTIL))


def since_when(rows: ir.Table, /) -> ir.TimestampValue:
    """Return since when each row holds."""
    return ibis.coalesce(rows.valid_from, ibis.literal(_EVER, type="timestamp(6)"))
