"""The limits of a policy, one class each: what it leaves the programme, what breaks it, and what fills its words.

A policy is a tuple of limits (``limits_of``). The integer programme of ``models.advice.policy`` asks each for the
levels that it leaves a KPI, the points by which a level breaks it, and its rows over several KPIs; the sandbox asks
which of them a card breaks. A new limit is one class here, and its words in ``baton/messages/texts``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from baton.company import Policy
from baton.messages.message import Value
from models.advice.breaches import Breach, Broken
from models.advice.card import Card, Choices, Line, Row

__all__ = ["NEARLY", "SENTENCES", "Limit", "broken", "limits_of"]

Floats = NDArray[np.float64]

NEARLY = 1e-6
"""Points that are no difference: less than anybody gives."""
EXACT = 1e-9


@dataclass(frozen=True)
class Limit:
    """One limit of the policy; this one never binds.

    Parameters
    ----------
    bound : float
        Points, as ``[policy]`` gives them; 0 for limits without a number.
    """

    bound: float = 0.0
    key: ClassVar[Broken]
    sentence: ClassVar[str]
    """Key of the message about a card that is proposed all the same; blanks: kpi, part, points (its excess)."""
    tried: ClassVar[str]
    """Key of the message about a card of one's own; blanks: those of ``values``."""
    named: ClassVar[str]
    """Key of the message that names it; blanks: bound, part."""
    yields: ClassVar[bool] = True
    """Whether the programme may break it where limits collide; it then says by how much."""

    def levels(self, line: Line, levels: Floats, before: float | None, /) -> Floats:
        """Return the levels that it leaves a KPI."""
        return levels

    def excess(self, line: Line, level: float, /) -> float:
        """Return the points by which one KPI breaks it at a level."""
        return 0.0

    def rows(self, choices: Choices, /) -> list[Row]:
        """Return what it asks of several KPIs together."""
        return []

    def breaches(self, card: Card, /) -> list[Breach]:
        """Return what of a card breaks it."""
        found = [
            (line, self.excess(line, float(points)))
            for line, points in zip(card.lines, card.points, strict=True)
            if not line.fixed and points > NEARLY
        ]
        return [Breach(self.key, points=over, kpi=line.kpi) for line, over in found if over > NEARLY]

    def values(self, breach: Breach, card: Card, /) -> dict[str, Value]:
        """Return what the message about a card of one's own is filled with.

        Returns
        -------
        dict
            bound, points (what the KPI has), today, change (with its sign), kpi, guards.
        """
        at = next(at for at, line in enumerate(card.lines) if line.kpi == breach.kpi)
        return {
            "kpi": breach.kpi,
            "guards": tuple(breach.part.split(", ")),
            "bound": float(self.bound),
            "points": float(card.points[at]),
            "today": float(card.lines[at].current),
            "change": f"{card.moved(at):+g}",
        }


@dataclass(frozen=True)
class MaxWeight(Limit):
    """At most so many points on one KPI."""

    key: ClassVar[Broken] = Broken.MAX_WEIGHT
    sentence: ClassVar[str] = "limit.max_weight"
    tried: ClassVar[str] = "sandbox.max_weight"
    named: ClassVar[str] = "limit_name.max_weight"

    def excess(self, line: Line, level: float, /) -> float:
        """Return the points above it."""
        return max(level - self.bound, 0.0)


@dataclass(frozen=True)
class MinWeight(Limit):
    """At least so many points on a KPI that has any."""

    key: ClassVar[Broken] = Broken.MIN_WEIGHT
    sentence: ClassVar[str] = "limit.min_weight"
    tried: ClassVar[str] = "sandbox.min_weight"
    named: ClassVar[str] = "limit_name.min_weight"

    def excess(self, line: Line, level: float, /) -> float:
        """Return the points that are missing."""
        return self.bound - level if 0 < level < self.bound else 0.0


