"""How far single cases of one team say something else than those of all: effects by team, partially pooled.

A team whose customers want other things than the company's deserves weights of its own, as far as its cases carry them.
What single cases hide (difficulty that no attribute shows) they hide alike in all teams, so that the *difference*
between a team and all is free of it.

Source: DerSimonian & Laird 1986 (variance between groups by moments); Gelman & Hill 2007, chapter 12 (partial pooling);
the noise of a team's difference is what dealing people out anew among teams makes of it.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from models.effects.estimators.arithmetic import sums_by
from models.effects.estimators.design import Design
from models.effects.estimators.employee_means import descents, spreads
from models.effects.estimators.moments import Moments

__all__ = ["TeamDifferences", "team_differences", "with_difference"]

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

PERMUTATIONS = 199
MAX_CHANCE = 0.05
"""Teams get effects of their own only if differences as large come up less often where people are dealt out anew."""
MIN_TEAMS = 2
MIN_PEOPLE = 5
"""With fewer people a team's difference would be that of single persons."""
COMMON_COUNTS = 2.0
"""How many teams the variance that all levers have in common counts, beside a lever's own."""
RIDGE = 1e-6


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

    One step of the regression of single cases from the company's slopes towards each team's, of deviations from the
    team's own means: that one team's customers leave more often is no difference between effects.

    Parameters
    ----------
    moments : Moments
        How people differ.
    seed : int
        Of the permutations.

    Returns
    -------
    TeamDifferences
        Total effects: what a lever does through those that it leads to is in it.
    """
    people = _people(design, moments)
    if people is None:
        return TeamDifferences()
    covariance = moments.covariance(np.ones((1, moments.employees)))
    spread = spreads(covariance[0])[: design.size]
    through = descents(design, covariance, moments.kept)[0]
    weights = spread[:, None] * (np.eye(design.asked, design.size) + through).T
    slopes = people.difference(people.home)
    found = slopes @ weights
    chance = people.dealt_anew(seed) @ weights
    noise = np.maximum((chance**2).mean(axis=0), 1e-300)
    size = (found**2 / noise).sum()
    p_value = (1.0 + float(((chance**2 / noise).sum(axis=(1, 2)) >= size).sum())) / (PERMUTATIONS + 1.0)
    if p_value > MAX_CHANCE:
        return TeamDifferences(p_value=p_value)
    # what truly differs is no noise
    noise = np.maximum(((people.without(slopes).dealt_anew(seed) @ weights) ** 2).mean(axis=0), 1e-300)
    variance = _between(found, noise)
    kept = variance / (variance + noise)
    names = tuple(design.teams[code] for code in people.codes)
    return TeamDifferences(names, design.targets, kept * found, np.sqrt(kept * noise), p_value)


def with_difference(draws: Floats, team: str, lever: str, difference: float, sd: float, /) -> Floats:
    """Return draws of a team's own effect from draws of the company's: the same for the same team and lever."""
    rng = np.random.default_rng(zlib.crc32(f"{team}\n{lever}".encode()))
    return draws + difference + sd * rng.standard_normal(len(draws))


def _between(found: Floats, noise: Floats, /) -> Floats:
    """Variance of true differences per lever, leaning on what all levers have in common."""
    weight = 1.0 / noise**2
    excess = found**2 - noise
    common = float((excess * weight).sum() / weight.sum())
    own = (excess * weight).sum(axis=0) / weight.sum(axis=0)
    return np.maximum((COMMON_COUNTS * common + len(found) * own) / (COMMON_COUNTS + len(found)), 0.0)


@dataclass(frozen=True)
class _People:
    """What each person's cases say beyond the company's slopes.

    Parameters
    ----------
    scores, squares, sums : arrays of shape (people, levers)
        Sums over cases of lever × residual, of the lever's square, of the lever.
    left : array of shape (people,)
        Sum of the residuals.
    count : array of shape (people,)
    home : array of int, shape (people,)
        Their team, without gaps.
    codes : tuple of int
        The design's codes of the teams.
    inverse : array of shape (levers, levers)
        Of the gram matrix of all cases, in units of its diagonal.
    """

    scores: Floats
    squares: Floats
    sums: Floats
    left: Floats
    count: Floats
    home: Codes
    codes: tuple[int, ...]
    inverse: Floats

    def dealt_anew(self, seed: int, /) -> Floats:
        """Differences where people are dealt out anew among teams: array of shape (permutations, teams, levers)."""
        rng = np.random.default_rng(seed)
        return np.stack([self.difference(rng.permutation(self.home)) for _ in range(PERMUTATIONS)])

    def without(self, slopes: Floats, /) -> _People:
        """Return what people's cases say beyond their own team's slopes."""
        across = np.sqrt(self.squares)
        own = slopes[self.home]
        return replace(
            self,
            scores=self.scores - across * ((across * own) @ np.linalg.inv(self.inverse)),
            left=self.left - (self.sums * own).sum(axis=1),
        )

    def difference(self, home: Codes, /) -> Floats:
        """One step from the company's slopes to each team's: array of shape (teams, levers)."""
        teams = len(self.codes)
        count = np.maximum(np.bincount(home, self.count, teams), 1.0)[:, None]
        sums = sums_by(self.sums, home, teams)
        scores = sums_by(self.scores, home, teams) - sums * np.bincount(home, self.left, teams)[:, None] / count
        squares = np.maximum(sums_by(self.squares, home, teams) - sums**2 / count, 0.0)
        whole = np.sqrt(np.maximum(self.squares.sum(axis=0), 1e-300))
        share = np.sqrt(squares) / whole
        scores = np.divide(scores, share * whole, out=np.zeros_like(scores), where=share > 0)
        return np.divide(scores @ self.inverse, share * whole, out=np.zeros_like(scores), where=share > 0)


def _people(design: Design, moments: Moments, /) -> _People | None:
    """Gather everybody whose team has enough people; None where there is nothing to compare."""
    known = np.isfinite(design.values[:, -1]) & (moments.team[design.employee] >= 0)
    employee = design.employee[known]
    seen = np.bincount(employee, minlength=moments.employees) > 0
    size = np.bincount(moments.team[seen & (moments.team >= 0)], minlength=len(design.teams))
    codes = np.flatnonzero(size >= MIN_PEOPLE)
    if codes.size < MIN_TEAMS or not design.targets:
        return None
    rows = np.isin(moments.team[employee], codes)
    employee = employee[rows]
    levers = np.nan_to_num(design.values[known, :-1][rows])
    outcome = design.values[known, -1][rows]
    gram = levers.T @ levers
    scale = np.sqrt(np.clip(np.diagonal(gram), 1e-300, None))
    inverse: Floats = np.linalg.inv(gram / np.outer(scale, scale) + RIDGE * np.eye(design.size))  # pyright: ignore[reportAssignmentType]
    left = outcome - levers @ (inverse @ (levers.T @ outcome / scale) / scale)
    chosen = np.flatnonzero(np.bincount(employee, minlength=moments.employees) > 0)

    def by_person(matrix: Floats, /) -> Floats:
        return sums_by(matrix, employee, moments.employees)[chosen]

    return _People(
        scores=by_person(levers * left[:, None]),
        squares=by_person(levers**2),
        sums=by_person(levers),
        left=by_person(left[:, None])[:, 0],
        count=np.bincount(employee, minlength=moments.employees)[chosen].astype(np.float64),
        home=np.searchsorted(codes, moments.team[chosen]).astype(np.int64),
        codes=tuple(int(code) for code in codes),
        inverse=inverse,
    )
