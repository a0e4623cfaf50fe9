"""Journey: whose teams and cases are named, what is hidden, and what is missing where a table is."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pandas as pd
import pyarrow as pa
import pytest

from baton.errors import ArtefactError
from serving.access.principal import Principal
from serving.access.sight import Sight
from serving.pages.asked import Asked, Shown
from serving.pages.frame import page_response
from serving.pages.journey import show_journey
from serving.pages.reading.of_run import OfRun
from tests.serving.pages.test_customers import run_of

ANA = Principal("ana", "analyst")
NAN = float("nan")
LIN = Principal("lin", "manager", led=frozenset({"t1"}), teams=frozenset({"t1"}))
STEP = {
    "process": "repair", "step": "<b>mend", "hidden": False, "cases": 40, "visits": 50, "open_cases": 0.0,
    "position": 0.5, "wait_seconds_median": 7200.0, "elapsed_seconds_median": 9000.0, "wait_seconds_total": 9e5,
    "share_of_time": 0.4, "rework_share": 0.0, "handoff_share": 0.1, "long_seconds": 86400.0, "customers": 7.0,
    "case_ids": ["k1", "k2"], "value_at_risk": 900.0, "left_share": NAN, "left_share_others": NAN,
}  # fmt: skip
PROCESS = {
    "process": "repair", "cases": 40, "timed_share": 1.0, "explained_share": NAN, "begins_early_cases": 0,
    "ends_early_cases": 0, "ends_late_cases": 0,
}  # fmt: skip
FLOW = {"process": "repair", "source": None, "target": "<b>mend", "transitions": 40}


def tables(*, handed: float = 1e6) -> dict[str, pa.Table]:
    cards = [
        {"team_id": team, "role": "agent", "kpi": kpi, "current_weight": points}
        for team, kpi, points in (("t1", "csat", 60.0), ("t1", "wait_seconds", 40.0), ("t3", "csat", 100.0))
    ]
    steps = [
        {**STEP, "team_id": None},
        {**STEP, "team_id": "t1", "wait_seconds_total": 6e5},
        {**STEP, "team_id": "t3", "wait_seconds_total": 3e5, "cases": 41},
        {**STEP, "team_id": "t2", "hidden": True, "cases": 42},
    ]
    pair = {"process": "repair", "step": "<b>mend", "source_team": "t1", "team_id": "t3", "wait_seconds_total": handed}
    months = pd.date_range("2025-01-01", periods=4, freq="MS")
    panel = [
        {"unit": "team", "unit_id": team, "kpi": "internal_satisfaction", "from": month, "value": value}
        for team, value in (("t1", 7.25), ("t2", 6.0), ("t3", 8.5), ("t4", 5.0))
        for month in months
    ]
    return {
        "weights": pa.Table.from_pylist(cards),
        "bottlenecks": pa.Table.from_pylist(steps),
        "processes": pa.Table.from_pylist([PROCESS]),
        "flows": pa.Table.from_pylist([FLOW, {**FLOW, "source": "<b>mend", "target": None}]),
        "handoffs": pa.Table.from_pylist([pair]),
        "advice/panel": pa.Table.from_pylist(panel),
    }


def page_of(run: Any, who: Principal = ANA, language: str = "en", **query: str) -> str:
    read = OfRun(run)
    of: Any = SimpleNamespace(read=lambda: read, sight=lambda who, run: Sight(who, run.members, 5), named=str)
    asked = Asked(who, "/pages/journey", query, language=language)  # type: ignore[arg-type]
    shown = show_journey(asked, of)
    assert isinstance(shown, Shown)
    return bytes(page_response(asked, shown, is_set_up=True).body).decode()


def run_with(tmp_path: Any, made: dict[str, Any]) -> Any:
    run = run_of(tmp_path, made)
    run.folder = SimpleNamespace(training=tmp_path, staged=tmp_path)
    run.members.teams = frozenset({"t1", "t2", "t3", "t4"})
    run.members.sizes = {"t4": 1}
    return run


def test_a_manager_sees_points_steps_and_ratings_of_the_own_teams_alone(tmp_path: Any) -> None:
    run = run_with(tmp_path, tables())
    all_seen, own = page_of(run), page_of(run, LIN)
    assert "<bdi>t3</bdi>" in all_seen and "<bdi>t3</bdi>" not in own and "<bdi>t1</bdi>" in own
    assert ">41<" in all_seen and ">41<" not in own
    assert ">8.5" in all_seen and ">8.5" not in own and ">7.2<" in own
    assert ">42<" not in all_seen  # fewer people than are shown
    assert ">5<" not in all_seen.partition('id="internal"')[2]  # of one person


def test_who_hands_over_is_named_only_to_who_sees_both_teams_and_is_never_denied(tmp_path: Any) -> None:
    run = run_with(tmp_path, tables())
    assert "when t1 hands over to t3" in page_of(run)
    own = page_of(run, LIN)
    assert "when one team hands over to another" in own and "no matter of handing over" not in own


def test_cases_are_named_only_to_who_sees_all_teams(tmp_path: Any) -> None:
    run = run_with(tmp_path, tables(handed=1.0))
    assert "k1 and k2" in page_of(run) and "cases named below" in page_of(run)
    own = page_of(run, LIN)
    assert "k1" not in own and "named below" not in own and "cases queue there" in own


def test_money_is_named_only_where_leaving_is_predicted_better_than_by_guessing(tmp_path: Any) -> None:
    run = run_with(tmp_path, tables())
    assert "EUR 900" in page_of(run)
    run.results.evaluation = {"churn": {"auc": 0.5, "intervals": {"auc": [0.41, 0.58]}, "rows": 900}}
    assert "EUR 900" not in page_of(run)


def test_a_stage_opens_into_its_kpis_by_team_and_data_stay_data(tmp_path: Any) -> None:
    run = run_with(tmp_path, tables())
    page = page_of(run, stage="use")
    assert "KPIs by team" in page and "<b>mend" not in page and "&lt;b&gt;mend" in page
    assert "stage=use" in page_of(run) and "KPIs by team" not in page_of(run, stage="nowhere")


@pytest.mark.parametrize(("language", "words"), [("en", "The table {}"), ("zh", "请提供 {} 表")])
def test_what_is_missing_is_named_with_the_table_that_brings_it(tmp_path: Any, language: str, words: str) -> None:
    page = page_of(run_with(tmp_path, {}), language=language)
    assert words.format("scorecards") in page and words.format("case_steps") in page
    assert "internal_satisfaction" in page


def test_results_that_were_copied_without_the_companys_kpis_have_no_stages(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("serving.pages.reading.of_run.load_catalogue", Mock(side_effect=ArtefactError("no kpis")))
    page = page_of(run_with(tmp_path, tables()))
    assert "<bdi>t1</bdi>" in page and "stage=use" not in page
