"""When the value of a KPI in one row is known: the guard against looking ahead.

A case is filled in as it goes: opened, answered, closed, rated. A KPI is known once the last of its columns is. A KPI
may declare a later time, never an earlier one.
"""

from __future__ import annotations

from dataclasses import dataclass

from baton.catalogue.expressions import columns_of
from baton.catalogue.schema import Kpi
from baton.contract.sources import TABLES
from baton.errors import CatalogueError

__all__ = ["RATING_DELAY_DAYS", "KnownAt", "columns_used", "known_at"]

RATING_DELAY_DAYS = 7
"""A rating without a time of its own counts as known this long after the case was closed, or when the table ended."""

_CASE_STEPS = ("opened_at", "responded_at", "closed_at", "rated_at")

_CASE_COLUMNS = {
    **dict.fromkeys(
        ("case_id", "customer_id", "opened_at", "stage", "process", "team_id", "employee_id", "due_at", "channel",
         "priority", "text", "text_cause"),
        "opened_at",
    ),
    **dict.fromkeys(("responded_at", "wait_seconds"), "responded_at"),
    **dict.fromkeys(
        ("closed_at", "resolved_first", "reopened", "transferred", "handle_seconds", "cost", "root_cause"), "closed_at"
    ),
    **dict.fromkeys(("rated_at", "csat", "nps"), "rated_at"),
}  # fmt: skip

_SOURCE_TIME = {
    "activity": "at",
    "case_steps": "at",
    "work": "to",
    "measures": "to",
    "customers": "joined_at",
    "snapshots": "as_of",
}

# times that name a plan, not an event: their value is known before they come
_PLANNED = frozenset({"due_at", "from"})


@dataclass(frozen=True)
class KnownAt:
    """When the rows of a KPI are known.

    Parameters
    ----------
    column : str
        The time column that decides.
    sql : str
        The moment as SQL over the source's columns (DuckDB dialect); null where the value is not known yet.
    """

    column: str
    sql: str


def columns_used(kpi: Kpi, /) -> frozenset[str]:
    """Return the columns that a KPI's ``expr`` and ``denominator`` use."""
    used: frozenset[str] = frozenset()
    for text in (kpi.expr, kpi.denominator):
        if text is not None:
            used |= columns_of(text)
    return used


def known_at(kpi: Kpi, time_columns: frozenset[str] | None = None) -> KnownAt:
    """Say when the value of a KPI in one row is known.

    Parameters
    ----------
    time_columns : frozenset of str, optional
        The source's columns that hold times; without them, those of the contract.

    Returns
    -------
    KnownAt

    Raises
    ------
    CatalogueError
        If the KPI declares a time before its columns are known; the message names the column.

    Examples
    --------
    >>> from baton.catalogue.schema import Kpi
    >>> kpi = Kpi(id="k", name="K", layer="role", perspective="process", source="cases", better="lower",
    ...           unit="seconds", role="lever", expr="epoch(responded_at - opened_at)")
    >>> known_at(kpi)
    KnownAt(column='responded_at', sql='"responded_at"')
    >>> known_at(kpi.model_copy(update={"known_at": "opened_at"}))
    Traceback (most recent call last):
    ...
    baton.errors.CatalogueError: KPI k: known_at = "opened_at" is too early, its column responded_at is only known at \
responded_at; set known_at = "responded_at" or leave it out
    """
    times = time_columns
    if times is None:
        times = frozenset(column.name for column in TABLES[kpi.source].columns if column.type == "time")
    used = columns_used(kpi)
    column = _latest_of(kpi, used)
    if kpi.known_at is not None:
        _refuse_early(kpi, used, times)
        column = kpi.known_at
    own = _moment(kpi.source, column)
    # the value of a time column is itself news when that time comes, whatever the steps' usual order
    others = sorted((used & times) - _PLANNED - {column, "opened_at"})
    if kpi.source == "cases" and kpi.known_at is not None and column not in _CASE_STEPS:
        others.append(_latest_of(kpi, used))
    moment = own
    for other in others:
        later = _moment(kpi.source, other)
        moment = f"CASE WHEN {later} > {moment} THEN {later} ELSE {moment} END"
    return KnownAt(column, moment)


def _latest_of(kpi: Kpi, used: frozenset[str], /) -> str:
    if kpi.source != "cases":
        if kpi.source == "customers" and "left_at" in used:
            return "left_at"
        return _SOURCE_TIME[kpi.source]
    # columns that the contract does not know are taken as decided at closing
    steps = [_CASE_STEPS.index(_CASE_COLUMNS.get(name, "closed_at")) for name in used]
    return _CASE_STEPS[max(steps, default=0)]


def _refuse_early(kpi: Kpi, used: frozenset[str], times: frozenset[str], /) -> None:
    declared = kpi.known_at
    if declared not in times:
        raise CatalogueError(
            f'KPI {kpi.id}: known_at = "{declared}" is no time column of {kpi.source}; '
            f"use one of {', '.join(sorted(times)) or 'none'} or leave it out"
        )
    for name in sorted(used):
        needed = _column_known_at(kpi.source, name)
        if needed is None or needed == declared:
            continue
        if _is_earlier(kpi.source, str(declared), needed):
            raise CatalogueError(
                f'KPI {kpi.id}: known_at = "{declared}" is too early, its column {name} is only known at {needed}; '
                f'set known_at = "{needed}" or leave it out'
            )


def _column_known_at(source: str, name: str, /) -> str | None:
    if source == "cases":
        return _CASE_COLUMNS.get(name)
    if source == "customers":
        return {"left_at": "left_at"}.get(name, "joined_at" if TABLES[source].column(name) else None)
    return _SOURCE_TIME[source] if TABLES[source].column(name) else None


def _is_earlier(source: str, declared: str, needed: str, /) -> bool:
    if source == "cases":
        order = {name: step for step, name in enumerate(_CASE_STEPS)}
        if declared == "due_at":  # a plan says nothing about when something was known
            return needed != "opened_at"
        return declared in order and order[declared] < order[needed]
    if source == "customers":
        return declared == "joined_at" and needed == "left_at"
    return declared == "from"


def _moment(source: str, column: str, /) -> str:
    if source == "cases" and column == "rated_at":
        return f'COALESCE("rated_at", "closed_at" + INTERVAL {RATING_DELAY_DAYS} DAY)'
    return f'"{column}"'
