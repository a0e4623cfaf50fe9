"""My own view: the card by which I am measured, help that is offered to me, and what I may contest."""

from __future__ import annotations

from typing import Any

from serving.access.views import record_views
from serving.decisions.payloads import ListQuestion
from serving.pages.asked import Asked, Reply, Shown
from serving.pages.behind import PagesOf

__all__ = ["show_own"]


def show_own(asked: Asked, of: PagesOf, /) -> Reply:
    """Show somebody their own card, help and decisions."""
    me = asked.who.employee
    if me is None:
        return Shown("own", {"me": None})
    cards = of.cards()
    run, sight = cards.run, of.sight(asked.who, cards.run)
    team = run.members.team_of.get(me)
    own = next(
        (card for card in cards.of_team.get(team or "", []) if run.members.on_card(me, card.team, card.role)), None
    )
    help_offered = [seen for row in _help(of, me) if (seen := sight.coaching(row)) is not None]
    audit = of.keeper.audit
    if not asked.who.is_local:
        record_views(audit.state, audit.append, asked.who, "/pages/mine", [(team, me)])
    found = of.store.find(asked.who, ListQuestion())["rows"]
    return Shown(
        "own",
        {
            "me": me,
            "team": team,
            "card": own,
            "rows": [] if own is None else [(row, cards.name_of(row["kpi"])) for row in own.rows],
            "help": [(row, cards.name_of(row["kpi"])) for row in help_offered],
            "about_me": [row for row in found if row["employee_id"] == me],
            "of_card": [row for row in found if own is not None and _is_of(row, own.team, own.role)],
        },
    )


def _help(of: PagesOf, me: str, /) -> list[dict[str, Any]]:
    run = of.loaded()
    return run.rows("coaching", "employee_id", me) if "coaching" in run.results else []


def _is_of(row: dict[str, Any], team: str, role: str, /) -> bool:
    return row["employee_id"] is None and row["team_id"] == team and (row["role"] or "") == role
