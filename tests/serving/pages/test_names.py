"""Teams go by the names that people know, with their ids; names are data, whatever they look like."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from baton.errors import ArtefactError
from serving.access.members import Members
from serving.pages.behind import PagesOf
from tests.serving.pages.conftest import Browser


def pages_of(run: Any) -> PagesOf:
    return PagesOf(*(None,) * 2, run, *(None,) * 2)  # type: ignore[arg-type]


def test_a_team_goes_by_its_name_and_id(tmp_path: Path) -> None:
    teams = pd.DataFrame({"team_id": ["t1", "t2", "t3"], "name": ["Nord", None, "t3"]})
    teams.to_parquet(tmp_path / "teams.parquet")
    of = pages_of(lambda: SimpleNamespace(members=Members(tmp_path)))
    assert [of.named(team) for team in ("t1", "t2", "t3", "t4", None)] == ["Nord (t1)", "t2", "t3", "t4", ""]


def test_without_a_run_or_names_the_id_stands_alone(tmp_path: Path) -> None:
    def damaged() -> Any:
        raise ArtefactError("no run")

    nothing_staged = SimpleNamespace(members=Members(tmp_path))
    assert [pages_of(run).named("t1") for run in (damaged, lambda: None, lambda: nothing_staged)] == ["t1"] * 3


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "ن" * 300, "{{ 7 * 7 }}", "🏖️ Süd"])
def test_a_name_is_shown_as_it_is_and_found_by(browser: Browser, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(PagesOf, "named", lambda self, team: f"{name} ({team})" if team else "")
    browser.sign_in("lin")
    page = browser.open(f"/pages/teams?find={name[:5]}").text
    assert "<script>alert" not in page
    assert "49 (" not in page
    assert f"{name} (".replace("<", "&lt;").replace(">", "&gt;") in page
