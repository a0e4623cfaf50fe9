"""Months of a company whose customers sign for years: longer to warm up, and two years beyond what anybody has seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulation.engine.calendar import Calendar

__all__ = ["LongCalendar", "month_of_day"]

_WARM_MONTHS = 24
_FUTURE_MONTHS = 25
_DAYS_PER_MONTH = 365.25 / 12


@dataclass(frozen=True)
class LongCalendar(Calendar):
    """As ``Calendar``, with two years before and after the observed months."""

    @property
    def starts(self) -> np.ndarray:
        """First day of every simulated month and the day after the last: datetime64[D], all months + 1."""
        last = np.datetime64(self.end, "M")
        first = last - self.months - _WARM_MONTHS
        return np.arange(first, last + _FUTURE_MONTHS + 1, dtype="datetime64[M]").astype("datetime64[D]")

    @property
    def month_count(self) -> int:
        """Simulated months."""
        return self.months + _WARM_MONTHS + _FUTURE_MONTHS

    @property
    def observed(self) -> slice:
        """The observed months among the simulated ones."""
        return slice(_WARM_MONTHS, _WARM_MONTHS + self.months)

    @property
    def observed_days(self) -> tuple[int, int]:
        """First day of observation and the day after its last."""
        days = self.month_days
        return int(days[_WARM_MONTHS]), int(days[_WARM_MONTHS + self.months])


def month_of_day(days: np.ndarray, /) -> np.ndarray:
    """Return the number of the month that a day falls into, both counted from the first simulated day, or before it."""
    return np.floor(days / _DAYS_PER_MONTH).astype(int)
