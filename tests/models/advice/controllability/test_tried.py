"""What pilots measured takes the place of what is assumed, by its precision, and earlier statements widen later ones."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from baton.company import Policy
from baton.messages.message import render
from models.advice.controllability.learned import Controllability, learn_controllability
from models.advice.controllability.tried import Tried, Width, answers_of, widths_of
from models.advice.inputs import AdviceInputs, catalogue_rows
from models.advice.settings import Settings
from tests.coached_shop import CATALOGUE, Shop

RELIABILITY = pd.DataFrame({"unit": ["employee"], "kpi": ["solved"], "between_sd": [0.1]})
# ten points moved the share of solved cases by 0.03, so by 0.3 standard deviations between people
PILOT = Tried("first", "solved", 0.03, 0.025, 0.035, 10.0, 6)


def settings(*tried: Tried) -> Settings:
    return Settings(Policy(), 7, tried=tried)


@pytest.fixture(scope="module")
def shop() -> tuple[Any, Any]:
    cases, organisation, _ = Shop(teams=4, seed=3).make()
    return cases, organisation


def learned(shop: tuple[Any, Any], *tried: Tried) -> Controllability:
    return learn_controllability(*shop, CATALOGUE, settings(*tried), RELIABILITY)


def inputs() -> AdviceInputs:
    return AdviceInputs(
        kpis=catalogue_rows(CATALOGUE), draws=pd.DataFrame(), cards=pd.DataFrame(), headcounts=pd.DataFrame(),
        outcome=None, helpful=-1, kind="probability", horizon_days=90, customers_at_risk=0, joint_p_value=1.0,
    )  # fmt: skip


def test_a_precise_pilot_holds_and_one_that_saw_little_leaves_what_was_believed(shop: tuple[Any, Any]) -> None:
    believed = 0.025 * 0.6
    precise = learned(shop, PILOT).piloted["solved"]
    assert precise["low"] < precise["response"] < precise["high"]
    assert precise["response"] == pytest.approx(0.03, abs=0.003) and precise["pilots"] == 1
    vague = learned(shop, replace(PILOT, low=-0.97, high=1.03)).piloted["solved"]
    assert vague["response"] == pytest.approx(believed, abs=0.002)
    assert vague["high"] - vague["low"] > 2 * (precise["high"] - precise["low"])
    worse = learned(shop, replace(PILOT, effect=0.0, low=-0.01, high=0.01))
    assert worse.piloted["solved"]["response"] < believed / 2
    table = worse.table.set_index("kpi")
    assert table.loc["solved", "controllability_basis"] == "pilots" and table.loc["solved", "verdict"] == "learned"
    assert (
        table.loc["solved", "controllability"]
        < 0.6
        < learned(shop, PILOT).table.set_index("kpi").loc["solved", "controllability"]
    )


def test_two_pilots_that_agree_are_surer_than_one_and_two_that_do_not_are_less_sure_than_their_intervals() -> None:
    one, both, differing = (
        answers_of(tried, CATALOGUE, RELIABILITY)["solved"]
        for tried in ([PILOT], [PILOT, PILOT], [PILOT, replace(PILOT, effect=-0.03, low=-0.035, high=-0.025)])
    )
    assert both.variance == pytest.approx(one.variance / 2) and both.estimate == pytest.approx(0.03)
    assert differing.estimate == pytest.approx(0.0) and np.sqrt(differing.variance) == pytest.approx(0.03, rel=0.01)


@pytest.mark.parametrize(
    "odd",
    [{"kpi": "none"}, {"points": 0.5}, {"points": 0.0}, {"high": float("inf")}, {"low": 0.03, "high": 0.03}, {"kpi": "handling"}],
    ids=["no KPI of the catalogue", "hardly a point", "no point", "no end", "no width", "no spread known"],
)  # fmt: skip
def test_a_pilot_that_shows_no_answer_to_points_counts_for_nothing(odd: dict[str, Any], shop: tuple[Any, Any]) -> None:
    assert answers_of([replace(PILOT, **odd)], CATALOGUE, RELIABILITY) == {}
    assert learned(shop, replace(PILOT, **odd)).table.empty


def test_advice_counts_with_it_and_says_so_in_both_languages(shop: tuple[Any, Any]) -> None:
    answering = inputs().answering(learned(shop, PILOT))
    (note,) = answering.notes
    assert "One pilot of" in note.text and "instead of the scenario" in note.text
    assert "试点" in render(note, "zh")
    assert answering.basis(["solved"]) == "pilots" and answering.basis(["handling"]) == "scenario"
    assert answering.basis(["solved", "handling"]) == "pilots_in_part"
    assert (answering.response_low, answering.response_high) == (0.0, 0.05)  # of all others


def statements(true: int, wrong: int, width: float = 1.0) -> list[Tried]:
    """Predictions of 0.03 ± 0.01, and what was measured: the same, or 0.05 beside it."""
    stated = {
        "low": 0.03 - 0.01 * width,
        "high": 0.03 + 0.01 * width,
        "level": 0.9,
        "basis": "scenario",
        "width": width,
    }
    right = replace(PILOT, predicted=stated)
    return [right] * true + [replace(right, effect=0.08, low=0.07, high=0.09)] * wrong


def test_statements_that_did_not_come_true_widen_later_ones_from_ten_on(shop: tuple[Any, Any]) -> None:
    assert widths_of(statements(0, 9)) == {}
    assert widths_of(statements(9, 1)) == {}  # as stated
    found = widths_of(statements(5, 5))["scenario"]
    assert (found.predictions, found.true) == (10, 5)
    assert found.factor == pytest.approx(np.sqrt(0.05**2 - 0.01**2) / 0.01)  # so wide that these come true
    # what was stated so wide already is not widened twice
    assert widths_of(statements(5, 5, width=2.0))["scenario"].factor == pytest.approx(found.factor)
    narrow = widths_of(statements(40, 0))["scenario"]
    assert narrow.factor == 0.5
    for width, words in ((found, "4.9 times as wide"), (narrow, "narrowed to 0.50")):
        answering = inputs().answering(Controllability(widths={"scenario": width}))
        assert answering.response_high - answering.response_low == pytest.approx(0.05 * width.factor)
        assert (answering.response_low + answering.response_high) / 2 == pytest.approx(0.025)
        assert words in answering.notes[0].text
    other = inputs().answering(Controllability(widths={"pilots": Width(3.0, 10, 5, "pilots")}))
    assert (other.response_low, other.response_high) == (0.0, 0.05)
