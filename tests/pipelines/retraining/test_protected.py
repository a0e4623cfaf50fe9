"""Protected groups are read for the fairness gate alone: of the rows compared, from what was staged."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from baton.company import Company, Privacy
from baton.files import RunFolder
from pipelines.retraining.protected import protected_of


def staged(tmp_path: Path) -> RunFolder:
    folder = RunFolder(tmp_path / "out").create()
    folder.staged.mkdir(exist_ok=True)
    people = {
        "customer_id": [f"c{number}" for number in range(9)],
        "gender": ["f", "m", None] * 3,
        "birth_year": list(range(1950, 1995, 5)),
        "region": ["north", "south", "south"] * 3,
        "segment": ["gold"] * 9,
    }
    pd.DataFrame(people).to_parquet(folder.staged / "customers.parquet")
    return folder


def test_groups_of_columns_that_are_protected_by_meaning_or_by_the_company(tmp_path: Path) -> None:
    folder = staged(tmp_path)
    company = Company(path=tmp_path / "company.toml", privacy=Privacy(protected=("Region",)))
    asked = pd.Series(["c8", "c0", "c2", "nobody"])
    found = {name: list(groups) for name, groups in protected_of(company, folder, "customer", asked).items()}
    assert found == {
        "gender": ["", "f", "", ""],  # c8 and c2 have none, and nobody is not there
        "birth_year": ["2", "0", "0", ""],  # thirds
        "region": ["south", "north", "south", ""],
    }


def test_there_are_none_of_teams_and_where_nothing_is_staged(tmp_path: Path) -> None:
    company = Company(path=tmp_path / "company.toml")
    teams = pd.Series(["t1"])
    assert protected_of(company, staged(tmp_path), "team", teams) == {}
    assert protected_of(company, RunFolder(tmp_path / "other"), "customer", teams) == {}
