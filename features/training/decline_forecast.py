"""The chance of a decline from the unit's own past and its peers: a forecast that is a feature and a baseline.

At each moment ``level_model`` forecasts where every unit's level will lie over the horizon. What the label compares is
known but for that: the baseline, the expected move of the peers, and how far worse it must get with as many cases as
the unit has lately had. The chance of a decline is the share of the forecast beyond, sampling noise included: normal
for means, for shares a beta distribution with the mean and variance of the beta-binomial one.

Only periods that have ended by a moment enter its forecasts.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise

import numpy as np
import pandas as pd

from baton.catalogue.schema import Kpi
from baton.outcome_settings import Decline
from features.kpis.sql import Span, Windows
from features.kpis.unit_rows import Unit
from features.staging.warehouse import Warehouse
from features.training.decline_labels import needed_drop, peers_of
from features.training.label_horizon import LabelHorizon
from features.training.level_model import Forecast, Series, forecast
from features.training.unit_moments import unit_moments

__all__ = ["FORECASTS", "decline_forecasts", "unit_periods"]

FORECASTS = ("forecast", "forecast_sd", "decline_odds")
"""The columns: how much worse than its baseline the unit's next mean is expected to be and the standard deviation of
that, both in case-level standard deviations, and the log-odds of a decline."""

_MIN_CHANCE = 0.002  # no history makes a decline surer or less sure than that
_ROUNDING = 1e-9
_VOLUME_PERIODS = 3  # the next volume is expected to be that of so many periods


def unit_periods(warehouse: Warehouse, metric: Kpi, unit: Unit, bounds: Sequence[datetime]) -> pd.DataFrame:
    """Return count, mean and variance of a metric's rows per unit and period.

    Parameters
    ----------
    bounds : sequence of datetime
        As of ``period_bounds``: whole days after each other.

    Returns
    -------
    pandas.DataFrame
        As ``unit_moments``: a row per unit and period in which it has rows; ``as_of`` is the period's end.
    """
    spans = tuple(Span(end, (start,)) for start, end in pairwise(bounds))
    found = unit_moments(warehouse, metric, unit, Windows(spans, ("period",)))
    return found.sort_values(["as_of", "unit_id"], ignore_index=True)


def decline_forecasts(
    periods: pd.DataFrame, baselines: pd.DataFrame, metric: Kpi, settings: Decline, horizon: LabelHorizon
) -> pd.DataFrame:
    """Forecast declines at every moment from what was known then.

    Parameters
    ----------
    periods : pandas.DataFrame
        As of ``unit_periods``.
    baselines : pandas.DataFrame
        As of ``unit_baselines``.
    horizon : LabelHorizon
        How far the label of each moment looks ahead.

    Returns
    -------
    pandas.DataFrame
        ``unit_id``, ``as_of`` and the columns of ``FORECASTS``.
    """
    parts = []
    for as_of, now in baselines.groupby("as_of"):
        days = horizon.days_after(pd.Timestamp(as_of).to_pydatetime())
        known = periods[periods["as_of"] <= as_of]
        parts.append(_at(known, now.reset_index(drop=True), metric, settings, days))
    columns = ["unit_id", "as_of", *FORECASTS]
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame({name: [] for name in columns})


def _at(known: pd.DataFrame, now: pd.DataFrame, metric: Kpi, settings: Decline, days: int, /) -> pd.DataFrame:
    series = _series(known, now, metric)
    found = forecast(series, days)
    n_next = _volume(series, now, settings.min_cases, days)
    season, unsure = _beside_peers(found, now, n_next)
    variance = found.variance + unsure + found.case_variance / n_next
    limit = now["baseline"].to_numpy("float64") - metric.sign * needed_drop(now, n_next, settings)
    cut = limit + season
    if series.is_share:
        cut = _between_counts(cut, n_next, metric.sign)
    below = _chance_below(found.level, variance, cut, _seen(series) if series.is_share else None)
    chance = np.clip(found.weight @ (below if metric.sign > 0 else 1 - below), _MIN_CHANCE, 1 - _MIN_CHANCE)
    worse = -metric.sign * (found.level - season - now["baseline"].to_numpy("float64"))
    expected = found.weight @ worse
    deviation = np.sqrt(found.weight @ (variance + (worse - expected) ** 2))
    scale = np.sqrt(now["spread"].where(now["spread"] > 0).to_numpy("float64"))
    # where no case differs from another there is no noise to forecast against
    odds = np.where(np.isnan(scale), np.nan, np.log(chance / (1 - chance)))
    values = (expected / scale, deviation / scale, odds)
    return now[["unit_id", "as_of"]].assign(**dict(zip(FORECASTS, values, strict=True)))


def _series(known: pd.DataFrame, now: pd.DataFrame, metric: Kpi, /) -> Series:
    """Put units into rows, in the order of ``now``, and periods into columns."""
    ends = np.sort(known["as_of"].unique())
    rows = known["unit_id"].map({unit: at for at, unit in enumerate(now["unit_id"])})
    known, rows = known[rows.notna()], rows.dropna().to_numpy(dtype=np.int64)
    columns = np.searchsorted(ends, known["as_of"].to_numpy())
    n, mean, variance = (np.full((len(now), len(ends)), np.nan) for _ in range(3))
    for table, name in ((n, "n"), (mean, "mean"), (variance, "variance")):
        table[rows, columns] = known[name].to_numpy("float64")
    names = np.unique(now["group"])
    codes = np.searchsorted(names, now["group"]) - int(names[0] == "")
    days = (ends - ends[:1]) / np.timedelta64(1, "D")
    n = np.where(np.isnan(n) | (n <= 0), 1.0, n)
    return Series(days, n, mean, variance, codes, _is_share(metric, mean))


def _is_share(metric: Kpi, mean: np.ndarray, /) -> bool:
    within = bool(((mean >= 0) & (mean <= 1) | np.isnan(mean)).all())
    return within and (metric.aggregate == "share" or (metric.source == "measures" and metric.unit == "share"))


def _volume(series: Series, now: pd.DataFrame, min_cases: int, days: int, /) -> np.ndarray:
    """Cases that a unit's next horizon is expected to hold: as lately, and enough, or there will be no label."""
    there = ~np.isnan(series.mean)
    latest = there & (np.cumsum(there[:, ::-1], axis=1)[:, ::-1] <= _VOLUME_PERIODS)
    step = float(np.median(np.diff(series.ends))) if len(series.ends) > 1 else float(days)
    seen = np.maximum(latest.sum(axis=1), 1)
    lately = np.where(latest, series.n, 0.0).sum(axis=1) / seen * (days / step)
    return np.where(now["counted"], np.maximum(lately, min_cases), np.maximum(round(days / step), 1))


