"""What happened before somebody joined or after they left is reported, and so are flags and ratings without a date."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pandas as pd

from baton.messages.message import render
from features.quality.faults import CheckReport

Check = Callable[..., CheckReport]

DAYS = pd.date_range("2024-01-01 10:00", periods=100, freq="2D")
CASES = pd.DataFrame({"case_id": range(100), "opened_at": DAYS, "customer_id": "a", "employee_id": "e"})
CASES["closed_at"] = CASES["opened_at"] + pd.Timedelta(hours=1)


def reported(report: CheckReport, kind: str) -> list[tuple[str, str, int, str]]:
    return [(fault.table, fault.column, fault.count, fault.treatment) for fault in report.faults if fault.kind == kind]


def test_cases_and_activity_before_joining_are_reported_with_their_share(checked: Check) -> None:
    people = pd.DataFrame({"customer_id": ["a", "b"], "joined_at": ["2024-04-10", "2020-01-01"], "left_at": None})
    activity = CASES.rename(columns={"opened_at": "at"})[["customer_id", "at"]]
    report = checked({"customers": people, "cases": CASES, "activity": activity})
    # 2024-01-01 to 2024-04-08 every second day; the day of joining itself is none
    assert reported(report, "before_joined") == [("cases", "opened_at", 50, "keep"), ("activity", "at", 50, "keep")]
    assert not reported(report, "after_left")
    hint = next(fault.hint for fault in report.faults if fault.kind == "before_joined")
    assert hint == "50% of the 100 rows whose owner has that date"
    people.loc[0, "joined_at"] = "2024-06-01"
    report = checked({"customers": people, "cases": CASES})
    assert "most of them" in next(fault.hint for fault in report.faults if fault.kind == "before_joined")


def test_cases_after_leaving_are_reported_and_dropped_where_asked(checked: Check, staged: Callable[..., Any]) -> None:
    people = pd.DataFrame({"customer_id": ["a"], "joined_at": ["2020-01-01"], "left_at": ["2024-06-29"]})
    assert reported(checked({"customers": people, "cases": CASES}), "after_left") == [("cases", "opened_at", 9, "keep")]
    _, warehouse, _ = staged({"customers": people, "cases": CASES}, settings='[faults]\nafter_left = "drop"')
    assert warehouse["cases"].count().to_pyarrow().as_py() == 91


def test_a_customer_who_came_back_is_not_gone(checked: Check) -> None:
    people = pd.DataFrame(
        {
            "customer_id": ["a", "a"],
            "joined_at": ["2020-01-01", "2023-06-01"],
            "left_at": ["2022-01-01", None],
            "valid_from": ["2020-01-01", "2023-06-01"],
        }
    )
    assert not reported(checked({"customers": people, "cases": CASES}), "after_left")


def test_work_and_cases_outside_employment_are_reported(checked: Check) -> None:
    people = pd.DataFrame({"employee_id": ["e"], "hired_at": ["2024-03-01"], "left_at": ["2024-06-29"]})
    months = pd.date_range("2024-01-01", periods=7, freq="MS")
    work = pd.DataFrame({"employee_id": "e", "from": months, "to": months + pd.offsets.MonthEnd(), "training_hours": 1})
    report = checked({"employees": people, "cases": CASES, "work": work})
    assert reported(report, "outside_employment") == [
        ("cases", "opened_at", 30, "keep"),
        ("cases", "opened_at", 9, "keep"),
        ("work", "to", 2, "keep"),
        ("work", "from", 1, "keep"),
    ]


def test_a_leaving_flag_without_a_date_is_reported(checked: Check) -> None:
    people = pd.DataFrame({"customer_id": list("abcd"), "left_at": ["2024-03-01", None, None, None]})
    for column, values in (
        ("Churned", ["yes", "yes", "no", "no"]),
        ("churned", [1, 1, 0, 0]),
        ("status", ["churned", "Cancelled", "active", "active"]),
        ("is_active", [False, False, True, True]),
        ("客户状态", ["已流失", "流失", "正常", "正常"]),
    ):
        report = checked({"customers": people.assign(**{column: values}), "cases": CASES})
        assert reported(report, "left_without_date") == [("customers", column, 1, "keep")], column


def of_ratings(report: CheckReport) -> list[str]:
    return [note for note in report.notes if note.startswith("cases.rated_at")]


def test_ratings_without_a_time_are_reported_and_the_last_week_is_there(staged: Callable[..., Any]) -> None:
    report, warehouse, _ = staged({"cases": CASES.assign(csat=4)})
    assert "100 ratings have no time of their own" in of_ratings(report)[0]
    rated = warehouse["cases"].order_by("opened_at").rated_at.to_pyarrow().to_pylist()
    end = DAYS[-1].to_pydatetime()
    assert rated[0] == datetime(2024, 1, 8, 11)  # a week after closing
    assert rated[-4:-1] == [end] * 3  # what is in the table was known when it ended
    assert rated[-1] == datetime(2024, 7, 17, 11)  # closed after the last opening: known when it was closed
    # nothing is known at a moment before the end that was not known then before
    assert sum(moment < end for moment in rated) == sum(day + pd.Timedelta(days=7, hours=1) < end for day in DAYS)


def test_ratings_of_which_nothing_says_when_are_reported(checked: Check) -> None:
    report = checked({"cases": CASES.assign(csat=4).drop(columns="closed_at")})
    assert "100 ratings have neither rated_at nor closed_at" in of_ratings(report)[0]
    assert not of_ratings(checked({"cases": CASES.assign(csat=4, rated_at=CASES["closed_at"])}))


def test_it_is_reported_in_chinese_too(checked: Check) -> None:
    people = pd.DataFrame({"customer_id": ["a", "b"], "joined_at": ["2024-04-10", "2020-01-01"]})
    people["left_at"], people["status"] = ["2024-06-29", None], ["active", "churned"]
    staff = pd.DataFrame({"employee_id": ["e"], "hired_at": ["2024-03-01"], "left_at": ["2024-06-29"]})
    report = checked({"customers": people, "employees": staff, "cases": CASES.assign(csat=4)})
    kinds = {"before_joined", "after_left", "outside_employment", "left_without_date"}
    assert kinds <= {fault.kind for fault in report.faults}
    assert of_ratings(report)
    for each in report.summary():
        assert re.search(r"[\u4e00-\u9fff]", render(each, "zh")), each


def test_coaching_outside_employment_is_reported(checked: Check) -> None:
    people = pd.DataFrame({"employee_id": ["e"], "hired_at": ["2024-03-01"], "left_at": ["2024-06-29"]})
    log = pd.DataFrame({"employee_id": "e", "kpi": "csat", "started_at": ["2024-02-01", "2024-03-05", "2024-07-05"]})
    report = checked({"employees": people, "cases": CASES, "coaching_log": log})
    found = [fault for fault in reported(report, "outside_employment") if fault[0] == "coaching_log"]
    assert found == [("coaching_log", "started_at", 1, "keep"), ("coaching_log", "started_at", 1, "keep")]


def test_coaching_that_ended_before_it_began_is_held_for_a_time_unknown(checked: Check) -> None:
    log = pd.DataFrame({"employee_id": "e", "kpi": "csat", "started_at": ["2024-03-05", "2024-04-05"],
                        "ended_at": ["2024-02-05", "2024-04-05"]})  # fmt: skip
    found = reported(checked({"cases": CASES, "coaching_log": log}), "negative_duration")
    assert found == [("coaching_log", "ended_at", 1, "null")]
