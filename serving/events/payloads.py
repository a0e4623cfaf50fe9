"""What events look like when they are sent, and what is answered."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from serving.answering.payloads import Name, Number

__all__ = ["EXAMPLE", "MAX_EVENTS", "EventAnswer", "EventRequest", "EventsAnswer", "EventsRequest"]

MAX_EVENTS = 1000
"""In one request, which is kept whole or not at all."""

_MAX_COLUMNS = 100
_MAX_ID = 200

EXAMPLE = {
    "events": [
        {
            "event_id": "crm-81723",
            "table": "cases",
            "row": {
                "case_id": "K0090001",
                "customer_id": "C000001",
                "team_id": "T01",
                "opened_at": "2026-07-01T09:12:00+02:00",
            },
        },
        {
            "event_id": "survey-5512",
            "table": "cases",
            "row": {"case_id": "K0090001", "csat": 2, "rated_at": "2026-07-01T11:40:00Z"},
        },
    ]
}
"""A case that was opened, and its rating."""

# as sent: the contract of its table says later what each may be
Value = bool | int | Number | str | None


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class EventRequest(_Strict):
    """A new row of a source table, or what is new or other in a row that is there.

    ``event_id`` is the sender's own: the same event sent again changes nothing. ``row`` has the columns of the table as
    docs/tables.md names them: of a case or customer that is known, the id and what changes; ``null`` empties a column.
    ``occurred_at`` says when it became so: of two events on one value the later counts, by arrival where it is absent.
    """

    event_id: Annotated[str, Field(min_length=1, max_length=_MAX_ID)]
    table: Name
    row: Annotated[dict[Name, Value], Field(min_length=1, max_length=_MAX_COLUMNS)]
    occurred_at: Annotated[str, Field(max_length=50)] | None = None


class EventsRequest(_Strict):
    """New and corrected rows, all kept in one transaction or none."""

    events: Annotated[list[EventRequest], Field(min_length=1, max_length=MAX_EVENTS)]


class EventAnswer(BaseModel):
    """What became of one event: ``kept``, or ``known`` where the same was kept before; why columns were left out."""

    event_id: str
    state: Literal["kept", "known"]
    left_out: dict[str, str] | None = None


class EventsAnswer(BaseModel):
    """What became of the events, in their order."""

    kept: int
    known: int
    events: list[EventAnswer]
