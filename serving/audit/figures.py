"""What an auditor counts: who decided what, and whether contests were answered in time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

__all__ = ["Contests", "Oversight", "contests", "oversight"]


@dataclass(frozen=True)
class Contests:
    """How contests were answered.

    Parameters
    ----------
    in_time, late : int
        Answered within the days that the company gives itself, or after.
    waiting, overdue : int
        Not answered yet, within these days or beyond.
    """

    in_time: int
    late: int
    waiting: int
    overdue: int

    @property
    def count(self) -> int:
        """How many there were."""
        return self.in_time + self.late + self.waiting + self.overdue


@dataclass(frozen=True)
class Oversight:
    """What people did with the advice.

    Parameters
    ----------
    decisions : int
        How many were begun.
    changed, dismissed : int
        In how many of them people chose something of their own, or nothing.
    second : int
        In how many somebody other than who brought them approved, rejected or answered.
    people : int
        How many users made a move.
    states : mapping of (kind, state) to int
        How many decisions stand where.
    """

    decisions: int
    changed: int
    dismissed: int
    second: int
    people: int
    states: Mapping[tuple[str, str], int]


def contests(moves: Sequence[Mapping[str, Any]], answer_days: int, now: datetime, /) -> Contests:
    """Count contests by how they were answered.

    Parameters
    ----------
    moves : sequence of mapping
        Of all decisions, by decision and version.
    answer_days : int
        Within how many days a contest is to be answered.
    now : datetime
        Naive, in UTC.
    """
    counts: Counter[str] = Counter()
    for index, move in enumerate(moves):
        if move["name"] != "contest":
            continue
        due = move["at"] + timedelta(days=answer_days)
        following = moves[index + 1] if index + 1 < len(moves) else None
        if following is not None and following["decision"] == move["decision"]:
            counts["in_time" if following["at"] <= due else "late"] += 1
        else:
            counts["waiting" if now <= due else "overdue"] += 1
    return Contests(counts["in_time"], counts["late"], counts["waiting"], counts["overdue"])


def oversight(decisions: Sequence[Mapping[str, Any]], moves: Sequence[Mapping[str, Any]], /) -> Oversight:
    """Count what people did with the advice.

    Parameters
    ----------
    decisions : sequence of mapping
    moves : sequence of mapping
        By decision and version.
    """
    of: dict[str, list[Mapping[str, Any]]] = {}
    for move in moves:
        of.setdefault(move["decision"], []).append(move)
    return Oversight(
        decisions=len(decisions),
        changed=sum(any(move["name"] == "change" for move in made) for made in of.values()),
        dismissed=sum(any(move["name"] == "dismiss" for move in made) for made in of.values()),
        second=sum(len({move["by"] for move in made}) > 1 for made in of.values()),
        people=len({move["by"] for move in moves}),
        states=dict(sorted(Counter((each["kind"], each["state"]) for each in decisions).items())),
    )
