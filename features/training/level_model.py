"""Where units' levels stand and where they go: an empirical-Bayes state-space model of many short series.

A unit's mean in a period is ``y = M + a + b + x + e``:

- ``M``, the level that its peers share: free from period to period, so that what season or trend moves in all of them
  is no unit's own.
- ``a ~ N(0, τ²)``, how the unit differs for good; units are shrunk towards their peers by it.
- ``b``, how it differs for a while: autoregressive with variance ``ω²`` and ``φ`` from one period to the next. With
  ``φ`` near 1 it is a random walk.
- ``x ~ N(0, ξ²)``, what concerns one period alone, and ``e ~ N(0, s²/n)``, sampling noise of ``n`` cases. Of shares it
  is ``p(1 − p)/n`` with the unit's own expected ``p``.

A Kalman filter runs forward over the units' series at once, for a grid of ``(τ², ω², φ, ξ²)``; each setting counts by
the restricted likelihood of the series, so that forecasts are as unsure as the components are. The common level counts
as known once it is estimated. Source: Harville (1977)
on restricted likelihood; Durbin & Koopman (2012), chapters 4 and 7.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import product

import numpy as np

__all__ = ["Components", "Forecast", "Series", "forecast"]

MAX_PERIODS = 48
"""Older periods say next to nothing about the next one, and cost as much."""

_MAX_JUDGING = 6_000  # so many units × periods show the components; all units are forecast
_NEGLIGIBLE = 0.01  # settings that are so much less likely than the best are left out
_FULL_PEERS = 5  # as the label: the peers' common move is a unit's own season where there are so many others
_VARIANCE_ROWS = 30.0  # prior degrees of freedom of a unit's own case-level variance
_PARTS = (0.0, 0.02, 0.06, 0.18, 0.5, 1.2)  # of the observed variance between units and periods
_MEMORY = (0.3, 0.7, 0.9, 0.98)
_SINGLE = (0.0, 0.2)
_UNKNOWN_NOISE = (0.1, 0.3, 0.6, 0.8, 1.0)


@dataclass(frozen=True)
class Series:
    """Units' means in the periods up to one moment.

    Parameters
    ----------
    ends : numpy.ndarray, shape (periods,)
        When each period ends, in days; ascending.
    n, mean, variance : numpy.ndarray, shape (units, periods)
        Cases, their mean (NaN: none) and the variance between them (NaN: not known). Where numbers of cases are not
        known, ``n`` is 1.
    group : numpy.ndarray of int, shape (units,)
        Units of one group are peers; −1: all units are.
    is_share : bool
        Whether a case is 0 or 1.
    """

    ends: np.ndarray
    n: np.ndarray
    mean: np.ndarray
    variance: np.ndarray
    group: np.ndarray
    is_share: bool = False


@dataclass(frozen=True)
class Components:
    """A grid of the model's settings, each array of shape (settings,).

    Parameters
    ----------
    lasting, passing, single : numpy.ndarray
        Variances ``τ²``, ``ω²``, ``ξ²``.
    memory : numpy.ndarray
        ``φ``, per median period.
    noise : numpy.ndarray
        What the sampling variance is multiplied by.
    """

    lasting: np.ndarray
    passing: np.ndarray
    memory: np.ndarray
    single: np.ndarray
    noise: np.ndarray

    def __getitem__(self, kept: np.ndarray, /) -> Components:
        """Return some of the settings."""
        parts = (self.lasting, self.passing, self.memory, self.single, self.noise)
        return Components(*(part[kept] for part in parts))


@dataclass(frozen=True)
class Forecast:
    """Units' levels over the next horizon, before the common move and sampling noise.

    Parameters
    ----------
    weight : numpy.ndarray, shape (settings,)
        How far each setting is believed; they sum to 1.
    level, variance : numpy.ndarray, shape (settings, units)
        Mean and variance of the level by each setting.
    case_variance : numpy.ndarray, shape (settings, units)
        Of one case.
    """

    weight: np.ndarray
    level: np.ndarray
    variance: np.ndarray
    case_variance: np.ndarray


def forecast(series: Series, horizon_days: float, /, *, components: Components | None = None) -> Forecast:
    """Forecast every unit's level from what is known up to the last period.

    Parameters
    ----------
    horizon_days : float
        The mean of the level over so many days is forecast.
    components : Components, optional
        The settings to be believed equally before; by default a grid that is scaled by the series.

    Returns
    -------
    Forecast
        Of the settings that are not negligible.

    Examples
    --------
    One period, known components: the mean of four peers, each shrunk towards it by 1 / (1 + 1/4) of its distance.

    >>> series = Series(np.array([30.0]), np.full((4, 1), 4.0), np.array([[1.0], [2.0], [3.0], [4.0]]),
    ...     np.full((4, 1), 1.0), np.full(4, -1))
    >>> known = Components(*(np.array([value]) for value in (1.0, 0.0, 0.0, 0.0, 1.0)))
    >>> forecast(series, 30, components=known).level[0].round(3).tolist()
    [1.3, 2.1, 2.9, 3.7]
    """
    series = _recent(series)
    grid = _grid(series) if components is None else components
    judging = _thinned(series)
    likelihood = _Filter(judging, grid).run().likelihood
    odds = np.exp(likelihood - likelihood.max())
    kept = odds >= _NEGLIGIBLE
    run = _Filter(series, grid[kept]).run()
    level, variance = run.ahead(horizon_days)
    return Forecast(odds[kept] / odds[kept].sum(), level, variance, run.case_variance(run.current))


def _recent(series: Series, /) -> Series:
    some = slice(-MAX_PERIODS, None)
    return Series(
        series.ends[some],
        series.n[:, some],
        series.mean[:, some],
        series.variance[:, some],
        series.group,
        series.is_share,
    )


def _thinned(series: Series, /) -> Series:
    some = slice(None, None, -(-series.mean.size // _MAX_JUDGING))
    return Series(
        series.ends, series.n[some], series.mean[some], series.variance[some], series.group[some], series.is_share
    )


def _grid(series: Series, /) -> Components:
    """Settings as shares of the observed variance around the periods' means."""
    there = ~np.isnan(series.mean)
    weight = np.where(there, series.n, 0.0)
    values = np.where(there, series.mean, 0.0)
    total = weight.sum(axis=0)
    centre = (weight * values).sum(axis=0) / np.maximum(total, 1e-300)
    if (there.sum(axis=0) < 2).all():
        centre = np.full(len(centre), (weight * values).sum() / max(float(weight.sum()), 1e-300))
    scale = float(((values - centre) ** 2)[there].mean()) if there.any() else 0.0
    passing = [(0.0, 0.0), *product(_PARTS[1:], _MEMORY)]
    # where the noise is not known, what concerns one period alone is a part of it
    noise, single = ((1.0,), _SINGLE) if _is_noise_known(series) else (_UNKNOWN_NOISE, (0.0,))
    found = np.array(list(product(_PARTS, passing, single, noise)), dtype=object)
    pairs = np.array(found[:, 1].tolist(), dtype=np.float64)
    lasting, alone, share = (found[:, place].astype(np.float64) for place in (0, 2, 3))
    return Components(lasting * scale, pairs[:, 0] * scale, pairs[:, 1], alone * scale, share)


