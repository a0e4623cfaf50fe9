"""Periods that name their last day are read up to its end, and the others as they stand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

Staged = Callable[..., Any]


def measures(step: str, kpi: str = "csat", *, inclusive: bool, count: int = 8) -> pd.DataFrame:
    bounds = pd.date_range("2025-01-01", periods=count + 1, freq=step)
    ends = bounds[1:] - pd.Timedelta(days=int(inclusive))
    rows = [
        pd.DataFrame({"unit": "team", "unit_id": team, "from": bounds[:-1], "to": ends, "kpi": kpi, "value": 4.5})
        for team in "ab"
    ]
    return pd.concat(rows, ignore_index=True)


def read_ends(warehouse: Any, name: str = "measures") -> list[pd.Timestamp]:
    table = warehouse[name].to_pyarrow().to_pandas()
    return sorted(table["to"].unique())


@pytest.mark.parametrize("step", ["MS", "QS", "7D", "10D"])
def test_a_last_day_is_read_to_its_end_and_said(staged: Staged, step: str) -> None:
    found = {}
    for inclusive in (False, True):
        report, warehouse, _ = staged({"measures": measures(step, inclusive=inclusive)})
        found[inclusive] = read_ends(warehouse), [note for note in report.notes if "last day" in note]
    note = "measures.to of csat is each period's last day; it is read as the end of that day"
    assert found[True] == (found[False][0], [note]) and not found[False][1]


def test_each_kpi_has_periods_of_its_own(staged: Staged) -> None:
    both = [measures("MS", inclusive=True), measures("QS", "nps", inclusive=False, count=3)]
    _, warehouse, _ = staged({"measures": pd.concat(both)})
    assert {end.day for end in read_ends(warehouse)} == {1}


def test_one_month_alone_is_known_by_its_days(staged: Staged) -> None:
    _, warehouse, _ = staged({"measures": measures("MS", inclusive=True, count=1)})
    assert read_ends(warehouse) == [pd.Timestamp("2025-02-01")]


def test_hours_and_single_days_stay_as_they_are(staged: Staged) -> None:
    shifts = pd.date_range("2025-01-01 22:00", periods=20, freq="2D")
    work = pd.DataFrame({"employee_id": "e", "from": shifts, "to": shifts + pd.Timedelta(days=1), "hours": 8.0})
    days = pd.date_range("2025-01-01", periods=9)
    single = pd.DataFrame({"unit": "team", "unit_id": "a", "from": days, "to": days, "kpi": "csat", "value": 4.5})
    _, warehouse, _ = staged({"measures": single, "work": work, "employees": pd.DataFrame({"employee_id": ["e"]})})
    assert read_ends(warehouse, "work") == list(work["to"])
    assert read_ends(warehouse) == list(days)


def test_days_where_the_company_is_are_meant(staged: Staged) -> None:
    """Midnight in Shanghai is four in the afternoon of the day before in UTC."""
    options = {"measures": ', timezone = "Asia/Shanghai"'}
    found = []
    for inclusive in (False, True):
        _, warehouse, _ = staged({"measures": measures("MS", inclusive=inclusive)}, options=options)
        found.append(read_ends(warehouse))
    assert found[0] == found[1] and found[0][0] == pd.Timestamp("2025-01-31 16:00")
