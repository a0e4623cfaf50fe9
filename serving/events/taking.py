"""Taking events: every row read by the contract, every fault named, and the batch kept whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from baton.errors import ArtefactError, RequestError
from baton.nearest import did_you_mean
from features.ingest.settled import SIDECAR, staged_columns, staged_scales, staged_types
from serving.access.sight import Sight
from serving.events.payloads import EventRequest, EventsRequest
from serving.events.rows import EVENT_TABLES, KEYS, EventTable, checked_row, read_time
from serving.events.store import EventStore, NewEvent, content_of
from serving.loading import LoadedRun
from serving.state.clock import utc_now

__all__ = ["EventFaults", "event_tables", "take_events"]

_MAX_FAULTS = 100


class EventFaults(RequestError):
    """Rows of a batch do not fit.

    Parameters
    ----------
    faults : list of dict
        ``field`` and ``message`` of each.
    """

    def __init__(self, faults: list[dict[str, str]], /) -> None:
        super().__init__(faults[0]["message"], faults[0]["field"])
        self.faults = faults[:_MAX_FAULTS]


def event_tables(run: LoadedRun, /) -> dict[str, EventTable]:
    """Return the tables that events are for.

    Raises
    ------
    ArtefactError
        If the run has left no tables.
    """
    staged = run.folder.staged
    if not (staged / SIDECAR).exists():
        raise ArtefactError("the run has left no tables that events could be added to; run again")
    scales, types = staged_scales(staged), staged_types(staged)
    known = run.knows_employee if run.company.privacy.pseudonymise else None
    return {
        name: EventTable(
            name,
            present,
            frozenset(column for column, kind in types.get(name, {}).items() if kind == "number"),
            scales.get(name, {}),
            known,
        )
        for name, present in staged_columns(staged).items()
        if name in EVENT_TABLES
    }


def take_events(run: LoadedRun, request: EventsRequest, sight: Sight, store: EventStore, /) -> dict[str, Any]:
    """Keep a batch of events.

    Returns
    -------
    dict
        As ``EventsAnswer``.

    Raises
    ------
    DeniedError
        If who asks may not send events.
    EventFaults
        If rows do not fit: nothing is kept.
    EventConflict
        If an event came before with other content.
    """
    sight.require("send_events", "send events")
    tables, now = event_tables(run), utc_now()
    events, faults = [], []
    for place, sent in enumerate(request.events):
        try:
            events.append(_new_event(tables, sent, now))
        except RequestError as error:
            faults.append({"field": f"events[{place}].{error.field}", "message": str(error)})
    faults = faults or _incomplete(run, store, events)
    if faults:
        raise EventFaults(faults)
    fresh = store.keep(sight.principal, events)
    answers = [
        {"event_id": event.event_id, "state": "kept" if is_new else "known"}
        | ({"left_out": event.row.left_out} if event.row.left_out else {})
        for event, is_new in zip(events, fresh, strict=True)
    ]
    return {"kept": fresh.count(True), "known": fresh.count(False), "events": answers}


def _new_event(tables: Mapping[str, EventTable], sent: EventRequest, now: datetime, /) -> NewEvent:
    if sent.table not in EVENT_TABLES:
        raise RequestError(f"no rows of this table come as events{did_you_mean(sent.table, EVENT_TABLES)}", "table")
    if sent.table not in tables:
        raise RequestError(f"the run has no table {sent.table}, so nothing is learned from its rows", "table")
    occurred = None
    if sent.occurred_at is not None:
        occurred = read_time(sent.occurred_at, "occurred_at")
    try:
        row = checked_row(tables[sent.table], sent.row, now)
    except RequestError as error:
        raise RequestError(str(error), f"row.{error.field}") from None
    return NewEvent(sent.event_id, sent.table, content_of(sent.table, sent.row, sent.occurred_at), row, occurred)


def _incomplete(run: LoadedRun, store: EventStore, events: list[NewEvent], /) -> list[dict[str, str]]:
    """Return what is missing in rows of cases that nobody knows yet: they must say when they were opened."""
    key = KEYS["cases"]
    opened = {
        event.row.row[key] for event in events if event.table == "cases" and event.row.row.get("opened_at") is not None
    }
    open_questions = {
        place: event.row.row[key]
        for place, event in enumerate(events)
        if event.table == "cases" and event.row.row[key] not in opened
    }
    missing = set(open_questions.values())
    missing -= _staged(run, missing)
    if missing:
        missing -= store.rows_of("cases", missing)
    return [
        {"field": f"events[{place}].row.opened_at", "message": "is needed: no case with this id is known yet"}
        for place, case in open_questions.items()
        if case in missing
    ]


def _staged(run: LoadedRun, cases: set[str], /) -> set[str]:
    import pyarrow.parquet as pq

    if not cases:
        return set()
    found = pq.read_table(
        run.folder.staged / "cases.parquet", columns=["case_id"], filters=[("case_id", "in", sorted(cases))]
    )
    return set(found["case_id"].cast("string").to_pylist())
