"""Values that come by calendar months, quarters, half-years or years: windows over them hold whole periods.

A month's figure is known when the month is over. A window of 30 days that ends on 1 March would hold the figures of
January and of February, one that ends on 31 March none: months have 28 to 31 days. So windows over such values are
counted in periods, at least one: always the last figures that were known, and as many in every window.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import ibis
import ibis.expr.types as ir

from baton.catalogue.schema import Kpi
from baton.months import DAYS_PER_MONTH, months_later
from features.kpis.aggregates import measured_id
from features.kpis.sql import Span, Windows, spans_of
from features.staging.warehouse import Warehouse

__all__ = ["months_counted", "months_of_a_value", "windows_of"]

_LENGTHS = (1, 3, 6, 12)
_NEARLY_ALL = 0.9  # whoever joined within a month has a shorter first one


def months_counted(days: int, length: int, /) -> int:
    """Return how many months stand for so many days of values that cover ``length`` months each.

    Examples
    --------
    >>> months_counted(7, 1), months_counted(90, 1), months_counted(30, 3)
    (1, 3, 3)
    """
    return length * max(1, round(days / (DAYS_PER_MONTH * length)))


def months_of_a_value(warehouse: Warehouse, kpis: Iterable[Kpi], /) -> dict[str, int]:
    """Return how many calendar months each value of a KPI covers, of those whose values come by such periods.

    Returns
    -------
    dict of str to int
        By id: 1, 3, 6 or 12. KPIs of single events, and of other periods, are not in it.
    """
    chosen = [kpi for kpi in kpis if kpi.metric is None]
    found: dict[str, int] = {}
    for source in ("measures", "work"):
        members = [kpi for kpi in chosen if kpi.source == source]
        if not members or not {"from", "to"} <= set(warehouse[source].columns):
            continue
        of_name = _lengths(warehouse[source], by_kpi=source == "measures")
        for kpi in members:
            length = of_name.get(measured_id(kpi) if source == "measures" else "", 0)
            if length:
                found[kpi.id] = length
    return found


def windows_of(moments: Sequence[datetime], windows_days: Sequence[int], length: int = 0, /) -> Windows:
    """Return the windows that end at each moment, shortest first; of whole periods where values come by such.

    Parameters
    ----------
    length : int
        Months that each value covers; 0: windows of days.
    """
    ordered = sorted(windows_days)
    labels = tuple(f"{days}d" for days in ordered)
    if not length:
        return Windows(tuple(spans_of(moments, ordered)), labels)
    months = [months_counted(days, length) for days in ordered]
    spans = (Span(moment, tuple(months_later(moment, -each) for each in months)) for moment in sorted(set(moments)))
    return Windows(tuple(spans), labels)


def _lengths(table: ir.Table, /, *, by_kpi: bool) -> dict[str, int]:
    """Return the months that values cover, by name in ``kpi``; of the whole table under the empty name."""
    # what begins at midnight where the company is begins within twelve hours of midnight in UTC
    begins, ends = ((table[name] + ibis.interval(hours=12)).cast("date") for name in ("from", "to"))
    columns = {
        f"of_{months}": (ends == (begins + ibis.interval(months=months)).cast("date"))
        .ifelse(1, 0)
        .cast("float64")
        .mean()
        for months in _LENGTHS
    }
    shares = (table.group_by("kpi") if by_kpi else table).aggregate(**columns).to_pyarrow().to_pylist()
    found = {}
    for row in shares:
        length = next((months for months in _LENGTHS if (row[f"of_{months}"] or 0.0) >= _NEARLY_ALL), 0)
        found[row["kpi"] if by_kpi else ""] = length
    return found
