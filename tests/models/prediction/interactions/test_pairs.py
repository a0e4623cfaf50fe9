"""Interactions of pairs are those that all subsets of features would give, also where trees split on categories."""

from __future__ import annotations

import itertools
from math import factorial
from types import SimpleNamespace
from typing import Any

import lightgbm as lgb
import numpy as np
import pytest

from models.prediction.fitted_model import BlendedModel, TreeModel
from models.prediction.interactions.pairs import interaction_values, strongest_pairs
from models.prediction.interactions.tree_paths import leaf_paths

ROWS, FEATURES = 400, 5
NAMES = [f"f{number}" for number in range(FEATURES)]


def booster_of(seed: int, categorical: bool, unknown: float = 0.1) -> tuple[lgb.Booster, np.ndarray]:
    generator = np.random.default_rng(seed)
    matrix = generator.normal(size=(ROWS, FEATURES))
    matrix[:, 4] = generator.integers(0, 6, ROWS)
    target = matrix[:, 0] * matrix[:, 1] + np.where(np.isin(matrix[:, 4], [1, 4]), matrix[:, 2], -matrix[:, 2])
    matrix[generator.random(matrix.shape) < unknown] = np.nan
    data = lgb.Dataset(matrix, target, categorical_feature=[4] if categorical else [])
    how = {"num_leaves": 7, "verbose": -1, "min_data_in_leaf": 10, "num_threads": 1, "min_data_per_group": 10}
    return lgb.train(how, data, num_boost_round=8), matrix


def predictor_of(model: Any) -> Any:
    return SimpleNamespace(model=model)


def value_of(booster: lgb.Booster, row: np.ndarray, known: frozenset[int]) -> float:
    """What is expected of a row of which some features are known: down both branches where one is not."""

    def below(node: dict[str, Any]) -> float:
        if "leaf_value" in node:
            return float(node["leaf_value"])
        children = [node["left_child"], node["right_child"]]
        if node["split_feature"] in known:
            return below(children[0 if goes_left(node, row[node["split_feature"]]) else 1])
        counts = [child.get("leaf_count", child.get("internal_count")) for child in children]
        return sum(count * below(child) for count, child in zip(counts, children, strict=True)) / sum(counts)

    return sum(below(tree["tree_structure"]) for tree in booster.dump_model()["tree_info"])


def goes_left(node: dict[str, Any], value: float) -> bool:
    if node["decision_type"] == "==":
        return not np.isnan(value) and str(int(value)) in node["threshold"].split("||")
    if np.isnan(value):
        return node["default_left"] if node["missing_type"] == "NaN" else node["threshold"] >= 0
    return value <= node["threshold"]


def by_subsets(booster: lgb.Booster, row: np.ndarray, one: int, other: int) -> float:
    """Lundberg et al. (2020), equation of the interaction values, term by term."""
    rest, total = [number for number in range(FEATURES) if number not in (one, other)], 0.0
    for size in range(len(rest) + 1):
        weight = factorial(size) * factorial(FEATURES - size - 2) / (2 * factorial(FEATURES - 1))
        for some in itertools.combinations(rest, size):
            subset = frozenset(some)
            worth = {
                more: value_of(booster, row, subset | frozenset(more)) for more in ((), (one,), (other,), (one, other))
            }
            total += weight * (worth[(one, other)] - worth[(one,)] - worth[(other,)] + worth[()])
    return total


@pytest.mark.parametrize("categorical", [False, True])
def test_a_pair_adds_what_all_subsets_of_features_say(categorical: bool) -> None:
    booster, matrix = booster_of(3, categorical)
    found = interaction_values(predictor_of(TreeModel(booster)), matrix[:6], NAMES)
    if categorical:
        kinds = booster.trees_to_dataframe()["decision_type"].unique()
        assert "==" in kinds
    for row, (one, other) in itertools.product(range(6), itertools.combinations(range(FEATURES), 2)):
        assert found[row, one, other] == pytest.approx(by_subsets(booster, matrix[row], one, other), abs=1e-10)
        assert found[row, other, one] == pytest.approx(found[row, one, other])


def test_without_categories_they_are_those_of_shap() -> None:
    import shap

    booster, matrix = booster_of(4, categorical=False, unknown=0.0)
    theirs = np.array(shap.TreeExplainer(booster).shap_interaction_values(matrix[:50]))
    ours = interaction_values(predictor_of(TreeModel(booster)), matrix[:50], NAMES)
    theirs[:, np.arange(FEATURES), np.arange(FEATURES)] = 0.0
    np.testing.assert_allclose(ours, theirs, atol=1e-6)


def test_each_row_reaches_one_leaf_of_each_tree_and_they_sum_to_its_score() -> None:
    booster, matrix = booster_of(5, categorical=True)
    matrix[0, 4], matrix[1, 4] = 99.0, -1.0  # categories that nobody has seen
    paths = list(leaf_paths(booster, matrix))
    reached = np.column_stack([path.passes.all(axis=1) for path in paths])
    assert (reached.sum(axis=1) == booster.num_trees()).all()
    np.testing.assert_allclose(reached @ [path.value for path in paths], booster.predict(matrix, raw_score=True))


def test_features_of_one_group_do_not_interact_with_each_other() -> None:
    booster, matrix = booster_of(3, categorical=True)
    predictor = predictor_of(TreeModel(booster))
    alone = interaction_values(predictor, matrix[:20], NAMES)
    grouped = interaction_values(predictor, matrix[:20], ["wait", "wait", "csat", "plan", "plan"])
    assert grouped.shape == (20, 3, 3)
    np.testing.assert_allclose(grouped[:, 0, 1], alone[:, 0, 2] + alone[:, 1, 2], atol=1e-12)
    assert (grouped[:, range(3), range(3)] == 0).all()


def test_of_a_blend_the_linear_part_has_none() -> None:
    booster, matrix = booster_of(3, categorical=True)
    linear: Any = object()
    whole = interaction_values(predictor_of(TreeModel(booster)), matrix[:5], NAMES)
    blended = interaction_values(predictor_of(BlendedModel(TreeModel(booster), linear, 0.25)), matrix[:5], NAMES)
    np.testing.assert_allclose(blended, 0.75 * whole)
    assert not interaction_values(predictor_of(linear), matrix[:5], NAMES).any()


def test_the_strongest_pairs_come_first_and_none_that_adds_nothing() -> None:
    values = np.zeros((4, 3, 3))
    values[:, 0, 1] = values[:, 1, 0] = 0.1
    values[:, 1, 2] = values[:, 2, 1] = [-0.3, 0.3, -0.3, 0.3]
    found = strongest_pairs(values, ["a", "b", "c"], 5)
    assert found[["kpi", "other_kpi"]].to_numpy().tolist() == [["b", "c"], ["a", "b"]]
    assert found["mean_abs_interaction"].tolist() == pytest.approx([0.6, 0.2])
    assert len(strongest_pairs(values, ["a", "b", "c"], 1)) == 1
