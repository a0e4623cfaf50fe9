"""Event logs as systems export them: waiting and work by hand, and null where it cannot be known."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from baton.catalogue.load import load_catalogue
from baton.company import load_company
from features.process.event_log import StepLog, step_log
from features.process.flows import mark_long_waits, processes
from features.staging.stage import open_warehouse, stage

DAY = datetime(2025, 1, 1)
CASE = {"case_id": "1", "process": "p", "opened_at": DAY + timedelta(hours=8), "closed_at": DAY + timedelta(hours=18)}


def at(hour: float | None) -> datetime | None:
    return None if hour is None else DAY + timedelta(hours=hour)


def log_of(make_warehouse: Any, rows: list[dict[str, Any]]) -> StepLog:
    warehouse = make_warehouse({"cases": [CASE], "case_steps": [{"case_id": "1", **row} for row in rows]})
    log = step_log(warehouse)
    mark_long_waits(log, warehouse, 1)
    return log


def marks(*rows: tuple[Any, ...]) -> list[dict[str, Any]]:
    return [
        {"at": at(hour), "activity": step, "lifecycle": mark, "employee_id": person[0] if person else None}
        for hour, step, mark, *person in rows
    ]


def visits(log: StepLog) -> list[tuple[Any, ...]]:
    """Step, waiting, work, elapsed, in hours."""
    listed = ", ".join(f"round({name} / 3600, 3)" for name in ("wait", "work", "elapsed"))
    return log.engine.execute(f"SELECT step, {listed} FROM step_visits ORDER BY place").fetchall()


@pytest.mark.parametrize(
    ("start", "end"),
    [("start", "complete"), ("Start", "END"), ("begin", "finished"), ("started", "Completed"), ("开始", "完成"), ("開始", "結束"),
     ("START_", "done")],
)  # fmt: skip
def test_marks_in_other_words_show_the_same_waiting_and_work(make_warehouse: Any, start: str, end: str) -> None:
    start = start.rstrip("_")
    log = log_of(make_warehouse, marks((9, "look", start), (11, "look", end), (12, "mend", start), (17, "mend", end)))
    assert visits(log) == [("look", 1, 2, 3), ("mend", 1, 5, 6)]
    whole = processes(log).iloc[0]
    assert (whole["waiting_share"], whole["work_share"]) == (pytest.approx(2 / 9), pytest.approx(7 / 9))


CASES: dict[str, tuple[list[dict[str, Any]], list[tuple[Any, ...]]]] = {
    # one at a time by two people, each ends what they started
    "overlapping": (
        marks((9, "a", "start", "x"), (10, "a", "start", "y"), (12, "a", "complete", "x"), (13, "a", "complete", "y")),
        [("a", 1, 3, 4), ("a", 0, 3, 1)],
    ),
    "overlapping, nobody named": (
        marks((9, "a", "start"), (10, "a", "start"), (12, "a", "complete"), (13, "a", "complete")),
        [("a", 1, 3, 4), ("a", 0, 3, 1)],
    ),
    "second first out": (
        marks((9, "a", "start", "x"), (10, "a", "start", "y"), (11, "a", "complete", "y"), (13, "a", "complete", "x")),
        [("a", 1, 4, 5), ("a", 0, 1, 0)],
    ),
    "handed over within the step": (
        marks((9, "a", "start", "x"), (12, "a", "complete", "y")),
        [("a", 1, 3, 4)],
    ),
    "instantaneous, end written first": (
        marks((9, "a", "complete"), (9, "a", "start"), (10, "b", "start"), (10, "b", "complete")),
        [("a", 1, 0, 1), ("b", 1, 0, 1)],
    ),
    "one ends when the next of its kind starts": (
        marks((9, "a", "start"), (10, "a", "complete"), (10, "a", "start"), (12, "a", "complete")),
        [("a", 1, 1, 2), ("a", 0, 2, 2)],
    ),
    # a lost end: the second start is the one that ends
    "lost end": (
        marks((9, "a", "start"), (11, "a", "start"), (12, "a", "complete"), (14, "b", "start"), (15, "b", "complete")),
        [("a", 1, None, 1), ("a", None, 1, 3), ("b", 2, 1, 3)],
    ),
    "only complete": (marks((9, "a", "complete"), (12, "b", "complete")), [("a", None, None, 1), ("b", None, None, 3)]),
    # the first waited from the opening; until when a was worked on, nobody knows
    "only start": (marks((9, "a", "start"), (12, "b", "start")), [("a", 1, None, 1), ("b", None, None, 3)]),
    "suspended": (
        marks((9, "a", "start"), (10, "a", "suspend"), (13, "a", "resume"), (14, "a", "complete")),
        [("a", 4, 2, 6)],
    ),
    "suspended twice": (
        marks((9, "a", "start"), (10, "a", "Pause"), (11, "a", "恢复"), (12, "a", "pause"), (14, "a", "complete")),
        [("a", 4, 2, 6)],
    ),
    "other marks of XES": (
        marks((8.5, "a", "schedule"), (8.6, "a", "assign"), (9, "a", "start"), (11, "a", "complete")),
        [("a", 1, 2, 3)],
    ),
    "unknown words at the end": (marks((9, "a", "start"), (11, "a", "fertig")), [("a", 1, None, 1)]),
    "no known word": (marks((9, "a", "los"), (11, "a", "fertig")), [("a", None, None, 1), ("a", None, None, 2)]),
    "no word": (marks((9, "a", " "), (11, "b", None)), [("a", None, None, 1), ("b", None, None, 2)]),
    # system in UTC, person at +8: as a whole after the closing
    "outside": (
        marks((9, "a", "start"), (10, "a", "complete"), (19, "b", "start"), (20, "b", "complete")),
        [("a", 1, 1, 2), ("b", None, None, 8)],
    ),
    "start and end in columns": (
        [
            {"at": at(9), "activity": "a", "started_at": at(9), "ended_at": at(11)},
            {"at": at(12), "activity": "b", "started_at": at(12), "ended_at": at(12)},
            {"at": at(13), "activity": "c", "started_at": at(13), "ended_at": None},
        ],
        [("a", 1, 2, 3), ("b", 1, 0, 1), ("c", 1, None, 1)],
    ),
    "start in a column, at is the end": (
        [
            {"at": at(11), "activity": "a", "started_at": at(9), "lifecycle": "complete"},
            {"at": at(17), "activity": "b", "started_at": at(12), "lifecycle": "complete"},
        ],
        [("a", 1, 2, 3), ("b", 1, 5, 6)],
    ),
    "both marks have both times": (
        [
            {"at": at(hour), "activity": "a", "started_at": at(9), "ended_at": at(11), "lifecycle": mark}
            for hour, mark in ((9, "start"), (11, "complete"))
        ],
        [("a", 1, 2, 3)],
    ),
    "two clocks in one row": (
        [
            {"at": at(9), "activity": "a", "started_at": at(9), "ended_at": at(11)},
            {"at": at(14), "activity": "b", "started_at": at(14), "ended_at": at(6)},
        ],
        [("a", 1, 2, 3), ("b", None, None, 3)],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_waiting_and_work_are_as_counted_by_hand(make_warehouse: Any, name: str) -> None:
    rows, expected = CASES[name]
    assert visits(log_of(make_warehouse, rows)) == expected


def exported(folder: Path, header: str, *rows: str) -> Path:
    (folder / "cases.csv").write_text(
        "case_id,opened_at,closed_at\n1,2025-01-01 08:00,2025-01-01 18:00\n2,2025-01-01 08:00,\n"
    )
    (folder / "case_steps.csv").write_text("\n".join((header, *rows)) + "\n", "utf-8")
    (folder / "company.toml").write_text(
        '[tables]\ncases = { path = "cases.csv" }\ncase_steps = { path = "case_steps.csv" }\n[kpis]\npresets = []\n'
    )
    return folder / "company.toml"


@pytest.mark.parametrize(
    ("header", "rows"),
    [
        (
            "case:concept:name,concept:name,time:timestamp,start_timestamp,org:resource",
            ("1,a,2025-01-01 11:00,2025-01-01 09:00,x", "1,b,2025-01-01 17:00,2025-01-01 12:00,y"),
        ),
        (
            "case_id,activity,start_time,end_time",
            ("1,a,2025-01-01 09:00,2025-01-01 11:00", "1,b,2025-01-01 12:00,2025-01-01 17:00"),
        ),
        (
            "case:concept:name,concept:name,time:timestamp,lifecycle:transition",
            ("1,a,2025-01-01 09:00,start", "1,a,2025-01-01 11:00,complete", "1,b,2025-01-01 12:00,start",
             "1,b,2025-01-01 17:00,complete"),
        ),
        (
            "case_id,activity,开始时间,结束时间",
            ("1,a,2025-01-01 09:00,2025-01-01 11:00", "1,b,2025-01-01 12:00,2025-01-01 17:00"),
        ),
    ],
)  # fmt: skip
def test_logs_are_read_by_the_names_that_other_tools_give(tmp_path: Path, header: str, rows: tuple[str, ...]) -> None:
    company = load_company(exported(tmp_path, header, *rows))
    report = stage(company, load_catalogue(company), tmp_path / "staged")
    assert not [fault for fault in report.faults if fault.table == "case_steps"]
    assert visits(step_log(open_warehouse(tmp_path / "staged", threads=1))) == [("a", 1, 2, 3), ("b", 1, 5, 6)]


def test_words_that_say_neither_start_nor_end_are_reported(tmp_path: Path) -> None:
    rows = ("1,a,2025-01-01 09:00,start", "1,a,2025-01-01 11:00,fertig", "1,a,2025-01-01 11:00,assign")
    company = load_company(exported(tmp_path, "case_id,activity,at,lifecycle", *rows))
    report = stage(company, load_catalogue(company), tmp_path / "staged")
    (fault,) = [fault for fault in report.faults if fault.kind == "unknown_mark"]
    assert (fault.count, fault.treatment, fault.rows[0].split(":")[0]) == (1, "keep", "row 2")
    assert fault.hint.startswith("'fertig'; known are start, complete")