@dataclass
class _Filter:
    """The Kalman filter of all units and settings at once; arrays of shape (settings, units)."""

    series: Series
    grid: Components
    likelihood: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        shape = (len(self.grid.lasting), len(self.series.mean))
        self.likelihood = np.zeros(shape[0])
        self.common = np.zeros(shape)
        self.lasting, self.passing = np.zeros(shape), np.zeros(shape)
        self.var_lasting = np.broadcast_to(self.grid.lasting[:, None], shape).copy()
        self.var_passing = np.broadcast_to(self.grid.passing[:, None], shape).copy()
        self.covariance = np.zeros(shape)
        self._groups = [self.series.group == name for name in np.unique(self.series.group)]
        self._begun = np.zeros(len(self._groups), dtype=bool)
        steps = np.diff(self.series.ends)
        self._step = float(np.median(steps)) if len(steps) else 0.0
        self._case_variance = _case_variances(self.series)

    @property
    def current(self) -> np.ndarray:
        """Levels as of the last period."""
        return self.common + self.lasting + self.passing

    def run(self) -> _Filter:
        """Go through all periods."""
        gaps = np.diff(self.series.ends, prepend=self.series.ends[:1])
        for period, gap in enumerate(gaps):
            if period:
                self._pass_time(gap / self._step)
            self._learn(self.series.mean[:, period], self.series.n[:, period])
        return self

    def case_variance(self, level: np.ndarray, /) -> np.ndarray:
        """Variance of one case of a unit whose level is such."""
        if self.series.is_share:
            chance = np.clip(level, 0.01, 0.99)
            return chance * (1 - chance) * self.grid.noise[:, None]
        return self._case_variance * self.grid.noise[:, None]

    def ahead(self, horizon_days: float, /) -> tuple[np.ndarray, np.ndarray]:
        """Mean and variance of the level's mean over the next horizon."""
        periods = max(1, round(horizon_days / self._step)) if self._step else 1
        ages = np.arange(1, periods + 1)
        carried = self.grid.memory[:, None] ** ages
        kept = carried.mean(axis=1)
        together = self.grid.memory[:, None, None] ** np.abs(ages[:, None] - ages)
        fresh = self.grid.passing * (together - carried[:, :, None] * carried[:, None, :]).mean(axis=(1, 2))
        level = self.common + self.lasting + kept[:, None] * self.passing
        variance = (
            self.var_lasting
            + 2 * kept[:, None] * self.covariance
            + kept[:, None] ** 2 * self.var_passing
            + (fresh + self.grid.single / periods)[:, None]
        )
        return level, variance

    def _pass_time(self, periods: float, /) -> None:
        memory = self.grid.memory[:, None] ** periods
        self.passing *= memory
        self.covariance *= memory
        self.var_passing = memory**2 * self.var_passing + (1 - memory**2) * self.grid.passing[:, None]

    def _learn(self, mean: np.ndarray, n: np.ndarray, /) -> None:
        there = ~np.isnan(mean)
        if not there.any():
            return
        self._settle(mean, there)
        noise = self.case_variance(self.current)[:, there] / n[there] + self.grid.single[:, None]
        spread = self.var_lasting + 2 * self.covariance + self.var_passing
        expected = np.maximum(spread[:, there] + noise, 1e-300)
        surprise = np.full(spread.shape, np.nan)
        surprise[:, there] = mean[there] - self.current[:, there]
        weight = np.zeros(spread.shape)
        weight[:, there] = 1 / expected
        moved = self._common_moves(surprise, weight, there)
        self.common += moved
        left = np.where(there, surprise - moved, 0.0)
        self.likelihood -= 0.5 * (np.log(expected).sum(axis=1) + (weight * left**2).sum(axis=1))
        one = (self.var_lasting + self.covariance) * weight
        other = (self.var_passing + self.covariance) * weight
        self.lasting = self.lasting + one * left
        self.passing = self.passing + other * left
        by_lasting, by_passing = self.var_lasting + self.covariance, self.var_passing + self.covariance
        self.var_lasting = self.var_lasting - one * by_lasting
        self.var_passing = self.var_passing - other * by_passing
        self.covariance = self.covariance - one * by_passing

    def _settle(self, mean: np.ndarray, there: np.ndarray, /) -> None:
        """Start at the mean of the first period that a group is seen in; it is then corrected as any other move."""
        for number, members in enumerate(self._groups):
            if not self._begun[number] and (members & there).any():
                self.common[:, members] = mean[members & there].mean()
                self._begun[number] = True

    def _common_moves(self, surprise: np.ndarray, weight: np.ndarray, there: np.ndarray, /) -> np.ndarray:
        """What a group's units have moved alike, by generalised least squares; less of it where they are few."""
        moves = np.zeros(surprise.shape)
        for members in self._groups:
            peers = members & there
            if self.series.group[members][0] < 0:
                peers = there
            others = int(peers.sum()) - 1
            if others < 1:
                continue
            total = weight[:, peers].sum(axis=1)
            common = (weight[:, peers] * surprise[:, peers]).sum(axis=1) / total
            moves[:, members] = (common * min(1.0, others / _FULL_PEERS))[:, None]
            if (members & there).any():
                self.likelihood -= 0.5 * np.log(total)
        return moves


