"""Rows are put into weeks by when their values became known."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest

from features.monitoring.moves import moves
from features.monitoring.series import Series, series_of

BEGIN = datetime(2025, 1, 6)
WEEKS = 20
END = BEGIN + timedelta(weeks=WEEKS)


def cases(**late: Any) -> list[dict[str, Any]]:
    """Ten cases a week, closed a week later, rated on the day after."""
    rows = []
    for number in range(WEEKS * 10):
        opened = BEGIN + timedelta(hours=16.8 * number)
        closed = opened + timedelta(days=7)
        row = {"case_id": str(number), "opened_at": opened, "channel": "chat" if number % 5 == 0 else "phone"}
        if closed < END:
            row |= {"closed_at": closed, "cost": 10.0 + number % 7, "rated_at": None, "csat": None}
        if closed + timedelta(days=1) < END:
            row |= {"rated_at": closed + timedelta(days=1), "csat": 4.0 - number % 3 / 2}
        rows.append(row | {"own": number % 3 == 0, "employee_id": f"e{number % 4}", "team_id": f"t{number % 2}"} | late)
    return rows


def one(found: list[Series], source: str, column: str, what: str, value: str = "") -> Series:
    return next(
        series
        for series in found
        if (series.source, series.column, series.what, series.value) == (source, column, what, value)
    )


def watch(make_warehouse: Any, rows: list[dict[str, Any]], end: datetime = END) -> list[Series]:
    last = max(row["opened_at"] for row in rows)
    return series_of(make_warehouse({"cases": rows}, {"cases": last}), end)


def test_weeks_end_where_the_data_end(make_warehouse: Any) -> None:
    rows = one(watch(make_warehouse, cases()), "cases", "", "rows")
    assert rows.periods.every == "week"
    assert rows.periods.end == END
    assert rows.values.tolist() == [10.0] * WEEKS


def test_what_is_known_at_the_end_of_a_case_is_no_loss_in_the_last_week(make_warehouse: Any) -> None:
    found = watch(make_warehouse, cases())
    assert np.nanmax(one(found, "closed cases", "cost", "missing").values) == 0
    assert not [series for series in found if series.source == "cases" and series.column in {"cost", "csat"}]
    assert one(found, "ratings", "csat", "level").values[-1] == pytest.approx(3.5, abs=0.2)


def test_a_source_that_stopped_has_weeks_without_rows(make_warehouse: Any) -> None:
    rows = one(watch(make_warehouse, cases(), END + timedelta(weeks=2)), "cases", "", "rows")
    assert rows.values[-3:].tolist() == [10.0, 0.0, 0.0]


def test_shares_are_of_the_rows_that_have_a_value(make_warehouse: Any) -> None:
    rows = cases()
    for row in rows[::2]:
        row["channel"] = None
    found = watch(make_warehouse, rows)
    assert one(found, "cases", "channel", "missing").values[-1] == pytest.approx(0.5)
    chat, phone = (one(found, "cases", "channel", "share", value) for value in ("chat", "phone"))
    assert chat.values + phone.values == pytest.approx(np.ones(WEEKS))
    assert chat.rows.tolist() == [5.0] * WEEKS


def test_ids_texts_and_moments_are_not_watched(make_warehouse: Any) -> None:
    rows = [row | {"text": f"words {number}", "seen": BEGIN} for number, row in enumerate(cases())]
    columns = {(series.column, series.what) for series in watch(make_warehouse, rows)}
    assert ("team_id", "share") in columns
    assert not {("employee_id", "share"), ("text", "share"), ("seen", "missing")} & columns


def test_a_table_of_months_is_watched_by_the_month(make_warehouse: Any) -> None:
    rows = [
        {"unit": "team", "unit_id": "a", "from": datetime(year, month, 1), "to": datetime(year, month, 28), "kpi": kpi,
         "value": 1.0 + month}
        for year in (2024, 2025) for month in range(1, 13) for kpi in ("csat", "nps")
    ]  # fmt: skip
    found = series_of(make_warehouse({"measures": rows}, {"measures": datetime(2025, 12, 28)}), datetime(2026, 1, 3))
    level = one(found, "measures", "value", "level", "csat")
    assert level.periods.every == "month"
    assert level.periods.end == datetime(2026, 1, 1)
    assert level.values[-12:].tolist() == [2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0, 13.0]


def test_too_short_a_table_is_not_watched(make_warehouse: Any) -> None:
    assert watch(make_warehouse, cases()[:100], BEGIN + timedelta(weeks=10)) == []


def test_without_any_time_nothing_is_watched(make_warehouse: Any) -> None:
    assert series_of(make_warehouse({"snapshots": [{"customer_id": "a", "churned": True}]})) == []


def test_people_who_work_for_another_team_are_counted(make_warehouse: Any) -> None:
    rows = cases()
    for row in rows[-20:]:  # two weeks
        if row["employee_id"] == "e1":
            row["team_id"] = "t9"
    warehouse = make_warehouse({"cases": rows}, {"cases": END})
    moved = moves(warehouse, one(series_of(warehouse, END), "cases", "", "rows"))
    assert moved is not None
    assert moved.values[2:-2].tolist() == [0.0] * (WEEKS - 4)
    assert moved.values[-2:].tolist() == [0.25, 0.25]
    assert moved.rows[-1] == 4
