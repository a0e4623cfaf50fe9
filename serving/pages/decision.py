"""One decision: what was advised, what was chosen, every move, and the moves that one may make now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from pydantic import ValidationError

from baton.messages.message import Message
from baton.wording.wording import say
from serving.access.rules import may_at_all
from serving.audit.moves import DECIDE
from serving.audit.reading import Asked as Wanted
from serving.audit.reading import Row, all_rows
from serving.decisions.payloads import MoveRequest
from serving.decisions.refused import DecisionRefused
from serving.pages.asked import Asked, Go, Reply, Shown, new_once
from serving.pages.behind import PagesOf
from serving.pages.card import FIELD, typed_points, unfit

__all__ = ["show_decision", "take_decision"]

_DONE = frozenset({"begun", "moved"})


def show_decision(asked: Asked, of: PagesOf, /) -> Reply:
    """Show a decision; an auditor sees its rows of the audit log too."""
    decision = of.store.get(asked.who, asked.query.get("id", ""))
    cards = of.cards()
    rows = decision["advice"]["rows"]
    chosen = decision["choice"].get("weights") or {}
    return Shown(
        "decision",
        {
            "decision": decision,
            "name_of": cards.name_of,
            "cause_name": of.read().causes.name_of,
            "rows": rows,
            "chosen": chosen,
            "points_of": _points_of(asked, chosen, rows),
            "field": FIELD,
            "next": [move["key"] for move in decision["next"]],
            "moves": decision["next"],
            "once": new_once(),
            "done": asked.query.get("done") if asked.query.get("done") in _DONE else "",
            "audit": _audit(asked, of, decision),
        },
    )  # fmt: skip


def take_decision(asked: Asked, of: PagesOf, /) -> Reply:
    """Move a decision on."""
    decision = asked.query.get("id", "")
    move = asked.form.get("move", "")
    reason = asked.form.get("reason", "")
    if move == "decline" and not reason.strip():  # as every offer says: without giving a reason
        reason = str(say("pages_decision.no_reason").of(asked.language))
    body: dict[str, Any] = {"version": asked.form.get("version", ""), "reason": reason}
    if move == "change":
        body["choice"] = _choice(asked.form)
    try:
        request = MoveRequest.model_validate(body)
    except ValidationError as error:
        raise unfit(error) from None
    of.store.move(asked.who, decision, move, request, asked.form.get("once") or None)
    return Go(f"/pages/decision?{urlencode({'id': decision, 'done': 'moved'})}")


def _choice(form: Mapping[str, str], /) -> dict[str, Any]:
    """Return what is chosen in place of what was decided."""
    points = typed_points(form)
    if points:
        return {"weights": points}
    if form.get("target", "").strip():
        try:
            return {"target": float(form["target"])}
        except ValueError:
            raise DecisionRefused(Message("page.no_number", {"value": form["target"][:40]})) from None
    return {"action": form.get("action", "")}


def _points_of(asked: Asked, chosen: Mapping[str, float], rows: list[dict[str, Any]], /) -> dict[str, str]:
    """Return what stands in the fields for points: what was typed, chosen or advised."""
    kpis = {row["kpi"]: row for row in rows if row.get("kpi")}
    return {kpi: asked.typed(f"{FIELD}{kpi}", _written(chosen, row)) for kpi, row in kpis.items()}


def _written(chosen: Mapping[str, float], row: Mapping[str, Any], /) -> str:
    value = chosen.get(row["kpi"], row.get("recommended_weight"))
    return "" if not value else f"{value:.4g}"


def _audit(asked: Asked, of: PagesOf, decision: Mapping[str, Any], /) -> list[Row]:
    """Return the rows of the audit log about a decision, oldest first, to those who may read the log."""
    if not may_at_all(asked.who, "read_audit"):
        return []
    with of.keeper.state.reading() as session:
        rows = all_rows(session, Wanted(action=DECIDE, team=decision["team_id"]), oldest_first=True)
        return [row for row in rows if row.detail.get("decision") == decision["id"]]
