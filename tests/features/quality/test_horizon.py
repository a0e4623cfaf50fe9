"""What lies beyond the end of observation is planned: left out, reported once, and no label or snapshot moves."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest

from baton.messages.message import render
from features.quality.faults import CheckReport, Fault
from features.training import snapshots

Check = Callable[..., CheckReport]
Stage = Callable[..., Any]

START, END = pd.Timestamp("2024-07-01"), datetime(2025, 12, 23)
INACTIVE = '[snapshots]\nwindows_days = [30]\n[outcomes.churn]\nrule = "inactive"\ninactive_days = 60'
LEFT = '[snapshots]\nwindows_days = [30]\nhorizon_days = 60\n[outcomes.churn]\nrule = "left_at"'


def activity(*planned: str, people: int = 150) -> pd.DataFrame:
    generator, rows = np.random.default_rng(4), []
    for number in range(people):
        days = np.cumsum(generator.exponential(9, 200))
        rows += [
            (f"C{number}", START + pd.Timedelta(days=day)) for day in days[days < min(540, generator.exponential(900))]
        ]
    frame = pd.DataFrame(rows, columns=["customer_id", "at"])
    frame["at"] = frame["at"].dt.floor("s")
    more = pd.DataFrame(
        {"customer_id": [f"C{number}" for number in range(len(planned))], "at": pd.to_datetime(list(planned))}
    )
    return pd.concat([frame, more], ignore_index=True)


def cases(end: str = "2025-12-31", *planned: str, count: int = 2000) -> pd.DataFrame:
    generator = np.random.default_rng(3)
    span = (pd.Timestamp(end) - pd.Timestamp("2024-01-01")).total_seconds()
    opened = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.sort(generator.uniform(0, span, count)).round(), unit="s")
    opened = [*opened, *pd.to_datetime(list(planned))]
    customer = [f"C{number}" for number in generator.integers(0, 150, len(opened))]
    return pd.DataFrame({"case_id": range(len(opened)), "opened_at": opened, "customer_id": customer})


def customers(joined_until: str, left_until: str, count: int = 300) -> pd.DataFrame:
    generator = np.random.default_rng(2)
    joined = pd.Timestamp("2023-01-01") + pd.to_timedelta(generator.integers(0, 1095, count), unit="D")
    left = joined + pd.to_timedelta(generator.integers(60, 1500, count), unit="D")
    frame = pd.DataFrame(
        {"customer_id": [f"C{number}" for number in range(count)], "joined_at": joined, "left_at": left}
    )
    frame = frame[frame["joined_at"] <= joined_until].reset_index(drop=True)
    frame.loc[frame["left_at"] > left_until, "left_at"] = pd.NaT
    return frame


def kinds(report: CheckReport) -> list[tuple[str, str, str, int]]:
    return [(fault.kind, fault.table, fault.column, fault.count) for fault in report.faults]


def only(report: CheckReport, kind: str) -> Fault:
    found = [fault for fault in report.faults if fault.kind == kind]
    assert len(found) == 1, kinds(report)
    return found[0]


def silent_shares(warehouse: Any, company: Any) -> dict[datetime, float]:
    moments = snapshots.dates(company, warehouse, snapshots.churn_horizon_days(company))
    frame = snapshots.churn_labels(company, warehouse, moments).to_pandas().dropna(subset="label")
    return frame.groupby("as_of")["label"].mean().to_dict()


ADVANCE = [str(day) for day in pd.date_range("2026-01-05", "2026-05-01", periods=25)]


@pytest.mark.parametrize("planned", [["2026-03-20 09:00"], ["2031-03-20"], ADVANCE], ids=["one", "mistyped", "advance"])
def test_entries_made_in_advance_change_no_label(staged: Stage, planned: list[str]) -> None:
    _, warehouse, company = staged({"activity": activity()}, settings=INACTIVE)
    clean = silent_shares(warehouse, company)
    report, warehouse, company = staged({"activity": activity(*planned)}, settings=INACTIVE)
    assert silent_shares(warehouse, company) == clean
    assert snapshots.latest(warehouse) == END
    fault = only(report, "planned")
    assert (fault.table, fault.column, fault.count, fault.treatment) == ("activity", "at", len(planned), "drop")
    assert warehouse["activity"]["at"].max().to_pyarrow().as_py() < END


def test_nothing_lies_after_the_extraction_or_the_clock(staged: Stage) -> None:
    table = {"activity": activity()}  # at its usual rate until 2025-12-22
    for more in (
        {"settings": f'[company]\nextracted_at = "2025-11-30"\n{INACTIVE}'},
        {"settings": INACTIVE, "options": {"activity": ', extracted_at = "2025-11-30"'}},
        {"settings": INACTIVE, "now": datetime(2025, 11, 30, 23, 59, 59)},
    ):
        report, warehouse, _ = staged(table, **more)
        assert snapshots.latest(warehouse) == datetime(2025, 12, 1)
        assert only(report, "planned").count == int((table["activity"]["at"] >= "2025-12-01").sum())


def test_what_the_company_file_says_wins(staged: Stage) -> None:
    report, warehouse, _ = staged(
        {"activity": activity("2026-03-20")}, settings=INACTIVE, options={"activity": ', observed_until = "2026-03-31"'}
    )
    assert snapshots.latest(warehouse) == datetime(2026, 4, 1)
    assert "planned" not in {fault.kind for fault in report.faults}


def test_a_clock_that_stands_wrong_stops_the_run(checked: Check) -> None:
    fault = only(checked({"activity": activity()}, settings=INACTIVE, now=datetime(1970, 1, 2)), "planned")
    assert fault.stops


def test_a_row_from_1970_begins_no_decades_of_snapshots(staged: Stage) -> None:
    report, warehouse, company = staged({"activity": activity("1971-05-01")}, settings=INACTIVE)
    assert only(report, "stray_time").count == 1
    assert snapshots.first_event(warehouse) >= START
    assert len(snapshots.dates(company, warehouse, 60)) == 16


def test_an_announced_cancellation_is_no_cancellation_yet(staged: Stage) -> None:
    people = customers("2025-12-31", "2025-12-31")
    for number, day in enumerate(("2026-02-01", "2026-04-30", "2031-01-01")):
        people.loc[number, "left_at"] = pd.Timestamp(day)
    report, warehouse, company = staged({"customers": people, "cases": cases()}, settings=LEFT)
    fault = only(report, "announced")
    assert (fault.table, fault.column, fault.count, fault.treatment) == ("customers", "left_at", 3, "keep")
    assert snapshots.latest(warehouse) == datetime(2025, 12, 31)
    risk = snapshots.at_risk(company, warehouse, [datetime(2025, 12, 31)]).to_pandas()
    assert {"C0", "C1", "C2"} <= set(risk["customer_id"])
    assert not [fault for fault in report.faults if fault.kind == "ends_apart"]


def test_closings_planned_far_ahead_are_unknown(staged: Stage) -> None:
    table = cases()
    table["closed_at"] = table["opened_at"] + pd.Timedelta(hours=5)
    table.loc[7, "closed_at"] = pd.Timestamp("2027-01-31")
    table["due_at"] = table["opened_at"] + pd.Timedelta(days=3000)
    report, warehouse, _ = staged({"cases": table})
    assert [(kind, column, count) for kind, _, column, count in kinds(report)] == [("planned_time", "closed_at", 1)]
    assert warehouse["cases"].closed_at.count().to_pyarrow().as_py() == len(table) - 1
    assert warehouse["cases"].due_at.count().to_pyarrow().as_py() == len(table)


def test_periods_and_cards_planned_ahead_are_reported(staged: Stage) -> None:
    months = pd.date_range("2024-01-01", "2025-12-01", freq="MS")
    work = pd.DataFrame([{"employee_id": f"E{n}", "from": m, "to": m + pd.offsets.MonthEnd(), "hours": 160} for m in months for n in range(30)])  # fmt: skip
    ahead = [{"employee_id": "E1", "from": m, "to": m + pd.offsets.MonthEnd(), "hours": 160} for m in pd.date_range("2026-02-01", "2026-06-01", freq="MS")]  # fmt: skip
    cards = pd.DataFrame({"team_id": "t", "kpi": "csat", "weight": 100, "valid_from": ["2025-01-01", "2026-04-01"]})
    people = pd.DataFrame({"employee_id": [f"E{n}" for n in range(30)], "hired_at": "2020-01-01"})
    people.loc[3, "hired_at"] = "2026-05-01"
    tables = {
        "cases": cases(),
        "work": pd.concat([work, pd.DataFrame(ahead)]),
        "scorecards": cards,
        "employees": people,
    }
    report, warehouse, _ = staged(tables)
    assert ("planned", "work", "to", 5) in kinds(report)
    assert ("announced", "scorecards", "valid_from", 1) in kinds(report)
    assert ("announced", "employees", "hired_at", 1) in kinds(report)
    assert warehouse["work"].count().to_pyarrow().as_py() == len(work)
    assert warehouse["scorecards"].count().to_pyarrow().as_py() == 2


def test_coaching_that_has_not_been_held_is_reported(staged: Stage) -> None:
    log = pd.DataFrame({"employee_id": ["E1", "E2", "E3"], "kpi": "csat",
                        "started_at": ["2025-03-01", "2025-12-20", "2026-04-01"],
                        "ended_at": ["2025-03-20", "2026-01-20", "2026-04-20"]})  # fmt: skip
    report, warehouse, _ = staged({"cases": cases(), "coaching_log": log})
    assert ("announced", "coaching_log", "started_at", 1) in kinds(report)
    # and one that goes on is none
    assert [fault for fault in kinds(report) if fault[1] == "coaching_log"] == [
        ("announced", "coaching_log", "started_at", 1)
    ]
    assert warehouse["coaching_log"].count().to_pyarrow().as_py() == 3


@pytest.mark.parametrize(
    ("joined_until", "left_until"), [("2025-06-30", "2025-06-30"), ("2025-12-31", "2025-06-30")], ids=["all", "left"]
)
def test_customers_exported_earlier_end_the_labels_and_are_reported(
    staged: Stage, joined_until: str, left_until: str
) -> None:
    report, warehouse, company = staged(
        {"customers": customers(joined_until, left_until), "cases": cases()}, settings=LEFT
    )
    fault = only(report, "ends_apart")
    assert (fault.table, fault.treatment) == ("customers", "keep")
    assert "2025-06" in fault.message
    end = snapshots.label_end(warehouse)
    assert end is not None and end < datetime(2025, 7, 1)
    # nobody is called a stayer for want of a newer export
    assert min(silent_shares(warehouse, company).values()) > 0


def test_a_company_in_which_nobody_left_for_months_has_not_ended(staged: Stage) -> None:
    days = pd.to_datetime(["2024-03-01", "2024-09-10", "2025-05-20"])
    people = pd.DataFrame({"customer_id": [f"C{n}" for n in range(150)], "joined_at": pd.Timestamp("2023-05-01")})
    people["left_at"] = pd.Series(days).reindex(range(150))
    report, warehouse, _ = staged({"customers": people, "cases": cases()}, settings=LEFT)
    assert snapshots.latest(warehouse) == datetime(2025, 12, 31)
    assert not [fault for fault in report.faults if fault.kind in {"ends_apart", "announced"}]


def test_the_day_of_a_run_matters_only_when_a_planned_time_has_come(staged: Stage, tmp_path: Any) -> None:
    from baton.files import RunFolder
    from features.staging.stage import due
    from pipelines import clock

    staged({"activity": activity()}, settings=INACTIVE)
    assert due(tmp_path / "staged") is None
    staged({"activity": activity()}, settings=INACTIVE, now=datetime(2025, 12, 1))
    folder = RunFolder(tmp_path)
    first = due(folder.staged)
    assert first is not None and datetime(2025, 12, 1) < first < datetime(2025, 12, 2)
    assert clock.since(folder, datetime(2025, 12, 1)) is None
    later = clock.since(folder, datetime(2026, 1, 1))
    assert later == first.isoformat()
    clock.note_since(folder, later)
    staged({"activity": activity()}, settings=INACTIVE, now=datetime(2026, 1, 1))
    assert clock.since(folder, datetime(2027, 1, 1)) == later


def test_what_is_reported_of_the_end_is_reported_in_chinese_too(checked: Check) -> None:
    import re

    people = customers("2025-06-30", "2025-06-30")
    people.loc[0, "left_at"] = pd.Timestamp("2031-01-01")
    table = cases("2025-12-31", "1971-01-05", "2026-03-01", "2026-03-02")
    table["closed_at"] = table["opened_at"] + pd.Timedelta(hours=5)
    table.loc[7, "closed_at"] = pd.Timestamp("2027-01-31")
    report = checked({"customers": people, "cases": table}, settings=LEFT)
    assert {"planned", "planned_time", "announced", "stray_time", "ends_apart"} <= {
        fault.kind for fault in report.faults
    }
    for fault in report.faults:
        assert re.search(r"[\u4e00-\u9fff]", render(fault.as_message(), "zh")), fault.message
