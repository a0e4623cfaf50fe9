"""The months and weeks that a simulated company lives through."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["FUTURE_MONTHS", "HORIZON_DAYS", "WARM_MONTHS", "Calendar"]

HORIZON_DAYS = 90
WARM_MONTHS = 3
FUTURE_MONTHS = 4


@dataclass(frozen=True)
class Calendar:
    """Months that are simulated: some to warm up, the observed ones, and a horizon beyond what anybody has seen.

    Parameters
    ----------
    months : int
        The observed ones.
    end : str
        The day on which observation ends.
    """

    months: int
    end: str = "2026-07-01"

    @property
    def starts(self) -> np.ndarray:
        """First day of every simulated month and the day after the last: datetime64[D], all months + 1."""
        last = np.datetime64(self.end, "M")
        first = last - self.months - WARM_MONTHS
        return np.arange(first, last + FUTURE_MONTHS + 1, dtype="datetime64[M]").astype("datetime64[D]")

    @property
    def month_count(self) -> int:
        """Simulated months."""
        return self.months + WARM_MONTHS + FUTURE_MONTHS

    @property
    def observed(self) -> slice:
        """The observed months among the simulated ones."""
        return slice(WARM_MONTHS, WARM_MONTHS + self.months)

    @property
    def origin(self) -> np.datetime64:
        """Midnight from which simulated days are counted."""
        return self.starts[0]

    @property
    def month_days(self) -> np.ndarray:
        """Day number of every month's first day, counted from the origin: all months + 1."""
        return (self.starts - self.origin).astype(int)

    @property
    def observed_days(self) -> tuple[int, int]:
        """First day of observation and the day after its last."""
        days = self.month_days
        return int(days[WARM_MONTHS]), int(days[WARM_MONTHS + self.months])

    @property
    def week_count(self) -> int:
        """Simulated weeks, the last one whole."""
        return int(self.month_days[-1] // 7)

    def times(self, days: np.ndarray, /) -> np.ndarray:
        """Turn day numbers with fractions into times to the second; NaN becomes NaT."""
        seconds = np.where(np.isnan(days), 0, np.floor(np.nan_to_num(days) * 86400)).astype("int64")
        times = self.origin.astype("datetime64[s]") + seconds.astype("timedelta64[s]")
        times[np.isnan(days)] = np.datetime64("NaT")
        return times
