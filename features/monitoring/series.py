"""Series by period: how many rows came, what share lacks a value, how high numbers are, how often a value stands.

Periods are weeks that end where the company's data end; months of the calendar where a table brings rows less often.
The last period is whole in time, and a table that stopped has nothing in it: that is what is looked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from baton.months import midnight_after, month_number, month_start, whole_months
from features.monitoring.monitored import Monitored, monitored
from features.staging.rows_over_time import row_then
from features.staging.warehouse import Warehouse

__all__ = ["MAX_VALUES", "PERIOD", "Periods", "Series", "What", "in_periods", "series_of"]

What = Literal["rows", "missing", "level", "share"]
Every = Literal["week", "month"]

PERIOD = "baton:period"
"""Column that says in which period a row lies, from 0."""

MAX_VALUES = 60
"""So many values of a column are watched, the most frequent, and half as many of the newest rows."""

_MIN_PERIODS = {"week": 12, "month": 12}
_MAX_WEEKS, _MAX_MONTHS = 160, 40  # three years: what was before says little about next week
_MAX_EMPTY = 0.1  # share of weeks without a row beyond which a table is watched by the month
_COARSE = 20  # numbers of fewer different values have a mean that moves, and a median that jumps
_MAX_DIFFERENT = 2000  # a column of more different values is free text or ids
_MIN_REPEATS = 5  # rows per value, below which it is too
_MIN_SHARE = 0.005  # of a column's rows: values that are rarer are watched only as newcomers


def _none() -> np.ndarray:
    return np.empty(0)


@dataclass(frozen=True)
class Periods:
    """Periods of equal kind, oldest first.

    Parameters
    ----------
    every : {"week", "month"}
        How long one is.
    begins : tuple of datetime
        First moments.
    end : datetime
        Of the last; not part of it.
    """

    every: Every
    begins: tuple[datetime, ...]
    end: datetime

    @property
    def a_year(self) -> int:
        """How many make a year."""
        return 52 if self.every == "week" else 12


@dataclass(frozen=True)
class Series:
    """One figure over periods.

    Parameters
    ----------
    source : str
        Of which rows (``Monitored.source``).
    column : str
        As users call it; empty for ``rows``.
    what : {"rows", "missing", "level", "share"}
        Rows; share of rows without a value; median or mean of numbers; share of rows with one value.
    value : str
        The value whose share it is, or the kind of row whose level; empty otherwise.
    periods : Periods
        What the arrays have a place for each of.
    values : array of shape (periods,)
        In natural units, NaN where there is no row.
    rows : array of shape (periods,)
        Rows behind each value.
    error : array of shape (periods,)
        Standard error of a level by chance; empty for the others, whose error follows from their rows.
    spread : array of shape (periods,)
        Ratio of the upper to the lower quartile of a level's numbers, NaN where it has none; empty for the others.
    """

    source: str
    column: str
    what: What
    value: str
    periods: Periods
    values: np.ndarray
    rows: np.ndarray
    error: np.ndarray = field(default_factory=_none)
    spread: np.ndarray = field(default_factory=_none)


def series_of(warehouse: Warehouse, /, until: datetime | None = None) -> list[Series]:
    """Return every series of a company.

    Parameters
    ----------
    until : datetime, optional
        As if the data ended there (default: the latest end of any table, the day begun counted whole).

    Returns
    -------
    list of Series
        Empty where no table has a time.
    """
    if not warehouse.observed_until:
        return []
    end = until or midnight_after(max(warehouse.observed_until.values()))
    return [series for of in monitored(warehouse) for series in _of_one(warehouse, of, end)]


def _of_one(warehouse: Warehouse, of: Monitored, end: datetime, /) -> Iterator[Series]:
    table = row_then(warehouse, of.table, None) if of.table == "customers" else warehouse[of.table]
    rows = table.filter(table[of.time] < ibis.literal(end, type="timestamp(6)"))
    periods = _periods(rows, of.time, end)
    if periods is None:
        return
    rows = in_periods(rows, of.time, periods)
    count = _by_period(rows.group_by(PERIOD).aggregate(n=rows.count()), periods, "n").fillna(0).to_numpy()
    yield Series(of.source, "", "rows", "", periods, count, count)
    for name, column in of.columns:
        if name != of.kinds:
            yield from _missing(rows, of, name, column, periods, count)
        if rows[column].type().is_boolean():
            yield from _flags(rows, of, name, column, periods)
        elif rows[column].type().is_numeric():
            yield from _levels(rows, of, name, column, periods)
        elif not (name.endswith("_id") and name != "team_id") and name != "text":
            yield from _shares(rows, of, name, column, periods)


def _periods(rows: ir.Table, time: str, end: datetime, /) -> Periods | None:
    """Return weeks, or months where too many weeks have no row; None where there are too few of either."""
    first = rows[time].min().to_pyarrow().as_py()
    if first is None:
        return None
    weeks = min(int((end - first) / timedelta(days=7)), _MAX_WEEKS)
    starts = tuple(end - timedelta(days=7) * (weeks - number) for number in range(weeks))
    if weeks >= _MIN_PERIODS["week"]:
        by_week = Periods("week", starts, end)
        known = in_periods(rows, time, by_week)
        seen = known[PERIOD].nunique().to_pyarrow().as_py()
        last = known[PERIOD].max().to_pyarrow().as_py()
        if seen >= (1 - _MAX_EMPTY) * (last + 1):
            return by_week
    months = whole_months(first, end)
    if len(months) < _MIN_PERIODS["month"]:
        return None
    begins = tuple(month_start(number) for number in months[-_MAX_MONTHS:])
    return Periods("month", begins, month_start(months.stop))


def in_periods(rows: ir.Table, time: str, periods: Periods, /) -> ir.Table:
    """Return the rows that lie in the periods, with ``PERIOD``."""
    numbered = rows.filter(rows[time] < ibis.literal(periods.end, type="timestamp(6)"))
    numbered = numbered.mutate(**{PERIOD: _number(numbered[time], periods)})
    return numbered.filter(numbered[PERIOD] >= 0)


def _number(time: ir.TimestampColumn, periods: Periods, /) -> ir.IntegerValue:
    """Return in which period a moment lies, from 0; negative, or beyond the last, where it lies in none."""
    first = periods.begins[0]
    if periods.every == "month":
        return (month_number(time.year(), time.month()) - month_number(first.year, first.month)).cast("int64")
    seconds = time.epoch_seconds() - int((first - datetime(1970, 1, 1)).total_seconds())
    return (seconds / (7 * 86400)).floor().cast("int64")


def _by_period(table: ir.Table, periods: Periods, column: str, /) -> pd.Series:
    found = table.to_pandas().set_index(PERIOD)[column]
    return found.reindex(range(len(periods.begins))).astype(float)


def _missing(
    rows: ir.Table, of: Monitored, name: str, column: str, periods: Periods, count: np.ndarray, /
) -> Iterator[Series]:
    known = _by_period(rows.group_by(PERIOD).aggregate(n=rows[column].count()), periods, "n").fillna(0).to_numpy()
    if known.any():
        share = np.where(count > 0, 1 - known / np.maximum(count, 1), np.nan)
        yield Series(of.source, name, "missing", "", periods, share, count)


def _flags(rows: ir.Table, of: Monitored, name: str, column: str, periods: Periods, /) -> Iterator[Series]:
    found = rows.group_by(PERIOD).aggregate(n=rows[column].count(), mean=rows[column].cast("float64").mean())
    n = _by_period(found, periods, "n").fillna(0).to_numpy()
    share = _by_period(found, periods, "mean").to_numpy()
    yield Series(of.source, name, "share", "", periods, share, n)


def _levels(rows: ir.Table, of: Monitored, name: str, column: str, periods: Periods, /) -> Iterator[Series]:
    if not of.kinds:
        yield from _level(rows, of, name, column, periods, "")
        return
    for kind in _values(rows, of.kinds, periods):
        yield from _level(rows.filter(rows[of.kinds] == kind), of, name, column, periods, kind)


def _level(rows: ir.Table, of: Monitored, name: str, column: str, periods: Periods, kind: str, /) -> Iterator[Series]:
    number = rows[column].cast("float64")
    coarse = rows[column].nunique().to_pyarrow().as_py() <= _COARSE
    found = (
        rows.group_by(PERIOD)
        .aggregate(
            n=rows[column].count(), mean=number.mean(), sd=number.std(), low=number.quantile(0.25),
            mid=number.median(), high=number.quantile(0.75),
        )
        .to_pandas()
        .set_index(PERIOD)
        .reindex(range(len(periods.begins)))
        .astype(float)
    )  # fmt: skip
    n = found["n"].fillna(0).to_numpy()
    low, mid, high = (found[part].to_numpy() for part in ("low", "mid", "high"))
    stuck = coarse or np.nanmean(np.isclose(mid, low) | np.isclose(mid, high)) > 0.5 if np.isfinite(mid).any() else True
    with np.errstate(divide="ignore", invalid="ignore"):
        if stuck:
            values, error = found["mean"].to_numpy(), found["sd"].to_numpy() / np.sqrt(n)
        else:
            values, error = mid, 1.2533 * (high - low) / 1.349 / np.sqrt(n)
        spread = np.where(low > 0, high / low, np.nan)
    if np.isfinite(values).any() and not np.allclose(values[np.isfinite(values)], values[np.isfinite(values)][0]):
        yield Series(of.source, name, "level", kind, periods, values, n, np.nan_to_num(error), spread)


def _shares(rows: ir.Table, of: Monitored, name: str, column: str, periods: Periods, /) -> Iterator[Series]:
    values = _values(rows, column, periods)
    if len(values) < 2:
        return
    known = rows.filter(rows[column].notnull())
    found = known.group_by([PERIOD, known[column].name(_VALUE)]).aggregate(n=known.count()).to_pandas()
    table = found.pivot_table(index=PERIOD, columns=_VALUE, values="n", aggfunc="sum", fill_value=0)
    table = table.reindex(range(len(periods.begins)), fill_value=0).astype(float)
    n = table.sum(axis=1).to_numpy()
    for value in values:
        count = table[value].to_numpy()
        share = np.where(n > 0, count / np.maximum(n, 1), np.nan)
        if count.sum() >= _MIN_SHARE * n.sum() or not count[:-2].any():
            yield Series(of.source, name, "share", str(value), periods, share, n)


_VALUE = "baton:value"


def _values(rows: ir.Table, column: str, periods: Periods, /) -> list[str]:
    """Return a column's most frequent values, and those of the newest two periods; none of a column of ids or texts."""
    newest = (rows[PERIOD] >= len(periods.begins) - 2).cast("int64")
    known = rows.filter(rows[column].notnull()).select(**{_VALUE: rows[column], "newest": newest})
    counted = known.group_by(_VALUE).aggregate(n=known.count(), now=known["newest"].sum()).to_pandas()
    if len(counted) > _MAX_DIFFERENT or len(counted) * _MIN_REPEATS > counted["n"].sum():
        return []
    ever = counted.nlargest(MAX_VALUES, "n")
    lately = counted[counted["now"] > 0].nlargest(MAX_VALUES // 2, "now")
    return sorted({*ever[_VALUE], *lately[_VALUE]})
