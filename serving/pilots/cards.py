"""Which cards are adopted: those that were tried, or a unit's own within the frame of the policy."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from baton.company import Policy
from baton.errors import ArtefactError, PolicyError, SourceError, UnknownIdError
from baton.messages.message import Message
from serving.decisions.refused import Conflict, DecisionRefused

if TYPE_CHECKING:
    from models.advice.inputs import AdviceInputs

__all__ = ["Frame", "OwnCard", "adopted_cards", "frame_of", "next_month", "read_cards", "require_frame"]

OwnCard = Mapping[str, Any]
"""``team_id``, ``role`` and ``weights``: points by KPI, 100 in all."""

Frame = Callable[[str, str, Mapping[str, float]], None]
"""Raises ``DecisionRefused`` where a card of a team and role breaks limits of the policy."""


def frame_of(inputs: Callable[[], AdviceInputs], policy: Policy, /) -> Frame:
    """Return the frame that a run's advice and the policy make.

    Parameters
    ----------
    inputs : callable
        Loads what weights are solved from; raises ``ArtefactError`` where the run has none.
    """

    def require(team: str, role: str, weights: Mapping[str, float], /) -> None:
        from models.advice.sandbox import try_card

        try:
            tried = try_card(inputs(), policy, team, weights, role=role)
        except (PolicyError, UnknownIdError) as error:
            values = {"team": team, "why": error.message}
            raise DecisionRefused(Message("piloting.card_wrong", values), "cards") from None
        except ArtefactError:
            raise Conflict(Message("decision.cannot_check"), "cards") from None
        if tried.messages:
            values = {"team": team, "limits": tried.messages}
            raise DecisionRefused(Message("piloting.card_broken", values), "cards")

    return require


def adopted_cards(plan: Mapping[str, Any], own: Sequence[OwnCard], /) -> list[dict[str, Any]]:
    """Return the cards to be adopted: of every team of the plan what was tried, or its own.

    Raises
    ------
    DecisionRefused
        If a card is of no team of the plan, or comes twice.
    """
    cards: dict[tuple[str, str], dict[str, float]] = {}
    for line in plan.get("cards", ()):
        if line["tried"] is not None:
            cards.setdefault((line["team_id"], line["role"]), {})[line["kpi"]] = line["tried"]
    given: set[tuple[str, str]] = set()
    for place, card in enumerate(own):
        of = (card["team_id"], card.get("role") or "")
        if of[0] not in plan["teams"]:
            values = {"team": of[0], "teams": tuple(plan["teams"])}
            raise DecisionRefused(Message("piloting.not_in_plan", values), f"cards[{place}].team_id")
        if of in given:
            raise DecisionRefused(Message("piloting.card_twice", {"team": of[0]}), f"cards[{place}]")
        given.add(of)
        cards[of] = dict(card["weights"])
    return [{"team_id": team, "role": role, "weights": weights} for (team, role), weights in sorted(cards.items())]


def require_frame(frame: Frame | None, cards: Iterable[Mapping[str, Any]], /) -> None:
    """Refuse cards that break limits of the policy."""
    for card in cards:
        if frame is not None:
            frame(card["team_id"], card["role"], card["weights"])


def read_cards(path: Path, /) -> list[dict[str, Any]]:
    """Read cards of a CSV file with the columns team_id, role (may be missing), kpi and weight.

    Raises
    ------
    SourceError
        If it cannot be read, or a row does not fit; the row is named.
    """
    cards: dict[tuple[str, str], dict[str, float]] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            missing = {"team_id", "kpi", "weight"} - set(rows.fieldnames or ())
            if missing:
                raise SourceError(f"{path}: a column {', '.join(sorted(missing))} is missing")
            for number, row in enumerate(rows, start=2):
                card = cards.setdefault((row["team_id"], row.get("role") or ""), {})
                if row["kpi"] in card:
                    raise SourceError(f"{path}, row {number}: {row['kpi']} comes twice on this card")
                card[row["kpi"]] = float(row["weight"])
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SourceError(f"{path}: cannot be read as CSV ({error})") from error
    except (TypeError, ValueError) as error:
        raise SourceError(f"{path}: a weight is no number ({error})") from error
    return [{"team_id": team, "role": role, "weights": weights} for (team, role), weights in cards.items()]


def next_month(today: date, /) -> date:
    """Return the first day of the month after.

    Examples
    --------
    >>> next_month(date(2026, 12, 3))
    datetime.date(2027, 1, 1)
    """
    return date(today.year + today.month // 12, today.month % 12 + 1, 1)
