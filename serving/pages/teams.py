"""My teams: what needs me, what changed, and where each team's cards and months stand."""

from __future__ import annotations

from typing import Any

from baton.charts.small import beside_line
from baton.wording.since import Since, since_of
from baton.wording.wording import natural_order, verbatim
from serving.access.principal import Principal
from serving.access.rules import Subject, may, may_at_all
from serving.access.sight import Sight
from serving.pages.asked import Asked, Reply, Shown
from serving.pages.behind import PagesOf
from serving.pages.cards import Card
from serving.pages.paging import paged
from serving.pages.reading.of_run import OfRun

__all__ = ["show_teams"]

_MOST = 3  # things at once: what is fourth waits
_ANSWERS = frozenset({"approve", "confirm", "uphold"})
_WAITING = ("contested", "revoking", "proposed")
_STANDING = frozenset({"proposed", "approved", "upheld", "revoking", "contested"})


def show_teams(asked: Asked, of: PagesOf, /) -> Reply:
    """Show what needs somebody first, then what changed, then all cards that they may see."""
    read = of.read()
    cards = read.cards
    sight = of.sight(asked.who, read.run)
    seen = [card for team, of_team in cards.of_team.items() if sight.team("weights", team) for card in of_team]
    standing = of.store.standing(asked.who, "weights")
    decided = _decided(standing)
    waiting = _waiting(asked.who, of, standing)
    # what somebody may not decide does not need them
    own = [card for card in seen if may(asked.who, "decide", Subject(card.team))]
    open_cards = [card for card in own if card.urgency > 0 and (card.team, card.role) not in decided]
    urgent = sorted(open_cards, key=lambda card: -card.urgency)[: _MOST - len(waiting)]
    wanted = asked.query.get("find", "").strip()
    found = [card for card in seen if wanted.casefold() in f"{of.named(card.team)} {card.role}".casefold()]
    found.sort(key=lambda card: (natural_order(verbatim(card.team)), card.role))
    page = paged(asked, len(found))
    shown = found[page.rows]
    kpi = read.lived_kpi
    return Shown(
        "teams",
        {
            "waiting": waiting,
            "urgent": [(card, _largest(card), cards.name_of(_largest(card)["kpi"])) for card in urgent],
            "since": _since(read, of, sight),
            "cards": shown,
            "trend": None if kpi is None else read.names.kpi(kpi),
            "is_lower": kpi is not None and kpi in read.names.catalogue and read.names.catalogue[kpi].better == "lower",
            "trends": {} if kpi is None else _trends(read, sight, {card.team for card in shown}, kpi),
            "decided": decided,
            "find": wanted,
            "total": len(found),
            "any": bool(seen),
            "has_pack": bool(seen) and may_at_all(asked.who, "review_pack"),
            "page": page,
        },
    )


def _decided(standing: list[dict[str, Any]], /) -> dict[tuple[str | None, str | None], dict[str, Any]]:
    """Return decisions that stand or are under way by team and role, the latest of each."""
    found: dict[tuple[str | None, str | None], dict[str, Any]] = {}
    for row in standing:
        if row["state"]["key"] in _STANDING:
            found.setdefault((row["team_id"], row["role"] or ""), row)
    return found


def _waiting(who: Principal, of: PagesOf, standing: list[dict[str, Any]], /) -> list[dict[str, Any]]:
    """Return decisions that wait for somebody: an answer to a contest first, then what waits longest."""
    found = []
    for state in _WAITING:
        for row in reversed([row for row in standing if row["state"]["key"] == state]):
            if len(found) < _MOST and _ANSWERS & {move["key"] for move in of.store.get(who, row["id"])["next"]}:
                found.append(row)
    return found


def _since(read: OfRun, of: PagesOf, sight: Sight, /) -> Since | None:
    """Return what has changed on the cards that somebody may see; None where no advice came before."""
    changes = read.advice_changes
    if changes is None:
        return None
    teams = {team for team in changes["team_id"].unique() if sight.team("weights", str(team))}
    return since_of(
        changes[changes["team_id"].isin(teams)],
        team_name=lambda team: verbatim(of.named(team)),
        kpi_name=read.names.kpi,
    )


def _trends(read: OfRun, sight: Sight, teams: set[str], kpi: str, /) -> dict[str, tuple[Any, Any]]:
    """Return by team the months of a KPI beside the middle of other teams, and its last figure."""
    found = {}
    for team in teams:
        course = read.months.of_team(team, kpi) if sight.team_figures("live_kpis", team) else None
        if course is not None:
            last = read.names.measured(kpi, float(course.own[-1]))
            found[team] = (beside_line(course.own.tolist(), course.middle.tolist()), last)
    return found


def _largest(card: Card, /) -> dict[str, Any]:
    return max(card.moved, key=lambda row: abs((row["recommended_weight"] or 0) - (row["current_weight"] or 0)))
