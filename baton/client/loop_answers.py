"""What the service answers about pilots and policy, as types; a test holds them against its own description."""

from __future__ import annotations

from typing import Any, TypedDict

from baton.client.answers import MoveAnswer, Named

__all__ = [
    "LedgerAnswer",
    "PilotAnswer",
    "PilotList",
    "PilotRow",
    "PolicyAnswer",
    "PolicyChanges",
    "PolicyLine",
    "PolicyList",
    "PolicyVersion",
]


class PilotRow(TypedDict):
    """A pilot in a list."""

    name: str
    kpi: str
    state: Named
    version: int
    begins: list[str]
    first_month: str
    last_month: str
    verdict: str | None
    created_at: str
    changed_at: str


class PilotAnswer(PilotRow):
    """A pilot with its plan, what was measured, and all its moves; of cards those of teams that you may see."""

    id: str
    plan: dict[str, Any]
    plan_digest: str
    cards: list[dict[str, Any]]
    outcome: dict[str, Any] | None
    choice: dict[str, Any]
    moves: list[MoveAnswer]
    next: list[Named]


class PilotList(TypedDict):
    """Pilots, the latest change first."""

    rows: list[PilotRow]


class LedgerAnswer(TypedDict):
    """What was predicted, and what came: every pilot and every decision on a card."""

    rows: list[dict[str, Any]]
    calibration: list[dict[str, Any]]


class PolicyVersion(TypedDict):
    """A version of the policy: who made it when, why and on which evidence."""

    version: int
    at: str
    what: str
    evidence: str | None
    proposed_by: str
    confirmed_by: str
    reason: str
    cards: int
    targets: int


class PolicyList(TypedDict):
    """Versions, the oldest first."""

    rows: list[PolicyVersion]


class PolicyLine(TypedDict):
    """A line of a scorecard; without points there is a target."""

    team_id: str
    role: str
    kpi: str
    weight: float | None
    target: float | None
    valid_from: str | None


class PolicyAnswer(PolicyVersion):
    """A version whole: its scorecards of teams that you may see, and its limits."""

    format: str
    company: str
    scorecards: list[PolicyLine]
    limits: dict[str, Any]


class PolicyChanges(TypedDict):
    """What differs between two versions."""

    rows: list[dict[str, Any]]
