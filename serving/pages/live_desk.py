"""Live desk: conversations at risk as of now, what to do, and who has taken them over."""

from __future__ import annotations

from datetime import datetime

from baton.wording.wording import verbatim
from serving.access.rules import Subject, may
from serving.live.desk import SHOWN_HOURS, AtRiskNow, Desk
from serving.pages.asked import Asked, Go, Reply, Shown
from serving.pages.behind import PagesOf

__all__ = ["show_live_desk", "take_live_desk"]


def show_live_desk(asked: Asked, of: PagesOf, /) -> Reply:
    """Show the conversations at risk that somebody may see."""
    run = of.loaded()
    desk = Desk(of.keeper.audit)
    found = desk.at_risk(of.sight(asked.who, run))
    rules = [rule for rule in of.company.alerts.rule if rule.about == "conversation"]
    return Shown(
        "live",
        {
            "has_rule": bool(rules),
            "rows": [(each, _advice(each)) for each in found],
            "open": sum(each.taken_by is None for each in found),
            "may_take": lambda each: may(asked.who, "take_conversation", Subject(each.team_id)),
            "hours": SHOWN_HOURS,
            "now": _clock(desk.now()),
            "clock": _clock,
        },
    )


def take_live_desk(asked: Asked, of: PagesOf, /) -> Reply:
    """Take a conversation over, or hand it back."""
    text = asked.form.get("alert", "")
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 16 else -1
    Desk(of.keeper.audit).take(asked.who, number, over=asked.form.get("move") != "back")
    return Go("/pages/live")


def _advice(each: AtRiskNow, /) -> list[object]:
    """Return what to do, by the signals that were seen."""
    from models.conversations.assessment import advice_of

    return [text.model_dump() for text in advice_of({str(signal.get("signal")) for signal in each.signals})]


def _clock(moment: datetime, /) -> object:
    return verbatim(moment.strftime("%H:%M:%S" if moment.second else "%H:%M"))
