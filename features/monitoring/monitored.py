"""Which columns of which tables are watched, and by which time their rows are put into periods.

A value is put where it became known: a rating by ``rated_at``, what is known at a case's end by ``closed_at``. By the
opening, the newest cases would always lack what comes later, and every last week would look like a loss.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import ibis.expr.datatypes as dt

from baton.contract.sources import TABLES
from features.staging.own_columns import attribute
from features.staging.warehouse import Warehouse

__all__ = ["Monitored", "monitored"]

_AT_OPENING = ("customer_id", "stage", "process", "team_id", "channel", "priority", "text")
_AT_CLOSE = (
    "employee_id", "responded_at", "resolved_first", "reopened", "transferred", "wait_seconds", "handle_seconds",
    "cost", "root_cause",
)  # fmt: skip
_AT_RATING = ("csat", "nps")
_OF_CUSTOMER = ("kind", "segment", "value")
_KINDS = {"activity": "kind", "measures": "kpi"}


@dataclass(frozen=True)
class Monitored:
    """Rows of a table by one of its times, and the columns that are known by then.

    Parameters
    ----------
    source : str
        The table's name, or ``leavers``: customers by when they left.
    table : str
        By contract name.
    time : str
        Column of the warehouse.
    columns : tuple of (str, str)
        Pairs of what users call a column and what the warehouse does.
    kinds : str
        Column whose values have numbers of their own: amounts of orders are not amounts of log-ins. Empty: none.
    """

    source: str
    table: str
    time: str
    columns: tuple[tuple[str, str], ...]
    kinds: str = ""


def monitored(warehouse: Warehouse, /) -> list[Monitored]:
    """Return what of a company's tables can be watched.

    Returns
    -------
    list of Monitored
        Empty where no table has a time.
    """
    found = _of_cases(warehouse)
    for source, time in (("customers", "joined_at"), ("leavers", "left_at")):
        if warehouse.has("customers", time):
            own = _own(warehouse, "customers")
            found.append(Monitored(source, "customers", time, _named(warehouse, "customers", _OF_CUSTOMER) + own))
    for table in ("activity", "case_steps", "work", "measures"):
        time = TABLES[table].time
        if time is not None and warehouse.has(table, time):
            others = [name for name in TABLES[table].names if name not in {time, "from", "to"}]
            own = () if table in {"work", "measures"} else _own(warehouse, table)
            kinds = _KINDS.get(table, "")
            kinds = kinds if warehouse.has(table, kinds) else ""
            found.append(Monitored(table, table, time, _named(warehouse, table, others) + own, kinds))
    return found


def _of_cases(warehouse: Warehouse, /) -> list[Monitored]:
    if not warehouse.has("cases", "opened_at"):
        return []
    opening, closing, rating = list(_AT_OPENING), list(_AT_CLOSE), list(_AT_RATING)
    found = []
    if warehouse.has("cases", "rated_at"):
        found.append(Monitored("ratings", "cases", "rated_at", _named(warehouse, "cases", rating)))
        rating = []
    own = _own(warehouse, "cases")
    if warehouse.has("cases", "closed_at"):
        found.append(
            Monitored("closed cases", "cases", "closed_at", _named(warehouse, "cases", closing + rating) + own)
        )
        closing, rating, own = [], [], ()
    columns = _named(warehouse, "cases", opening + closing + rating) + own
    return [Monitored("cases", "cases", "opened_at", columns), *found]


def _named(warehouse: Warehouse, table: str, names: Sequence[str], /) -> tuple[tuple[str, str], ...]:
    return tuple((name, name) for name in names if warehouse.has(table, name))


def _own(warehouse: Warehouse, table: str, /) -> tuple[tuple[str, str], ...]:
    """Return the user's own columns, without moments: when they become known is not known."""
    schema = warehouse[table].schema()
    names = sorted(warehouse.present[table] - set(TABLES[table].names))
    pairs = ((name, attribute(name)) for name in names)
    return tuple((name, column) for name, column in pairs if column in schema and not _temporal(schema[column]))


def _temporal(type_: dt.DataType, /) -> bool:
    return bool(type_.is_temporal() or type_.is_nested())
