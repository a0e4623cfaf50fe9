"""Coaching: for whom there is help, why, what it needs first, and what came of it; offered from here by the lead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from baton.wording.coaching import action_of, needs_of, words_of
from baton.wording.wording import natural_order, verbatim
from serving.access.principal import Principal
from serving.access.rules import Subject, may
from serving.access.sight import Sight
from serving.access.views import record_views
from serving.decisions.advice import digest_of
from serving.decisions.moves import STATES, Standing
from serving.decisions.payloads import AdviceQuestion
from serving.decisions.refused import NotFound
from serving.pages.asked import Asked, Reply, Shown, new_once
from serving.pages.behind import PagesOf
from serving.pages.card import propose_in_words
from serving.pages.paging import paged
from serving.pages.reading.of_run import OfRun

__all__ = ["show_coaching", "show_offer", "take_offer"]

_ROWS = 20


def show_coaching(asked: Asked, of: PagesOf, /) -> Reply:
    """Show what would help teams, and persons to those who lead them directly."""
    read = of.read()
    sight = of.sight(asked.who, read.run)
    seen = [row for row in read.run.all_rows("coaching") if _is_seen(row, sight)]
    teams = sorted({row["team_id"] for row in seen if row["team_id"]}, key=lambda team: natural_order(verbatim(team)))
    wanted = asked.query.get("team", "")
    found = sorted((row for row in seen if wanted in ("", row["team_id"])), key=_order)
    page = paged(asked, len(found), _ROWS)
    rows = found[page.rows]
    people = list(dict.fromkeys((row["team_id"], row["employee_id"]) for row in rows if row["employee_id"]))
    if people and not asked.who.is_local:
        audit = of.keeper.audit
        record_views(audit.state, audit.append, asked.who, "/pages/coaching", people)
    decided = _decided(asked, of) if people else {}
    return Shown(
        "coaching",
        {
            "has_table": "coaching" in read.run.results,
            "any": bool(seen),
            "teams": teams,
            "team": wanted,
            "page": page,
            "rows": [(row, _words(read, row), decided.get(_key(row))) for row in rows],
            "may_offer": lambda row, decision: _may_offer(asked.who, row, decision),
        },
    )


def show_offer(asked: Asked, of: PagesOf, /) -> Reply:
    """Show one offer of help, as the lead and as the person reads it, with the form by which it is made."""
    read = of.read()
    advised = of.store.advised(asked.who, _question(asked))
    row = advised["rows"][0]
    return Shown(
        "offer",
        {
            "row": row,
            "words": _words(read, row),
            "for_lead": words_of(row.get("for_lead")),
            "for_person": words_of(row.get("for_person")),
            "advice": advised["digest"],
            "next": [move["key"] for move in advised["next"]],
            "decision": _decided(asked, of).get(_key(row)),
            "once": new_once(),
        },
    )


def take_offer(asked: Asked, of: PagesOf, /) -> Reply:
    """Offer help, as advised or in other words."""
    return propose_in_words(asked, of, _question(asked))


def _question(asked: Asked, /) -> AdviceQuestion:
    """Return which offer is meant; one that cannot be is answered like one that is not there."""
    names = {"person": "employee_id", "kpi": "kpi", "action": "action"}
    given = {names[name]: value for name, value in asked.query.items() if name in names and value}
    try:
        return AdviceQuestion.model_validate({"kind": "coaching", **given})
    except ValidationError:
        raise NotFound from None


def _is_seen(row: Mapping[str, Any], sight: Sight, /) -> bool:
    """Whether a row is shown here: what is for oneself stands on the own page."""
    person = row["employee_id"]
    if person is None and row["team_id"] is None:  # of a process: nobody's figures
        return may(sight.principal, "coaching_of_team")
    return (person is None or person != sight.principal.employee) and sight.coaching(dict(row)) is not None


def _order(row: Mapping[str, Any], /) -> tuple[Any, ...]:
    """Return a place: by team, the whole team first, people by their pseudonyms; how large a gap is ranks nobody."""
    team = natural_order(verbatim(row["team_id"] or ""))
    return (team, row["employee_id"] or "", 0.0 if row["employee_id"] else -(row["priority"] or 0.0), row["kpi"])


def _words(read: OfRun, row: Mapping[str, Any], /) -> dict[str, Any]:
    return {
        "kpi": read.names.kpi(row["kpi"]),
        "action": action_of(read.names.catalogue, row),
        "reason": words_of(row["reason"]),
        "needs": needs_of(row["needs"]),
    }


def _may_offer(who: Principal, row: Mapping[str, Any], decision: Mapping[str, Any] | None, /) -> bool:
    """Whether somebody may offer this now: once on the same advice, unless it was withdrawn."""
    if not row["employee_id"] or not may(who, "decide_of_person", Subject(row["team_id"], row["employee_id"])):
        return False
    standing = Standing.VOID if decision is None else STATES[decision["state"]["key"]]
    is_other = decision is not None and decision["digest"] != digest_of(["coaching", [row]])
    return standing is Standing.VOID or (standing is Standing.SETTLED and is_other)


def _key(row: Mapping[str, Any], /) -> tuple[Any, ...]:
    return (row["employee_id"], row["kpi"], row["action"])


def _decided(asked: Asked, of: PagesOf, /) -> dict[tuple[Any, ...], dict[str, Any]]:
    """Return the latest decision on each offer."""
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in of.store.standing(asked.who, "coaching"):
        found.setdefault((row["employee_id"], row["about"].get("kpi"), row["about"].get("action")), row)
    return found
