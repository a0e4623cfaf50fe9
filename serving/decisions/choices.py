"""What is chosen: what was advised, or something of one's own within the policy's limits."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from baton.errors import ArtefactError, PolicyError, UnknownIdError
from baton.messages.message import Message, Name
from serving.decisions.advice import Advice, AdviceKey, RunAdvice
from serving.decisions.refused import Conflict, DecisionRefused, NotFound

__all__ = ["Choice", "advised_choice", "own_choice", "require_still_allowed"]

_FIELD: dict[str, str] = {"weights": "weights", "target": "target", "coaching": "action", "root_cause": "action"}
_NEVER_NEGATIVE = frozenset({"seconds", "minutes", "hours", "days", "count", "thousand"})
_SAME = 1e-9


@dataclass(frozen=True)
class Choice:
    """Something other than what is advised.

    Parameters
    ----------
    weights : mapping of str to float, optional
        Points per KPI, 100 in all.
    target : float, optional
        In the KPI's unit.
    action : str, optional
        What is done instead, in words.
    """

    weights: Mapping[str, float] | None = None
    target: float | None = None
    action: str | None = None

    def given(self) -> dict[str, Any]:
        """Return the fields that are given."""
        all_fields = {"weights": self.weights, "target": self.target, "action": self.action}
        return {name: value for name, value in all_fields.items() if value is not None}


def advised_choice(advice: Advice, /) -> dict[str, Any]:
    """Return what an advice asks for.

    Raises
    ------
    DecisionRefused
        If it asks for nothing that could be done.
    """
    first, kind = advice.rows[0], advice.key.kind
    if kind == "weights":
        points = {row["kpi"]: row["recommended_weight"] for row in advice.rows}
        if any(value is None for value in points.values()):
            raise DecisionRefused(Message("decision.nothing_advised"), "move")
        return {"weights": points}
    if kind == "root_cause":  # what is accepted is to act on the cause
        return {"cause": advice.key.cause}
    field, value = ("target", first["advised_target"]) if kind == "target" else ("action", first["action"])
    if value is None:
        raise DecisionRefused(Message("decision.nothing_advised"), "move")
    return {field: value}


def own_choice(run: RunAdvice, key: AdviceKey, choice: Choice | None, /) -> dict[str, Any]:
    """Check a choice of one's own, and return it with what is expected of it.

    Raises
    ------
    DecisionRefused
        If it is missing, of another kind, or breaks limits of the policy.
    """
    wanted = _FIELD[key.kind]
    given = {} if choice is None else choice.given()
    if choice is None or wanted not in given:
        raise DecisionRefused(Message("decision.choice_missing", {"field": wanted}), f"choice.{wanted}")
    other = next((name for name in given if name != wanted), None)
    if other is not None:
        raise DecisionRefused(Message("decision.choice_not_wanted"), f"choice.{other}")
    if choice.weights is not None:
        return _weights(run, key, choice.weights)
    if choice.target is not None:
        _check_target(run, key, choice.target)
    return given


def require_still_allowed(run: RunAdvice, key: AdviceKey, choice: Mapping[str, Any], /) -> None:
    """Check the weights of a proposed decision again by the policy and the cards of now, before they are approved.

    Raises
    ------
    Conflict
        If they break a limit, are no card any more, or the run of now has nothing to check them by.
    """
    if key.kind != "weights":
        return
    try:
        _weights(run, key, choice["weights"])
    except NotFound:
        raise Conflict(Message("decision.cannot_check")) from None
    except DecisionRefused as refused:
        raise Conflict(Message("decision.not_allowed_now", {"why": refused.message})) from None


def _weights(run: RunAdvice, key: AdviceKey, weights: Mapping[str, float], /) -> dict[str, Any]:
    from models.advice.sandbox import try_card

    field = "choice.weights"
    try:
        tried = try_card(run.run.advice, run.run.company.policy, key.team_id or "", weights, role=key.role)
    except (PolicyError, UnknownIdError) as error:
        raise DecisionRefused(Message("decision.weights_wrong", {"why": error.message}), field) from None
    except ArtefactError:  # a run without what weights are solved from
        raise NotFound(Message("decision.no_advice")) from None
    if tried.messages:
        raise DecisionRefused(Message("decision.broken", {"limits": tried.messages}), field)
    expected = {"expected_effect": tried.expected, "expected_low": tried.low, "expected_high": tried.high}
    known = {name: value if math.isfinite(value) else None for name, value in expected.items()}
    return {"weights": dict(weights), **known, "expected_basis": tried.basis}


def _check_target(run: RunAdvice, key: AdviceKey, target: float, /) -> None:
    from baton.catalogue.load import load_catalogue

    kpi = load_catalogue(run.run.company).get(key.kpi or "")
    if kpi is None:
        return
    share = kpi.unit == "share" and not -_SAME <= target <= 1 + _SAME
    if share or (kpi.unit in _NEVER_NEGATIVE and target < 0):
        values = {"value": target, "kpi": Name(kpi.name.en, kpi.name.zh), "unit": kpi.unit}
        raise DecisionRefused(Message("decision.target_impossible", values), "choice.target")
