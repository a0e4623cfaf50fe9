"""The figures are those of independent code, for any weights, and their intervals cover what they should."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from models.prediction.calibration import sigmoid
from models.prediction.metrics import NumberMetrics, ProbabilityMetrics, bootstrap_intervals, paired_differences, plain


def drawn(rows: int, seed: int = 0, *, slope: float = 1.0, shift: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities (with ties) and outcomes; at slope 1 and shift 0 the probabilities are true."""
    generator = np.random.default_rng(seed)
    score = generator.normal(-1.5, 1.2, rows).round(2)
    label = (generator.random(rows) < sigmoid(shift + slope * score)).astype(float)
    return label, sigmoid(score)


def alone(rows: int) -> np.ndarray:
    return np.arange(rows)


@pytest.mark.parametrize("weighted", [False, True])
def test_figures_are_those_of_scikit_learn(weighted: bool) -> None:
    from sklearn import metrics

    label, probability = drawn(3000)
    weight = np.random.default_rng(5).integers(0, 4, 3000) if weighted else None
    found = ProbabilityMetrics(label, probability, alone(3000)).metrics(weight)
    expected = {
        "auc": metrics.roc_auc_score(label, probability, sample_weight=weight),
        "average_precision": metrics.average_precision_score(label, probability, sample_weight=weight),
        "brier": metrics.brier_score_loss(label, probability, sample_weight=weight),
        "log_loss": metrics.log_loss(label, probability, sample_weight=weight),
    }
    assert {name: found[name] for name in expected} == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("weighted", [False, True])
def test_calibration_line_is_that_of_statsmodels(weighted: bool) -> None:
    from statsmodels.api import GLM, add_constant, families

    label, probability = drawn(4000, slope=0.6, shift=0.5)
    weight = np.random.default_rng(5).integers(0, 4, 4000) if weighted else np.ones(4000)
    odds = np.log(probability / (1 - probability))
    binomial = families.Binomial()
    line = GLM(label, add_constant(odds), family=binomial, freq_weights=weight).fit()
    large = GLM(label, np.ones(4000), family=binomial, offset=odds, freq_weights=weight).fit()
    found = ProbabilityMetrics(label, probability, alone(4000)).metrics(weight)
    assert found["calibration_slope"] == pytest.approx(np.asarray(line.params)[1], abs=1e-5)
    assert found["calibration_intercept"] == pytest.approx(np.asarray(large.params)[0], abs=1e-5)


def test_lift_counts_the_events_among_the_tenth_with_the_highest_risk() -> None:
    label = np.array([1, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1.0])
    probability = np.linspace(0.9, 0.1, 20)
    assert ProbabilityMetrics(label, probability, alone(20)).metrics()["lift_at_10"] == pytest.approx(5.0)


def test_a_constant_prediction_has_no_skill_and_no_slope() -> None:
    label = drawn(1000)[0]
    found = ProbabilityMetrics(label, np.full(1000, label.mean()), alone(1000)).metrics()
    assert (found["auc"], found["lift_at_10"]) == pytest.approx((0.5, 1.0))
    assert found["average_precision"] == pytest.approx(label.mean())
    assert found["ece"] == 0
    assert np.isnan(found["calibration_slope"])


def test_one_class_only_leaves_rank_figures_unknown() -> None:
    found = ProbabilityMetrics(np.zeros(100), np.linspace(0.1, 0.3, 100), alone(100)).metrics()
    assert np.isnan([found["auc"], found["average_precision"], found["lift_at_10"], found["calibration_slope"]]).all()
    assert np.isfinite([found["brier"], found["log_loss"]]).all()


