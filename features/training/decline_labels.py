"""Did a unit's metric get worse: means, baselines and labels (the definition stands in ``matrix_decline``)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from baton.catalogue.schema import Kpi
from baton.outcome_settings import Decline
from features.kpis import evaluate as metrics
from features.kpis.unit_rows import Unit
from features.staging.warehouse import Warehouse

__all__ = ["Moments", "decline_labels", "needed_drop", "peers_of", "unit_baselines", "unit_moments"]

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
        The horizon that begins at ``as_of``, in the same form.
    """

    past: pd.DataFrame
    later: pd.DataFrame


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
    past = unit_baselines(moments.past, settings, groups)
    later = _with_enough(moments.later, settings.min_cases)
    parts = []
    for as_of, baseline in past.groupby("as_of"):
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


def unit_baselines(past: pd.DataFrame, settings: Decline, groups: Mapping[str, str]) -> pd.DataFrame:
    """Return what each unit is compared with at each moment.

    Parameters
    ----------
    past : pandas.DataFrame
        As of ``Moments``.
    groups : mapping of str to str
        As for ``decline_labels``.

    Returns
    -------
    pandas.DataFrame
        The rows of ``past`` with at least ``min_cases``, with ``counted`` (whether the number of cases is known),
        ``group`` (empty: all units are its peers), ``spread`` (the case-level variance), ``reliability``,
        ``above_group`` and ``baseline``.
    """
    enough = _with_enough(past, settings.min_cases)
    found = [_baselines(now.reset_index(drop=True), groups) for _, now in enough.groupby("as_of")]
    return pd.concat(found, ignore_index=True) if found else _baselines(enough, groups)


def needed_drop(now: pd.DataFrame, n_next: np.ndarray, settings: Decline) -> np.ndarray:
    """Return by how much more than its baseline a unit's next mean must be worse to be a decline.

    Parameters
    ----------
    now : pandas.DataFrame
        As of ``unit_baselines``.
    n_next : numpy.ndarray, shape (units,)
        Cases of the next horizon.

    Returns
    -------
    numpy.ndarray, shape (units,)
        In the metric's unit.
    """
    spread = now["spread"].to_numpy("float64")
    least = settings.drop if settings.drop is not None else settings.drop_sd * np.sqrt(spread)
    past = now["reliability"].to_numpy("float64") * spread / now["n"].to_numpy("float64")
    noise = _Z * np.sqrt(spread / n_next + past)
    return np.maximum(least, np.where(now["counted"], noise, 0.0))


def peers_of(group: pd.Series, /) -> Iterator[tuple[np.ndarray, np.ndarray | slice, float]]:
    """Yield units, the peers whose common move is their season, and how much of that counts.

    Parameters
    ----------
    group : pandas.Series of str
        Of each unit; empty: all units are its peers.
    """
    for name, members in group.groupby(group).indices.items():
        peers = slice(None) if name == "" else members
        others = len(group.to_numpy()[peers]) - 1
        if others:
            yield members, peers, min(1.0, others / _MIN_PEER_GROUP)


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
    counted = both.assign(counted=both["counted"] & both["counted_next"])
    return (worse > needed_drop(counted, both["n_next"].to_numpy("float64"), settings)).astype("float64")


def _season(both: pd.DataFrame, /) -> pd.Series:
    """How the unit's peers moved, itself left out; less of it where few others show it."""
    weight = both["n_next"].to_numpy("float64")
    move = (both["mean_next"] - both["mean"]).to_numpy("float64")
    moves = np.zeros(len(both))
    for members, peers, share in peers_of(both["group"]):
        left = weight[peers].sum() - weight[members]
        moves[members] = ((weight * move)[peers].sum() - (weight * move)[members]) / left * share
    return pd.Series(moves, index=both.index)
