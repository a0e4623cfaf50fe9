"""The additive model is a ridge logistic regression, explains itself exactly, and is chosen on the past alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.training.table import TrainingTable
from models.prediction.additive import fit_additive
from models.prediction.boosting import Boosted, group_folds
from models.prediction.choice import choose, choose_apart, cross_fit_additive
from models.prediction.decline import DeclinePredictor

HOW: dict[str, Any] = {"categorical": [], "weight": 0.1, "seed": 7}


def many_weak_signals(rows: int = 300, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    matrix = generator.normal(size=(rows, 40))
    chance = 1 / (1 + np.exp(1.5 - matrix.sum(axis=1) / 4))
    return matrix, (generator.random(rows) < chance).astype(float)


def table_of(matrix: np.ndarray, label: np.ndarray) -> TrainingTable:
    names = tuple(f"f{number}" for number in range(matrix.shape[1]))
    units = [f"u{number % 60:02d}" for number in range(len(label))]
    months = pd.date_range("2025-01-01", periods=5, freq="MS", tz="UTC")
    frame = pd.DataFrame(matrix, columns=list(names)).assign(unit_id=units, group=units, label=label)
    frame["as_of"] = months[np.arange(len(label)) // 60 % 5]
    return TrainingTable("decline:team:csat", "probability", "team", frame, names, {}, frame["as_of"].max())


def auc(label: np.ndarray, score: np.ndarray) -> float:
    apart = score[label == 1][:, None] - score[label == 0][None, :]
    return float(np.mean(apart > 0) + np.mean(apart == 0) / 2)


def test_on_few_distinct_values_it_is_scikit_learns_logistic_regression() -> None:
    from sklearn.linear_model import LogisticRegression

    generator = np.random.default_rng(0)
    matrix = generator.integers(0, 10, size=(400, 3)).astype(float)
    label = (generator.random(400) < 1 / (1 + np.exp(4 - matrix[:, 0] / 2))).astype(float)
    scaled = (matrix - matrix.mean(axis=0)) / matrix.std(axis=0)
    usual = LogisticRegression(C=0.1, tol=1e-10, max_iter=1000).fit(scaled, label).decision_function(scaled)
    np.testing.assert_allclose(fit_additive(matrix, label, **HOW).predict(matrix, raw_score=True), usual, atol=1e-4)


def test_its_contributions_are_each_features_own_term_and_add_up_and_are_those_of_shap() -> None:
    import shap

    matrix, label = many_weak_signals()
    matrix[::7, 1] = np.nan
    matrix[:, 2] = np.nan
    matrix[:, 3] = np.arange(300) % 4
    matrix[::9, 3] = np.nan
    model = fit_additive(matrix, label, **{**HOW, "categorical": [3]})
    terms = np.asarray(model.predict(matrix, pred_contrib=True))
    np.testing.assert_allclose(terms.sum(axis=1), model.predict(matrix, raw_score=True), rtol=0, atol=1e-9)
    np.testing.assert_allclose(terms[:, :-1].mean(axis=0), 0, atol=1e-9)
    np.testing.assert_allclose(shap.TreeExplainer(model).shap_values(matrix[:20]), terms[:20, :-1], rtol=0, atol=1e-6)
    assert (terms[:, 2] == 0).all()
    moved = matrix.copy()
    moved[:, 0] = matrix[::-1, 0]
    np.testing.assert_allclose(np.asarray(model.predict(moved, pred_contrib=True))[:, 1:], terms[:, 1:], atol=1e-9)


@pytest.mark.parametrize("column", [0, 3], ids=["number", "category"])
def test_the_unknown_have_a_term_of_their_own(column: int) -> None:
    generator = np.random.default_rng(0)
    matrix = generator.integers(0, 4, size=(400, 4)).astype(float)
    gone = generator.random(400) < 0.3
    matrix[gone, column] = np.nan
    model = fit_additive(matrix, gone.astype(float) * (generator.random(400) < 0.9), **{**HOW, "categorical": [3]})
    score = np.asarray(model.predict(matrix, raw_score=True))
    assert score[gone].min() > score[~gone].max()


def test_many_weak_signals_in_few_rows_are_found_and_unseen_rows_ordered(monkeypatch: pytest.MonkeyPatch) -> None:
    table = table_of(*many_weak_signals())
    fresh, later = many_weak_signals(2000, seed=1)
    rows = pd.DataFrame(fresh, columns=list(table.features))
    fitted = DeclinePredictor.fit(table, 7)
    assert fitted.about["additive_weight"] in DeclinePredictor.recipe.additive_weights
    monkeypatch.setattr(DeclinePredictor, "recipe", replace(DeclinePredictor.recipe, additive_weights=()))
    trees = DeclinePredictor.fit(table, 7)
    assert auc(later, fitted.predict(rows)) > auc(later, trees.predict(rows)) + 0.03


def test_trees_stay_where_features_work_together() -> None:
    generator = np.random.default_rng(0)
    matrix = generator.normal(size=(900, 4))
    label = ((matrix[:, 0] > 0) & (np.abs(matrix[:, 1]) > 0.7)).astype(float)
    assert DeclinePredictor.fit(table_of(matrix, label), 7).about["additive_weight"] is None


def test_above_the_limit_of_rows_only_trees_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DeclinePredictor, "recipe", replace(DeclinePredictor.recipe, additive_rows=299))
    assert DeclinePredictor.fit(table_of(*many_weak_signals()), 7).about["additive_weight"] is None


def candidates() -> tuple[list[Boosted], np.ndarray]:
    matrix, label = many_weak_signals()
    fold = group_folds(np.arange(300).astype(str), label, 5, 7)
    useful = cross_fit_additive(matrix, label, fold, **HOW)
    noise = cross_fit_additive(np.random.default_rng(3).normal(size=(300, 40)), label, fold, **HOW)
    return [noise, useful], label


def test_what_costs_less_on_held_out_rows_is_chosen() -> None:
    given, label = candidates()
    assert choose(given, label, np.ones(300, dtype=bool)) is given[1]
    np.testing.assert_array_equal(choose_apart(given, label, np.ones(300, dtype=bool)).raw, given[1].raw)


def test_where_nothing_beats_the_base_rate_the_first_stays() -> None:
    given, label = candidates()
    luckless = np.random.default_rng(5).permutation(label)
    everywhere = np.ones(300, dtype=bool)
    orders = [[given[0], given[1]], [given[1], given[0]]]
    assert [choose(order, luckless, everywhere) is order[0] for order in orders] == [True, True]


def test_a_rows_own_outcome_has_no_say_in_the_choice_of_the_model_that_scores_it() -> None:
    generator = np.random.default_rng(0)
    part = np.where(np.arange(600) < 400, 2, np.arange(600) % 2)
    first, second = generator.normal(size=(2, 600))
    label = (second + generator.normal(size=600) > 0).astype(float)
    spoiled = np.where(part == 2, (first > 0).astype(float), label)
    boosters: Any = ("a", "b", "c")
    given = [Boosted(boosters, part, raw, 1) for raw in (first, second)]
    everywhere = np.ones(600, dtype=bool)
    assert choose(given, spoiled, everywhere) is given[0]
    for outcome in (label, spoiled):
        np.testing.assert_array_equal(choose_apart(given, outcome, everywhere).raw[part == 2], second[part == 2])
