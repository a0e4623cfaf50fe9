"""What an auditor gets: whole, readable in two languages, checkable without Baton, and no formula in it."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
import tomllib
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import text

from baton.company import Company
from baton.errors import OutputError
from baton.files import RunFolder, write_json
from baton.messages.message import bilingual
from pipelines import workbook
from serving.access.principal import Principal
from serving.audit.export import export
from serving.audit.figures import Contests, contests
from serving.audit.log import AuditLog, Entry
from serving.audit.sheets import as_cell
from serving.audit.titles import verdict_name
from serving.decisions.words import state_name
from serving.state.schema import Decision, Move
from serving.state.store import State, open_state
from tests.filled_results import write_filled
from tests.serving.databases import company_in

NOON = datetime(2026, 3, 1, 12)
LEAD = Principal("lin", "manager", employee="p-lead")
FILES = {
    "audit.pub", "decisions.csv", "evaluation.json", "heads.jsonl", "impact.csv", "log.jsonl", "models.json",
    "moves.csv", "run.json", "scoring_rates.csv", "summary.en.md", "summary.zh.md", "verify.md",
}  # fmt: skip


@pytest.fixture
def company(tmp_path: Path) -> Company:
    return company_in(tmp_path / "hafen")


@pytest.fixture
def opened(company: Company) -> State:
    """Two decisions, of which one was contested and answered, with their rows in the log."""
    state = open_state(company)
    log = AuditLog(state, clock=lambda: NOON)
    with state.writing() as session:
        for name in ("d1", "d2"):
            session.add(
                Decision(
                    id=name, kind="weights", team_id="=cmd()", role=None, employee=None, advice={"rows": []}, choice={},
                    state="upheld", version=3 if name == "d1" else 1, due_at=None, created_at=NOON, changed_at=NOON,
                )
            )  # fmt: skip
        session.flush()
        for version, (what, by) in enumerate([("change", "lin"), ("contest", "anna"), ("uphold", "mo")], start=1):
            decide(session, log, move("d1", version, what, by, NOON + timedelta(days=version)))
        decide(session, log, move("d2", 1, "dismiss", "lin", NOON))
        log.append(session, Entry("view_person", LEAD, team="t1", person="p-anna", detail={"kind": "coaching"}))
    return state


def decide(session: Any, log: AuditLog, made: Move) -> None:
    """Make a move and log it, as decisions do."""
    session.add(made)
    detail = {
        "decision": made.decision, "version": made.version, "move": made.name, "before": made.before,
        "after": made.after, "reason": made.reason, "choice": {},
    }  # fmt: skip
    log.append(session, Entry("decide", Principal(made.by, made.role), team="t1", detail=detail))


def move(name: str, version: int, what: str, by: str, at: datetime) -> Move:
    return Move(
        decision=name, version=version, name=what, before="x", after="upheld", by=by, role="manager",
        reason="\t@SUM(A1)", detail={}, at=at,
    )  # fmt: skip


@pytest.fixture
def run(company: Company) -> RunFolder:
    """A run with two cards, of which one has groups to compare."""
    folder = RunFolder(company.folder / "out").create()
    write_json(folder.file("run.json"), {"company": "Hafen", "finished_at": "2026-02-28", "inputs": {"cases": "ab12"}})
    write_json(folder.file("models.json"), {"churn": {"model": "churn/3"}})
    write_json(folder.file("evaluation.json"), {"churn": {"auc": 0.7, "intervals": {"auc": [0.6, 0.8]}}})
    row = {"team_id": "t1", "role": "", "verdict": "keep", "current_weight": 50.0, "recommended_weight": 50.0}
    rows = [{**row, "kpi": kpi, "impact": "cannot be told", "impact_ratio": np.nan} for kpi in ("csat", "wait")]
    rows += [{**row, "team_id": "t2", "kpi": "csat", "impact": "pass", "impact_ratio": 0.9, "verdict": "raise"}]
    write_filled(folder, "weights", pd.DataFrame(rows))
    people = [f"p-{number:02d}" for number in range(32)]
    z = [float(number) for number in range(32)]
    write_filled(folder, "advice/scores", pd.DataFrame({"employee_id": people, "role": "", "kpi": "csat", "z": z}))
    groups = ["w" if number < 20 else "m" for number in range(30)] + ["x", "x"]
    write_filled(folder, "advice/groups", pd.DataFrame({"employee_id": people, "attribute": "gender", "group": groups}))
    return folder


def sheet(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_the_folder_is_whole_and_says_what_was_advised_and_decided(
    opened: State, company: Company, run: RunFolder, tmp_path: Path
) -> None:
    folder = tmp_path / "for the auditor"
    found = export(opened, company, run, folder, now=NOON + timedelta(days=30))
    assert found.sound
    assert {path.name for path in folder.iterdir()} == FILES
    english, chinese = ((folder / f"summary.{language}.md").read_text("utf-8") for language in ("en", "zh"))
    assert english.count("\n## ") == chinese.count("\n## ") == 7
    assert found.digest in english and found.digest in chinese
    for sentence in (
        "It has 5 rows and is sound",
        "2 decisions were begun; 3 people made moves",
        "1 contest: 1 answered within 14 days, 0 later, 0 waiting, 0 overdue.",
        "In 1 decision people chose something other than what was advised, in 1 they dismissed it.",
        "Rows about a single person were looked at 1 time;",
        "Customers leaving: on data that it had not seen, the model ranks right in 70% of pairs (60% to 80%; guessing: 50 %)",
        'Cards: pass 1, cannot be told 1. "cannot be told" is no pass',
        "everybody: 1 card has no impact ratio: no card could be advised, there are too few people in the groups,",
    ):
        assert sentence in english
    assert f"{state_name('upheld').text}: 2" in english
    assert "共 1 项异议：1 项在 14 天内答复" in chinese and "无法判断 1" in chinese
    assert json.loads((folder / "models.json").read_text("utf-8"))["churn"]["model"] == "churn/3"
    assert json.loads((folder / "run.json").read_text("utf-8"))["inputs"] == {"cases": "ab12"}


def summarised(company: Company, run: RunFolder, folder: Path) -> tuple[str, str]:
    """Return both summaries."""
    with closing(open_state(company)) as state:
        AuditLog(state)
        export(state, company, run, folder, now=NOON)
    return (folder / "summary.en.md").read_text("utf-8"), (folder / "summary.zh.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("interval", "english", "chinese"),
    [
        ((0.46, 1.02), "reaches over the limit. That is no pass.", "其区间 0.460 至 1.020（90%）越过下限"),
        ((0.46, 0.79), "(0.460 to 0.790, 90 %), is below the limit of 0.8, but groups put together", "随机分组"),
        ((np.nan, np.nan), "could be chance; its interval is not known.", "其区间未知"),
    ],
)
def test_why_an_impact_cannot_be_told_is_the_reason_of_these_figures(
    interval: tuple[float, float], english: str, chinese: str, company: Company, run: RunFolder, tmp_path: Path
) -> None:
    low, high = interval
    cards = [("t1", "agent", 0.697), ("t2", "agent", 0.75), ("t3", "clerk", np.nan)]
    rows = [
        {
            "team_id": team, "role": role, "kpi": "csat", "verdict": "keep", "current_weight": 50.0,
            "recommended_weight": 50.0, "impact": "cannot be told", "impact_ratio": ratio, "impact_low": low,
            "impact_high": high,
        }
        for team, role, ratio in cards
    ]  # fmt: skip
    write_filled(run, "weights", pd.DataFrame(rows))
    pages = summarised(company, run, tmp_path / "x")
    assert "agent: 2 cards cannot be told. The smallest impact ratio, 0.697" in pages[0] and english in pages[0]
    assert "agent：2 张计分卡无法判断。最小影响比 0.697" in pages[1] and chinese in pages[1]
    assert "clerk: 1 card has no impact ratio" in pages[0] and "clerk：1 张计分卡没有影响比" in pages[1]
    assert "tried on everybody of its role in all teams" in pages[0]


def test_outcomes_and_verdicts_have_the_names_that_people_know(
    company: Company, run: RunFolder, tmp_path: Path
) -> None:
    causes = {
        "accuracy": 0.9, "intervals": {"accuracy": [0.87, 0.92]}, "baselines": {"majority": {"accuracy": 0.2}},
    }  # fmt: skip
    evaluation = {"decline:employee:csat": {"auc": 0.7}, "root_cause": causes, "weather": {}}
    write_json(run.file("evaluation.json"), evaluation)
    english, chinese = summarised(company, run, tmp_path / "x")
    for sentence in (
        "Points on cards: keep 2, raise 1.",
        "Decline of Service rating, person: on data that it had not seen, the model ranks right in 70% of pairs",
        "Root causes of complaints: on data that it had not seen, the model names the right cause in 90% of texts (87% "
        "to 92%; always naming the most frequent one: 20%)",
        "weather: how good the model is, is in `evaluation.json`.",
    ):
        assert sentence in english
    assert "计分卡上的分值：保持 2、提高 1。" in chinese and "投诉根因：" in chinese and "下滑（员工）：" in chinese
    assert "decline:" not in english + chinese


def test_verdicts_are_called_as_in_the_workbook() -> None:
    words = tomllib.loads((Path(workbook.__file__).parent / "words.toml").read_text("utf-8"))["verdict"]
    assert {key: bilingual(verdict_name(key)) for key in words} == words


def test_scoring_rates_are_those_of_groups_that_are_large_enough(
    opened: State, company: Company, run: RunFolder, tmp_path: Path
) -> None:
    export(opened, company, run, tmp_path / "x", now=NOON)
    rows = [
        row for row in sheet(tmp_path / "x" / "scoring_rates.csv") if row["team_id"] == "t2" and row["card"] == "today"
    ]
    # of 32 scores 16 lie above the median: 4 of the first 20 people, the next 10, and 2 whose group is too small
    assert [(row["group"], row["people"], row["rate"], row["ratio"]) for row in rows] == [
        ("m", "10.0", "1.0", "1.0"), ("w", "20.0", "0.2", "0.2"), ("x", "", "", ""),
    ]  # fmt: skip
    impact = sheet(tmp_path / "x" / "impact.csv")
    assert [(row["team_id"], row["impact"], row["impact_ratio"]) for row in impact] == [
        ("t1", "cannot be told", ""), ("t2", "pass", "0.9"),
    ]  # fmt: skip


def test_no_cell_is_a_formula(opened: State, company: Company, run: RunFolder, tmp_path: Path) -> None:
    export(opened, company, run, tmp_path / "x", now=NOON)
    cells = [cell for path in (tmp_path / "x").glob("*.csv") for row in sheet(path) for cell in row.values()]
    assert "'=cmd()" in cells and "'\t@SUM(A1)" in cells
    assert [cell for cell in cells if cell.lstrip()[:1] in tuple("=+-@＝＋－＠\t\r")] == []


def test_a_negative_number_stays_a_number() -> None:
    assert [as_cell(value) for value in (-1, -1.5, "-1", float("nan"), True, NOON)] == [
        "-1", "-1.5", "'-1", "", "True", "2026-03-01T12:00:00Z",
    ]  # fmt: skip


def test_what_verify_md_prints_checks_the_folder_without_baton(
    opened: State, company: Company, run: RunFolder, tmp_path: Path
) -> None:
    folder = tmp_path / "x"
    found = export(opened, company, run, folder, now=NOON)
    page = (folder / "verify.md").read_text("utf-8")
    assert "脚本（上方）" in page and "下面" not in page  # the script stands in the English half, above
    assert found.key in page
    script = re.findall(r"```python\n(.*?)```", page, re.DOTALL)[0]

    def check() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-I", "-c", script], cwd=folder, capture_output=True, text=True, check=False
        )

    assert check().stdout.strip() == f"OK 5 {found.digest}"
    log = (folder / "log.jsonl").read_text("utf-8")
    (folder / "log.jsonl").write_text(log.replace("view_person", "view_nobody", 1), encoding="utf-8")
    assert "row 5 is not the one" in check().stderr
    (folder / "log.jsonl").write_text(log.splitlines(keepends=True)[0], encoding="utf-8")
    assert "row 5 was noted and is gone" in check().stderr


def test_a_log_that_was_changed_is_exported_with_its_faults(
    opened: State, company: Company, run: RunFolder, tmp_path: Path
) -> None:
    with opened.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE audit_log SET at = 'noon', detail = 'x' WHERE number = 1")
    assert not export(opened, company, run, tmp_path / "x", now=NOON).sound
    assert "Row 1 was changed" in (tmp_path / "x" / "summary.en.md").read_text("utf-8")
    assert "第 1 行被改动" in (tmp_path / "x" / "summary.zh.md").read_text("utf-8")


def test_without_a_run_and_decisions_the_summary_says_so(company: Company, tmp_path: Path) -> None:
    state = open_state(company)
    AuditLog(state)
    export(state, company, RunFolder(tmp_path / "no run"), tmp_path / "x", now=NOON)
    english = (tmp_path / "x" / "summary.en.md").read_text("utf-8")
    for sentence in (
        "It has no rows yet",
        "no finished run",
        "No decision was begun",
        "Nobody contested",
        "That is no pass",
    ):
        assert sentence in english
    state.close()


def test_a_folder_with_files_is_left_as_it_is(opened: State, company: Company, run: RunFolder, tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "own.txt").write_text("mine", encoding="utf-8")
    for place in (tmp_path / "x", tmp_path / "x" / "own.txt"):
        with pytest.raises(OutputError, match="new or empty"):
            export(opened, company, run, place, now=NOON)
    assert [path.name for path in (tmp_path / "x").iterdir()] == ["own.txt"]


def test_contests_are_counted_by_when_they_were_answered() -> None:
    days = {"a": [0, 14], "b": [0, 15], "c": [20], "d": [0]}
    moves = [
        {"decision": name, "name": "contest" if index == 0 else "uphold", "at": NOON + timedelta(days=day)}
        for name, of in days.items()
        for index, day in enumerate(of)
    ]
    assert contests(moves, 14, NOON + timedelta(days=30)) == Contests(in_time=1, late=1, waiting=1, overdue=1)


def test_the_text_of_a_table_that_is_no_row_is_reported_and_never_a_crash(opened: State) -> None:
    from serving.audit.reading import read

    with opened.engine.begin() as connection:
        connection.execute(text("UPDATE audit_log SET detail = '[1', subject = '3' WHERE number = 1"))
    with opened.reading() as session:
        assert [row.reading for row in read(session)] == ["whole"] * 4 + ["damaged"]
    with opened.engine.begin() as connection:
        connection.execute(text("UPDATE audit_log SET at = 'noon' WHERE number = 1"))
    with pytest.raises(OutputError, match="baton audit verify"), opened.reading() as session:
        read(session)
