"""What a KPI is, in words: how its rows become a value, in which unit, and which way is better."""

from __future__ import annotations

from collections.abc import Mapping

from baton.catalogue.schema import Kpi
from baton.messages.message import Message

__all__ = ["direction_of", "how_computed", "unit_of"]

_HOW: Mapping[str, str] = {
    "mean": "kpi_how.mean",
    "sum": "kpi_how.sum",
    "count": "kpi_how.count",
    "min": "kpi_how.min",
    "max": "kpi_how.max",
    "share": "kpi_how.share",
    "median": "kpi_how.median",
    "p90": "kpi_how.p90",
    "count_distinct": "kpi_how.count_distinct",
    "ratio": "kpi_how.ratio",
}
_ROWS: Mapping[str, str] = {
    "cases": "kpi_of.cases",
    "activity": "kpi_of.activity",
    "case_steps": "kpi_of.case_steps",
    "customers": "kpi_of.customers",
    "work": "kpi_of.work",
    "measures": "kpi_of.measures",
    "snapshots": "kpi_of.snapshots",
}
_UNITS: Mapping[str, str] = {
    "share": "kpi_unit.share",
    "seconds": "kpi_unit.seconds",
    "minutes": "kpi_unit.minutes",
    "hours": "kpi_unit.hours",
    "days": "kpi_unit.days",
    "points": "kpi_unit.points",
    "money": "kpi_unit.money",
    "count": "kpi_unit.count",
    "ratio": "kpi_unit.ratio",
    "thousand": "kpi_unit.thousand",
    "errors per hour": "kpi_unit.errors_per_hour",
    "per 1,000 customers": "kpi_unit.per_thousand_customers",
}


def how_computed(kpi: Kpi, /) -> Message:
    """Return how rows become a value.

    Examples
    --------
    >>> from baton.catalogue.load import load_catalogue
    >>> from baton.company import Company
    >>> catalogue = load_catalogue(Company())
    >>> how_computed(catalogue["handle_seconds"]).text, how_computed(catalogue["slow_response_seconds"]).text
    ('mean over cases', '90th percentile of cases')
    """
    key = "kpi_how.metric" if kpi.metric is not None else _HOW[kpi.aggregate]
    return Message(key, {"rows": Message(_ROWS[kpi.source])})


def unit_of(kpi: Kpi, /) -> Message:
    """Return the unit of its values; one that a company has made up stays as it is written."""
    return Message(_UNITS[kpi.unit]) if kpi.unit in _UNITS else Message.verbatim(kpi.unit)


def direction_of(kpi: Kpi, /) -> Message:
    """Return which way is better; a condition under which the work was done has no better way."""
    if kpi.role == "context":
        return Message("kpi_how.neither")
    return Message("kpi_how.higher" if kpi.better == "higher" else "kpi_how.lower")
