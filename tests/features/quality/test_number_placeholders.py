"""999 and its kind count as missing where they can be nothing else, and are reported where they may be a value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from baton.messages.message import render
from features.quality.faults import CheckReport, Fault
from features.staging.warehouse import Warehouse

Staged = Callable[..., tuple[CheckReport, Warehouse, Any]]
Check = Callable[..., CheckReport]


def customers(**columns: list[float]) -> dict[str, pd.DataFrame]:
    rows = len(next(iter(columns.values())))
    days = pd.date_range("2025-01-01", periods=rows).strftime("%Y-%m-%d")
    people = {"customer_id": range(rows), "joined_at": days}
    cases = {"case_id": range(rows), "opened_at": days, "customer_id": range(rows)}
    return {"customers": pd.DataFrame(people | columns), "cases": pd.DataFrame(cases)}


def found(report: CheckReport) -> list[Fault]:
    return [fault for fault in report.faults if fault.kind == "placeholder_number"]


@pytest.mark.parametrize(
    ("number", "others"), [(9999, 30), (999, 30), (99999, 500), (999999, 80), (2147483647, 5000), (-99, 9), (-999, 300)]
)
@pytest.mark.parametrize("column", ["value", "visits"])
def test_a_number_that_can_only_stand_for_none_is_missing(
    staged: Staged, number: float, others: int, column: str
) -> None:
    ordinary = [float(others - row % 7) for row in range(60)]
    report, warehouse, _ = staged(customers(**{column: [*ordinary, *[number] * 3]}))
    (fault,) = found(report)
    assert (fault.table, fault.column, fault.count, fault.treatment) == ("customers", column, 3, "null")
    assert str(number) in fault.message
    assert "表示“无值”的数字" in render(fault.as_message(), "zh")
    table = warehouse["customers"].to_pandas()
    name = next(each for each in table.columns if each.endswith(column))
    assert table[name].count() == 60 and table[name].max() == others and table[name].min() >= 0


@pytest.mark.parametrize(
    "values",
    [
        [9999.0] * 2 + [30.0] * 60,  # two rows are chance
        [999.0] * 5 + [1.0, 450.0, 700.0] * 20,  # a price like the others
        [999.0] * 5 + [100.0] * 60 + [5000.0],  # others lie beyond it
        [-1.0] * 20 + [0.0] * 20 + [1.0] * 20,  # a mood
        [-1.0] * 5 + [-2.0, 3.0] * 30,  # others are below zero
        [999.0] * 3 + [1.0] * 10,  # too few to decide
    ],
)
def test_a_number_like_the_others_stays(staged: Staged, values: list[float]) -> None:
    report, warehouse, _ = staged(customers(value=values))
    assert not found(report)
    assert warehouse["customers"].to_pandas()["value"].count() == len(values)


def test_a_number_that_may_stand_for_none_is_reported(checked: Check) -> None:
    report = checked(customers(value=[999.0] * 4 + [200.0, 150.0] * 30))
    assert not found(report)
    reported = [note for note in report.notes if "999" in note]
    assert reported == [
        "customers.value: 999 stands in 4 rows, and all others lie between 150 and 200; if it stands for no value, "
        "take it out in the table's sql"
    ]
    assert any("若它表示无值" in render(each, "zh") for each in report.decided)


@pytest.mark.parametrize("number", [88, 99, 999])
def test_no_answer_among_ratings_is_missing_and_makes_no_other_scale(checked: Check, number: int) -> None:
    tables = customers(visits=[5.0] * 60)
    tables["cases"]["csat"] = [5, 4, 3] * 18 + [number] * 6
    report = checked(tables)
    assert [(fault.column, fault.count) for fault in found(report)] == [("csat", 6)]
    assert any(note.startswith("cases.csat is taken as a scale from 1 to 5") for note in report.notes)
    tables["cases"]["csat"] = [50, 99, 70] * 18 + [99] * 6
    assert not found(checked(tables))


def test_minus_one_is_missing_in_an_own_column_and_may_be_an_item_given_back_in_an_amount(checked: Check) -> None:
    values = [-1.0] * 4 + [20.0, 3.0] * 30
    assert [fault.count for fault in found(checked(customers(visits=values)))] == [4]
    report = checked(customers(value=values))
    assert not found(report)
    assert [note.split(";")[0] for note in report.notes if "-1 stands" in note] == [
        "customers.value: -1 stands in 4 rows, and all others lie between 3 and 20"
    ]


def test_most_rows_may_have_none_and_the_company_may_keep_them(staged: Staged) -> None:
    values = [999.0] * 70 + [5.0] * 30
    assert [(fault.count, fault.treatment) for fault in found(staged(customers(value=values))[0])] == [(70, "null")]
    report, warehouse, _ = staged(customers(value=values), settings='[faults]\nplaceholder_number = "keep"')
    assert not found(report)
    assert warehouse["customers"].to_pandas()["value"].max() == 999
