"""What B2B companies really hand in: contracts for decades, one giant, a supplier with one delivery, a month that is missing."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pandas as pd
import pytest

from baton.catalogue.load import load_catalogue
from baton.company import Company, load_company
from baton.files import RunFolder
from features.cases import build
from features.kpis import evaluate as metrics
from features.quality.concentration import concentration_warnings
from features.quality.observation.gaps import gap_warnings, missing_months
from features.staging.stage import open_warehouse, stage
from features.staging.warehouse import Warehouse
from features.training import build as matrix
from models.effects.reliability import measure
from pipelines.run import Chain
from pipelines.simulate import simulate
from pipelines.validate import validate

MISSING = datetime(2025, 12, 1)
GIANT, LONG = "A00001", "A00002"


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small company with a giant, a contract of 30 years, a supplier with one delivery, and December 2025 missing."""
    folder = tmp_path_factory.mktemp("odd") / "company"
    simulate(folder, scenario="b2b", customers=120, months=14, seed=4, employees=24)
    customers = pd.read_csv(folder / "crm/customers.csv")
    others = customers["customer_id"] != GIANT
    here = customers["left_at"].isna()
    giant = 0.4 / 0.6 * customers.loc[others & here, "value"].sum()
    customers["value"] = customers["value"].where(others, giant)
    long = customers["customer_id"] == LONG
    customers["contract_months"] = customers["contract_months"].mask(long, 360)
    customers["joined_at"] = customers["joined_at"].mask(long, "1996-05-01T00:00:00Z")
    customers["left_at"] = customers["left_at"].mask(long)
    customers.to_csv(folder / "crm/customers.csv", index=False)
    cases = pd.read_parquet(folder / "projects/cases.parquet")
    deliveries = cases[(cases["process"] == "supplier_delivery") & cases["closed_at"].notna()]
    one = deliveries.index[len(deliveries) // 2]
    cases.loc[one, "team_id"] = "S99"
    kept = cases["opened_at"].dt.to_period("M") != pd.Period(MISSING, "M")
    cases[kept].to_parquet(folder / "projects/cases.parquet", index=False)
    steps = pd.read_parquet(folder / "projects/case_steps.parquet")
    steps = steps[steps["case_id"].isin(cases.loc[kept, "case_id"])]
    steps.to_parquet(folder / "projects/case_steps.parquet", index=False)
    measures = pd.read_csv(folder / "hr/measures.csv")
    measures = measures[~measures["from"].str.startswith("2025-12")]
    measures.to_csv(folder / "hr/measures.csv", index=False)
    teams = pd.read_csv(folder / "hr/teams.csv")
    settings = (folder / "company.toml").read_text("utf-8").replace("horizon_days = 365", "horizon_days = 90")
    (folder / "company.toml").write_text(settings.replace("[90, 365]", "[90]"), "utf-8")
    new = teams.iloc[[-1]].assign(team_id="S99", name="Supplier of one delivery")
    pd.concat([teams, new]).to_csv(folder / "hr/teams.csv", index=False)
    return folder


@pytest.fixture(scope="module")
def company(odd: Path) -> Company:
    return load_company(odd)


@pytest.fixture(scope="module")
def warehouse(company: Company, tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    folder = tmp_path_factory.mktemp("staged")
    stage(company, load_catalogue(company), folder)
    return open_warehouse(folder)


@pytest.fixture(scope="module")
def built(warehouse: Warehouse, company: Company) -> matrix.Built:
    return matrix.build(company, load_catalogue(company), warehouse)


def test_nothing_of_it_stops_a_run(company: Company) -> None:
    assert not [fault for fault in validate(company).faults if fault.severity != "warning"]


def test_an_account_that_holds_two_fifths_of_the_revenue_is_named(warehouse: Warehouse) -> None:
    (warning,) = concentration_warnings(warehouse)
    assert GIANT in warning.text
    assert "40%" in warning.text


def test_a_company_of_equals_is_not_warned_of_concentration(warehouse: Warehouse) -> None:
    equal = warehouse["customers"].mutate(value=100.0)
    assert concentration_warnings(Warehouse({**warehouse.tables, "customers": equal}, warehouse.present)) == []


def test_the_share_of_key_customers_stays_a_share_beside_a_giant(warehouse: Warehouse, company: Company) -> None:
    catalogue = load_catalogue(company)
    kpis = [catalogue["key_revenue_share"], catalogue["customer_lifetime_value"]]
    reported = metrics.evaluate(warehouse, kpis, "team", [datetime(2026, 6, 1)], [365]).to_pyarrow().to_pandas()
    share, worth = reported["key_revenue_share__365d"].dropna(), reported["customer_lifetime_value__365d"].dropna()
    assert len(share) > 0
    assert share.between(0, 1).all()
    assert share.max() > 0.6
    assert worth.between(0, 10 * warehouse["customers"].value.sum().to_pyarrow().as_py()).all()


def test_a_contract_of_thirty_years_is_a_long_one_and_no_fault(built: matrix.Built) -> None:
    frame = built.tables["churn"].frame
    row = frame[(frame["unit_id"] == LONG) & frame["label"].notna()].iloc[-1]
    assert row["tenure_days"] > 10_000
    assert row["attribute__contract_months"] == 360
    assert row["label"] == 0


def test_the_months_that_are_missing_are_named_with_their_tables(warehouse: Warehouse) -> None:
    assert missing_months(warehouse) == {"cases": [MISSING], "measures": [MISSING]}
    warnings = gap_warnings(warehouse)
    assert [warning.values["table"] for warning in warnings] == ["cases", "measures"]
    assert all("2025-12" in warning.text for warning in warnings)


def test_no_kpi_is_taken_as_zero_in_a_missing_month(warehouse: Warehouse, company: Company) -> None:
    catalogue = load_catalogue(company)
    kpis = [catalogue[name] for name in ("complaints_per_customer", "order_value", "csat")]
    moments = [datetime(2025, 12, 1), datetime(2026, 1, 1), datetime(2026, 2, 1)]
    reported = metrics.evaluate(warehouse, kpis, "customer", moments, [31]).to_pyarrow().to_pandas()
    counted = reported.groupby("as_of")["complaints_per_customer__31d"]
    assert counted.count().to_dict()[pd.Timestamp(2026, 1, 1)] == 0
    assert (counted.count()[[pd.Timestamp(2025, 12, 1), pd.Timestamp(2026, 2, 1)]] > 0).all()
    panel = metrics.panel(warehouse, kpis, "customer", [datetime(2025, 11, 1), MISSING, datetime(2026, 1, 1)])
    months = panel.to_pyarrow().to_pandas().query("kpi == 'complaints_per_customer'")["from"]
    assert set(months) == {pd.Timestamp(2025, 11, 1), pd.Timestamp(2026, 1, 1)}


def test_a_supplier_with_one_delivery_is_not_shown_as_if_it_were_sure(
    warehouse: Warehouse, company: Company, built: matrix.Built
) -> None:
    catalogue = load_catalogue(company)
    declining = built.tables["decline:team:supplier_on_time_rate"].frame
    assert len(declining) > 0
    assert "S99" not in set(declining["unit_id"])
    cases, organisation = build.build(company, catalogue, warehouse)
    reported = measure(cases, organisation, catalogue, company.policy)
    suppliers = reported[(reported["kpi"] == "supplier_on_time_rate") & (reported["unit"] == "team")]
    median = suppliers.loc[suppliers["unit_id"] != "S99", "reliability"].median()
    single = suppliers.loc[suppliers["unit_id"] == "S99", "reliability"]
    assert median > 0
    assert single.empty or single.isna().all() or single.max() < min(0.3, median / 2)


def test_a_run_reports_giant_and_gap_in_its_record(company: Company, tmp_path: Path) -> None:
    chain = Chain(company, RunFolder(tmp_path / "run"))
    chain.folder.create()
    with chain.ledger.locked():
        chain.stage()
        chain.finish()
    warnings = json.loads((tmp_path / "run" / "run.json").read_text(encoding="utf-8"))["warnings"]
    assert any("alone holds 40%" in warning for warning in warnings)
    assert any("2025-12" in warning for warning in warnings)
