"""Points of scorecards on the scale of 100, whichever scale their cards are written in."""

from __future__ import annotations

import pandas as pd

__all__ = ["in_points"]

_WHOLE = 100.0
_ROUNDING = 0.01


def in_points(scorecards: pd.DataFrame, /) -> tuple[pd.DataFrame, int]:
    """Multiply by 100 the points of cards that share out 1.

    Such cards are kept with ``weights_sum = "keep"`` alone. Everything after counts in points of 100: read as they
    stand, a change of a tenth would be a change of a tenth of a point.

    Parameters
    ----------
    scorecards : pandas.DataFrame
        The whole history: team_id, role, kpi, weight, valid_from.

    Returns
    -------
    tuple of pandas.DataFrame and int
        The cards, and how many were in shares: those whose points sum to 1 at most and hold parts of one. A single 1
        is a point, unless all cards are in shares.

    Examples
    --------
    >>> cards = pd.DataFrame({"team_id": ["a", "a", "b"], "role": None, "kpi": ["x", "y", "x"],
    ...     "weight": [0.25, 0.75, 100.0], "valid_from": pd.Timestamp("2026-01-01")})
    >>> found, shares = in_points(cards)
    >>> found["weight"].tolist(), shares
    ([25.0, 75.0, 100.0], 1)
    """
    if scorecards.empty:
        return scorecards, 0
    keys = scorecards.assign(role=scorecards["role"].fillna(""))
    card = keys.groupby(["team_id", "role", "valid_from"], dropna=False).ngroup()
    weight = scorecards["weight"].fillna(0.0)
    small = weight.groupby(card).sum() <= 1 + _ROUNDING
    parts = ((weight > 0) & (weight < 1)).groupby(card).any()
    shared = small & (parts | bool(small.all()))
    points = scorecards["weight"].where(~card.map(shared), scorecards["weight"] * _WHOLE)
    return scorecards.assign(weight=points), int(shared.sum())