def test_calibration_error_is_cleared_of_noise_but_not_of_error() -> None:
    true, plain_error, shifted = [], [], []
    for seed in range(60):
        label, probability = drawn(1500, seed)
        metrics = ProbabilityMetrics(label, probability, alone(1500))
        true.append(metrics.metrics()["ece"])
        curve = metrics.reliability()
        plain_error.append(sum(p["n"] * abs(p["mean_predicted"] - p["observed"]) for p in curve) / 1500)
        label, probability = drawn(1500, seed, shift=0.8)
        shifted.append(ProbabilityMetrics(label, probability, alone(1500)).metrics()["ece"])
    wanted = np.abs(sigmoid(0.8 + (s := np.random.default_rng(0).normal(-1.5, 1.2, 100_000))) - sigmoid(s)).mean()
    assert np.mean(true) < 0.65 * np.mean(plain_error)
    assert np.mean(shifted) == pytest.approx(wanted, abs=0.005)


def test_the_calibration_curve_holds_every_row_once_and_rises() -> None:
    label, probability = drawn(20_000)
    curve = ProbabilityMetrics(label, probability, alone(20_000)).reliability()
    assert sum(point["n"] for point in curve) == 20_000
    assert all(first["mean_predicted"] < second["mean_predicted"] for first, second in itertools.pairwise(curve))
    assert sum(point["n"] * point["observed"] for point in curve) == pytest.approx(label.sum())


def test_number_figures_are_those_of_scikit_learn() -> None:
    from sklearn import metrics

    generator = np.random.default_rng(0)
    predicted = generator.normal(size=500)
    label = 1 + 2 * predicted + generator.normal(size=500)
    found = NumberMetrics(label, predicted, alone(500)).metrics()
    assert found["rmse"] == pytest.approx(metrics.root_mean_squared_error(label, predicted))
    assert found["mae"] == pytest.approx(metrics.mean_absolute_error(label, predicted))
    assert found["r2"] == pytest.approx(metrics.r2_score(label, predicted))
    assert found["calibration_slope"] == pytest.approx(np.polyfit(predicted, label, 1)[0])
    assert found["calibration_intercept"] == pytest.approx(np.mean(label - predicted))


def test_intervals_of_single_rows_cover_the_truth_as_often_as_they_say() -> None:
    everything = ProbabilityMetrics(*drawn(400_000, 99), alone(400_000)).metrics()
    covered = {"auc": 0, "log_loss": 0, "calibration_slope": 0}
    for seed in range(60):
        metrics = ProbabilityMetrics(*drawn(600, seed), alone(600))
        found = bootstrap_intervals(metrics.metrics, alone(600), seed=seed, replicates=120)
        for name in covered:
            low, high = found[name]
            assert low is not None
            assert high is not None
            covered[name] += low <= everything[name] <= high
    assert all(51 <= times <= 60 for times in covered.values()), covered


def test_rows_of_one_group_are_no_independent_evidence() -> None:
    label, probability = drawn(300)
    twelve = np.repeat(np.arange(300), 12)
    metrics = ProbabilityMetrics(np.repeat(label, 12), np.repeat(probability, 12), twelve)
    single = ProbabilityMetrics(label, probability, alone(300))
    low, high = bootstrap_intervals(metrics.metrics, twelve, seed=0)["auc"]
    expected = bootstrap_intervals(single.metrics, alone(300), seed=0)["auc"]
    assert [low, high] == pytest.approx(expected, abs=1e-9)


def test_fewer_than_five_groups_give_no_interval() -> None:
    label, probability = drawn(200)
    group = np.arange(200) % 4
    found = bootstrap_intervals(ProbabilityMetrics(label, probability, group).metrics, group, seed=0)
    assert found["auc"] == [None, None]


def test_a_paired_difference_sees_what_two_intervals_hide() -> None:
    label, probability = drawn(4000)
    odds = np.log(probability / (1 - probability))
    loss = [-np.where(label > 0, np.log(p), np.log1p(-p)) for p in (probability, sigmoid(0.85 * odds))]
    found = paired_differences(loss[0], {"worse": loss[1]}, alone(4000), seed=0)["worse"]
    assert found["difference"] == pytest.approx(float(np.mean(loss[0] - loss[1])))
    assert found["low"] < found["difference"] < found["high"] < 0


def test_json_gets_no_nan() -> None:
    assert plain({"a": [np.float64("nan"), 1.0], "b": np.int64(2), "c": (float("inf"),)}) == {
        "a": [None, 1.0],
        "b": 2,
        "c": [None],
    }
