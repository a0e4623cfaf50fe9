"""Steps in local time beside cases in UTC are reported: they begin hours before their case was opened."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

from features.quality.faults import CheckReport

Check = Callable[..., CheckReport]

OPENED = pd.date_range("2024-01-01 10:07", periods=40, freq="31h")
CASES = pd.DataFrame({"case_id": range(40), "opened_at": OPENED})


def steps(hours: float, wait_minutes: list[int]) -> pd.DataFrame:
    """Two steps per case, by a clock that is so many hours off."""
    off, rows = pd.Timedelta(hours=hours), []
    for number, opened in enumerate(OPENED):
        first = opened + off + pd.Timedelta(minutes=wait_minutes[number % len(wait_minutes)])
        rows += [(number, first, "call"), (number, first + pd.Timedelta(minutes=50), "close")]
    return pd.DataFrame(rows, columns=["case_id", "at", "activity"])


@pytest.mark.parametrize(
    ("hours", "waits", "count", "sentence"),
    [
        (-8, [0, 12, 45, 90], 80, "half begin 7.5 hours before their opening or more"),
        (8, [0, 1, 2], 80, "half begin 8.0 hours after their opening or more"),
        (-5, [30], 80, "half begin 4.5 hours before their opening or more"),
        (0, [0, 12, 45, 90], 0, ""),
        (0, [300, 500, 800, 90], 0, ""),
        (0, [1], 0, ""),
    ],
)
def test_two_clocks_are_reported_with_their_difference(
    checked: Check, hours: float, waits: list[int], count: int, sentence: str
) -> None:
    report = checked({"cases": CASES, "case_steps": steps(hours, waits)})
    found = [fault for fault in report.faults if fault.kind == "two_clocks"]
    assert [(fault.table, fault.column, fault.count, fault.treatment) for fault in found] == (
        [("case_steps", "at", count, "keep")] if count else []
    )
    if found:
        assert sentence in found[0].hint and "of 40 cases" in found[0].hint
        assert report.faults[0].severity == "warning"


def test_days_without_a_time_and_few_cases_say_nothing_of_clocks(checked: Check) -> None:
    days = CASES.assign(opened_at=OPENED.normalize() + pd.Timedelta(days=1))
    report = checked({"cases": days, "case_steps": steps(-8, [0, 12])})
    assert not [fault for fault in report.faults if fault.kind == "two_clocks"]
    few = checked({"cases": CASES[:19], "case_steps": steps(-8, [0, 12])[:38]})
    assert not [fault for fault in few.faults if fault.kind == "two_clocks"]
