"""The example companies run from the published file to the results, or stop where they must."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from baton.company import Company, load_company
from baton.errors import LeakError
from baton.files import RunFolder, read_json
from pipelines.run import run

Example = Callable[..., Company]


@pytest.fixture
def example(checkout: Path, real_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Example:
    """A copy of an example company, reading every n-th row (or person) of its set; what it writes stays in the copy."""

    def copy(name: str, data: str, every: int, person: str = "", file: str = "company.toml") -> Company:
        shutil.copytree(checkout / "examples" / name, tmp_path / name, ignore=shutil.ignore_patterns("out", ".baton"))
        raw = pd.read_csv(real_data / data, dtype=str, keep_default_na=False)
        target = tmp_path / "data" / data
        target.parent.mkdir(parents=True)
        chosen = raw.iloc[::every] if not person else raw[raw[person].isin(sorted(set(raw[person]))[::every])]
        chosen.to_csv(target, index=False)
        monkeypatch.setenv("BATON_DATA", str(tmp_path / "data"))
        return load_company(tmp_path / name / file)

    return copy


@pytest.mark.slow
def test_a_flat_table_gives_churn_and_drivers_and_says_why_no_advice(example: Example, tmp_path: Path) -> None:
    company = example("telco", "telco/telco_customer_churn.csv", every=5)
    folder = RunFolder(tmp_path / "out")
    summary = run(company, folder)
    entry = read_json(folder.file("evaluation.json"))["churn"]
    assert entry["rows"] == 1409
    assert 0.80 < entry["auc"] < 0.90
    assert entry["auc"] > entry["baselines"]["base_rate"]["auc"] + 0.25
    scored = pd.read_parquet(folder.file("churn.parquet"))
    assert len(scored) == 1409
    assert scored["probability"].between(0, 1).all()
    drivers = {driver["kpi"] for row in scored["drivers"] for driver in row}
    assert {"tenure_months", "contract_months", "monthly_charges"} <= drivers
    attributed = pd.read_parquet(folder.file("attributions.parquet")).set_index("kpi")
    assert attributed["slope"]["contract_months"] < 0 < attributed["slope"]["monthly_charges"]
    assert not folder.file("weights.parquet").exists()
    assert any("cases" in text for text in summary.warnings)
    assert folder.file("report.html").exists()


def test_columns_written_after_the_fact_stop_the_run(example: Example, tmp_path: Path) -> None:
    company = example("telco", "telco/telco_customer_churn.csv", every=1, file="leaky.toml")
    folder = RunFolder(tmp_path / "out")
    with pytest.raises(LeakError, match="churn_reason") as refusal:
        run(company, folder)
    assert "churn_score" in str(refusal.value)
    assert not {"contract", "tenure_months", "internet_service"} & set(str(refusal.value).replace(",", " ").split())
    assert not folder.file("evaluation.json").exists()


def test_remarks_that_customers_wrote_with_the_rating_are_found_out(example: Example, tmp_path: Path) -> None:
    company = example("csat", "csat/customer_support.csv", every=2)
    cases = company.tables["cases"]
    answered = cases.model_copy(
        update={"sql": str(cases.sql).replace("from read", ', "Customer Remarks" as remarks from read')}
    )
    driven = company.outcomes.model_copy(update={"decline": ()})
    company = company.model_copy(update={"tables": {**company.tables, "cases": answered}, "outcomes": driven})
    with pytest.raises(LeakError, match="attribute__remarks alone tells the outcome"):
        run(company, RunFolder(tmp_path / "out"))


@pytest.mark.slow
def test_support_cases_give_drivers_and_sketched_cards_that_say_so(example: Example, tmp_path: Path) -> None:
    company = example("csat", "csat/customer_support.csv", every=5, person="Agent_name")
    company = company.model_copy(update={"outcomes": company.outcomes.model_copy(update={"decline": ()})})
    folder = RunFolder(tmp_path / "out")
    summary = run(company, folder)
    entry = read_json(folder.file("evaluation.json"))["driver:csat"]
    assert 0.60 < entry["auc"] < 0.75
    assert entry["split"].startswith("in time")
    scored = pd.read_parquet(folder.file("driver.parquet"))
    assert scored["probability"].between(0, 1).all()
    effects = pd.read_parquet(folder.file("effects.parquet")).set_index("kpi")
    assert effects["effect"]["prompt_answer_rate"] < 0
    assert effects["effect"][["response_seconds", "csat", "low_rating_share"]].isna().all()
    weights = pd.read_parquet(folder.file("weights.parquet"))
    assert weights["current_weight"].isna().all()
    assert all("hypothetical" in reason["en"] and "假设" in reason["zh"] for reason in weights["reason"])
    assert any("customer_id" in text for text in summary.warnings)
    assert not folder.file("churn.parquet").exists()
