"""What has changed since the advice before is named, with what is different; what is the same says nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from baton.company import Policy
from models.advice.inputs import AdviceInputs
from models.advice.stability.basis import Basis
from models.advice.stability.before import Before, proposed
from models.advice.stability.changes import advice_changes
from models.advice.stability.given import Given
from models.advice.weights import recommend

Made = Callable[..., AdviceInputs]


def _given(inputs: AdviceInputs, policy: Policy, day: str = "2026-02-28", **made: Any) -> Given:
    kpis = dict.fromkeys(inputs.kpis["kpi"], "a")
    basis = {"company": "C", "as_of": day, "cases": 900, "policy": policy.model_dump(mode="json"), "settings": "a",
             "method": "a", "kpis": kpis}  # fmt: skip
    return Given(recommend(inputs, policy), inputs.kpis, inputs.by_team, Basis(**(basis | made)))


def _compared(before: Given, now: Given, inputs: AdviceInputs) -> pd.DataFrame:
    return advice_changes(before, now, inputs).set_index("kpi")


def test_without_an_advice_before_nothing_is_compared(made: Made, policy: Policy) -> None:
    assert advice_changes(None, _given(made(0.9), policy), made(0.9)).empty


def test_the_same_advice_is_the_same_and_orders_alike(made: Made, policy: Policy) -> None:
    inputs = made(0.9)
    found = _compared(_given(inputs, policy), _given(inputs, policy, "2026-03-31"), inputs)
    assert set(found.index) == {"cost", "solved", "script"}
    assert (found["change"] == "same").all() and (found["why"] == "").all()
    assert (found[["rank_targets", "rank_recommended"]] == 1.0).all(axis=None)
    assert set(found["as_of_before"]) == {pd.Timestamp("2026-02-28")}
    assert all(reason == {"en": "", "zh": ""} for reason in found["reason"])


def test_newer_data_that_take_a_move_back_say_the_effect_before_and_now(made: Made, policy: Policy) -> None:
    before, now = made(0.9), made(0.6)
    row = _compared(_given(before, policy), _given(now, policy, "2026-03-31"), now).loc["solved"]
    assert (row["change"], row["why"], row["verdict_before"], row["verdict"]) == (
        "withdrawn",
        "effect",
        "raise",
        "keep",
    )
    assert (row["recommended_before"], row["recommended"]) == (55, 25)
    assert row["reason"]["en"] == (
        "Solved is no longer to go to 55 points: it keeps its 25. The data until 2026-03-31 moved its effect. Where "
        "people or teams are one typical step better at it: before, about 0.9 more of every 100 customers stay over "
        "90 days; now, about 0.6 more of every 100 customers stay over 90 days."
    )
    assert "“一次解决”不再建议调整到 55 分，保持 25 分。" in row["reason"]["zh"]


@pytest.mark.parametrize(
    ("made_otherwise", "why", "words"),
    [
        ({"settings": "b"}, "settings", "outcomes or periods has changed"),
        ({"method": "b"}, "method", "Baton itself is of another version"),
        ({"kpis": {"solved": "b"}}, "catalogue", "definition in the catalogue has changed"),
    ],
)
def test_what_the_advice_was_made_from_is_named(
    made: Made, policy: Policy, made_otherwise: dict[str, Any], why: str, words: str
) -> None:
    now = made(0.6)
    row = _compared(_given(made(0.9), policy), _given(now, policy, **made_otherwise), now).loc["solved"]
    assert row["why"].startswith(why)
    assert words in row["reason"]["en"]


def test_a_changed_policy_is_named_by_its_settings(made: Made, policy: Policy) -> None:
    inputs, strict = made(0.9), policy.model_copy(update={"confidence": 0.95})
    row = _compared(_given(inputs, policy), _given(inputs, strict), inputs).loc["solved"]
    assert (row["change"], row["why"]) == ("withdrawn", "policy")
    assert "The policy has changed (confidence)." in row["reason"]["en"]


def test_a_new_role_a_failed_check_and_chance_are_named(made: Made, policy: Policy) -> None:
    before, now = _given(made(0.9), policy), made(0.9)
    roles = now.kpis.assign(role=now.kpis["role"].where(now.kpis["kpi"] != "solved", "outcome"))
    changed = replace(now, kpis=roles)
    found = _compared(before, _given(changed, policy, kpis={"solved": "b"}), changed).loc["solved"]
    assert found["why"].startswith("role")
    assert "The catalogue declares it as an outcome; before it was a lever." in found["reason"]["en"]
    refuted = replace(now, kpis=now.kpis.assign(refuted=now.kpis["kpi"] == "solved"))
    assert _compared(before, _given(refuted, policy), refuted).loc["solved", "why"] == "refuted"
    chance = made(0.9, joint_p=0.2)
    found = _compared(before, _given(chance, policy, "2026-03-31"), chance)
    assert set(found["why"]) == {"by_chance"}
    assert "With the data until 2026-03-31, all differences together could be chance" in found["reason"].iloc[0]["en"]


def test_a_card_that_took_the_advice_is_no_change_and_another_card_is(made: Made, policy: Policy) -> None:
    before = _given(made(0.9), policy)
    end = dict(zip(before.weights["kpi"], before.weights["cycle_3"], strict=True))
    done = made(0.6, card=end)
    row = _compared(before, _given(done, policy), done).loc["solved"]
    assert (row["change"], row["why"]) == ("completed", "")
    assert row["reason"]["en"] == "Solved has the 55 points that were advised."
    other = made(0.9, card={"cost": 40.0, "solved": 15.0, "script": 45.0})
    row = _compared(before, _given(other, policy), other).loc["solved"]
    assert row["why"].startswith("card")
    assert "Today's card is another: it had 25 points and has 15." in row["reason"]["en"]


def test_a_kpi_that_only_others_moved_says_so(made: Made, policy: Policy) -> None:
    before, now = made(0.9), made(0.6)
    row = _compared(_given(before, policy), _given(now, policy), now).loc["script"]
    assert row["change"] != "same"
    assert row["why"] in ("others", "effect")


def test_two_kpis_have_no_order(made: Made, policy: Policy) -> None:
    inputs = made(0.9, card={"cost": 50.0, "solved": 50.0})
    inputs = replace(inputs, headcounts=inputs.headcounts[inputs.headcounts["kpi"] != "script"])
    found = _compared(_given(inputs, policy), _given(inputs, policy), inputs)
    assert len(found) == 2
    assert np.isnan(found["rank_targets"]).all()


def _in_money(inputs: AdviceInputs) -> AdviceInputs:
    kpis = inputs.kpis.assign(
        effect=-600 * inputs.kpis["effect"], low=-600 * inputs.kpis["high"], high=-600 * inputs.kpis["low"]
    )
    draws = -600 * inputs.draws
    return replace(inputs, kpis=kpis, draws=draws, outcome="worth", kind="money", helpful=1, currency="EUR")


def test_effects_on_another_outcome_are_not_set_beside_those_of_now(made: Made, policy: Policy) -> None:
    before, now = made(0.9), _in_money(made(0.6))
    given = _given(before, policy, outcome="churn"), _given(now, policy, "2026-03-31", outcome="worth")
    row = _compared(*given, now).loc["solved"]
    assert (row["change"], row["why"]) == ("withdrawn", "outcome")
    assert row["reason"]["en"].endswith(
        "Weights serve another outcome now than they did before, so effects of then and of now cannot be compared."
    )


@pytest.mark.parametrize("otherwise", [{"settings": "b"}, {"worth": {"churn": 600.0}}])
def test_effects_of_other_prices_or_periods_are_not_set_beside_those_of_now(
    made: Made, policy: Policy, otherwise: dict[str, Any]
) -> None:
    before, now = made(0.9), made(0.6)
    settings = {"settings": otherwise.get("settings", "a")}
    priced = policy.model_copy(update={"worth": otherwise.get("worth", {})})
    row = _compared(_given(before, policy), _given(now, priced, "2026-03-31", **settings), now).loc["solved"]
    assert (row["change"], row["why"]) == ("withdrawn", "settings" if "settings" in otherwise else "policy")
    assert "0.9" not in row["reason"]["en"]


def test_moves_towards_another_outcome_do_not_stand(made: Made, policy: Policy) -> None:
    rows = proposed(recommend(made(0.9), policy), {"cost", "solved", "script"})
    before = Before(rows, policy.model_dump(mode="json"), "churn")
    assert before.serving("worth").empty
    assert len(before.serving("churn")) == len(before.serving(None)) == len(rows) == 3


def test_cards_of_one_advice_alone_are_called_new_or_no_longer_there(made: Made, policy: Policy) -> None:
    inputs = made(0.9)
    one, other = _given(inputs, policy), _given(inputs, policy, "2026-03-31")
    then = pd.concat([one.weights, one.weights.assign(team_id="t0"), one.weights.assign(role="lead")])
    today = pd.concat([other.weights, other.weights.assign(team_id="t2"), other.weights.assign(role="new")])
    found = advice_changes(replace(one, weights=then), replace(other, weights=today), inputs)
    kinds = found.groupby(["team_id", "role"])["change"].agg(lambda of: ", ".join(sorted(set(of)))).to_dict()
    assert kinds == {("t0", "agent"): "gone_team", ("t1", "agent"): "same", ("t1", "lead"): "gone_role",
                     ("t1", "new"): "new_role", ("t2", "agent"): "new_team"}  # fmt: skip
    assert (found.loc[found["change"] != "same", "why"] == "").all()
    assert "no longer there" in found.set_index("team_id").loc["t0", "reason"].iloc[0]["en"]
