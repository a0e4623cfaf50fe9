"""Counts by month: customers, what they did, and cases that were open as the month ended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import ibis

from features.figures.definitions import CUSTOMER_FIGURES
from features.figures.times import Span, local, partial_months
from features.ingest.sql_text import quoted
from features.staging.memberships import memberships
from features.staging.warehouse import Warehouse

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["monthly_counts"]

_UNITS = dict(CUSTOMER_FIGURES)

_MONTHS = """
SELECT month, strftime(month, '%Y-%m') AS "group", least(month + INTERVAL 1 MONTH, {end}) AS last
FROM (SELECT unnest(generate_series(date_trunc('month', {start}), {end}, INTERVAL 1 MONTH)) AS month)
"""
# a month without any counts as 0, which is not the same as unknown
_IN_MONTH = """
SELECT "group", {count} AS n FROM ({months}) LEFT JOIN (SELECT *, {time} AS moment FROM ({rows}))
ON moment >= month AND moment < month + INTERVAL 1 MONTH AND moment BETWEEN {start} AND {end} GROUP BY ALL ORDER BY 1
"""
_AT_END = """
SELECT "group", count(began) AS n FROM ({months})
LEFT JOIN (SELECT {began} AS began, {ended} AS ended FROM ({rows})) ON began <= last AND (ended IS NULL OR ended > last)
GROUP BY "group" ORDER BY 1
"""


def monthly_counts(warehouse: Warehouse, zones: Mapping[str, str], /) -> Iterator[pd.DataFrame]:
    """Yield counts by month, for as far as the company's tables carry them.

    Parameters
    ----------
    zones : mapping of str to str
        Time zone per table.

    Yields
    ------
    pandas.DataFrame
        ``figure``, ``unit``, ``by`` (month), ``group``, ``rows``, ``n``, ``value``, ``people`` (0), ``about_work``,
        ``known_share``, ``partial``.
    """
    if warehouse.has("customers", "joined_at", "left_at"):
        # before anybody is known to have left, only those who stayed are on record: counts of then would mislead
        table = _Counted.of(warehouse, "customers", zones, "left_at")
        if table.span.start is not None:
            yield table.standing("customers", "joined_at", "left_at")
            yield table.counted("joined", "joined_at", "count(moment)")
            yield table.counted("left", "left_at", "count(moment)")
    if "activity" in warehouse:
        table = _Counted.of(warehouse, "activity", zones, "at")
        yield table.counted("active_customers", "at", "count(DISTINCT customer_id)")
        yield table.counted("events", "at", "count(moment)")
    if warehouse.has("cases", "closed_at"):
        yield _Counted.of(warehouse, "cases", zones, "opened_at").standing("open_cases", "opened_at", "closed_at")


class _Counted:
    """The rows of a table, counted by month."""

    def __init__(self, warehouse: Warehouse, name: str, zone: str, time: str, /) -> None:
        rows = memberships(warehouse) if name == "customers" else warehouse[name]
        backend: Any = rows.get_backend()
        self.engine: Any = backend.con.cursor()
        self.query = ibis.to_sql(rows, dialect="duckdb")
        self.zone = zone
        end = warehouse.observed_until.get(name)
        first, last = f"min({local(quoted(time), zone)})", f"max({local(quoted(time), zone)})"
        known = last if end is None else local(f"TIMESTAMP '{end}'", zone)
        self.span = Span(*self.engine.execute(f"SELECT {first}, {known} FROM ({self.query})").fetchall()[0])

    @classmethod
    def of(cls, warehouse: Warehouse, name: str, zones: Mapping[str, str], time: str, /) -> _Counted:
        """Return the rows of a table of the contract."""
        return cls(warehouse, name, zones.get(name, "UTC"), time)

    def counted(self, figure: str, time: str, count: str, /) -> pd.DataFrame:
        """Return how many fall into each month."""
        query = _IN_MONTH.format(time=local(quoted(time), self.zone), count=count, rows=self.query, **self._bounds())
        return self._as_figures(figure, query)

    def standing(self, figure: str, began: str, ended: str, /) -> pd.DataFrame:
        """Return how many stand at the end of each month."""
        times = {"began": local(quoted(began), self.zone), "ended": local(quoted(ended), self.zone)}
        return self._as_figures(figure, _AT_END.format(rows=self.query, **times, **self._bounds()))

    def _bounds(self) -> dict[str, str]:
        bounds = {"start": f"TIMESTAMP '{self.span.start}'", "end": f"TIMESTAMP '{self.span.end}'"}
        return bounds | {"months": _MONTHS.format(**bounds)}

    def _as_figures(self, figure: str, query: str, /) -> pd.DataFrame:
        found = self.engine.execute(query).df()
        return found.assign(
            figure=figure,
            unit=_UNITS[figure],
            by="month",
            rows=found["n"],
            value=found["n"].astype("float64"),
            people=0,
            about_work=False,
            known_share=float("nan"),
            partial=found["group"].isin(partial_months(self.span)),
        )
