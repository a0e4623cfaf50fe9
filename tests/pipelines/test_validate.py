"""The verb `validate`: the report for people, and for the real companies."""

from __future__ import annotations

from pathlib import Path

import pytest

from baton.company import load_company
from baton.errors import CatalogueError
from pipelines.validate import validate

CASES = "case_id,opened_at,responded_at,csat\n1,2024-01-01 08:00,,5\n2,2024-01-02 08:00,2024-01-01 08:00,4\n"


def company(folder: Path, settings: str = "") -> Path:
    (folder / "cases.csv").write_text(CASES)
    (folder / "company.toml").write_text(f'[tables]\ncases = {{ path = "cases.csv" }}\n{settings}\n')
    return folder / "company.toml"


def test_faults_are_reported_and_nothing_is_written(tmp_path: Path) -> None:
    report = validate(load_company(company(tmp_path, '[outcomes.case]\nmetric = "csat"')))
    assert [(fault.kind, fault.count) for fault in report.faults] == [("cannot_run", 1), ("negative_duration", 1)]
    assert {path.name for path in tmp_path.iterdir()} == {"cases.csv", "company.toml"}


def test_the_preset_s_kpis_run_on_the_contract_s_columns(tmp_path: Path) -> None:
    report = validate(load_company(company(tmp_path)))
    assert "kpi_fails" not in {fault.kind for fault in report.faults}


def test_a_company_s_own_kpi_that_reads_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "kpis.toml").write_text(
        '[[kpi]]\nid = "thief"\nname = "Thief"\nlayer = "role"\nperspective = "customer"\nsource = "cases"\n'
        'expr = "read_text(\'/etc/passwd\')"\nbetter = "higher"\nunit = "count"\nrole = "lever"\n'
    )
    path = company(tmp_path, '[kpis]\nfiles = ["kpis.toml"]')
    with pytest.raises(CatalogueError, match="thief"):
        validate(load_company(path))


def test_the_simulated_company_has_no_fault_that_stops(small_company: Path) -> None:
    report = validate(load_company(small_company))
    assert not report.stops, [fault.as_message().text for fault in report.faults]
    assert report.rows["cases"] > 1000


@pytest.mark.parametrize("name", ["csat", "telco"])
def test_the_real_companies_have_no_fault_that_stops(
    checkout: Path, real_data: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("BATON_DATA", str(real_data))
    report = validate(load_company(checkout / "examples" / name))
    assert not report.stops, [fault.as_message().text for fault in report.faults]
    assert sum(report.rows.values()) > 7000


def test_the_csat_set_s_negative_response_times_are_found(
    checkout: Path, real_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BATON_DATA", str(real_data))
    report = validate(load_company(checkout / "examples" / "csat"))
    found = {fault.column: fault for fault in report.faults if fault.kind == "negative_duration"}
    share = found["responded_at"].count / report.rows["cases"]
    assert share == pytest.approx(0.037, abs=0.001)
    assert found["responded_at"].treatment == "null"
