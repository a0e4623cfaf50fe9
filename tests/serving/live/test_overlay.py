"""Which events count: new ones, late ones for a while, none twice, and each correction alone."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from serving.live.overlay import Overlay, overlay
from tests.serving.live.days import Kept

READ = datetime(2026, 7, 1, 2)
END = datetime(2026, 7, 1)
COLUMNS = {
    "cases": ["case_id", "customer_id", "opened_at", "closed_at", "rated_at", "csat", "nps"],
    "activity": ["customer_id", "at", "kind", "amount"],
}
STAGED: dict[str, list[dict[str, Any]]] = {
    "cases": [dict.fromkeys(COLUMNS["cases"]) | {"case_id": "k1", "customer_id": "c1", "opened_at": END, "csat": 4.0}],
    "activity": [{"customer_id": "c1", "at": datetime(2026, 6, 30, 9, 5), "kind": "order", "amount": 3.0}],
}


def staged(table: str, column: str, ids: Any) -> list[dict[str, Any]]:
    return [row for row in STAGED[table] if row[column] in ids]


def event(number: int, table: str, row: dict[str, Any], hours: float = 10.0, **more: Any) -> Kept:
    """An event that came so many hours after the run had read its tables."""
    came = READ + timedelta(hours=hours)
    times = {"occurred_at": came, "last_at": came, "received_at": came} | more
    return Kept(number, table, row, **times)


def laid(*events: Kept) -> Overlay:
    return overlay(events, {"cases": END, "activity": END}, READ, COLUMNS, staged)


def test_a_correction_changes_what_it_says_and_nothing_else() -> None:
    found = laid(event(1, "cases", {"case_id": "k1", "csat": 2.0}))
    assert found.rows["cases"] == [{**STAGED["cases"][0], "csat": 2.0}]
    assert (found.counted, found.by_customer) == ({"cases": 1}, {"c1": 1})


def test_of_two_the_later_counts_whichever_came_first() -> None:
    late = event(1, "cases", {"case_id": "k1", "csat": 1.0}, occurred_at=READ + timedelta(hours=12))
    early = event(2, "cases", {"case_id": "k1", "csat": 5.0, "nps": 3.0}, occurred_at=READ + timedelta(hours=11))
    (row,) = laid(late, early).rows["cases"]
    assert (row["csat"], row["nps"]) == (1.0, 3.0)


def test_what_the_run_has_read_counts_no_more_and_what_it_should_have_for_two_days() -> None:
    old = {"last_at": END - timedelta(days=3)}
    known = event(1, "cases", {"case_id": "k1", "csat": 1.0}, -1, **old)
    unknown = event(2, "cases", {"case_id": "k9", "opened_at": "2026-06-28T00:00:00"}, -1, **old)
    longer = event(3, "cases", {"case_id": "k8", "opened_at": "2026-06-28T00:00:00"}, -49, **old)
    after = event(4, "cases", {"case_id": "k7", "opened_at": "2026-07-01T01:00:00"}, -0.5)
    assert [row["case_id"] for row in laid(known, unknown, longer, after).rows["cases"]] == ["k9", "k7"]
    ancient = event(5, "cases", {"case_id": "k1", "csat": 1.0}, -31 * 24, **old)
    assert laid(known, ancient).read == (5,)


def test_a_thing_that_is_staged_or_comes_twice_is_one() -> None:
    same = {"customer_id": "c1", "at": "2026-06-30T09:05:00", "kind": "order"}
    other = {"customer_id": "c1", "at": "2026-07-01T09:05:00", "kind": "order"}
    day = {"customer_id": "c1", "at": "2026-07-01T00:00:00", "kind": "order"}
    found = laid(*(event(number, "activity", row) for number, row in enumerate((same, other, other, day, day), 1)))
    assert [row["at"].day for row in found.rows["activity"]] == [1, 1, 1]
    assert found.counted == {"activity": 3}
    assert found.until["activity"] == datetime(2026, 7, 1, 9, 5)


def test_a_case_is_settled_as_staging_settles_it() -> None:
    opened = {"case_id": "n", "opened_at": "2026-07-01T09:00:00"}
    (row,) = laid(event(1, "cases", opened | {"closed_at": "2026-07-01T08:00:00"})).rows["cases"]
    assert row["closed_at"] is None
    (row,) = laid(event(1, "cases", opened | {"closed_at": "2026-07-01T10:00:00", "csat": 3.0})).rows["cases"]
    assert row["rated_at"] == datetime(2026, 7, 1, 10)  # no later than the table is known
