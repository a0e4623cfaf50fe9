"""Experts' judgements: they decide where there is no evidence, and hardly count where it is strong."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import pytest

from baton.company import Policy
from baton.experts.prior import Prior
from models.advice.advise import Advice
from models.advice.experts import blended
from models.advice.inputs import AdviceInputs
from models.advice.settings import changed_policy
from models.advice.weights import recommend, target_card

SHARES = {"promise": 0.4, "solved": 0.3, "script": 0.1, "handle": 0.1, "cost": 0.1}
JUDGED: dict[str, float | str] = {f"{one} > {two}": SHARES[one] / SHARES[two] for one, two in combinations(SHARES, 2)}
PRIOR = (Prior(role="agent", judgements=JUDGED),)
"""No judgement contradicts another."""


@pytest.fixture(scope="module")
def inputs(advice: Advice) -> AdviceInputs:
    return advice.inputs


@pytest.fixture(scope="module")
def policy(known: Any) -> Policy:
    return known.policy.model_copy(update={"prior": PRIOR})


def _levers(**changes: Any) -> pd.DataFrame:
    rows = {"measured": [True, True], "heard": True, "refuted": False, "expert": [0.8, 0.2]}
    return pd.DataFrame(rows | changes)


def _shares(mean: float, sd: float) -> np.ndarray:
    drawn = np.clip(mean + sd * np.random.default_rng(2).standard_normal(4000), 0, 1)
    share = np.concatenate([[mean], drawn])
    return np.column_stack([share, 1 - share])


def test_the_more_evidence_is_sure_the_more_say_it_has() -> None:
    says = [blended(_shares(0.3, sd), _levers(), 0.5)[1][0] for sd in (0.002, 0.1, 0.25)]
    assert says[0] > 0.99
    assert says == sorted(says, reverse=True)
    # 0.4² / (0.4² + 0.1²)
    assert says[1] == pytest.approx(0.16 / 0.17, abs=0.005)


def test_the_blend_is_the_mean_and_variance_of_two_normal_beliefs() -> None:
    shares = _shares(0.5, 0.05)
    levers = _levers(expert=[0.5, 0.5])
    mixed, say = blended(shares, levers, 0.1)
    precision = 1 / shares[1:, 0].var() + 1 / 0.05**2
    assert say[0] == pytest.approx((1 / shares[1:, 0].var()) / precision, abs=0.01)
    # of two independent halves, brought back to one: half of each one's deviation
    assert mixed[1:].mean(axis=0) == pytest.approx([0.5, 0.5], abs=0.01)
    assert mixed.sum(axis=1) == pytest.approx(1.0)


@pytest.mark.parametrize("changes", [{"measured": False}, {"heard": False}, {"refuted": True}])
def test_what_is_no_evidence_has_no_say(changes: dict[str, Any]) -> None:
    mixed, say = blended(_shares(0.1, 0.01), _levers(**changes), 0.5)
    assert list(say) == [0, 0]
    assert mixed[0] == pytest.approx([0.8, 0.2])


def test_without_evidence_the_advice_is_the_experts_and_says_so(inputs: AdviceInputs, policy: Policy) -> None:
    silent = replace(inputs, joint_p_value=0.5)
    frame = target_card(silent, policy, "t1", "agent").frame.set_index("kpi")
    # mandatory training keeps its five points
    assert frame.loc[list(SHARES), "target"].tolist() == pytest.approx([95 * share for share in SHARES.values()])
    card = recommend(silent, policy, "t1").set_index("kpi")
    assert card.loc[["promise", "solved"], "verdict"].tolist() == ["add", "raise"]
    assert card.loc[["handle", "cost"], "verdict"].tolist() == ["lower", "lower"]
    assert card.loc["promise", "evidence_share"] == 0
    assert "the company's experts judge (40 of 100 points" in card.loc["promise", "reason"]["en"]
    assert "not evidence from data" in card.loc["promise", "reason"]["en"]
    assert "并非数据证据" in card.loc["promise", "reason"]["zh"]
    assert not card["misaligned"].any()
    assert (card["stress"] == "cannot be told").all()
    assert card["recommended_weight"].sum() == pytest.approx(100)


def test_what_experts_have_not_judged_stays_where_there_is_no_evidence(inputs: AdviceInputs, known: Any) -> None:
    some = known.policy.model_copy(update={"prior": (Prior(judgements={"promise > script": 9}),)})
    card = recommend(replace(inputs, joint_p_value=0.5), some, "t1").set_index("kpi")
    assert card.loc[["handle", "cost", "solved"], "verdict"].tolist() == ["keep"] * 3
    assert "could be chance" in card.loc["handle", "reason"]["en"]


def test_strong_evidence_hardly_hears_the_experts(inputs: AdviceInputs, known: Any) -> None:
    draws = inputs.draws.mean() + (inputs.draws - inputs.draws.mean()) / 50
    sure = replace(inputs, draws=draws)
    wrong = known.policy.model_copy(update={"prior": (Prior(judgements={"handle > solved": 5}),)})
    alone = target_card(sure, known.policy, "t1", "agent").frame.set_index("kpi")["target"]
    found = target_card(sure, wrong, "t1", "agent").frame.set_index("kpi")
    assert (found["target"] - alone).abs().max() < 1.0
    assert found.loc["handle", "evidence_share"] > 0.95
    assert recommend(sure, wrong, "t1").set_index("kpi").loc["handle", "verdict"] in ("lower", "drop")


def test_judgements_of_another_role_do_not_count(inputs: AdviceInputs, known: Any) -> None:
    other = known.policy.model_copy(update={"prior": (Prior(role="clerk", judgements=JUDGED),)})
    pd.testing.assert_frame_equal(recommend(inputs, other, "t1"), recommend(inputs, known.policy, "t1"))


def test_a_policy_tried_in_the_sandbox_keeps_the_judgements(policy: Policy) -> None:
    assert changed_policy(policy, {"max_change": 20}).prior == PRIOR
