"""When the company is looked at, who is at risk then, and what became of them.

**Dates.** The latest snapshot is the end of the day on which the first of the event tables (cases, activity) ends: from
there the grid goes back by ``every``. Months are counted back from the latest (31 January → 31 December, 30 November,
…). Snapshots whose outcome is not complete are left out, all but the latest, which is scored.

**Left.** A customer is at risk at ``as_of`` if they joined before it (unknown: long ago) and have not left by it. The
label is 1 if they leave in ``(as_of + gap, as_of + gap + horizon]``. Who leaves in ``(as_of, as_of + gap]`` is dropped.
Who left and came back (rows of ``customers`` with ``valid_from``) is at risk while they are there, not while they are
away; ``joined_at`` is then when they came back.

**Inactive.** A customer is at risk if they also did something in the ``inactive_days`` up to ``as_of``. The label is 1
if they then do nothing in ``(as_of + gap, as_of + gap + inactive_days]``: the horizon is ``inactive_days``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from math import gcd

import ibis
import ibis.expr.types as ir

from baton.company import Company
from baton.contract.sources import TABLES
from baton.errors import CompanyFileError
from baton.months import midnight_after, months_later
from features.kpis.sql import finished
from features.staging.memberships import memberships
from features.staging.warehouse import Warehouse

__all__ = [
    "MAX_DATES",
    "at_risk",
    "churn_horizon_days",
    "churn_labels",
    "dates",
    "first_event",
    "label_end",
    "latest",
    "period_bounds",
]

MAX_DATES = 60
"""More snapshots than this teach little: they are thinned evenly, the latest kept."""

_EVENTS = ("cases", "activity")
_PERIODS = ("case_steps", "measures", "work")
_STEP_DAYS = {"1d": 1, "1w": 7, "2w": 14}
_STEP_MONTHS = {"1mo": 1, "1q": 3}


def dates(
    company: Company,
    warehouse: Warehouse,
    horizon_days: int,
    *,
    gap_days: int | None = None,
    ends: Callable[[datetime], datetime] | None = None,
    in_periods: bool = False,
) -> list[datetime]:
    """Return the moments of the snapshots, oldest first; the last is the one to be scored.

    Parameters
    ----------
    horizon_days : int
        Snapshots before the last have this many days, after the gap, of observed future.
    gap_days : int, optional
        None: the company's.
    ends : callable, optional
        When the label of a snapshot is complete, where not so many days after it.
    in_periods : bool
        Whether labels look at whole calendar periods: one that ends at midnight where the company is, hours before the
        last day ends in UTC, is complete.

    Returns
    -------
    list of datetime
        UTC without zone. Empty if the company has no table with times.
    """
    newest = latest(warehouse)
    start, end = first_event(warehouse), label_end(warehouse)
    if newest is None or start is None or end is None:
        return []
    earliest = start + timedelta(days=min(company.snapshots.windows_days))
    future = timedelta(days=horizon_days + (company.snapshots.gap_days if gap_days is None else gap_days))
    observed = newest if in_periods else end
    found, step = [], 1
    while (moment := _steps_back(newest, company.snapshots.every, step)) >= earliest:
        if (moment + future if ends is None else ends(moment)) <= observed:
            found.append(moment)
        step += 1
    thinned = found[:: -(-len(found) // MAX_DATES)] if found else []
    return [*reversed(thinned), newest]


def period_bounds(company: Company, warehouse: Warehouse, moments: Sequence[datetime]) -> list[datetime]:
    """Return the bounds of periods from before the first event up to the latest snapshot, oldest first.

    Parameters
    ----------
    moments : sequence of datetime
        As of ``dates``; each is one of the bounds.

    Returns
    -------
    list of datetime
        As far from each other as the snapshots are. What is known at a bound belongs to the period that ends there.
    """
    start, newest = first_event(warehouse), moments[-1]
    grid, every = [newest], company.snapshots.every
    while start is not None and grid[-1] >= start:
        grid.append(_steps_back(newest, every, len(grid)))
    wanted = set(moments)
    places = [at for at, moment in enumerate(grid) if moment in wanted][1:]
    stride = gcd(*(after - before for before, after in pairwise(places))) if len(places) > 1 else 1
    regular = grid[places[0] % stride :: stride] if places else grid
    return sorted({*regular, *moments, grid[-1]})


def latest(warehouse: Warehouse, /) -> datetime | None:
    """Return the moment to score and advise for: the midnight that ends the last day all event tables cover."""
    end = label_end(warehouse)
    return None if end is None else midnight_after(end)


def label_end(warehouse: Warehouse, /, *tables: str) -> datetime | None:
    """Return the last moment that all the tables of an outcome cover.

    Parameters
    ----------
    tables : str
        Those needed; default: the event tables (cases, activity), without them the tables of periods. What a company
        file says about ``customers`` counts too.
    """
    wanted = tables or tuple(name for name in _EVENTS if name in warehouse)
    wanted = wanted or tuple(name for name in _PERIODS if name in warehouse)
    ends = [end for name in wanted if (end := _end_of(warehouse, name)) is not None]
    if "customers" in warehouse.observed_until and not tables:
        ends.append(warehouse.observed_until["customers"])
    return min(ends, default=None)


def churn_horizon_days(company: Company, /) -> int:
    """Return how many days the churn label covers: the horizon, or for the rule ``inactive`` its days."""
    churn = company.outcomes.churn
    if churn is not None and churn.rule == "inactive":
        return churn.inactive_days
    return company.snapshots.horizon_days


def at_risk(company: Company, warehouse: Warehouse, moments: Sequence[datetime]) -> ir.Table:
    """Return who was at risk when.

    Returns
    -------
    ibis Table
        ``customer_id``, ``as_of``, ``joined_at``, ``left_at``.

    Raises
    ------
    CompanyFileError
        If the rule of churn needs a table or column that is missing.
    """
    churn = company.outcomes.churn
    rule = "left_at" if churn is None else churn.rule
    people = _people(warehouse, rule)
    dated = people.cross_join(_moments(moments))
    there = (dated.joined_at.isnull() | (dated.joined_at < dated.as_of)) & (
        dated.left_at.isnull() | (dated.left_at > dated.as_of)
    )
    found = dated.filter(there).select("customer_id", "as_of", "joined_at", "left_at")
    if rule == "left_at" or churn is None:
        return found
    return finished(found.semi_join(_active(warehouse, moments, -churn.inactive_days, 0), ["customer_id", "as_of"]))


def churn_labels(company: Company, warehouse: Warehouse, moments: Sequence[datetime]) -> ir.Table:
    """Return what became of the customers at risk.

    Parameters
    ----------
    moments : sequence of datetime

    Returns
    -------
    ibis Table
        ``customer_id``, ``as_of``, ``joined_at``, ``left_at`` (whenever that is), ``label`` (1 left, 0 stayed; null:
        the horizon is not complete). Who leaves in the gap is not there.

    Raises
    ------
    CompanyFileError
        If the rule of churn needs a table or column that is missing.
    """
    churn = company.outcomes.churn
    gap, horizon = company.snapshots.gap_days, churn_horizon_days(company)
    end = label_end(warehouse)
    risk = at_risk(company, warehouse, moments)
    starts, ends = ibis.interval(days=gap), ibis.interval(days=gap + horizon)
    kept = risk.filter(risk.left_at.isnull() | (risk.left_at > risk.as_of + starts))
    if churn is not None and churn.rule == "inactive":
        later = _active(warehouse, moments, gap, gap + horizon).mutate(was_active=ibis.literal(1))
        later = later.rename(active_customer="customer_id", active_as_of="as_of")
        joined = kept.left_join(later, [("customer_id", "active_customer"), ("as_of", "active_as_of")])
        kept = joined.select("customer_id", "as_of", "joined_at", "left_at", "was_active")
        gone = kept.was_active.isnull()
    else:
        gone = kept.left_at.notnull() & (kept.left_at <= kept.as_of + ends)
    label = gone.cast("int32").cast("float64")
    complete = ibis.literal(False) if end is None else kept.as_of + ends <= ibis.literal(end, type="timestamp(6)")
    return kept.select("customer_id", "as_of", "joined_at", "left_at", label=ibis.cases((complete, label)))


def _people(warehouse: Warehouse, rule: str, /) -> ir.Table:
    if "customers" in warehouse:
        if rule == "left_at" and not warehouse.has("customers", "left_at"):
            raise CompanyFileError(
                '[outcomes.churn] rule = "left_at" needs the column customers.left_at; add it, or use rule = "inactive"'
            )
        return memberships(warehouse).select("customer_id", "joined_at", "left_at")
    if rule == "left_at" or "activity" not in warehouse:
        needed = "customers (with left_at)" if rule == "left_at" else "activity"
        raise CompanyFileError(f'[outcomes.churn] rule = "{rule}" needs the table {needed}; give it under [tables]')
    table = warehouse["activity"]
    seen = table.group_by("customer_id").aggregate(joined_at=table["at"].min())
    return seen.mutate(left_at=ibis.null("timestamp(6)"))


def _active(warehouse: Warehouse, moments: Sequence[datetime], after_days: int, until_days: int, /) -> ir.Table:
    """Who did something in ``(as_of + after_days, as_of + until_days]``: customer_id, as_of."""
    if "activity" not in warehouse:
        raise CompanyFileError('[outcomes.churn] rule = "inactive" needs the table activity; give it under [tables]')
    table = warehouse["activity"]
    bounds = _moments(moments).mutate(
        after_=lambda row: row.as_of + ibis.interval(days=after_days),
        until_=lambda row: row.as_of + ibis.interval(days=until_days),
    )
    events = table.select("customer_id", at_="at")
    joined = events.join(bounds, [events.at_ > bounds.after_, events.at_ <= bounds.until_])
    return joined.select("customer_id", "as_of").distinct()


def _moments(moments: Sequence[datetime], /) -> ir.Table:
    import pyarrow as pa

    return ibis.memtable(pa.table({"as_of": pa.array(sorted(set(moments)), pa.timestamp("us"))}))


def _steps_back(moment: datetime, every: str, steps: int, /) -> datetime:
    if every in _STEP_MONTHS:
        return months_later(moment, -_STEP_MONTHS[every] * steps)
    return moment - timedelta(days=_STEP_DAYS[every] * steps)


def _end_of(warehouse: Warehouse, name: str, /) -> datetime | None:
    if name in warehouse.observed_until:
        return warehouse.observed_until[name]
    column = TABLES[name].time
    if name not in warehouse or column is None:
        return None
    return warehouse[name][column].max().to_pyarrow().as_py()


def first_event(warehouse: Warehouse, /) -> datetime | None:
    """Return when the first of the event tables begins."""
    names = [name for name in _EVENTS if name in warehouse] or [name for name in _PERIODS if name in warehouse]
    starts = [warehouse[name][str(TABLES[name].time)].min().to_pyarrow().as_py() for name in names]
    return min((start for start in starts if start is not None), default=None)
