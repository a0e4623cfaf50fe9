"""Which series has left what it did before, at a stated rate of false alarms a year.

Each series is foretold by exponential smoothing of its own past (the smoothing that foretold it best so far). The mean
error of the newest two periods is set beside the spread of earlier such errors (of their middle or
their tail, whichever is wider) and the noise of counting. An alarm needs four things: an error beyond Student's t at
the rate that all tests of a year share (Bonferroni), beyond every earlier error of the series that was no alarm, large
enough to matter, and in both periods alike: a holiday or a week between two pay days is over by the second. So the rate
does not grow with rows, and a difference that is sure but small stays quiet.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from features.monitoring.series import Series

__all__ = ["FALSE_ALARMS_A_YEAR", "Alarm", "alarms"]

Floats = NDArray[np.float64]

FALSE_ALARMS_A_YEAR = 0.25
"""Expected number over all series where nothing changes."""

_SMOOTHINGS = (0.05, 0.1, 0.2, 0.4)
_FIRST_SMOOTHING = 1  # which of them, until there is a past to choose by
_MAX_REFERENCE = 52
_MIN_REFERENCE = 10
_NORMAL = 1.4826  # a median absolute deviation as a standard deviation
_MIN_ROWS_CHANGE = 0.18  # of the logarithm: a sixth fewer or a fifth more
_MIN_SHARE_CHANGE = 0.03
_MIN_LEVEL_CHANGE = 0.15  # of the spread between single rows
_MIN_EACH = 0.8  # of the limit, in each of both periods: a change may begin within the first
_LOOKS_A_PERIOD = {"week": 7, "month": 1}  # a nightly watch looks at weeks that overlap


@dataclass(frozen=True)
class Alarm:
    """A series that has left what it did before.

    Parameters
    ----------
    series : Series
        The figure.
    at : int
        Number of the period in which it was found; it began with the one before.
    before, now : float
        In natural units: what was foretold, and what came in both periods.
    low, high : float
        95 % interval of what was foretold.
    score : float
        The error in its own spread.
    """

    series: Series
    at: int
    before: float
    now: float
    low: float
    high: float
    score: float


def alarms(
    series: Sequence[Series], /, *, all_periods: bool = False, false_alarms: float = FALSE_ALARMS_A_YEAR
) -> list[Alarm]:
    """Return the alarms of the newest two periods.

    Parameters
    ----------
    all_periods : bool
        Those of every period, each by what was known then: a trial on the past.
    false_alarms : float
        Expected number a year over all series.

    Returns
    -------
    list of Alarm
        Strongest first.
    """
    tests = sum(_LOOKS_A_PERIOD[one.periods.every] * one.periods.a_year for one in series)
    found: list[Alarm] = []
    lengths = sorted({len(one.values) for one in series})
    for length in lengths:
        alike = [one for one in series if len(one.values) == length]
        found.extend(_of_panel(alike, false_alarms / tests, all_periods=all_periods))
    return sorted(found, key=lambda alarm: -abs(alarm.score))


def _of_panel(series: Sequence[Series], alpha: float, /, *, all_periods: bool) -> list[Alarm]:
    """Return the alarms of series of one length, period by period for all of them at once."""
    scaled = [on_scale(one) for one in series]
    x, noise = (np.vstack(part) for part in zip(*scaled, strict=True))
    foretold = _foretold(x)
    periods = x.shape[1]
    # a count's noise is that of the count foretold: none at all would be noisiest by itself
    counts = np.array([one.what == "rows" for one in series])
    quiet = np.full(x.shape, np.nan)
    found: list[Alarm] = []
    for at in range(2, periods):
        level = foretold[:, at - 1]
        now_noise = np.where(counts, np.exp(-level), noise[:, at - 1 : at + 1].mean(axis=1))
        both = x[:, at - 1 : at + 1] - level[:, None]
        error = both.mean(axis=1)
        past = quiet[:, max(0, at - _MAX_REFERENCE) : at]
        known = np.isfinite(past).sum(axis=1)
        usable = (known >= _MIN_REFERENCE) & np.isfinite(error)
        if not usable.any():
            quiet[:, at] = error
            continue
        spread, largest = np.full(len(x), np.nan), np.full(len(x), np.nan)
        spread[usable] = np.maximum(_spread(np.abs(past[usable])), _by_chance(noise[usable], at, now_noise[usable]))
        largest[usable] = np.nanmax(np.abs(past[usable]), axis=1)
        limit = np.maximum(stats.t.isf(alpha / 2, np.maximum(known - 1, 1)) * spread, largest)
        lasting = (both * np.sign(error)[:, None] >= _MIN_EACH * limit[:, None]).all(axis=1)
        alarmed = usable & lasting & (np.abs(error) > limit)
        for place in np.flatnonzero(alarmed).tolist():
            if abs(error[place]) < matters(series[place], at, level[place]):
                alarmed[place] = False
            elif all_periods or at == periods - 1:
                found.append(_alarm(series[place], at, level[place], error[place], spread[place]))
        quiet[:, at] = np.where(alarmed, np.nan, error)
    return found


def _spread(past: Floats, /) -> Floats:
    """Return the standard deviation of errors of a normal kind, or of their tail where that is heavier.

    The tail is that of the third largest: a single odd week is in two errors.
    """
    known = np.isfinite(past).sum(axis=1)
    third = np.sort(np.where(np.isfinite(past), past, -np.inf), axis=1)[:, -3]
    tail = third / stats.norm.isf(1.25 / known)
    return np.maximum(_NORMAL * np.nanmedian(past, axis=1), tail)


def on_scale(series: Series, /) -> tuple[Floats, Floats]:
    """Return a series on the scale on which chance is even, and the variance by chance of each value.

    Counts by logarithm, shares by the arcsine of the root, levels by logarithm where all are positive and else in
    spreads between single rows.

    Returns
    -------
    two arrays of shape (periods,)
        NaN where there is no row.
    """
    rows = series.rows
    with np.errstate(divide="ignore", invalid="ignore"):
        if series.what == "rows":
            return np.log(rows + 0.5), 1 / (rows + 0.5)
        if series.what in {"missing", "share"}:
            count = series.values * rows
            angle = np.arcsin(np.sqrt((count + 0.375) / (rows + 0.75)))
            return np.where(rows > 0, angle, np.nan), np.where(rows > 0, 1 / (4 * rows + 2), np.nan)
        if _by_ratio(series):
            return np.log(series.values), (series.error / series.values) ** 2
        scale = _single(series)
        return series.values / scale, (series.error / scale) ** 2


def _by_ratio(series: Series, /) -> bool:
    """Whether a level is compared by its ratio: numbers above zero."""
    known = series.values[np.isfinite(series.values)]
    return bool(len(known) and known.min() > 0 and np.isfinite(series.spread).any())


def _single(series: Series, until: int | None = None, /) -> float:
    """Return how far single rows lie from each other, in natural units."""
    many = series.rows[:until] > 1
    rows_differ = (series.error[:until] * np.sqrt(series.rows[:until]))[many]
    spread = float(np.median(rows_differ)) if len(rows_differ) else 0.0
    return spread if spread > 0 else 1.0


def _foretold(x: Floats, /) -> Floats:
    """Return what each value is foretold to be from those before it; NaN where there is none before."""
    by_smoothing = np.stack([_smoothed(x, smoothing) for smoothing in _SMOOTHINGS])
    errors = np.abs(x[None] - by_smoothing)
    best = by_smoothing[_FIRST_SMOOTHING].copy()
    for at in range(_MIN_REFERENCE + 1, x.shape[1]):
        past = errors[:, :, max(0, at - _MAX_REFERENCE) : at]
        enough = np.isfinite(past).all(axis=0).sum(axis=1) >= _MIN_REFERENCE
        if enough.any():
            chosen = np.argmin(np.nanmedian(past[:, enough], axis=2), axis=0)
            best[enough, at] = np.take_along_axis(by_smoothing[:, enough, at], chosen[None], axis=0)[0]
    return best


def _smoothed(x: Floats, smoothing: float, /) -> Floats:
    level, seen, result = np.full(len(x), np.nan), np.zeros(len(x)), np.full(x.shape, np.nan)
    for at in range(x.shape[1]):
        result[:, at] = level
        known = np.isfinite(x[:, at])
        seen += known
        # the first values weigh alike: their mean, until smoothing forgets
        weight = np.maximum(smoothing, 1 / np.maximum(seen, 1))
        level = np.where(known, np.where(seen == 1, x[:, at], level + weight * (x[:, at] - level)), level)
    return result


def _by_chance(noise: Floats, at: int, of_one: Floats, /) -> Floats:
    """Return the standard error by the noise of counting alone: of the newest periods and of what foretells them."""
    now = of_one / 2
    smoothing = _SMOOTHINGS[0]
    before = np.nanmedian(noise[:, : at - 1], axis=1) * smoothing / (2 - smoothing)
    return np.sqrt(now + before)


def matters(series: Series, at: int, level: float, /) -> float:
    """Return the smallest error that matters, on the scale of ``on_scale``."""
    if series.what == "rows":
        return _MIN_ROWS_CHANGE
    if series.what == "level":
        single = _single(series, at - 1) / (float(np.exp(level)) if _by_ratio(series) else _single(series))
        return _MIN_LEVEL_CHANGE * single
    share = float(np.sin(np.clip(level, 0, np.pi / 2)) ** 2)
    moved = share + _MIN_SHARE_CHANGE if share <= 0.5 else share - _MIN_SHARE_CHANGE
    return abs(float(np.arcsin(np.sqrt(np.clip(moved, 0, 1)))) - level)


def _alarm(series: Series, at: int, level: float, error: float, spread: float, /) -> Alarm:
    reach = 1.96 * spread
    return Alarm(
        series, at, _natural(series, level), _natural(series, level + error),
        _natural(series, level - reach), _natural(series, level + reach), float(error / spread),
    )  # fmt: skip


def _natural(series: Series, value: float, /) -> float:
    if series.what == "rows":
        return max(float(np.exp(value) - 0.5), 0.0)
    if series.what in {"missing", "share"}:
        return float(np.sin(np.clip(value, 0, np.pi / 2)) ** 2)
    return float(np.exp(value)) if _by_ratio(series) else value * _single(series)
