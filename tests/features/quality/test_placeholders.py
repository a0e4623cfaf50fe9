"""Dates that stand for none are missing values in every time column, counted; real dates of old are not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pandas as pd
import pytest

from features.training import snapshots

Stage = Callable[..., Any]


def company(left: list[str | None], joined: list[str | None] | None = None) -> dict[str, pd.DataFrame]:
    days = pd.date_range("2024-01-01", periods=200, freq="2D")
    cases = pd.DataFrame({"case_id": range(200), "opened_at": days.strftime("%Y-%m-%d %H:%M"), "customer_id": "C0"})
    people = [f"C{number}" for number in range(len(left))]
    return {
        "cases": cases,
        "customers": pd.DataFrame({"customer_id": people, "joined_at": joined or "2023-05-01", "left_at": left}),
    }


def left_of(warehouse: Any, column: str = "left_at") -> list[Any]:
    return warehouse["customers"].order_by("customer_id")[column].to_pyarrow().to_pylist()


@pytest.mark.parametrize(
    "never",
    [
        "9999-12-31",
        "9999-12-31 23:59:59",
        "2999-12-31",
        "2099-12-31",
        "1900-01-01",
        "1970-01-01",
        "1753-01-01",
        "0001-01-01",
    ],
)
def test_a_date_that_stands_for_none_is_none(staged: Stage, never: str) -> None:
    report, warehouse, _ = staged(company([never] * 25 + ["2024-06-01", None, None]))
    fault = next(fault for fault in report.faults if fault.kind == "far_time")
    assert (fault.table, fault.column, fault.count, fault.treatment) == ("customers", "left_at", 25, "null")
    assert never[:10] in fault.rows[0]
    assert {one.kind for one in report.faults} == {"far_time"}
    assert warehouse["customers"].count().to_pyarrow().as_py() == 28
    assert [moment for moment in left_of(warehouse) if moment is not None] == [datetime(2024, 6, 1)]
    assert snapshots.latest(warehouse) == datetime(2025, 2, 2)


@pytest.mark.parametrize("zone", ["Europe/Paris", "America/New_York", "Asia/Shanghai"])
def test_it_stands_for_none_in_the_company_s_own_time_too(staged: Stage, zone: str) -> None:
    tables = company(["2099-12-31", "9999-12-31 23:59:59", "1970-01-01 00:00", None])
    report, warehouse, _ = staged(tables, options={"customers": f', timezone = "{zone}"'})
    assert [fault.count for fault in report.faults] == [3]
    assert left_of(warehouse) == [None] * 4


def test_a_case_without_a_date_is_treated_as_one_without_a_date(staged: Stage) -> None:
    tables = company([None])
    tables["cases"].loc[[3, 4], "opened_at"] = "1970-01-01 00:00"
    report, warehouse, _ = staged(tables)
    fault = next(fault for fault in report.faults if fault.kind == "far_time")
    assert (fault.column, fault.count, fault.treatment) == ("opened_at", 2, "drop")
    assert warehouse["cases"].count().to_pyarrow().as_py() == 198
    assert snapshots.first_event(warehouse) == datetime(2024, 1, 1)


def test_a_column_of_placeholders_stops_the_run_where_dates_are_required(checked: Callable[..., Any]) -> None:
    tables = company([None])
    tables["cases"]["opened_at"] = "1970-01-01"
    assert any(fault.stops and fault.kind == "far_time" for fault in checked(tables).faults)


def test_people_who_were_there_on_the_first_of_january_1970_stay_so(staged: Stage) -> None:
    joined = ["1970-01-01", "1970-01-01", "1969-03-01", "1970-05-01", "1972-02-01"]
    report, warehouse, _ = staged(company([None] * 5, joined))
    assert not [fault for fault in report.faults if fault.kind == "far_time"]
    assert left_of(warehouse, "joined_at")[0] == datetime(1970, 1, 1)
    report, warehouse, _ = staged(company([None] * 3, ["1970-01-01", "1999-03-01", "2004-05-01"]))
    assert [fault.count for fault in report.faults if fault.kind == "far_time"] == [1]
    assert left_of(warehouse, "joined_at")[0] is None


def test_a_card_that_holds_since_ever_holds(staged: Stage) -> None:
    cards = pd.DataFrame({"team_id": ["t"], "kpi": ["csat"], "weight": [100], "valid_from": ["1900-01-01"]})
    report, warehouse, _ = staged({**company([None]), "scorecards": cards})
    assert not report.faults
    assert warehouse["scorecards"].count().to_pyarrow().as_py() == 1


def test_placeholders_stay_where_the_company_wants_them(staged: Stage) -> None:
    _, warehouse, _ = staged(company(["2099-12-31"]), settings='[faults]\nfar_time = "keep"')
    assert left_of(warehouse) == [datetime(2099, 12, 31)]
