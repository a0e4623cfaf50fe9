"""Did a unit's metric get worse: means, baselines and labels (the definition stands in ``matrix_decline``)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from baton.catalogue.schema import Kpi
from baton.outcome_settings import Decline
from features.kpis import evaluate as metrics
from features.kpis.unit_rows import Unit
from features.staging.warehouse import Warehouse

__all__ = ["Moments", "decline_labels", "unit_moments"]

_Z = 0.8416212335729143  # one-sided 80 %
_MIN_PEER_GROUP = 5


@dataclass(frozen=True)
class Moments:
    """Means of units before and after each moment.

    Parameters
    ----------
    past : pandas.DataFrame
        Longest window up to ``as_of``: unit_id, as_of, n, mean, variance (between a unit's cases).
    later : pandas.DataFrame
        The horizon that ends at ``as_of``, in the same form.
    horizon : timedelta
    """

    past: pd.DataFrame
    later: pd.DataFrame
    horizon: timedelta


def unit_moments(
    warehouse: Warehouse, metric: Kpi, unit: Unit, moments: Sequence[datetime], window_days: int
) -> pd.DataFrame:
    """Return count, mean and variance of a metric's rows per unit over one window.

    Returns
    -------
    pandas.DataFrame
        ``unit_id``, ``as_of``, ``n`` (NaN: not known), ``mean``, ``variance``.
    """
    square = metric.model_copy(update={"id": f"{metric.id}__squared", "expr": _squared(metric)})
    rows = metric.model_copy(update={"id": f"{metric.id}__rows", "aggregate": "count"})
    found = metrics.evaluate(warehouse, [metric, square, rows], unit, moments, [window_days])
    frame = found.to_pyarrow().to_pandas()
    cases = frame[f"{metric.id}__n"].astype("float64")
    mean = frame[f"{metric.id}__{window_days}d"].astype("float64")
    squares = frame[f"{metric.id}__squared__{window_days}d"].astype("float64")
    # a row of `measures` is a mean over n cases already: n times its squared deviation estimates the cases' variance
    rows_behind = frame[f"{metric.id}__rows__{window_days}d"].astype("float64")
    count = rows_behind if metric.source == "measures" else cases
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = ((squares - mean**2) * cases / (count - 1)).clip(lower=0).where(count > 1)
    is_counted = metric.source != "measures" or warehouse.has("measures", "n")
    n = cases if is_counted else pd.Series(np.nan, index=cases.index)
    table = pd.DataFrame(
        {"unit_id": frame["unit_id"], "as_of": frame["as_of"], "n": n, "mean": mean, "variance": variance}
    )
    return table[table["mean"].notna()].reset_index(drop=True)


def decline_labels(
    moments: Moments, metric: Kpi, settings: Decline, groups: Mapping[str, str], latest: pd.Timestamp
) -> pd.DataFrame:
    """Label each unit and moment.

    Parameters
    ----------
    groups : mapping of str to str
        Units' groups, where they have one of their own.
    latest : pandas.Timestamp
        The moment that has no future yet.

    Returns
    -------
    pandas.DataFrame
        ``unit_id``, ``as_of``, ``label`` (NaN at the latest), ``baseline`` (shrunk) and ``above_group`` (mean minus the
        group's); no row where one of the windows has fewer than ``min_cases``.
    """
    past, later = (_with_enough(table, settings.min_cases) for table in (moments.past, moments.later))
    later["as_of"] = later["as_of"] - moments.horizon
    parts = []
    for as_of, now in past.groupby("as_of"):
        baseline = _baselines(now.reset_index(drop=True), groups)
        if as_of == latest:
            parts.append(baseline.assign(label=np.nan))
            continue
        then = later.loc[later["as_of"] == as_of, ["unit_id", "n", "mean", "counted"]]
        both = baseline.merge(then, on="unit_id", suffixes=("", "_next"))
        parts.append(both.assign(label=_declined(both, metric, settings)))
    columns = ["unit_id", "as_of", "label", "baseline", "above_group"]
    if not parts:
        return pd.DataFrame({name: [] for name in columns})
    return pd.concat(parts, ignore_index=True)[columns]


def _with_enough(table: pd.DataFrame, min_cases: int, /) -> pd.DataFrame:
    """Keep units with enough cases; where no number is known each counts as one and has no sampling noise."""
    counted = table["n"].notna()
    kept = table[~counted | (table["n"] >= min_cases)]
    return kept.assign(counted=counted, n=kept["n"].fillna(1.0))


def _squared(metric: Kpi, /) -> str:
    # a boolean's square is itself; numbers are multiplied as floats
    return f"CAST(({metric.expr}) AS DOUBLE) * CAST(({metric.expr}) AS DOUBLE)"


def _baselines(now: pd.DataFrame, groups: Mapping[str, str], /) -> pd.DataFrame:
    """Shrink each unit's mean towards its group's by its reliability."""
    spread = _pooled(now)
    named = now["unit_id"].map(lambda unit: groups.get(unit, ""))
    small = named.map(named.value_counts()) < _MIN_PEER_GROUP
    group = named.mask(small, "").astype("str")
    mean, n = now["mean"].to_numpy("float64"), now["n"].to_numpy("float64")
    reliability, above, baseline = (np.full(len(now), np.nan) for _ in range(3))
    for name, members in group.groupby(group, sort=True).indices.items():
        peers = slice(None) if name == "" else members
        centre = np.average(mean[peers], weights=n[peers])
        between = _between(mean[peers], n[peers], spread)
        reliability[members] = between / (between + spread / n[members]) if between > 0 else 0.0
        above[members] = mean[members] - centre
        baseline[members] = centre + reliability[members] * above[members]
    return now.assign(
        group=group, spread=spread, reliability=reliability, above_group=above, baseline=baseline
    ).sort_values("group", kind="stable")


def _pooled(now: pd.DataFrame, /) -> float:
    known = now[now["variance"].notna()]
    if known.empty:
        return 0.0
    return float(np.average(known["variance"], weights=np.maximum(known["n"] - 1, 1)))


def _between(mean: np.ndarray, n: np.ndarray, spread: float, /) -> float:
    """Variance between units, by the method of moments (DerSimonian & Laird 1986)."""
    if len(mean) < 2 or spread == 0:
        return float(np.var(mean, ddof=1)) if len(mean) > 1 else 0.0
    weight = n / spread
    centre = np.average(mean, weights=weight)
    heterogeneity = float((weight * (mean - centre) ** 2).sum())
    scale = float(weight.sum() - (weight**2).sum() / weight.sum())
    return max(0.0, (heterogeneity - (len(mean) - 1)) / scale) if scale > 0 else 0.0


def _declined(both: pd.DataFrame, metric: Kpi, settings: Decline, /) -> pd.Series:
    worse = -metric.sign * (both["mean_next"] - both["baseline"] - _season(both))
    minimum = settings.drop if settings.drop is not None else settings.drop_sd * np.sqrt(both["spread"])
    noise = _Z * np.sqrt(both["spread"] / both["n_next"] + both["reliability"] * both["spread"] / both["n"])
    noise = noise.where(both["counted"] & both["counted_next"], 0.0)
    return ((worse > minimum) & (worse > noise)).astype("float64")


def _season(both: pd.DataFrame, /) -> pd.Series:
    """How the unit's peers moved, itself left out; less of it where few others show it."""
    weight = both["n_next"].to_numpy("float64")
    move = (both["mean_next"] - both["mean"]).to_numpy("float64")
    moves = np.zeros(len(both))
    for group, members in both["group"].groupby(both["group"]).indices.items():
        peers = slice(None) if group == "" else members
        others = len(weight[peers]) - 1
        if others:
            left = weight[peers].sum() - weight[members]
            common = ((weight * move)[peers].sum() - (weight * move)[members]) / left
            moves[members] = common * min(1.0, others / _MIN_PEER_GROUP)
    return pd.Series(moves, index=both.index)
