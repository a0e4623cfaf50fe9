"""Processes that have become worse for nearly everybody who works in them: nobody's gap in particular."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.advice.coaching.gaps import GROUP_GAP_SD
from models.effects.estimators.design import Design

__all__ = ["ProcessShift", "process_shifts"]

MIN_CASES_A_CYCLE = 10
MAX_PEOPLE = 0.6
PRIOR_SD = 0.35
"""How far processes drift apart from one another in a cycle or two, in between-person SDs, before looking."""


@dataclass(frozen=True)
class ProcessShift:
    """One process and lever.

    Parameters
    ----------
    process : int
        Code in the design.
    gap : float
        How far it fell behind its own past and the other processes, in between-person SDs.
    probability : float
        That the true fall exceeds ``GROUP_GAP_SD``.
    people : int
        Employees seen in both times.
    """

    process: int
    gap: float
    probability: float
    people: int


def process_shifts(
    design: Design, at: int, late: NDArray[np.bool_], spread: float, min_group: int, /
) -> list[ProcessShift]:
    """Compare every process with its own past, the same people in both times, adjusted for other processes' change.

    Parameters
    ----------
    design : Design
        Adjusted without the month, so that change over time is still in it.
    at : int
        Position of the lever.
    late : array of bool, shape (rows,)
        The recent cases.
    spread : float
        Between-person SD of the lever.
    min_group : int
        Processes with fewer people are left out.

    Returns
    -------
    list of ProcessShift
        Only those that most of their people show.
    """
    from scipy.special import ndtr

    changes = _changes(design, at, late)
    found = []
    for process, change in changes.items():
        others = [other for code, other in changes.items() if code != process and other.size]
        if change.size < max(min_group, 3) or not others:
            continue
        rest = np.concatenate(others)
        moved = float(change.mean() - rest.mean())
        error = float(np.var(change, ddof=1)) / change.size + float(np.var(rest)) / rest.size
        prior = (PRIOR_SD * spread) ** 2
        trust = prior / (prior + error)
        probability = float(ndtr((-GROUP_GAP_SD * spread - trust * moved) / np.sqrt(max(trust * error, 1e-15))))
        if np.mean(change - rest.mean() < 0) >= MAX_PEOPLE:
            found.append(ProcessShift(process, -trust * moved / spread, probability, int(change.size)))
    return found


def _changes(design: Design, at: int, late: NDArray[np.bool_], /) -> dict[int, NDArray[np.float64]]:
    """Per process the change of each employee who was seen enough in both times."""
    known = np.isfinite(design.values[:, at]) & (design.process >= 0)
    people = int(design.employee.max(initial=-1)) + 1
    changes: dict[int, NDArray[np.float64]] = {}
    for process in np.unique(design.process[known]):
        mine = known & (design.process == process)
        means, counts = [], []
        for rows in (mine & ~late, mine & late):
            count = np.bincount(design.employee[rows], minlength=people)
            total = np.bincount(design.employee[rows], design.values[rows, at], people)
            means.append(np.divide(total, count, where=count > 0, out=np.zeros(people)))
            counts.append(count)
        both = np.minimum(counts[0], counts[1]) >= MIN_CASES_A_CYCLE
        changes[int(process)] = (means[1] - means[0])[both]
    return changes
