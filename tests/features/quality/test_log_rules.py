"""An event log with time running backwards is reported by the checks, and counted without negative times."""

from __future__ import annotations

from pathlib import Path

import pytest

from baton.catalogue.load import load_catalogue
from baton.company import load_company
from features.process.event_log import step_log
from features.process.flows import flows, mark_long_waits, processes, steps
from features.quality.checks import check
from features.staging.stage import open_warehouse, stage

CASES = """case_id,customer_id,opened_at,closed_at
1,a,2025-01-01 08:00,2025-01-01 12:00
2,b,2025-01-01 08:00,2025-01-01 12:00
"""
STEPS = """case_id,at,activity,lifecycle
1,2025-01-01 07:00,call,start
1,2025-01-01 09:00,call,complete
1,2025-01-01 13:00,close,
2,2025-01-01 09:00,call,complete
2,2025-01-01 10:00,call,start
2,2025-01-01 11:00,note,
2,2025-01-01 11:00,close,
2,2025-01-01 11:00,close,
9,2025-01-01 11:00,close,
"""


@pytest.fixture
def company_file(tmp_path: Path) -> Path:
    (tmp_path / "cases.csv").write_text(CASES)
    (tmp_path / "case_steps.csv").write_text(STEPS)
    (tmp_path / "company.toml").write_text(
        '[tables]\ncases = { path = "cases.csv" }\ncase_steps = { path = "case_steps.csv" }\n[kpis]\npresets = []\n'
    )
    return tmp_path / "company.toml"


def test_each_fault_is_reported_with_its_rows(company_file: Path) -> None:
    company = load_company(company_file)
    faults = check(company, load_catalogue(company)).faults
    reported = {(fault.kind, fault.message.split(";")[0]): fault for fault in faults if fault.table == "case_steps"}
    found = {
        (kind, message): (fault.count, fault.treatment, fault.rows[0].split(":")[0])
        for (kind, message), fault in reported.items()
    }
    assert found == {
        ("step_outside_case", "the step lies before its case was opened"): (1, "keep", "row 1"),
        ("step_outside_case", "the step lies after its case was closed"): (1, "keep", "row 3"),
        ("step_reversed", "the step is complete before it starts"): (1, "keep", "row 4"),
        ("step_tie", "several steps of the case have the same time"): (3, "keep", "row 6"),
        ("duplicate_row", "exact duplicate row"): (1, "drop", "row 8"),
        ("orphan", "case_id is not in the table cases"): (1, "keep", "row 9"),
    }


def test_such_a_log_is_counted_without_negative_times(company_file: Path, tmp_path: Path) -> None:
    company = load_company(company_file)
    stage(company, load_catalogue(company), tmp_path / "staged")
    warehouse = open_warehouse(tmp_path / "staged", threads=1)
    log = step_log(warehouse)
    mark_long_waits(log, warehouse, 5)
    assert (log.rows, log.cases, log.orphans) == (8, 2, 1)
    visits = log.frame("SELECT * FROM step_visits ORDER BY case_number, place")
    assert list(zip(visits["step"], visits["elapsed"], strict=True)) == [
        ("call", 3600.0),  # from the opening at 8, not from 7
        ("close", 10800.0),  # until the closing at 12, not until 13
        ("call", 3600.0),
        ("call", 3600.0),
        ("note", 3600.0),
        ("close", 0.0),
    ]
    assert (flows(log)["wait_seconds_mean"] >= 0).all()
    assert (steps(log, 5)["elapsed_seconds_mean"] >= 0).all()
    whole = processes(log).iloc[0]
    assert (whole["begins_early_cases"], whole["ends_late_cases"], whole["ends_early_cases"]) == (1, 1, 1)
    assert whole["explained_share"] == pytest.approx(7 / 8)


def test_the_company_file_can_stop_at_such_steps(company_file: Path) -> None:
    company_file.write_text(company_file.read_text() + '[faults]\nstep_outside_case = "stop"\n')
    company = load_company(company_file)
    assert check(company, load_catalogue(company)).stops
