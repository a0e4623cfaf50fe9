"""A move that was advised stands until the evidence clearly leaves it; a first one needs the full bar."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from baton.company import Policy
from models.advice.inputs import AdviceInputs
from models.advice.stability.before import proposed
from models.advice.weights import recommend

Made = Callable[..., AdviceInputs]
WEIGHTS = ["current_weight", "recommended_weight", "cycle_2", "cycle_3"]


def _after(before: pd.DataFrame, inputs: AdviceInputs, policy: Policy, **changes: Any) -> pd.DataFrame:
    """Advise again, knowing what was advised before."""
    known = {"before": proposed(before, set(before["kpi"])), "before_policy": policy.model_dump(mode="json")}
    return recommend(replace(inputs, **(known | changes)), policy)


def _of(weights: pd.DataFrame, kpi: str) -> pd.Series:
    return weights.set_index("kpi").loc[kpi]


def _taken(before: pd.DataFrame, cycle: str = "recommended_weight") -> dict[str, float]:
    return dict(zip(before["kpi"], before[cycle], strict=True))


@pytest.mark.parametrize(("sure", "direction"), [(0.78, 1), (0.72, 1), (0.68, 0)])
def test_a_move_is_kept_until_it_is_clearly_less_probable(
    made: Made, policy: Policy, sure: float, direction: int
) -> None:
    first = recommend(made(0.85), policy)
    assert _of(first, "solved")["direction"] == 1
    again = _of(_after(first, made(sure), policy), "solved")
    assert again["direction"] == direction
    assert bool(again["stands"]) == (direction == 1)


def test_a_first_move_needs_the_full_bar(made: Made, policy: Policy) -> None:
    quiet = recommend(made(0.6), policy)
    assert _of(quiet, "solved")["direction"] == 0
    assert _of(_after(quiet, made(0.78), policy), "solved")["direction"] == 0
    assert _of(_after(quiet, made(0.81), policy), "solved")["direction"] == 1


def test_the_other_way_needs_the_full_bar_too(made: Made, policy: Policy) -> None:
    first = recommend(made(0.85), policy)
    assert _of(_after(first, made(0.22), policy), "solved")["direction"] == 0
    assert _of(_after(first, made(0.15), policy), "solved")["direction"] == -1


def test_what_stands_says_so_and_is_honest_about_its_probability(made: Made, policy: Policy) -> None:
    again = _of(_after(recommend(made(0.85), policy), made(0.75), policy), "solved")
    assert again["confidence"] == pytest.approx(0.75)
    assert (
        "It was advised before and stands: the probability that it goes the right way is 75% now"
        in again["reason"]["en"]
    )
    assert "上次已提出，继续有效" in again["reason"]["zh"]
    sure = _of(recommend(made(0.85), policy), "solved")
    assert "advised before" not in sure["reason"]["en"]


def test_without_hysteresis_every_run_decides_anew(made: Made, policy: Policy) -> None:
    anew = policy.model_copy(update={"hysteresis": 0.0})
    again = _after(recommend(made(0.85), anew), made(0.78), anew)
    assert _of(again, "solved")["direction"] == 0


def test_nothing_stands_under_another_policy_or_on_another_card(made: Made, policy: Policy) -> None:
    first = recommend(made(0.85), policy)
    other = policy.model_copy(update={"risk_aversion": 0.9})
    assert _of(_after(first, made(0.75), policy), "solved")["direction"] == 1
    changed = _after(first, made(0.75), other, before_policy=policy.model_dump(mode="json"))
    assert _of(changed, "solved")["direction"] == 0
    card = {"cost": 30.0, "solved": 20.0, "script": 50.0}
    assert _of(_after(first, made(0.75, card=card), policy), "solved")["direction"] == 0


def test_what_is_refuted_does_not_stand(made: Made, policy: Policy) -> None:
    first, now = recommend(made(0.85), policy), made(0.75)
    refuted = now.kpis.assign(refuted=now.kpis["kpi"] == "solved")
    assert _of(_after(first, now, policy, kpis=refuted), "solved")["direction"] == 0


def test_a_joint_test_that_drifts_withdraws_nothing_and_lets_nothing_new_through(made: Made, policy: Policy) -> None:
    first, quiet = recommend(made(0.85), policy), recommend(made(0.6), policy)
    assert _of(quiet, "cost")["direction"] == -1
    kept = _after(first, made(0.85, joint_p=0.08), policy)
    assert list(kept["direction"]) == list(first["direction"])
    assert "less clearly more than chance" in _of(kept, "solved")["reason"]["en"]
    new = _after(quiet, made(0.85, joint_p=0.08), policy)
    assert (_of(new, "cost")["direction"], _of(new, "solved")["direction"]) == (-1, 0)
    assert (_after(first, made(0.85, joint_p=0.11), policy)["direction"] == 0).all()
    assert (recommend(made(0.85, joint_p=0.08), policy)["direction"] == 0).all()


def test_the_same_data_twice_give_the_same_advice(made: Made, policy: Policy) -> None:
    first = recommend(made(0.85), policy)
    pd.testing.assert_frame_equal(first, _after(first, made(0.85), policy))


def test_a_target_that_drifts_within_a_step_leads_to_the_same_card(made: Made, policy: Policy) -> None:
    fast = policy.model_copy(update={"max_change": 100.0})
    first, now = recommend(made(0.9), fast), made(0.9, solved=-0.0085)
    alone, again = recommend(now, fast), _after(first, now, fast)
    assert list(_of(first, "solved")[["target_weight", "cycle_3"]].round(1)) == [69.2, 70]
    assert list(_of(alone, "solved")[["target_weight", "cycle_3"]].round(1)) == [65.7, 65]
    assert _of(again, "solved")["target_weight"] == _of(alone, "solved")["target_weight"]
    pd.testing.assert_frame_equal(again[WEIGHTS], first[WEIGHTS])
    # the newest evidence is what counts: small steps do not add up
    third = _after(again, made(0.9, solved=-0.0075), fast)
    assert list(_of(third, "solved")[["target_weight", "cycle_3"]].round(1)) == [62.8, 65]


def test_a_card_under_way_goes_on_with_its_ramp(made: Made, policy: Policy) -> None:
    first = recommend(made(0.85), policy)
    assert list(_of(first, "solved")[WEIGHTS]) == [25, 35, 45, 55]
    # 80 % say more than the 25 points that it began with, and 60 % more than the 35 of now
    now = made(0, graded={0.6: -0.015, 0.2: -0.0017}, card=_taken(first))
    alone, second = _of(recommend(now, policy), "solved"), _after(first, now, policy)
    assert (alone["direction"], _of(second, "solved")["direction"]) == (0, 1)
    assert _of(second, "solved")["recommended_weight"] == _of(first, "solved")["cycle_2"]
    assert _of(second, "solved")["started_from"] == 25
    assert _of(second, "solved")["confidence"] == pytest.approx(0.8)
    assert "goes on with the ramp that began at 25 points" in _of(second, "solved")["reason"]["en"]
    third = _of(_after(second, replace(now, cards=now.cards.assign(weight=_weights(second, now))), policy), "solved")
    assert (third["direction"], third["started_from"], third["recommended_weight"]) == (1, 25, 55)


def _weights(before: pd.DataFrame, now: AdviceInputs) -> pd.Series:
    return now.cards["kpi"].map(_taken(before))


def test_a_ramp_ends_where_the_evidence_led_it(made: Made, policy: Policy) -> None:
    fast = policy.model_copy(update={"max_change": 20.0})
    first = recommend(made(0.85), fast)
    aim = _of(first, "solved")["aim"]
    # the evidence grows stronger where it says so, and less sure
    now = made(0.72, solved=-0.030, card=_taken(first))
    second = _of(_after(first, now, fast), "solved")
    assert second["target_weight"] > aim + 10
    assert (second["stands"], second["aim"]) == (True, aim)
    reached = made(0.72, solved=-0.030, card={"cost": 0.0, "solved": 70.0, "script": 30.0})
    assert _of(_after(first, reached, fast), "solved")["direction"] == 0
