"""``baton validate --report``: the faults as a workbook."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from baton.cli import app
from pipelines.workbook.words import words
from tests.pipelines.workbook.conftest import Read

HEADER = "case_id,opened_at,responded_at,csat,owner\n"
CASES = HEADER + "=1+1,2024-01-01 08:00,2023-12-31 08:00,5,a\n2,2024-01-02 08:00,2024-01-02 09:00,9,b\n"


def company(folder: Path, cases: str = CASES, more: str = "") -> None:
    (folder / "cases.csv").write_text(cases)
    (folder / "company.toml").write_text(
        '[company]\nname = "A"\n[tables]\ncases = { path = "cases.csv", scales = { csat = [1, 5] } }\n' + more
    )


def validate(folder: Path, *options: str) -> str:
    done = CliRunner().invoke(app, ["validate", str(folder), *options])
    assert done.exit_code in (0, 2), done.output
    return done.stdout


def test_each_fault_is_in_it_with_its_rows_and_what_to_do(tmp_path: Path, read_back: Callable[[Path], Read]) -> None:
    company(tmp_path)
    validate(tmp_path, "--report", str(tmp_path / "faults.xlsx"))
    found = read_back(tmp_path / "faults.xlsx")
    assert list(found.sheets) == ["All faults", "(company file)", "cases"]
    assert found.column("cases", "Fault (key)") == ["negative_duration", "off_scale"]
    assert found.column("cases", "Fault\n问题") == ["An end before its beginning", "A value outside its scale"]
    assert found.column("cases", "First rows") == [
        "row 1: case_id==1+1, opened_at=2024-01-01 08:00:00, responded_at=2023-12-31 08:00:00",
        "row 2: case_id=2, csat=9.0",
    ]
    assert found.column("cases", "Or in Baton's company file")[0] == '[faults] negative_duration = "null"'
    assert found.column("cases", "What is done") == ["taken as unknown", "taken as unknown"]
    assert found.column("All faults", "Fault (key)")[-2:] == ["negative_duration", "off_scale"]
    assert "<f>" not in "".join(found.xml.values())
    assert stat.S_IMODE((tmp_path / "faults.xlsx").stat().st_mode) == 0o600


def test_it_is_in_the_company_s_first_language(tmp_path: Path, read_back: Callable[[Path], Read]) -> None:
    company(tmp_path)
    text = (tmp_path / "company.toml").read_text().replace('name = "A"', 'name = "A"\nlanguages = ["zh"]')
    (tmp_path / "company.toml").write_text(text)
    validate(tmp_path, "--report", str(tmp_path / "faults.xlsx"))
    found = read_back(tmp_path / "faults.xlsx")
    assert found.column("cases", "处理方式") == ["按未知处理", "按未知处理"]


def test_the_table_and_the_document_show_the_line(tmp_path: Path) -> None:
    company(tmp_path)
    assert "[faults]" in validate(tmp_path)
    given = json.loads(validate(tmp_path, "--json"))
    assert {fault["kind"]: fault["setting"] for fault in given["faults"]}["off_scale"] == (
        '[faults] off_scale = "null"'
    )
    assert "written" not in given
    given = json.loads(validate(tmp_path, "--json", "--report", str(tmp_path / "f.xlsx")))
    assert given["written"] == str(tmp_path / "f.xlsx")


def test_without_faults_the_headings_stand_alone(tmp_path: Path, read_back: Callable[[Path], Read]) -> None:
    company(tmp_path, HEADER + "".join(f"{n},2024-01-{n:02} 08:00,2024-01-{n:02} 09:00,5,a\n" for n in range(1, 29)))
    validate(tmp_path, "--report", str(tmp_path / "faults.xlsx"))
    assert "cases" not in read_back(tmp_path / "faults.xlsx").sheets


@pytest.mark.parametrize("options", [[], ["--force"]])
def test_a_report_that_is_there_stays_unless_forced(tmp_path: Path, options: list[str]) -> None:
    company(tmp_path)
    (tmp_path / "faults.xlsx").write_text("mine")
    done = CliRunner().invoke(app, ["validate", str(tmp_path), "--report", str(tmp_path / "faults.xlsx"), *options])
    assert (done.exception is None or isinstance(done.exception, SystemExit)) == bool(options)
    assert ((tmp_path / "faults.xlsx").read_bytes() == b"mine") != bool(options)


def test_every_treatment_has_words() -> None:
    assert set(words()["treatment"]) == {"stop", "drop", "null", "keep"}
