"""How the rows of a KPI become one value per window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import ibis
import ibis.expr.types as ir

from baton.catalogue.schema import Kpi
from baton.errors import CatalogueError
from features.kpis.sql import to_number

__all__ = [
    "aggregates_of",
    "column_names",
    "measured_id",
    "value_columns",
    "value_of",
]

_QUANTILES = {"median": 0.5, "p90": 0.9}
_BESIDE = {
    "p30": 0.3,
    "p70": 0.7,
    "p85": 0.85,
    "p95": 0.95,
}  # no catalogue has them: what a quantile's noise is seen by


def value_columns(kpi: Kpi, /) -> dict[str, str]:
    """Return the SQL of a KPI's value in one row, and of its denominator and weight where it has them."""
    value = str(kpi.expr)
    if kpi.source == "measures":  # all measures share one pass over their rows
        value = f"CASE WHEN kpi = '{measured_id(kpi)}' THEN {value} END"
    columns = {f"{kpi.id}__value": value}
    if kpi.denominator is not None:
        columns[f"{kpi.id}__denominator"] = kpi.denominator
    if kpi.source == "measures":
        columns[f"{kpi.id}__weight"] = 'COALESCE("n", 1)'
    return columns


def measured_id(kpi: Kpi, /) -> str:
    """Return the id under which ``measures`` holds a KPI; what is derived from one is called ``<id>__<word>``."""
    return kpi.id.split("__")[0]


def column_names(kpi: Kpi, labels: Sequence[str], /) -> list[str]:
    """Return the names of a KPI's columns in a pass."""
    return [*(f"{kpi.id}__{label}" for label in labels), f"{kpi.id}__n"]


def aggregates_of(
    rows: ir.Table, kpi: Kpi, in_window: Mapping[str, ir.BooleanValue], longest: str, /
) -> dict[str, ir.Value]:
    """Return a KPI's aggregates: one per window, and the rows behind the longest.

    Parameters
    ----------
    rows : ibis Table
        With the KPI's ``value_columns``; all rows lie in the longest window.
    in_window : mapping of str to ibis boolean
        Per window's label, whether a row lies in it.
    longest : str
        The label of the longest window.

    Raises
    ------
    CatalogueError
        If the expression gives no number where one is needed.
    """
    raw, number = value_of(rows, kpi)
    columns: dict[str, ir.Value] = {}
    for label, condition in in_window.items():
        where = None if label == longest else condition
        columns[f"{kpi.id}__{label}"] = _aggregate(rows, kpi, raw, number, where)
    behind = _rows_behind(rows, kpi, raw)
    columns[f"{kpi.id}__n"] = behind.round().cast("int64") if kpi.source == "measures" else behind
    return columns


def value_of(rows: ir.Table, kpi: Kpi, /) -> tuple[ir.Value, ir.NumericValue | None]:
    """Return a row's value, and the value as a number where it is one."""
    raw = rows[f"{kpi.id}__value"]
    if raw.type().is_numeric() or raw.type().is_boolean():
        return raw, to_number(raw)
    if kpi.aggregate not in ("count", "count_distinct"):
        raise CatalogueError(
            f'KPI {kpi.id}: expr gives a {raw.type()}, but aggregate = "{kpi.aggregate}" needs a number; '
            "for times use date_diff('second', earlier, later)"
        )
    return raw, None


def _aggregate(
    rows: ir.Table, kpi: Kpi, raw: ir.Value, number: ir.NumericValue | None, where: ir.BooleanValue | None, /
) -> ir.Value:
    how = kpi.aggregate
    if how == "count_distinct":
        return raw.nunique(where=where)
    if how == "count":
        # a yes-or-no expression counts the rows that say yes
        if raw.type().is_boolean():
            return rows.count(where=raw if where is None else raw & where)
        return raw.count(where=where)
    assert number is not None
    if how == "ratio":
        below = to_number(rows[f"{kpi.id}__denominator"])
        both = number.notnull() & below.notnull()
        both = both if where is None else both & where
        return number.sum(where=both) / below.sum(where=both).nullif(0.0)
    if how in ("mean", "share"):
        if kpi.source != "measures":
            return number.mean(where=where)
        weight = ibis.cases((number.notnull(), to_number(rows[f"{kpi.id}__weight"])))
        return (number * weight).sum(where=where) / weight.sum(where=where).nullif(0.0)
    if how in _QUANTILES or how in _BESIDE:
        return number.quantile((_QUANTILES | _BESIDE)[how], where=where)
    return {"sum": number.sum, "min": number.min, "max": number.max}[how](where=where)


def _rows_behind(rows: ir.Table, kpi: Kpi, raw: ir.Value, /) -> ir.Value:
    if kpi.source == "measures":
        return to_number(rows[f"{kpi.id}__weight"]).sum(where=raw.notnull())
    if kpi.denominator is not None:
        return raw.count(where=rows[f"{kpi.id}__denominator"].notnull())
    return raw.count()
