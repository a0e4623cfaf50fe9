"""All decisions that somebody may see."""

from __future__ import annotations

from pydantic import ValidationError

from serving.decisions.moves import STATES
from serving.decisions.payloads import ListQuestion
from serving.decisions.words import state_name
from serving.pages.asked import Asked, Reply, Shown
from serving.pages.behind import PagesOf

__all__ = ["show_decisions"]


def show_decisions(asked: Asked, of: PagesOf, /) -> Reply:
    """Show a page of decisions, the latest change first."""
    wanted = {name: value for name in ("state", "page") if (value := asked.query.get(name))}
    if asked.query.get("overdue"):
        wanted["overdue"] = "true"
    try:
        question = ListQuestion.model_validate(wanted)
    except ValidationError:
        question = ListQuestion()
    found = of.store.find(asked.who, question)
    states = [(state, state_name(state)) for state in STATES]
    return Shown("decisions", {"found": found, "question": question, "states": states})
