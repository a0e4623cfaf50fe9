"""What the service answers, as types; a test holds them against the service's own description."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

__all__ = [
    "AdviceAnswer",
    "ChurnAnswer",
    "ChurnAnswerRow",
    "CoachingAnswer",
    "ComplaintRow",
    "ComplaintsAnswer",
    "ConversationAnswer",
    "CurveDay",
    "DecisionAnswer",
    "DecisionList",
    "DecisionRow",
    "DeclineAnswer",
    "DeclineAnswerRow",
    "Driver",
    "EventAnswer",
    "EventsAnswer",
    "KnownCustomer",
    "LiveKpi",
    "LiveKpisAnswer",
    "LiveState",
    "MoveAnswer",
    "Named",
    "SignalSeen",
    "TrialAnswer",
    "WeightsAnswer",
    "Wording",
]


class Driver(TypedDict):
    """What carries a prediction: log-odds before calibration; ``label`` for categories."""

    kpi: str
    value: float | None
    label: NotRequired[str | None]
    attribution: float


class CurveDay(TypedDict):
    """A day after the snapshot, and the chance of having left by then."""

    days: int
    probability: float


class _Predicted(TypedDict):
    probability: float | None
    drivers: NotRequired[list[Driver] | None]
    unknown_values: NotRequired[list[str] | None]
    error: NotRequired[str | None]


class ChurnAnswerRow(_Predicted):
    """A customer; ``error`` where the id is not at risk or not yours to see."""

    customer_id: str | None
    events: NotRequired[int | None]
    curve: NotRequired[list[CurveDay] | None]


class LiveState(TypedDict):
    """What a live answer stands on: until when each table is known, and how many events since the run count."""

    run_as_of: str | None
    until: dict[str, str]
    events: dict[str, int]


class LiveKpi(TypedDict):
    """A KPI of a team: today (since midnight, UTC) and over the windows that end today, by their days."""

    kpi: str
    name: dict[str, str]
    unit: str
    better: str
    today: float | None
    windows: dict[str, float | None]
    n: int


class LiveKpisAnswer(TypedDict):
    """A team's KPIs as of now."""

    team_id: str
    as_of: str
    note: NotRequired[str | None]
    live: LiveState
    kpis: list[LiveKpi]


class ChurnAnswer(TypedDict):
    """Probabilities of leaving within the horizon, in the order of the request."""

    model: str
    as_of: str | None
    informative: bool
    note: NotRequired[str | None]
    live: NotRequired[LiveState | None]
    rows: list[ChurnAnswerRow]


class DeclineAnswerRow(_Predicted):
    """A unit."""

    unit: str | None
    unit_id: str | None
    metric: str | None
    informative: bool


class DeclineAnswer(TypedDict):
    """Probabilities of a decline within the horizon, in the order of the request."""

    model: str
    as_of: str | None
    informative: bool
    note: NotRequired[str | None]
    rows: list[DeclineAnswerRow]


class WeightsAnswer(TypedDict):
    """Rows of ``weights.parquet`` of one team."""

    rows: list[dict[str, Any]]


class CoachingAnswer(TypedDict):
    """Rows of ``coaching.parquet`` of one employee or team."""

    rows: list[dict[str, Any]]


class TrialAnswer(TypedDict):
    """What a card of one's own would do over one cycle, and which limits it breaks."""

    team_id: str
    role: str
    expected: float | None
    low: float | None
    high: float | None
    basis: str
    breaches: list[dict[str, str]]


class ComplaintRow(TypedDict):
    """What one text is about; where ``abstained``, ``cause`` is a guess that must not be acted on."""

    cause: str | None
    main_cause: str | None
    probability: float | None
    abstained: bool
    second_cause: str | None
    language: str
    reason: Literal["", "unclear", "language", "empty"]


class ComplaintsAnswer(TypedDict):
    """Causes, in the order of the texts."""

    model: str
    rows: list[ComplaintRow]


class Wording(TypedDict):
    """A text in both languages."""

    en: str
    zh: str


class SignalSeen(TypedDict):
    """A signal in the customer's words, quoted with personal data masked."""

    signal: str
    name: Wording
    probability: float
    turn: int
    quote: str


class KnownCustomer(TypedDict):
    """What the run knows of the customer."""

    customer_id: str
    churn_probability: NotRequired[float | None]
    error: NotRequired[str | None]


class ConversationAnswer(TypedDict):
    """Where a conversation stands; ``advice`` begins with what is most urgent."""

    risk: float
    level: Literal["low", "medium", "high", "critical"]
    signals: list[SignalSeen]
    advice: list[Wording]
    mended: bool
    customer: NotRequired[KnownCustomer | None]


class EventAnswer(TypedDict):
    """What became of one event."""

    event_id: str
    state: Literal["kept", "known"]
    left_out: NotRequired[dict[str, str] | None]


class EventsAnswer(TypedDict):
    """What became of the events, in their order."""

    kept: int
    known: int
    events: list[EventAnswer]


class Named(TypedDict):
    """A state, move or kind with its name."""

    key: str
    en: str
    zh: str


class MoveAnswer(TypedDict):
    """A move that was made; ``by`` and ``reason`` are None where they are not yours to see."""

    version: int
    move: Named
    before: str
    after: str
    by: str | None
    role: str | None
    reason: str | None
    at: str
    detail: dict[str, Any]


class DecisionRow(TypedDict):
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
    superseded_by: NotRequired[str | None]


class DecisionAnswer(DecisionRow):
    """A decision with what was advised, what was chosen, and all its moves; ``next`` are those that you may make."""

    about: dict[str, str | None]
    advice: dict[str, Any]
    choice: dict[str, Any]
    still_advised: bool | None
    moves: list[MoveAnswer]
    next: list[Named]


class DecisionList(TypedDict):
    """A page of decisions, the latest change first."""

    page: int
    pages: int
    total: int
    rows: list[DecisionRow]


class AdviceAnswer(TypedDict):
    """An advice that can be decided on; ``digest`` is sent with the decision."""

    kind: Named
    team_id: str | None
    role: str | None
    employee_id: str | None
    digest: str
    about: dict[str, str | None]
    rows: list[dict[str, Any]]
    evidence: dict[str, list[dict[str, Any]]]
    made_from: dict[str, Any]
    next: list[Named]
