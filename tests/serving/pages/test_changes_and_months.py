"""My teams: what changed since the last advice, and months of teams, as far as somebody may see them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from serving.access.principal import Principal
from serving.access.sight import Sight
from serving.pages.asked import Asked, Shown
from serving.pages.frame import page_response
from serving.pages.reading.of_run import OfRun
from serving.pages.teams import show_teams
from tests.serving.pages.test_customers import run_of

NASTY = '<img src=x onerror="alert(1)"> \u0627\u0644\u0639 🙂 ' + "long " * 60
MONTHS = pd.date_range("2025-01-01", periods=5, freq="MS")
TEAMS = ("t0", "t1", "t2", "t3", "tiny")


def changes() -> pa.Table:
    row = {"role": "agent", "kpi": "csat", "as_of_before": pd.Timestamp("2025-02-01"), "rank_targets": 0.9}
    kinds = zip(TEAMS, ("new", "reversed", "same", "withdrawn", "same"), strict=True)
    rows = [
        {**row, "team_id": team, "change": kind, "reason": {"en": f"Because of {team}.", "zh": f"因为 {team}。"}}
        for team, kind in kinds
    ]
    return pa.Table.from_pandas(pd.DataFrame(rows), preserve_index=False)


def panel() -> pa.Table:
    rows = [
        {"unit": "team", "unit_id": team, "kpi": "csat", "from": month, "value": 3 + number + place / 10}
        for number, team in enumerate(TEAMS)
        for place, month in enumerate(MONTHS)
    ]
    return pa.Table.from_pandas(pd.DataFrame(rows), preserve_index=False)


def page_of(tmp_path: Any, who: Principal, tables: dict[str, pa.Table], language: str = "en", name: str = "") -> str:
    row = {
        "role": "agent", "kpi": "csat", "current_weight": 40.0, "recommended_weight": 60.0, "confidence": 0.9,
        "reason": {"en": "Why.", "zh": "因。"}, "verdict": "raise", "rises": None, "falls": None, "expected_effect": 3.0,
        "expected_low": 1.0, "expected_high": 5.0,
    }  # fmt: skip
    run = run_of(tmp_path, tables)
    run.members.sizes = {"tiny": 1, "t0": 9}
    run.all_rows = lambda table: [{**row, "team_id": team} for team in TEAMS] if table == "weights" else []
    read = OfRun(run)
    of: Any = SimpleNamespace(
        read=lambda: read, sight=lambda who, run: Sight(who, run.members, 5), named=lambda team: f"{name}{team}",
        store=SimpleNamespace(standing=lambda who, kind: []),
    )  # fmt: skip
    asked = Asked(who, "/pages/teams", language=language)  # type: ignore[arg-type]
    shown = show_teams(asked, of)
    assert isinstance(shown, Shown)
    return bytes(page_response(asked, shown, is_set_up=True, named=of.named).body).decode()


ANA = Principal("ana", "analyst")
LIN = Principal("lin", "manager", frozenset({"t0"}), frozenset({"t0", "t2"}))


def test_changes_are_those_of_cards_that_one_may_see(tmp_path: Any) -> None:
    whole = page_of(tmp_path, ANA, {"advice_changes": changes()})
    assert "Show the 3 changed lines" in whole and "Because of t1." in whole
    own = page_of(tmp_path, LIN, {"advice_changes": changes()})
    assert "Because of t0." in own and "Because of t1." not in own and "t3" not in own
    assert "1 of 2 scorecards" in own


@pytest.mark.parametrize("tables", [{}, {"advice_changes": changes().slice(0, 0)}])
def test_without_an_advice_before_nothing_is_said_of_changes(tmp_path: Any, tables: dict[str, pa.Table]) -> None:
    assert "What changed" not in page_of(tmp_path, ANA, tables)


def test_months_of_a_team_are_shown_unless_it_is_too_small(tmp_path: Any) -> None:
    page = page_of(tmp_path, ANA, {"advice/panel": panel()})
    assert page.count("<polyline") == 8  # two lines of each of four teams; tiny has none
    assert "3.4" in page and "7.4" not in page
    lead = Principal("mia", "manager", frozenset({"tiny"}), frozenset({"tiny"}))
    assert "7.4" in page_of(tmp_path, lead, {"advice/panel": panel()})


def test_names_are_data_in_both_languages(tmp_path: Any) -> None:
    for language in ("en", "zh"):
        page = page_of(tmp_path, ANA, {"advice_changes": changes(), "advice/panel": panel()}, language, NASTY)
        assert "<img" not in page and "&lt;img src=x" in page
