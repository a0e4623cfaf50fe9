"""Whether every KPI that a company's tables carry can be computed: checked before anything costly is."""

from __future__ import annotations

from collections.abc import Iterable

from baton.catalogue.schema import Kpi
from baton.errors import CatalogueError
from features.kpis import evaluate
from features.kpis.aggregates import value_columns, value_of
from features.kpis.named_metrics import METRICS
from features.kpis.on_scale import followed
from features.kpis.sql import add_expressions
from features.kpis.unit_rows import Unit
from features.staging.warehouse import Warehouse

__all__ = ["refuse_uncomputable"]

_UNITS: tuple[Unit, ...] = ("customer", "employee", "team", "stage", "process")


def refuse_uncomputable(warehouse: Warehouse, kpis: Iterable[Kpi], /) -> None:
    """Refuse KPIs that claim to be known too early, give no number, or name a metric that is not there.

    Parameters
    ----------
    kpis : iterable of Kpi
        Those to be computed.

    Raises
    ------
    CatalogueError
        Naming the KPI, and what to do.
    """
    found: dict[str, Kpi] = {}
    known = list(kpis)
    for unit in _UNITS:
        found |= {kpi.id: kpi for kpi in evaluate.available(warehouse, known, unit)}
    for kpi in found.values():
        if kpi.metric is not None and kpi.metric not in METRICS:
            raise CatalogueError(f"KPI {kpi.id}: no metric {kpi.metric!r}; known: {', '.join(sorted(METRICS))}")
    computed = [kpi for kpi in followed(warehouse, found.values()) if kpi.expr is not None]
    for source in dict.fromkeys(kpi.source for kpi in computed):
        members = [kpi for kpi in computed if kpi.source == source]
        columns: dict[str, str] = {}
        for kpi in members:
            columns |= value_columns(kpi)
        rows = add_expressions(warehouse[source], [], columns)
        for kpi in members:
            value_of(rows, kpi)
