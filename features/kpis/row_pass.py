"""One pass over one source's rows: whose they are, when they were known, and their values, grouped per window."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import ibis
import ibis.expr.types as ir

from baton.catalogue.schema import Kpi
from features.kpis.aggregates import aggregates_of, measured_id, value_columns
from features.kpis.sampling import Population
from features.kpis.sql import Span, Windows, add_expressions, finished, span_table
from features.kpis.unit_rows import Unit, source_rows, with_own_team
from features.staging.warehouse import Warehouse

__all__ = ["row_pass", "side_by_side"]

_OWN_TEAM = "baton:own team"  # a name that no column of a user's has


def row_pass(
    warehouse: Warehouse,
    kpis: Sequence[Kpi],
    grain: Unit,
    way_and_moment: tuple[str, str],
    windows: Windows,
    population: Population | None,
    /,
) -> ir.Table:
    """Evaluate KPIs of one source that are known at the same moment.

    Parameters
    ----------
    kpis : sequence of Kpi
    grain : str
        Whose values they are: customer, employee, team, stage, process or case.
    way_and_moment : tuple of str
        How rows reach the unit (``rows``, ``measures``, ``measures via team``), and the SQL of when they are known.
    population : Population or None
        The units asked for.

    Returns
    -------
    ibis Table
        ``unit_id``, ``as_of``, ``<kpi>__<label>`` and ``<kpi>__n``.
    """
    rows = _rows(warehouse, kpis, grain, way_and_moment)
    return _windowed(rows if population is None else population.of(rows), kpis, windows.spans, windows.labels)


def side_by_side(left: ir.Table, right: ir.Table, /) -> ir.Table:
    """Put the columns of two passes side by side."""
    right = right.rename(unit_of_right="unit_id", as_of_right="as_of")
    joined = left.outer_join(right, [("unit_id", "unit_of_right"), ("as_of", "as_of_right")])
    keys = {
        "unit_id": ibis.coalesce(joined.unit_id, joined.unit_of_right),
        "as_of": ibis.coalesce(joined.as_of, joined.as_of_right),
    }
    kept = [name for name in joined.columns if name not in ("unit_id", "as_of", "unit_of_right", "as_of_right")]
    return finished(joined.select(**keys, **{name: joined[name] for name in kept}))


def _rows(warehouse: Warehouse, kpis: Sequence[Kpi], grain: Unit, way_and_moment: tuple[str, str], /) -> ir.Table:
    """Return ``unit_id``, ``known_at_`` and the KPIs' values of each row that belongs to somebody and is known."""
    way, moment = way_and_moment
    direct = way == "rows"
    rows = source_rows(warehouse, kpis[0].source, grain) if direct else _measure_rows(warehouse, kpis, grain, way)
    expressions = {"known_at_": moment}
    for kpi in kpis:
        expressions |= value_columns(kpi)
    rows = add_expressions(rows, ["unit_id"], expressions)
    return rows.filter(rows.unit_id.notnull() & rows.known_at_.notnull())


def _measure_rows(warehouse: Warehouse, kpis: Sequence[Kpi], grain: Unit, way: str, /) -> ir.Table:
    table = warehouse["measures"]
    table = table.filter(table.kpi.isin([measured_id(kpi) for kpi in kpis]))
    if way == "measures":
        return table.filter(table.unit == grain)
    joined = with_own_team(warehouse, table.filter(table.unit == "employee"), "unit_id", _OWN_TEAM)
    return joined.mutate(unit_id=joined[_OWN_TEAM]).drop(_OWN_TEAM)


def _windowed(rows: ir.Table, kpis: Sequence[Kpi], spans: Sequence[Span], labels: Sequence[str], /) -> ir.Table:
    """Join rows to the moments whose windows they lie in, and group once."""
    dates = span_table(spans)
    joined = rows.join(dates, [rows.known_at_.cast("date") == dates.day])
    starts = [joined[f"start_{index}"] for index in range(len(labels))]
    joined = joined.filter(joined.known_at_ > reduce(ibis.least, starts), joined.known_at_ <= joined.as_of)
    in_window = {label: joined.known_at_ > joined[f"start_{index}"] for index, label in enumerate(labels)}
    columns: dict[str, ir.Value] = {}
    for kpi in kpis:
        columns |= aggregates_of(joined, kpi, in_window, labels[-1])
    return joined.group_by("unit_id", "as_of").aggregate(**columns)
