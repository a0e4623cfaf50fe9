"""The metric layer: a KPI compiled to Ibis, at any grain, over any window, never looking ahead.

A row counts in a window of ``w`` days at ``as_of`` if ``as_of − w < known_at ≤ as_of``; windows over values that come
by calendar periods hold as many of those as ``w`` days are. KPIs of one source that are known at the same moment share
one pass over their rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import reduce

import ibis
import ibis.expr.types as ir

from baton.catalogue.schema import Kpi
from baton.errors import CatalogueError
from baton.months import months_later
from features.kpis.aggregates import column_names, measured_id, value_columns
from features.kpis.calendar_periods import months_of_a_value, windows_of
from features.kpis.columns import kpi_column
from features.kpis.handlers import handler_pass
from features.kpis.known_at import columns_used, known_at
from features.kpis.named_metrics import is_metric_available, named_pass
from features.kpis.on_scale import followed, unfollowed
from features.kpis.row_pass import row_pass, side_by_side
from features.kpis.sampling import Spare
from features.kpis.sql import Span, Windows, add_expressions, to_number
from features.kpis.unit_rows import Unit, is_available, measured_units
from features.quality.observation.gaps import blind_moments, missing_months
from features.staging.warehouse import Warehouse

__all__ = ["available", "case_values", "evaluate", "feature_names", "needed_columns", "over", "panel"]

_NOISE = 1e-12


def available(warehouse: Warehouse, kpis: Iterable[Kpi], unit: Unit) -> list[Kpi]:
    """Return the KPIs that mean something for a unit and can be computed from what the company has.

    Parameters
    ----------
    kpis : iterable of Kpi
        Those to be computed.
    unit : str
        A grain, or ``customer_kind`` (at which the KPIs of the customer grain count).
    """
    grain = "customer" if unit == "customer_kind" else unit
    measured = measured_units(warehouse)
    return [
        kpi
        for kpi in kpis
        if grain in kpi.grains
        and not unfollowed(warehouse, kpi)
        and (
            (kpi.metric is not None and is_metric_available(warehouse, kpi, unit))
            or (kpi.metric is None and is_available(warehouse, kpi, unit, needed_columns(warehouse, kpi), measured))
        )
    ]


def feature_names(kpi_id: str, windows_days: Sequence[int], /) -> list[str]:
    """Return the names of a KPI's columns.

    Examples
    --------
    >>> feature_names("csat", [7, 30])
    ['csat__7d', 'csat__30d', 'csat__trend', 'csat__n']
    >>> feature_names("csat", [30])
    ['csat__30d', 'csat__n']
    """
    names = [f"{kpi_id}__{days}d" for days in sorted(windows_days)]
    return [*names, *([f"{kpi_id}__trend"] if len(names) > 1 else []), f"{kpi_id}__n"]


def evaluate(
    warehouse: Warehouse,
    kpis: Iterable[Kpi],
    grain: Unit,
    as_of: Sequence[datetime],
    windows_days: Sequence[int],
    *,
    spare: Spare | None = None,
) -> ir.Table:
    """Evaluate KPIs for every unit of a grain at given moments.

    Parameters
    ----------
    kpis : iterable of Kpi
        Each must be computable at that grain (``available``).
    grain : str
        customer, employee, team, stage, process or customer_kind.
    as_of : sequence of datetime
        UTC without zone.
    windows_days : sequence of int
        Lengths of the windows, in days.
    spare : Spare, optional
        What need not be computed. None: all must.

    Returns
    -------
    ibis Table
        One row per unit and moment at which any KPI has rows: ``unit_id``, ``as_of``, and per KPI ``<kpi>__<w>d`` for
        each window (null without rows; counts 0), ``<kpi>__trend`` (shortest minus longest window; with two windows or
        more) and ``<kpi>__n`` (rows behind the longest window; for ``measures`` the cases behind them, where known).

    Raises
    ------
    CatalogueError
        If a KPI cannot be computed at that grain, its expression gives no number, or it claims to be known too early.
    """
    chosen = followed(warehouse, kpis)
    ordered = sorted(windows_days)
    spare = spare or Spare()
    months = months_of_a_value(warehouse, chosen)
    own = {name: windows_of(as_of, ordered, length) for name, length in months.items()}
    wide = _evaluate_windows(warehouse, chosen, grain, (windows_of(as_of, ordered), own), spare)
    columns: dict[str, ir.Value] = {}
    gaps = missing_months(warehouse) if any(_counted(kpi) for kpi in chosen) else {}
    for kpi in chosen:
        windows = ordered[-1:] if kpi.id in spare.longest_only else ordered
        names = feature_names(kpi.id, windows)
        for name, days in zip(names, windows, strict=False):
            # nothing recorded is unknown, not zero
            blind = blind_moments(gaps.get(kpi.source, []), as_of, days) if _counted(kpi) else []
            columns[name] = ibis.ifelse(wide["as_of"].isin(blind), ibis.null(), wide[name]) if blind else wide[name]
        if len(windows) > 1:
            shortest, longest = columns[names[0]].cast("float64"), columns[names[len(windows) - 1]].cast("float64")
            moved = shortest - longest
            # what engines that add in another order differ by is no trend
            columns[f"{kpi.id}__trend"] = ibis.ifelse(moved.abs() <= longest.abs() * _NOISE, 0.0, moved)
        columns[names[-1]] = wide[names[-1]]
    return wide.select("unit_id", "as_of", **columns)


def panel(warehouse: Warehouse, kpis: Iterable[Kpi], grain: Unit, months: Sequence[datetime]) -> ir.Table:
    """Evaluate KPIs for every unit in calendar months.

    Parameters
    ----------
    kpis : iterable of Kpi
        Those to be computed.
    grain : str
        Whose values they are: customer, employee, team, stage, process or case.
    months : sequence of datetime
        Firsts of months. A row belongs to the month if ``from < known_at ≤ to``, so that a period's figure known at
        its very end counts in it.

    Returns
    -------
    ibis Table
        ``unit``, ``unit_id``, ``from``, ``to``, ``kpi``, ``value``, ``n``; no row where there is no value.
    """
    import pyarrow as pa

    chosen = followed(warehouse, kpis)
    spans = tuple(Span(months_later(month, 1), (month,)) for month in sorted(set(months)))
    wide = over(warehouse, chosen, grain, Windows(spans, ("month",)))
    # one row per unit and month is small whatever the events are: turn it in memory, not by one query per KPI
    months_wide = wide.to_pyarrow()
    parts = [
        pa.table(
            {
                "unit": pa.repeat(grain, months_wide.num_rows),
                "unit_id": months_wide["unit_id"],
                "to": months_wide["as_of"],
                "kpi": pa.repeat(kpi.id, months_wide.num_rows),
                "value": months_wide[f"{kpi.id}__month"].cast(pa.float64()),
                "n": months_wide[f"{kpi.id}__n"].cast(pa.float64()),
            }
        )
        for kpi in chosen
    ]
    if not parts:
        raise CatalogueError(f"no KPI can be computed for a {grain}; give the tables that carry one")
    long = ibis.memtable(pa.concat_tables(parts))
    start = long.to - ibis.interval(months=1)
    known = long.value.notnull()
    gaps = missing_months(warehouse) if any(_counted(kpi) for kpi in chosen) else {}
    for kpi in chosen:
        blind = [months_later(month, 1) for month in gaps.get(kpi.source, [])] if _counted(kpi) else []
        if blind:
            known = known & ~((long.kpi == kpi.id) & long.to.isin(blind))
    return long.filter(known).select("unit", "unit_id", **{"from": start}, to="to", kpi="kpi", value="value", n="n")


def over(warehouse: Warehouse, kpis: Iterable[Kpi], grain: Unit, windows: Windows) -> ir.Table:
    """Evaluate KPIs over windows that begin and end exactly as given.

    Parameters
    ----------
    windows : Windows
        Each moment once.

    Returns
    -------
    ibis Table
        ``unit_id``, ``as_of``, and per KPI ``<kpi>__<label>`` and ``<kpi>__n``, as of ``evaluate``.
    """
    return _evaluate_windows(warehouse, followed(warehouse, kpis), grain, (windows, {}), Spare())


def case_values(warehouse: Warehouse, kpis: Iterable[Kpi]) -> ir.Table:
    """Return each case's own value of the KPIs that are computed from cases, and when it was known.

    Parameters
    ----------
    kpis : iterable of Kpi
        Those of other sources, and counts, are passed over: a single case has no value of them.

    Returns
    -------
    ibis Table
        ``case_id``, and per KPI ``kpi:<id>`` (float) and ``<id>__known_at``.
    """
    chosen = [kpi for kpi in followed(warehouse, kpis) if has_case_value(kpi)]
    table = warehouse["cases"]
    times = _time_columns(table)
    expressions: dict[str, str] = {}
    for kpi in chosen:
        expressions |= value_columns(kpi)
        expressions[f"{kpi.id}__known_at"] = known_at(kpi, times).sql
    rows = add_expressions(table, ["case_id"], expressions)
    columns: dict[str, ir.Value] = {}
    for kpi in chosen:
        value = to_number(rows[f"{kpi.id}__value"])
        if kpi.denominator is not None:
            value = value / to_number(rows[f"{kpi.id}__denominator"]).nullif(0.0)
        columns[kpi_column(kpi.id)] = value
        columns[f"{kpi.id}__known_at"] = rows[f"{kpi.id}__known_at"]
    return rows.select("case_id", **columns)


def has_case_value(kpi: Kpi, /) -> bool:
    """Whether a single case has a value of the KPI."""
    return kpi.source == "cases" and kpi.expr is not None and kpi.aggregate not in ("count", "count_distinct")


def _evaluate_windows(
    warehouse: Warehouse,
    kpis: Sequence[Kpi],
    grain: Unit,
    asked: tuple[Windows, Mapping[str, Windows]],
    spare: Spare,
    /,
) -> ir.Table:
    """Run all passes and put their columns side by side: ``<kpi>__<label>`` and ``<kpi>__n``.

    ``asked`` are the windows, and those of the KPIs that have their own.
    """
    windows, own = asked
    passes: list[ir.Table] = []
    groups: dict[tuple[bool, str, str, str, Windows], list[Kpi]] = {}
    measured = measured_units(warehouse) if any(kpi.source == "measures" for kpi in kpis) else {}
    for kpi in kpis:
        if kpi.metric is not None:
            passes.append(named_pass(warehouse, kpi, grain, windows))
            continue
        way = _way(kpi, grain, measured)
        moment = "opened_at" if way == "handler" else known_at(kpi, _time_columns(warehouse[kpi.source])).sql
        some = windows if way == "handler" else own.get(kpi.id, windows)
        groups.setdefault((kpi.id in spare.longest_only, way, kpi.source, moment, some), []).append(kpi)
    handled: list[Kpi] = []
    for (brief, way, _source, moment, some), members in groups.items():
        if way == "handler":
            handled.extend(members)
            continue
        passes.append(
            row_pass(warehouse, members, grain, (way, moment), some.longest if brief else some, spare.population)
        )
    if handled:
        passes.append(handler_pass(warehouse, handled, grain, windows, measured, spare.population))
    if not passes:
        raise CatalogueError(f"no KPI was given to evaluate for a {grain}")
    wide = reduce(side_by_side, passes)
    names = [(kpi, name) for kpi in kpis for name in column_names(kpi, windows.labels)]
    zeros = [name for kpi, name in names if _counts(kpi, name) and name in wide.columns]
    return wide.mutate(**{name: wide[name].fill_null(0) for name in zeros})


def _way(kpi: Kpi, grain: Unit, measured: dict[str, frozenset[str]], /) -> str:
    """How a KPI's rows reach a unit: directly, through the employee's team, or through the cases' handlers."""
    if kpi.source == "measures":
        units = measured.get(measured_id(kpi), frozenset())
        if grain in units or grain == "employee":
            return "measures"
        return "measures via team" if grain == "team" else "handler"
    if kpi.source == "work" and grain not in ("employee", "team"):
        return "handler"
    return "rows"


def _counts(kpi: Kpi, name: str, /) -> bool:
    return name.endswith("__n") or _counted(kpi)


def _counted(kpi: Kpi, /) -> bool:
    return kpi.aggregate in ("count", "count_distinct")


def needed_columns(warehouse: Warehouse, kpi: Kpi, /) -> frozenset[str]:
    """Return the columns of its source without which a KPI says nothing; none where the source is not there."""
    if kpi.source not in warehouse or kpi.source == "measures":
        return frozenset()
    moment = known_at(kpi, _time_columns(warehouse[kpi.source])).column
    # a rating without a time of its own counts from the closing
    needed = moment if moment != "rated_at" or warehouse.has("cases", "rated_at") else "closed_at"
    return columns_used(kpi) | {needed}


def _time_columns(table: ir.Table, /) -> frozenset[str]:
    return frozenset(name for name, kind in table.schema().items() if kind.is_timestamp())
