"""A card as the limits of a policy see it: its lines, the points on them, and the columns and rows of the programme."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Card", "Choices", "Line", "Row"]

Floats = NDArray[np.float64]


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
        A mandatory KPI: keeps its points and is exempt from the other limits.
    guarded_by : tuple of str
        KPIs each of which must have points when this one is raised, as far as they are among the lines.
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
class Card:
    """Points on a card, to be judged.

    Parameters
    ----------
    lines : sequence of Line
    points : array of shape (lines,)
    before : array of shape (lines,), optional
        The card before; None where there is none.
    """

    lines: Sequence[Line]
    points: Floats
    before: Floats | None = None

    def held(self, mine: Sequence[bool], /) -> float:
        """Return the points that some of the lines have together."""
        return float(sum(float(points) for points, chosen in zip(self.points, mine, strict=True) if chosen))

    def moved(self, at: int, /) -> float:
        """Return by how many points a line moves; all of its points where there is no card before."""
        return float(self.points[at]) - (0.0 if self.before is None else float(self.before[at]))


@dataclass(frozen=True)
class Choices:
    """The columns of the integer programme: every level of every KPI.

    Parameters
    ----------
    lines : sequence of Line
    levels : array of shape (columns,)
        Points.
    owner : array of int, shape (columns,)
        The line that a level belongs to.
    before : array of shape (lines,), optional
        The card before; None where there is none.
    strict : bool
        Whether limits bind that the card before breaks; else they may be broken as much as it does.
    """

    lines: Sequence[Line]
    levels: Floats
    owner: NDArray[np.int64]
    before: Floats | None
    strict: bool

    def points(self, mine: Sequence[bool], /) -> Floats:
        """Coefficients that sum the points of some of the lines."""
        return np.where(np.array(mine, dtype=bool)[self.owner], self.levels, 0.0)

    def excused(self, mine: Sequence[bool], /) -> float | None:
        """Return the points of some lines on the card before, where it excuses what it breaks itself; else None."""
        if self.strict or self.before is None:
            return None
        return float(self.before[np.array(mine, dtype=bool)].sum())


@dataclass(frozen=True)
class Row:
    """One row of the programme: ``low <= coefficients @ chosen + sign * slack <= high``.

    Parameters
    ----------
    coefficients : array of shape (columns,)
    low, high : float
    sign : float
        With which the row gives way where limits collide.
    """

    coefficients: Floats
    low: float
    high: float
    sign: float
