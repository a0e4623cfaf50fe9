"""A card that people's answers could turn against customers is guarded, or not proposed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pandas as pd

from baton.company import Policy
from models.advice.inputs import AdviceInputs
from models.advice.limits import NEARLY
from models.advice.lines import solve_card
from models.advice.policy import Solved
from models.advice.stress.answer import corners_of
from models.advice.stress.trial import losing_share

__all__ = ["MAX_LOSING", "Stress", "Tried", "try_answers"]

MAX_LOSING = 0.05
"""Of the draws: a card that leaves customers worse off in more is not proposed as it is."""


class Stress(StrEnum):
    """What trying a card on people who answer to it has led to."""

    PASS = "pass"
    GUARDED = "guarded"
    FAIL = "fail"
    UNKNOWN = "cannot be told"


@dataclass(frozen=True)
class Tried:
    """A card after it was tried.

    Parameters
    ----------
    frame : pandas.DataFrame
        Of ``TargetCard``, with the directions that are left, and ``guarding`` (per row the KPIs, if any, because of
        which it is not lowered, or not raised), ``helping`` (whether it is not lowered because it helps),
        ``unsure`` (whether it is not moved because it is not sure enough) and ``stressed`` (whether it stays because
        the whole card failed).
    steps : list of Solved or None
        The card that is proposed, cycle by cycle.
    loses : float
        Share of draws in which the proposed card, or the one that is not proposed after all, leaves customers worse
        off than today's; NaN where that cannot be told.
    """

    frame: pd.DataFrame
    steps: list[Solved] | None
    verdict: Stress
    loses: float


def try_answers(inputs: AdviceInputs, policy: Policy, frame: pd.DataFrame, /, *, known: bool) -> Tried:
    """Solve one card, try it on people who answer to it, and guard it or leave it where it loses.

    Parameters
    ----------
    frame : pandas.DataFrame
        Of ``TargetCard``.
    known : bool
        Whether there is a card today.

    Returns
    -------
    Tried
    """
    frame = frame.assign(guarding=[()] * len(frame), helping=False, unsure=False, stressed=False)
    steps = solve_card(frame, policy, known=known)
    loses = _loses(inputs, frame, steps) if known else float("nan")
    if np.isnan(loses):
        return Tried(frame, steps, Stress.UNKNOWN, loses)
    moving = bool((frame["direction"] != 0).any())
    if loses <= MAX_LOSING or not moving:
        # what limits alone ask for is no advice that could be withheld
        return Tried(frame, steps, Stress.PASS if loses <= MAX_LOSING else Stress.FAIL, loses)
    for guarded in _guarded(frame):
        steps = solve_card(guarded, policy, known=known)
        left = _loses(inputs, guarded, steps)
        if left <= MAX_LOSING and _moves(guarded, steps):
            return Tried(guarded, steps, Stress.GUARDED, left)
    kept = frame.assign(direction=0, stressed=frame["direction"] != 0)
    return Tried(kept, solve_card(kept, policy, known=known), Stress.FAIL, loses)


def _loses(inputs: AdviceInputs, frame: pd.DataFrame, steps: list[Solved] | None, /) -> float:
    return float("nan") if steps is None else losing_share(inputs, frame, [steps[0].weights, steps[-1].weights])


def _moves(frame: pd.DataFrame, steps: list[Solved] | None, /) -> bool:
    """Whether any of what evidence would move gets other points."""
    moving = (frame["direction"] != 0).to_numpy()
    way = 0.0 if steps is None else np.abs(steps[-1].weights - frame["current"].to_numpy())[moving].max(initial=0.0)
    return bool(way > NEARLY)


def _guarded(frame: pd.DataFrame, /) -> Iterator[pd.DataFrame]:
    """Give the card beside its guards, then without the push, without taking from what helps, and with sure moves."""
    direction = frame["direction"].to_numpy()
    pushes = [(pushed, guard) for pushed, guard in corners_of(frame) if direction[pushed] > 0]
    kpis = list(frame["kpi"])
    if pushes:
        yield _beside_guards(frame, pushes)
        without: list[tuple[str, ...]] = [()] * len(frame)
        for pushed, guard in pushes:
            without[pushed] = (*without[pushed], kpis[guard])
        direction = np.where([bool(each) for each in without], 0, direction)
        frame = frame.assign(direction=direction, guarding=without)
        yield frame
    helping = (direction < 0) & (frame["target"] > 0).to_numpy()
    if helping.any():
        direction = np.where(helping, 0, direction)
        frame = frame.assign(direction=direction, helping=helping)
        yield frame
    sure = np.where(direction > 0, frame["up"], frame["down"]) >= 1 - MAX_LOSING
    unsure = (direction != 0) & ~sure
    if unsure.any() and sure.any():
        yield frame.assign(direction=np.where(unsure, 0, direction), unsure=unsure)


def _beside_guards(frame: pd.DataFrame, pushes: list[tuple[int, int]], /) -> pd.DataFrame:
    """What is pushed is raised beside its guards alone, and they are not lowered."""
    kpis, direction = list(frame["kpi"]), frame["direction"].to_numpy().copy()
    guards = [list(each) if isinstance(each, list) else [] for each in frame["guards"]]
    guarding: list[tuple[str, ...]] = [()] * len(frame)
    for pushed, guard in pushes:
        if kpis[pushed] not in guards[guard]:
            guards[guard].append(kpis[pushed])
        if frame["direction"].iloc[guard] < 0:
            direction[guard] = 0
            guarding[guard] = (*guarding[guard], kpis[pushed])
    return frame.assign(direction=direction, guards=guards, guarding=guarding)
