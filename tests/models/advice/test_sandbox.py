"""A card of one's own: what it would do, and which limits it breaks, in both languages."""

from __future__ import annotations

from typing import Any

import pytest

from baton.errors import PolicyError
from baton.messages.message import render
from models.advice.advise import Advice
from models.advice.sandbox import try_card
from models.advice.settings import changed_policy

TODAY = {"handle": 30.0, "cost": 25.0, "solved": 10.0, "script": 10.0, "rating": 20.0, "duty": 5.0}


def test_todays_card_changes_nothing_and_breaks_what_it_breaks(advice: Advice, known: Any) -> None:
    tried = try_card(advice.inputs, known.policy, "t1", TODAY)
    assert (tried.expected, tried.low, tried.high) == (0.0, 0.0, 0.0)
    assert tried.breaches == ()


def test_the_advised_card_breaks_no_limit(advice: Advice, known: Any) -> None:
    card = advice.weights[advice.weights["team_id"] == "t1"].set_index("kpi")["recommended_weight"]
    assert try_card(advice.inputs, known.policy, "t1", card[card > 0].to_dict()).breaches == ()


def test_every_broken_limit_is_reported_in_both_languages(advice: Advice, known: Any) -> None:
    card = {"handle": 46.0, "cost": 13.0, "solved": 0.0, "script": 3.0, "rating": 38.0, "duty": 0.0}
    tried = try_card(advice.inputs, known.policy, "t1", card)
    assert tried.breaches == (
        "handle has 46 points, at most 40 are allowed",
        "handle moves by +16 points, at most 10 in one cycle",
        "handle is pushed without solved, which must stand beside it",
        "cost moves by -12 points, at most 10 in one cycle",
        "script has 3 points, at least 5 are asked for, or none",
        "rating moves by +18 points, at most 10 in one cycle",
        "duty is mandatory and not up for advice: it keeps its 5 points",
        "KPIs that only report hold 38 points, at most 30 are allowed",
    )
    assert [message.text for message in tried.messages] == list(tried.breaches)
    assert render(tried.messages[-1], "zh") == "仅反映结果的指标共 38 分，最多允许 30 分"
    assert all("{" not in render(message, "zh") for message in tried.messages)


def test_points_that_are_no_card_are_refused(advice: Advice, known: Any) -> None:
    with pytest.raises(PolicyError, match="sum to 90"):
        try_card(advice.inputs, known.policy, "t1", TODAY | {"rating": 10.0})


def test_prices_are_no_limit_to_try_a_card_under(known: Any) -> None:
    with pytest.raises(PolicyError, match="effects are estimated by these prices; set them under"):
        changed_policy(known.policy, {"worth": {"churn": 600.0}})
