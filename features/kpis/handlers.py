"""How employees' and teams' data reach a customer: through the people who handled the customer's cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Literal

import ibis
import ibis.expr.types as ir

from baton.catalogue.schema import Kpi
from features.kpis.aggregates import measured_id, value_columns
from features.kpis.columns import kpi_column
from features.kpis.sampling import Population
from features.kpis.sql import Windows, add_expressions, span_table, to_number
from features.kpis.unit_rows import Unit, case_unit, with_default_team
from features.staging.warehouse import Warehouse

__all__ = ["When", "handler_pass", "handler_values"]

When = Literal["known", "then"]


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
    warehouse: Warehouse,
    cases: ir.Table,
    kpis: Sequence[Kpi],
    measured: Mapping[str, frozenset[str]],
    when: When = "known",
) -> ir.Table:
    """Add to cases, per KPI, a value of the handler (the team's where only it has one).

    Parameters
    ----------
    cases : ibis Table
        With ``employee_id``, ``team_id`` and ``opened_at``.
    kpis : sequence of Kpi
        Of ``work`` or ``measures``.
    measured : mapping of str to frozenset of str
        Kinds of unit that ``measures`` has, per KPI.
    when : {"known", "then"}
        The last value that was known when the case opened, or the value of the time in which it opened: a prediction
        may not see the latter, while it is what the customer met.

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
        history = _history(warehouse, members, owner.removesuffix("_id"), when)
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


def _history(warehouse: Warehouse, kpis: Sequence[Kpi], unit: str, when: When, /) -> ir.Table:
    """What holds of each handler, and from when until when: ``handler``, ``valid_from``, ``valid_to``, the KPIs."""
    single = {kpi_column(kpi.id): _history_of(warehouse, kpi, unit, when) for kpi in kpis}
    moments = [history.select("handler", "valid_from") for history in single.values()]
    if when == "then":  # what was known holds until the next begins: its ends are beginnings
        ends = (history.filter(history.valid_to.notnull()) for history in single.values())
        moments += [history.select("handler", valid_from="valid_to") for history in ends]
    grid = reduce(lambda left, right: left.union(right, distinct=True), moments).distinct()
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
    return grid.mutate(valid_to=_next_start(grid))


def _history_of(warehouse: Warehouse, kpi: Kpi, unit: str, when: When, /) -> ir.Table:
    """One KPI of each handler: ``handler``, ``valid_from``, ``valid_to`` (null: until further notice), ``value``."""
    table = warehouse[kpi.source]
    who = "unit_id" if kpi.source == "measures" else "employee_id"
    if kpi.source == "measures":
        table = table.filter(table.kpi == measured_id(kpi), table.unit == unit)
    rows = add_expressions(table, [who, "from", "to"], value_columns(kpi))
    rows = rows.rename(handler=who, first="from", last="to")
    weight = to_number(rows[f"{kpi.id}__weight"]) if kpi.source == "measures" else ibis.literal(1.0)
    value = to_number(rows[f"{kpi.id}__value"])
    if kpi.denominator is not None:
        value = value / to_number(rows[f"{kpi.id}__denominator"]).nullif(0.0)
    start = rows["last"] if when == "known" else rows["first"]
    rows = rows.select("handler", "last", valid_from=start, value=value, weight=weight)
    rows = rows.filter(rows.handler.notnull() & rows.valid_from.notnull() & rows.value.notnull())
    once = rows.group_by("handler", "valid_from").aggregate(
        value=(rows.value * rows.weight).sum() / rows.weight.sum().nullif(0.0), last=rows["last"].max()
    )
    until = _next_start(once)
    if when == "then":
        # a value holds for the time that it is of; what is of a moment holds until the next
        ended = ibis.cases((once["last"] > once.valid_from, once["last"]))
        until = ibis.least(until, ended)
    return once.mutate(valid_to=until).drop("last")


def _next_start(history: ir.Table, /) -> ir.Value:
    window = ibis.window(group_by=history.handler, order_by=history.valid_from)
    return history.valid_from.lead().over(window)
