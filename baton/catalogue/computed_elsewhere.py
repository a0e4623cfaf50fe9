"""KPIs whose own table a company does not have, read from the table of KPIs that somebody has already computed."""

from __future__ import annotations

from baton.catalogue.schema import Aggregate, Kpi
from baton.company import Company

__all__ = ["computed_elsewhere"]

# how values of periods become one: a mean by the cases behind each, or a sum; percentiles and distinct counts of
# periods do not add up to those of a longer time, so they are not read
_OF_PERIODS: dict[str, Aggregate] = {"mean": "mean", "share": "share", "ratio": "mean", "sum": "sum", "count": "sum"}


def computed_elsewhere(kpi: Kpi, company: Company, /) -> Kpi:
    """Return a KPI as the table ``measures`` gives it, where the company has that and not the KPI's own table.

    Examples
    --------
    >>> from baton.table_source import TableSource
    >>> kpi = Kpi(id="k", name="K", layer="role", perspective="customer", source="cases", better="lower", unit="share",
    ...           role="lever", expr="transferred > 0", aggregate="share", known_at="closed_at")
    >>> alone = Company(tables={"measures": TableSource(path="kpis.csv")})
    >>> computed_elsewhere(kpi, alone).source, computed_elsewhere(kpi, alone).expr
    ('measures', 'value')
    >>> computed_elsewhere(kpi, Company()).source
    'cases'
    """
    tables = company.tables
    if "measures" not in tables or kpi.source in tables or kpi.expr is None or kpi.aggregate not in _OF_PERIODS:
        return kpi
    as_given = {"source": "measures", "expr": "value", "denominator": None, "known_at": None, "scale": {}}
    return kpi.model_copy(update={**as_given, "aggregate": _OF_PERIODS[kpi.aggregate]})
