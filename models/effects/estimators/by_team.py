"""Effects by team: who serves customers who want other things deserves weights of their own, as far as cases say."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from models.effects.estimators.design import Design
from models.effects.estimators.group_slopes import differences, gather
from models.effects.estimators.moments import Moments

__all__ = ["TeamDifferences", "team_differences", "with_difference"]

Floats = NDArray[np.float64]

MIN_TEAMS = 2
MAX_CHANCE = 0.005
"""Teams get effects of their own only if differences as large come up no more often by chance."""
MIN_PEOPLE = 5
"""With fewer people a team's difference would be that of single persons."""


@dataclass(frozen=True)
class TeamDifferences:
    """What is added to the company's effects for the people of one team.

    Parameters
    ----------
    teams : tuple of str
        Those that differ; empty where none can be distinguished from chance.
    levers : tuple of str
    point, sd : arrays of shape (teams, levers)
        Expected difference per standard deviation between people, per case, after shrinkage, and its posterior
        standard deviation.
    p_value : float
        Of the hypothesis that no team differs in any lever; NaN where it was not tested.
    """

    teams: tuple[str, ...] = ()
    levers: tuple[str, ...] = ()
    point: Floats = field(default_factory=lambda: np.zeros((0, 0)))
    sd: Floats = field(default_factory=lambda: np.zeros((0, 0)))
    p_value: float = float("nan")

    def scaled(self, factor: float, /) -> TeamDifferences:
        """Return the differences of effects instead of effects per case."""
        return TeamDifferences(self.teams, self.levers, factor * self.point, abs(factor) * self.sd, self.p_value)


def team_differences(design: Design, moments: Moments, /, *, seed: int) -> TeamDifferences:
    """Estimate how teams' effects differ from the company's.

    Parameters
    ----------
    moments : Moments
        How people differ.
    seed : int
        Of the permutations of people among teams.

    Returns
    -------
    TeamDifferences
        Total effects: what a lever does through those that it leads to is in it.
    """
    team, process = moments.team[design.employee], moments.process[design.employee]
    known = np.isfinite(design.values[:, -1]) & (team >= 0)
    # a team that does other work than all others has nobody to be compared with
    shared = np.zeros((len(design.teams), int(process.max(initial=-1)) + 2), bool)
    shared[team[known], process[known] + 1] = True
    known &= shared.sum(axis=0)[process + 1] >= MIN_TEAMS
    seen = np.bincount(design.employee[known], minlength=moments.employees) > 0
    size = np.bincount(moments.team[seen], minlength=len(design.teams))
    codes = np.flatnonzero(size >= MIN_PEOPLE)
    if codes.size < MIN_TEAMS or design.handler_level[: design.asked].all():
        return TeamDifferences()
    rows = known & np.isin(team, codes)
    home = np.searchsorted(codes, team).astype(np.int64)
    units = gather(design, rows, design.employee, home, moments.process[design.employee])
    found = differences(design, moments, units, max_chance=MAX_CHANCE, seed=seed)
    if not len(found.point):
        return TeamDifferences(p_value=found.p_value)
    names = tuple(design.teams[code] for code in codes)
    return TeamDifferences(names, design.targets, found.point, found.sd, found.p_value)


def with_difference(draws: Floats, team: str, lever: str, difference: float, sd: float, /) -> Floats:
    """Return draws of a team's own effect from draws of the company's: the same for the same team and lever."""
    rng = np.random.default_rng(zlib.crc32(f"{team}\n{lever}".encode()))
    return draws + difference + sd * rng.standard_normal(len(draws))
