"""What a team may be expected to reach within a cycle, and what today's target is worth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.advice.targets.levels import Levels
from models.advice.targets.spread import Spread, compared, true_changes, true_spread

__all__ = ["ADVISED", "STRETCH", "Aim", "People", "aims_of", "judged", "own_past_aims"]

Floats = NDArray[np.float64]

ADVISED, STRETCH = 0.6745, 1.2816
"""The best quarter and the best tenth of a normal distribution begin so many standard deviations above its middle."""
FAR = 1.645
"""Nineteen of twenty changes, or teams, lie below."""
SURE = 0.9
"""A target is too easy if the team is beyond it with this probability."""
HARDLY = 0.05
"""A target is out of reach if no larger share of comparable teams is there."""
MIN_CYCLES = 4
"""Fewer cycles of a team's own show nothing of what it changes."""


@dataclass(frozen=True)
class People:
    """How the people of a team differ, where there are too few teams.

    Parameters
    ----------
    between : float
        Standard deviation of people's true levels, on the scale of the levels.
    count : int
        People of the team.
    """

    between: float
    count: int


@dataclass(frozen=True)
class Aim:
    """Where a team stands beyond chance and where it may go, on the scale of the levels.

    Parameters
    ----------
    now, now_sd : float
        What is believed of its true level after looking.
    peers : float
        Where the best quarter of comparable teams begins.
    advised, stretch : float
    middle, between, upper : float
        Of true levels of those compared: mean, standard deviation, and its upper end.
    change : float
        Standard deviation of the team's true changes from cycle to cycle.
    closing : float
        Share of a gap that usually closes within a cycle.
    reliability : float
        Share of the figure's variance that is the team and not chance.
    basis : {"peers", "own_past", "both"}
    by_people : bool
        Whether people were compared for want of teams.
    by_chance : bool
        Whether chance explains all differences between teams.
    """

    now: float
    now_sd: float
    peers: float
    advised: float
    stretch: float
    middle: float
    between: float
    upper: float
    change: float
    closing: float
    reliability: float
    basis: str
    by_people: bool = False
    by_chance: bool = False

    @property
    def holds(self) -> bool:
        """Whether the team is beyond what is advised to others already."""
        return self.basis != "own_past" and self.peers <= self.now

    @property
    def bounded(self) -> bool:
        """Whether the team's own pace ends before the best quarter of the others begins."""
        return self.basis != "own_past" and self.advised < self.peers - 1e-9


def aims_of(levels: Levels, people: dict[str, People], closing: float, /) -> list[Aim | None]:
    """Find out where each team stands and may go, from comparable teams and its own past.

    The target is where the best quarter of *true* levels begins, no further than what a good quarter of the team's
    changes brings in a cycle, or than the share of such gaps that usually closes; a team beyond it holds its true
    level.

    Parameters
    ----------
    people : dict of team to People
        For want of comparable teams.
    closing : float
        Share of a gap that usually closes within a cycle.

    Returns
    -------
    list of Aim or None
        One per team; None where the last cycle says too little, or nobody is comparable.
    """
    spread = true_spread(levels)
    here = compared(levels) if spread is not None else np.zeros(len(levels.teams), dtype=bool)
    found: list[Aim | None] = []
    for at, team in enumerate(levels.teams):
        mine = people.get(team)
        if not np.isfinite(levels.value[0, at]) or not np.isfinite(levels.raw[at]):
            found.append(None)
        elif here[at] and spread is not None:
            found.append(_aim(levels, at, spread, closing, by_people=False))
        elif mine is not None and mine.between > 0 and mine.count > 0:
            alone = Spread(0.0, mine.between / float(np.sqrt(mine.count)), mine.between, False, 0)
            found.append(_aim(levels, at, alone, closing, by_people=True))
        else:
            found.append(None)
    return found


def _aim(levels: Levels, at: int, spread: Spread, closing: float, /, *, by_people: bool) -> Aim:
    noise = float(levels.noise[0, at])
    square = spread.between**2
    trust = square / (square + noise) if square > 0 else 0.0
    now = spread.middle + trust * (float(levels.value[0, at]) - spread.middle)
    change = float(true_changes(levels, spread.between)[at])
    past = bool(np.isfinite(levels.value[1:, at]).any()) and bool(compared(levels)[at])

    def reached(far: float) -> float:
        gap = spread.middle + far * spread.between - now
        return now if gap <= 0 else now + max(closing * gap, min(gap, far * change))

    return Aim(
        now=now,
        now_sd=float(np.sqrt(trust * noise)),
        peers=spread.middle + ADVISED * spread.between,
        advised=reached(ADVISED),
        stretch=reached(STRETCH),
        middle=spread.middle,
        between=spread.between,
        upper=spread.upper,
        change=change,
        closing=closing,
        reliability=trust,
        basis="both" if past else "peers",
        by_people=by_people,
        by_chance=spread.by_chance,
    )


def own_past_aims(levels: Levels, /) -> list[Aim | None]:
    """Find out where each team may go from its own past alone.

    Parameters
    ----------
    levels : Levels
        Compared with the team itself over time.
    """
    found: list[Aim | None] = []
    changes = true_changes(levels, 0.0)
    for at in range(len(levels.teams)):
        past, noise = levels.value[:, at], float(levels.noise[0, at])
        if np.isfinite(past).sum() < MIN_CYCLES or not np.isfinite(past[0]) or not np.isfinite(levels.raw[at]):
            found.append(None)
            continue
        middle, change = float(np.nanmean(past)), float(changes[at])
        trust = change**2 / (change**2 + noise) if change > 0 else 0.0
        now = middle + trust * (float(past[0]) - middle)
        found.append(
            Aim(
                now=now, now_sd=float(np.sqrt(trust * noise)), peers=now, advised=now + ADVISED * change,
                stretch=now + STRETCH * change, middle=now, between=change, upper=change, change=change,
                closing=0.0, reliability=trust, basis="own_past",
            )
        )  # fmt: skip
    return found


def judged(aim: Aim, level: float, value: float, noise: float, /) -> tuple[str, float]:
    """Judge today's target by the level that it asks for.

    Parameters
    ----------
    level : float
        At which the team's figure would be today's target.
    value, noise : float
        The team's level as measured in the last cycle, and its sampling variance.

    Returns
    -------
    tuple of str and float
        ``fine``, ``too_easy`` or ``out_of_reach``; and the probability that the team is beyond it already.
    """
    from scipy.special import ndtr

    # by all that the spread may be: where chance explains all differences, nothing is certain of a single team
    beyond = []
    for spread in (aim.between, aim.upper):
        square = spread**2
        trust = square / (square + noise) if square > 0 else 0.0
        seen = aim.middle + trust * (value - aim.middle)
        error = max(float(np.sqrt(trust * noise)), 1e-12)
        beyond.append(float(ndtr((seen - level) / error)))
    there = float(ndtr((aim.middle - level) / max(aim.upper, 1e-12)))
    gap = level - aim.now
    pace = max(aim.closing * gap, FAR * aim.change)
    if min(beyond) >= SURE:
        return "too_easy", min(beyond)
    if there < HARDLY and max(beyond) < HARDLY and gap > pace:
        return "out_of_reach", max(beyond)
    return "fine", float(np.mean(beyond))
