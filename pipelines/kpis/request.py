"""What somebody asks of a new KPI, and the catalogue's table that says so."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from baton.catalogue.coherence import TAKEN
from baton.catalogue.kpi_names import plain_name
from baton.catalogue.schema import Grain
from baton.errors import CatalogueError
from baton.nearest import did_you_mean
from pipelines.kpis.conditions import TableColumn, column_of, column_sql, condition_sql

__all__ = [
    "AGGREGATES",
    "BETTER",
    "GRAINS",
    "LEVERS",
    "TABLES_OF_KPIS",
    "KpiRequest",
    "proposed_id",
    "table_of_request",
]

AGGREGATES: Mapping[str, str] = {
    "share": "share",
    "mean": "mean",
    "median": "median",
    "sum": "sum",
    "count": "count",
    "distinct": "count_distinct",
    "percentile": "p90",
    "min": "min",
    "max": "max",
}
"""What people call an aggregate, and what the catalogue calls it; the percentile is the 90th."""

BETTER = ("higher", "lower", "neither")
LEVERS = ("person", "team", "none")
"""Whose work moves it: a person's, a team's, or nobody's, so that it only reports."""

GRAINS: Mapping[str, tuple[Grain, ...]] = {
    "cases": ("customer", "employee", "team", "stage", "process"),
    "case_steps": ("employee", "team", "stage", "process"),
    "activity": ("customer", "team"),
    "work": ("employee", "team"),
    "customers": ("customer",),
}
TABLES_OF_KPIS = tuple(GRAINS)
"""Tables from whose rows a KPI can be added; ``measures`` holds KPIs that are computed already."""

_SECONDS = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400}
_LENGTH = "length of time"  # no column's name; the computation takes its place
_OTHER_NAMES = {"average": "mean", "p90": "percentile", "count_distinct": "distinct", "rate": "share", "total": "sum"}
_ID = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


@dataclass(frozen=True)
class KpiRequest:
    """What somebody asks of a new KPI, in their words.

    Parameters
    ----------
    table : str
        Of the contract.
    column : str
        Whose values become the KPI; empty for a count of rows.
    aggregate : str
        One of ``AGGREGATES``.
    better : {"higher", "lower", "neither"}
    name, name_zh : str
        In English and Chinese; one is enough.
    since : str
        A time column: the KPI is the time from it to ``column``.
    hit : str
        For a share: which values of the column count, such as ``> 300`` or ``= phone``.
    where : str
        Which rows count, such as ``priority = high``.
    unit : str
        Empty: by aggregate and column.
    kpi_id : str
        Empty: made from the name.
    lever : {"person", "team", "none", ""}
        Whose work moves it; empty: nobody's alone.
    """

    table: str
    column: str
    aggregate: str
    better: str
    name: str = ""
    name_zh: str = ""
    since: str = ""
    hit: str = ""
    where: str = ""
    unit: str = ""
    kpi_id: str = ""
    lever: str = ""


def table_of_request(
    request: KpiRequest, columns: Mapping[str, TableColumn], taken: Collection[str], /
) -> dict[str, Any]:
    """Return the keys of the KPI's table in a catalogue file.

    Parameters
    ----------
    columns : mapping of str to TableColumn
        Of the request's table.
    taken : collection of str
        Ids of the catalogue.

    Raises
    ------
    CatalogueError
        If the request does not fit the table, or the id is there already.
    """
    aggregate = _one_of("aggregate", _OTHER_NAMES.get(request.aggregate.lower(), request.aggregate.lower()), AGGREGATES)
    better = _one_of("better", request.better.lower(), BETTER)
    lever = _one_of("lever", request.lever.lower() or "none", LEVERS)
    if not (request.name or request.name_zh):
        raise CatalogueError("a KPI needs a name: give --name, in English or Chinese")
    column = None if not request.column else column_of(request.column, columns, request.table)
    value, natural = _value(request, aggregate, column, columns)
    condition = "" if not request.where else condition_sql(request.where, columns, request.table)
    grains = _grains(request.table, lever)
    found: dict[str, Any] = {
        "id": _id_of(request, column, aggregate, taken),
        "name": {"en": request.name or request.name_zh, "zh": request.name_zh or request.name},
        "layer": "role" if lever == "person" else "operational",
        "perspective": "customer" if request.unit == "points" else "process",
        "stage": "any",
        "source": request.table,
        "expr": _with_condition(value, condition, aggregate),
        "aggregate": AGGREGATES[aggregate],
        "grains": list(grains),
        "better": "higher" if better == "neither" else better,
        "unit": request.unit or natural,
        "role": "context" if better == "neither" else "mediator" if lever == "none" else "lever",
    }
    return found


def proposed_id(request: KpiRequest, column: TableColumn | None, aggregate: str, /) -> str:
    """Return an id made of the English name, else of column and aggregate; a Chinese name gives a short digest.

    Examples
    --------
    >>> proposed_id(KpiRequest("cases", "", "count", "lower", name="Calls after 18:00"), None, "count")
    'calls_after_18_00'
    >>> proposed_id(KpiRequest("cases", "cost", "mean", "lower", name_zh="平均费用"),
    ...             TableColumn("cost", "number"), "mean")
    'cost_mean'
    """
    for words in (request.name, f"{column.name if column else request.table} {aggregate}"):
        plain = re.sub(r"[^a-z0-9]+", "_", plain_name(words)).strip("_") if words.isascii() else ""
        if _ID.fullmatch(plain):
            return plain
    text = f"{request.name or request.name_zh} {request.table} {aggregate}"
    return f"kpi_{hashlib.blake2b(text.encode(), digest_size=4).hexdigest()}"


