"""The limits of a policy: one small integer programme per card, nearest to what the evidence would pay.

Every KPI chooses one level from a short list (multiples of the step, or today's points plus such multiples); limits on
single KPIs shorten the list, limits over several are rows of the programme. Where limits collide the programme breaks
them as little as it can and says which and by how much.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from baton.company import Policy
from baton.errors import PolicyError
from models.advice.breaches import Breach, Broken

__all__ = ["Line", "Solved", "check_policy", "ramp", "solve"]

Floats = NDArray[np.float64]

CYCLES = 3
BREACH_COST = 1e6
KEEP_COST = 1e4
NEAR_TIE = 1e-3


@dataclass(frozen=True)
class Line:
    """One KPI of a card, as the limits see it.

    Parameters
    ----------
    kpi, role, perspective : str
    current : float
        Today's points; 0 for a candidate.
    wanted : float
        Where the evidence leads it.
    direction : {-1, 0, 1}
        Lower, keep, raise. A kept KPI moves only where a limit makes it.
    fixed : bool
        A duty: keeps its points and is exempt from limits.
    guarded_by : tuple of str
        KPIs of which one that is on the card must stand beside it when it is raised.
    guard_missing : bool
        It has a guard that cannot be on this card.
    """

    kpi: str
    role: str
    perspective: str
    current: float
    wanted: float
    direction: int
    fixed: bool = False
    guarded_by: tuple[str, ...] = ()
    guard_missing: bool = False


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
    policy : Policy
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


def solve(lines: list[Line], policy: Policy, /, *, start: Floats | None, reach: float, strict: bool) -> Solved:
    """Solve one card.

    Parameters
    ----------
    lines : list of Line
    policy : Policy
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

    options = [
        _levels(line, policy, None if start is None else float(start[at]), reach) for at, line in enumerate(lines)
    ]
    starts = np.cumsum([0, *(len(levels) for levels in options)])
    size = int(starts[-1])
    levels = np.concatenate(options)
    owner = np.repeat(np.arange(len(lines)), [len(each) for each in options])
    cost = _costs(lines, policy, levels, owner, start, strict)
    rows, low, high, slack = _shared_limits(lines, policy, levels, owner, start, strict)
    one_each = (owner[None, :] == np.arange(len(lines))[:, None]).astype(float)
    matrix = np.vstack([one_each, levels[None, :], rows]) if len(rows) else np.vstack([one_each, levels[None, :]])
    give = np.zeros((len(matrix), len(slack)))
    for at, (row, sign) in enumerate(slack):
        give[len(lines) + 1 + row, at] = sign
    bounds_low = np.concatenate([np.ones(len(lines)), [100.0], low])
    bounds_high = np.concatenate([np.ones(len(lines)), [100.0], high])
    result = milp(
        np.concatenate([cost, np.full(len(slack), BREACH_COST)]),
        integrality=np.concatenate([np.ones(size), np.zeros(len(slack))]),
        bounds=Bounds(0, np.concatenate([np.ones(size), np.full(len(slack), np.inf)])),
        constraints=LinearConstraint(np.hstack([matrix, give]), bounds_low - 1e-9, bounds_high + 1e-9),
        options={"mip_rel_gap": 0.0},
    )
    if result.x is None:
        raise PolicyError(
            f"policy.step {policy.step:g}: no card of {len(lines)} KPIs in such steps sums to 100; choose a step that "
            "divides 100, or give points that do"
        )
    weights = np.array([levels[starts[at] : starts[at + 1]][int(np.argmax(result.x[starts[at] : starts[at + 1]]))]
                        for at in range(len(lines))])  # fmt: skip
    return Solved(weights, breaches(lines, policy, weights))


def _costs(
    lines: list[Line],
    policy: Policy,
    levels: Floats,
    owner: NDArray[np.int64],
    start: Floats | None,
    strict: bool,
    /,
) -> Floats:
    """What each level costs: its squared distance to what is wanted, and far more where it breaks a limit."""
    wanted = np.array([line.wanted for line in lines])
    before = np.zeros(len(lines)) if start is None else start
    cost = (levels - wanted[owner]) ** 2 + NEAR_TIE * np.abs(levels - before[owner]) + 1e-7 * owner * levels
    if start is not None:
        direction = np.array([line.direction for line in lines])[owner]
        astray = np.where(direction == 0, np.abs(levels - wanted[owner]), 0.0)
        astray += np.maximum(-direction * (levels - before[owner]), 0.0)
        cost += KEEP_COST * astray
    excused = [None if start is None or strict else float(start[at]) for at in owner]
    excess = [
        _excess(lines[at], policy, float(level), was) for at, level, was in zip(owner, levels, excused, strict=True)
    ]
    return cost + BREACH_COST * np.array(excess)


