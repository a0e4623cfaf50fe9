"""What a run says of its progress: which step of how many, its share, and the expected rest; no clock is read."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest

from baton.company import load_company
from baton.files import RunFolder, write_json
from baton.messages.message import Message
from baton.progress import Standing
from baton.terminal.progress import JsonListener, LinesListener
from pipelines.outlook.course import Course
from pipelines.outlook.expected_time import Expected, expected
from pipelines.steps import Ledger, Outcome, Step

STEPS = ["stage", "train", "report"]


class Heard:
    """Notes what it is heard_by."""

    def __init__(self) -> None:
        self.standings: list[Standing] = []
        self.parts: list[str] = []
        self.opening = ""

    def __call__(self, message: str, done: int, total: int, /) -> None:
        self.parts.append(message)

    def expect(self, steps: int, text: str, /) -> None:
        self.opening = f"{steps}; {text}"

    def step(self, standing: Standing, /) -> None:
        self.standings.append(standing)


class Clock:
    """Shows the time that it is set to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_each_step_says_which_of_how_many_what_share_and_how_long_still() -> None:
    heard_by, clock = Heard(), Clock()
    course = Course(STEPS, Expected({"stage": 10.0, "train": 80.0, "report": 10.0}, "before"), heard_by, clock)
    course.begin("stage", False)
    clock.now = 10.0
    course.begin("train", False)
    course("train churn", 0, 1)
    clock.now = 90.0
    course.begin("report", False)
    assert heard_by.opening.startswith("3; expected: about 2 minutes, as the last run here took")
    assert [(each.number, each.share, each.seconds_left) for each in heard_by.standings] == [
        (1, 0.0, 100.0), (2, pytest.approx(0.1), 90.0), (3, pytest.approx(0.9), 10.0),
    ]  # fmt: skip
    assert heard_by.parts == ["train churn"]


def test_a_slow_machine_moves_the_rest_and_nothing_is_ever_below_zero() -> None:
    heard_by, clock = Heard(), Clock()
    course = Course(STEPS, Expected({"stage": 10.0, "train": 80.0, "report": 10.0}, "rows"), heard_by, clock)
    course.begin("stage", False)
    clock.now = 30.0
    course.begin("train", False)
    assert heard_by.standings[-1].seconds_left == pytest.approx(270.0)
    clock.now = 5000.0
    course.begin("report", False)
    left, share = heard_by.standings[-1].seconds_left, heard_by.standings[-1].share
    assert left is not None
    assert share is not None
    assert left >= 0
    assert 0 <= share <= 1


def test_a_rough_rule_promises_no_rest_before_this_machine_was_measured() -> None:
    heard_by, clock = Heard(), Clock()
    course = Course(STEPS, Expected({"stage": 10.0, "train": 80.0, "report": 10.0}, "rows"), heard_by, clock)
    course.begin("stage", False)
    assert heard_by.standings[0].text == "step 1 of 3: stage"
    clock.now = 20.0
    course.begin("train", False)
    assert heard_by.standings[1].seconds_left == pytest.approx(180.0)
    course.begin("train", True)
    course.begin("report", True)
    assert heard_by.standings[-1].share == 1.0


def test_kept_steps_take_no_time() -> None:
    heard_by = Heard()
    course = Course(STEPS, Expected({"stage": 10.0, "train": 80.0, "report": 10.0}, "before"), heard_by, Clock())
    course.begin("stage", True)
    course.begin("train", True)
    course.begin("report", False)
    assert [each.kept for each in heard_by.standings] == [True, True, False]
    assert heard_by.standings[-1].seconds_left == 10.0


def test_rows_that_turn_out_others_change_what_is_expected() -> None:
    heard_by = Heard()
    course = Course(STEPS, Expected({"stage": 10.0, "train": 80.0, "report": 10.0}, "before", 100), heard_by, Clock())
    course.counted(400, texts=False)
    course.begin("stage", False)
    assert heard_by.standings[0].seconds_left == pytest.approx(200.0)


def test_whoever_counts_no_steps_hears_their_names() -> None:
    heard: list[tuple[str, int, int]] = []
    course = Course(STEPS, Expected({}, ""), lambda *what: heard.append(what), Clock())
    course.begin("stage", True)
    course.begin("train", False)
    assert heard == [("stage: unchanged, kept", 1, 1), ("train", 0, 0)]


def test_without_a_terminal_there_is_one_line_per_step() -> None:
    lines: list[str] = []
    course = Course(STEPS, Expected({}, ""), LinesListener(lines.append), Clock())
    course.begin("stage", False)
    course("train churn", 0, 1)
    course.begin("train", True)
    assert lines == ["3 steps", "step 1 of 3: stage", "step 2 of 3: train: unchanged, kept"]


def test_what_is_expected_comes_from_the_run_before_else_from_the_size_of_the_files(tmp_path: Path) -> None:
    (tmp_path / "cases.csv").write_text("x" * 80_000)
    (tmp_path / "company.toml").write_text('[tables]\ncases = { path = "cases.csv" }\n')
    company, folder = load_company(tmp_path), RunFolder(tmp_path / "out")
    rough = expected(company, folder, STEPS)
    assert (rough.basis, rough.rows) == ("rows", 1000)
    assert "a rough estimate from the size of the tables" in rough.text
    assert "twice that on a slow or busy machine" in rough.text
    folder.steps.mkdir(parents=True)
    for name, seconds in zip(STEPS, (2.0, 300.0, 1.0), strict=True):
        write_json(folder.steps / f"{name}.json", {"seconds": seconds, "rows": {"cases": 1000}})
    known = expected(company, folder, STEPS)
    assert known == Expected({"stage": 2.0, "train": 300.0, "report": 1.0}, "before", 1000)
    assert known.text.startswith("expected: about 6 minutes, as the last run here took")


def test_a_table_in_a_database_leaves_the_time_unknown(tmp_path: Path) -> None:
    (tmp_path / "company.toml").write_text(
        '[sources]\ncrm = "duckdb://crm.duckdb"\n[tables]\ncases = { source = "crm", table = "t" }\n'
    )
    assert expected(load_company(tmp_path), RunFolder(tmp_path / "out"), STEPS).text == ""


def test_a_log_of_json_has_one_document_per_event_with_what_each_step_took(tmp_path: Path) -> None:
    lines: list[str] = []
    log = JsonListener(lines.append)
    course = Course(STEPS, Expected({}, ""), log, Clock())
    ledger = Ledger(RunFolder(tmp_path), {}, progress=course)
    (tmp_path / ".steps").mkdir()

    def work(outcome: Outcome) -> None:
        course("train c0017", 0, 1)
        outcome.rows["cases"] = 7
        outcome.warnings.append(Message.verbatim("customer c0017 wrote: …"))

    for _ in range(2):
        ledger.step(Step("stage"), {}, work)
    log.finish()
    events = [json.loads(line) for line in lines]
    assert [event["event"] for event in events] == ["run_begins", "step_begins", "step_done", "step_kept", "run_done"]
    assert all("\n" not in line and "c0017" not in line for line in lines)
    assert {event["level"] for event in events} == {"info"}
    assert (events[2]["step"], events[2]["rows"], events[2]["warnings"]) == ("stage", {"cases": 7}, 1)
    assert {"seconds", "cpu_seconds", "peak_memory_mb"} <= events[2].keys()
    assert all(datetime.fromisoformat(event["time"]).tzinfo is not None for event in events)
