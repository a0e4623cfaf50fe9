"""Targets of a company whose truth is known, by the way that ships."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from baton.messages.catalogue import catalogue
from models.advice.advise import Advice
from models.advice.settings import Settings
from models.advice.targets.targets import scene_of, targets_table


def with_targets(company: Any, **targets: float) -> Any:
    """The company with targets on today's cards."""
    cards = company.organisation.scorecards
    cards = cards.assign(target=cards["kpi"].map(targets).astype(float))
    return replace(company, organisation=replace(company.organisation, scorecards=cards))


def again(company: Any, advice: Advice) -> pd.DataFrame:
    """Targets of a changed company, effects and weights staying as they are."""
    settings = Settings(company.policy, 7, learners=False)
    scene = scene_of(company.cases, company.organisation, company.catalogue, advice.effects, advice.inputs, settings)
    return targets_table(scene, advice.weights, company.organisation)


@pytest.fixture(scope="module")
def asked(known: Any, advice: Advice) -> pd.DataFrame:
    """Targets of a company that asks for much and little."""
    company = with_targets(known, handle=300.0, solved=95.0, rating=1.5, script=400.0, cost=15.0, duty=1.0)
    return again(company, advice).set_index(["team_id", "kpi"])


def test_a_harmful_kpi_gets_no_target_and_the_reason_names_what_it_costs(asked: pd.DataFrame) -> None:
    rows = asked.xs("handle", level="kpi")
    assert set(rows["verdict"]) == {"harmful"}
    assert rows[["advised_target", "stretch_target", "expected_effect"]].isna().all(axis=None)
    reason = rows["reason"].iloc[0]
    assert "customers leave" in reason["en"] and "Drop today's target of 300 seconds" in reason["en"]
    assert "请取消现行目标" in reason["zh"]


def test_todays_targets_are_judged(asked: pd.DataFrame) -> None:
    assert set(asked.xs("rating", level="kpi")["verdict"]) == {"too_easy"}
    solved = asked.xs("solved", level="kpi")
    assert set(solved["verdict"]) == {"out_of_reach"}
    assert solved["reason"].str["en"].str.contains("read as a percentage").all()
    assert (solved["current_target"] == 0.95).all()


def test_a_target_in_another_unit_is_not_judged(known: Any, advice: Advice) -> None:
    rows = again(with_targets(known, rating=400.0), advice).set_index("kpi").loc["rating"]
    assert rows["verdict"].isna().all()
    assert rows["reason"].str["en"].str.contains("another unit").all()
    assert rows["advised_target"].notna().all()


def test_a_target_without_end_is_none(known: Any, advice: Advice) -> None:
    rows = again(with_targets(known, rating=float("inf")), advice).set_index("kpi").loc["rating"]
    assert rows[["current_target", "verdict"]].isna().all(axis=None)
    assert not rows["reason"].str["en"].str.contains("inf|unit").any()


@pytest.mark.parametrize("key", ["target.harmful", "target.doubtful", "okr.objective_raise", "okr.objective_lower"])
def test_what_serves_customers_is_said_in_words_that_hold_for_every_outcome(key: str) -> None:
    # effects may be on ratings alone: then nobody is known to stay or to leave
    entry = catalogue()[key]
    assert "keeps customers" not in entry.en and "costs customers" not in entry.en
    assert "流失" not in entry.zh and "留住" not in entry.zh


def test_a_target_of_nothing_is_judged_as_any_other(known: Any, advice: Advice) -> None:
    rows = again(with_targets(known, rating=0.0), advice).set_index("kpi").loc["rating"]
    assert rows["verdict"].eq("too_easy").all()


def test_a_mandatory_kpi_keeps_its_target_without_advice(asked: pd.DataFrame) -> None:
    rows = asked.xs("duty", level="kpi")
    assert rows[["advised_target", "verdict", "basis"]].isna().all(axis=None)
    assert rows["reason"].str["en"].str.contains("mandatory and not up for advice; its target stays").all()


def test_a_mandatory_kpi_without_a_target_keeps_none(advice: Advice) -> None:
    rows = advice.targets[advice.targets["kpi"] == "duty"]
    assert len(rows) and rows["current_target"].isna().all()
    assert rows["reason"].str["en"].str.contains("it has no target today, and none is advised").all()
    assert not rows["reason"].str["zh"].str.contains("保持不变").any()


