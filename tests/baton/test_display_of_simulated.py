"""What `baton simulate` shows: tables and where the truth lies, no list of effects, a next step unless it is taken."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from baton.display import simulated
from pipelines.simulate import Simulated

EFFECTS = [{"outcome": "churn", "kpi": "handle_seconds", "effect": 0.012}]


@pytest.mark.parametrize("hint", [True, False])
def test_people_see_where_the_truth_lies_and_not_all_of_it(capsys: pytest.CaptureFixture[str], hint: bool) -> None:
    simulated(Simulated(Path("demo"), Path("demo/company.toml"), {"cases": 1200}, EFFECTS), False, hint)
    shown = capsys.readouterr().out
    assert "1,200" in shown and str(Path("demo/truth.json")) in shown
    assert "handle_seconds" not in shown
    assert ("Next: baton run demo" in shown) is hint


def test_programs_are_given_the_effects(capsys: pytest.CaptureFixture[str]) -> None:
    simulated(Simulated(Path("demo"), Path("demo/company.toml"), {"cases": 1200}, EFFECTS), True)
    assert json.loads(capsys.readouterr().out)["effects"] == EFFECTS
