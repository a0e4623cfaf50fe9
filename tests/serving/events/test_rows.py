"""What an event's row may be: each kind of value, and what cannot be kept."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from baton.errors import RequestError
from serving.events.rows import EventTable, checked_row

NOW = datetime(2026, 7, 1, 12)
CASES = EventTable(
    "cases",
    frozenset({"case_id", "opened_at", "closed_at", "due_at", "csat", "nps", "reopened", "resolved_first", "employee_id",
               "text", "channel", "effort", "mood"}),
    frozenset({"effort"}),
    {"csat": (1.0, 7.0), "nps": None},
    lambda person: person == "p-1",
)  # fmt: skip
STEPS = EventTable("case_steps", frozenset({"case_id", "at", "activity"}))
CUSTOMERS = EventTable("customers", frozenset({"customer_id", "valid_from", "segment"}))


def test_values_are_read_by_their_column() -> None:
    sent: dict[str, Any] = {
        "case_id": 17, "opened_at": "2026-07-01T09:12:00+02:00", "csat": 6, "nps": 10, "reopened": 0, "due_at":
        "2027-01-01T00:00:00Z", "resolved_first": True, "channel": " phone ", "closed_at": None, "effort": 2.5,
        "employee_id": "p-1",
    }  # fmt: skip
    found = checked_row(CASES, sent, NOW)
    assert found.row == {
        "case_id": "17", "opened_at": "2026-07-01T07:12:00", "csat": 6.0, "nps": 10.0, "reopened": 0, "due_at":
        "2027-01-01T00:00:00", "resolved_first": True, "channel": "phone", "closed_at": None, "effort": 2.5,
        "employee_id": "p-1",
    }  # fmt: skip
    assert found.left_out == {}
    assert found.last_at == datetime(2026, 7, 1, 7, 12)  # what is planned has not happened


def test_what_may_not_be_kept_is_left_out_with_a_word() -> None:
    sent = {"case_id": "k", "employee_id": "E00007", "text": "I am Ann", "mood": "Ann's", "wait_seconds": 3}
    found = checked_row(CASES, sent, NOW)
    assert found.row == {"case_id": "k"}
    assert {name: why.split(" ")[0] for name, why in found.left_out.items()} == {
        "employee_id": "no",
        "text": "what",
        "mood": "a",
        "wait_seconds": "the",
    }


def test_without_pseudonyms_the_companys_own_ids_are_kept() -> None:
    open_ids = EventTable("cases", CASES.present)
    assert checked_row(open_ids, {"case_id": "k", "employee_id": "E7"}, NOW).row["employee_id"] == "E7"


@pytest.mark.parametrize(
    ("column", "value", "why"),
    [
        ("case_id", None, "cannot be emptied"),
        ("case_id", "n/a", "unknown"),
        ("case_id", 2**53 + 1, "as text"),
        ("case_id", 1.5, "a text or a whole number"),
        ("opened_at", "2026-07-01T09:12:00", "with its zone"),
        ("opened_at", "yesterday", "with its zone"),
        ("opened_at", 1751361120, "with its zone"),
        ("opened_at", "1026-07-01T09:12:00Z", "with its zone"),
        ("opened_at", "9999-12-31T23:59:59-12:00", "with its zone"),
        ("opened_at", "2026-07-01T12:06:00Z", "in the future"),
        ("csat", 0, "outside 1 to 7"),
        ("csat", 8, "outside 1 to 7"),
        ("csat", True, "a number"),
        ("csat", "5", "a number"),
        ("csat", float("nan"), "a number"),
        ("nps", 11, "outside 0 to 10"),
        ("effort", 1e308, "larger than"),
        ("reopened", -1, "below 0"),
        ("reopened", 0.5, "whole number"),
        ("resolved_first", 1, "true or false"),
        ("channel", "", "a text"),
        ("channel", "x" * 501, "longer than 500"),
        ("channel", 5, "a text"),
        ("clsed_at", None, "did you mean 'closed_at'"),
    ],
)
def test_what_cannot_be_is_refused_with_its_column(column: str, value: Any, why: str) -> None:
    with pytest.raises(RequestError, match=why) as refused:
        checked_row(CASES, {"case_id": "k", column: value}, NOW)
    assert refused.value.field == column


def test_a_clock_that_is_a_little_ahead_is_borne_with() -> None:
    assert checked_row(CASES, {"case_id": "k", "opened_at": "2026-07-01T12:04:00Z"}, NOW).row


@pytest.mark.parametrize(
    ("table", "row", "field"),
    [
        (CASES, {"csat": 4}, "case_id"),
        (CASES, {"case_id": "k", "opened_at": "2026-07-01T09:00Z", "closed_at": "2026-07-01T08:00Z"}, "closed_at"),
        (STEPS, {"case_id": "k", "at": "2026-07-01T09:00Z"}, "activity"),
        (CUSTOMERS, {"customer_id": "c", "segment": "gold"}, "valid_from"),
    ],
)
def test_rows_that_say_too_little_or_contradict_themselves(table: EventTable, row: dict[str, Any], field: str) -> None:
    with pytest.raises(RequestError) as refused:
        checked_row(table, row, NOW)
    assert refused.value.field == field