def _is_noise_known(series: Series, /) -> bool:
    """Whether most periods show what varies between cases; a period's mean alone does not."""
    there = ~np.isnan(series.mean)
    return bool(np.isfinite(series.variance[there]).sum() * 2 > there.sum())


def _case_variances(series: Series, /) -> np.ndarray:
    """Case-level variance per unit, shrunk towards the pooled one (Smyth 2004, with fixed prior degrees of freedom).

    Of means alone, what they move by from one period to the next is all noise at most.
    """
    if not _is_noise_known(series):
        steps = np.diff(series.mean, axis=1)
        known = ~np.isnan(steps)
        if len(steps) > 1:
            steps = steps - np.where(known, steps, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
        precision = 1 / (1 / series.n[:, 1:] + 1 / series.n[:, :-1])
        return np.full(len(steps), (precision * steps**2)[known].mean() if known.any() else 0.0)
    freedom = np.where(np.isfinite(series.variance) & ~np.isnan(series.mean), np.maximum(series.n - 1, 0.0), 0.0)
    squares = np.where(freedom > 0, freedom * series.variance, 0.0)
    pooled = squares.sum() / max(float(freedom.sum()), 1e-300)
    return (_VARIANCE_ROWS * pooled + squares.sum(axis=1)) / (_VARIANCE_ROWS + freedom.sum(axis=1))
