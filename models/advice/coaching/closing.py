"""How much of a gap usually closes within a cycle, for newcomers and for the experienced."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.advice.coaching.belief import shipped
from models.advice.coaching.gaps import measurements
from models.effects.estimators.design import Design

__all__ = ["NEWCOMER_MONTHS", "closing_shares"]

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

NEWCOMER_MONTHS = 6.0
MIN_PEOPLE_MOVED = 12


def closing_shares(
    design: Design, team: Codes, newcomer: NDArray[np.bool_], late: NDArray[np.bool_], cycles: float, /
) -> dict[bool, float]:
    """Estimate the share of a true gap that is gone a cycle later.

    The persistence of people's deviations from the earlier to the later half of the cases, corrected for chance in the
    earlier half's variance, all levers together; where few people are known it leans on what is believed beforehand.

    Parameters
    ----------
    team : array of int, shape (employees,)
    newcomer : array of bool, shape (employees,)
        Who was new in the earlier half.
    late : array of bool, shape (rows,)
        Cases of the later half.
    cycles : float
        Cycles between the middles of the halves.

    Returns
    -------
    dict of bool to float
        Per newcomer or not, 0 to 0.95.
    """
    products: dict[bool, list[Floats]] = {True: [], False: []}
    squares: dict[bool, list[Floats]] = {True: [], False: []}
    for at in range(design.size):
        before, after = measurements(design, at, team, ~late), measurements(design, at, team, late)
        both = np.isfinite(before.value) & np.isfinite(after.value)
        scale = float(np.var(before.value[both])) if both.sum() > 1 else 0.0
        settled = both & ~newcomer
        if scale <= 0 or not settled.any():
            continue
        # the experienced are the yardstick in both halves, or newcomers who learn would seem to pull them down
        first, second = (half.value - half.value[settled].mean() for half in (before, after))
        for new in (True, False):
            rows = both & (newcomer == new)
            products[new].append(first[rows] * second[rows] / scale)
            squares[new].append((first[rows] ** 2 - before.noise[rows]) / scale)
    return {new: _share(products[new], squares[new], shipped().share(new), cycles) for new in (True, False)}


def _share(products: list[Floats], squares: list[Floats], prior: float, cycles: float, /) -> float:
    moved = np.concatenate(products) if products else np.zeros(0)
    stood = np.concatenate(squares) if squares else np.zeros(0)
    if moved.size < MIN_PEOPLE_MOVED or stood.sum() <= 0 or cycles <= 0:
        return prior
    kept = float(moved.sum() / stood.sum())
    error = float(np.sqrt(((moved - kept * stood) ** 2).sum())) / float(stood.sum())
    per_cycle = float(np.clip(kept, 0.05, 1.0)) ** (1.0 / cycles)
    slope = per_cycle / (cycles * float(np.clip(kept, 0.05, 1.0)))
    trust = 1.0 / (max(error, 1e-6) * slope) ** 2
    believed = 1.0 / shipped().error ** 2
    return float(np.clip((trust * (1 - per_cycle) + believed * prior) / (trust + believed), 0.0, 0.95))
