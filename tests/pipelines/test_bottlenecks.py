"""On a simulated company the worst step of every process is the one that its truth names."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from baton.catalogue.load import load_catalogue
from baton.company import load_company
from baton.files import RunFolder, read_json
from features.staging.stage import open_warehouse, stage
from pipelines.bottlenecks import find_bottlenecks
from tests.filled_results import write_filled


def test_the_true_bottlenecks_are_found(small_company: Path, tmp_path: Path) -> None:
    company, folder = load_company(small_company), RunFolder(tmp_path)
    catalogue = load_catalogue(company)
    stage(company, catalogue, folder.staged)
    customers = pd.read_parquet(folder.staged / "customers.parquet")["customer_id"].drop_duplicates()
    # written by an earlier step of the run; the engine that holds the staged tables cannot read it by itself
    write_filled(folder, "churn", pd.DataFrame({"customer_id": customers, "value_at_risk": 3.0}))
    find_bottlenecks(company, catalogue, open_warehouse(folder.staged, threads=1), folder)
    reported = pd.read_parquet(folder.file("bottlenecks.parquet"))
    whole = reported[reported["team_id"].isna()]
    worst = whole.sort_values("wait_seconds_total").drop_duplicates("process", keep="last").set_index("process")
    total = whole.groupby("process")["wait_seconds_total"].sum()
    assert (reported["value_at_risk"].dropna() % 3 == 0).all()
    assert reported["value_at_risk"].max() > 100
    truth = {entry["process"]: entry for entry in read_json(small_company / "truth.json")["bottlenecks"]}
    assert worst["step"].to_dict() == {process: entry["activity"] for process, entry in truth.items()}
    for process, entry in truth.items():
        share = worst.loc[process, "wait_seconds_total"] / total[process]
        assert share == pytest.approx(entry["share"], abs=0.01)
