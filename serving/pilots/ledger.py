"""The ledger: of every pilot and every decision on a card what was predicted, and what came. Nothing ever leaves it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from models.pilots.calibration import calibration_of, came_true
from serving.access.principal import Principal
from serving.access.rules import Subject, may
from serving.decisions.answers import written
from serving.pilots.allowed import begins, may_read_pilot

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from serving.state.schema import Decision, Pilot

__all__ = ["ledger_of"]

_PREDICTED = {"effect": "expected_effect", "low": "expected_low", "high": "expected_high"}
_LEVEL = 0.9


def ledger_of(session: Session, principal: Principal, /) -> dict[str, Any]:
    """Return what somebody may see of the ledger, oldest first, and how far its predictions came true.

    Returns
    -------
    dict
        ``rows``: ``source`` (pilot or decision), ``id``, ``state``, ``kpi``, ``teams``, ``unit``, ``predicted``,
        ``realised``, ``came_true`` (None: nothing was predicted or measured), ``at``; ``calibration`` by stated level.
    """
    from sqlalchemy import select

    from serving.state.schema import Decision, Pilot

    pilots = [pilot for pilot in session.scalars(select(Pilot)) if may_read_pilot(principal, pilot.plan)]
    cards = [
        decision
        for decision in session.scalars(select(Decision).where(Decision.kind == "weights"))
        if may(principal, "read_decision", Subject(decision.team_id))
    ]
    rows = [*map(_of_pilot, pilots), *map(_of_decision, cards)]
    found = [(row["predicted"]["level"], row["came_true"]) for row in rows if row["came_true"] is not None]
    return {
        "rows": sorted(rows, key=lambda row: (row["at"], row["id"])),
        "calibration": [
            {**{name: _known(value) for name, value in asdict(each).items()}, "verdict": each.verdict}
            for each in calibration_of(found)
        ],
    }


def _of_pilot(pilot: Pilot, /) -> dict[str, Any]:
    plan, outcome = pilot.plan, pilot.outcome
    predicted = plan.get("predicted")
    effect = None if outcome is None else outcome.get("effect")
    realised = None if effect is None else {name: effect[name] for name in ("effect", "low", "high")}
    return {
        "source": "pilot",
        "id": pilot.name,
        "state": pilot.state,
        "kpi": plan["kpi"],
        "teams": list(begins(plan)),
        "unit": "the KPI's unit",
        "predicted": predicted,
        "realised": realised,
        "verdict": None if outcome is None else outcome.get("verdict"),
        "came_true": None if predicted is None or realised is None else came_true(predicted, realised),
        "at": written(pilot.created_at),
    }


def _of_decision(decision: Decision, /) -> dict[str, Any]:
    """Return the row of a decision: nobody can say what it brought, since nothing was compared with."""
    return {
        "source": "decision",
        "id": decision.id,
        "state": decision.state,
        "kpi": None,
        "teams": [decision.team_id],
        "unit": "customers a cycle",
        "predicted": _predicted(decision.advice["rows"][0]),
        "realised": None,
        "verdict": None,
        "came_true": None,
        "at": written(decision.created_at),
    }


def _predicted(row: Mapping[str, Any], /) -> dict[str, Any] | None:
    if row.get("expected_effect") is None:
        return None
    values = {name: row.get(column) for name, column in _PREDICTED.items()}
    return {**values, "level": _LEVEL, "basis": row.get("expected_basis")}


def _known(value: Any, /) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
