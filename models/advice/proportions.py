"""How sure the ratio of two shares is.

Source: Koopman 1984, Biometrics 40(2), 513-517 (score interval); Miettinen & Nurminen 1985, Statistics in Medicine 4,
equation 10 (the likeliest shares of a given ratio). The log interval of Katz has no width where a whole group is above,
and statsmodels' score interval fails where a whole group is above or below.
"""

from __future__ import annotations

import math

__all__ = ["ratio_interval"]

MAX_LOG_RATIO = 30.0
"""Ratios further from the one that is there are no bounds: e³⁰ is more than any count of people."""

NO_GAP = 1e-6
"""Shares closer than that are equal: where both are whole, rounding would be larger than their variance."""


def ratio_interval(
    some: int, out_of: int, others: int, others_out_of: int, /, *, level: float = 0.9
) -> tuple[float, float]:
    """Bound the ratio of two shares, ``some / out_of`` over ``others / others_out_of``.

    Parameters
    ----------
    some, out_of : int
        Of the first group; ``out_of`` is positive.
    others, others_out_of : int
        Of the second; both are positive.
    level : float
        How often such an interval holds the ratio.

    Returns
    -------
    tuple of float
        Low and high.

    Examples
    --------
    Koopman's example of 1984: 2.94 to 7.15.

    >>> low, high = ratio_interval(36, 40, 16, 80, level=0.95)
    >>> round(low, 2), round(high, 2)
    (2.94, 7.15)
    """
    from scipy.optimize import brentq
    from scipy.stats import norm

    asked = float(norm.ppf((1 + level) / 2)) ** 2

    def beyond(log_ratio: float) -> float:
        return _score(math.exp(log_ratio), (some, out_of), (others, others_out_of)) - asked

    # half a person more where there is none: a place to start from, inside the interval
    start = math.log((some or 0.5) / out_of / (others / others_out_of))
    low = 0.0 if some == 0 else math.exp(brentq(beyond, start - MAX_LOG_RATIO, start))
    if some == 0 and beyond(start) >= 0:
        return low, math.exp(brentq(beyond, start - MAX_LOG_RATIO, start))
    return low, math.exp(brentq(beyond, start, start + MAX_LOG_RATIO))


def _score(ratio: float, first: tuple[int, int], second: tuple[int, int], /) -> float:
    """How far two shares are from a ratio, squared, in standard errors of the likeliest shares that have it."""
    (x, n), (y, m) = first, second
    gap = x / n - ratio * y / m
    whole, middle = (n + m) * ratio, n * ratio + x + m + y * ratio
    share = (middle - math.sqrt(max(middle**2 - 4 * whole * (x + y), 0.0))) / (2 * whole)
    share = min(share, 1.0, 1.0 / ratio)
    mine = ratio * share
    variance = mine * (1 - mine) / n + ratio**2 * share * (1 - share) / m
    if abs(gap) < NO_GAP:
        return 0.0
    return gap**2 / variance if variance > 0 else math.inf
