"""Which changes would lower a predicted chance: against a model whose score can be worked out by hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest

from baton.catalogue.schema import Catalogue, Kpi
from models.prediction.encoding import Encoding
from models.prediction.predictor import BoostedPredictor
from models.prediction.what_if.changes import changes, most_at_risk

FEATURES = ("kept__30d", "kept__90d", "kept__trend", "kept__n", "wait__90d", "felt__90d")
WEIGHTS = {"kept__90d": -0.4, "kept__trend": -0.2, "kept__n": 0.001, "wait__90d": 0.01, "felt__90d": -0.5}


@dataclass(frozen=True)
class Line:
    """The score is a sum, so that what a change adds is known."""

    def raw(self, matrix: np.ndarray, /, *, threads: int = 0) -> np.ndarray:
        weight = np.array([WEIGHTS.get(name, 0.0) for name in FEATURES])
        return 0.7 + np.nan_to_num(matrix) @ weight


def kpi(name: str, **settings: Any) -> Kpi:
    common: dict[str, Any] = {
        "id": name, "name": name, "layer": "role", "perspective": "customer", "source": "cases", "expr": "1",
        "unit": "share", "better": "higher", "role": "lever", "controllable": 0.5,
    }  # fmt: skip
    return Kpi(**{**common, **settings})


def catalogue(**wait: Any) -> Catalogue:
    kpis = (kpi("kept"), kpi("wait", **{"better": "lower", "unit": "hours", **wait}), kpi("felt", role="outcome"))
    return Catalogue(kpis, stages=())


def predictor(**median: float) -> BoostedPredictor:
    kpi_of = {name: name.split("__")[0] for name in FEATURES}
    model: Any = Line()
    return BoostedPredictor("churn", "probability", "customer", Encoding(FEATURES, medians=median), kpi_of, model, None)


def rows() -> pd.DataFrame:
    """A hundred customers: kept and wait from 0 to 1 and 0 to 20, the first with the worst of both."""
    even = np.linspace(0, 1, 101)
    frame = {"kept__30d": even, "kept__90d": even, "kept__trend": 0.0, "kept__n": 9.0}
    return pd.DataFrame({**frame, "wait__90d": 20 * (1 - even), "felt__90d": 0.0})


def test_each_lever_goes_as_far_towards_the_better_quarter_as_people_can_move_it() -> None:
    found = changes(predictor(), rows(), catalogue(), [0]).set_index("step")
    assert found["kpi"].to_dict() == {1: "kept", 2: "wait"}
    # half of the way from 0 to 0.75, and from 20 to the better quarter at 5
    assert found.loc[1, ["value", "changed_to"]].tolist() == pytest.approx([0, 0.375])
    assert found.loc[2, ["value", "changed_to"]].tolist() == pytest.approx([20, 12.5])
    assert found["probability"].tolist() == pytest.approx([0.909, 0.909])
    assert found["probability_after"].tolist() == pytest.approx([0.909 - 0.4 * 0.375, 0.909 - 0.15 - 0.075])


def test_outcomes_and_what_nobody_can_move_are_not_changed() -> None:
    assert set(changes(predictor(), rows(), catalogue(controllable=0), [0])["kpi"]) == {"kept"}
    assert set(changes(predictor(), rows(), catalogue(role="context"), [0])["kpi"]) == {"kept"}


def test_nothing_is_made_worse_and_small_gains_are_none() -> None:
    assert changes(predictor(), rows(), catalogue(), [100]).empty
    # at 0.7 the lever moves by 0.025, a gain of 0.01 of a chance of 0.49
    assert set(changes(predictor(), rows(), catalogue(controllable=0), [70])["kpi"]) == set()


def test_unknown_values_stay_unknown() -> None:
    table = rows()
    table.loc[0, ["kept__90d", "kept__30d", "kept__trend"]] = np.nan
    assert changes(predictor(), table, catalogue(), [0])["kpi"].tolist() == ["wait"]
    assert set(changes(predictor(), table.drop(columns="wait__90d"), catalogue(), [1])["kpi"]) == {"kept"}
    # what stands in for an unknown value was never met
    table.loc[0, "wait__90d"] = np.nan
    assert changes(predictor(wait__90d=18.0), table, catalogue(), [0]).empty


def test_a_change_changes_the_value_that_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(WEIGHTS, "kept__30d", -0.4)
    table = rows()
    # only the shorter window is worse than the better quarter: "from 0.9 to 0.9" says nothing that anybody could do
    table.loc[0, ["kept__30d", "kept__90d"]] = [0.0, 0.9]
    assert changes(predictor(), table, catalogue(), [0])["kpi"].tolist() == ["wait"]
    # nor does what stands in for an unknown value
    table.loc[0, "kept__90d"] = np.nan
    assert changes(predictor(kept__90d=0.5), table, catalogue(), [0])["kpi"].tolist() == ["wait"]


def test_a_trend_follows_its_windows() -> None:
    table = rows()
    table.loc[0, ["kept__90d", "kept__trend"]] = [0.5, -0.5]
    found = changes(predictor(), table, catalogue(controllable=0), [0])
    # 0.5 to 0.625 and 0 to 0.375: the trend rises from -0.5 to -0.25
    assert found["probability_after"][0] == pytest.approx(found["probability"][0] - 0.4 * 0.125 - 0.2 * 0.25)


def test_a_quarter_of_few_values_is_none() -> None:
    assert changes(predictor(), rows().head(39), catalogue(), [0]).empty
    assert changes(predictor(), rows(), catalogue(), []).empty


def test_those_of_the_highest_chance_and_of_the_most_at_stake_are_asked_about() -> None:
    chance, value = np.linspace(0, 1, 5000), np.linspace(1, 0, 5000)
    value[:3] = np.nan
    asked = most_at_risk(chance, value)
    assert len(asked) == 2000
    assert (asked.min(), asked.max()) == (3, 4999)
    assert len(most_at_risk(chance, np.full(5000, np.nan))) == 1000
