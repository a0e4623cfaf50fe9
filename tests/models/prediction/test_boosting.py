"""Boosting sees only what it may, deals groups fairly, and does not depend on the machine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.training.table import TrainingTable
from models.folds import group_folds
from models.prediction.boosting import Recipe, Task, boost, cross_fit
from models.prediction.churn import ChurnPredictor
from models.prediction.encoding import Encoding
from models.prediction.sufficiency import later_rows

TASK = Task(Recipe(), "probability", [], 7)


SMALL = replace(ChurnPredictor.recipe, larger=(), linear_weights=())


class Threads(Recipe):
    """The usual recipe on a given number of threads."""

    number = 1

    def parameters(self, *arguments: Any) -> dict[str, Any]:
        return {**super().parameters(*arguments), "num_threads": self.number}


class ThreeThreads(Threads):
    number = 3


class Large(ChurnPredictor):
    """Takes every table for a large one."""

    recipe = replace(SMALL, hold_out_rows=1)


def noisy(rows: int = 1500, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    matrix = generator.normal(size=(rows, 6))
    label = (generator.random(rows) < 1 / (1 + np.exp(-2 * matrix[:, 0]))).astype(float)
    return matrix, label, np.array([f"g{number}" for number in generator.integers(0, rows // 5, rows)])


def monthly(rows: int = 1500) -> TrainingTable:
    matrix, label, group = noisy(rows)
    frame = pd.DataFrame(matrix, columns=[f"f{number}" for number in range(6)])
    frame = frame.assign(unit_id=group, group=group, label=label)
    frame["as_of"] = pd.date_range("2025-01-01", periods=10, freq="MS")[np.arange(rows) % 10]
    names = tuple(f"f{number}" for number in range(6))
    return TrainingTable("churn", "probability", "customer", frame, names, {}, frame["as_of"].max())


@pytest.mark.parametrize("make", [boost, cross_fit])
def test_the_number_of_threads_changes_nothing(make: Callable[..., Any]) -> None:
    matrix, label, group = noisy()
    fold = group_folds(group, label, 5, 7)
    given = (matrix, label) if make is boost else (matrix, label, fold, fold >= 0)
    extra: dict[str, Any] = {"trees": 60} if make is boost else {}
    one, three = (make(*given, task=replace(TASK, recipe=recipe()), **extra) for recipe in (Threads, ThreeThreads))
    models = ([one], [three]) if make is boost else (one.models, three.models)
    for first, second in zip(*models, strict=True):
        np.testing.assert_allclose(first.raw(matrix), second.raw(matrix), rtol=0, atol=1e-9)


def test_rows_of_one_group_share_a_fold_and_folds_are_alike() -> None:
    _, label, group = noisy()
    fold = group_folds(group, label, 5, 7)
    assert pd.DataFrame({"group": group, "fold": fold}).groupby("group")["fold"].nunique().eq(1).all()
    sizes = np.bincount(fold)
    shares = np.bincount(fold, weights=label) / sizes
    assert sizes.min() > 0.8 * sizes.max()
    assert np.ptp(shares) < 0.06
    rare = (np.arange(300) < 25).astype(float)
    alone = np.array([f"g{number:03d}" for number in np.random.default_rng(0).permutation(300)])
    assert np.bincount(group_folds(alone, rare, 5, 7), weights=rare).tolist() == [5, 5, 5, 5, 5]


def test_folds_do_not_depend_on_the_order_of_rows() -> None:
    _, label, group = noisy()
    order = np.random.default_rng(3).permutation(len(label))
    np.testing.assert_array_equal(group_folds(group[order], label[order], 5, 7), group_folds(group, label, 5, 7)[order])


def test_a_row_is_scored_by_a_model_that_has_not_seen_it() -> None:
    matrix, label, group = noisy()
    fold = group_folds(group, label, 5, 7)
    everywhere = np.ones(len(label), dtype=bool)
    found = cross_fit(matrix, label, fold, everywhere, task=TASK)
    other = label.copy()
    other[fold == 2] = 1 - other[fold == 2]
    spoiled = cross_fit(matrix, other, fold, everywhere, task=TASK)
    trees = min(found.trees, spoiled.trees)
    honest, other_way = (
        made.models[2].booster.predict(matrix[fold == 2], num_iteration=trees)  # type: ignore[attr-defined]
        for made in (found, spoiled)
    )
    np.testing.assert_array_equal(honest, other_way)
    np.testing.assert_array_equal(found.raw[fold == 2], found.models[2].raw(matrix[fold == 2]))


def test_a_fold_without_late_rows_is_validated_all_the_same() -> None:
    matrix, label, group = noisy()
    fold = group_folds(group, label, 5, 7)
    assert cross_fit(matrix, label, fold, fold != 2, task=TASK).trees > 15
    alone = cross_fit(matrix, label, np.where(fold == 2, 0, -1), fold != 2, task=TASK)
    assert alone.trees > 15
    np.testing.assert_array_equal(np.isnan(alone.raw), fold != 2)


def test_contributions_of_unseen_rows_add_up_to_their_scores() -> None:
    matrix, label, group = noisy()
    found = cross_fit(matrix, label, group_folds(group, label, 5, 7), np.ones(len(label), bool), task=TASK)
    np.testing.assert_allclose(found.contributions(matrix).sum(axis=1), found.raw, rtol=0, atol=1e-6)
    some = np.arange(len(label)) % 7 == 0
    np.testing.assert_array_equal(found.restricted(some).contributions(matrix[some]), found.contributions(matrix)[some])


def test_noise_gets_few_trees_and_a_signal_many() -> None:
    matrix, label, group = noisy()
    fold, everywhere = group_folds(group, label, 5, 7), np.ones(len(label), dtype=bool)
    noise = np.random.default_rng(1).permutation(label)
    signal = cross_fit(matrix, label, fold, everywhere, task=TASK).trees
    assert cross_fit(matrix, noise, fold, everywhere, task=TASK).trees < 15 < signal < 400


def test_a_large_table_keeps_a_fifth_of_the_groups_for_stopping_and_calibration() -> None:
    table = monthly()
    large, normal = Large.fit(table, 7), Plain.fit(table, 7)
    assert large.about["calibration_rows"] == pytest.approx(300, abs=60)
    assert normal.about["calibration_rows"] == 750
    rows = table.frame[list(table.features)]
    assert np.corrcoef(large.raw(rows), normal.raw(rows))[0, 1] > 0.95


class Plain(ChurnPredictor):
    """Small trees alone."""

    recipe = SMALL


class Fits:
    """Counts what LightGBM is asked to fit: rows and whether it stops early; a cross-validation fits once per fold."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        import lightgbm as lgb

        self.found: list[tuple[str, int]] = []
        for name in ("train", "cv"):
            monkeypatch.setattr(lgb, name, self._counting(name, getattr(lgb, name)))

    def _counting(self, name: str, fit: Callable[..., Any]) -> Callable[..., Any]:
        def counted(parameters: Any, dataset: Any, *rest: Any, **named: Any) -> Any:
            made = fit(parameters, dataset, *rest, **named)
            rows = dataset.construct().num_data()
            self.found += [(name, rows)] * (len(named["folds"]) if name == "cv" else 1)
            return made

        return counted


