"""When customers left after each snapshot, and how long they were observed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from baton.company import Company
from features.training import snapshots
from features.training.leaving_times import leaving_times
from features.training.table import TrainingTable

MARCH = datetime(2024, 3, 1)
END = datetime(2024, 9, 1)


def company(gap_days: int = 0, horizon_days: int = 30, **churn: Any) -> Company:
    return Company.model_validate(
        {"snapshots": {"horizon_days": horizon_days, "gap_days": gap_days}, "outcomes": {"churn": churn}}
    )


def times(of: Company, warehouse: Any, *moments: datetime) -> dict[str, tuple[float, float]]:
    rows = snapshots.churn_labels(of, warehouse, list(moments)).to_pandas()
    found = leaving_times(of, warehouse, rows)
    return {
        name: (left, observed)
        for name, left, observed in zip(rows["customer_id"], found["left_days"], found["observed_days"], strict=True)
    }


def leaving(make_warehouse: Any, **left: datetime | None) -> Any:
    people = [{"customer_id": n, "joined_at": datetime(2023, 1, 1), "left_at": at} for n, at in left.items()]
    cases = [{"case_id": str(at), "opened_at": at, "customer_id": "c"} for at in (datetime(2023, 1, 1), END)]
    return make_warehouse({"customers": people, "cases": cases})


def test_days_until_leaving_are_counted_from_the_end_of_the_gap(make_warehouse: Any) -> None:
    warehouse = leaving(make_warehouse, soon=MARCH + timedelta(days=20), never=None, gap=MARCH + timedelta(days=3))
    observed = (END - MARCH).days - 10
    found = times(company(gap_days=10, rule="left_at"), warehouse, MARCH)
    assert found["soon"] == (10.0, observed)
    assert np.isnan(found["never"][0]) and found["never"][1] == observed
    assert "gap" not in found


def test_a_day_of_leaving_after_the_end_of_observation_is_not_known_yet(make_warehouse: Any) -> None:
    found = times(company(rule="left_at"), leaving(make_warehouse, announced=END + timedelta(days=5)), MARCH)
    assert np.isnan(found["announced"][0])


def test_the_label_is_whether_the_day_of_leaving_is_within_the_horizon(make_warehouse: Any) -> None:
    days = {f"c{day}": MARCH + timedelta(days=day) for day in (1, 29, 30, 31, 90)}
    of, warehouse = company(rule="left_at"), leaving(make_warehouse, **days)
    rows = snapshots.churn_labels(of, warehouse, [MARCH]).to_pandas()
    left = leaving_times(of, warehouse, rows)["left_days"]
    assert ((left <= 30).astype(float) == rows["label"]).all()
    assert sorted(left) == [1, 29, 30, 31, 90]


def visits(make_warehouse: Any, **days: tuple[int, ...]) -> Any:
    """Activity on these days after the first of March; everybody also on the last of February, one beyond the end."""
    rows = [{"customer_id": n, "at": MARCH + timedelta(days=day)} for n, of in days.items() for day in (-1, *of)]
    return make_warehouse({"activity": [*rows, {"customer_id": "other", "at": END}]})


def test_without_a_day_of_leaving_a_silence_of_the_horizon_is_one(make_warehouse: Any) -> None:
    warehouse = visits(make_warehouse, silent=(), once=(12,), often=(10, 30, 55), back=(10, 100), late=(20, 45, 170))
    found = times(company(rule="inactive", inactive_days=30), warehouse, MARCH)
    assert found["silent"][0] == 30
    assert found["once"][0] == 42
    assert found["often"][0] == 85
    assert found["back"][0] == 40
    assert found["late"][0] == 75


def test_a_silence_that_was_not_observed_to_its_end_is_not_known_to_be_one(make_warehouse: Any) -> None:
    warehouse = visits(make_warehouse, lately=(25, 50, 75, 100, 125, 150, 170))
    found = times(company(rule="inactive", inactive_days=30), warehouse, MARCH)
    assert np.isnan(found["lately"][0])
    assert found["lately"][1] == (END - MARCH).days


def test_what_is_known_at_an_earlier_moment_ends_there() -> None:
    frame = pd.DataFrame({"unit_id": ["a", "b", "c"], "as_of": MARCH, "label": 1.0, "group": ["a", "b", "c"]})
    all_of_it = pd.DataFrame({"left_days": [10.0, 50.0, np.nan], "observed_days": 180.0})
    table = TrainingTable(
        "churn", "probability", "customer", frame, (), {}, None, horizon_days=30, gap_days=5, times=all_of_it
    )
    then = table.known_by(pd.Timestamp(MARCH + timedelta(days=45)))
    assert then["observed_days"].tolist() == [40.0] * 3
    assert then["left_days"].isna().tolist() == [False, True, True]


@pytest.mark.parametrize("gap", [0, 7])
def test_a_rule_of_silence_agrees_with_its_label_at_the_horizon(make_warehouse: Any, gap: int) -> None:
    random = np.random.default_rng(0)
    days = {f"c{n}": tuple(sorted(random.choice(180, random.integers(0, 9), replace=False))) for n in range(60)}
    of = company(gap_days=gap, rule="inactive", inactive_days=30)
    warehouse = visits(make_warehouse, **{name: tuple(map(int, some)) for name, some in days.items()})
    rows = snapshots.churn_labels(of, warehouse, [MARCH]).to_pandas()
    left = leaving_times(of, warehouse, rows)["left_days"]
    assert ((left <= 30).astype(float) == rows["label"]).all()
    assert (left > 30).any() and left.isna().any()
