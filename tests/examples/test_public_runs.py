"""Three public sets run from their files to the results, on a part of each; what a set cannot support is said."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from baton.company import Company, load_company
from baton.files import RunFolder, read_json
from baton.outcome_settings import Outcomes
from features.staging.own_columns import plain
from pipelines.run import run

Part = Callable[[Path, Path], None]


def some_incidents(source: Path, target: Path) -> None:
    log = pd.read_csv(source / "incident_event_log.csv.gz", dtype=str, keep_default_na=False)
    kept = log[log["number"].isin(sorted(set(log["number"]))[::20])]
    kept.to_csv(target / "incident_event_log.csv.gz", index=False)


def some_orders(source: Path, target: Path) -> None:
    for path in source.glob("olist_*.csv"):
        rows = pd.read_csv(path, dtype=str, keep_default_na=False)
        if "order_id" in rows:
            rows = rows[rows["order_id"].str[0].isin(["0"])]
        rows.to_csv(target / path.name, index=False)


def some_households(source: Path, target: Path) -> None:
    for path in source.glob("*.parquet"):
        rows = pd.read_parquet(path)
        if "household_id" in rows:
            rows = rows[rows["household_id"].astype(str).str[-1].isin(["1"])]
        rows.to_parquet(target / path.name)


@pytest.fixture
def example(checkout: Path, real_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Company]:
    """A copy of an example company that reads a part of its set; what it writes stays in the copy."""

    def copy(name: str, part: Part) -> Company:
        shutil.copytree(checkout / "examples" / name, tmp_path / name, ignore=shutil.ignore_patterns("out", ".baton"))
        (tmp_path / "data" / name).mkdir(parents=True)
        part(real_data / name, tmp_path / "data" / name)
        monkeypatch.setenv("BATON_DATA", str(tmp_path / "data"))
        return load_company(tmp_path / name)

    return copy


def driver_alone(company: Company) -> Company:
    return company.model_copy(update={"outcomes": Outcomes(case=company.outcomes.case)})


@pytest.mark.slow
def test_incidents_give_broken_promises_and_cards_for_groups(example: Callable[..., Company], tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "out")
    summary = run(driver_alone(example("servicenow", some_incidents)), folder)
    entry = read_json(folder.file("evaluation.json"))["driver:sla_met"]
    assert 0.75 < entry["auc"] < 0.93
    table = pd.read_parquet(folder.training / "driver.sla_met" / "rows.parquet")
    assert not [name for name in table.columns if name.startswith(("resolution_seconds__case", "sla_met__case"))]
    assert {"process", "priority", "impact", "location", "symptom"} <= {plain(name) for name in table.columns}
    assert not any("was left out" in text for text in summary.warnings)
    effects = pd.read_parquet(folder.file("effects.parquet")).set_index("kpi")
    assert effects["effect"]["hand_over_rate"] < 0
    assert effects["effect"][["resolution_seconds", "reopen_rate", "sla_met"]].isna().all()
    weights = pd.read_parquet(folder.file("weights.parquet"))
    assert weights["current_weight"].isna().all()
    assert any("left_at" in text for text in summary.warnings)
    assert any("scorecard" in text for text in summary.warnings)
    assert not folder.file("churn.parquet").exists()


@pytest.mark.slow
def test_orders_give_low_reviews_and_sellers_effects_and_no_coaching(
    example: Callable[..., Company], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("models.effects.team_effects.TEAM_PERMUTATIONS", 19)  # hundreds of sellers take long to permute
    folder = RunFolder(tmp_path / "out")
    summary = run(driver_alone(example("olist", some_orders)), folder)
    entry = read_json(folder.file("evaluation.json"))["driver:csat"]
    assert 0.80 < entry["auc"] < 0.93
    effects = pd.read_parquet(folder.file("effects.parquet")).set_index("kpi")
    assert set(effects.index[effects["role"] == "lever"]) == {"handed_over_late_rate", "hand_over_days"}
    assert effects.loc[effects["role"] != "lever", "effect"].isna().all()
    assert pd.read_parquet(folder.file("coaching.parquet")).empty
    assert any("employee" in text for text in summary.warnings)


@pytest.mark.slow
def test_baskets_give_lapse_and_say_why_there_is_no_advice(example: Callable[..., Company], tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "out")
    summary = run(example("complete_journey", some_households), folder)
    entry = read_json(folder.file("evaluation.json"))["churn"]
    assert 0.78 < entry["auc"] < 0.97
    assert entry["split"].startswith("in time")
    scored = pd.read_parquet(folder.file("churn.parquet"))
    assert scored["probability"].between(0, 1).all()
    assert not folder.file("weights.parquet").exists()
    assert any("no advice" in text and "cases" in text for text in summary.warnings)
    assert not any("overwritten" in text for text in summary.warnings)
