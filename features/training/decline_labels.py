"""Did a unit's metric get worse: baselines and labels (the definition stands in ``decline``)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from baton.catalogue.schema import Kpi
from baton.outcome_settings import Decline

__all__ = ["decline_labels", "needed_drop", "peers_of", "unit_baselines"]

_Z = 0.8416212335729143  # one-sided 80 %
_MIN_PEER_GROUP = 5


def decline_labels(
    past: pd.DataFrame, later: pd.DataFrame, metric: Kpi, settings: Decline, latest: pd.Timestamp
) -> pd.DataFrame:
    """Label each unit and moment.

    Parameters
    ----------
    past : pandas.DataFrame
        As of ``unit_baselines``.
    later : pandas.DataFrame
        As of ``unit_moments``: of the horizon that begins at ``as_of``.
    latest : pandas.Timestamp
        The moment that has no future yet.

    Returns
    -------
    pandas.DataFrame
        ``unit_id``, ``as_of``, ``label`` (NaN at the latest), ``baseline`` (shrunk) and ``above_group`` (mean minus the
        group's); no row where one of the windows has fewer than ``min_cases``.
    """
    later = _with_enough(later, settings.min_cases)
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


def unit_baselines(past: pd.DataFrame, settings: Decline, groups: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return what each unit is compared with at each moment.

    Parameters
    ----------
    past : pandas.DataFrame
        As of ``unit_moments``: of the longest window up to ``as_of``.
    groups : pandas.DataFrame, optional
        ``unit_id``, ``as_of`` and ``group``: the group that a unit was in then, where it had one of its own.

    Returns
    -------
    pandas.DataFrame
        The rows of ``past`` with at least ``min_cases``, with ``counted`` (whether the number of cases is known),
        ``group`` (empty: all units are its peers), ``spread`` (the case-level variance), ``reliability``,
        ``above_group`` and ``baseline``.
    """
    enough = _with_enough(past, settings.min_cases)
    if groups is None:
        enough["group"] = ""
    else:
        enough = enough.merge(groups, on=["unit_id", "as_of"], how="left")
        enough["group"] = enough["group"].fillna("")
    found = [_baselines(now.reset_index(drop=True)) for _, now in enough.groupby("as_of")]
    return pd.concat(found, ignore_index=True) if found else _baselines(enough)


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


def _baselines(now: pd.DataFrame, /) -> pd.DataFrame:
    """Shrink each unit's mean towards its group's by its reliability."""
    spread = _pooled(now)
    small = now["group"].map(now["group"].value_counts()) < _MIN_PEER_GROUP
    group = now["group"].mask(small, "").astype("str")
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
