"""How many of a group of customers will still be there after so many days, and between which ends that lies."""

from __future__ import annotations

import numpy as np
import pandas as pd

from models.prediction.calibration import sigmoid
from models.prediction.survival.curve import Curve, log_odds

__all__ = ["COVERED", "MIN_CUSTOMERS", "groups_of", "retention_rows"]

COVERED = 0.9
"""Share of groups that should end between the two ends."""

MIN_CUSTOMERS = 30
"""Of fewer, an interval says hardly anything, and a share nearly names people."""

_DRAWS = 1000
_GRID = 61  # log-odds at which curves are drawn; groups are means over it
_SEGMENT = "attribute__segment"


def groups_of(rows: pd.DataFrame, shares: pd.DataFrame, /) -> pd.DataFrame:
    """Return who belongs to which group.

    Parameters
    ----------
    rows : pandas.DataFrame
        Customers to be scored: ``unit_id`` and, where segments are known, ``attribute__segment``.
    shares : pandas.DataFrame
        ``unit_id``, ``team_id``, ``share``: a customer's cases by team.

    Returns
    -------
    pandas.DataFrame
        ``row`` (position), ``team_id``, ``segment`` (both null: all customers) and ``weight``.
    """
    place = pd.Series(np.arange(len(rows)), index=rows["unit_id"].astype(str))
    parts = [pd.DataFrame({"row": np.arange(len(rows)), "team_id": None, "segment": None, "weight": 1.0})]
    if len(shares):
        served = shares.assign(unit_id=shares["unit_id"].astype(str), team_id=shares["team_id"].astype("string"))
        served = served[served["team_id"].notna() & served["unit_id"].isin(place.index)]
        by_team = served.groupby(["unit_id", "team_id"], as_index=False)["share"].sum()
        row = by_team["unit_id"].map(place).to_numpy(dtype=np.int64)
        team, share = by_team["team_id"].astype(object), by_team["share"]
        parts.append(pd.DataFrame({"row": row, "team_id": team, "segment": None, "weight": share}))
    if _SEGMENT in rows:
        known = rows[_SEGMENT].notna().to_numpy()
        segment = rows[_SEGMENT].astype(object)[known].to_numpy()
        parts.append(pd.DataFrame({"row": np.flatnonzero(known), "team_id": None, "segment": segment, "weight": 1.0}))
    return pd.concat([part.astype({"team_id": object, "segment": object}) for part in parts], ignore_index=True)


def retention_rows(curve: Curve, chance: np.ndarray, groups: pd.DataFrame, seed: int, /) -> pd.DataFrame:
    """Return the table ``retention``.

    Parameters
    ----------
    chance : numpy.ndarray, shape (customers,)
        Of leaving by the horizon.
    groups : pandas.DataFrame
        As ``groups_of`` returns them.

    Returns
    -------
    pandas.DataFrame
        Per group of at least 30 customers and day: ``customers`` (sum of weights), ``staying`` (mean over them),
        ``staying_low`` and ``staying_high``: 90 % of what may be right, what was learned being unsure, snapshots
        differing from each other, and single customers going either way. Ends are null where no doubt was learned.
    """
    chances = curve.chances(chance)
    grid, weights = _on_grid(log_odds(np.clip(chance, 1e-6, 1 - 1e-6)))
    drawn = _drawn(curve, grid, seed)
    noise = np.random.default_rng(seed).standard_normal(_DRAWS)
    parts = []
    for (team, segment), members in groups.groupby(["team_id", "segment"], dropna=False, sort=True):
        row, weight = members["row"].to_numpy(), members["weight"].to_numpy(dtype=np.float64)
        total = float(weight.sum())
        if total < MIN_CUSTOMERS:
            continue
        left = weight @ chances[row] / total
        single = np.sqrt((weight**2) @ (chances[row] * (1 - chances[row]))) / total
        team, segment = (name if isinstance(name, str) else None for name in (team, segment))
        found = {"team_id": team, "segment": segment, "days": np.array(curve.days), "customers": total}
        ends = np.full((2, len(curve.days)), np.nan)
        if drawn is not None:
            # what is drawn is taken as a departure from what is predicted, so that the grid costs nothing
            mean = np.tensordot(weight @ weights[row] / total, drawn, axes=1)
            mean = mean - mean[0] + left
            tails = [(1 - COVERED) / 2, (1 + COVERED) / 2]
            ends = np.clip(np.quantile(mean[1:] + noise[:, None] * single, tails, axis=0), 0.0, 1.0)
        rows = pd.DataFrame({**found, "staying": 1 - left, "staying_low": 1 - ends[1], "staying_high": 1 - ends[0]})
        parts.append(rows.astype({"team_id": object, "segment": object}))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _on_grid(score: np.ndarray, /) -> tuple[np.ndarray, np.ndarray]:
    """Return log-odds that span the scores, and how much each row weighs on them; shape (rows, grid)."""
    grid = np.linspace(score.min() - 1e-6, score.max() + 1e-6, _GRID)
    at = np.clip(np.searchsorted(grid, score) - 1, 0, _GRID - 2)
    share = (score - grid[at]) / (grid[at + 1] - grid[at])
    weights = np.zeros((len(score), _GRID), dtype=np.float32)
    rows = np.arange(len(score))
    weights[rows, at], weights[rows, at + 1] = 1 - share, share
    return grid, weights


def _drawn(curve: Curve, grid: np.ndarray, seed: int, /) -> np.ndarray | None:
    """Return chances by each day as predicted, then as they may be right; shape (grid, 1 + draws, days)."""
    if curve.doubt is None:
        return None
    random = np.random.default_rng(seed)
    lines = np.vstack([[0.0, 1.0], curve.doubt.drawn(random, _DRAWS)])
    chance = sigmoid(lines[:, 0] + lines[:, 1] * grid[:, None])
    steps = [np.vstack([step.line, step.drawn(random, _DRAWS)]) for step in (*curve.before, *curve.beyond)]
    return curve.followed(chance, steps)