@dataclass(frozen=True)
class Fixed(Limit):
    """Mandatory KPIs keep their points."""

    key: ClassVar[Broken] = Broken.FIXED
    tried: ClassVar[str] = "sandbox.fixed"
    named: ClassVar[str] = "limit_name.fixed"
    yields: ClassVar[bool] = False

    def levels(self, line: Line, levels: Floats, before: float | None, /) -> Floats:
        """Return today's points alone for a mandatory KPI."""
        return np.array([line.current]) if line.fixed else levels

    def breaches(self, card: Card, /) -> list[Breach]:
        """Return the mandatory KPIs whose points differ from today's."""
        found = [
            (line, float(abs(points - line.current))) for line, points in zip(card.lines, card.points, strict=True)
        ]
        return [Breach(self.key, points=moved, kpi=line.kpi) for line, moved in found if line.fixed and moved > NEARLY]


@dataclass(frozen=True)
class MaxChange(Limit):
    """No KPI moves by more in one cycle."""

    key: ClassVar[Broken] = Broken.MAX_CHANGE
    tried: ClassVar[str] = "sandbox.max_change"
    named: ClassVar[str] = "limit_name.max_change"
    yields: ClassVar[bool] = False

    def levels(self, line: Line, levels: Floats, before: float | None, /) -> Floats:
        """Return the levels within reach of the card before."""
        return levels if before is None else levels[np.abs(levels - before) <= self.bound + EXACT]

    def breaches(self, card: Card, /) -> list[Breach]:
        """Return the KPIs that move further; none where there is no card before."""
        if card.before is None:
            return []
        found = [(line, abs(card.moved(at)) - self.bound) for at, line in enumerate(card.lines) if not line.fixed]
        return [Breach(self.key, points=over, kpi=line.kpi) for line, over in found if over > NEARLY]


@dataclass(frozen=True)
class MinShare(Limit):
    """At least so many points on the KPIs of a perspective.

    Parameters
    ----------
    perspective : str
    """

    perspective: str = ""
    key: ClassVar[Broken] = Broken.MIN_SHARE
    sentence: ClassVar[str] = "limit.min_share"
    tried: ClassVar[str] = "sandbox.min_share"
    named: ClassVar[str] = "limit_name.min_share"

    def rows(self, choices: Choices, /) -> list[Row]:
        """Return the perspective's points, at least the bound."""
        mine = [line.perspective == self.perspective for line in choices.lines]
        now = choices.excused(mine)
        return [Row(choices.points(mine), self.bound if now is None else min(self.bound, now), np.inf, 1.0)]

    def breaches(self, card: Card, /) -> list[Breach]:
        """Return the points that the perspective lacks."""
        missing = self.bound - card.held([line.perspective == self.perspective for line in card.lines])
        return [Breach(self.key, self.perspective, missing)] if missing > NEARLY else []

    def values(self, breach: Breach, card: Card, /) -> dict[str, Value]:
        """Return bound, points (what the perspective has) and part (the perspective)."""
        return {"part": self.perspective, "bound": float(self.bound), "points": self.bound - breach.points}


@dataclass(frozen=True)
class OutcomeMax(Limit):
    """At most so many points on KPIs that only report what customers felt, together."""

    key: ClassVar[Broken] = Broken.OUTCOME_MAX
    sentence: ClassVar[str] = "limit.outcome_max"
    tried: ClassVar[str] = "sandbox.outcome_max"
    named: ClassVar[str] = "limit_name.outcome_max"

    def rows(self, choices: Choices, /) -> list[Row]:
        """Return the outcomes' points, at most the bound."""
        mine = _outcomes(choices.lines)
        now = choices.excused(mine)
        return [Row(choices.points(mine), -np.inf, self.bound if now is None else max(self.bound, now), -1.0)]

    def breaches(self, card: Card, /) -> list[Breach]:
        """Return the points that outcomes have too many."""
        over = card.held(_outcomes(card.lines)) - self.bound
        return [Breach(self.key, points=over)] if over > NEARLY else []

    def values(self, breach: Breach, card: Card, /) -> dict[str, Value]:
        """Return bound and points (what outcomes have together)."""
        return {"bound": float(self.bound), "points": self.bound + breach.points}


