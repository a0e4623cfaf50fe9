"""What requests and answers about decisions look like. Free text is data: kept as it is, shown as text, never run."""

from __future__ import annotations

import unicodedata
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from serving.answering.payloads import Id, Number
from serving.decisions.advice import AdviceKey
from serving.decisions.choices import Choice
from serving.decisions.moves import STATES, Kind

__all__ = [
    "AdviceAnswer",
    "AdviceQuestion",
    "ChoiceBody",
    "DecisionAnswer",
    "DecisionList",
    "DecisionRow",
    "ListQuestion",
    "MoveAnswer",
    "MoveRequest",
    "Named",
    "ProposalRequest",
    "visible",
]

MAX_REASON = 2000
_MAX_ID = 300
_MAX_NAME = 200
_MAX_PAGE = 100_000
_MAX_KPIS = 200
# they turn the direction of all that follows on a page; marks and joiners, which scripts and emoji need, are none
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_UNSEEN = ("Cc", "Cf", "Zs", "Zl", "Zp")


def visible(text: str, /) -> str:
    """Return a text without blanks around it, its lines ended by line feeds.

    Raises
    ------
    ValueError
        If nothing of it can be seen, or it holds control characters or such as turn the direction of writing.

    Examples
    --------
    >>> visible(" fair, and tried in T07 ")
    'fair, and tried in T07'
    """
    text = text.replace("\r\n", "\n").strip()
    for character in text:
        if character in _TURNING or (unicodedata.category(character) in ("Cc", "Cs") and character != "\n"):
            raise ValueError(f"may not hold the control character U+{ord(character):04X}")
    if all(unicodedata.category(character) in _UNSEEN for character in text):
        raise ValueError("may not be empty")
    return text


Identifier = Annotated[Id, Field(max_length=_MAX_ID), AfterValidator(visible)]
Label = Annotated[str, Field(min_length=1, max_length=_MAX_NAME), AfterValidator(visible)]
# the whole team's card has an empty role
Role = Annotated[str, Field(max_length=_MAX_NAME), AfterValidator(lambda text: visible(text) if text else text)]
Reason = Annotated[
    str,
    Field(min_length=1, max_length=MAX_REASON, examples=["Tried in team T07 for a cycle; waits got shorter."]),
    AfterValidator(visible),
]
Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$", examples=["0" * 64])]
_NEEDED: dict[str, tuple[str, ...]] = {
    "weights": ("team_id",),
    "target": ("team_id", "kpi"),
    "coaching": ("employee_id", "kpi"),
    "root_cause": ("team_id", "cause"),
}
_OPTIONAL: dict[str, tuple[str, ...]] = {
    "weights": ("role",), "target": ("role",), "coaching": ("action",), "root_cause": ()
}  # fmt: skip
_PARTS = ("team_id", "role", "kpi", "employee_id", "action", "cause")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class AdviceQuestion(_Strict):
    """Which advice? A card's weights or target by team, role and KPI; coaching by person and KPI; a cause by team."""

    kind: Kind
    team_id: Identifier | None = None
    role: Role | None = None
    kpi: Label | None = None
    employee_id: Identifier | None = None
    action: Label | None = None
    cause: Label | None = None

    @model_validator(mode="after")
    def _fitting(self) -> AdviceQuestion:
        needed, optional = _NEEDED[self.kind], _OPTIONAL[self.kind]
        missing = [name for name in needed if getattr(self, name) is None]
        if missing:
            raise ValueError(f"{self.kind} needs {', '.join(missing)}")
        other = [name for name in _PARTS if getattr(self, name) is not None and name not in (*needed, *optional)]
        if other:
            raise ValueError(f"{self.kind} takes no {', '.join(other)}")
        return self

    @property
    def advice_key(self) -> AdviceKey:
        """As the run is asked."""
        return AdviceKey(self.kind, self.team_id, self.role, self.kpi, self.employee_id, self.action, self.cause)


class ChoiceBody(_Strict):
    """Something other than what is advised: weights for a card, a target, or an action in words."""

    weights: Annotated[dict[Label, Annotated[Number, Field(ge=0, le=100)]], Field(max_length=_MAX_KPIS)] | None = None
    target: Number | None = None
    action: Reason | None = None

    @property
    def choice(self) -> Choice:
        """As it is checked."""
        return Choice(self.weights, self.target, self.action)


class ProposalRequest(AdviceQuestion):
    """Decide on an advice: ``advice`` is the digest of what was seen."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "kind": "weights",
                    "team_id": "T01",
                    "role": "agent",
                    "move": "accept",
                    "advice": "0" * 64,
                    "reason": "Tried in team T07 for a cycle; waits got shorter.",
                },
                {
                    "kind": "coaching",
                    "employee_id": "p-3f2a",
                    "kpi": "first_contact_resolution",
                    "action": "shadowing",
                    "move": "offer",
                    "advice": "0" * 64,
                    "reason": "You asked for this in our last talk.",
                },
            ]
        }
    )
    move: Literal["accept", "change", "dismiss", "offer"]
    advice: Digest
    choice: ChoiceBody | None = None
    reason: Reason


class MoveRequest(_Strict):
    """Move a decision on: ``version`` is the one that was seen."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"version": 1, "reason": "The pilot's figures hold; I have looked at them."}]},
    )
    version: Annotated[int, Field(ge=1, le=1_000_000)]
    choice: ChoiceBody | None = None
    reason: Reason


def _known_state(state: str, /) -> str:
    if state not in STATES:
        raise ValueError(f"no such state; there are {', '.join(STATES)}")
    return state


class ListQuestion(_Strict):
    """Which decisions?"""

    state: Annotated[str, AfterValidator(_known_state)] | None = None
    team_id: Identifier | None = None
    kind: Kind | None = None
    overdue: bool | None = None
    page: Annotated[int, Field(ge=1, le=_MAX_PAGE)] = 1


class Named(BaseModel):
    """A state, move or kind with its name."""

    key: str
    en: str
    zh: str


class MoveAnswer(BaseModel):
    """A move that was made. ``by`` and ``reason`` are null where they are not yours to see."""

    version: int
    move: Named
    before: str
    after: str
    by: str | None
    role: str | None
    reason: str | None
    at: str
    detail: dict[str, Any]


class DecisionRow(BaseModel):
    """A decision in a list."""

    id: str
    kind: Named
    team_id: str | None
    role: str | None
    employee_id: str | None
    state: Named
    version: int
    due_at: str | None
    overdue: bool
    created_at: str
    changed_at: str
    superseded_by: str | None = Field(
        default=None, description="of a card: the decision on the same card that was approved later, and holds now"
    )


class DecisionAnswer(DecisionRow):
    """A decision with what was advised when it was made, what was chosen, and all its moves."""

    about: dict[str, str | None]
    advice: dict[str, Any]
    choice: dict[str, Any]
    still_advised: bool | None = Field(description="whether the run advises the same now; null: not known")
    moves: list[MoveAnswer]
    next: list[Named] = Field(description="moves that you may make now")


class DecisionList(BaseModel):
    """A page of decisions, the latest change first."""

    page: int
    pages: int
    total: int
    rows: list[DecisionRow]


class AdviceAnswer(BaseModel):
    """An advice that can be decided on, and its digest."""

    kind: Named
    team_id: str | None
    role: str | None
    employee_id: str | None
    digest: str
    about: dict[str, str | None]
    rows: list[dict[str, Any]]
    evidence: dict[str, list[dict[str, Any]]]
    made_from: dict[str, Any]
    next: list[Named] = Field(description="moves that you may begin with")
