"""What moves a KPI within single cases: chance of its own, or what else was done in the case.

What a person does in a case varies from case to case by chance: levers of one case have little to do with each other.
What reports a case (a rating, a score, a result) is moved by most of them at once. A hidden difficulty moves levers
together too; it is distinguished by what it leaves between them. Two causes of one report are unrelated to each other,
two effects of one difficulty are not: if a KPI reports two levers, their correlation is nearer to zero than the product
of theirs with it (a collider: given the report, one explains the other away); if one difficulty moves all three, it is
further from zero.

Source: Pearl 2009, Causality, section 2.5 (colliders orient arrows); Spearman 1904 (one factor's products of loadings).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from models.effects.estimators.arithmetic import demean
from models.effects.estimators.design import Design
from models.effects.estimators.moments import bayesian_weights

__all__ = ["Reported", "SingleCases"]

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

RESAMPLED = 60
"""Draws of people, for standard errors."""
MIN_CORRELATION = 0.03
"""Below it a lever is not said to move a KPI, however many cases there are."""
SURE = 3.0
"""Standard errors from zero; with a dozen levers several dozen pairs are looked at per KPI."""
MAX_HELD = 4_000_000
"""Products of two levers that are held at once, over people: 32 MB, however many people there are."""
RIDGE = 1e-6


@dataclass(frozen=True)
class Reported:
    """How far a KPI is moved by the levers of the same case.

    Parameters
    ----------
    asked : tuple of int
        Levers looked at, as columns of the design.
    moved_by : tuple of int
        Those of them that it goes with and that are unrelated, or less related than it would make them, to another.
    goes_with : tuple of int
        Those that it goes with, whatever the reason.
    explained : float
        Share of its variance in single cases that those asked explain together.
    """

    asked: tuple[int, ...]
    moved_by: tuple[int, ...]
    goes_with: tuple[int, ...]
    explained: float


class SingleCases:
    """Correlations within the cases of one person, case mix adjusted for, with draws over people.

    Parameters
    ----------
    seed : int
        Of draws of people.
    """

    def __init__(self, design: Design, seed: int) -> None:
        self.design = design
        self.seed = seed

    @cached_property
    def correlations(self) -> Floats:
        """Pairwise, shape (draws + 1, levers, levers): as observed first."""
        design = self.design
        values = np.zeros((len(design.employee), design.size))
        known = np.isfinite(design.values[:, : design.size])
        for at in range(design.size):
            rows = known[:, at]
            values[rows, at] = demean(design.values[rows, at : at + 1], design.employee[rows])[:, 0]
        people = int(design.employee.max(initial=-1)) + 1
        order = np.argsort(design.employee, kind="stable")
        ends = np.cumsum(np.bincount(design.employee, minlength=people))
        there = known.astype(np.float64)
        weights = np.vstack([np.ones((1, people)), bayesian_weights(RESAMPLED, people, self.seed)])
        both, own = np.zeros((2, len(weights), design.size * design.size))
        some = max(MAX_HELD // max(design.size**2, 1), 1)
        for begin in range(0, people, some):
            rows = [order[ends[at - 1] if at else 0 : ends[at]] for at in range(begin, min(begin + some, people))]
            drawn = weights[:, begin : begin + some]
            both += drawn @ np.stack([(values[mine].T @ values[mine]).ravel() for mine in rows])
            own += drawn @ np.stack([((values[mine] ** 2).T @ there[mine]).ravel() for mine in rows])
        both, own = (each.reshape(-1, design.size, design.size) for each in (both, own))
        scale = np.sqrt(own * own.transpose(0, 2, 1))
        found = np.divide(both, scale, out=np.zeros_like(both), where=scale > 0)
        diagonal = np.arange(design.size)
        found[:, diagonal, diagonal] = 1.0
        return found

    def reported(self, kpi: int, levers: list[int], related: NDArray[np.bool_], /) -> Reported:
        """Ask whether a KPI reports what was done in the case.

        Parameters
        ----------
        kpi : int
            Its column.
        levers : list of int
            Columns of the levers that may move it.
        related : array of bool, shape (columns, columns)
            Pairs of which one is declared to lead to the other: what they share says nothing.
        """
        inner = self.correlations[0][np.ix_(levers, levers)] + RIDGE * np.eye(len(levers))
        outer = self.correlations[:, levers, kpi]
        with_it = np.abs(outer[0]) >= np.maximum(MIN_CORRELATION, SURE * outer[1:].std(axis=0, ddof=1))
        collide = np.zeros(len(levers), dtype=bool)
        collide[with_it] = self._collide(outer[:, with_it], np.asarray(levers)[with_it], related)
        return Reported(
            asked=tuple(levers),
            moved_by=tuple(lever for lever, yes in zip(levers, collide, strict=True) if yes),
            goes_with=tuple(lever for lever, yes in zip(levers, with_it, strict=True) if yes),
            explained=float(np.linalg.solve(inner, outer[0]) @ outer[0]),
        )

    def _collide(self, outer: Floats, levers: Codes, related: NDArray[np.bool_], /) -> NDArray[np.bool_]:
        """Which of the levers that a KPI goes with are unrelated, or less related than it would make them, to others.

        ``outer`` is what each has to do with the KPI, by draw.
        """
        # of hundreds of levers most go with few others: pairs of these alone are formed
        inner = self.correlations[:, levers][:, :, levers]
        pairs = ~related[np.ix_(levers, levers)] & ~np.eye(len(levers), dtype=bool)
        made = outer[:, :, None] * outer[:, None, :]
        away = np.sign(made[0]) * (made - inner)
        error = np.maximum(away[1:].std(axis=0, ddof=1), 1e-12)
        collide = (pairs & (away[0] > SURE * error)).any(axis=1)
        # where no pair is clear by itself, all of a lever's together may be
        pooled = (away * np.where(pairs, np.abs(outer[0]) / error**2, 0.0)).sum(axis=2)
        return collide | (pooled[0] > SURE * np.maximum(pooled[1:].std(axis=0, ddof=1), 1e-12))
