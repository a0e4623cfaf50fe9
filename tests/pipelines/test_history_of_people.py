"""Where people have a history, money and head counts are those of today."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from baton.files import RunFolder
from pipelines.report.data.results import _people
from pipelines.score import _as_they_stand

TODAY = pd.Timestamp("2025-01-01")


def test_value_at_risk_is_priced_by_the_row_that_holds_at_the_snapshot() -> None:
    customers = pd.DataFrame(
        {
            "customer_id": ["a", "a", "a", "b", "c"],
            "valid_from": pd.to_datetime(["2024-06-01", "2024-01-01", "2025-02-01", None, "2025-03-01"]),
            "value": [20.0, 10.0, 30.0, 5.0, 7.0],
        }
    )
    found = _as_they_stand(customers, TODAY)
    assert dict(zip(found["customer_id"], found["value"], strict=True)) == {"b": 5.0, "a": 20.0}


def test_a_team_has_the_people_who_are_in_it_now(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.staged.mkdir(parents=True)
    pd.DataFrame(
        {
            "employee_id": ["p", "p", "q"],
            "team_id": ["south", "north", "north"],
            "role": ["agent", "agent", "agent"],
            "left_at": pd.to_datetime([None, None, None]),
            "valid_from": pd.to_datetime(["2024-05-01", "2024-01-01", None]),
        }
    ).to_parquet(folder.staged / "employees.parquet")
    _, headcounts, team_of = _people(folder)
    assert team_of == {"p": "south", "q": "north"}
    assert headcounts == {("south", "agent"): 1, ("north", "agent"): 1, ("south", ""): 1, ("north", ""): 1}
