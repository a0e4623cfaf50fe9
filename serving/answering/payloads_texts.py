"""What requests about texts and conversations look like, and their answers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from baton.characters import normalise
from serving.answering.payloads import Id

__all__ = [
    "LONGEST_TEXT",
    "MAX_CHARACTERS",
    "MAX_CONVERSATION_CHARACTERS",
    "MAX_TEXTS",
    "MAX_TURNS",
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

MAX_TEXTS = 1000
LONGEST_TEXT = 100_000
MAX_CHARACTERS = 500_000
"""Of all texts of a request together: half a minute of work."""

MAX_TURNS = 200
_LONGEST_TURN = 20_000
MAX_CONVERSATION_CHARACTERS = 40_000
"""Of all turns of a conversation together: hours of talk, and a few seconds of work."""

# as exports of chats call them, in Simplified: Traditional and full-width forms are read as these
_CUSTOMERS = (
    *("customer", "client", "user", "caller", "visitor", "guest", "consumer", "buyer", "end user"),
    *("客户", "用户", "顾客", "客人", "来电者", "来电人", "访客", "买家", "会员", "消费者", "投诉人", "乘客", "旅客"),
)
_OTHERS = (
    *("employee", "agent", "staff", "bot", "system", "supervisor", "assistant", "operator", "representative", "rep"),
    *("advisor", "adviser", "support", "chatbot", "robot", "service", "customer service", "csr", "manager"),
    *("客服", "员工", "坐席", "座席", "机器人", "系统", "代理", "代理人", "专员", "客服人员", "客服专员", "客服代表"),
    *(
        "服务人员",
        "话务员",
        "接线员",
        "主管",
        "经理",
        "卖家",
        "商家",
        "智能客服",
        "人工客服",
        "在线客服",
        "助理",
        "助手",
    ),
)
# longer than any name of a role; searching a megabyte for one would take minutes
_LONGEST_SPEAKER = 80
# what stands around the word: a colon, brackets, or which one of several it is
_AROUND = re.compile(r"^[\s\[(（【<]+|[\s\])）】>:：#]+$")
_WHICH = re.compile(r"[\s_#\-]*(?:\d{1,8}|[a-z])(?:号)?$")

Raw = Annotated[str, Field(max_length=LONGEST_TEXT)]


def _together(lengths: Iterable[int], maximum: int, what: str, /) -> None:
    characters = sum(lengths)
    if characters > maximum:
        raise ValueError(f"the {what} have {characters:,} characters together, at most {maximum:,} are read at once")


def _short_texts(texts: list[str | None]) -> list[str | None]:
    _together((len(text or "") for text in texts), MAX_CHARACTERS, "texts")
    return texts


class ComplaintsRequest(BaseModel):
    """What are these texts about? Nothing of them is stored or logged."""

    model_config = ConfigDict(extra="forbid")
    texts: Annotated[
        list[Raw | None],
        Field(max_length=MAX_TEXTS, examples=[["The line is down again.", "账单又多扣了钱。"]]),
        AfterValidator(_short_texts),
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
    if isinstance(value, str) and len(value) <= _LONGEST_SPEAKER:
        spoken = _AROUND.sub("", normalise(value).strip().casefold().replace("_", " "))
        for word in (spoken, _WHICH.sub("", spoken)):
            if word in _CUSTOMERS:
                return "customer"
            if word in _OTHERS:
                return "employee"
    known = ", ".join((*_CUSTOMERS[1:4], *_OTHERS[1:7], "客户", "客服"))
    raise ValueError(f"who speaks: customer or employee (also known: {known})")


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


def _short_turns(turns: list[SaidTurn]) -> list[SaidTurn]:
    _together((len(turn.text) for turn in turns), MAX_CONVERSATION_CHARACTERS, "turns")
    return turns


_WORDS = [
    {"speaker": "customer", "text": "This is the third time I ask about my refund."},
    {"speaker": "employee", "text": "I am sorry, it is being processed."},
    {"speaker": "customer", "text": "You promised that two weeks ago. I am cancelling today."},
]


class ConversationRequest(BaseModel):
    """How is this conversation going? The turns so far, oldest first.

    Only the customer's words are scored; what employees say is context, and their feelings are not looked at. Alerts
    know a conversation by ``conversation_id``, the sender's own, and go to who leads ``team_id``.
    """

    model_config = ConfigDict(extra="forbid")
    turns: Annotated[
        list[SaidTurn],
        Field(min_length=1, max_length=MAX_TURNS, examples=[_WORDS]),
        AfterValidator(_short_turns),
    ]
    customer_id: Id | None = None
    conversation_id: Annotated[Id, Field(max_length=200)] | None = None
    team_id: Id | None = None


class Wording(BaseModel):
    """A text in both languages."""

    en: str
    zh: str


class SignalSeen(BaseModel):
    """A signal in the customer's words: first seen in ``turn`` (from 0), which is quoted with personal data masked."""

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
