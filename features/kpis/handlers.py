"""How employees' and teams' data reach a customer: through the people who handled the customer's cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce

import ibis
import ibis.expr.types as ir

from baton.catalogue.schema import Kpi
from features.kpis.aggregates import measured_id, value_columns
from features.kpis.columns import kpi_column
from features.kpis.sampling import Population
from features.kpis.sql import Windows, add_expressions, span_table, to_number
from features.kpis.unit_rows import Unit, case_unit, with_default_team
from features.staging.warehouse import Warehouse

__all__ = ["handler_pass", "handler_values"]


def handler_pass(
    warehouse: Warehouse,
    kpis: Sequence[Kpi],
    grain: Unit,
    windows: Windows,
    measured: Mapping[str, frozenset[str]],
    population: Population | None = None,
) -> ir.Table:
    """Average, over the cases that a unit opened in each window, the handlers' values known when each case opened.

    Parameters
    ----------
    kpis : sequence of Kpi
        Of ``work`` or ``measures``.
    grain : str
        customer, stage, process or customer_kind.
    measured : mapping of str to frozenset of str
        Kinds of unit that ``measures`` has, per KPI.
    population : Population, optional
        The units asked for; None: all.

    Returns
    -------
    ibis Table
        ``unit_id``, ``as_of``, ``<kpi>__<label>`` and ``<kpi>__n`` (cases behind the longest window).
    """
    cases = case_unit(warehouse, with_default_team(warehouse), grain)
    cases = cases.filter(cases.unit_id.notnull() & cases.opened_at.notnull())
    if population is not None:
        cases = population.of(cases)
    rows = handler_values(warehouse, cases, kpis, measured)
    dates = span_table(windows.spans)
    joined = rows.join(dates, [rows.opened_at.cast("date") == dates.day])
    starts = [joined[f"start_{index}"] for index in range(len(windows.labels))]
    joined = joined.filter(joined.opened_at > reduce(ibis.least, starts), joined.opened_at <= joined.as_of)
    columns: dict[str, ir.Value] = {}
    for kpi in kpis:
        value = joined[kpi_column(kpi.id)]
        for index, label in enumerate(windows.labels):
            where = None if label == windows.labels[-1] else joined.opened_at > joined[f"start_{index}"]
            columns[f"{kpi.id}__{label}"] = value.mean(where=where)
        columns[f"{kpi.id}__n"] = value.count()
    return joined.group_by("unit_id", "as_of").aggregate(**columns)


def handler_values(
    warehouse: Warehouse, cases: ir.Table, kpis: Sequence[Kpi], measured: Mapping[str, frozenset[str]]
) -> ir.Table:
    """Add to cases, per KPI, the handler's last value known when the case opened (the team's where only it has one).

    Parameters
    ----------
    cases : ibis Table
        With ``employee_id``, ``team_id`` and ``opened_at``.
    kpis : sequence of Kpi
        Of ``work`` or ``measures``.
    measured : mapping of str to frozenset of str
        Kinds of unit that ``measures`` has, per KPI.

    Returns
    -------
    ibis Table
        The cases' columns, and per KPI ``kpi:<id>``.
    """
    by_team = [
        kpi
        for kpi in kpis
        if kpi.source == "measures" and "employee" not in measured.get(measured_id(kpi), frozenset())
    ]
    by_person = [kpi for kpi in kpis if kpi not in by_team]
    for owner, members in (("employee_id", by_person), ("team_id", by_team)):
        if not members:
            continue
        history = _history(warehouse, members, owner.removesuffix("_id"))
        joined = cases.left_join(
            history,
            [
                cases[owner] == history.handler,
                cases.opened_at >= history.valid_from,
                (cases.opened_at < history.valid_to) | history.valid_to.isnull(),
            ],
        )
        cases = joined.drop("handler", "valid_from", "valid_to")
    return cases


def _history(warehouse: Warehouse, kpis: Sequence[Kpi], unit: str, /) -> ir.Table:
    """What was known of each handler, and from when until when: ``handler``, ``valid_from``, ``valid_to``, the KPIs."""
    single = {kpi_column(kpi.id): _history_of(warehouse, kpi, unit) for kpi in kpis}
    grid = reduce(
        lambda left, right: left.union(right, distinct=True),
        (history.select("handler", "valid_from") for history in single.values()),
    ).distinct()
    for column, history in single.items():
        named = history.select(owner_="handler", from_="valid_from", to_="valid_to", **{column: history["value"]})
        joined = grid.left_join(
            named,
            [
                grid.handler == named.owner_,
                grid.valid_from >= named.from_,
                (grid.valid_from < named.to_) | named.to_.isnull(),
            ],
        )
        grid = joined.drop("owner_", "from_", "to_")
    return _until_next(grid)


def _history_of(warehouse: Warehouse, kpi: Kpi, unit: str, /) -> ir.Table:
    table = warehouse[kpi.source]
    if kpi.source == "measures":
        table = table.filter(table.kpi == measured_id(kpi), table.unit == unit)
        rows = add_expressions(table, ["unit_id", "to"], value_columns(kpi))
        rows = rows.rename(handler="unit_id", valid_from="to")
        weight = to_number(rows[f"{kpi.id}__weight"])
    else:
        rows = add_expressions(table, ["employee_id", "to"], value_columns(kpi))
        rows = rows.rename(handler="employee_id", valid_from="to")
        weight = ibis.literal(1.0)
    value = to_number(rows[f"{kpi.id}__value"])
    if kpi.denominator is not None:
        value = value / to_number(rows[f"{kpi.id}__denominator"]).nullif(0.0)
    rows = rows.select("handler", "valid_from", value=value, weight=weight)
    rows = rows.filter(rows.handler.notnull() & rows.valid_from.notnull() & rows.value.notnull())
    once = rows.group_by("handler", "valid_from").aggregate(
        value=(rows.value * rows.weight).sum() / rows.weight.sum().nullif(0.0)
    )
    return _until_next(once)


def _until_next(history: ir.Table, /) -> ir.Table:
    window = ibis.window(group_by=history.handler, order_by=history.valid_from)
    return history.mutate(valid_to=history.valid_from.lead().over(window))
