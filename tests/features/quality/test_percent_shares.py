"""Percent without a sign behind a KPI that is a share: read as percent where it can be nothing else, else reported or refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from baton.messages.message import render
from features.quality.faults import CheckReport
from features.staging.warehouse import Warehouse

Staged = Callable[..., tuple[CheckReport, Warehouse, Any]]
Check = Callable[..., CheckReport]
DAYS = 30


def tables(occupancy: list[Any], renewal: list[Any] | None = None) -> dict[str, pd.DataFrame]:
    days = pd.date_range("2025-01-01", periods=DAYS)
    from_, to = days.strftime("%Y-%m-%d"), (days + pd.Timedelta(days=1)).strftime("%Y-%m-%d")
    found = {
        "cases": pd.DataFrame({"case_id": range(DAYS), "opened_at": from_, "employee_id": "E1", "team_id": "T1"}),
        "employees": pd.DataFrame({"employee_id": ["E1"], "team_id": ["T1"]}),
        "work": pd.DataFrame({"employee_id": "E1", "from": from_, "to": to, "occupancy": occupancy}),
    }
    if renewal is not None:
        measured = pd.DataFrame({"unit": "team", "unit_id": "T1", "from": from_, "to": to, "kpi": "renewal_rate"})
        # seconds in the same column are no share
        other = measured.assign(kpi="queue_length", value=300.0)
        found["measures"] = pd.concat([measured.assign(value=renewal), other], ignore_index=True)
    return found


def values(warehouse: Warehouse, table: str, column: str) -> list[float]:
    return warehouse[table].to_pandas()[column].dropna().round(6).tolist()


def test_a_column_of_percent_becomes_shares_and_is_reported(staged: Staged) -> None:
    percent = [72.7, 80.0, 65.5] * 10
    report, warehouse, _ = staged(tables(percent, percent))
    assert sorted(set(values(warehouse, "work", "occupancy"))) == [0.655, 0.727, 0.8]
    assert sorted(set(values(warehouse, "measures", "value"))) == [0.655, 0.727, 0.8, 300.0]
    reported = [note for note in report.notes if "percent" in note]
    assert reported == [
        "work.occupancy: 30 of 30 values lie above 1 and are read as percent (72.7 is 0.727); if they are not, set "
        "tables.work.scales = { occupancy = [0, 1] }",
        "measures.value of renewal_rate: 30 of 30 values lie above 1 and are read as percent (72.7 is 0.727); if they "
        "are not, set tables.measures.scales = { renewal_rate = [0, 1] }",
    ]
    assert any("按百分数读取" in render(each, "zh") for each in report.decided)


def test_shares_a_little_beyond_1_stay_as_they_are(staged: Staged) -> None:
    report, warehouse, _ = staged(tables([1.05, 1.1, 0.9] * 10, [1.02, 1.04, 1.2] * 10))
    assert sorted(set(values(warehouse, "work", "occupancy"))) == [0.9, 1.05, 1.1]
    assert sorted(set(values(warehouse, "measures", "value"))) == [1.02, 1.04, 1.2, 300.0]
    assert not [note for note in report.notes if "percent" in note]


def test_percent_beside_shares_is_refused_unless_declared(checked: Check, staged: Staged) -> None:
    mixed = [72.7, 0.8, 0.655] * 10
    fault = next(fault for fault in checked(tables(mixed)).faults if fault.kind == "percent_or_share")
    assert (fault.table, fault.column, fault.stops) == ("work", "occupancy", True)
    assert "10 of 30 values of occupancy" in fault.message
    _, warehouse, _ = staged(tables([0.5, 12.0, 3.0] * 10), options={"work": ", scales = { occupancy = [0, 100] }"})
    assert sorted(set(values(warehouse, "work", "occupancy"))) == [0.005, 0.03, 0.12]


@pytest.mark.parametrize("kind", ["occupancy", "renewal"])
def test_a_single_percent_among_shares_is_taken_as_unknown(staged: Staged, kind: str) -> None:
    stray, right = [0.8] * 29 + [72.7], [0.8] * 30
    report, warehouse, _ = staged(tables(stray, right) if kind == "occupancy" else tables(right, stray))
    reported = [fault for fault in report.faults if "is a share" in fault.message]
    assert [(fault.count, fault.stops) for fault in reported] == [(1, False)]
    assert max(values(warehouse, "work", "occupancy")) == 0.8
    assert sorted(set(values(warehouse, "measures", "value"))) == [0.8, 300.0]


def test_amounts_whose_ratio_is_a_share_stay_as_they_are(staged: Staged, tmp_path: Path) -> None:
    (tmp_path / "kpis.toml").write_text(
        '[[kpi]]\nid = "freight_share"\nname = "Freight in the price"\nlayer = "operational"\n'
        'perspective = "financial"\nsource = "cases"\nexpr = "freight"\ndenominator = "price"\naggregate = "ratio"\n'
        'better = "lower"\nunit = "share"\nrole = "context"\n',
        encoding="utf-8",
    )
    given = tables([0.7] * DAYS)
    given["cases"] = given["cases"].assign(freight=[12.5, 0.5, 99.0] * 10, price=100.0)
    report, warehouse, _ = staged(given, settings='[kpis]\nfiles = ["kpis.toml"]')
    assert not report.stops and not [note for note in report.notes if "percent" in note]
    assert sorted(set(values(warehouse, "cases", "attribute__freight"))) == [0.5, 12.5, 99.0]
