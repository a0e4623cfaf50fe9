"""The first lines: which share of all points serves, does nothing that can be shown, works against, is not measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from baton.company import Policy
from baton.messages.message import bilingual
from models.advice.diagnosis.alignment import diagnosis_table
from models.advice.diagnosis.headline import Headline, headline
from models.advice.inputs import AdviceInputs

HARMS, HELPS, NOTHING = (0.02, 0.01, 0.03), (-0.02, -0.03, -0.01), (0.0, -0.01, 0.01)
POLICY = Policy(fixed=("punctual",))


def summed(inputs: AdviceInputs) -> Headline:
    return headline(diagnosis_table(inputs, POLICY), inputs, POLICY)


def test_shares_are_points_over_all_points(inputs_of: Callable[..., AdviceInputs]) -> None:
    cards = {"T1": {"cost": 60.0, "csat": 40.0}, "T2": {"solved": 45.0, "weather": 25.0, "punctual": 30.0}}
    found = summed(inputs_of(cards, {"cost": HARMS, "solved": HELPS, "weather": NOTHING}))
    assert found.shares == pytest.approx(
        {"aligned": 45 / 200, "weak": 25 / 200, "misaligned": 60 / 200, "unmeasured": 70 / 200}
    )
    assert found.unmeasured == pytest.approx({"results": 0.2, "mandatory": 0.15, "unknown": 0.0, "others": 0.0})
    words = " ".join(message.text for message in found.sentences)
    assert "22% serve the customer, 12% do nothing that can be shown, 30% work against the customer, and 35%" in words
    assert "20% on results such as ratings" in words and "15% on mandatory KPIs" in words
    assert "on the card Front: 60 of 100 points" in words


def test_cards_of_many_people_count_as_often_as_people_have_them(inputs_of: Callable[..., AdviceInputs]) -> None:
    effects = {"cost": HARMS, "solved": HELPS}
    found = summed(inputs_of(effects=effects, people={"T1": 90, "T2": 10}))
    assert found.by_people["misaligned"] == pytest.approx(0.9 * 0.6)
    assert found.by_people["aligned"] == pytest.approx(0.1 * 0.7)
    assert "headline.by_people" in [message.key for message in found.sentences]
    assert "headline.by_people" not in [m.key for m in summed(inputs_of(effects=effects)).sentences]


def test_without_effects_the_catalogue_alone_is_said(inputs_of: Callable[..., AdviceInputs]) -> None:
    found = summed(inputs_of())
    assert found.shares["unmeasured"] == 1.0
    words = bilingual(found.sentences)
    assert "70% are on KPIs of the customer perspective" in words["en"] and "30% on money" in words["en"]
    assert "only a run can measure" in words["en"] and "运行之后" in words["zh"]


def test_effects_that_chance_could_give_are_no_proof_of_none(inputs_of: Callable[..., AdviceInputs]) -> None:
    inputs = replace(inputs_of(effects={"cost": HARMS, "solved": HELPS}), joint_p_value=0.3)
    found = summed(inputs)
    assert found.shares["misaligned"] == found.shares["aligned"] == 0.0
    assert "too little evidence, no proof that they do nothing" in found.sentences[-1].text