class Middle(ChurnPredictor):
    """Takes tables of 1,500 rows for those from which one part alone is held out."""

    recipe = replace(SMALL, one_fold_rows=1500, one_fold_events=50, hold_out_rows=5000)


class Rare(ChurnPredictor):
    """Asks for more events to calibrate on than a fifth of such a table has."""

    recipe = replace(Middle.recipe, one_fold_events=300)


def test_from_15_000_rows_on_two_fits_are_enough_and_the_second_learns_from_all_rows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    recipe = ChurnPredictor.recipe
    assert (recipe.one_fold_rows, recipe.one_fold_events, recipe.hold_out_rows) == (15_000, 1_000, 50_000)
    assert recipe.folds == 5
    fits, table = Fits(monkeypatch), monthly(1500)
    middle = Middle.fit(table, 7)
    assert fits.found == [("cv", 1500), ("train", 1500)]
    assert middle.about["calibration_rows"] == pytest.approx(300, abs=40)  # one fifth, dealt by groups
    fits.found.clear()
    normal = Middle.fit(monthly(1499), 7)
    assert fits.found == [("cv", 1499)] * 5 + [("train", 1499)]
    rows = table.frame[list(table.features)]
    assert np.corrcoef(middle.raw(rows), normal.raw(rows))[0, 1] > 0.93
    assert middle.predict(rows).mean() == pytest.approx(table.frame["label"].mean(), abs=0.06)


def test_one_part_with_too_few_events_to_calibrate_on_is_not_held_out_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    fits, table = Fits(monkeypatch), monthly(1500)
    rare = Rare.fit(table, 7)
    assert fits.found == [("cv", 1500)] * 5 + [("train", 1500)]
    assert rare.about["calibration_rows"] == Middle.fit(monthly(1499), 7).about["calibration_rows"] + 1


def test_two_fits_of_the_same_data_give_the_same_model() -> None:
    one, other = Middle.fit(monthly(), 7), Middle.fit(monthly(), 7)
    assert one.model.text == other.model.text
    assert (one.calibration, one.about) == (other.calibration, other.about)
    assert Middle.fit(monthly(), 8).model.text != one.model.text


def test_only_the_later_part_of_the_past_validates_where_it_holds_events_enough() -> None:
    table = monthly()
    late = later_rows(table, table.frame)
    assert set(table.frame.loc[late, "as_of"].dt.month) == {6, 7, 8, 9, 10}
    assert later_rows(monthly(600), monthly(600).frame).all()
    assert later_rows(replace(table, temporal=False), table.frame).all()


def test_rare_categories_count_as_unknown_and_codes_do_not_depend_on_the_order_of_rows() -> None:
    frame = pd.DataFrame({"plan": ["a"] * 6 + ["b"] * 9 + ["c"] * 4 + ["d"] * 6})
    learned = Encoding.learn(frame, ["plan"])
    assert learned.categories["plan"] == ("b", "a", "d")
    assert Encoding.learn(frame.iloc[::-1], ["plan"]) == learned


def test_infinite_values_count_as_unknown() -> None:
    encoding = Encoding.learn(pd.DataFrame({"x": [1.0, 2.0, np.nan]}), ["x"])
    assert np.isnan(encoding.matrix(pd.DataFrame({"x": [np.inf, -np.inf]}))).all()
