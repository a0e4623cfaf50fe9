"""Weights: they follow the evidence, respect the limits, and stay where the evidence is thin."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from baton.company import Policy
from baton.contract.results import result_table
from baton.errors import ArtefactError, PolicyError
from baton.outcomes import WORTH
from models.advice.advise import Advice
from models.advice.inputs import AdviceInputs
from models.advice.weights import recommend, target_card


@pytest.fixture(scope="module")
def inputs(advice: Advice) -> AdviceInputs:
    return advice.inputs


@pytest.fixture(scope="module")
def weights(inputs: Any, known: Any) -> pd.DataFrame:
    return recommend(inputs, known.policy)


def test_every_card_sums_to_one_hundred_in_every_cycle(weights: Any) -> None:
    sums = weights.groupby(["team_id", "role"])[["current_weight", "recommended_weight", "cycle_2", "cycle_3"]].sum()
    assert np.allclose(sums, 100.0)


def test_every_kpi_of_every_card_has_a_row(weights: Any, known: Any) -> None:
    cards = known.organisation.current_cards
    rows = set(weights[["team_id", "role", "kpi"]].itertuples(index=False, name=None))
    assert set(cards[["team_id", "role", "kpi"]].itertuples(index=False, name=None)) <= rows
    assert set(weights.columns) >= set(result_table("weights").names)


def test_harmful_kpis_are_led_down_and_helpful_ones_up(weights: Any) -> None:
    card = weights[weights["team_id"] == "t1"].set_index("kpi")
    assert card.loc["handle", "verdict"] == card.loc["cost", "verdict"] == "lower"
    assert card.loc["handle", "misaligned"]
    assert card.loc["cost", "misaligned"]
    assert card.loc["handle", "target_weight"] == 0.0
    assert card.loc["solved", "verdict"] == "raise"
    assert card.loc["promise", "verdict"] == "add"
    assert not card.loc[["solved", "promise", "script"], "misaligned"].any()


def test_the_ramp_leads_further_each_cycle(weights: Any) -> None:
    card = weights[weights["team_id"] == "t1"].set_index("kpi")
    harmful = card.loc[["handle", "cost"], ["current_weight", "recommended_weight", "cycle_2", "cycle_3"]].sum()
    assert (harmful.diff().dropna() < 0).all()


def test_no_kpi_moves_more_than_a_cycle_allows(weights: Any, known: Any) -> None:
    columns = ["current_weight", "recommended_weight", "cycle_2", "cycle_3"]
    assert weights[columns].diff(axis=1).iloc[:, 1:].abs().max().max() <= known.policy.max_change


def test_target_weights_follow_the_agency_formula(inputs: Any, known: Any) -> None:
    frame = target_card(inputs, known.policy, "t1", "agent").frame.set_index("kpi")
    helpful = frame.loc[["solved", "promise", "script"]]
    square = helpful["controllable"] ** 2
    pull = (-helpful["effect"]).clip(lower=0) * square / (square + known.policy.risk_aversion * helpful["noise"])
    assert helpful["target"].to_numpy() == pytest.approx((95 * pull / pull.sum()).to_numpy())


def test_a_noisy_kpi_loses_weight_as_aversion_to_risk_grows(inputs: Any, known: Any) -> None:
    def share(aversion: float) -> float:
        policy = known.policy.model_copy(update={"risk_aversion": aversion})
        frame = target_card(inputs, policy, "t1", "agent").frame.set_index("kpi")
        return frame.loc["solved", "target"] / frame.loc["promise", "target"]

    noise = target_card(inputs, known.policy, "t1", "agent").frame.set_index("kpi")["noise"]
    assert (share(9.0) < share(0.0)) == (noise["solved"] > noise["promise"])


def test_mandatory_kpis_keep_their_points_and_ratings_are_never_raised(weights: Any) -> None:
    mandatory = weights[weights["kpi"] == "duty"]
    assert (mandatory["recommended_weight"] == 5).all()
    assert (mandatory["verdict"] == "keep").all()
    rating = weights[weights["kpi"] == "rating"]
    assert (rating["recommended_weight"] <= rating["current_weight"]).all()


def test_a_company_in_which_nothing_matters_keeps_its_cards(make_company: Any, advice_of: Any) -> None:
    found = advice_of(make_company(5, 60, 8_000, null=True)).weights
    assert (found["verdict"] == "keep").all()
    on_card = found[found["current_weight"] > 0]
    assert (on_card["recommended_weight"] == on_card["current_weight"]).all()
    assert "could be chance" in found["reason"].iloc[0]["en"]


def test_the_joint_test_decides_whether_any_card_moves(inputs: Any, known: Any) -> None:
    silent = recommend(replace(inputs, joint_p_value=0.2), known.policy)
    assert (silent["verdict"] == "keep").all()
    assert not silent["misaligned"].any()
    relaxed = known.policy.model_copy(update={"false_moves": 0.3})
    assert (recommend(replace(inputs, joint_p_value=0.2), relaxed)["verdict"] != "keep").any()


def test_a_direction_that_is_not_sure_enough_is_kept(inputs: Any, known: Any) -> None:
    draws = inputs.draws.copy()
    half = len(draws) // 2
    draws.loc[: half - 1, "solved"] = 0.02
    policy = known.policy.model_copy(update={"confidence": 0.9})
    card = recommend(replace(inputs, draws=draws), policy, "t1").set_index("kpi")
    assert card.loc["solved", "verdict"] == "keep"
    assert card.loc["solved", "confidence"] < 0.9


def test_an_effect_that_failed_a_refutation_is_not_raised(inputs: Any, known: Any) -> None:
    kpis = inputs.kpis.assign(refuted=inputs.kpis["kpi"] == "solved")
    card = recommend(replace(inputs, kpis=kpis), known.policy, "t1").set_index("kpi")
    assert card.loc["solved", "verdict"] == "keep"
    assert "check of the finding failed" in card.loc["solved", "reason"]["en"]


def test_without_a_card_the_advice_is_hypothetical_and_says_so(make_company: Any, advice_of: Any) -> None:
    company = make_company(1, 120, 60_000, cards=False)
    found = advice_of(replace(company, policy=company.policy.model_copy(update={"max_weight": 60.0}))).weights
    assert found["hypothetical"].all()
    assert found["current_weight"].isna().all()
    assert np.allclose(found.groupby("team_id")["recommended_weight"].sum(), 100.0)
    assert "hypothetical" in found["reason"].iloc[0]["en"]
    assert "假设" in found["reason"].iloc[0]["zh"]
    assert set(found["verdict"]) <= {"add", "keep"}


def test_a_kpi_that_the_catalogue_does_not_know_is_kept_and_reported(inputs: Any, known: Any) -> None:
    cards = inputs.cards.replace({"kpi": {"script": "smile"}})
    card = recommend(replace(inputs, cards=cards), known.policy, "t1").set_index("kpi")
    assert card.loc["smile", "recommended_weight"] == 10
    assert card.loc["smile", "verdict"] == "keep"
    assert "not in the KPI catalogue" in card.loc["smile", "reason"]["en"]


def test_a_card_for_a_team_without_cases_keeps_its_points(inputs: Any, known: Any) -> None:
    strange = inputs.cards[inputs.cards["team_id"] == "t1"].assign(team_id="elsewhere")
    card = recommend(replace(inputs, cards=pd.concat([inputs.cards, strange])), known.policy, "elsewhere")
    assert card["recommended_weight"].sum() == pytest.approx(100.0)
    assert card["reliability"].isna().all() or (card["reliability"].dropna() == 0).all()


def test_few_people_show_no_reliability(inputs: Any, known: Any) -> None:
    policy = known.policy.model_copy(update={"min_group": 100})
    assert recommend(inputs, policy, "t1")["reliability"].isna().all()
    assert recommend(inputs, known.policy, "t1").set_index("kpi").loc["solved", "reliability"] > 0


def test_the_expected_effect_is_a_scenario_repeated_on_the_cards_rows(weights: Any) -> None:
    card = weights[weights["team_id"] == "t1"]
    assert card["expected_effect"].nunique() == 1
    assert card["expected_effect"].iloc[0] > 0
    assert (card["expected_low"] <= card["expected_effect"]).all()
    assert (card["expected_effect"] <= card["expected_high"]).all()
    assert (card["expected_basis"] == "scenario").all()


def test_money_is_given_where_prices_count_and_customers_at_risk_are_known(inputs: Any, known: Any) -> None:
    columns = ["expected_money", "expected_money_low", "expected_money_high"]
    priced = recommend(replace(inputs, outcome=WORTH), known.policy, "t1")
    assert (priced["expected_money"] > 0).all() and priced["expected_effect"].isna().all()
    assert recommend(inputs, known.policy, "t1")[columns].isna().all(axis=None)
    # nobody's leaving is known: effects are of one case, and not of none
    cases_only = recommend(replace(inputs, outcome=WORTH, customers_at_risk=0), known.policy, "t1")
    assert cases_only[columns].isna().all(axis=None)


def test_reasons_give_numbers_in_both_languages(weights: Any) -> None:
    for reason in weights["reason"]:
        assert set(reason) == {"en", "zh"}
        assert all(reason.values())
        assert not any(word in reason["en"] for word in ("nan", "standard deviation", "e+0", "p-value"))
    card = weights[weights["team_id"] == "t1"].set_index("kpi")
    assert "from 10 to 20 points" in card.loc["solved", "reason"]["en"]
    assert "指挥棒错位" in card.loc["handle", "reason"]["zh"]


def test_saved_inputs_give_the_same_advice(inputs: Any, known: Any, weights: Any, tmp_path: Path) -> None:
    inputs.save(tmp_path)
    again = recommend(AdviceInputs.load(tmp_path), known.policy)
    pd.testing.assert_frame_equal(weights, again)


def test_missing_inputs_are_reported_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(ArtefactError, match="not there"):
        AdviceInputs.load(tmp_path)


def test_another_policy_gives_other_advice(inputs: Any, known: Any) -> None:
    bold = recommend(inputs, known.policy.model_copy(update={"max_change": 30.0}), "t1").set_index("kpi")
    assert bold.loc["handle", "recommended_weight"] < 25


def test_limits_that_contradict_each_other_are_refused(inputs: Any) -> None:
    with pytest.raises(PolicyError, match="20 over 100"):
        recommend(inputs, Policy(min_share={"customer": 70, "financial": 50}))
    with pytest.raises(PolicyError, match="no multiple of step"):
        recommend(inputs, Policy(step=30, min_weight=35, max_weight=50))


def test_a_card_that_is_asked_for_again_is_of_its_own_policy_and_nobody_elses_to_change(
    inputs: Any, known: Any
) -> None:
    first = target_card(inputs, known.policy, "t1", "agent").frame
    averse = target_card(inputs, known.policy.model_copy(update={"risk_aversion": 50.0}), "t1", "agent").frame
    expected = first["target"].fillna(-1.0).tolist()
    first["target"] = 0.0

    assert averse["target"].fillna(-1.0).tolist() != expected
    again = target_card(inputs, known.policy, "t1", "agent").frame
    assert again["target"].fillna(-1.0).tolist() == expected
