"""How far ahead a label looks: so many days, or whole calendar periods where the metric's values come by them.

A month's figure is known when the month is over. Thirty days after the first of a month of 31 days it is not, and a
label of thirty days would have no figure there, while ninety days would hold two months here and three there. So
horizons over monthly, quarterly, half-yearly or yearly values are counted in those periods, at least one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from baton.catalogue.schema import Kpi
from baton.months import months_later
from features.kpis.calendar_periods import months_counted, months_of_a_value
from features.staging.warehouse import Warehouse

__all__ = ["LabelHorizon"]


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
        length = months_of_a_value(warehouse, [metric]).get(metric.id, 0)
        return cls(days, months_counted(days, length) if length else 0)

    def end(self, moment: datetime, /) -> datetime:
        """Return the last moment that the label of a snapshot looks at.

        Examples
        --------
        >>> LabelHorizon(30).end(datetime(2024, 1, 1)), LabelHorizon(30, 1).end(datetime(2024, 1, 1))
        (datetime.datetime(2024, 1, 31, 0, 0), datetime.datetime(2024, 2, 1, 0, 0))
        """
        return months_later(moment, self.months) if self.months else moment + timedelta(days=self.days)

    def days_after(self, moment: datetime, /) -> int:
        """Return how many days a label looks ahead at a snapshot: of three months 90 to 92.

        Examples
        --------
        >>> LabelHorizon(30, 1).days_after(datetime(2024, 2, 1))
        29
        """
        return (self.end(moment) - moment).days
