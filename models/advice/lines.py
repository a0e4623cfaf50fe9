"""From what the evidence would pay to cards within the limits: the rows of a target card as lines of the programme."""

from __future__ import annotations

import numpy as np
import pandas as pd

from baton.company import Policy
from models.advice.card import Line
from models.advice.conflict import Conflict, conflicts_of_ramp
from models.advice.limits import NEARLY
from models.advice.policy import Solved, ramp
from models.advice.stability.standing import wanted

__all__ = ["aims", "collisions", "guarded_by", "solve_card"]


def solve_card(frame: pd.DataFrame, policy: Policy, /, *, known: bool) -> list[Solved] | None:
    """Lead one card over the cycles of a ramp to where evidence and limits allow.

    Parameters
    ----------
    frame : pandas.DataFrame
        Of ``TargetCard``.
    known : bool
        Whether there is a card today.

    Returns
    -------
    list of Solved or None
        One per cycle, with points per row of the frame; None where there is neither a card nor evidence for one.
    """
    if known:
        return ramp(_lines(frame, policy, known), policy, known=known)
    # without a card and without evidence there is nothing to propose
    raised = np.flatnonzero((frame["direction"] > 0).to_numpy())
    # nor with so few KPIs that the limit on one of them cannot be kept
    if len(raised) * (policy.max_weight // policy.step * policy.step) < 100.0 - NEARLY:
        return None
    whole = []
    for card in ramp(_lines(frame.iloc[raised], policy, known), policy, known=known):
        weights = np.zeros(len(frame))
        weights[raised] = card.weights
        whole.append(Solved(weights, card.breaches))
    return whole


def collisions(frame: pd.DataFrame, policy: Policy, steps: list[Solved], /, *, known: bool) -> tuple[Conflict, ...]:
    """Name the limits that no card of these KPIs can keep together at the end of the ramp.

    Parameters
    ----------
    frame : pandas.DataFrame
        Of ``TargetCard``, with the directions that were solved.
    steps : list of Solved
        From ``solve_card``.
    known : bool

    Returns
    -------
    tuple of Conflict
    """
    if not known:
        frame = frame[frame["direction"] > 0]
    return conflicts_of_ramp(_lines(frame, policy, known), policy, steps, known=known)


def _lines(frame: pd.DataFrame, policy: Policy, known: bool, /) -> list[Line]:
    today, leads = _today(frame, known), aims(frame, policy, known=known)
    here = set(frame["kpi"])
    guarded = guarded_by(frame)
    lines = []
    for line, now, to in zip(frame.to_dict("records"), today, leads, strict=True):
        if not line["on_card"] and line["direction"] <= 0:
            lines.append(Line(line["kpi"], "lever", "", 0.0, 0.0, 0, fixed=True))
            continue
        moves = line["direction"] != 0 and not line["fixed"]
        guards = guarded.get(line["kpi"], ())
        lines.append(
            Line(
                kpi=line["kpi"],
                role=str(line["role"]),
                perspective=str(line["perspective"]),
                current=float(now),
                wanted=float(to) if moves else float(now),
                direction=int(line["direction"]) if moves else 0,
                fixed=bool(line["fixed"]),
                guarded_by=guards,
                guard_missing=bool(guards) and not set(guards) & here,
            )
        )
    return lines


def aims(frame: pd.DataFrame, policy: Policy, /, *, known: bool) -> pd.Series:
    """Return where evidence leads each KPI that it moves: its share of the points that the others leave.

    Parameters
    ----------
    frame : pandas.DataFrame
        Of ``TargetCard``.
    known : bool
        Whether there is a card today.

    Returns
    -------
    pandas.Series
        Points per row of the frame; of KPIs that it does not move as well, though they do not go there.
    """
    moving = (frame["direction"] != 0) & ~frame["fixed"]
    budget = 100.0 - float(_today(frame, known)[~moving].sum())
    wanted_total = float(frame.loc[moving, "target"].sum())
    scale = budget / wanted_total if wanted_total > 0 else 0.0
    return wanted(frame, frame["target"] * scale, policy.step)


def _today(frame: pd.DataFrame, known: bool, /) -> pd.Series:
    """Today's points, made to sum to 100 where a card is known."""
    total = float(frame["current"].sum())
    return frame["current"] * (100.0 / total) if known and total > 0 else frame["current"]


def guarded_by(frame: pd.DataFrame, /) -> dict[str, tuple[str, ...]]:
    """Return, per KPI of a card, the KPIs without which it must not be raised, as far as they are among its lines.

    Parameters
    ----------
    frame : pandas.DataFrame
        Of ``TargetCard``: kpi, guards.
    """
    found: dict[str, tuple[str, ...]] = {}
    for kpi, guards in zip(frame["kpi"], frame["guards"], strict=True):
        for other in guards if isinstance(guards, list) else []:
            found[other] = (*found.get(other, ()), kpi)
    return found
