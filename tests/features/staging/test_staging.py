"""Staging cleans by each fault's treatment, converts times and writes whole files."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from baton.company import load_company
from baton.contract.sources import TABLES
from baton.errors import ArtefactError, BatonError, OutputError, TableError
from features.staging.stage import open_warehouse, stage
from features.staging.warehouse import Warehouse
from tests.features.staging.conftest import NO_KPIS, TWO_CASES, Stage, column


def times(warehouse: Warehouse, table: str, name: str) -> list[str | None]:
    return [None if value is None else str(value) for value in column(warehouse, table, name)]


def test_every_contract_column_is_there_with_its_type(staged: Stage) -> None:
    _, warehouse = staged({"cases": TWO_CASES})
    schema = warehouse["cases"].schema()
    assert tuple(schema.names) == TABLES["cases"].names
    types = {"id": "string", "text": "string", "number": "float64", "integer": "int64", "flag": "boolean"}
    for spec in TABLES["cases"].columns:
        expected = "timestamp(6)" if spec.type == "time" else types[spec.type]
        assert str(schema[spec.name]) == expected, spec.name
    assert warehouse.present["cases"] == {"case_id", "opened_at", "employee_id", "responded_at", "closed_at", "csat"}
    assert not warehouse.has("cases", "nps")
    assert column(warehouse, "cases", "nps") == [None, None]


def test_a_french_export_with_tabs_is_read(staged: Stage) -> None:
    text = (
        "case_id\topened_at\tclosed_at\tstage\tcost\tselect\n"
        "007\t13/07/2024 10:00\t13/07/2024 12:30\tRéparée\t12,50\ta\n"
        "8\t15/01/2024 10:00\t\tété\t1 234,5\tb\n"
    )
    report, warehouse = staged(
        {"cases": text}, options=', encoding = "cp1252", timezone = "Europe/Paris"', encoding="cp1252"
    )
    assert report.faults == ()
    assert column(warehouse, "cases", "case_id") == ["007", "8"]
    assert times(warehouse, "cases", "opened_at") == ["2024-07-13 08:00:00", "2024-01-15 09:00:00"]
    assert column(warehouse, "cases", "stage") == ["Réparée", "été"]
    assert column(warehouse, "cases", "cost") == [12.5, 1234.5]
    assert column(warehouse, "cases", "select") == ["a", "b"]


def test_chinese_values_and_names_are_kept(staged: Stage) -> None:
    text = "case_id,opened_at,process,满意,resolved_first\n"
    text += "一号,2024年1月2日 10:00,维修,3,是\n二号,2024年1月3日,退货,4,否\n"
    report, warehouse = staged({"cases": text}, options=', encoding = "gbk"', encoding="gbk")
    assert report.faults == ()
    assert column(warehouse, "cases", "case_id") == ["一号", "二号"]
    assert times(warehouse, "cases", "opened_at") == ["2024-01-02 10:00:00", "2024-01-03 00:00:00"]
    assert column(warehouse, "cases", "满意") == [3.0, 4.0]
    assert column(warehouse, "cases", "resolved_first") == [True, False]


TIMES = [
    ("2024-07-01 10:00", "2024-07-01 08:00:00"),
    ("2024-07-01T10:00:30.5", "2024-07-01 08:00:30.500000"),
    ("2024-07-01T10:00:00Z", "2024-07-01 10:00:00"),
    ("2024-07-01 10:00:00+05:30", "2024-07-01 04:30:00"),
    ("2024/7/1 9:05", "2024-07-01 07:05:00"),
    ("13.7.2024", "2024-07-12 22:00:00"),
    ("13/07/2024 1:30 PM", "2024-07-13 11:30:00"),
    ("13-07-2024 23:59:59", "2024-07-13 21:59:59"),
    ("1-Jul-24", "2024-06-30 22:00:00"),
    ("Jul 1, 2024 10:00", "2024-07-01 08:00:00"),
    ("20240701", "2024-06-30 22:00:00"),
    ("2024-07", "2024-06-30 22:00:00"),
    ("2024-07-01 03:15 pm", "2024-07-01 13:15:00"),
    ("2024-01-01 10:00", "2024-01-01 09:00:00"),
    ("2024-02-30", None),
    ("n/a", None),
    ("", None),
]


def test_times_of_many_shapes_become_utc(staged: Stage) -> None:
    rows = "".join(f'{number},2020-01-01,"{text}"\n' for number, (text, _) in enumerate(TIMES))
    report, warehouse = staged({"cases": "case_id,opened_at,due_at\n" + rows}, options=', timezone = "Europe/Paris"')
    assert times(warehouse, "cases", "due_at") == [expected for _, expected in TIMES]
    assert [(fault.kind, fault.count) for fault in report.faults] == [("unparseable_time", 1)]


TREATED = [
    ("null", ["1", "2"], [None, 4.0]),
    ("drop", ["2"], [4.0]),
    ("keep", ["1", "2"], [9.0, 4.0]),
]


@pytest.mark.parametrize(("treatment", "ids", "ratings"), TREATED)
def test_the_company_file_decides_about_a_fault(
    staged: Stage, treatment: str, ids: list[str], ratings: list[float | None]
) -> None:
    text = TWO_CASES.replace(",5\n", ",9\n")
    settings = f'[faults]\noff_scale = "{treatment}"\n[outcomes.case]\nmetric = "csat"\nscale = [1, 5]'
    _, warehouse = staged({"cases": text}, settings=settings)
    assert column(warehouse, "cases", "case_id") == ids
    assert column(warehouse, "cases", "csat") == ratings


def test_a_fault_set_to_stop_leaves_nothing_behind(staged: Stage, tmp_path: Path) -> None:
    text = TWO_CASES.replace("anna,,", "anna,2023-01-01,")
    with pytest.raises(TableError, match=r"cases.responded_at: responded_at lies before opened_at in 1 row"):
        staged({"cases": text}, settings='[faults]\nnegative_duration = "stop"')
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "employees.key").exists()


def test_rows_without_what_is_required_are_left_out(staged: Stage) -> None:
    text = TWO_CASES + "3,never,anna,,,5\n,2024-01-05,bob,,,5\n4,9999-12-31,bob,,,5\n"
    _, warehouse = staged({"cases": text})
    assert column(warehouse, "cases", "case_id") == ["1", "2"]


def test_the_first_of_repeated_rows_stays(staged: Stage) -> None:
    text = TWO_CASES + "1,2024-01-01 08:00,anna,,2024-01-01 10:00,5\n2,2024-01-09 08:00,bob,,,1\n"
    _, warehouse = staged({"cases": text}, settings='[faults]\nduplicate_key = "drop"')
    assert column(warehouse, "cases", "case_id") == ["1", "2"]
    assert column(warehouse, "cases", "csat") == [5.0, 4.0]


def test_a_customer_may_have_several_rows_if_each_says_from_when(staged: Stage) -> None:
    customers = "customer_id,valid_from,plan\na,2024-01-01,basic\na,2024-02-01,full\n"
    report, warehouse = staged({"cases": TWO_CASES, "customers": customers})
    assert not [fault for fault in report.faults if fault.table == "customers"]
    assert times(warehouse, "customers", "valid_from") == ["2024-01-01 00:00:00", "2024-02-01 00:00:00"]


@pytest.mark.parametrize(
    ("treatment", "customers"), [("keep", ["a", "x", "a"]), ("null", ["a", None, "a"]), ("drop", ["a", "a"])]
)
def test_orphans_are_treated(staged: Stage, treatment: str, customers: list[str | None]) -> None:
    cases = "case_id,opened_at,customer_id\n1,2024-01-01,a\n2,2024-01-02,x\n3,2024-01-03,a\n"
    settings = f'[faults]\norphan = "{treatment}"'
    _, warehouse = staged({"cases": cases, "customers": "customer_id\na\n"}, settings=settings)
    assert column(warehouse, "cases", "customer_id") == customers


def test_a_card_that_does_not_add_up_can_be_left_out(staged: Stage) -> None:
    cards = "team_id,role,kpi,weight,valid_from\nt,,a,60,2024-01-01\nt,,b,30,2024-01-01\nt,lead,a,100,2024-01-01\n"
    _, warehouse = staged({"cases": TWO_CASES, "scorecards": cards}, settings='[faults]\nweights_sum = "drop"')
    assert column(warehouse, "scorecards", "role") == ["lead"]


def test_ratings_without_a_time_are_known_a_week_after_closing(staged: Stage) -> None:
    text = (
        "case_id,opened_at,closed_at,rated_at,csat,nps\n"
        "1,2024-01-01 08:00,2024-01-02 09:00,2024-01-02 10:00,5,\n"
        "2,2024-01-01 08:00,2024-01-02 09:00,,4,\n"
        "3,2024-01-01 08:00,2024-01-02 09:00,,,\n"
        "4,2024-01-01 08:00,2024-01-02 09:00,,,10\n"
        "5,2024-01-01 08:00,,,4,\n"
        "6,2024-01-12 08:00,,,,\n"
    )
    _, warehouse = staged({"cases": text})
    assert times(warehouse, "cases", "rated_at") == [
        "2024-01-02 10:00:00", "2024-01-09 09:00:00", None, "2024-01-09 09:00:00", None, None
    ]  # fmt: skip


def test_a_rating_s_date_counts_as_the_end_of_its_day(staged: Stage) -> None:
    text = "case_id,opened_at,closed_at,rated_at,csat\n1,2024-01-01 08:00,2024-01-01 09:00,01-Jan-24,5\n"
    text += "2,2024-01-02 08:00,2024-01-02 09:00,03-Jan-24,5\n"
    _, warehouse = staged({"cases": text}, options=', timezone = "Asia/Shanghai"')
    assert times(warehouse, "cases", "rated_at") == ["2024-01-01 15:59:59.999999", "2024-01-03 15:59:59.999999"]


def test_ids_are_text_whatever_they_come_as(tmp_path: Path) -> None:
    day = pd.Timestamp("2024-01-01")
    pd.DataFrame({"case_id": [1, 2], "opened_at": day, "customer_id": [7.0, None]}).to_parquet(
        tmp_path / "cases.parquet"
    )
    (tmp_path / "customers.csv").write_text("customer_id\n7\n007\n")
    (tmp_path / "company.toml").write_text(
        '[tables]\ncases = { path = "cases.parquet" }\ncustomers = { path = "customers.csv" }\n'
    )
    report = stage(load_company(tmp_path), NO_KPIS, tmp_path / "staged")
    assert report.faults == ()
    warehouse = open_warehouse(tmp_path / "staged")
    assert column(warehouse, "cases", "case_id") == ["1", "2"]
    assert column(warehouse, "cases", "customer_id") == ["7", None]
    assert column(warehouse, "customers", "customer_id") == ["7", "007"]


def test_parquet_types_and_time_zones_are_read(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "case_id": ["a", "b"],
            "opened_at": pd.to_datetime(["2024-01-01 10:00", "2024-01-02 10:00"]).tz_localize("Asia/Tokyo"),
            "closed_at": pd.to_datetime(["2024-01-01 10:00", "2024-01-02 10:00"]),
            "resolved_first": [1, 0],
            "reopened": [1.0, float("nan")],
            "channel": pd.Categorical(["web", "phone"]),
            "vip": [True, False],
        }
    )
    frame.to_parquet(tmp_path / "cases.parquet")
    (tmp_path / "company.toml").write_text('[tables]\ncases = { path = "cases.parquet", timezone = "Asia/Tokyo" }\n')
    assert stage(load_company(tmp_path), NO_KPIS, tmp_path / "staged").faults == ()
    warehouse = open_warehouse(tmp_path / "staged")
    assert times(warehouse, "cases", "opened_at")[0] == "2024-01-01 01:00:00"
    assert times(warehouse, "cases", "closed_at")[0] == "2024-01-01 01:00:00"
    assert column(warehouse, "cases", "resolved_first") == [True, False]
    assert column(warehouse, "cases", "reopened") == [1, None]
    assert column(warehouse, "cases", "channel") == ["web", "phone"]
    assert column(warehouse, "cases", "vip") == [1.0, 0.0]


def test_a_flat_table_keeps_its_columns(staged: Stage) -> None:
    text = (
        "customer_id,churned,Monthly Charges,Zip,Contract,Total\n1,Yes,70.5,00501,Monthly,1\n2,No,20,90210,Yearly, \n"
    )
    report, warehouse = staged({"snapshots": text})
    assert report.faults == ()
    assert column(warehouse, "snapshots", "churned") == [True, False]
    assert column(warehouse, "snapshots", "Monthly Charges") == [70.5, 20.0]
    assert column(warehouse, "snapshots", "Zip") == ["00501", "90210"]
    assert column(warehouse, "snapshots", "Total") == [1.0, None]
    assert report.left_out == (
        "advice on weights and coaching; cases and scorecards would bring it (a flat table gives predictions alone)",
    )


def test_an_empty_optional_table_is_left_out(staged: Stage) -> None:
    _, warehouse = staged({"cases": TWO_CASES, "customers": "customer_id,joined_at\n"})
    assert "customers" not in warehouse
    assert "cases" in warehouse


def test_where_each_table_ends_is_reported(staged: Stage) -> None:
    tables = {
        "cases": TWO_CASES,
        "customers": "customer_id,joined_at,left_at\na,2023-01-01,2023-06-01\nb,2023-01-01,9999-12-31\n",
    }
    _, warehouse = staged(tables)
    assert warehouse.observed_until == {
        "cases": datetime.fromisoformat("2024-01-02T08:00:00"),
        "customers": datetime.fromisoformat("2024-01-02T08:00:00"),  # that nobody left for months ends nothing
    }
    _, warehouse = staged({"cases": TWO_CASES}, options=', observed_until = "2024-01-31", timezone = "Europe/Paris"')
    assert warehouse.observed_until == {"cases": datetime.fromisoformat("2024-01-31T22:59:59.999999")}


def test_the_same_inputs_give_the_same_files(tmp_path: Path) -> None:
    pd.DataFrame(
        {
            "case_id": range(30_000),
            "opened_at": pd.Timestamp("2024-01-01"),
            "employee_id": [f"e{n % 90}" for n in range(30_000)],
        }
    ).to_parquet(tmp_path / "cases.parquet", row_group_size=2_000)
    (tmp_path / "company.toml").write_text('[tables]\ncases = { path = "cases.parquet" }\n')
    for name in ("one", "two"):
        stage(load_company(tmp_path), NO_KPIS, tmp_path / name)
    assert (tmp_path / "one" / "cases.parquet").read_bytes() == (tmp_path / "two" / "cases.parquet").read_bytes()
    assert column(open_warehouse(tmp_path / "one"), "cases", "case_id") == [str(number) for number in range(30_000)]


def test_two_million_rows_of_one_customer_are_staged(tmp_path: Path) -> None:
    with duckdb.connect() as connection:
        connection.execute(
            "COPY (SELECT n AS case_id, 'one' AS customer_id, TIMESTAMP '2024-01-01' + to_seconds(n) AS opened_at "
            f"FROM range(2000000) AS r(n)) TO '{tmp_path / 'cases.parquet'}' (FORMAT parquet)"
        )
    (tmp_path / "company.toml").write_text('[tables]\ncases = { path = "cases.parquet" }\n')
    report = stage(load_company(tmp_path), NO_KPIS, tmp_path / "staged")
    assert report.rows == {"cases": 2_000_000}
    assert open_warehouse(tmp_path / "staged")["cases"].customer_id.nunique().execute() == 1


def test_a_damaged_parquet_file_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "cases.parquet"
    pd.DataFrame({"case_id": [str(n) for n in range(5000)], "opened_at": pd.Timestamp("2024-01-01")}).to_parquet(path)
    whole = bytearray(path.read_bytes())
    whole[200:4000] = b"\xff" * 3800  # the pages are damaged, the footer is not
    path.write_bytes(bytes(whole))
    (tmp_path / "company.toml").write_text('[tables]\ncases = { path = "cases.parquet" }\n')
    with pytest.raises(BatonError, match=r"cases.parquet") as caught:
        stage(load_company(tmp_path), NO_KPIS, tmp_path / "staged")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "staged").exists()


def test_a_full_disk_is_reported_and_leaves_nothing_half_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cases.csv").write_text(TWO_CASES)
    (tmp_path / "company.toml").write_text('[tables]\ncases = { path = "cases.csv" }\n')

    def full(source: object, target: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OutputError, match="No space left on device"):
        stage(load_company(tmp_path), NO_KPIS, tmp_path / "staged")
    assert list((tmp_path / "staged").iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on the size of a process's files")
def test_a_disk_that_fills_up_while_a_table_is_written_is_reported(tmp_path: Path) -> None:
    # long random texts: they do not compress
    rows = "".join(
        f"{number},2024-01-01,{hashlib.sha512(str(number).encode()).hexdigest()}\n" for number in range(4000)
    )
    (tmp_path / "cases.csv").write_text("case_id,opened_at,text\n" + rows)
    (tmp_path / "company.toml").write_text('[tables]\ncases = { path = "cases.csv" }\n')
    program = (
        "import resource, signal; from pathlib import Path; from baton.catalogue.schema import Catalogue\n"
        "from baton.company import load_company; from baton.errors import OutputError; from features.staging import stage as staging\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))\n"
        "try:\n    staging.stage(load_company('.'), Catalogue((), ()), Path('staged'))\n"
        "except OutputError as error:\n    print(error)\n"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    printed = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    assert "cases.parquet: cannot be written" in printed.stdout, printed
    assert "free space or choose --out" in printed.stdout
    assert list((tmp_path / "staged").iterdir()) == []


def test_a_folder_that_cannot_be_made_is_reported(tmp_path: Path) -> None:
    (tmp_path / "cases.csv").write_text(TWO_CASES)
    (tmp_path / "company.toml").write_text('[tables]\ncases = { path = "cases.csv" }\n')
    (tmp_path / "out").write_text("a file")
    with pytest.raises(OutputError, match="choose another folder"):
        stage(load_company(tmp_path), NO_KPIS, tmp_path / "out" / "staged")


def test_a_folder_without_staged_tables_is_reported(tmp_path: Path) -> None:
    with pytest.raises(ArtefactError, match="baton run"):
        open_warehouse(tmp_path)
