"""Staging makes employees pseudonymous and leaves behind what must not go on."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from baton.errors import CompanyFileError
from features.staging.pseudonyms import load_key, pseudonym
from tests.features.staging.conftest import TWO_CASES, Stage, column

PEOPLE = {
    "cases": TWO_CASES,
    "employees": "employee_id,team_id,name,site,gender,hours\nanna,t,Anna A.,north,f,38\nbob1,t,Bob B.,south,m,40\n",
    "case_steps": "case_id,at,activity,employee_id\n1,2024-01-01 08:30,call,anna\n",
    "work": "employee_id,from,to,hours,training_hours\nanna,2024-01-01,2024-01-31,160,4\n",
    "measures": (
        "unit,unit_id,from,to,kpi,value\nemployee,anna,2024-01-01,2024-01-31,k,1\nteam,anna,2024-01-01,2024-01-31,k,2\n"
        "employee,anna,2024-01-01,2024-01-31,absence_days,3\n"
    ),
}


def test_employees_have_one_pseudonym_everywhere(staged: Stage, tmp_path: Path) -> None:
    _, warehouse = staged(PEOPLE)
    anna = pseudonym(load_key(tmp_path / "employees.key"), "anna")
    assert column(warehouse, "employees", "employee_id")[0] == anna
    assert column(warehouse, "cases", "employee_id")[0] == anna
    assert column(warehouse, "case_steps", "employee_id") == [anna]
    assert column(warehouse, "work", "employee_id") == [anna]
    assert column(warehouse, "measures", "unit_id") == [anna, "anna"]
    assert column(warehouse, "employees", "team_id") == ["t", "t"]
    written = b"".join(path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file())
    for raw in (b"Anna", b"bob1"):  # no pseudonym has a 1 in it
        assert raw not in written


@pytest.mark.parametrize(
    ("pseudonymise", "hired"), [("true", ["2023-05-01", "2023-05-01"]), ("false", ["2023-05-17", "2023-05-29"])]
)
def test_nobody_is_known_by_the_day_of_their_hiring(staged: Stage, pseudonymise: str, hired: list[str]) -> None:
    people = "employee_id,team_id,hired_at\nanna,t,2023-05-17 09:30\nbob,t,2023-05-29\n"
    settings = f"[privacy]\npseudonymise = {pseudonymise}"
    report, warehouse = staged({"cases": TWO_CASES, "employees": people}, settings=settings)
    reported = [f"{value:%Y-%m-%d}" for value in column(warehouse, "employees", "hired_at")]  # type: ignore[str-format]
    assert reported == hired
    assert str(warehouse["employees"].schema()["hired_at"]) == "timestamp(6)"
    assert not report.faults


def test_a_misspelt_unit_lets_no_id_through(staged: Stage, tmp_path: Path) -> None:
    measures = PEOPLE["measures"].replace("employee,anna", "Employee,anna")
    _, warehouse = staged(PEOPLE | {"measures": measures}, settings='[faults]\nunknown_unit = "keep"')
    anna = pseudonym(load_key(tmp_path / "employees.key"), "anna")
    assert column(warehouse, "measures", "unit_id") == [anna, "anna"]


def test_copies_of_ids_in_any_table_stay_behind(staged: Stage) -> None:
    teams = "team_id,name,lead_person\nt,North,anna\nu,South,bob\n"
    report, warehouse = staged(PEOPLE | {"teams": teams})
    assert "lead_person" not in warehouse["teams"].columns
    assert column(warehouse, "teams", "name") == ["North", "South"]
    assert any(note.startswith("teams.lead_person tells who") for note in report.notes)


def test_the_key_is_made_once_for_its_owner_alone(staged: Stage, tmp_path: Path) -> None:
    _, first = staged(PEOPLE)
    before = column(first, "cases", "employee_id")
    key = tmp_path / "employees.key"
    if os.name != "nt":
        assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert column(staged(PEOPLE)[1], "cases", "employee_id") == before
    key.unlink()
    assert column(staged(PEOPLE)[1], "cases", "employee_id") != before


def test_pseudonyms_can_be_turned_off(staged: Stage, tmp_path: Path) -> None:
    _, warehouse = staged(PEOPLE, settings="[privacy]\npseudonymise = false")
    assert column(warehouse, "cases", "employee_id") == ["anna", "bob"]
    assert not (tmp_path / "employees.key").exists()


def test_a_key_inside_the_results_is_refused(staged: Stage) -> None:
    with pytest.raises(CompanyFileError, match="inside the results' folder"):
        staged(PEOPLE, settings='[privacy]\nkey = "out/staged/employees.key"')


def test_a_broken_key_is_refused(staged: Stage, tmp_path: Path) -> None:
    (tmp_path / "employees.key").write_text("short")
    with pytest.raises(CompanyFileError, match="holds less than 32 characters"):
        staged(PEOPLE)


def test_what_identifies_or_is_sensitive_or_protected_stays_behind(staged: Stage) -> None:
    report, warehouse = staged(
        PEOPLE
        | {"cases": TWO_CASES.replace("csat", "csat,gender,agent").replace(",5", ",5,f,anna").replace(",4", ",4,m,bob")}
    )
    assert warehouse.present["employees"] == {"employee_id", "team_id", "site", "gender"}
    assert "name" not in warehouse["employees"].columns
    assert {"gender", "agent"}.isdisjoint(warehouse["cases"].columns)
    assert column(warehouse, "work", "hours") == [None]
    assert column(warehouse, "work", "training_hours") == [4.0]
    assert not warehouse.has("work", "hours")
    assert column(warehouse, "measures", "kpi") == ["k", "k"]
    notes = " ".join(report.notes)
    for place in (
        "employees.name tells",
        "employees.hours is on the list",
        "work.hours is on the list",
        "cases.gender is protected",
        "cases.agent tells",
    ):
        assert place in notes


def test_a_column_taken_off_the_list_is_kept(staged: Stage) -> None:
    _, warehouse = staged(PEOPLE, settings='[privacy]\nsensitive = ["absence_days"]')
    assert column(warehouse, "work", "hours") == [160.0]


def test_texts_that_hardly_two_employees_share_stay_behind(staged: Stage) -> None:
    rows = "".join(f"e{number},home of {number},{'north' if number % 2 else 'south'}\n" for number in range(40))
    _, warehouse = staged({"cases": TWO_CASES, "employees": "employee_id,place,site\n" + rows})
    assert warehouse.present["employees"] == {"employee_id", "site"}


def test_what_an_earlier_run_staged_and_is_gone_is_removed(staged: Stage, tmp_path: Path) -> None:
    staged(PEOPLE)
    assert (tmp_path / "out" / "staged" / "work.parquet").exists()
    staged({"cases": TWO_CASES})
    assert {path.name for path in (tmp_path / "out" / "staged").iterdir()} == {"cases.parquet", "tables.json"}


def test_the_record_holds_no_value_of_a_row(staged: Stage, tmp_path: Path) -> None:
    staged(PEOPLE | {"cases": TWO_CASES.replace("2024-01-01 10:00", "anna's day")})
    text = (tmp_path / "out" / "staged" / "tables.json").read_text()
    assert "anna" not in text
    record = json.loads(text)
    assert {
        "table": "cases",
        "column": "closed_at",
        "kind": "unparseable_time",
        "count": 1,
        "treatment": "null",
    } in record["faults"]
    assert record["tables"]["cases"]["rows"] == 2
