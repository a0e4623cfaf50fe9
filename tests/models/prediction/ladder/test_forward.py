"""A forecast is replaced only by what holds in time, and alone it is taken as it is."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from features.training.table import TrainingTable
from models.prediction.boosting import Boosted, Recipe, Task
from models.prediction.calibration import LogisticCalibration, sigmoid
from models.prediction.choice import Judged, cross_fit_forecast, cross_fit_linear
from models.prediction.decline import DeclinePredictor
from models.prediction.evaluation import evaluate
from models.prediction.ladder.forward import holds_forward
from models.prediction.ladder.prepared import Prepared
from models.prediction.linear import of_forecast


def panel(strength: float, *, weekly: float = 0.0, units: int = 40, weeks: int = 16, seed: int = 0) -> TrainingTable:
    """Units × weeks: a forecast that is right, a lever of given strength, and weeks that are worse for everybody."""
    rng = np.random.default_rng(seed)
    week = np.repeat(np.arange(weeks), units)
    forecast = rng.normal(-1.5, 0.8, size=len(week))
    lever = rng.normal(size=len(week))
    shock = rng.normal(size=weeks) * weekly
    label = (rng.random(len(week)) < sigmoid(forecast + strength * lever + shock[week])).astype(float)
    frame = pd.DataFrame({"odds": forecast, "lever": lever, "week": rng.permutation(weeks)[week].astype(float)})
    frame = frame.assign(unit_id=[f"u{at % units:02d}" for at in range(len(week))], label=label)
    frame = frame.assign(group=frame["unit_id"], as_of=pd.Timestamp("2024-01-01") + pd.to_timedelta(week * 7, "D"))
    names = ("odds", "lever", "week")
    latest = frame["as_of"].max() + pd.Timedelta(days=7)
    return TrainingTable(
        "decline:team:csat", "probability", "team", frame, names, {}, latest, horizon_days=7, forecast="odds"
    )


def test_of_a_forecast_alone_the_model_is_the_forecast() -> None:
    rng = np.random.default_rng(1)
    matrix = rng.normal(size=(500, 3))
    model = of_forecast(matrix, 1)
    assert np.abs(model.raw(matrix) - matrix[:, 1]).max() < 0.5  # bins of two rows, the outermost wider
    assert np.corrcoef(model.raw(matrix), matrix[:, 1])[0, 1] > 0.999
    assert not model.contributions(matrix)[:, [0, 2]].any()


def test_where_nothing_adds_to_the_forecast_it_stands_alone() -> None:
    fitted = DeclinePredictor.fit(panel(0.0), 7)
    assert (fitted.about["of_forecast"], fitted.about["trees"]) == (True, 0)


def test_a_lever_that_adds_to_the_forecast_is_learned() -> None:
    table = panel(1.5)
    assert not DeclinePredictor.fit(table, 7).about["of_forecast"]
    entry = evaluate(table, 7).entry
    assert entry["log_loss"] < entry["baselines"]["hierarchical"]["log_loss"] - 0.03


def test_weeks_that_were_worse_for_everybody_are_no_reason_to_leave_the_forecast() -> None:
    """Folds of units know each week from the other units; only time shows that it says nothing of later ones."""
    assert DeclinePredictor.fit(panel(0.0, weekly=1.5, seed=1), 7).about["of_forecast"]


def of_first(matrix: np.ndarray, label: np.ndarray) -> Prepared:
    """Rows whose first feature is the forecast."""
    return Prepared(matrix, label, Task(Recipe(), "probability", [], 7, forecast=0))


def forecast_and_line(rows: Prepared, part: np.ndarray) -> list[Boosted]:
    line = cross_fit_linear(rows.design, rows.label, part, weight=0.1)
    return [cross_fit_forecast(rows.matrix, 0, part), line]


def judged(label: np.ndarray, before: np.ndarray) -> Judged:
    everything = np.ones(len(label), dtype=bool)
    moment = np.arange(len(label)) // 50
    return Judged(label, everything, is_forecast=True, before=before, after=~before, moment=moment)


@pytest.mark.parametrize("events_later", [9, 30])
def test_with_few_events_on_either_side_only_the_forecast_may_be_chosen(events_later: int) -> None:
    rng = np.random.default_rng(2)
    matrix = rng.normal(size=(400, 2))
    label = (rng.random(400) < sigmoid(2 * matrix[:, 1])).astype(float)
    before = np.arange(400) < 200
    label[200:] = 0
    label[200 + np.argsort(-matrix[200:, 1])[:events_later]] = 1
    rows, part = of_first(matrix, label), np.arange(400) % 5
    given = forecast_and_line(rows, part)
    held = holds_forward(rows, given, judged(label, before), np.ones(400, dtype=bool))
    assert held.tolist() == [True, events_later >= 10]


def test_where_one_part_is_held_out_only_its_rows_calibrate() -> None:
    """The rows beside it have no score that their model has not seen."""
    rng = np.random.default_rng(4)
    matrix = rng.normal(size=(2000, 2))
    label = (rng.random(2000) < sigmoid(2 * matrix[:, 1])).astype(float)
    rows, part = of_first(matrix, label), np.where(np.arange(2000) % 5 == 0, 0, -1)
    given = forecast_and_line(rows, part)
    held = holds_forward(rows, given, judged(label, np.arange(2000) < 1000), np.ones(2000, dtype=bool))
    assert held.tolist() == [True, True]


def test_a_forecast_is_taken_to_be_right_until_many_rows_say_otherwise() -> None:
    rng = np.random.default_rng(3)
    raw = rng.normal(size=20_000)
    label = (rng.random(20_000) < sigmoid(2 * raw - 1)).astype(float)
    few, many = (LogisticCalibration.fit(raw[:n], label[:n], is_forecast=True) for n in (60, 20_000))
    assert 0.9 < few.slope < 1.3 < 1.8 < many.slope < 2.1
    assert -0.4 < few.intercept < 0
    against = LogisticCalibration.fit(-raw[:300], label[:300], is_forecast=True)
    assert against.slope == 0
    free = LogisticCalibration.fit(raw, label)
    assert abs(free.slope - many.slope) < 0.2
