"""My teams: what needs me, and where each team's cards stand."""

from __future__ import annotations

from typing import Any

from baton.wording.wording import natural_order, verbatim
from serving.access.principal import Principal
from serving.access.rules import Subject, may
from serving.decisions.payloads import ListQuestion
from serving.pages.asked import Asked, Reply, Shown
from serving.pages.behind import PagesOf
from serving.pages.cards import Card
from serving.pages.paging import paged

__all__ = ["show_teams"]

_MOST = 3  # things at once: what is fourth waits
_ANSWERS = frozenset({"approve", "confirm", "uphold"})
_WAITING = ("contested", "revoking", "proposed")
_STANDING = frozenset({"proposed", "approved", "upheld", "revoking", "contested"})


def show_teams(asked: Asked, of: PagesOf, /) -> Reply:
    """Show what needs somebody first, then all cards that they may see."""
    cards = of.cards()
    sight = of.sight(asked.who, cards.run)
    seen = [card for team, of_team in cards.of_team.items() if sight.team("weights", team) for card in of_team]
    decided = _decided(asked.who, of)
    waiting = _waiting(asked.who, of)[:_MOST]
    # what somebody may not decide does not need them
    own = [card for card in seen if may(asked.who, "decide", Subject(card.team))]
    open_cards = [card for card in own if card.urgency > 0 and (card.team, card.role) not in decided]
    urgent = sorted(open_cards, key=lambda card: -card.urgency)[: _MOST - len(waiting)]
    wanted = asked.query.get("find", "").strip()
    found = [card for card in seen if wanted.casefold() in f"{of.named(card.team)} {card.role}".casefold()]
    found.sort(key=lambda card: (natural_order(verbatim(card.team)), card.role))
    page = paged(asked, len(found))
    return Shown(
        "teams",
        {
            "waiting": waiting,
            "urgent": [(card, _largest(card), cards.name_of(_largest(card)["kpi"])) for card in urgent],
            "cards": found[page.rows],
            "decided": decided,
            "find": wanted,
            "total": len(found),
            "any": bool(seen),
            "page": page,
        },
    )


def _decided(who: Principal, of: PagesOf, /) -> dict[tuple[str | None, str | None], dict[str, Any]]:
    """Return decisions that stand or are under way by team and role, the latest of each."""
    found: dict[tuple[str | None, str | None], dict[str, Any]] = {}
    for row in of.store.find(who, ListQuestion(kind="weights"))["rows"]:
        if row["state"]["key"] in _STANDING:
            found.setdefault((row["team_id"], row["role"] or ""), row)
    return found


def _waiting(who: Principal, of: PagesOf, /) -> list[dict[str, Any]]:
    """Return decisions that wait for somebody: an answer to a contest first, then what waits longest."""
    found = []
    for state in _WAITING:
        for row in reversed(of.store.find(who, ListQuestion(kind="weights", state=state))["rows"]):
            if len(found) < _MOST:
                whole = of.store.get(who, row["id"])
                if _ANSWERS & {move["key"] for move in whole["next"]}:
                    found.append(row)
    return found


def _largest(card: Card, /) -> dict[str, Any]:
    return max(card.moved, key=lambda row: abs((row["recommended_weight"] or 0) - (row["current_weight"] or 0)))