def _levels(line: Line, policy: Policy, start: float | None, reach: float, /) -> Floats:
    """Points that a KPI may be given."""
    if line.fixed:
        return np.array([line.current])
    steps = np.arange(0, int(100 // policy.step) + 1) * policy.step
    if start is None:
        return steps
    around = start + np.arange(-int(start // policy.step), int((100 - start) // policy.step) + 1) * policy.step
    found = np.unique(np.round(np.concatenate([steps, around, [0.0, start]]), 6))
    found = found[np.abs(found - start) <= reach + 1e-9]
    if line.role == "outcome" or line.guard_missing:
        found = found[found <= start + 1e-9]
    return found


def _excess(line: Line, policy: Policy, level: float, start: float | None, /) -> float:
    """Points by which a level breaks the limits on one KPI, beyond what the card before does."""
    if line.fixed:
        return 0.0
    return max(_own_breach(policy, level) - (_own_breach(policy, start) if start is not None else 0.0), 0.0)


def _own_breach(policy: Policy, level: float, /) -> float:
    over = max(level - policy.max_weight, 0.0)
    under = policy.min_weight - level if 0 < level < policy.min_weight else 0.0
    return over + under


def _shared_limits(
    lines: list[Line], policy: Policy, levels: Floats, owner: NDArray[np.int64], start: Floats | None, strict: bool, /
) -> tuple[Floats, list[float], list[float], list[tuple[int, float]]]:
    """Rows of limits over several KPIs, their bounds, and which row may give way with which sign."""
    rows: list[Floats] = []
    low: list[float] = []
    high: list[float] = []
    slack: list[tuple[int, float]] = []

    def add(row: Floats, least: float, most: float, sign: float) -> None:
        rows.append(row)
        low.append(least)
        high.append(most)
        slack.append((len(rows) - 1, sign))

    def held(chosen: list[bool]) -> tuple[Floats, float]:
        now = 0.0 if start is None else float(start[chosen].sum())
        return np.where(np.array(chosen)[owner], levels, 0.0), now

    for perspective, least in policy.min_share.items():
        row, now = held([line.perspective == perspective for line in lines])
        add(row, least if strict or start is None else min(least, now), np.inf, 1.0)
    row, now = held([line.role == "outcome" and not line.fixed for line in lines])
    add(row, -np.inf, policy.outcome_max if strict or start is None else max(policy.outcome_max, now), -1.0)
    place = {line.kpi: at for at, line in enumerate(lines)}
    for at, line in enumerate(lines):
        before = 0.0 if start is None else float(start[at])
        raised = (owner == at) & (levels > before + 1e-9)
        for guard in line.guarded_by:
            if guard not in place:
                continue
            on = (owner == place[guard]) & (levels > 0)
            add(np.where(raised, -1.0, 0.0) + np.where(on, 1.0, 0.0), 0.0, np.inf, 1.0)
    return np.array(rows), low, high, slack


def breaches(lines: list[Line], policy: Policy, weights: Floats, /) -> tuple[Breach, ...]:
    """Name the limits that a card breaks, and by how many points."""
    found = []
    for line, weight in zip(lines, weights, strict=True):
        if not line.fixed and weight > policy.max_weight + 1e-6:
            found.append(Breach(Broken.MAX_WEIGHT, points=float(weight - policy.max_weight), kpi=line.kpi))
        if not line.fixed and 1e-6 < weight < policy.min_weight - 1e-6:
            found.append(Breach(Broken.MIN_WEIGHT, points=float(policy.min_weight - weight), kpi=line.kpi))
    for perspective, least in policy.min_share.items():
        has = sum(weight for line, weight in zip(lines, weights, strict=True) if line.perspective == perspective)
        if has < least - 1e-6:
            found.append(Breach(Broken.MIN_SHARE, perspective, float(least - has)))
    outcomes = sum(w for line, w in zip(lines, weights, strict=True) if line.role == "outcome" and not line.fixed)
    if outcomes > policy.outcome_max + 1e-6:
        found.append(Breach(Broken.OUTCOME_MAX, points=float(outcomes - policy.outcome_max)))
    return tuple(found)
