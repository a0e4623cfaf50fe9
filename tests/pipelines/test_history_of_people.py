"""Where people have a history, money and head counts are those of today."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from baton.files import RunFolder
from baton.messages.message import Message
from pipelines.report.data.results import _people
from pipelines.score import _as_they_stand, _entered

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


def test_a_value_of_zero_for_everybody_is_none_and_said_so() -> None:
    notes: list[Message] = []
    assert _entered(pd.Series([0.0, None, 0.0]), notes).isna().all()
    assert [note.key for note in notes] == ["scored.no_worth"]
    assert _entered(pd.Series([0.0, 3.0]), notes).tolist() == [0.0, 3.0]
    assert _entered(pd.Series([None, None], dtype="float64"), notes).isna().all() and len(notes) == 1


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
