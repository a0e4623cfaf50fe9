"""Which actions each path is for: of these one must be allowed; rows are asked for one by one behind."""

from __future__ import annotations

from collections.abc import Mapping

from serving.access.principal import Principal
from serving.access.rules import may_at_all

__all__ = ["ACTIONS_OF", "DECISIONS", "PILOTS", "refusal_of"]

DECISIONS = "/decisions"
PILOTS = "/pilots"

ACTIONS_OF: dict[str, tuple[str, ...]] = {
    "/": ("report",),
    "/report": ("report",),
    "/docs.json": ("describe",),
    "/schema.json": ("describe",),
    "/metrics": ("metrics",),
    DECISIONS: ("read_decision", "read_decision_of_person"),
    PILOTS: ("read_pilot",),
    "/predict_churn": ("churn_of_customer", "churn_of_features"),
    "/predict_decline": ("decline_of_team", "decline_of_person", "decline_of_other"),
    "/recommend_weights": ("weights", "own_card"),
    "/recommend_coaching": ("coaching_of_team", "coaching_of_person"),
    "/simulate_weights": ("try_weights",),
    "/classify_complaints": ("classify",),
    "/assess_conversation": ("conversation",),
    "/live_kpis": ("live_kpis",),
    "/events": ("send_events",),
}
"""By path. A path that is not there needs a valid token, and what lies behind it asks for itself."""


def refusal_of(principal: Principal, path: str, routes: Mapping[str, tuple[str, ...]] = ACTIONS_OF, /) -> str:
    """Return why a role may not use a path for anything at all; empty where it may.

    Examples
    --------
    >>> refusal_of(Principal("aud", "auditor"), "/predict_churn")
    'the role auditor may not use /predict_churn'
    >>> refusal_of(Principal("ana", "analyst"), "/predict_churn")
    ''
    """
    actions = routes.get(path, ())
    if not actions or any(may_at_all(principal, action) for action in actions):
        return ""
    return f"the role {principal.role} may not use {path}"
