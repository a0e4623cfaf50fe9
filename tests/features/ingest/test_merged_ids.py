"""Merged ids are one everywhere, or the run says why not."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from baton.catalogue.schema import Catalogue
from baton.company import load_company
from features.quality.checks import check
from features.quality.faults import CheckReport
from features.staging.stage import stage

TABLES = {
    "customers": "customer_id,joined_at,left_at,value\na,2020-01-01,2022-01-01,5\nb,2022-01-01,,7\nc,2023-01-01,,9\n",
    "cases": (
        "case_id,customer_id,employee_id,team_id,opened_at\n"
        "1,a,p1,north,2024-01-01 08:00\n2,b,p2,arctic,2024-01-02 08:00\n3,c,p1,north,2024-01-03 08:00\n"
    ),
    "activity": "customer_id,at\na,2024-01-01 08:00\nb,2024-01-02 08:00\nc,2024-01-03 08:00\n",
    "employees": "employee_id,team_id,hired_at\np1,north,2019-01-01\np2,arctic,2021-01-01\n",
    "measures": (
        "unit,unit_id,from,to,kpi,value\nemployee,p1,2024-01-01,2024-02-01,csat,3\n"
        "customer,a,2024-01-01,2024-02-01,csat,4\nteam,a,2024-01-01,2024-02-01,csat,5\n"
    ),
}


def company(folder: Path, merged: str) -> Path:
    for name, text in {**TABLES, "merged_ids": merged}.items():
        (folder / f"{name}.csv").write_text(text)
    listed = "\n".join(f'{name} = {{ path = "{name}.csv" }}' for name in (*TABLES, "merged_ids"))
    (folder / "company.toml").write_text(f"[tables]\n{listed}\n[kpis]\npresets = []\n[privacy]\npseudonymise = false\n")
    return folder


def staged(folder: Path) -> CheckReport:
    return stage(load_company(folder), Catalogue((), ()), folder / "staged")


def rows(folder: Path, sql: str, table: str) -> list[tuple[object, ...]]:
    return duckdb.connect().execute(f"SELECT {sql} FROM '{folder}/staged/{table}.parquet' ORDER BY ALL").fetchall()


def test_merged_ids_are_one_in_every_table(tmp_path: Path) -> None:
    merged = "kind,old_id,new_id\ncustomer,a,x\ncustomer,x,b\nEmployee,p1,p2\nteam,arctic,polar\n"
    report = staged(company(tmp_path, merged))
    assert rows(tmp_path, "customer_id, joined_at::DATE::VARCHAR, left_at, value", "customers") == [
        ("b", "2020-01-01", None, 7.0),  # the row of the id that stays, known since the first
        ("c", "2023-01-01", None, 9.0),
    ]
    assert rows(tmp_path, "case_id, customer_id, employee_id, team_id", "cases") == [
        ("1", "b", "p2", "north"), ("2", "b", "p2", "polar"), ("3", "c", "p2", "north")
    ]  # fmt: skip
    assert rows(tmp_path, "customer_id", "activity") == [("b",), ("b",), ("c",)]
    assert rows(tmp_path, "employee_id, team_id, hired_at::DATE::VARCHAR", "employees") == [
        ("p2", "polar", "2019-01-01")
    ]
    assert rows(tmp_path, "unit, unit_id", "measures") == [("customer", "b"), ("employee", "p2"), ("team", "a")]
    assert not (tmp_path / "staged" / "merged_ids.parquet").exists()
    assert "merged_ids: replaced customers.customer_id in 1 rows" in report.notes
    assert "merged_ids: 1 rows of employees gave way to those of the new id" in report.notes
    assert not [fault for fault in report.faults if fault.kind in {"duplicate_key", "orphan", "older_state"}]


@pytest.mark.parametrize(
    ("merged", "message"),
    [
        ("customer,a,b\ncustomer,b,a\n", "2 ids are merged in a circle"),
        ("customer,a,b\ncustomer,a,c\n", "1 ids are merged into two others"),
        ("client,a,b\n", "kind is 'client'"),
        ("customer,a,\n", "kind, old_id or new_id has no value in 1 rows"),
    ],
)
def test_what_cannot_be_followed_stops(tmp_path: Path, merged: str, message: str) -> None:
    report = check(load_company(company(tmp_path, "kind,old_id,new_id\n" + merged)), Catalogue((), ()))
    assert [fault.message for fault in report.faults if fault.stops] == [message]
