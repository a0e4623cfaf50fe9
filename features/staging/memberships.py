"""From when until when somebody was a customer: those who left and came back were it several times.

Rows of ``customers`` with ``valid_from`` are read in their order. A later row corrects what the one before said of the
same membership (a cancellation that was withdrawn, a leaving recorded afterwards). It begins a new membership where the
row before had ended: its ``joined_at`` lies after that end, or it holds from after that end and says that the customer
is there.
"""

from __future__ import annotations

from collections.abc import Mapping

import ibis
import ibis.expr.types as ir

from features.kpis.sql import finished
from features.staging.rows_over_time import has_history, since_when
from features.staging.warehouse import Warehouse

__all__ = ["memberships", "with_membership"]

# names that no column of a user's has
_SINCE, _ENDED, _RETURNED, _BACK, _LEFT = (f"baton:{word}" for word in ("since", "ended", "returned", "back", "left"))
_FIRST, _LAST, _EARLIEST, _BEGAN, _HOLDER = (
    f"baton:{word}" for word in ("first", "last", "earliest", "began", "holder")
)


def memberships(warehouse: Warehouse, /) -> ir.Table:
    """Return each time that somebody was a customer.

    Parameters
    ----------
    warehouse : Warehouse
        With ``customers``.

    Returns
    -------
    ibis Table
        Customer × membership: the columns of ``customers`` as they stood when the membership began, ``joined_at`` and
        ``left_at`` of the membership (null: unknown, still here), ``membership`` (from 0). Memberships of one customer
        do not overlap.
    """
    table = warehouse["customers"]
    if not has_history(warehouse, "customers"):
        return table.mutate(membership=ibis.literal(0, type="int64"))
    rows = table.mutate(**{_SINCE: since_when(table)})
    over_time = ibis.window(group_by="customer_id", order_by=_SINCE)
    rows = rows.mutate(**{_ENDED: rows.left_at.lag().over(over_time)})
    since, ended = rows[_SINCE], rows[_ENDED]
    joined_again = (rows.joined_at > ended).fill_null(False)
    here_again = ((since > ended) & (rows.left_at.isnull() | (rows.left_at > since))).fill_null(False)
    rows = rows.mutate(
        **{
            _RETURNED: (joined_again | here_again).cast("int64"),
            _BACK: ibis.cases((joined_again, rows.joined_at), (here_again, since)),
        }
    )
    so_far = ibis.cumulative_window(group_by="customer_id", order_by=_SINCE)
    rows = rows.mutate(membership=rows[_RETURNED].sum().over(so_far))
    keys = ["customer_id", "membership"]
    own = ibis.window(group_by=keys)
    rows = rows.mutate(
        **{
            _FIRST: ibis.row_number().over(ibis.window(group_by=keys, order_by=_SINCE)),
            _LAST: ibis.row_number().over(ibis.window(group_by=keys, order_by=ibis.desc(_SINCE))),
            _EARLIEST: rows.joined_at.min().over(own),
            _BEGAN: rows[_BACK].max().over(own),
        }
    )
    rows = rows.mutate(**{_LEFT: ibis.cases((rows[_LAST] == 0, rows.left_at)).max().over(own)})
    rows = rows.mutate(joined_at=ibis.ifelse(rows.membership == 0, rows[_EARLIEST], rows[_BEGAN]), left_at=rows[_LEFT])
    return finished(rows.filter(rows[_FIRST] == 0).select(*table.columns, "membership"))


def with_membership(
    warehouse: Warehouse, rows: ir.Table, owner: str, moment: str, named: Mapping[str, str], /
) -> ir.Table:
    """Add to rows the membership that a customer had at each row's own moment.

    Parameters
    ----------
    warehouse : Warehouse
        With ``customers``.
    rows : ibis Table
    owner, moment : str
        Columns of ``rows``: whose row it is, and when.
    named : mapping of str to str
        New columns, and the columns of ``memberships`` that they hold.

    Returns
    -------
    ibis Table
        ``rows`` with the new columns, null for who was no customer then. Before they joined, people count as of their
        first membership.
    """
    people = memberships(warehouse)
    began = ibis.ifelse(people.membership == 0, ibis.null(), people.joined_at)
    columns = {name: people[column] for name, column in named.items()}
    held = people.select(**{_HOLDER: people.customer_id, _BEGAN: began, _LEFT: people.left_at}, **columns)
    is_then = [
        rows[owner] == held[_HOLDER],
        held[_BEGAN].isnull() | (held[_BEGAN] <= rows[moment]),
        held[_LEFT].isnull() | (held[_LEFT] > rows[moment]),
    ]
    return finished(rows.left_join(held, is_then).drop(_HOLDER, _BEGAN, _LEFT))
