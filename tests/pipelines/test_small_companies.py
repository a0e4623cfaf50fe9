"""Companies too small to learn from, and companies that lack a table, say so in one sentence; nothing breaks."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from baton.company import load_company
from baton.errors import BatonError, UnknownIdError
from baton.files import RunFolder
from pipelines import plots
from pipelines.run import run
from pipelines.validate import validate

FEW = "{n} rows with a known outcome, at least 50 are needed; give a longer history"


def flat(folder: Path, customers: int, left: int) -> Path:
    rows = {
        "customer_id": [f"c{at}" for at in range(customers)],
        "churned": [int(at < left) for at in range(customers)],
    }
    pd.DataFrame(rows | {"usage": [at * 7 % 5 for at in range(customers)]}).to_csv(folder / "flat.csv", index=False)
    (folder / "company.toml").write_text('[tables]\nsnapshots = { path = "flat.csv" }\n')
    return folder


@pytest.mark.parametrize(
    ("customers", "left", "reason"),
    [
        (1, 1, "the table has a single row, from which nothing can be learned"),
        (2, 1, FEW.format(n=2)),
        (5, 2, FEW.format(n=5)),
        (20, 9, FEW.format(n=20)),
        (60, 60, "have the same outcome (1), so nothing can be learned"),
        (60, 0, "have the same outcome (0), so nothing can be learned"),
        (60, 3, "only 3 of 60 rows are with the outcome, at least 10 needed"),
    ],
)
def test_a_flat_table_too_small_is_refused_by_validate_and_run_alike(
    tmp_path: Path, customers: int, left: int, reason: str
) -> None:
    company = load_company(flat(tmp_path, customers, left))
    report = validate(company)
    assert report.stops
    assert any(reason in fault.message for fault in report.faults)
    with pytest.raises(BatonError) as refused:
        run(company, RunFolder(tmp_path / "out"))
    assert reason in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_picture_of_a_card_that_is_not_there_names_those_that_are() -> None:
    rows = pd.DataFrame({"team_id": ["T1", "T1"], "role": ["agent", "agent"]})

    def weights(team_id: str | None = None, **_: Any) -> pd.DataFrame:
        return rows if team_id is None else rows[rows["team_id"] == team_id]

    results: Any = SimpleNamespace(weights=weights)
    with pytest.raises(UnknownIdError, match="no card of team 'T2'; did you mean 'T1'"):
        plots.cards(results, "T2")
    with pytest.raises(UnknownIdError, match="team 'T1' has no card of role 'lead'; known: agent"):
        plots.cards(results, "T1", "lead")
