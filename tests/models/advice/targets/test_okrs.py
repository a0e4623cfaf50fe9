"""Drafts of objectives: promising, thin, and never without a counterweight."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from models.advice.advise import Advice
from models.advice.settings import Settings
from models.advice.targets.okrs import okrs_table
from models.advice.targets.targets import Scene, scene_of


@pytest.fixture(scope="module")
def scene(known: Any, advice: Advice) -> Scene:
    """What the objectives of the company are drawn up from."""
    settings = Settings(known.policy, 7, learners=False)
    return scene_of(known.cases, known.organisation, known.catalogue, advice.effects, advice.inputs, settings)


def thin(scene: Scene, kpi: str, sure: float) -> Scene:
    """The same with one lever's effect as sure as asked."""
    draws = scene.inputs.draws.copy()
    helps = np.arange(len(draws)) < sure * len(draws)
    draws[kpi] = scene.inputs.helpful * np.where(helps, 0.01, -0.002)
    lines = {
        card: {
            name: line | ({"effect": scene.inputs.helpful * 0.006, "misaligned": False, "refuted": False} if name == kpi else {})
            for name, line in each.items()
        }
        for card, each in scene.lines.items()
    }  # fmt: skip
    return replace(scene, inputs=replace(scene.inputs, draws=draws), lines=lines)


def kept(advice: Advice, kpi: str) -> pd.DataFrame:
    """Weights that do not move for a KPI."""
    return advice.weights.assign(verdict=advice.weights["verdict"].where(advice.weights["kpi"] != kpi, "keep"))


def test_what_is_promising_and_thin_is_an_objective_with_its_guard(scene: Scene, advice: Advice, known: Any) -> None:
    table = okrs_table(thin(scene, "solved", 0.7), kept(advice, "solved"))
    lead = table[(table["kind"] == "lead") & (table["kpi"] == "solved")]
    assert len(lead)
    assert (lead["to_value"] > lead["from_value"]).all()
    assert (lead["by"] == known.organisation.as_of + pd.Timedelta(days=90)).all()
    assert lead["reason"].str["en"].str.contains("objectives explore").all()
    assert (lead["low"] <= lead["expected_effect"]).all() and (lead["expected_effect"] <= lead["high"]).all()
    for team, rows in table.groupby("team_id"):
        assert rows["number"].max() <= 2, team
        assert (rows.groupby("number")["kind"].agg(list).map(lambda kinds: kinds.count("guard")) >= 1).all()


@pytest.mark.parametrize("sure", [0.5, 0.9])
def test_what_is_no_better_than_a_coin_or_sure_enough_for_the_card_is_none(
    scene: Scene, advice: Advice, sure: float
) -> None:
    table = okrs_table(thin(scene, "solved", sure), kept(advice, "solved"))
    assert "solved" not in set(table.loc[table["kind"] == "lead", "kpi"])


def test_where_all_effects_could_be_chance_only_a_clear_one_is_tried(scene: Scene, advice: Advice) -> None:
    chance = replace(scene, inputs=replace(scene.inputs, joint_p_value=0.5))
    assert okrs_table(thin(chance, "solved", 0.7), kept(advice, "solved")).empty
    table = okrs_table(thin(chance, "solved", 0.97), kept(advice, "solved"))
    lead = table[table["kpi"] == "solved"]
    assert len(lead) and lead["reason"].str["en"].str.contains("could be chance").all()


def test_what_harms_or_is_mandatory_is_never_tried(advice: Advice) -> None:
    assert not {"handle", "cost", "duty"} & set(advice.okrs.loc[advice.okrs["kind"] == "lead", "kpi"])


def test_a_guard_that_cannot_be_measured_leaves_no_objective(scene: Scene, advice: Advice) -> None:
    without = {
        card: {kpi: each for kpi, each in found.items() if kpi not in ("solved", "rating")}
        for card, found in scene.standings.items()
    }
    blind = thin(replace(scene, standings=without), "promise", 0.7)
    assert "promise" not in set(okrs_table(blind, kept(advice, "promise"))["kpi"])


def test_a_company_without_effects_has_no_objectives(
    make_company: Callable[..., Any], advice_of: Callable[..., Advice]
) -> None:
    company = make_company(2, 40, 4_000)
    cases = replace(company.cases, frame=company.cases.frame.drop(columns="y:churn"), kinds={}, better={})
    advised = advice_of(replace(company, cases=cases))
    assert advised.okrs.empty
    solved = advised.targets[advised.targets["kpi"] == "solved"]
    assert solved["advised_target"].notna().any() and solved["expected_effect"].isna().all()
