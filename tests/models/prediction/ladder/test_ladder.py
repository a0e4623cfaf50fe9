"""Capacity follows the data: larger trees and a linear model come in where held-out rows ask for them, and only there."""

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
from models.prediction.boosting import Boosted, Recipe, Task
from models.prediction.calibration import sigmoid
from models.prediction.case_outcome import CaseOutcomePredictor
from models.prediction.choice import Judged, choose, choose_per_fold
from models.prediction.churn import ChurnPredictor
from models.prediction.fitted_model import BlendedModel, TreeModel
from models.prediction.ladder import climb as climbing
from models.prediction.ladder import prepared
from models.prediction.ladder.climb import climb
from models.prediction.ladder.prepared import Prepared
from models.prediction.ladder.ridge import ridge_logistic
from models.prediction.ladder.rungs import DEEP, LADDER, MEDIUM
from models.prediction.linear import Design, LinearModel
from models.prediction.metrics import log_losses
from models.prediction.predictor import load_predictor

SMALL = replace(LADDER, larger=(), linear_weights=())
Made = tuple[np.ndarray, np.ndarray]


class Small(ChurnPredictor):
    """The smallest trees, whatever the data ask for."""

    recipe = SMALL


def working_together(rows: int = 1200, seed: int = 0) -> Made:
    """Three features that say nothing one by one, and hardly any chance."""
    generator = np.random.default_rng(seed)
    matrix = generator.normal(size=(rows, 6))
    score = 5 * np.sign(matrix[:, 0] * matrix[:, 1] * matrix[:, 2]) + matrix[:, 3] - 3
    return matrix, (generator.random(rows) < sigmoid(score)).astype(float)


def adding_up(rows: int = 1000, seed: int = 0) -> Made:
    """Many weak signals, and one feature with a step."""
    generator = np.random.default_rng(seed)
    matrix = generator.normal(size=(rows, 20))
    score = matrix[:, :19].sum(axis=1) / 3 + 2 * (np.abs(matrix[:, 19]) > 1) - 2
    return matrix, (generator.random(rows) < sigmoid(score)).astype(float)


def table_of(made: Made, kind: Any = "probability", outcome: str = "churn") -> TrainingTable:
    matrix, label = made
    names = tuple(f"f{number}" for number in range(matrix.shape[1]))
    units = [f"u{number}" for number in range(len(label))]
    frame = pd.DataFrame(matrix, columns=list(names)).assign(unit_id=units, group=units, label=label)
    frame["as_of"] = pd.Series(pd.NaT, index=frame.index, dtype="datetime64[ns, UTC]")
    return TrainingTable(outcome, kind, "customer", frame, names, {}, None, temporal=False)


def loss(predictor: ChurnPredictor, made: Made) -> float:
    rows = pd.DataFrame(made[0], columns=list(predictor.encoding.features))
    return float(log_losses(made[1], predictor.predict(rows)).mean())


def test_features_that_work_together_get_larger_trees_and_unseen_rows_are_foreseen_better() -> None:
    table, fresh = table_of(working_together()), working_together(2000, seed=1)
    fitted, small = ChurnPredictor.fit(table, 7), Small.fit(table, 7)
    assert fitted.about["leaves"] in (MEDIUM.leaves, DEEP.leaves)
    assert fitted.about["parameters"]["num_leaves"] == fitted.about["leaves"]
    assert loss(fitted, fresh) < loss(small, fresh) - 0.05


@pytest.fixture(scope="module")
def blend() -> ChurnPredictor:
    """Trees and a linear model, of signals that add up."""
    return ChurnPredictor.fit(table_of(adding_up()), 7)


def test_signals_that_add_up_keep_small_trees_beside_a_linear_model(blend: ChurnPredictor) -> None:
    assert isinstance(blend.model, BlendedModel)
    assert blend.about["leaves"] == LADDER.leaves and blend.about["linear_share"] in (0.25, 0.5)
    assert blend.about["linear_weight"] in LADDER.linear_weights
    fresh = adding_up(2000, seed=1)
    assert loss(blend, fresh) < loss(Small.fit(table_of(adding_up()), 7), fresh) - 0.01