def test_targets_lead_the_better_way_and_no_further_than_peers(advice: Advice, known: Any) -> None:
    rows = advice.targets[advice.targets["kpi"] == "solved"].set_index("team_id")
    frame = known.cases.frame
    last = frame[frame["opened_at"] > known.organisation.as_of - pd.Timedelta(days=90)]
    figures = last.groupby("team_id")["kpi:solved"].mean()
    assert rows["current_value"].to_dict() == pytest.approx(figures.to_dict())
    assert (rows["stretch_target"] >= rows["advised_target"] - 1e-9).all()
    worst, best = figures.idxmin(), figures.idxmax()
    assert rows.loc[worst, "advised_target"] > figures[worst]
    assert rows.loc[best, "advised_target"] <= figures[best] + 0.02
    assert rows.loc[worst, "low"] <= rows.loc[worst, "expected_effect"] <= rows.loc[worst, "high"]
    assert rows.loc[worst, "expected_effect"] > 0


def test_reported_outcomes_have_targets_and_no_effect(advice: Advice) -> None:
    rows = advice.targets[advice.targets["kpi"] == "rating"]
    assert rows["advised_target"].notna().all() and rows["expected_effect"].isna().all()


def test_every_reason_is_there_in_both_languages(asked: pd.DataFrame) -> None:
    assert asked["reason"].map(lambda reason: bool(reason["en"]) and bool(reason["zh"])).all()


def test_harder_cases_give_no_target_that_only_easy_ones_allow(known: Any, advice: Advice) -> None:
    frame = known.cases.frame.copy()
    hard = frame["team_id"] == "t0"
    rng = np.random.default_rng(3)
    frame.loc[hard, "x:difficulty"] += 2.0
    lost = hard & (rng.random(len(frame)) < 0.25)
    frame.loc[lost, "kpi:solved"] = 0.0
    # what difficulty does is seen in all teams
    frame["kpi:solved"] = np.where(
        ~hard & (frame["x:difficulty"] > 1) & (rng.random(len(frame)) < 0.2), 0.0, frame["kpi:solved"]
    )
    harder = replace(known, cases=replace(known.cases, frame=frame))
    rows = again(harder, advice)
    solved = rows[rows["kpi"] == "solved"].set_index("team_id")["advised_target"]
    assert solved["t0"] < solved.drop("t0").min() - 0.05


def test_one_team_is_advised_from_its_people(known: Any, advice: Advice) -> None:
    frame = known.cases.frame.assign(team_id="t0")
    people = known.organisation.employees.assign(team_id="t0")
    cards = known.organisation.scorecards
    organisation = replace(known.organisation, employees=people, scorecards=cards[cards["team_id"] == "t0"])
    alone = replace(known, cases=replace(known.cases, frame=frame), organisation=organisation)
    row = again(alone, advice).set_index(["team_id", "kpi"]).loc[("t0", "solved")]
    assert row["basis"] == "peers" and row["advised_target"] > row["current_value"]
    assert "people are compared" in row["reason"]["en"]


def test_a_kpi_without_variance_and_one_of_some_teams(known: Any, advice: Advice) -> None:
    frame = known.cases.frame.copy()
    frame["kpi:cost"] = 10.0
    frame.loc[frame["team_id"].isin(["t0", "t1"]), "kpi:rating"] = np.nan
    changed = replace(known, cases=replace(known.cases, frame=frame))
    rows = again(changed, advice).set_index(["team_id", "kpi"])
    cost = rows.xs("cost", level="kpi")
    assert cost["advised_target"].dropna().eq(10.0).all()
    assert cost["expected_effect"].dropna().eq(0.0).all()
    rating = rows.xs("rating", level="kpi")
    assert rating.loc[["t0", "t1"], "advised_target"].isna().all()
    assert rating.loc[["t0", "t1"], "basis"].eq("not_enough").all()
    assert rating.drop(["t0", "t1"])["advised_target"].notna().all()


def test_teams_that_own_their_kpis(make_team_company: Callable[..., Any], advice_of: Callable[..., Advice]) -> None:
    company = make_team_company(strength=1.5)
    rows = advice_of(company).targets
    defects = rows[rows["kpi"] == "defects"]
    assert defects["basis"].eq("both").all()
    assert (defects["advised_target"] <= defects["current_value"] + 0.05).all()
    assert defects["expected_effect"].max() > 0


def test_small_teams_show_no_figure(known: Any, advice: Advice) -> None:
    policy = known.policy.model_copy(update={"min_group": 16})
    rows = again(replace(known, policy=policy), advice)
    rows = rows[~rows["kpi"].isin(["duty"])]
    assert rows[["current_value", "advised_target"]].isna().all(axis=None)
    assert rows["reason"].str["en"].str.contains("Fewer than 16 people").all()


def test_where_cases_are_dealt_out_by_skill_the_reason_says_so(
    make_company: Callable[..., Any], advice_of: Callable[..., Advice]
) -> None:
    advised = advice_of(make_company(3, 80, 12_000, skill_routing=0.8))
    found = advised.targets[advised.targets["advised_target"].notna()]
    assert len(found) and found["stretch_target"].isna().all()
    assert found["reason"].str["en"].str.contains("not dealt out by chance").all()
