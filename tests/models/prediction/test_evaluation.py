"""Models are tested on what they have not seen, beside baselines that see as much."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from baton.errors import TooLittleDataError
from baton.messages.message import Message
from features.training.table import TrainingTable
from models.prediction.evaluation import evaluate
from models.prediction.splits import SplitKind, split_in_time

CONTRACT = {"rows", "base_rate", "split", "intervals", "baselines"}
OF_PROBABILITIES = {
    "auc",
    "average_precision",
    "brier",
    "log_loss",
    "ece",
    "calibration_slope",
    "calibration_intercept",
    "lift_at_10",
}
OF_NUMBERS = {"rmse", "mae", "r2"}


def table(
    customers: int = 150, months: int = 9, *, strength: float = 1.5, kind: str = "probability", seed: int = 0
) -> TrainingTable:
    """Customers × months; the label follows one feature; the last three months are not yet known."""
    generator = np.random.default_rng(seed)
    dates = pd.date_range("2025-01-01", periods=months + 3, freq="MS")
    frame = pd.DataFrame(
        [(f"c{number:03d}", date) for number in range(customers) for date in dates], columns=["unit_id", "as_of"]
    )
    frame["csat__90d"] = generator.normal(size=len(frame))
    frame["noise"] = generator.normal(size=len(frame))
    score = strength * frame["csat__90d"] - 1
    drawn = generator.random(len(frame)) < 1 / (1 + np.exp(-score))
    label = drawn.astype(float) if kind == "probability" else score + generator.normal(size=len(frame))
    frame["label"] = np.where(frame["as_of"] >= dates[months], np.nan, label)
    frame["group"] = frame["unit_id"]
    return TrainingTable(
        outcome="churn" if kind == "probability" else "driver:csat",
        kind=kind,  # type: ignore[arg-type]
        unit="customer",
        frame=frame,
        features=("csat__90d", "noise"),
        kpi_of={"csat__90d": "csat", "noise": "_context"},
        latest=dates[-1],
        horizon_days=90,
    )


def flat(rows: int = 400, **changes: object) -> TrainingTable:
    """One row per customer and no dates."""
    made = table(rows, 1, **changes)  # type: ignore[arg-type]
    frame = made.labelled.assign(as_of=pd.NaT)
    return replace(made, frame=frame.astype({"as_of": "datetime64[us]"}), latest=None, temporal=False)


def test_an_entry_holds_what_the_contract_names() -> None:
    found = evaluate(table(), 7).entry
    assert set(found) >= CONTRACT | OF_PROBABILITIES
    assert set(found["intervals"]) == OF_PROBABILITIES
    assert set(found["baselines"]) == {"base_rate", "last_value", "logistic_regression", "plain_lightgbm"}
    assert all(set(metrics) == OF_PROBABILITIES for metrics in found["baselines"].values())
    json.dumps(found, allow_nan=False)


def test_figures_lie_within_their_intervals() -> None:
    found = evaluate(table(), 7).entry
    for name in OF_PROBABILITIES - {"ece"}:
        low, high = found["intervals"][name]
        assert low < found[name] < high


def test_a_number_gets_the_figures_of_numbers() -> None:
    found = evaluate(table(kind="number"), 7).entry
    assert set(found) >= CONTRACT | OF_NUMBERS
    assert not OF_PROBABILITIES & set(found) - {"calibration_slope", "calibration_intercept"}
    assert found["r2"] == pytest.approx(1.5**2 / (1 + 1.5**2), abs=0.08)
    assert found["rmse"] < found["baselines"]["base_rate"]["rmse"]
    assert set(found["baselines"]) == {"base_rate", "last_value", "linear_regression", "plain_lightgbm"}


def test_training_labels_were_complete_before_the_test_began() -> None:
    made = table()
    split = split_in_time(made)
    assert split is not None
    train, test = made.labelled[split.train], made.labelled[split.test]
    assert train["as_of"].max() + pd.Timedelta(days=90) <= test["as_of"].min()
    assert "2025-01-01 to 2025-05-01, tested on 2025-08-01 to 2025-09-01, purge of 90 days" in split.description


def test_the_gap_widens_the_purge() -> None:
    split = split_in_time(replace(table(), gap_days=40))
    assert split is not None
    assert "trained on 2025-01-01 to 2025-04-01, tested on 2025-09-01" in split.description


def test_rows_of_the_test_are_the_last_ones() -> None:
    found = evaluate(table(), 7)
    assert found.predictions["as_of"].min() == pd.Timestamp("2025-08-01")
    assert len(found.predictions) == found.entry["rows"] == 300
    assert found.entry["train_rows"] == 750


def test_nothing_of_the_future_reaches_the_test_predictions() -> None:
    made = table()
    split = split_in_time(made)
    assert split is not None
    future = made.labelled.index[~split.train]
    frame = made.frame.copy()
    frame.loc[future, "label"] = 1 - frame.loc[future, "label"]
    spoiled = evaluate(replace(made, frame=frame), 7).predictions
    honest = evaluate(made, 7).predictions
    for name in ("prediction", "base_rate", "last_value", "logistic_regression", "plain_lightgbm"):
        np.testing.assert_array_equal(spoiled[name], honest[name])


def test_a_flat_table_is_cross_validated_and_says_so() -> None:
    found = evaluate(flat(), 7)
    assert found.entry["split"] == "stratified cross-validation, 3 times 5 folds, groups kept together"
    assert found.entry["split_kind"] == SplitKind.CROSS_VALIDATION
    assert found.entry["rows"] == 400
    assert found.out_of_fold is not None
    assert len(found.out_of_fold.explained) == 400


def test_time_too_short_for_a_split_is_cross_validated_and_says_why() -> None:
    short = table(customers=200, months=3)
    assert split_in_time(short) is None
    assert "too short for a split in time" in evaluate(short, 7).entry["split"]


@pytest.mark.parametrize("make", [table, flat])
def test_outcomes_that_nothing_predicts_are_not_predicted(make: type) -> None:
    found = evaluate(make(strength=0.0, seed=3), 7).entry
    assert abs(found["auc"] - 0.5) < 0.08
    assert found["log_loss"] < found["baselines"]["base_rate"]["log_loss"] + 0.02


def test_rows_of_one_customer_are_never_on_both_sides_of_a_fold() -> None:
    made = flat(200)
    # each customer four times under one name: a model that has seen one copy knows the others by their noise
    frame = pd.concat([made.frame] * 4, ignore_index=True)
    frame = frame.assign(label=np.tile(np.random.default_rng(0).integers(0, 2, 200).astype(float), 4))
    assert abs(evaluate(replace(made, frame=frame), 7).entry["auc"] - 0.5) < 0.12


def test_the_same_seed_gives_the_same_entry() -> None:
    assert evaluate(table(), 7).entry == evaluate(table(), 7).entry


def test_the_strongest_feature_stands_in_where_no_last_value_is_named() -> None:
    assert evaluate(table(), 7).entry["last_value_feature"] == "csat__90d"
    assert evaluate(replace(table(), baseline="noise"), 7).entry["last_value_feature"] == "noise"


def test_baselines_rank_as_they_should_where_the_truth_is_a_line() -> None:
    made = evaluate(table(customers=400), 7).entry
    loss = {name: metrics["log_loss"] for name, metrics in made["baselines"].items()}
    assert loss["logistic_regression"] <= made["log_loss"] < loss["plain_lightgbm"] < loss["base_rate"]
    assert made["differences"]["base_rate"]["high"] < 0


def test_the_fingerprint_changes_with_the_rows_tested_on_and_with_nothing_else() -> None:
    made = table()
    plain = evaluate(made, 7).entry["test_fingerprint"]
    shuffled = replace(made, frame=made.frame.sample(frac=1, random_state=1))
    assert evaluate(shuffled, 8).entry["test_fingerprint"] == plain
    split = split_in_time(made)
    assert split is not None
    frame = made.frame.copy()
    one = made.labelled.index[split.test][0]
    frame.loc[one, "label"] = 1 - frame.loc[one, "label"]
    assert evaluate(replace(made, frame=frame), 7).entry["test_fingerprint"] != plain


def test_too_little_data_is_reported() -> None:
    with pytest.raises(TooLittleDataError, match="churn: too little to learn from"):
        evaluate(flat(40), 7)


def test_notes_of_the_table_reach_the_reader() -> None:
    note = Message("learned.free_texts", {"columns": ("remark",)})
    assert evaluate(replace(flat(), notes=(note,)), 7).entry["notes"] == ["free texts are no features: remark"]
