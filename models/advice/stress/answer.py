"""What people change when the points on their card change: effort moves, corners are cut, hard cases are passed on.

Source: Holmström & Milgrom 1991 (tasks compete for effort); the sizes are ``response.toml``'s.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.advice.stress.response import Range, Response

__all__ = ["HASTE", "Drawn", "answers", "corners_of", "draw"]

Floats = NDArray[np.float64]

HASTE = frozenset({"seconds", "minutes", "hours", "days", "money"})
"""Units of KPIs that are pushed by doing less: durations and costs."""
_UNKNOWN_CONTROL = 0.6


@dataclass(frozen=True)
class Drawn:
    """Draws of how the people of one card answer: arrays of shape (draws, KPIs), or (draws, 1).

    Parameters
    ----------
    moved : array
        Between-person standard deviations that the first point moves each KPI by, of the record.
    half_at : array of shape (draws, 1)
        Points at which one more moves half as much.
    recorded, passed_on : array
        Shares of the answer.
    corners, from_unpaid, picked : array of shape (draws, 1)
    """

    moved: Floats
    half_at: Floats
    recorded: Floats
    passed_on: Floats
    corners: Floats
    from_unpaid: Floats
    picked: Floats


def draw(frame: pd.DataFrame, response: Response, draws: int, rng: np.random.Generator) -> Drawn:
    """Draw how the people of one card answer.

    Parameters
    ----------
    frame : pandas.DataFrame
        Of ``TargetCard``: unit, owner, controllable.
    """
    share = (frame["unit"] == "share").to_numpy()
    person = (frame["owner"] != "team").to_numpy()
    hard = person & (share | _hasty(frame))
    control = frame["controllable"].fillna(_UNKNOWN_CONTROL).to_numpy(dtype=float)

    def each(between: Range) -> Floats:
        return rng.uniform(*between, (draws, len(frame)))

    def company(between: Range) -> Floats:
        return rng.uniform(*between, (draws, 1))

    return Drawn(
        moved=company(response.sd_per_point) * each(response.uneven) * control,
        half_at=company(response.half_at),
        recorded=np.where(share, each(response.recorded_share), each(response.recorded_other)),
        passed_on=np.where(hard, company(response.passed_on), 0.0),
        corners=company(response.corners),
        from_unpaid=company(response.from_unpaid),
        picked=company(response.picked),
    )


def answers(frame: pd.DataFrame, before: Floats, after: Floats, drawn: Drawn, shown_by: tuple[str, ...]) -> Floats:
    """Return what customers meet that is other than under the card before.

    What only the record shows is left out, of points added and of points taken away. Taking points away makes no corner
    good that was cut, and takes back no case that was passed on.

    Parameters
    ----------
    frame : pandas.DataFrame
        Of ``TargetCard``: kpi, role, unit, owner, better, guards, leads_to.
    before, after : array of shape (KPIs,)
        Points.
    shown_by : tuple of str
        KPIs that count cases passed on.

    Returns
    -------
    array of shape (draws, KPIs)
        Between-unit standard deviations, more is better.
    """
    # the integral of 1 / (1 + points / half_at)
    half = drawn.half_at
    change = half * (np.log1p(after / half) - np.log1p(before / half))
    lever = (frame["role"] == "lever").to_numpy()
    answered = drawn.moved * change
    added = np.maximum(answered, 0.0) * lever
    passed = added * drawn.passed_on
    real = np.where(lever, answered, 0.0) * (1.0 - drawn.recorded) - passed
    spilled = real.copy()
    for parent, child in corners_of(frame):
        spilled[:, [child]] -= drawn.corners * np.maximum(real[:, [parent]], 0.0)
    shown = np.flatnonzero(frame["kpi"].isin(shown_by).to_numpy())
    if len(shown):
        spilled[:, shown] -= passed.sum(axis=1, keepdims=True)
    # choosing whom to ask takes time as work does
    rated = (frame["role"] == "outcome").to_numpy()
    asked = drawn.picked * np.maximum(answered[:, rated], 0.0).sum(axis=1, keepdims=True)
    unpaid = lever & (after <= 0)
    missing = drawn.from_unpaid * np.maximum(real.sum(axis=1, keepdims=True) + asked, 0.0)
    if unpaid.any():
        spilled[:, unpaid] -= missing / unpaid.sum()
    return spilled


def corners_of(frame: pd.DataFrame, /) -> list[tuple[int, int]]:
    """Return which KPI's push takes something off which other: places in the frame.

    A duration or cost takes off the levers that it leads to; whatever has a guard takes off that guard.

    Parameters
    ----------
    frame : pandas.DataFrame
        Of ``TargetCard``: kpi, role, unit, better, guards, leads_to.
    """
    place = {kpi: at for at, (kpi, role) in enumerate(zip(frame["kpi"], frame["role"], strict=True)) if role == "lever"}
    hasty = _hasty(frame)
    found: set[tuple[int, int]] = set()
    for at, (guards, leads_to) in enumerate(zip(frame["guards"], frame["leads_to"], strict=True)):
        if frame["role"].iloc[at] != "lever":
            continue
        found |= {(place[pushed], at) for pushed in _list(guards) if pushed in place}
        if hasty[at]:
            found |= {(at, place[child]) for child in _list(leads_to) if child in place and not hasty[place[child]]}
    return sorted(found)


def _hasty(frame: pd.DataFrame, /) -> NDArray[np.bool_]:
    return (frame["unit"].isin(HASTE) & (frame["better"] == "lower")).to_numpy(dtype=bool)


def _list(value: object, /) -> list[str]:
    return list(value) if isinstance(value, list | tuple | np.ndarray) else []