def _beside_peers(found: Forecast, now: pd.DataFrame, n_next: np.ndarray, /) -> tuple[np.ndarray, np.ndarray]:
    """The peers' expected move, and its variance, by setting and unit."""
    moves, variance = np.zeros(found.level.shape), np.zeros(found.level.shape)
    move = found.level - now["mean"].to_numpy("float64")
    unsure = found.variance + found.case_variance / n_next
    for members, peers, share in peers_of(now["group"]):
        left = n_next[peers].sum() - n_next[members]
        total = (n_next * move)[:, peers].sum(axis=1, keepdims=True) - (n_next * move)[:, members]
        moves[:, members] = share * total / left
        squares = (n_next**2 * unsure)[:, peers].sum(axis=1, keepdims=True) - (n_next**2 * unsure)[:, members]
        variance[:, members] = share**2 * squares / left**2
    return moves, variance


def _seen(series: Series, /) -> float:
    """Cases behind all shares."""
    return float(np.where(np.isnan(series.mean), 0.0, series.n).sum())


def _between_counts(cut: np.ndarray, n_next: np.ndarray, sign: int, /) -> np.ndarray:
    """Move a cut that only a perfect share does not pass to half a case from it: all cases good is no decline."""
    half = np.broadcast_to(0.5 / n_next, cut.shape)
    if sign > 0:
        return np.where((cut > 1 - half) & (cut <= 1 + _ROUNDING), 1 - half, cut)
    return np.where((cut < half) & (cut >= -_ROUNDING), half, cut)


def _chance_below(level: np.ndarray, variance: np.ndarray, cut: np.ndarray, seen: float | None, /) -> np.ndarray:
    """Chance that a unit's next mean lies below a value; of a share where the cases behind all shares are given."""
    from scipy.special import betainc, ndtr

    if seen is None:
        return ndtr((cut - level) / np.sqrt(np.maximum(variance, 1e-300)))
    # however many cases were all good, the next may be the first that is not
    least = min(0.005, 0.5 / (seen + 1))
    mean = np.clip(level, least, 1 - least)
    both = mean * (1 - mean)
    size = both / np.clip(variance, 1e-9, 0.95 * both) - 1
    return betainc(mean * size, (1 - mean) * size, np.clip(cut, 0, 1))