def test_a_blend_is_explained_by_the_weighted_sum_of_both_models_shap_values(blend: ChurnPredictor) -> None:
    import shap

    model, matrix = blend.model, adding_up(50, seed=2)[0]
    assert isinstance(model, BlendedModel)
    found = model.contributions(matrix)
    np.testing.assert_allclose(found.sum(axis=1), model.raw(matrix), rtol=0, atol=1e-9)
    trees = shap.TreeExplainer(model.boosted.booster).shap_values(matrix)
    expected = (1 - model.share) * trees + model.share * model.linear.contributions(matrix)[:, :-1]
    np.testing.assert_allclose(found[:, :-1], expected, rtol=0, atol=1e-9)


def test_a_blend_is_kept_as_one_json_and_read_back_to_the_last_bit(blend: ChurnPredictor, tmp_path: Path) -> None:
    blend.save(tmp_path / "model")
    files = {path.name for path in (tmp_path / "model").iterdir()}
    assert files == {"blended.json", "predictor.json", "probe.json", "manifest.json"}
    loaded, matrix = load_predictor(tmp_path / "model"), adding_up(50, seed=2)[0]
    np.testing.assert_array_equal(loaded.model.contributions(matrix), blend.model.contributions(matrix))
    np.testing.assert_array_equal(loaded.model.raw(matrix), blend.model.raw(matrix))
    require_sound([tmp_path / "model"], tmp_path / "sound.json")


DAMAGE: dict[str, Callable[[dict[str, Any]], object]] = {
    "another format": lambda found: found.update(format=2),
    "no share": lambda found: found.pop("share"),
    "a share beyond one": lambda found: found.update(share=1.5),
    "trees that are no text": lambda found: found.update(trees=None),
    "trees cut off": lambda found: found.update(trees=found["trees"][:200]),
    "a linear model cut off": lambda found: found.update(linear=found["linear"][:200]),
}


@pytest.mark.parametrize("how", DAMAGE)
def test_a_damaged_blend_is_refused(blend: ChurnPredictor, tmp_path: Path, how: str) -> None:
    blend.save(tmp_path)
    found = json.loads((tmp_path / "blended.json").read_text("utf-8"))
    DAMAGE[how](found)
    (tmp_path / "blended.json").write_text(json.dumps(found), "utf-8")
    with pytest.raises(DamagedModelError, match=r"blended\.json: was changed after training"):
        load_predictor(tmp_path)
    write_manifest(tmp_path)
    with pytest.raises(DamagedModelError, match=r"blended\.json: is damaged \(.+\) and is not loaded; train again"):
        load_predictor(tmp_path)


def test_a_model_of_another_kind_is_removed_when_one_is_saved_in_its_place(
    blend: ChurnPredictor, tmp_path: Path
) -> None:
    blend.save(tmp_path / "one")
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    Small.fit(table_of(adding_up(300)), 7).save(tmp_path / "two")
    assert not (tmp_path / "two" / "blended.json").exists()
    assert isinstance(load_predictor(tmp_path / "two").model, TreeModel)


def test_numbers_get_larger_trees_too_and_no_linear_model() -> None:
    matrix, _ = working_together(700)
    label = np.sign(matrix[:, 0] * matrix[:, 1] * matrix[:, 2]) + np.random.default_rng(3).normal(size=700) / 10
    about = CaseOutcomePredictor.fit(table_of((matrix, label), "number", "driver:csat"), 7).about
    assert about["leaves"] > LADDER.leaves and about["linear_weight"] is None


def test_rows_are_put_in_bins_once_for_all_fits_and_once_for_all_linear_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    trees, lines = prepared.binned, prepared.Design.of
    monkeypatch.setattr(prepared, "binned", lambda *given: made.append("trees") or trees(*given))
    monkeypatch.setattr(prepared.Design, "of", lambda *given, **how: made.append("lines") or lines(*given, **how))
    fitted = ChurnPredictor.fit(table_of(adding_up(400)), 7)
    assert fitted.about["linear_weight"] is not None
    assert sorted(made) == ["lines", "trees"]


@pytest.mark.parametrize(("once", "sizes"), [(True, 1), (False, 2)])
def test_where_one_part_is_held_out_or_the_larger_trees_win_clearly_only_one_size_is_fitted_on_all(
    monkeypatch: pytest.MonkeyPatch, once: bool, sizes: int
) -> None:
    fits: list[int] = []
    fit = climbing.cross_fit
    monkeypatch.setattr(
        climbing,
        "cross_fit",
        lambda *given, task, **how: fits.append(task.recipe.leaves) or fit(*given, task=task, **how),
    )
    matrix, label = working_together(1500)
    part = group_folds(np.arange(1500).astype(str), label, 5, 7)
    judged = Judged(label, np.ones(1500, dtype=bool))
    rows = Prepared(matrix, label, Task(replace(LADDER, linear_weights=()), "probability", [], 7))
    climb(rows, part, judged, once=once)
    assert len(fits) == 1 and fits[0] > LADDER.leaves
    fits.clear()
    monkeypatch.setattr(climbing, "CLEAR", np.inf)
    monkeypatch.setattr(climbing, "TIE", np.inf)
    climb(rows, part, judged, once=once)
    assert len(fits) == sizes and fits[0] == LADDER.leaves


