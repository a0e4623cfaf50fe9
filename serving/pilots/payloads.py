"""What requests and answers about pilots look like."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from serving.answering.payloads import Number
from serving.decisions.payloads import Identifier, Label, MoveAnswer, Named, Reason, Role
from serving.pilots.moves import PILOT_STATES
from serving.pilots.store import AskedMove

__all__ = [
    "LedgerAnswer",
    "PilotAnswer",
    "PilotCard",
    "PilotList",
    "PilotListQuestion",
    "PilotMoveRequest",
    "PilotRow",
    "PolicyAnswer",
    "PolicyChanges",
    "PolicyChangesQuestion",
    "PolicyLine",
    "PolicyList",
    "PolicyVersion",
]

_MAX_KPIS = 200
_MAX_CARDS = 2000


class PilotCard(BaseModel):
    """A card of a unit that differs from what was tried: points by KPI, 100 in all."""

    model_config = ConfigDict(extra="forbid")
    team_id: Identifier
    role: Role = ""
    weights: Annotated[dict[Label, Annotated[Number, Field(ge=0, le=100)]], Field(max_length=_MAX_KPIS)]


class PilotMoveRequest(BaseModel):
    """Move a pilot on: ``version`` is the one that was seen; ``cards`` and ``valid_from`` go with adopt."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"version": 4, "reason": "The whole interval is better, and no guard worse."}]},
    )
    version: Annotated[int, Field(ge=1, le=1_000_000)]
    reason: Reason
    cards: Annotated[list[PilotCard], Field(max_length=_MAX_CARDS)] = []
    valid_from: date | None = None

    def asked(self, name: str, /) -> AskedMove:
        """Return it as the store is asked."""
        cards = [card.model_dump() for card in self.cards]
        return AskedMove(name, self.version, self.reason, cards=cards, valid_from=self.valid_from)


def _known_state(state: str, /) -> str:
    if state not in PILOT_STATES:
        raise ValueError(f"no such state; there are {', '.join(PILOT_STATES)}")
    return state


class PilotListQuestion(BaseModel):
    """Which pilots?"""

    model_config = ConfigDict(extra="forbid")
    state: Annotated[str, AfterValidator(_known_state)] | None = None


class PilotRow(BaseModel):
    """A pilot in a list."""

    name: str
    kpi: str
    state: Named
    version: int
    begins: list[str] = Field(description="teams that begin")
    first_month: str
    last_month: str
    verdict: str | None = Field(description="adopt, extend or stop, by the rule of the plan; null: none yet, or none")
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
    next: list[Named] = Field(description="moves that you may make now")


class PilotList(BaseModel):
    """Pilots, the latest change first."""

    rows: list[PilotRow]


class LedgerAnswer(BaseModel):
    """What was predicted, and what came: every pilot and every decision on a card."""

    rows: list[dict[str, Any]]
    calibration: list[dict[str, Any]]


class PolicyChangesQuestion(BaseModel):
    """Against which earlier version?"""

    model_config = ConfigDict(extra="forbid")
    since: Annotated[int, Field(ge=1, le=1_000_000)]


class PolicyVersion(BaseModel):
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


class PolicyList(BaseModel):
    """Versions, the oldest first."""

    rows: list[PolicyVersion]


class PolicyLine(BaseModel):
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


class PolicyChanges(BaseModel):
    """What differs between two versions."""

    rows: list[dict[str, Any]]
