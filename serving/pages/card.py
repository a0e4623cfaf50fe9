"""One scorecard: today's and advised points side by side, a sandbox for one's own, and a decision."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from pydantic import ValidationError

from baton.errors import BatonError
from baton.messages.message import Message
from baton.wording.wording import Bilingual, say
from serving.access.rules import Subject, may
from serving.answering.payloads import TrialRequest
from serving.answering.predictions import answer_trial
from serving.decisions.payloads import AdviceQuestion, ListQuestion, ProposalRequest
from serving.decisions.refused import DecisionRefused, NotFound
from serving.pages.asked import Asked, Go, Reply, Shown, new_once
from serving.pages.behind import PagesOf
from serving.pages.cards import Card

__all__ = ["FIELD", "propose", "propose_in_words", "show_card", "take_card", "typed_points", "unfit"]

FIELD = "points-"
"""Before the name of a KPI: the field with its points."""
_SUM, _NEAR = 100.0, 0.01


def show_card(asked: Asked, of: PagesOf, /) -> Reply:
    """Show a card with its sandbox, and the moves by which somebody may decide on it."""
    cards = of.cards()
    card = _card(asked, of)
    own = _own_points(asked, card)
    question = AdviceQuestion(kind="weights", team_id=card.team, role=card.role)
    advised = of.store.advised(asked.who, question)
    return Shown(
        "card",
        {
            "card": card,
            "rows": [(row, cards.name_of(row["kpi"]), own.get(row["kpi"], "")) for row in card.rows],
            "widest": _widest(card),
            "field": FIELD,
            "tried": _tried(asked, of, card),
            "may_try": may(asked.who, "try_weights", Subject(card.team)),
            "next": [move["key"] for move in advised["next"]],
            "advice": advised["digest"],
            "once": new_once(),
            "others": [other for other in cards.of_team[card.team] if other.role != card.role],
            "decisions": [
                row for row in of.store.find(asked.who, ListQuestion(kind="weights", team_id=card.team))["rows"]
                if (row["role"] or "") == card.role
            ],
        },
    )  # fmt: skip


def take_card(asked: Asked, of: PagesOf, /) -> Reply:
    """Begin a decision, or show what points of one's own would do."""
    card = _card(asked, of)
    move = asked.form.get("move", "try")
    if move == "try":
        return show_card(asked, of)
    choice = {"choice": {"weights": typed_points(asked.form)}} if move == "change" else {}
    return propose(asked, of, {"kind": "weights", "team_id": card.team, "role": card.role, "move": move, **choice})


def propose(asked: Asked, of: PagesOf, about: Mapping[str, Any], /) -> Reply:
    """Begin a decision, with the reason and the advice of the form that was sent, and show it.

    Parameters
    ----------
    about : mapping
        What is decided on, the move, and the choice.

    Raises
    ------
    DecisionRefused
        If the form does not fit, or the decision may not be begun.
    """
    body = {**about, "advice": asked.form.get("advice", ""), "reason": asked.form.get("reason", "")}
    try:
        proposal = ProposalRequest.model_validate(body)
    except ValidationError as error:
        raise unfit(error) from None
    _, decision = of.store.propose(asked.who, proposal, asked.form.get("once") or None)
    return Go(f"/pages/decision?{urlencode({'id': decision['id'], 'done': 'begun'})}")


def propose_in_words(asked: Asked, of: PagesOf, question: AdviceQuestion, /) -> Reply:
    """Begin a decision by the move of the form that was sent: as advised, or with another action in words."""
    move = asked.form.get("move", "")
    choice = {"choice": {"action": asked.form.get("instead", "")}} if move == "change" else {}
    return propose(asked, of, {**question.model_dump(exclude_none=True), "move": move, **choice})


def typed_points(form: Mapping[str, str], /) -> dict[str, float]:
    """Return points by KPI as they were typed; fields left empty give none.

    Raises
    ------
    DecisionRefused
        If something is no number.
    """
    found = {}
    for name, text in form.items():
        if name.startswith(FIELD) and text.strip():
            try:
                value = float(text.strip().replace(",", "."))
            except ValueError:
                value = math.nan
            if not math.isfinite(value):
                raise DecisionRefused(Message("page.no_number", {"value": text[:40]}))
            found[name.removeprefix(FIELD)] = value
    return found


def unfit(error: ValidationError, /) -> DecisionRefused:
    """Return why a form cannot be taken, by its first field that does not fit."""
    field = str(error.errors()[0]["loc"][-1]) if error.errors()[0]["loc"] else ""
    return DecisionRefused(Message("page.reason_missing" if field == "reason" else "page.does_not_fit"), field)


def _card(asked: Asked, of: PagesOf, /) -> Card:
    """Return the card that is asked for; a foreign one is answered like one that is not there."""
    cards, team, role = of.cards(), asked.query.get("team", ""), asked.query.get("role")
    found = cards.of_team.get(team, []) if of.sight(asked.who, cards.run).team("weights", team) else []
    card = next((each for each in found if role is None or each.role == role), None)
    if card is None:
        raise NotFound
    return card


def _widest(card: Card, /) -> float:
    """Return the most points of a KPI, to which bars are drawn."""
    shown = ("current_weight", "recommended_weight")
    return max((row[name] or 0.0 for row in card.rows for name in shown), default=0.0) or 1.0


def _own_points(asked: Asked, card: Card, /) -> dict[str, str]:
    """Return what stands in the fields of the sandbox: what was typed, else what is advised, else today's points."""
    if any(name.startswith(FIELD) for name in asked.form):
        return {row["kpi"]: asked.form.get(f"{FIELD}{row['kpi']}", "") for row in card.rows}
    name = "current_weight" if card.whole["recommended_weight"] is None else "recommended_weight"
    return {row["kpi"]: f"{row[name]:.4g}" for row in card.rows if row[name]}


def _tried(asked: Asked, of: PagesOf, card: Card, /) -> dict[str, Any] | None:
    """Return what points of one's own would do; None where nothing was typed yet."""
    if not any(name.startswith(FIELD) for name in asked.form):
        return None
    why: Bilingual | Message
    try:
        points = typed_points(asked.form)
        total = sum(points.values())
        if abs(total - _SUM) > _NEAR:
            from baton.wording.wording import number

            return {"why": say("pages_card.sum", total=number(total, 1)), "total": total}
        run = of.loaded()
        request = TrialRequest(team_id=card.team, role=card.role or None, weights=points)
        return {**answer_trial(run, request, of.sight(asked.who, run)), "why": None, "total": total}
    except ValidationError:
        why = say("pages_card.cannot_try")
    except BatonError as error:
        why = error.message
    return {"why": why, "total": None}
