"""Limits that no card can keep together: the smallest sets, so that who sets the policy knows which to relax.

Source: the deletion filter, Chinneck & Dravnieks 1991, ORSA Journal on Computing 3(2): irreducible infeasible subsets.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from baton.company import Policy
from models.advice.breaches import Breach, Broken
from models.advice.card import Line
from models.advice.limits import NEARLY, Limit, limits_of
from models.advice.policy import CYCLES, Solved, levels_of, programme

__all__ = ["Conflict", "conflict_name", "conflicts", "conflicts_of_ramp"]

Floats = NDArray[np.float64]
Conflict = tuple[Limit, ...]
"""Limits that no card can keep together, though it could any all but one of them."""


def conflicts_of_ramp(
    lines: Sequence[Line], policy: Policy, steps: Sequence[Solved], /, *, known: bool
) -> tuple[Conflict, ...]:
    """Name which limits collide on a card at the end of its ramp.

    Parameters
    ----------
    lines : sequence of Line
    steps : sequence of Solved
        One card per cycle; nothing is solved where the last keeps all limits.
    known : bool
        Whether there is a card today.

    Returns
    -------
    tuple of Conflict
        Disjoint sets, each as small as can be; empty where a card keeps all limits.
    """
    breaches = steps[-1].breaches
    if not breaches:
        return ()
    if not known:
        return conflicts(lines, policy, start=None, reach=100.0, broken=breaches)
    today = np.array([line.current for line in lines])
    found = conflicts(lines, policy, start=today, reach=CYCLES * policy.max_change, broken=breaches)
    if found:
        return found
    # steps that do not divide a cycle's reach may stop a ramp short of a card that exists
    return conflicts(lines, policy, start=steps[-2].weights, reach=policy.max_change, broken=breaches)


def conflicts(
    lines: Sequence[Line], policy: Policy, /, *, start: Floats | None, reach: float, broken: Sequence[Breach] = ()
) -> tuple[Conflict, ...]:
    """Find smallest sets of limits that no card can keep together.

    Parameters
    ----------
    lines : sequence of Line
    start : array of shape (lines,), optional
        The card before; None where there is none.
    reach : float
        Points a KPI may move from it.
    broken : sequence of Breach
        What the chosen card breaks: sets are made of these limits as far as they can be.

    Returns
    -------
    tuple of Conflict
    """
    named = {(breach.limit, "" if breach.limit == Broken.GUARD else breach.part) for breach in broken}
    # what is asked first is the first to be left out of a set
    left = sorted(limits_of(policy, reach=reach), key=lambda limit: (_name(limit) in named, limit.yields))
    found: list[Conflict] = []
    while left and not _possible(lines, policy, left, start):
        needed = list(left)
        for limit in left:
            rest = [each for each in needed if each is not limit]
            if not _possible(lines, policy, rest, start):
                needed = rest
        if not needed:
            break
        found.append(tuple(needed))
        left = [limit for limit in left if limit not in needed]
    own = {_name(limit): limit for limit in limits_of(policy)}
    return tuple(tuple(own[_name(limit)] for limit in conflict) for conflict in found)


def conflict_name(conflict: Conflict, /) -> str:
    """Return the settings of a conflict, for column ``conflict`` of ``weights.parquet``; nothing reads it back.

    Examples
    --------
    >>> from models.advice.limits import MaxWeight, MinShare
    >>> conflict_name((MaxWeight(40.0), MinShare(60.0, "customer")))
    'max_weight 40 + min_share.customer 60'
    """
    return " + ".join(
        ".".join(part for part in _name(limit) if part) + (f" {limit.bound:g}" if limit.bound else "")
        for limit in conflict
    )


def _name(limit: Limit, /) -> tuple[str, str]:
    return limit.key, str(getattr(limit, "perspective", ""))


def _possible(lines: Sequence[Line], policy: Policy, limits: Sequence[Limit], start: Floats | None, /) -> bool:
    """Whether some card keeps the limits, all of them."""
    from scipy.optimize import Bounds, LinearConstraint, milp

    options = []
    for at, line in enumerate(lines):
        levels = levels_of(line, policy, limits, None if start is None else float(start[at]))
        if line.fixed and line.current <= NEARLY:  # not on the card, whatever the policy
            levels = np.zeros(1)
        kept = [line.fixed or sum(limit.excess(line, float(level)) for limit in limits) <= NEARLY for level in levels]
        options.append(levels[np.array(kept, dtype=bool)])
    size = sum(len(each) for each in options)
    if not size:
        return False
    asked = programme(lines, limits, options, start, strict=True)
    result = milp(
        np.zeros(size),
        integrality=np.ones(size),
        bounds=Bounds(0, 1),
        constraints=LinearConstraint(asked.matrix, asked.low - NEARLY, asked.high + NEARLY),
    )
    return result.x is not None
