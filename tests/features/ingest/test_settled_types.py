"""An attribute keeps the type that a model was trained on, whatever a later file looks like."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

from baton.catalogue.schema import Catalogue
from baton.company import load_company
from features.ingest.settled import kept_types, staged_types
from features.quality.faults import CheckReport
from features.staging.stage import stage


def staged(
    folder: Path, plan: list[object], types: dict[str, dict[str, str]] | None = None
) -> tuple[CheckReport, list]:
    frame = pd.DataFrame({"case_id": [f"k{row}" for row in range(len(plan))], "opened_at": "2024-01-01", "plan": plan})
    frame.to_csv(folder / "cases.csv", index=False)
    (folder / "company.toml").write_text('[tables]\ncases = { path = "cases.csv" }\n')
    report = stage(load_company(folder), Catalogue((), ()), folder / "staged", types=types)
    return report, pd.read_parquet(folder / "staged" / "cases.parquet")["plan"].tolist()


def test_a_category_of_digits_stays_a_category(tmp_path: Path) -> None:
    staged(tmp_path, ["100", "200", "A3"] * 4)
    trained = tmp_path / "trained.json"
    trained.write_text(json.dumps(staged_types(tmp_path / "staged")))
    assert staged(tmp_path, ["100", "200"] * 4)[1][:2] == [100.0, 200.0]
    types = kept_types(trained, tmp_path / "staged")
    assert types == {"cases": {"plan": "text"}}
    assert staged(tmp_path, ["100", "200"] * 4, types)[1][:2] == ["100", "200"]
    assert kept_types(trained, tmp_path / "staged") == {}


def test_a_number_stays_a_number_and_what_is_none_is_counted(tmp_path: Path) -> None:
    report, values = staged(tmp_path, ["1", "2", "3", "x", "y"] * 2, {"cases": {"plan": "number"}})
    assert values[:3] == [1.0, 2.0, 3.0]
    assert [(fault.kind, fault.column, fault.count) for fault in report.faults] == [("unparseable_number", "plan", 4)]
