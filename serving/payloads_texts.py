"""What requests about texts and conversations look like, and their answers."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from serving.payloads import Id

__all__ = [
    "LONGEST_TEXT",
    "MOST_TEXTS",
    "MOST_TURNS",
    "ComplaintRow",
    "ComplaintsAnswer",
    "ComplaintsRequest",
    "ConversationAnswer",
    "ConversationRequest",
    "KnownCustomer",
    "SaidTurn",
    "SignalSeen",
    "Wording",
]

MOST_TEXTS = 1000
LONGEST_TEXT = 2_000_000
MOST_TURNS = 200
_LONGEST_TURN = 20_000
_CUSTOMERS = ("customer", "client", "user", "caller", "客户", "用户", "顾客")
_OTHERS = (
    "employee",
    "agent",
    "staff",
    "bot",
    "system",
    "supervisor",
    "assistant",
    "客服",
    "员工",
    "坐席",
    "机器人",
    "系统",
)

Raw = Annotated[str, Field(max_length=LONGEST_TEXT)]


class ComplaintsRequest(BaseModel):
    """What are these texts about? Nothing of them is stored or logged."""

    model_config = ConfigDict(extra="forbid")
    texts: Annotated[
        list[Raw | None], Field(max_length=MOST_TEXTS, examples=[["The line is down again.", "账单又多扣了钱。"]])
    ]


class ComplaintRow(BaseModel):
    """What one text is about, in the order of the request."""

    cause: str | None
    main_cause: str | None
    probability: float | None
    abstained: bool
    second_cause: str | None
    language: str
    reason: Literal["", "unclear", "language", "empty"]


class ComplaintsAnswer(BaseModel):
    """Causes; where ``abstained``, ``cause`` is a guess that the stated risk does not allow to act on."""

    model: str
    rows: list[ComplaintRow]


def _speaker(value: object) -> object:
    spoken = str(value).strip().lower() if isinstance(value, str) else value
    if spoken in _CUSTOMERS:
        return "customer"
    if spoken in _OTHERS:
        return "employee"
    raise ValueError(f"who speaks: customer or employee (also known: {', '.join((*_CUSTOMERS[1:4], *_OTHERS[1:7]))})")


class SaidTurn(BaseModel):
    """What somebody said."""

    model_config = ConfigDict(extra="forbid")
    speaker: Annotated[
        Literal["customer", "employee"],
        BeforeValidator(
            _speaker, json_schema_input_type=Literal["customer", "employee", "agent", "bot", "客户", "客服"]
        ),
    ]
    text: Annotated[str, Field(max_length=_LONGEST_TURN)]
    at: datetime | None = None


_SAID = [
    {"speaker": "customer", "text": "This is the third time I ask about my refund."},
    {"speaker": "employee", "text": "I am sorry, it is being processed."},
    {"speaker": "customer", "text": "You promised that two weeks ago. I am cancelling today."},
]


class ConversationRequest(BaseModel):
    """How is this conversation going? The turns so far, oldest first.

    Only the customer's words are scored; what employees say is context, and their feelings are not looked at.
    """

    model_config = ConfigDict(extra="forbid")
    turns: Annotated[list[SaidTurn], Field(min_length=1, max_length=MOST_TURNS, examples=[_SAID])]
    customer_id: Id | None = None


class Wording(BaseModel):
    """A text in both languages."""

    en: str
    zh: str


class SignalSeen(BaseModel):
    """A signal in the customer's words: first told in ``turn`` (from 0), which is quoted with personal data masked."""

    signal: str
    name: Wording
    probability: float
    turn: int
    quote: str


class KnownCustomer(BaseModel):
    """What the run knows of the customer."""

    customer_id: str
    churn_probability: float | None = None
    error: str | None = None


class ConversationAnswer(BaseModel):
    """Where a conversation stands; ``advice`` begins with what is most urgent."""

    risk: float
    level: Literal["low", "medium", "high", "critical"]
    signals: list[SignalSeen]
    advice: list[Wording]
    mended: bool
    customer: KnownCustomer | None = None
