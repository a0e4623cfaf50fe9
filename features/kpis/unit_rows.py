"""Whose row is it: the rows of a source with the unit they belong to, at each grain."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import ibis
import ibis.expr.types as ir

from baton.catalogue.schema import Kpi
from features.staging.memberships import memberships
from features.staging.rows_over_time import has_history, with_row_then
from features.staging.warehouse import Warehouse

__all__ = [
    "CASE_GRAINS",
    "Unit",
    "case_unit",
    "is_available",
    "measured_units",
    "source_rows",
    "with_default_team",
    "with_own_team",
]

Unit = Literal["customer", "employee", "team", "stage", "process", "customer_kind"]

# names that no column of a user's has
_MIDDLE, _DEFAULT_TEAM = "baton:middle", "baton:usual team"

CASE_GRAINS: dict[Unit, str] = {
    "customer": "customer_id",
    "employee": "employee_id",
    "team": "team_id",
    "stage": "stage",
    "process": "process",
    "customer_kind": "customer_id",
}
"""The column of ``cases`` that says whose case it is."""

_DIRECT: dict[str, tuple[str, ...]] = {
    "cases": tuple(CASE_GRAINS),
    "activity": ("customer", "team", "customer_kind"),
    "customers": ("customer", "customer_kind"),
    "case_steps": tuple(CASE_GRAINS),
    "work": ("employee", "team"),
    "measures": (),
    "snapshots": ("customer",),
}


def is_available(
    warehouse: Warehouse, kpi: Kpi, unit: Unit, columns: frozenset[str], measured: Mapping[str, frozenset[str]], /
) -> bool:
    """Whether a KPI can be computed for a unit from the tables and columns that the company has.

    Parameters
    ----------
    unit : str
        A grain, or ``customer_kind``.
    columns : frozenset of str
        Columns of the source without which the KPI says nothing.
    measured : mapping of str to frozenset of str
        Kinds of unit that ``measures`` has, per KPI.
    """
    if kpi.source == "measures" and kpi.id not in measured:
        return False
    if kpi.source == "snapshots" or not warehouse.has(kpi.source, *columns):
        return False
    direct = unit in _DIRECT[kpi.source]
    if kpi.source == "measures":
        direct = unit in measured[kpi.id]
        if unit == "team" and not direct:  # through the people of the team
            return "employee" in measured[kpi.id] and warehouse.has("employees", "team_id")
    if unit == "customer_kind":
        return direct and warehouse.has("customers", "kind")
    if kpi.source == "case_steps" and unit not in ("employee", "team"):
        return warehouse.has("cases", CASE_GRAINS[unit])
    if direct:
        return kpi.source != "cases" or unit == "team" or warehouse.has("cases", CASE_GRAINS[unit])
    return kpi.source in ("work", "measures") and warehouse.has("cases", CASE_GRAINS[unit])


def measured_units(warehouse: Warehouse, /) -> dict[str, frozenset[str]]:
    """Return which kinds of unit the rows of ``measures`` are about, per KPI."""
    if "measures" not in warehouse:
        return {}
    table = warehouse["measures"]
    found = table.select("kpi", "unit").distinct().to_pyarrow().to_pylist()
    units: dict[str, set[str]] = {}
    for row in found:
        units.setdefault(row["kpi"], set()).add(row["unit"])
    return {kpi: frozenset(names) for kpi, names in units.items()}


def source_rows(warehouse: Warehouse, source: str, unit: Unit, /) -> ir.Table:
    """Return a source's rows with ``unit_id`` added: whom at this grain they belong to (null: nobody).

    ``cases.team_id`` wins over ``employees.team_id``, which is that of the row's own moment where ``valid_from`` gives
    its history: a case's opening, a step's time, the middle of a period. A customer has a row per membership.
    """
    table = memberships(warehouse).drop("membership") if source == "customers" else warehouse[source]
    if source == "case_steps" and unit not in ("employee", "team"):
        owners = case_unit(warehouse, warehouse["cases"], unit).select(owned_case="case_id", unit_id="unit_id")
        joined = table.left_join(owners, [table.case_id == owners.owned_case])
        return joined.drop("owned_case")
    if source == "work" and unit == "team":
        return _with_team(warehouse, table.mutate(team_id=ibis.null("string")))
    if source == "customers":
        return table.mutate(unit_id=table.customer_id if unit == "customer" else table.kind)
    return case_unit(warehouse, table, unit)


def case_unit(warehouse: Warehouse, rows: ir.Table, unit: Unit, /) -> ir.Table:
    """Add ``unit_id`` to rows that have the columns of a case."""
    if unit == "team":
        return _with_team(warehouse, rows)
    if unit == "customer_kind":
        moment = "opened_at" if "opened_at" in rows.columns else "at"
        return with_row_then(warehouse, "customers", rows, "customer_id", moment, {"unit_id": "kind"})
    return rows.mutate(unit_id=rows[CASE_GRAINS[unit]])


def with_default_team(warehouse: Warehouse, /) -> ir.Table:
    """Return the cases, ``team_id`` filled in with the handler's usual team where the case has none."""
    cases = case_unit(warehouse, warehouse["cases"], "team")
    return cases.drop("team_id").rename(team_id="unit_id")


def with_own_team(warehouse: Warehouse, rows: ir.Table, person: str, team: str, /) -> ir.Table:
    """Add the team that a person was in at each row's own moment.

    Parameters
    ----------
    warehouse : Warehouse
        With ``employees``.
    rows : ibis Table
        Cases, steps, or rows of a period (``from``, ``to``): whoever changed teams within a period was for most of it
        in the team of its middle.
    person, team : str
        The column of ``rows`` with the employee's id, and the new column's name.
    """
    moment = next((name for name in ("opened_at", "at", "to") if name in rows.columns), None)
    if moment == "to" and has_history(warehouse, "employees"):
        length = rows["to"].epoch_seconds() - rows["from"].epoch_seconds()
        middle = rows["from"] + (length / 2).floor().cast("int64").as_interval("s")
        dated = rows.mutate(**{_MIDDLE: middle})
        return with_row_then(warehouse, "employees", dated, person, _MIDDLE, {team: "team_id"}).drop(_MIDDLE)
    return with_row_then(warehouse, "employees", rows, person, str(moment), {team: "team_id"})


def _with_team(warehouse: Warehouse, rows: ir.Table, /) -> ir.Table:
    if "employee_id" not in rows.columns or not warehouse.has("employees", "team_id"):
        return rows.mutate(unit_id=rows.team_id)
    joined = with_own_team(warehouse, rows, "employee_id", _DEFAULT_TEAM)
    return joined.mutate(unit_id=ibis.coalesce(joined.team_id, joined[_DEFAULT_TEAM])).drop(_DEFAULT_TEAM)
