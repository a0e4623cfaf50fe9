"""Cases with their outcomes permuted, and halves of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from features.cases.placebo import halved, permuted
from features.cases.table import CaseTable

ROWS = 4000
RNG = np.random.default_rng(3)
FRAME = pd.DataFrame(
    {
        "case_id": [f"k{number}" for number in range(ROWS)],
        "customer_id": [f"c{number % 500}" if number % 100 else None for number in range(ROWS)],
        "employee_id": [f"e{number % 40}" for number in range(ROWS)],
        "process": pd.Categorical(np.where(np.arange(ROWS) % 3 == 0, "billing", "repair")),
        "period": pd.to_datetime("2024-01-01") + pd.to_timedelta(30 * (np.arange(ROWS) % 4), unit="D"),
        "kpi:cost": RNG.normal(size=ROWS),
    }
)
FRAME["y:churn"] = (FRAME["kpi:cost"] > 0.5).astype(float).where(FRAME["process"] == "repair", 0.0)
FRAME["y:driver:csat"] = 5.0 - FRAME["y:churn"]
CASES = CaseTable(FRAME, frozenset({"cost"}), 90, 1.0, 500, {"churn": "probability"}, {"churn": "lower"})


def test_permuted_outcomes_keep_their_shares_by_process_and_month_and_lose_what_was_done() -> None:
    found = permuted(CASES, 5).frame
    keys = ["process", "period"]
    before, after = (table.groupby(keys, observed=True)["y:churn"].sum() for table in (FRAME, found))
    pd.testing.assert_series_equal(before, after)
    assert FRAME["kpi:cost"].corr(FRAME["y:churn"]) > 0.4
    assert abs(found["kpi:cost"].corr(found["y:churn"])) < 0.05
    pd.testing.assert_series_equal(found["kpi:cost"], FRAME["kpi:cost"])


def test_all_outcomes_of_a_case_travel_together_and_the_same_way_each_time() -> None:
    found = permuted(CASES, 5).frame
    assert (found["y:churn"] + found["y:driver:csat"] == 5.0).all()
    pd.testing.assert_frame_equal(found, permuted(CASES, 5).frame)
    assert (found["y:churn"] != permuted(CASES, 6).frame["y:churn"]).any()


@pytest.mark.parametrize(("by", "share"), [("customer", 0.5), ("employee", 1.0)])
def test_halves_split_whole_customers_or_people_and_hold_every_case_once(by: str, share: float) -> None:
    one, two = halved(CASES, 9, by=by)  # pyright: ignore[reportArgumentType]
    names = [set(half.frame[f"{by}_id"].dropna()) for half in (one, two)]
    assert not names[0] & names[1]
    assert min(len(half) for half in names) > 0.3 * len(names[0] | names[1])
    assert sorted([*one.frame["case_id"], *two.frame["case_id"]]) == sorted(FRAME["case_id"])
    assert (one.sampled_share, two.sampled_share) == (share, share)


def test_without_cases_both_halves_are_empty() -> None:
    empty = CaseTable(FRAME.iloc[:0], frozenset(), 90, 1.0, 0, {}, {})
    assert all(half.frame.empty for half in halved(empty, 1))
    assert permuted(empty, 1).frame.empty
