"""How far ahead a label looks: so many days, or whole calendar periods where the metric's values come by them.

A month's figure is known when the month is over. Thirty days after the first of a month of 31 days it is not, and a
label of thirty days would have no figure there, while ninety days would hold two months here and three there. So
horizons over monthly, quarterly, half-yearly or yearly values are counted in those periods, at least one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from baton.catalogue.schema import Kpi
from baton.months import DAYS_PER_MONTH, months_later
from features.kpis.aggregates import measured_id
from features.staging.warehouse import Warehouse

__all__ = ["LabelHorizon"]

_LENGTHS = (1, 3, 6, 12)
_NEARLY_ALL = 0.9  # whoever joined within a month has a shorter first one


@dataclass(frozen=True)
class LabelHorizon:
    """Until when what is labelled must be known.

    Parameters
    ----------
    days : int
    months : int
        Counted instead of days, unless 0.
    """

    days: int
    months: int = 0

    @classmethod
    def of(cls, warehouse: Warehouse, metric: Kpi, days: int, /) -> LabelHorizon:
        """Return the horizon of a metric.

        Parameters
        ----------
        days : int
            As the company has set it.
        """
        length = _months_of_a_period(warehouse, metric)
        months = length * max(1, round(days / (DAYS_PER_MONTH * length))) if length else 0
        return cls(days, months)

    def end(self, moment: datetime, /) -> datetime:
        """Return the last moment that the label of a snapshot looks at.

        Examples
        --------
        >>> LabelHorizon(30).end(datetime(2024, 1, 1)), LabelHorizon(30, 1).end(datetime(2024, 1, 1))
        (datetime.datetime(2024, 1, 31, 0, 0), datetime.datetime(2024, 2, 1, 0, 0))
        """
        return months_later(moment, self.months) if self.months else moment + timedelta(days=self.days)


def _months_of_a_period(warehouse: Warehouse, metric: Kpi, /) -> int:
    """Return how many calendar months each of the metric's values covers; 0 where they do not come by months."""
    import ibis

    if metric.source not in ("measures", "work"):
        return 0
    table = warehouse[metric.source]
    if not {"from", "to"} <= set(table.columns):
        return 0
    if metric.source == "measures":
        table = table.filter(table.kpi == measured_id(metric))
    columns = {}
    for months in _LENGTHS:
        is_whole = table["to"] == table["from"] + ibis.interval(months=months)
        columns[f"of_{months}"] = is_whole.cast("float64").mean()
    shares = table.aggregate(**columns).to_pyarrow().to_pylist()[0]
    return next((months for months in _LENGTHS if (shares[f"of_{months}"] or 0.0) >= _NEARLY_ALL), 0)
