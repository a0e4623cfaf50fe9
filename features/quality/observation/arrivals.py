"""Until when rows of a table arrive at their usual rate: what comes after is planned, announced or mistyped.

The rule is careful in one direction: a table is cut only where far fewer rows follow than any usual stretch of the same
length has had. docs/decisions says why, and what it leaves alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["Arrivals"]

MAX_PLANNED_SHARE = 0.05
"""A tail with a larger part of the rows than this is no stray and no handful of bookings."""

MAX_STRAY_SHARE = 0.01
"""The same for rows that lie long before all others: only a few old rows can be mistakes."""

MIN_TAIL_DAYS = 14
"""A shorter tail is a weekend, a holiday or a day that was exported in part."""

MIN_GAP_DAYS = 28
"""Rows that come at their usual rate after a shorter silence come after long holidays."""

MIN_STRAY_DAYS = 365
"""Rows that lie less than this before the others are a slow start."""

MIN_BASELINE_DAYS = 400
"""The regular rate is estimated from this much of the history, so that each season counts; twice the tail if longer."""

_THIN = 0.25  # of what the poorest stretch had
_HALF = 0.5  # of a usual day or week
_SHARP = 1 / 3  # of the week before: a business that winds down has no such break
_WEEK = 7
_MAX_SPREAD = 10.0  # growth is no burst: how much more than Poisson counts are taken to vary at most
_LONG_GAP = 5  # times the longest usual gap
_RARE_LOG = float(np.log(1e-4))
_SILENT_LOG = float(np.log(1e-3))
_BREAK_LOG = float(np.log(1e-2))


@dataclass(frozen=True)
class Arrivals:
    """Rows of one time column per day.

    Parameters
    ----------
    days : numpy.ndarray
        Shape (n,): days with rows, as numbers, ascending.
    counts : numpy.ndarray
        Shape (n,): rows of each.
    """

    days: np.ndarray
    counts: np.ndarray

    def __len__(self) -> int:
        return len(self.days)

    def last_regular(self, *, gaps_alone: bool = False) -> int | None:
        """Return the last day up to which rows arrive at their usual rate.

        Parameters
        ----------
        gaps_alone : bool
            Whether only rows behind a long gap are cut off, never a thin tail that follows at once.

        Returns
        -------
        int or None
            A day with rows; None without rows.

        Examples
        --------
        >>> import numpy as np
        >>> Arrivals(np.array([*range(300), 400]), np.full(301, 20)).last_regular()
        299
        >>> Arrivals(np.array([*range(0, 300, 30), 330]), np.full(11, 2)).last_regular()
        330
        """
        return self._cut(MAX_PLANNED_SHARE, MIN_TAIL_DAYS, gaps_alone=gaps_alone)

    def first_regular(self) -> int | None:
        """Return the first day that does not lie years before the others.

        Examples
        --------
        >>> import numpy as np
        >>> Arrivals(np.array([-9_000, *range(300)]), np.full(301, 20)).first_regular()
        0
        """
        found = Arrivals(-self.days[::-1], self.counts[::-1])._cut(MAX_STRAY_SHARE, MIN_STRAY_DAYS, gaps_alone=True)
        return None if found is None else -found

    def has_ended_before(self, day: int, /) -> bool:
        """Whether it is improbable, at the usual rate, that no row came from the last day to another.

        Examples
        --------
        >>> import numpy as np
        >>> often, seldom = (Arrivals(np.arange(0, 700, step), np.ones(700 // step)) for step in (2, 70))
        >>> often.has_ended_before(800), seldom.has_ended_before(800)
        (True, False)
        """
        if len(self) < 2 or day <= self.days[-1]:
            return False
        expected, spread = self._baseline(len(self) - 1, int(day - self.days[-1]))
        return -expected / spread < _SILENT_LOG

    def _cut(self, share: float, min_days: int, *, gaps_alone: bool) -> int | None:
        if not len(self):
            return None
        allowed, last = max(1.0, share * float(self.counts.sum())), len(self) - 1
        while (found := self._tail(last, allowed, min_days, gaps_alone=gaps_alone)) is not None:
            allowed -= float(self.counts[found + 1 : last + 1].sum())
            last = found
        return int(self.days[last])

    def _tail(self, last: int, allowed: float, min_days: int, *, gaps_alone: bool) -> int | None:
        """Return the place after which a tail begins that is not regular: the one that parts the rates best."""
        days, counts = self.days[: last + 1], self.counts[: last + 1]
        after = counts.sum() - counts.cumsum()
        length = days[-1] - days
        best, found = 0.0, None
        for place in np.flatnonzero((after > 0) & (after <= allowed) & (length >= min_days))[::-1]:
            if place and self._is_unusual(int(place), last, float(after[place]), min_days, gaps_alone=gaps_alone):
                before = self._until(days[place]) - self._until(days[place] - length[place])
                gain = _gain(float(before), float(after[place]))
                if gain > best:
                    best, found = gain, int(place)
        return found

    def _is_unusual(self, place: int, last: int, rows: float, min_days: int, *, gaps_alone: bool) -> bool:
        days = self.days
        length = int(days[last] - days[place])
        gaps = np.diff(days[: place + 1])
        gaps = gaps[days[1 : place + 1] > days[place] - max(2 * length, MIN_BASELINE_DAYS)]
        gap = int(days[place + 1] - days[place])
        is_far = gap >= max(min_days, MIN_GAP_DAYS) and gap > _LONG_GAP * gaps.max()
        if not is_far and (gaps_alone or not self._is_thin(place, last, float(np.quantile(gaps, 0.95)))):
            return False
        # what comes seldom already winds down: nothing breaks off
        width = min(gap, (int(days[place]) - self._since(place, length)) // 2) if is_far else _WEEK
        before = self._until(days[place]) - self._until(days[place] - width)
        if before < _HALF * np.median(self._stretches(place, length, width)):
            return False
        expected, spread = self._baseline(place, length)
        return rows <= _THIN * expected and _log_chance(rows, expected) / spread < _RARE_LOG

    def _is_thin(self, place: int, last: int, regular_gap: float, /) -> bool:
        """Whether fewer rows come each day, from one week to the next, for longer than a batch that is late."""
        day, width = self.days[place], max(_WEEK, int(np.ceil(2 * regular_gap)))
        if self.days[last] - day < 2 * regular_gap:
            return False
        if self.counts[place + 1 : last + 1].max() > _HALF * np.median(self.counts[: place + 1]):
            return False
        until = self._until(day)
        before, after = float(until - self._until(day - width)), float(self._until(day + width) - until)
        return after <= _SHARP * before and _log_chance(after, before) < _BREAK_LOG

    def _baseline(self, place: int, length: int, /) -> tuple[float, float]:
        """Return what the poorest stretch of this many days had up to a place, and how far they vary beyond Poisson."""
        width = min(length, (int(self.days[place]) - self._since(place, length)) // 2)
        if width < 1:
            return 0.0, 1.0
        found = self._stretches(place, length, width)
        mean = float(found.mean())
        spread = min(_MAX_SPREAD, max(1.0, float(found.var()) / mean)) if mean else 1.0
        return float(found.min()) * length / width, spread

    def _since(self, place: int, length: int, /) -> int:
        """From which day on the history shows the regular rate for a tail of this many days."""
        return max(int(self.days[0]) - 1, int(self.days[place]) - max(2 * length, MIN_BASELINE_DAYS))

    def _stretches(self, place: int, length: int, width: int, /) -> np.ndarray:
        """Rows of all stretches of a width in that history; shape (stretches,)."""
        end = int(self.days[place])
        ends = np.arange(min(self._since(place, length) + width, end), end + 1)
        return self._until(ends) - self._until(ends - width)

    def _until(self, day: np.ndarray | np.integer, /) -> np.ndarray:
        """Rows up to the end of a day."""
        summed = np.concatenate([[0], self.counts.cumsum()])
        return summed[np.searchsorted(self.days, day, side="right")]


def _log_chance(rows: float, expected: float, /) -> float:
    """Chernoff's bound of the logarithm of the chance that a Poisson count is so low."""
    return rows - expected + (rows * float(np.log(expected / rows)) if rows and expected else 0.0)


def _gain(before: float, after: float, /) -> float:
    """By how much two rates describe two stretches of the same length better than one (log-likelihood)."""
    half = (before + after) / 2
    return sum(rows * float(np.log(rows / half)) for rows in (before, after) if rows)
