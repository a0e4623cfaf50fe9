"""Dates, risk and labels."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pandas as pd
import pytest

from baton.company import Company
from baton.errors import CompanyFileError
from features.training import snapshots

MARCH = datetime(2024, 3, 1)
TICK = timedelta(microseconds=1)


def settings(churn: dict[str, Any] | None = None, **details: Any) -> Company:
    return Company.model_validate({"snapshots": details, "outcomes": {"churn": churn or {"rule": "left_at"}}})


def case(opened: datetime, customer: str = "c") -> dict[str, Any]:
    return {"case_id": f"{customer}{opened.isoformat()}", "opened_at": opened, "customer_id": customer}


def span(make_warehouse: Any, first: datetime, last: datetime, **more: Any) -> Any:
    return make_warehouse({"cases": [case(first), case(last)], **more})


def test_months_are_counted_back_from_the_end_and_keep_to_month_ends(make_warehouse: Any) -> None:
    warehouse = span(make_warehouse, datetime(2023, 11, 1), datetime(2024, 3, 31))
    company = settings(every="1mo", windows_days=[7], horizon_days=10)
    assert snapshots.dates(company, warehouse, 10) == [
        datetime(2023, 11, 30), datetime(2023, 12, 31), datetime(2024, 1, 31), datetime(2024, 2, 29), datetime(2024, 3, 31)
    ]  # fmt: skip


def test_the_latest_snapshot_ends_the_last_day_that_all_event_tables_cover(make_warehouse: Any) -> None:
    activity = [{"customer_id": "c", "at": datetime(2024, 3, 20)}, {"customer_id": "c", "at": datetime(2024, 6, 1)}]
    warehouse = span(make_warehouse, datetime(2024, 1, 1), datetime(2024, 3, 30, 15, 20), activity=activity)
    assert snapshots.latest(warehouse) == datetime(2024, 3, 31)


def test_the_company_file_decides_until_when_a_table_is_complete(make_warehouse: Any) -> None:
    rows = {"cases": [case(datetime(2024, 1, 1)), case(datetime(2024, 3, 30))]}
    warehouse = make_warehouse(rows, {"cases": datetime(2024, 2, 1)})
    assert snapshots.latest(warehouse) == datetime(2024, 2, 1)


@pytest.mark.parametrize(("every", "days"), [("1d", 1), ("1w", 7), ("2w", 14)])
def test_days_and_weeks_are_counted_back(make_warehouse: Any, every: str, days: int) -> None:
    warehouse = span(make_warehouse, datetime(2024, 1, 1), datetime(2024, 3, 1))
    found = snapshots.dates(settings(every=every, windows_days=[7, 30]), warehouse, 5)
    assert found[-1] == MARCH
    assert found[-2] <= MARCH - timedelta(days=5)
    assert {(later - earlier).days for earlier, later in zip(found[:-1], found[1:-1], strict=False)} <= {days}
    assert found[0] - timedelta(days=7) >= datetime(2024, 1, 1)
    assert found[0] - timedelta(days=7 + days) < datetime(2024, 1, 1)


def test_many_snapshots_are_thinned_evenly(make_warehouse: Any) -> None:
    warehouse = span(make_warehouse, datetime(2023, 1, 1), datetime(2024, 1, 1))
    found = snapshots.dates(settings(every="1d", windows_days=[7]), warehouse, 30)
    assert len(found) <= snapshots.MAX_DATES + 1
    assert found[-1] == datetime(2024, 1, 1)


def labels(warehouse: Any, company: Company, *moments: datetime) -> dict[str, float | None]:
    frame = snapshots.churn_labels(company, warehouse, list(moments)).to_pandas()
    return {row.customer_id: (None if pd.isna(row.label) else row.label) for row in frame.itertuples()}


def people(**left: datetime | None) -> list[dict[str, Any]]:
    return [
        {"customer_id": name, "joined_at": datetime(2023, 1, 1), "left_at": moment} for name, moment in left.items()
    ]


def test_the_horizon_is_open_at_its_start_and_closed_at_its_end(make_warehouse: Any) -> None:
    end = MARCH + timedelta(days=30)
    customers = people(gone=MARCH, first=MARCH + TICK, last=end, after=end + TICK, stays=None)
    warehouse = span(make_warehouse, datetime(2023, 1, 1), datetime(2024, 9, 1), customers=customers)
    found = labels(warehouse, settings(horizon_days=30), MARCH)
    assert found == {"first": 1, "last": 1, "after": 0, "stays": 0}


def test_who_leaves_in_the_gap_is_left_out(make_warehouse: Any) -> None:
    gap = MARCH + timedelta(days=10)
    customers = people(in_gap=gap, just_after=gap + TICK, last=gap + timedelta(days=30), stays=None)
    warehouse = span(make_warehouse, datetime(2023, 1, 1), datetime(2024, 9, 1), customers=customers)
    found = labels(warehouse, settings(horizon_days=30, gap_days=10), MARCH)
    assert found == {"just_after": 1, "last": 1, "stays": 0}


def test_an_incomplete_horizon_has_no_label_even_for_those_already_gone(make_warehouse: Any) -> None:
    customers = people(gone=MARCH + timedelta(days=2), stays=None)
    warehouse = span(make_warehouse, datetime(2023, 1, 1), MARCH + timedelta(days=29), customers=customers)
    assert labels(warehouse, settings(horizon_days=30), MARCH) == {"gone": None, "stays": None}
    assert labels(warehouse, settings(horizon_days=29), MARCH) == {"gone": 1, "stays": 0}


def test_nobody_is_at_risk_before_they_joined(make_warehouse: Any) -> None:
    customers = [
        {"customer_id": "early", "joined_at": MARCH - TICK, "left_at": None},
        {"customer_id": "now", "joined_at": MARCH, "left_at": None},
        {"customer_id": "unknown", "joined_at": None, "left_at": None},
    ]
    warehouse = span(make_warehouse, datetime(2023, 1, 1), datetime(2024, 9, 1), customers=customers)
    assert set(labels(warehouse, settings(), MARCH)) == {"early", "unknown"}


def test_who_has_left_by_the_snapshot_is_not_at_risk(make_warehouse: Any) -> None:
    customers = people(gone=MARCH, leaves=MARCH + TICK, stays=None)
    warehouse = span(make_warehouse, datetime(2023, 1, 1), datetime(2024, 9, 1), customers=customers)
    risk = snapshots.at_risk(settings(), warehouse, [MARCH]).to_pandas()
    assert set(risk["customer_id"]) == {"leaves", "stays"}


def test_the_inactive_leave_by_doing_nothing(make_warehouse: Any) -> None:
    before, days = MARCH - timedelta(days=5), timedelta(days=30)
    acts = {
        "active": [before, MARCH + days],
        "lapsed": [before],
        "too_late": [before, MARCH + days + TICK],
        "at_the_snapshot": [datetime(2023, 6, 1), MARCH],
        "lapsed_before": [MARCH - days],
        "other": [datetime(2023, 1, 1), datetime(2024, 9, 1)],
    }
    activity = [{"customer_id": name, "at": moment} for name, moments in acts.items() for moment in moments]
    warehouse = make_warehouse({"activity": activity})
    company = settings({"rule": "inactive", "inactive_days": 30}, horizon_days=90)
    assert labels(warehouse, company, MARCH) == {"active": 0, "lapsed": 1, "too_late": 1, "at_the_snapshot": 1}


def test_left_at_without_its_column_is_refused(make_warehouse: Any) -> None:
    warehouse = span(make_warehouse, datetime(2023, 1, 1), MARCH, customers=[{"customer_id": "c"}])
    with pytest.raises(CompanyFileError, match=r"customers\.left_at"):
        snapshots.churn_labels(settings(), warehouse, [MARCH])
