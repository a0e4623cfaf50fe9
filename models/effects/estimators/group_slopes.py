"""How far single cases of one group say something else than all cases: of a team, of a time.

What single cases hide (difficulty that no attribute shows) they hide alike in all groups that do the same work, so that
the *difference* between a group and others in the same process is free of it. What differs between processes is taken
for what they hide.

Source: DerSimonian & Laird 1986 (variance between groups by moments); Gelman & Hill 2007, chapter 12 (partial pooling);
the noise of a group's difference is what dealing units of cases out anew among groups makes of it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from models.effects.estimators.arithmetic import sums_by
from models.effects.estimators.design import Design
from models.effects.estimators.employee_means import descents, spreads
from models.effects.estimators.moments import Moments

__all__ = ["Differences", "Units", "differences", "gather"]

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

PERMUTATIONS = 199
MIN_RARE = 2
"""Dealings out anew that may show as much as the data where groups just count as different: fewer would say little."""
COMMON_COUNTS = 2.0
"""How many groups the variance that all levers have in common counts, beside a lever's own."""
RIDGE = 1e-6
PROCESS_CASES = 500
"""How many cases the slopes of all processes count, beside those of a process's own."""


@dataclass(frozen=True)
class Differences:
    """How groups' total effects differ from those of all, per standard deviation between people and per case.

    Parameters
    ----------
    point, sd : arrays of shape (groups, levers)
        Expected difference after shrinkage, and its posterior standard deviation; no rows where nothing differs.
    p_value : float
        Of the hypothesis that no group differs in any lever.
    """

    point: Floats
    sd: Floats
    p_value: float


@dataclass(frozen=True)
class Units:
    """What each unit of cases (a person's, a person's of one month) says beyond the slopes of their processes.

    Parameters
    ----------
    scores, squares, sums : arrays of shape (units, levers)
        Sums over cases of lever × residual, of the lever's square, of the lever.
    left, count : arrays of shape (units,)
        Sum of the residuals, number of cases.
    home : array of int, shape (units,)
        Their group, from 0 without gaps.
    owner : array of int, shape (units,)
        Among whose units groups may be dealt out anew: all the same, or a person's own.
    inverse : array of shape (levers, levers)
        Of the gram matrix of all cases, in units of its diagonal.
    """

    scores: Floats
    squares: Floats
    sums: Floats
    left: Floats
    count: Floats
    home: Codes
    owner: Codes
    inverse: Floats

    @property
    def groups(self) -> int:
        """How many there are."""
        return int(self.home.max(initial=-1)) + 1

    def dealt_anew(self, times: int, seed: int, /) -> Floats:
        """Differences where units are dealt out anew among groups: array of shape (permutations, groups, levers)."""
        rng = np.random.default_rng(seed)
        place = np.lexsort((np.arange(self.home.size), self.owner))
        found = []
        for _ in range(times):
            home = np.empty_like(self.home)
            home[place] = self.home[np.lexsort((rng.random(self.home.size), self.owner))]
            found.append(self.difference(home))
        return np.stack(found)

    def without(self, slopes: Floats, /) -> Units:
        """Return what units say beyond their own group's slopes."""
        across = np.sqrt(self.squares)
        own = slopes[self.home]
        return replace(
            self,
            scores=self.scores - across * ((across * own) @ np.linalg.inv(self.inverse)),
            left=self.left - (self.sums * own).sum(axis=1),
        )

    def difference(self, home: Codes, /) -> Floats:
        """One step from the slopes of all to each group's: array of shape (groups, levers).

        Of deviations from the group's own means: that one team's customers leave more often is no difference between
        effects.
        """
        count = np.maximum(np.bincount(home, self.count, self.groups), 1.0)[:, None]
        sums = sums_by(self.sums, home, self.groups)
        scores = sums_by(self.scores, home, self.groups)
        scores = scores - sums * np.bincount(home, self.left, self.groups)[:, None] / count
        squares = np.maximum(sums_by(self.squares, home, self.groups) - sums**2 / count, 0.0)
        whole = np.sqrt(np.maximum(self.squares.sum(axis=0), 1e-300))
        share = np.sqrt(squares) / whole
        scores = np.divide(scores, share * whole, out=np.zeros_like(scores), where=share > 0)
        return np.divide(scores @ self.inverse, share * whole, out=np.zeros_like(scores), where=share > 0)