def _one_of(what: str, given: str, known: Collection[str], /) -> str:
    if given not in known:
        raise CatalogueError(f"{what}: {given!r} is not known{did_you_mean(given, known)}")
    return given


def _id_of(request: KpiRequest, column: TableColumn | None, aggregate: str, taken: Collection[str], /) -> str:
    reserved = {*taken, *TAKEN}
    if request.kpi_id:
        if not _ID.fullmatch(request.kpi_id):
            likely = proposed_id(request, column, aggregate)
            raise CatalogueError(
                f"id {request.kpi_id!r}: ids are lower-case Latin words joined by _, names may be Chinese; "
                f"write --id {likely}, or leave it out"
            )
        if request.kpi_id in reserved:
            raise CatalogueError(
                f"id {request.kpi_id!r} is there already (baton kpis {request.kpi_id}); give another --id"
            )
        return request.kpi_id
    first = proposed_id(request, column, aggregate)
    return next(name for name in (first, *(f"{first}_{n}" for n in range(2, 1000))) if name not in reserved)


def _grains(table: str, lever: str, /) -> tuple[Grain, ...]:
    grains = GRAINS[table]
    if lever == "person" and "employee" not in grains:
        raise CatalogueError(f"rows of {table} name no employee, so no single person moves it; choose --lever team")
    if lever != "none" and not {"employee", "team"} & set(grains):
        raise CatalogueError(f"rows of {table} name no team, so it can only report; choose --lever none")
    return tuple(grain for grain in grains if grain != "employee") if lever == "team" else grains


def _value(
    request: KpiRequest, aggregate: str, column: TableColumn | None, columns: Mapping[str, TableColumn], /
) -> tuple[str, str]:
    """Return SQL of a row's value, and its unit where none is given."""
    if request.hit and aggregate != "share":
        raise CatalogueError("--hit says which values count for a share; for another aggregate use --where")
    if column is None:
        if aggregate != "count":
            raise CatalogueError(
                f"which column? only a count of rows needs none; {request.table} has {', '.join(columns)}"
            )
        return "", "count"
    if request.since:
        return _duration(request, aggregate, column, column_of(request.since, columns, request.table))
    if aggregate == "share":
        return _share(request, column, columns)
    if aggregate in ("count", "distinct"):
        return column_sql(column.name), "count"
    if column.kind in ("text", "time"):
        what = "times: give --since, the column from which time is counted" if column.kind == "time" else "words"
        raise CatalogueError(
            f"{column.name} holds {what}; {aggregate} needs a number, count, distinct and share do not"
        )
    return column_sql(column.name), "share" if column.kind == "flag" else _unit_by_name(column.name)


def _duration(request: KpiRequest, aggregate: str, column: TableColumn, since: TableColumn, /) -> tuple[str, str]:
    for one in (column, since):
        if one.kind != "time":
            raise CatalogueError(f"{one.name} is no time; the time from one column to another needs two times")
    unit = request.unit or "hours"
    if unit not in _SECONDS:
        raise CatalogueError(f"unit: {unit!r} is no unit of time{did_you_mean(unit, _SECONDS)}")
    seconds = f"date_diff('second', {column_sql(since.name)}, {column_sql(column.name)})"
    value = seconds if unit == "seconds" else f"{seconds} / {_SECONDS[unit]}.0"
    if aggregate in ("count", "distinct"):
        raise CatalogueError(f"{aggregate} of a length of time says nothing; choose mean, median or percentile")
    if aggregate != "share":
        return value, unit
    if not request.hit:
        raise CatalogueError(f"a share of what? give --hit, such as '<= 24' ({unit})")
    inside = condition_sql(request.hit, {_LENGTH: TableColumn(_LENGTH, "number")}, request.table, _LENGTH)
    return inside.replace(column_sql(_LENGTH), value), "share"


def _share(request: KpiRequest, column: TableColumn, columns: Mapping[str, TableColumn], /) -> tuple[str, str]:
    if request.hit:
        return condition_sql(request.hit, columns, request.table, column=column.name), "share"
    if column.kind != "flag":
        example = f"'= {column.values[0]}'" if column.values else "'> 300'" if column.kind == "number" else "'is known'"
        raise CatalogueError(
            f"a share of which {column.name}? give --hit with the values that count, such as {example}"
        )
    return column_sql(column.name), "share"


def _with_condition(value: str, condition: str, aggregate: str, /) -> str:
    if not condition:
        return value or "1"
    if aggregate == "count":
        return condition if not value else f"{condition} AND {value} IS NOT NULL"
    return f"CASE WHEN {condition} THEN {value} END"


def _unit_by_name(name: str, /) -> str:
    known = ("seconds", "minutes", "hours", "days")
    if name in ("csat", "nps"):
        return "points"
    if name in ("amount", "cost", "value"):
        return "money"
    return next((unit for unit in known if name.lower().endswith(unit)), "count")
