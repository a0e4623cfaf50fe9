"""Reasons are sentences: no names of settings, no certainty, units and currency in words, in both languages."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from baton.company import Policy
from models.advice.breaches import Breach, Broken
from models.advice.inputs import AdviceInputs
from models.advice.limits import MaxWeight, MinShare
from models.advice.reasons import explain
from models.advice.weights import recommend

MINUS = "\N{MINUS SIGN}"


def inputs(**other: Any) -> AdviceInputs:
    """Two teams without a card, one lever that surely helps, beside the rating that is the outcome."""
    shared = {"perspective": "customer", "stage": "any", "better": "higher", "controllable": 0.6, "refuted": False,
              "icc": 0.3}  # fmt: skip
    lever = {"kpi": "quick", "name_en": "Quick answers", "name_zh": "快速回复", "role": "lever", "unit": "share",
             "effect": -0.03, "low": -0.05, "high": 0.004, "why_key": "", "why_values": "", "between_sd": 0.1}  # fmt: skip
    rating = {"kpi": "csat", "name_en": "Satisfaction", "name_zh": "满意度", "role": "outcome", "unit": "rating",
              "effect": float("nan"), "low": float("nan"), "high": float("nan"), "why_key": "not_measured.unknown",
              "why_values": "{}",
              "between_sd": 0.4}  # fmt: skip
    made: dict[str, Any] = {
        "kpis": pd.DataFrame([lever | shared | {"guards": []}, rating | shared | {"guards": []}]),
        "draws": pd.DataFrame({"quick": [-0.03] * 40}),
        "cards": pd.DataFrame(columns=["team_id", "role", "kpi", "weight"]),
        "headcounts": pd.DataFrame([{"team_id": "T", "role": "", "kpi": "quick", "n_per_day": 3.0, "people": 9, "share": 1}]),
        "outcome": "driver:csat", "helpful": -1, "kind": "probability", "horizon_days": 90, "customers_at_risk": 100,
        "joint_p_value": 0.001,
    }  # fmt: skip
    return AdviceInputs(**(made | other))


def row(**other: Any) -> dict[str, Any]:
    made = {"current_weight": 20.0, "recommended_weight": 30.0, "verdict": "raise", "confidence": 1.0, "hypothetical": False}  # fmt: skip
    return made | other


def line(given: AdviceInputs, **other: Any) -> dict[str, Any]:
    found = given.kpis.rename(columns={"low": "effect_low", "high": "effect_high"}).to_dict("records")[0]
    return found | {"fixed": False, "on_card": True, "measured": True, "misaligned": False, "direction": 1} | other


def test_an_effect_on_low_ratings_is_reported_in_low_ratings() -> None:
    given = inputs()
    reason = explain(given, Policy(), line(given), row())
    assert f"about 3 fewer low ratings per 100 cases (likely between {MINUS}0.4 and 5)" in reason["en"]
    assert f"每 100 件工单中，低分评价约减少 3 件（很可能在 {MINUS}0.4 到 5 之间）" in reason["zh"]
    worse = line(given, effect=0.03, effect_low=0.01, effect_high=0.05)
    assert "about 3 more low ratings per 100 cases" in explain(given, Policy(), worse, row())["en"]


def test_an_effect_on_a_number_names_it() -> None:
    given = inputs(kind="number", helpful=1)
    reason = explain(given, Policy(), line(given, effect=0.2), row())
    assert "Satisfaction is about 0.2 better per case" in reason["en"]
    assert "每件工单的满意度约改善 0.2" in reason["zh"]


def test_amounts_are_reported_in_the_companys_currency() -> None:
    given = inputs(currency="CNY")
    reason = explain(given, Policy(), line(given, unit="money", between_sd=12.0), row())
    assert "12 CNY better" in reason["en"]
    assert "12 CNY" in reason["zh"]


def test_broken_limits_are_reported_in_words() -> None:
    given = inputs()
    broken = (
        Breach(Broken.MAX_WEIGHT, points=60.0, kpi="quick"),
        Breach(Broken.MIN_WEIGHT, points=2.0, kpi="quick"),
        Breach(Broken.MIN_SHARE, "customer", 7.5),
        Breach(Broken.OUTCOME_MAX, points=5.0),
    )
    reason = explain(given, Policy(), line(given), row(), broken)
    for words in ("max_weight", "min_weight", "min_share", "outcome_max", "customer by"):
        assert words not in reason["en"] + reason["zh"]
    assert "“Quick answers” has 60 points more than one KPI may have" in reason["en"]
    assert (
        "“快速回复”超出单项上限 60 分；“快速回复”低于单项下限 2 分；客户维度低于最低份额 7.5 分；结果类指标"
        in reason["zh"]
    )


def test_limits_that_no_card_keeps_together_are_named_before_what_the_card_breaks() -> None:
    given, broken = inputs(), (Breach(Broken.MAX_WEIGHT, points=60.0, kpi="quick"),)
    pair = (MaxWeight(40.0), MinShare(85.0, "process"))
    reason = explain(given, Policy(), line(given), row(), broken, (pair,))
    assert reason["en"].endswith(
        "No card of these KPIs can keep the most that one KPI may have (40 points) and the least that the process "
        "perspective must have (85 points) together. The card comes as near as it can: “Quick answers” has 60 points "
        "more than one KPI may have."
    )
    assert "任何计分卡都无法同时满足单项上限（40 分）、流程维度最低份额（85 分）。" in reason["zh"]
    alone = explain(given, Policy(), line(given), row(), broken, (pair[:1],))
    assert "can keep the most that one KPI may have (40 points). The card" in alone["en"]
    assert "任何计分卡都无法满足单项上限（40 分）。" in alone["zh"]


@pytest.mark.parametrize(("sure", "en", "zh"), [(1.0, "more than 99%", "超过 99%"), (0.7, "of 70%", "为 70%")])
def test_no_probability_is_reported_as_certain(sure: float, en: str, zh: str) -> None:
    given = inputs()
    kept = line(given, direction=0, refuted=False)
    reason = explain(given, Policy(), kept, row(verdict="keep", confidence=sure))
    assert en in reason["en"]
    assert zh in reason["zh"]
    assert "100" not in reason["en"].split("fewer")[0].replace("100 cases", "")


@pytest.mark.parametrize(
    ("on_card", "en", "zh"), [(True, "stays for now", "暂不调整"), (False, "stays off the card for now", "暂不纳入")]
)
def test_what_finds_no_room_stays_where_it_is(on_card: bool, en: str, zh: str) -> None:
    given = inputs()
    reason = explain(given, Policy(), line(given, on_card=on_card), row(verdict="keep", confidence=0.95))
    assert reason["en"].startswith(f"“Quick answers” {en}: the limits of the policy")
    assert zh in reason["zh"]


@pytest.mark.parametrize(("on_card", "says"), [(True, "“Quick answers” keeps its points"), (False, "gets no points")])
def test_what_is_on_no_card_has_no_points_to_keep(on_card: bool, says: str) -> None:
    given = inputs()
    unmeasured = line(given, on_card=on_card, measured=False, why_key="not_measured.people_alike", why_values="{}")
    for kept in (unmeasured, line(given, on_card=on_card, direction=0, refuted=True)):
        reason = explain(given, Policy(), kept, row(verdict="keep", confidence=0.5))
        assert says in reason["en"]
        assert ("不给分" in reason["zh"]) is not on_card


def test_long_times_are_given_in_hours() -> None:
    given = inputs()
    reason = explain(given, Policy(), line(given, unit="seconds", between_sd=19_694.0), row())
    assert "5.5 hours better" in reason["en"]
    assert "领先 5.5 小时" in reason["zh"]


def test_one_lever_makes_no_card() -> None:
    advised = recommend(inputs(), Policy())
    assert list(advised["kpi"]) == ["quick"]
    assert list(advised["verdict"]) == ["keep"]
    assert list(advised["limits"]) == list(advised["conflict"]) == [""]
    assert advised["recommended_weight"].isna().all()
    assert "too few KPIs" in advised["reason"][0]["en"]
    assert "不足以组成一张 100 分的计分卡" in advised["reason"][0]["zh"]


def test_what_collides_is_a_column_of_the_card_and_a_warning_of_the_run() -> None:
    advised = recommend(inputs(), replace_policy(max_weight=100.0, min_share={"financial": 30.0}))
    assert list(advised["conflict"]) == ["min_share.financial 30"]
    assert list(advised["limits"]) == ["min_share.financial by 30"]


def test_one_lever_makes_a_card_where_the_policy_lets_it() -> None:
    advised = recommend(inputs(), replace_policy(max_weight=100.0))
    assert list(advised["recommended_weight"]) == [100.0]


def replace_policy(**limits: Any) -> Policy:
    return Policy.model_validate(Policy().model_dump() | limits)


def test_the_currency_is_kept_with_the_inputs(tmp_path: Any) -> None:
    given = replace(inputs(), kpis=inputs().kpis.assign(owner="employee", joint_p=1.0), currency="CNY")
    given.save(tmp_path)
    assert AdviceInputs.load(tmp_path).currency == "CNY"


def test_what_customers_are_worth_is_reported_in_money() -> None:
    given = inputs(outcome="worth", kind="money", helpful=1, currency="CNY")
    reason = explain(given, Policy(), line(given, effect=12.0, effect_low=5.0, effect_high=20.0), row())
    assert (
        "each customer is worth about 12 CNY more to the company over 90 days (likely between 5 and 20)" in reason["en"]
    )
    assert "每位客户在 90 天内约为公司多带来 12 CNY 的价值（很可能在 5 到 20 之间）" in reason["zh"]
    alone = inputs(outcome="worth", kind="money", helpful=1, currency="CNY", customers_at_risk=0)
    worse = line(alone, effect=-12.0, effect_low=-20.0, effect_high=-5.0)
    assert (
        "each case is worth about 12 CNY less to the company (likely between 5 and 20)"
        in explain(alone, Policy(), worse, row())["en"]
    )
