"""However many checks look at a table, its source is read once."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from baton.catalogue.schema import Catalogue
from baton.company import load_company
from features.ingest.intake import Intake
from features.quality.checks import check


def test_a_table_is_read_once_however_many_checks_look_at_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frame = pd.DataFrame({"case_id": ["1", "2"], "opened_at": ["2024-01-01 08:00", None], "customer_id": "a"})
    frame.to_parquet(tmp_path / "cases.parquet")
    (tmp_path / "company.toml").write_text('[tables]\ncases = { path = "cases.parquet" }\n')
    looked: list[str] = []
    rows = Intake.rows
    monkeypatch.setattr(Intake, "rows", lambda intake, sql: (looked.append(sql), rows(intake, sql))[1])
    report = check(load_company(tmp_path), Catalogue((), ()))
    assert [(fault.kind, fault.count, fault.rows) for fault in report.faults] == [
        ("missing_value", 1, ("row 2: case_id=2, opened_at=nothing",))
    ]
    # the source as it lies is looked at for the first rows at fault alone
    assert sum("known_cases" in sql for sql in looked) == 1