def test_where_a_ridge_regression_starts_does_not_decide_where_it_ends() -> None:
    matrix, label = adding_up(600)
    columns = np.column_stack([matrix, np.ones(600)])
    near = ridge_logistic(columns[:500], label[:500], weight=0.1)
    far = replace(near, slopes=near.slopes + 5.0)
    alone = ridge_logistic(columns, label, weight=0.1)
    for start in (near, far):
        np.testing.assert_allclose(
            ridge_logistic(columns, label, weight=0.1, start=start).slopes, alone.slopes, atol=1e-6
        )
    gradient = 0.1 * columns.T @ (sigmoid(columns @ alone.slopes) - label) + np.append(alone.slopes[:-1], 0.0)
    np.testing.assert_allclose(gradient, 0.0, atol=1e-6)


def rivals(gain: float, noise: float, rows: int = 2000) -> tuple[list[Boosted], Judged]:
    """Small trees, and larger ones whose scores are nearer to the truth by so much."""
    generator = np.random.default_rng(0)
    truth = generator.normal(size=rows) * 2
    label = (generator.random(rows) < sigmoid(truth)).astype(float)
    part = np.arange(rows) % 5
    small = truth + generator.normal(size=rows) * noise
    models: Any = ("a", "b", "c", "d", "e")
    raws = [(Recipe(leaves=7), small), (Recipe(leaves=31), small + gain * (truth - small))]
    given = [Boosted(models, part, raw, 1, recipe) for recipe, raw in raws]
    return given, Judged(label, np.ones(rows, dtype=bool))


def test_larger_trees_must_be_better_by_more_than_noise() -> None:
    given, judged = rivals(gain=0.3, noise=1.5)
    assert choose(given, judged) is given[1]
    np.testing.assert_array_equal(choose_per_fold(given, judged).raw, given[1].raw)
    twins = [given[0], replace(given[0], recipe=Recipe(leaves=31))]
    assert choose(twins, judged) is twins[0]
    assert choose([given[0], replace(given[1], recipe=Recipe(leaves=7))], judged).raw is given[1].raw


def test_rows_of_one_group_are_one_draw_when_larger_trees_are_weighed() -> None:
    given, judged = rivals(gain=0.02, noise=1.0, rows=300)
    # better by a third of its standard error, and by twice that of forty times the rows
    given[1] = replace(given[1], raw=given[0].raw + np.random.default_rng(10).normal(size=300) / 10)
    copies = np.repeat(np.arange(300), 40)
    many = [one.restricted(copies) for one in given]
    separate = replace(judged.restricted(copies), group=np.arange(len(copies)))
    together = replace(separate, group=copies)
    assert choose(many, separate) is many[1]
    assert choose(many, together) is many[0]


def test_above_the_limit_of_rows_a_linear_model_is_fitted_on_all_parts_only_if_it_helps_on_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fits: list[int] = []
    once = climbing.cross_fit_linear

    def counted(design: Design, label: np.ndarray, part: np.ndarray, **how: Any) -> Boosted:
        fits.append(len(np.unique(part[part >= 0])))
        return once(design, label, part, **how)

    monkeypatch.setattr(climbing, "cross_fit_linear", counted)

    class Many(ChurnPredictor):
        recipe = replace(LADDER, larger=(), linear_rows=100)

    generator = np.random.default_rng(0)
    matrix = generator.normal(size=(600, 20))
    label = (generator.random(600) < sigmoid(matrix.sum(axis=1) / 2)) * 1.0
    assert isinstance(Many.fit(table_of((matrix, label)), 7).model, BlendedModel | LinearModel)
    assert fits == [1, 5]
    fits.clear()
    label = (matrix[:, 0] * matrix[:, 1] > 0) * 1.0
    assert isinstance(Many.fit(table_of((matrix[:, :3], label)), 7).model, TreeModel)
    assert fits == [1]
