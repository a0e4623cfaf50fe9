"""Tables that are read well and count for nothing are reported, and ids that belong to another system stop a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from baton.catalogue.load import load_catalogue
from baton.company import load_company
from features.quality.checks import check
from features.quality.faults import CheckReport, Fault

CASES = "case_id,opened_at,team_id,csat\n" + "".join(
    f"{n},2025-01-{n % 28 + 1:02d},T1,{n % 5 + 1}\n" for n in range(50)
)
USE = "customer_id,at,kind,amount,item\n" + "".join(
    f"{n},2025-01-{n % 28 + 1:02d},{('use', 'buy')[n % 2]},1,x\n" for n in range(50)
)


def report_of(folder: Path, scenario: str, settings: str = "", **tables: str) -> CheckReport:
    for name, text in tables.items():
        (folder / f"{name}.csv").write_text(text)
    listed = "\n".join(f'{name} = {{ path = "{name}.csv" }}' for name in tables)
    (folder / "company.toml").write_text(f'[company]\nscenario = "{scenario}"\n[tables]\n{listed}\n{settings}\n')
    company = load_company(folder)
    return check(company, load_catalogue(company))


def test_a_table_whose_words_no_kpi_knows_is_reported_with_the_nearest_word(tmp_path: Path) -> None:
    report = report_of(tmp_path, "product", cases=CASES, activity=USE)
    (note,) = (note for note in report.notes if note.startswith("activity"))
    assert note.startswith("activity counts for nothing: none of its 50 rows gives a KPI a value")
    assert "no row has kind = " in note
    assert "it has buy, use (is use what feature_use means?)" in report.kpis["activity"].empty["active_days"].text
    assert report.kpis["activity"].given == ()


def test_a_table_that_counts_says_which_of_its_kpis_do(tmp_path: Path) -> None:
    report = report_of(tmp_path, "product", cases=CASES, activity=USE.replace("use", "Feature_Use"))
    assert "active_days" in report.kpis["activity"].given
    assert "csat" in report.kpis["cases"].given
    assert report.kpis["cases"].lacking["nps"] == ["nps"]
    (note,) = (note for note in report.notes if note.startswith("activity"))
    assert note.startswith(f"activity gives {len(report.kpis['activity'].given)} KPIs; without a value stay ")


def test_a_column_that_is_empty_in_every_row_is_named(tmp_path: Path) -> None:
    cases = CASES.replace("\n", ",\n").replace("csat,", "csat,cost").replace(",team_id", ",closed_at,team_id")
    cases = cases.replace(",T1,", ",2025-01-30,T1,")
    report = report_of(tmp_path, "service", cases=cases)
    assert report.kpis["cases"].empty["cost_per_case"].text == "cost is empty in every row"


def orphan(report: CheckReport) -> Fault:
    (fault,) = (fault for fault in report.faults if fault.kind == "orphan")
    return fault


CUSTOMERS = "customer_id\n" + "".join(f"{n}\n" for n in range(1, 51))


@pytest.mark.parametrize(
    ("written", "refusal"),
    [
        ("C{:03d}", "they differ by letters or signs around a number"),
        ("{:06d}", "they differ by zeros in front"),
        ("x{:d}y", "around a number"),
    ],
)
def test_ids_that_another_table_writes_another_way_stop_a_run(tmp_path: Path, written: str, refusal: str) -> None:
    cases = "case_id,opened_at,customer_id\n" + "".join(f"{n},2025-01-02,{written.format(n + 1)}\n" for n in range(50))
    fault = orphan(report_of(tmp_path, "service", cases=cases, customers=CUSTOMERS))
    assert fault.stops
    assert fault.count == 50
    assert refusal in fault.hint
    assert "'1' there" in fault.hint


def test_some_orphans_are_a_warning_and_the_company_file_has_the_last_word(tmp_path: Path) -> None:
    cases = "case_id,opened_at,customer_id\n" + "".join(f"{n},2025-01-02,{n + 20}\n" for n in range(50))
    assert not orphan(report_of(tmp_path, "service", cases=cases, customers=CUSTOMERS)).stops
    strange = cases.replace(",2025-01-02,", ",2025-01-02,strange")
    fault = orphan(report_of(tmp_path, "service", cases=strange, customers=CUSTOMERS))
    assert fault.stops
    assert "around a number" in fault.hint
    kept = report_of(tmp_path, "service", '[faults]\norphan = "keep"', cases=strange, customers=CUSTOMERS)
    assert not kept.stops
