"""What requests to the service look like; unknown fields are refused, limits are stated."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

__all__ = [
    "MAX_ROWS",
    "ChurnAnswer",
    "ChurnAnswerRow",
    "ChurnRequest",
    "ChurnRow",
    "CoachingAnswer",
    "CoachingRequest",
    "CurveDay",
    "DeclineAnswer",
    "DeclineAnswerRow",
    "DeclineRequest",
    "DeclineRow",
    "Driver",
    "Fault",
    "LiveKpi",
    "LiveKpisAnswer",
    "LiveKpisRequest",
    "LiveState",
    "Refusal",
    "TrialAnswer",
    "TrialRequest",
    "WeightsAnswer",
    "WeightsRequest",
    "field_path",
]

MAX_ROWS = 5000
MAX_LIVE_ROWS = 200
_MAX_FEATURES = 5000
_LONGEST = 500


_BLANKS = " \t\r\n\u00a0\u3000"
_MAX_EXACT = 2**53  # above, most programs that write JSON have lost digits already
_MISSING = frozenset({"na", "n/a", "#n/a", "null", "none", "nan", "nat", "-", "?"})


def _id(value: object) -> object:
    """Read an id as the tables' ids are read: without blanks around it; a number only as far as it is exact."""
    if isinstance(value, bool | float):
        raise ValueError("an id is a text or a whole number")
    if isinstance(value, int):
        if abs(value) > _MAX_EXACT:
            raise ValueError("write ids above 2^53 as text: as numbers they lose digits on the way")
        return str(value)
    if isinstance(value, str):
        value = value.strip(_BLANKS)
        if value.lower() in _MISSING:
            raise ValueError(f"{value!r} says that the id is unknown")
    return value


