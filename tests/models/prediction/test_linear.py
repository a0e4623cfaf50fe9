"""The linear model is a ridge logistic regression, explains itself exactly, and is chosen on the past alone."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from baton.errors import DamagedModelError
from features.training.table import TrainingTable
from models.folds import group_folds
from models.integrity.isolation import require_sound
from models.integrity.manifest import write_manifest
from models.prediction.boosting import Boosted
from models.prediction.calibration import sigmoid
from models.prediction.choice import Judged, choose, choose_per_fold, cross_fit_linear
from models.prediction.decline import DeclinePredictor
from models.prediction.fitted_model import TreeModel
from models.prediction.linear import Design, LinearModel, fit_linear
from models.prediction.predictor import load_predictor

HOW: dict[str, Any] = {"categorical": [], "weight": 0.1}


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
    differences = score[label == 1][:, None] - score[label == 0][None, :]
    return float(np.mean(differences > 0) + np.mean(differences == 0) / 2)


def test_on_few_distinct_values_it_is_scikit_learns_logistic_regression() -> None:
    from sklearn.linear_model import LogisticRegression

    generator = np.random.default_rng(0)
    matrix = generator.integers(0, 10, size=(400, 3)).astype(float)
    label = (generator.random(400) < 1 / (1 + np.exp(4 - matrix[:, 0] / 2))).astype(float)
    scaled = (matrix - matrix.mean(axis=0)) / matrix.std(axis=0)
    logistic = LogisticRegression(C=0.1, tol=1e-10, max_iter=1000).fit(scaled, label).decision_function(scaled)
    np.testing.assert_allclose(fit_linear(matrix, label, **HOW).raw(matrix), logistic, atol=1e-4)


def test_its_contributions_are_each_features_own_term_and_add_up_and_are_those_of_shap() -> None:
    import shap

    matrix, label = many_weak_signals()
    matrix[::7, 1] = np.nan
    matrix[:, 2] = np.nan
    matrix[:, 3] = np.arange(300) % 4
    matrix[::9, 3] = np.nan
    model = fit_linear(matrix, label, **{**HOW, "categorical": [3]})
    terms, encoded = model.contributions(matrix), model.encoded(matrix)
    np.testing.assert_allclose(terms.sum(axis=1), model.raw(matrix), rtol=0, atol=1e-12)
    np.testing.assert_allclose(terms[:, :-1].mean(axis=0), 0, atol=1e-9)
    slopes = np.concatenate([term.coefficients for term in model.terms])
    np.testing.assert_allclose(encoded @ slopes + model.intercept, model.raw(matrix), rtol=0, atol=1e-9)
    background = shap.maskers.Independent(encoded, max_samples=len(encoded))
    by_column = shap.LinearExplainer((slopes, model.intercept), background).shap_values(encoded)
    owner = np.repeat(np.arange(40), [len(term.coefficients) for term in model.terms])
    by_feature = np.column_stack([by_column[:, owner == place].sum(axis=1) for place in range(40)])
    np.testing.assert_allclose(terms[:, :-1], by_feature, rtol=0, atol=1e-9)
    assert (terms[:, 2] == 0).all()
    moved = matrix.copy()
    moved[:, 0] = matrix[::-1, 0]
    np.testing.assert_allclose(model.contributions(moved)[:, 1:], terms[:, 1:], atol=1e-9)


@pytest.mark.parametrize("column", [0, 3], ids=["number", "category"])
def test_the_unknown_have_a_term_of_their_own(column: int) -> None:
    generator = np.random.default_rng(0)
    matrix = generator.integers(0, 4, size=(400, 4)).astype(float)
    gone = generator.random(400) < 0.3
    matrix[gone, column] = np.nan
    model = fit_linear(matrix, gone.astype(float) * (generator.random(400) < 0.9), **{**HOW, "categorical": [3]})
    score = model.raw(matrix)
    assert score[gone].min() > score[~gone].max()


def test_many_weak_signals_in_few_rows_are_found_and_unseen_rows_ordered(monkeypatch: pytest.MonkeyPatch) -> None:
    table = table_of(*many_weak_signals())
    fresh, later = many_weak_signals(2000, seed=1)
    rows = pd.DataFrame(fresh, columns=list(table.features))
    fitted = DeclinePredictor.fit(table, 7)
    assert fitted.about["linear_weight"] in DeclinePredictor.recipe.linear_weights
    monkeypatch.setattr(DeclinePredictor, "recipe", replace(DeclinePredictor.recipe, linear_weights=()))
    trees = DeclinePredictor.fit(table, 7)
    assert auc(later, fitted.predict(rows)) > auc(later, trees.predict(rows)) + 0.03


def test_trees_stay_where_features_work_together() -> None:
    generator = np.random.default_rng(0)
    matrix = generator.normal(size=(900, 4))
    label = ((matrix[:, 0] > 0) & (np.abs(matrix[:, 1]) > 0.7)).astype(float)
    assert DeclinePredictor.fit(table_of(matrix, label), 7).about["linear_weight"] is None


def test_above_the_limit_of_rows_only_trees_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DeclinePredictor, "recipe", replace(DeclinePredictor.recipe, linear_rows=299))
    assert DeclinePredictor.fit(table_of(*many_weak_signals()), 7).about["linear_weight"] is None


def candidates() -> tuple[list[Boosted], np.ndarray]:
    matrix, label = many_weak_signals()
    fold = group_folds(np.arange(300).astype(str), label, 5, 7)
    other = np.random.default_rng(3).normal(size=(300, 40))
    useful = cross_fit_linear(Design.of(matrix, []), label, fold, weight=0.1)
    noise = cross_fit_linear(Design.of(other, []), label, fold, weight=0.1)
    return [noise, useful], label


def test_what_costs_less_on_held_out_rows_is_chosen() -> None:
    given, label = candidates()
    judged = Judged(label, np.ones(300, dtype=bool))
    assert choose(given, judged) is given[1]
    np.testing.assert_array_equal(choose_per_fold(given, judged).raw, given[1].raw)


def test_where_nothing_beats_the_base_rate_the_first_stays() -> None:
    given, label = candidates()
    luckless = np.random.default_rng(5).permutation(label)
    judged = Judged(luckless, np.ones(300, dtype=bool))
    orders = [[given[0], given[1]], [given[1], given[0]]]
    assert [choose(order, judged) is order[0] for order in orders] == [True, True]


def test_a_rows_own_outcome_has_no_say_in_the_choice_of_the_model_that_scores_it() -> None:
    generator = np.random.default_rng(0)
    part = np.where(np.arange(600) < 400, 2, np.arange(600) % 2)
    first, second = generator.normal(size=(2, 600))
    label = (second + generator.normal(size=600) > 0).astype(float)
    spoiled = np.where(part == 2, (first > 0).astype(float), label)
    models: Any = ("a", "b", "c")
    given = [Boosted(models, part, raw, 1) for raw in (first, second)]
    everywhere = np.ones(600, dtype=bool)
    assert choose(given, Judged(spoiled, everywhere)) is given[0]
    for outcome in (label, spoiled):
        chosen = choose_per_fold(given, Judged(outcome, everywhere))
        np.testing.assert_array_equal(chosen.raw[part == 2], second[part == 2])


def history() -> TrainingTable:
    """What the model in ``trees_of_one_feature`` has learned from: numbers, some unknown, and a category."""
    number = np.arange(240)
    frame = pd.DataFrame({"unit_id": [f"u{n % 40:02d}" for n in number], "group": [f"u{n % 40:02d}" for n in number]})
    frame["as_of"] = pd.date_range("2025-01-01", periods=6, freq="MS")[number // 40]
    frame["wait"] = (number * 37 % 101) / 10.0
    frame["csat"] = np.where(number % 5 == 0, np.nan, number * 13 % 7)
    frame["kind"] = pd.Categorical(np.array(["home", "firm", "shop"])[number * 29 % 3])
    frame["label"] = ((frame["wait"] + number * 53 % 11 / 2 + (frame["kind"] == "firm") * 2) > 8.5).astype(float)
    return TrainingTable("decline:team:csat", "probability", "team", frame, ("wait", "csat", "kind"), {}, None)


def test_it_says_what_trees_of_one_feature_each_say_and_a_model_kept_as_such_goes_on_being_read() -> None:
    kept = load_predictor(Path(__file__).with_name("trees_of_one_feature"))
    assert isinstance(kept, DeclinePredictor) and isinstance(kept.model, TreeModel)
    table = history()
    rows = table.frame[list(table.features)]
    matrix = kept.encoding.matrix(rows)
    label = table.frame["label"].to_numpy(dtype=np.float64)
    model = fit_linear(matrix, label, categorical=kept.encoding.categorical, weight=0.1)
    np.testing.assert_allclose(model.raw(matrix), kept.raw(rows), rtol=0, atol=1e-9)
    np.testing.assert_allclose(model.contributions(matrix), kept.contributions(rows), rtol=0, atol=1e-9)
    assert np.ptp(model.raw(matrix)) > 1


def test_few_rows_and_many_are_answered_alike_and_none_too() -> None:
    matrix, label = many_weak_signals()
    model = fit_linear(matrix, label, **HOW)
    one_by_one = np.vstack([model.contributions(row[None, :]) for row in matrix])
    np.testing.assert_array_equal(model.contributions(matrix), one_by_one)
    assert model.contributions(matrix[:0]).shape == (0, 41)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("linear")
    (folder / "model.lgb").write_text("an earlier model", "utf-8")
    DeclinePredictor.fit(table_of(*many_weak_signals()), 7).save(folder)
    return folder


def test_it_is_kept_as_json_alone_and_read_back_to_the_last_bit(saved: Path, tmp_path: Path) -> None:
    assert {path.name for path in saved.iterdir()} == {"linear.json", "predictor.json", "probe.json", "manifest.json"}
    matrix, label = many_weak_signals()
    loaded, fitted = load_predictor(saved), DeclinePredictor.fit(table_of(matrix, label), 7)
    assert isinstance(loaded.model, LinearModel) and loaded.model.trees == 0
    np.testing.assert_array_equal(loaded.model.contributions(matrix), fitted.model.contributions(matrix))
    require_sound([saved], tmp_path / "sound.json")


def changed(where: str, value: Any) -> Callable[[dict[str, Any]], None]:
    return lambda found: found["terms"][0].update({where: value})


DAMAGE: dict[str, Callable[[dict[str, Any]], object]] = {
    "another format": lambda found: found.update(format=2),
    "a term missing": lambda found: found["terms"].pop(),
    "no terms": lambda found: found.update(terms=None),
    "an intercept that is no number": lambda found: found.update(intercept="0"),
    "an endless intercept": lambda found: found.update(intercept=float("inf")),
    "a coefficient too many": lambda found: found["terms"][0]["coefficients"].append(1.0),
    "a coefficient beyond measure": changed("coefficients", [1e300]),
    "a coefficient that is no number": changed("coefficients", [float("nan")]),
    "a coefficient that is a flag": changed("coefficients", [True]),
    "a bin missing": lambda found: found["terms"][0]["values"].pop(),
    "ends backwards": lambda found: found["terms"][0]["edges"].reverse(),
    "neither known nor unknown": changed("unknown", 1),
}


@pytest.mark.parametrize("how", DAMAGE)
def test_a_damaged_one_is_refused_by_its_digest_and_by_its_structure(saved: Path, tmp_path: Path, how: str) -> None:
    folder = shutil.copytree(saved, tmp_path / "copy")
    found = json.loads((folder / "linear.json").read_text("utf-8"))
    DAMAGE[how](found)
    (folder / "linear.json").write_text(json.dumps(found), "utf-8")
    with pytest.raises(DamagedModelError, match=r"linear\.json: was changed after training"):
        load_predictor(folder)
    write_manifest(folder)
    with pytest.raises(DamagedModelError, match=r"linear\.json: is damaged \(.+\) and is not loaded; train again"):
        load_predictor(folder)


def test_one_that_answers_otherwise_than_in_training_is_refused(saved: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(saved, tmp_path / "copy")
    found = json.loads((folder / "linear.json").read_text("utf-8"))
    found["intercept"] += 0.5
    (folder / "linear.json").write_text(json.dumps(found), "utf-8")
    write_manifest(folder)
    with pytest.raises(DamagedModelError, match="differ from those of its training"):
        load_predictor(folder)
    with pytest.raises(DamagedModelError, match="differ from those of its training"):
        require_sound([folder], tmp_path / "sound.json")


def test_a_favoured_feature_is_hardly_penalised() -> None:
    """Few rows and a strong penalty: what is a forecast already keeps its slope, the others are shrunk."""
    rng = np.random.default_rng(6)
    matrix = rng.normal(size=(400, 2))
    label = (rng.random(400) < sigmoid(matrix[:, 0] + matrix[:, 1])).astype(float)
    shrunk, favoured = (
        fit_linear(matrix, label, categorical=[], weight=0.001, favoured=place).contributions(matrix).std(axis=0)
        for place in (None, 0)
    )
    assert shrunk[:2].max() < 0.4
    assert favoured[0] > 0.7 and favoured[1] < 0.4
