"""Which teams begin when: drawn by chance among draws that leave the groups alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.pilots.estimate import NEVER, Floats, Starts

__all__ = ["MIN_SCHEDULES", "Wave", "alike", "draw_schedules"]

MIN_SCHEDULES = 40
"""So many schedules there must be to choose from: of fewer, no p-value of 0.05 can come with a mirrored one."""

_DRAWS = 4000
_KEPT = 0.25  # of the draws, those with the most similar groups; fewer would leave too little to chance


@dataclass(frozen=True)
class Wave:
    """Teams that begin together.

    Parameters
    ----------
    start : int
        The period of the panel in which they begin.
    teams : int
        How many.
    """

    start: int
    teams: int


def draw_schedules(traits: Floats, waves: Sequence[Wave], rng: np.random.Generator, /) -> Starts:
    """Return schedules with alike groups, in random order: the first is to be carried out, all are to be compared with.

    Parameters
    ----------
    traits : array of shape (teams, traits)
        What teams should be alike in: size, mix, level, trend.
    waves : sequence of Wave
        The rest never begins.

    Returns
    -------
    array of shape (schedules, teams)
        Without repeats; it may have fewer than ``MIN_SCHEDULES`` where there are few teams.
    """
    planned = np.full(len(traits), NEVER)
    at = 0
    for wave in waves:
        planned[at : at + wave.teams] = wave.start
        at += wave.teams
    every = rng.permuted(np.tile(planned, (_DRAWS, 1)), axis=1)
    drawn = np.stack(list({row.tobytes(): row for row in every}.values()))
    order = np.argsort(alike(traits, drawn), kind="stable")
    kept = drawn[order[: max(int(len(drawn) * _KEPT), min(len(drawn), MIN_SCHEDULES * 5))]]
    return kept[rng.permutation(len(kept))]


def alike(traits: Floats, starts: Starts, /) -> Floats:
    """Return how unlike the groups of each schedule are: squared differences of means, in standard deviations.

    Parameters
    ----------
    traits : array of shape (teams, traits)
    starts : array of shape (schedules, teams)

    Returns
    -------
    array of shape (schedules,)
    """
    spread = traits.std(axis=0)
    known = traits[:, spread > 0] / spread[spread > 0]
    groups = np.unique(starts)
    total = np.zeros(len(starts))
    for group in groups:
        member = starts == group
        share = member / np.maximum(member.sum(axis=1, keepdims=True), 1)
        total += ((share @ known - known.mean(axis=0)) ** 2).sum(axis=1)
    return total