Id = Annotated[str, BeforeValidator(_id, json_schema_input_type=str | int), Field(min_length=1, max_length=_LONGEST)]
Name = Annotated[str, Field(min_length=1, max_length=_LONGEST)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Features = Annotated[dict[Name, bool | Number | Name | None], Field(max_length=_MAX_FEATURES)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ChurnRow(_Strict):
    """A customer by id, or anybody by features."""

    customer_id: Id | None = None
    features: Features | None = None

    @model_validator(mode="after")
    def _one(self) -> ChurnRow:
        if (self.customer_id is None) == (self.features is None):
            raise ValueError("give either customer_id or features")
        return self


class ChurnRequest(_Strict):
    """Who is about to leave? ``live``: as of now, from the run's tables and the events since; of customers by id."""

    rows: Annotated[list[ChurnRow], Field(max_length=MAX_ROWS)]
    explain: bool = False
    curve: bool = False
    live: bool = False

    @model_validator(mode="after")
    def _of_customers(self) -> ChurnRequest:
        if self.live and any(row.customer_id is None for row in self.rows):
            raise ValueError("live needs customer_id in every row: features are as you give them")
        if self.live and len(self.rows) > MAX_LIVE_ROWS:
            raise ValueError(f"live takes at most {MAX_LIVE_ROWS} rows at a time")
        return self


class DeclineRow(_Strict):
    """A unit by id, or any unit by features; ``metric`` is needed only where a unit has several."""

    unit: Name | None = None
    unit_id: Id | None = None
    metric: Name | None = None
    features: Features | None = None

    @model_validator(mode="after")
    def _one(self) -> DeclineRow:
        if (self.unit_id is None) == (self.features is None):
            raise ValueError("give either unit and unit_id, or features")
        if self.unit_id is not None and self.unit is None:
            raise ValueError("unit_id needs its unit: employee, team, stage, process or customer_kind")
        return self


class DeclineRequest(_Strict):
    """Where is service about to decline?"""

    rows: Annotated[list[DeclineRow], Field(max_length=MAX_ROWS)]
    explain: bool = False


class WeightsRequest(_Strict):
    """What should a team's scorecard pay for? ``policy`` holds those limits of ``[policy]`` that are to be others."""

    team_id: Id
    policy: Annotated[dict[Name, Any], Field(max_length=30)] | None = None


class CoachingRequest(_Strict):
    """Who needs help with what?"""

    employee_id: Id | None = None
    team_id: Id | None = None

    @model_validator(mode="after")
    def _one(self) -> CoachingRequest:
        if (self.employee_id is None) == (self.team_id is None):
            raise ValueError("give either employee_id or team_id")
        return self


class TrialRequest(_Strict):
    """What would a card of one's own do? ``weights`` are points per KPI, 100 in all; KPIs left out get none."""

    team_id: Id
    role: Name | None = None
    weights: Annotated[dict[Name, Number], Field(min_length=1, max_length=200)]


class LiveKpisRequest(_Strict):
    """How is a team doing today?"""

    team_id: Id


class LiveState(BaseModel):
    """What a live answer stands on: until when each table is known, and how many events since the run count."""

    run_as_of: str | None
    until: dict[str, str]
    events: dict[str, int]


class LiveKpi(BaseModel):
    """A KPI of a team: today (since midnight, UTC) and over the windows that end today, by their days."""

    kpi: str
    name: dict[str, str]
    unit: str
    better: str
    today: float | None
    windows: dict[str, float | None]
    n: int


class LiveKpisAnswer(BaseModel):
    """A team's KPIs as of now."""

    team_id: str
    as_of: str
    note: str | None = None
    live: LiveState
    kpis: list[LiveKpi]


class Driver(BaseModel):
    """What carries a prediction: log-odds before calibration; ``label`` for categories."""

    kpi: str
    value: float | None
    label: str | None = None
    attribution: float


class _Predicted(BaseModel):
    probability: float | None
    drivers: list[Driver] | None = None
    unknown_values: list[str] | None = None
    error: str | None = None


class CurveDay(BaseModel):
    """A day after the snapshot (and the gap), and the chance of having left by then."""

    days: int
    probability: float


class ChurnAnswerRow(_Predicted):
    """One row of the answer, in the order of the request; ``curve`` and ``events`` where they were asked for."""

    customer_id: str | None
    events: int | None = None
    curve: list[CurveDay] | None = None


class ChurnAnswer(BaseModel):
    """Probabilities of leaving within the horizon; ``live`` where the answer is as of now."""

    model: str
    as_of: str | None
    informative: bool
    note: str | None = None
    live: LiveState | None = None
    rows: list[ChurnAnswerRow]


class DeclineAnswerRow(_Predicted):
    """One row of the answer, in the order of the request."""

    unit: str | None
    unit_id: str | None
    metric: str | None
    informative: bool


class DeclineAnswer(BaseModel):
    """Probabilities of a decline within the horizon."""

    model: str
    as_of: str | None
    informative: bool
    note: str | None = None
    rows: list[DeclineAnswerRow]


class WeightsAnswer(BaseModel):
    """The rows of ``weights.parquet`` of one team, under the company's policy or the one asked for."""

    rows: list[dict[str, Any]]


class CoachingAnswer(BaseModel):
    """The rows of ``coaching.parquet`` of one employee or team."""

    rows: list[dict[str, Any]]


class TrialAnswer(BaseModel):
    """Customers kept over one cycle against today's card, with a 90 % interval; null where no effect is known.

    ``basis`` is ``measured`` where past changes of cards show how far people move, else ``scenario``; ``breaches`` are
    the limits of the policy that the card breaks, in words of both languages.
    """

    team_id: str
    role: str
    expected: float | None
    low: float | None
    high: float | None
    basis: str
    breaches: list[dict[str, str]]


class Fault(BaseModel):
    """What is wrong with one field; ``field`` is empty where it is the request as a whole."""

    field: str
    message: str


class Refusal(BaseModel):
    """The body of every 4xx and 5xx: the first fault, and all where there are several."""

    error: Fault
    faults: list[Fault] | None = None


def field_path(location: tuple[int | str, ...], /) -> str:
    """Return a place in a request as a path.

    Examples
    --------
    >>> field_path(("rows", 3, "customer_id"))
    'rows[3].customer_id'
    """
    path = ""
    for part in location:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else part
    return path