def gather(design: Design, rows: NDArray[np.bool_], unit: Codes, home: Codes, owner: Codes, /) -> Units:
    """Gather what units of cases say beyond the slopes of all cases of their processes.

    Parameters
    ----------
    rows : array of bool, shape (cases,)
        Cases to use; the outcome of each is known.
    unit, home, owner : arrays of int, shape (cases,)
        Codes of the unit of each case, of its group (from 0 without gaps), and of among whom it may be dealt out.
    """
    unit = np.unique(unit[rows], return_inverse=True)[1].astype(np.int64)
    # what befalls a whole team in a month befalls its people together: it is no matter of what single people do
    month = (design.team[rows] + 1) * (int(design.period.max(initial=0)) + 2) + design.period[rows] + 1
    values = _without_means(design.values[rows], month)
    levers, outcome = values[:, :-1], values[:, -1]
    gram = levers.T @ levers
    scale = np.sqrt(np.clip(np.diagonal(gram), 1e-300, None))
    inverse: Floats = np.linalg.inv(gram / np.outer(scale, scale) + RIDGE * np.eye(design.size))  # pyright: ignore[reportAssignmentType]
    left = outcome - levers @ (inverse @ (levers.T @ outcome / scale) / scale)
    process = design.process[rows]
    for code in np.unique(process):
        mine = process == code
        own = levers[mine] / scale
        # a process with few cases leans on all of them
        gram_here = (
            own.T @ own + PROCESS_CASES / len(process) * (gram / np.outer(scale, scale)) + RIDGE * np.eye(len(gram))
        )
        left[mine] -= own @ np.linalg.solve(gram_here, own.T @ left[mine])
    first = np.unique(unit, return_index=True)[1]
    return Units(
        scores=sums_by(levers * left[:, None], unit),
        squares=sums_by(levers**2, unit),
        sums=sums_by(levers, unit),
        left=sums_by(left[:, None], unit)[:, 0],
        count=np.bincount(unit).astype(np.float64),
        home=home[rows][first],
        owner=owner[rows][first],
        inverse=inverse,
    )


def _without_means(values: Floats, codes: Codes, /) -> Floats:
    """Deviations of what is known from its means by code; zero where it is not known."""
    known = np.isfinite(values)
    filled = np.where(known, values, 0.0)
    count = sums_by(known.astype(np.float64), codes)
    means = np.divide(sums_by(filled, codes), count, out=np.zeros_like(count), where=count > 0)
    return np.where(known, filled - means[codes], 0.0)


def differences(design: Design, moments: Moments, units: Units, /, *, max_chance: float, seed: int) -> Differences:
    """Estimate how groups' effects differ from those of all, what a lever does through others included.

    Parameters
    ----------
    moments : Moments
        How people differ.
    max_chance : float
        Groups get effects of their own only if differences as large come up no more often where units are dealt out
        anew.
    seed : int
        Of the permutations.
    """
    times = max(round(MIN_RARE / max_chance), PERMUTATIONS + 1) - 1
    covariance = moments.covariance(np.ones((1, moments.employees)))
    spread = spreads(covariance[0])[: design.size]
    through = descents(design, covariance, moments.kept)[0]
    # a handler's figure is compared between a group's few people, not between their cases: nothing is claimed of it
    asked = np.flatnonzero(~design.handler_level[: design.asked])
    weights = spread[:, None] * (np.eye(design.asked, design.size) + through)[asked].T
    none = np.zeros((units.groups, design.asked))
    slopes = units.difference(units.home)
    found = slopes @ weights
    chance = units.dealt_anew(times, seed) @ weights
    noise = np.maximum((chance**2).mean(axis=0), 1e-300)
    size = (found**2 / noise).sum()
    p_value = (1.0 + float(((chance**2 / noise).sum(axis=(1, 2)) >= size).sum())) / (times + 1.0)
    if p_value > max_chance:
        return Differences(none[:0], none[:0], p_value)
    # what truly differs is no noise
    noise = np.maximum(
        ((units.without(slopes).dealt_anew(min(times, PERMUTATIONS), seed) @ weights) ** 2).mean(axis=0), 1e-300
    )
    variance = _between(found, noise)
    kept = variance / (variance + noise)
    point, sd = none.copy(), none.copy()
    point[:, asked], sd[:, asked] = kept * found, np.sqrt(kept * noise)
    return Differences(point, sd, p_value)


def _between(found: Floats, noise: Floats, /) -> Floats:
    """Variance of true differences per lever, leaning on what all levers have in common."""
    weight = 1.0 / noise**2
    excess = found**2 - noise
    common = float((excess * weight).sum() / weight.sum())
    own = (excess * weight).sum(axis=0) / weight.sum(axis=0)
    return np.maximum((COMMON_COUNTS * common + len(found) * own) / (COMMON_COUNTS + len(found)), 0.0)
