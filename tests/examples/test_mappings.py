"""The example companies read the public files as they are: on rows made up here, and on the sets where they lie."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from baton.catalogue.load import load_catalogue
from baton.company import Company, load_company
from features.staging import stage as staging

CSAT_HEADER = (
    ",Unique id,channel_name,category,Sub-category,Customer Remarks,Order_id,order_date_time,Issue_reported at,"
    "issue_responded,Survey_response_Date,Customer_City,Product_category,Item_price,connected_handling_time,Agent_name,"
    "Supervisor,Manager,Tenure Bucket,Agent Shift,CSAT Score\n"
)
CSAT_ROWS = (
    '1,c1,Inbound,Returns,Pick-up,"a, b",,,03/08/2023 10:00,03/08/2023 10:05,03-Aug-23,,,,,Ann,Sam,Max,>90,Morning,1\n'
    "2,c2,Email,Refund,Late,,,,25/08/2023 18:30,25/08/2023 00:00,25-Aug-23,,Books,156.0,,Bea,Sam,Max,0-30,Evening,5\n"
    "3,c3,Inbound,Returns,Pick-up,,,,30/07/2023 09:00,01/08/2023 09:00,01-Aug-23,,,,,Ann,Sam,Lea,>90,Morning,4\n"
)


@pytest.fixture
def csat(checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Company:
    (tmp_path / "csat").mkdir()
    (tmp_path / "csat" / "customer_support.csv").write_text(CSAT_HEADER + CSAT_ROWS, encoding="utf-8")
    monkeypatch.setenv("BATON_DATA", str(tmp_path))
    return load_company(checkout / "examples" / "csat")


def staged(company: Company, folder: Path) -> tuple[staging.CheckReport, dict[str, pd.DataFrame]]:
    """The clean tables, without pseudonyms so that they can be read, and what the checks said."""
    private = company.privacy.model_copy(update={"pseudonymise": False})
    company = company.model_copy(update={"privacy": private})
    report = staging.stage(company, load_catalogue(company), folder)
    return report, {path.stem: pd.read_parquet(path) for path in folder.glob("*.parquet")}


def test_a_support_case_gets_the_contracts_names(csat: Company, tmp_path: Path) -> None:
    _, tables = staged(csat, tmp_path / "staged")
    cases = tables["cases"].set_index("case_id")
    first = cases.loc["c1"]
    assert first["opened_at"] == pd.Timestamp("2023-08-03 10:00")
    assert first["responded_at"] == first["closed_at"] == pd.Timestamp("2023-08-03 10:05")
    assert first["rated_at"] == pd.Timestamp("2023-08-03 23:59")
    assert (first["process"], first["employee_id"], first["team_id"], first["csat"]) == ("Returns", "Ann", "Sam", 1)
    assert cases.loc["c3", "opened_at"] == pd.Timestamp("2023-07-30 09:00")
    assert not [name for name in cases.columns if "remark" in name.lower()]


def test_an_answer_before_the_report_is_reported_and_unknown(csat: Company, tmp_path: Path) -> None:
    report, tables = staged(csat, tmp_path / "staged")
    faults = [(fault.table, fault.column, fault.kind, fault.count) for fault in report.faults]
    assert ("cases", "responded_at", "negative_duration", 1) in faults
    second = tables["cases"].set_index("case_id").loc["c2"]
    assert pd.isna(second["responded_at"])
    assert second["closed_at"] == second["opened_at"]


def test_people_and_teams_are_read_from_the_same_file(csat: Company, tmp_path: Path) -> None:
    _, tables = staged(csat, tmp_path / "staged")
    people = tables["employees"].set_index("employee_id")
    assert people.loc["Bea", ["team_id", "tenure_band", "shift"]].tolist() == ["Sam", "0-30", "Evening"]
    assert tables["teams"]["department"].tolist() == ["Max"]


def test_the_two_habits_are_levers_and_the_mean_is_only_shown(csat: Company) -> None:
    catalogue = load_catalogue(csat)
    assert {catalogue[name].role for name in ("prompt_answer_rate", "left_lying_rate")} == {"lever"}
    assert catalogue["response_seconds"].role == "mediator"
    assert catalogue["csat"].role == "outcome"


TELCO_HEADER = (
    "CustomerID,Gender,Senior Citizen,Partner,Dependents,Tenure Months,Phone Service,Multiple Lines,Internet Service,"
    "Online Security,Online Backup,Device Protection,Tech Support,Streaming TV,Streaming Movies,Contract,"
    "Paperless Billing,Payment Method,Monthly Charges,Total Charges,Churn Label,Churn Value,Churn Score,CLTV,"
    "Churn Reason\n"
)
TELCO_ROWS = (
    "A-1,Male,No,Yes,No,2,Yes,No,DSL,Yes,Yes,No,No,No,No,Month-to-month,Yes,Mailed check,53.8,108.1,Yes,1,86,32,Moved\n"
    "B-2,Female,Yes,No,No,0,No,No phone service,No,No internet service,No internet service,No internet service,"
    "No internet service,No internet service,No internet service,Two year,No,Mailed check,20.05, ,No,0,20,5000,\n"
)


def test_a_telecom_customer_keeps_nothing_written_after_the_fact(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "telco").mkdir()
    (tmp_path / "telco" / "telco_customer_churn.csv").write_text(TELCO_HEADER + TELCO_ROWS, encoding="utf-8")
    monkeypatch.setenv("BATON_DATA", str(tmp_path))
    company = load_company(checkout / "examples" / "telco")
    _, tables = staged(company, tmp_path / "staged")
    rows = tables["snapshots"].set_index("customer_id")
    assert rows.loc["A-1", ["churned", "tenure_months", "contract_months", "online_security"]].tolist() == [1, 2, 1, 1]
    assert rows.loc["B-2", ["churned", "contract_months", "online_security"]].tolist() == [0, 24, 0]
    assert pd.isna(rows.loc["B-2", "total_charges"])
    assert not [name for name in rows.columns if {"score", "reason", "cltv", "label"} & set(name.split("_"))]
    for kpi in load_catalogue(company).values():
        assert kpi.expr in rows.columns


def test_the_published_files_fit_the_contract(checkout: Path, real_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from features.quality import checks

    monkeypatch.setenv("BATON_DATA", str(real_data))
    for name, rows in (("csat", {"cases": 17_182, "employees": 1_368, "teams": 40}), ("telco", {"snapshots": 7_043})):
        company = load_company(checkout / "examples" / name)
        report = checks.check(company, load_catalogue(company))
        assert not report.stops, report.faults
        assert report.rows == rows
