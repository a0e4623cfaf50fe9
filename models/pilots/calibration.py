"""Whether what was predicted of changes came true as often as it should."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

__all__ = ["MIN_PREDICTIONS", "Calibration", "Interval", "calibration_of", "came_true", "width_factor"]

MIN_PREDICTIONS = 10
"""Of fewer nothing is stated: the 90 % interval of a share would be half of everything wide."""

MIN_WIDTH = 0.5
"""No interval is narrowed further: what was measured is noisy itself."""

Interval = Mapping[str, float | None]
"""``low`` and ``high`` in one unit; None: not known, or without an end."""


@dataclass(frozen=True)
class Calibration:
    """How many predictions of one level came true.

    Parameters
    ----------
    level : float
        As it was stated.
    predictions, true : int
        How many were measured, and of these how many came true.
    low, high : float
        90 % interval of the share; NaN for fewer than ``MIN_PREDICTIONS``.
    """

    level: float
    predictions: int
    true: int
    low: float
    high: float

    @property
    def is_enough(self) -> bool:
        """Whether there are enough to say something."""
        return self.predictions >= MIN_PREDICTIONS

    @property
    def verdict(self) -> str:
        """``not enough``, ``as stated``, ``too sure`` or ``too careful``."""
        if not self.is_enough:
            return "not enough"
        if self.low <= self.level <= self.high:
            return "as stated"
        return "too sure" if self.high < self.level else "too careful"


def came_true(predicted: Interval, measured: Interval, /) -> bool | None:
    """Return whether what was measured agrees with what was predicted; None where either is not known.

    What is measured has an interval of its own: the two agree if their middles differ by no more than both half widths
    together, added as those of independent errors. Of right predictions so many agree as the level says.

    Examples
    --------
    >>> came_true({"low": 1.0, "high": 3.0}, {"low": 4.0, "high": 5.0})
    False
    >>> came_true({"low": 1.0, "high": 3.0}, {"low": 2.0, "high": 4.5})
    True
    >>> came_true({"low": 1.0, "high": 3.0}, {"low": 2.0, "high": None}) is None
    True
    """
    ends = (predicted["low"], predicted["high"], measured["low"], measured["high"])
    known = [float(end) for end in ends if end is not None]
    if len(known) < len(ends) or not np.isfinite(known).all():
        return None
    low, high, measured_low, measured_high = known
    gap = abs((low + high) / 2 - (measured_low + measured_high) / 2)
    return bool(gap <= np.hypot((high - low) / 2, (measured_high - measured_low) / 2))


def calibration_of(found: Sequence[tuple[float, bool]], /) -> list[Calibration]:
    """Return by stated level how many predictions came true.

    Parameters
    ----------
    found : sequence of tuple of float and bool
        The level that was stated of each prediction, and whether it came true.

    Notes
    -----
    Source: Clopper and Pearson (1934), The use of confidence or fiducial limits, Biometrika 26.
    """
    return [
        _of_level(level, [true for other, true in found if other == level]) for level in sorted({of for of, _ in found})
    ]


def _of_level(level: float, came: Sequence[bool], /) -> Calibration:
    from scipy.stats import beta

    number, true = len(came), sum(came)
    if number < MIN_PREDICTIONS:
        return Calibration(level, number, true, float("nan"), float("nan"))
    low = float(beta.ppf(0.05, true, number - true + 1)) if true else 0.0
    high = float(beta.ppf(0.95, true + 1, number - true)) if true < number else 1.0
    return Calibration(level, number, true, low, high)


def width_factor(pairs: Sequence[tuple[Interval, Interval]], level: float, /) -> float:
    """Return by which factor predicted intervals must be widened for as many to come true as were stated.

    Parameters
    ----------
    pairs : sequence of tuple of Interval
        Predicted and measured, with ends that are known.
    level : float
        As it was stated.

    Notes
    -----
    Split conformal prediction with the half width as the scale: of n, the ceil(level (n + 1))-th smallest factor.
    Source: Vovk, Gammerman & Shafer 2005, Algorithmic Learning in a Random World; Lei et al. 2018, JASA 113.

    Examples
    --------
    >>> pairs = [({"low": -1.0, "high": 1.0}, {"low": at, "high": at}) for at in (0.0, 1.0, 2.0, 3.0)]
    >>> width_factor(pairs, 0.5)
    2.0
    """
    needed = []
    for predicted, measured in pairs:
        low, high, measured_low, measured_high = (
            float(end) for each in (predicted, measured) for end in (each["low"] or 0.0, each["high"] or 0.0)
        )
        gap = (low + high - measured_low - measured_high) / 2
        beyond = np.sqrt(max(gap**2 - ((measured_high - measured_low) / 2) ** 2, 0.0))
        needed.append(float(beyond) * 2 / (high - low) if high > low else float("inf") if beyond else 0.0)
    place = min(int(np.ceil(level * (len(needed) + 1))), len(needed)) - 1
    return max(sorted(needed)[place], MIN_WIDTH)
