"""One small integer programme per card: nearest to what the evidence would pay within the limits of the policy.

Every KPI chooses one level from a short list (multiples of the step, or today's points plus such multiples); limits on
single KPIs shorten the list, limits over several are rows of the programme. Where limits collide the programme breaks
them as little as it can and says which and by how much.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from baton.company import Policy
from baton.errors import PolicyError
from models.advice.breaches import Breach
from models.advice.card import Card, Choices, Line, Row
from models.advice.limits import EXACT, Limit, broken, limits_of

__all__ = ["CYCLES", "Programme", "Solved", "check_policy", "levels_of", "programme", "ramp", "solve"]

Floats = NDArray[np.float64]

CYCLES = 3
"""Of a ramp."""
BREACH_COST = 1e6
KEEP_COST = 1e4
NEAR_TIE = 1e-3


@dataclass(frozen=True)
class Solved:
    """A card within the limits.

    Parameters
    ----------
    weights : array of shape (lines,)
    breaches : tuple of Breach
        Limits that could not be kept, and by how much.
    """

    weights: Floats
    breaches: tuple[Breach, ...]


def check_policy(policy: Policy, /) -> None:
    """Refuse limits that no card can keep.

    Raises
    ------
    PolicyError
        Naming the limits and by how much they collide.
    """
    shares = sum(policy.min_share.values())
    if shares > 100:
        raise PolicyError(
            f"policy.min_share: the perspectives' minima sum to {shares:g}, {shares - 100:g} over 100; lower one"
        )
    if policy.max_weight < policy.step and policy.max_weight < policy.min_weight:
        raise PolicyError(f"policy.max_weight {policy.max_weight:g} is below one step of {policy.step:g}; raise it")
    lowest = np.ceil(policy.min_weight / policy.step) * policy.step
    if lowest > policy.max_weight:
        raise PolicyError(
            f"policy: no multiple of step {policy.step:g} lies between min_weight {policy.min_weight:g} and max_weight "
            f"{policy.max_weight:g}; change one of the three"
        )


def ramp(lines: list[Line], policy: Policy, /, *, known: bool) -> list[Solved]:
    """Lead a card to where the evidence and the limits allow, over three cycles.

    Parameters
    ----------
    lines : list of Line
    known : bool
        Whether there is a card today; without one all cycles are the final card.

    Returns
    -------
    list of Solved
        One per cycle. Limits that today's card breaks bind in the last; no cycle breaks them further.
    """
    current = np.array([line.current for line in lines])
    if not known:
        return [solve(lines, policy, start=None, reach=100.0, strict=True)] * CYCLES
    final = solve(lines, policy, start=current, reach=CYCLES * policy.max_change, strict=True)
    cards: list[Solved] = []
    start = current
    for cycle in range(CYCLES):
        # what only a limit moves, moves as late as the cap on change allows
        room = (CYCLES - 1 - cycle) * policy.max_change
        way = np.where([line.direction == 0 for line in lines], final.weights - start, 0.0)
        farthest = float(np.abs(way).max(initial=0.0))
        late = start + way * (max(farthest - room, 0.0) / farthest if farthest > 0 else 0.0)
        toward = [
            replace(line, wanted=float(last if line.direction else soon))
            for line, last, soon in zip(lines, final.weights, late, strict=True)
        ]
        solved = solve(toward, policy, start=start, reach=policy.max_change, strict=cycle == CYCLES - 1)
        cards.append(solved)
        start = solved.weights
    return cards


@dataclass(frozen=True)
class Programme:
    """One level of every line, 100 points in all, and the limits over several lines: ``low <= matrix @ x <= high``.

    Parameters
    ----------
    choices : Choices
        The columns.
    rows : list of Row
        The limits; they stand below a row per line and the row of the sum.
    matrix : array of shape (lines + 1 + rows, columns)
    low, high : arrays of shape (lines + 1 + rows,)
    """

    choices: Choices
    rows: list[Row]
    matrix: Floats
    low: Floats
    high: Floats


def programme(
    lines: Sequence[Line], limits: Sequence[Limit], options: Sequence[Floats], start: Floats | None, /, *, strict: bool
) -> Programme:
    """Put together what a card must keep.

    Parameters
    ----------
    options : sequence of array
        Per line the levels that it may have; one at least in all.
    start : array of shape (lines,), optional
        The card before; None where there is none.
    strict : bool
        Whether limits bind that the card before breaks.
    """
    owner = np.repeat(np.arange(len(lines)), [len(each) for each in options])
    choices = Choices(lines, np.concatenate(options), owner, start, strict)
    rows = [row for limit in limits for row in limit.rows(choices)]
    one_each = (owner[None, :] == np.arange(len(lines))[:, None]).astype(float)
    return Programme(
        choices,
        rows,
        np.vstack([one_each, choices.levels[None, :], *(row.coefficients[None, :] for row in rows)]),
        np.concatenate([np.ones(len(lines)), [100.0], [row.low for row in rows]]),
        np.concatenate([np.ones(len(lines)), [100.0], [row.high for row in rows]]),
    )


def solve(lines: list[Line], policy: Policy, /, *, start: Floats | None, reach: float, strict: bool) -> Solved:
    """Solve one card.

    Parameters
    ----------
    lines : list of Line
    start : array of shape (lines,), optional
        The card before; None where there is none.
    reach : float
        Points a KPI may move from it.
    strict : bool
        Whether limits bind that the card before breaks; else they may be broken as much as it does.

    Returns
    -------
    Solved

    Raises
    ------
    PolicyError
        If no combination of levels sums to 100.
    """
    from scipy.optimize import Bounds, LinearConstraint, milp

    limits = limits_of(policy, reach=reach)
    options = [
        levels_of(line, policy, limits, None if start is None else float(start[at])) for at, line in enumerate(lines)
    ]
    starts = np.cumsum([0, *(len(levels) for levels in options)])
    size = int(starts[-1])
    asked = programme(lines, limits, options, start, strict=strict)
    choices, rows = asked.choices, asked.rows
    give = np.vstack([np.zeros((len(lines) + 1, len(rows))), np.diag([row.sign for row in rows])])
    result = milp(
        np.concatenate([_costs(choices, limits), np.full(len(rows), BREACH_COST)]),
        integrality=np.concatenate([np.ones(size), np.zeros(len(rows))]),
        bounds=Bounds(0, np.concatenate([np.ones(size), np.full(len(rows), np.inf)])),
        constraints=LinearConstraint(np.hstack([asked.matrix, give]), asked.low - 1e-9, asked.high + 1e-9),
        options={"mip_rel_gap": 0.0},
    )
    if result.x is None:
        raise PolicyError(
            f"policy.step {policy.step:g}: no card of {len(lines)} KPIs in such steps sums to 100; choose a step that "
            "divides 100, or give points that do"
        )
    chosen = [int(np.argmax(result.x[starts[at] : starts[at + 1]])) for at in range(len(lines))]
    weights = np.array([levels[at] for levels, at in zip(options, chosen, strict=True)])
    today = None if start is None else np.array([line.current for line in lines])
    found = broken([limit for limit in limits if limit.yields], Card(lines, weights, today))
    return Solved(weights, tuple(breach for _, breach in found))


def _costs(choices: Choices, limits: Sequence[Limit], /) -> Floats:
    """What each level costs: its squared distance to what is wanted, and far more where it breaks a limit."""
    lines, levels, owner, start = choices.lines, choices.levels, choices.owner, choices.before
    wanted = np.array([line.wanted for line in lines])
    before = np.zeros(len(lines)) if start is None else start
    cost = (levels - wanted[owner]) ** 2 + NEAR_TIE * np.abs(levels - before[owner]) + 1e-7 * owner * levels
    if start is not None:
        direction = np.array([line.direction for line in lines])[owner]
        astray = np.where(direction == 0, np.abs(levels - wanted[owner]), 0.0)
        astray += np.maximum(-direction * (levels - before[owner]), 0.0)
        cost += KEEP_COST * astray
    excused = [None if start is None or choices.strict else float(start[at]) for at in owner]
    excess = [
        _excess(limits, lines[at], float(level), was) for at, level, was in zip(owner, levels, excused, strict=True)
    ]
    return cost + BREACH_COST * np.array(excess)


def _excess(limits: Sequence[Limit], line: Line, level: float, before: float | None, /) -> float:
    """Points by which a level breaks the limits on one KPI, beyond what the card before does."""
    if line.fixed:
        return 0.0
    over = sum(limit.excess(line, level) for limit in limits)
    return max(over - (sum(limit.excess(line, before) for limit in limits) if before is not None else 0.0), 0.0)


def levels_of(line: Line, policy: Policy, limits: Sequence[Limit], before: float | None, /) -> Floats:
    """Return the points that a KPI may be given.

    Parameters
    ----------
    line : Line
        Its points today, its role and its guards.
    policy : Policy
        Its step.
    limits : sequence of Limit
        Those on single KPIs shorten the list.
    before : float, optional
        Its points on the card before; None where there is none.

    Returns
    -------
    array of shape (levels,)
        Points, ascending.
    """
    levels: np.ndarray = np.arange(0, int(100 // policy.step) + 1) * policy.step
    if before is not None:
        steps = np.arange(-int(before // policy.step), int((100 - before) // policy.step) + 1)
        levels = np.unique(np.round(np.concatenate([levels, before + steps * policy.step, [0.0, before]]), 6))
        if line.role == "outcome":  # nobody can work on it directly, so it is never raised
            levels = levels[levels <= before + EXACT]
    for limit in limits:
        levels = limit.levels(line, levels, before)
    return levels
