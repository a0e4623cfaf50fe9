"""Scorecards of a run as pages show them: by team, with names of KPIs, and how much a change is worth and how sure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from baton.wording.naming import Names
from baton.wording.wording import Bilingual, say
from serving.access.counts import coarse
from serving.loading import LoadedRun

__all__ = ["MOVES", "Card", "Cards", "digits_of_points", "verdict_words"]

_LIKE_ALL = 0.05  # points: less than this is no move, and so near to a whole number is one
MOVES = {
    "raise": "pages_card.raise",
    "lower": "pages_card.lower",
    "add": "pages_card.add",
    "drop": "pages_card.drop",
}
"""Verdicts that change a KPI's points, and their words."""


def digits_of_points(value: float, /) -> int:
    """Return how many decimals points are written with."""
    return 0 if abs(value - round(value)) < _LIKE_ALL else 1


def verdict_words(verdict: str, /) -> Bilingual:
    """Return what is advised of a KPI's points, in a word."""
    return say(MOVES.get(verdict, "pages_card.keep"))


@dataclass(frozen=True)
class Card:
    """The scorecard of a team's role.

    Parameters
    ----------
    rows : list of dict
        Of ``weights``; counts of people in multiples of the least group.
    """

    team: str
    role: str
    rows: list[dict[str, Any]]

    @property
    def moved(self) -> list[dict[str, Any]]:
        """Rows whose points are to change."""
        return [
            row
            for row in self.rows
            if abs(_points(row, "recommended_weight") - _points(row, "current_weight")) > _LIKE_ALL
        ]

    @property
    def whole(self) -> Mapping[str, Any]:
        """What is the same on each row."""
        return self.rows[0]

    @property
    def sure(self) -> float | None:
        """How probable it is that the moves go the right way: the mean over them, by their points."""
        known = [
            (row["confidence"], abs(_points(row, "recommended_weight") - _points(row, "current_weight")))
            for row in self.moved
            if row["confidence"] is not None
        ]
        points = sum(size for _, size in known)
        return sum(chance * size for chance, size in known) / points if points else None

    @property
    def urgency(self) -> float:
        """What is at stake, times how sure it is: customers kept in a cycle; 0 where nothing is advised."""
        effect = self.whole["expected_effect"]
        return 0.0 if effect is None or not self.moved else max(0.0, effect) * (self.sure or 0.0)


class Cards:
    """All scorecards of one run.

    Parameters
    ----------
    run : LoadedRun
        Another run is another one of these.
    names : Names
        What KPIs are called.
    """

    def __init__(self, run: LoadedRun, names: Names, /) -> None:
        self.run = run
        self._names = names

    @cached_property
    def of_team(self) -> Mapping[str, list[Card]]:
        """Cards by team."""
        least = self.run.company.policy.min_group
        rows: dict[tuple[str, str], list[dict[str, Any]]] = {}
        for row in self.run.all_rows("weights"):
            rows.setdefault((row["team_id"], row["role"] or ""), []).append(coarse(row, least))
        cards: dict[str, list[Card]] = {}
        for (team, role), of_card in rows.items():
            cards.setdefault(team, []).append(Card(team, role, sorted(of_card, key=_by_points)))
        return cards

    def name_of(self, kpi: str | None, /) -> Bilingual:
        """Return what a KPI is called."""
        return self._names.kpi(kpi or "")


def _points(row: Mapping[str, Any], name: str, /) -> float:
    return row[name] or 0.0


def _by_points(row: Mapping[str, Any], /) -> tuple[float, float, str]:
    """Return a place: what is to change first, by how much, then what stays, by its points."""
    today, advised = _points(row, "current_weight"), _points(row, "recommended_weight")
    change = 0.0 if row["recommended_weight"] is None else abs(advised - today)
    return -change, -max(today, advised), row["kpi"]
