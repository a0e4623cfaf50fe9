"""Adding a KPI is one table in TOML: the one that CONTRIBUTING.md shows is added to a company and found everywhere."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from baton.catalogue.load import load_catalogue
from baton.company import load_company
from features.staging.stage import open_warehouse, stage
from features.training.build import build
from models.prediction.attribution import per_kpi


def test_the_table_in_contributing_becomes_features_a_catalogue_entry_and_an_attribution(
    checkout: Path, small_company: Path, tmp_path: Path
) -> None:
    shown = re.findall(r"```toml\n(.*?)```", (checkout / "CONTRIBUTING.md").read_text("utf-8"), re.S)
    assert len(shown) == 1
    (tmp_path / "kpis.toml").write_text(shown[0], encoding="utf-8")
    text = (small_company / "company.toml").read_text("utf-8")
    text = text.replace('presets = ["service"]', f'presets = []\nfiles = ["{(tmp_path / "kpis.toml").as_posix()}"]')
    text = re.sub(r"\[\[outcomes\.decline\]\].*?(?=\n\[(?!\[outcomes\.decline))", "", text, flags=re.S)
    text = re.sub(r'path = "', f'path = "{small_company.as_posix()}/', text)
    (tmp_path / "company.toml").write_text(text, encoding="utf-8")
    company = load_company(tmp_path)
    catalogue = load_catalogue(company)
    assert catalogue["settled_within_a_day"].name.zh == "一日办结率"
    stage(company, catalogue, tmp_path / "staged")
    table = build(company, catalogue, open_warehouse(tmp_path / "staged")).tables["churn"]
    columns = {name for name, kpi in table.kpi_of.items() if kpi == "settled_within_a_day"}
    assert {f"settled_within_a_day__{window}d" for window in (7, 30, 90)} <= columns
    values = table.frame["settled_within_a_day__90d"].dropna()
    assert 0 < values.mean() < 1
    contributions = pd.DataFrame({**{name: [0.5] for name in sorted(columns)}, "bias": [0.0]})
    assert per_kpi(contributions, table.kpi_of)["settled_within_a_day"].tolist() == [0.5 * len(columns)]