@dataclass(frozen=True)
class Guard(Limit):
    """A KPI is not raised without the KPIs that guard it."""

    key: ClassVar[Broken] = Broken.GUARD
    sentence: ClassVar[str] = "limit.guard"
    tried: ClassVar[str] = "sandbox.guard"
    named: ClassVar[str] = "limit_name.guard"

    def levels(self, line: Line, levels: Floats, before: float | None, /) -> Floats:
        """Return the levels that do not raise a KPI whose guard cannot be on the card."""
        return levels[levels <= before + EXACT] if line.guard_missing and before is not None else levels

    def rows(self, choices: Choices, /) -> list[Row]:
        """Return, per KPI and guard of its, that it is not raised or the guard has points."""
        place = {line.kpi: at for at, line in enumerate(choices.lines)}
        found = []
        for at, line in enumerate(choices.lines):
            before = 0.0 if choices.before is None else float(choices.before[at])
            raised = (choices.owner == at) & (choices.levels > before + EXACT)
            for guard in line.guarded_by:
                if guard in place:
                    on = (choices.owner == place[guard]) & (choices.levels > 0)
                    found.append(Row(np.where(raised, -1.0, 0.0) + np.where(on, 1.0, 0.0), 0.0, np.inf, 1.0))
        return found

    def breaches(self, card: Card, /) -> list[Breach]:
        """Return the KPIs that are raised while guards of theirs have no points."""
        points = {line.kpi: float(given) for line, given in zip(card.lines, card.points, strict=True)}
        found = []
        for at, line in enumerate(card.lines):
            missing = [guard for guard in line.guarded_by if points.get(guard, 1.0) <= NEARLY]
            if missing and not line.fixed and card.moved(at) > NEARLY:
                found.append(Breach(self.key, ", ".join(missing), card.moved(at), line.kpi))
        return found


SENTENCES = {limit.key: limit.sentence for limit in (MaxWeight, MinWeight, MinShare, OutcomeMax, Guard)}
"""Keys of the messages about limits that a proposed card breaks."""


def limits_of(policy: Policy, /, *, reach: float | None = None) -> tuple[Limit, ...]:
    """Return the limits of a policy.

    Parameters
    ----------
    reach : float, optional
        Points that a KPI may move from the card before, if not those of one cycle.
    """
    return (
        Fixed(),
        MaxWeight(policy.max_weight),
        MinWeight(policy.min_weight),
        MaxChange(policy.max_change if reach is None else reach),
        *(MinShare(points, perspective) for perspective, points in policy.min_share.items()),
        OutcomeMax(policy.outcome_max),
        Guard(),
    )


def broken(limits: Sequence[Limit], card: Card, /) -> tuple[tuple[Limit, Breach], ...]:
    """Return which limits a card breaks, and by what: KPI by KPI, then limits over several.

    Examples
    --------
    >>> line = Line("csat", "lever", "customer", current=40.0, wanted=40.0, direction=0)
    >>> found = broken(limits_of(Policy(max_weight=40.0)), Card([line], np.array([52.0]), np.array([40.0])))
    >>> [str(breach) for _, breach in found]
    ['max_weight by 12 (csat)', 'max_change by 2 (csat)']
    """
    place = {line.kpi: at for at, line in enumerate(card.lines)}
    found = [(limit, breach) for limit in limits for breach in limit.breaches(card)]
    return tuple(sorted(found, key=lambda pair: place.get(pair[1].kpi, len(place))))


def _outcomes(lines: Sequence[Line], /) -> list[bool]:
    return [line.role == "outcome" and not line.fixed for line in lines]
