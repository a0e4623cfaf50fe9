"""From small trees up: larger ones and a linear model are fitted where one part of the rows says that they may pay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from models.prediction.boosting import Boosted, Recipe, Task, binned, boost, cross_fit
from models.prediction.choice import (
    MAX_LINEAR_ROWS,
    Judged,
    choose,
    choose_per_fold,
    cross_fit_linear,
    held_out_losses,
    thinned,
)
from models.prediction.fitted_model import BlendedModel, FittedModel, TreeModel
from models.prediction.linear import LinearModel, fit_linear

if TYPE_CHECKING:
    import lightgbm as lgb

__all__ = ["blended", "climb", "refitted"]

MIN_PROBE_ROWS = 10_000  # so many show what larger trees are worth; of larger tables a fifth
PROBE_SHARE = 0.2


def climb(
    matrix: np.ndarray, part: np.ndarray, judged: Judged, *, task: Task, once: bool = False, per_fold: bool = False
) -> Boosted:
    """Return the model that the held-out rows ask for.

    Parameters
    ----------
    matrix : numpy.ndarray, shape (rows, features)
    part : numpy.ndarray of int, shape (rows,)
        Folds, from 0.
    once : bool
        Hold out the first part alone.
    per_fold : bool
        Choose for each fold on the other folds, so that its scores can be tested on.

    Returns
    -------
    Boosted
    """
    dataset = binned(matrix, judged.label, task)
    over = np.where(part == 0, 0, -1) if once else part

    def fit(recipe: Recipe) -> Boosted:
        one = replace(task, recipe=recipe)
        return cross_fit(matrix, judged.label, over, judged.validation, task=one, dataset=dataset)

    larger = _promising(dataset, part, judged, task)
    trees = [fit(recipe) for recipe in (task.recipe, *larger)]
    linear = _linear(matrix, trees, judged, task)
    shares = task.recipe.linear_shares
    mixed = [blended(one, other, share) for other in linear for share in shares if share < 1 for one in trees]
    alone = [other for other in linear if 1.0 in shares]
    return (choose_per_fold if per_fold else choose)([*trees, *alone, *mixed], judged)


def refitted(matrix: np.ndarray, label: np.ndarray, held: Boosted, task: Task, /) -> FittedModel:
    """Return the model that was chosen, learned from all rows.

    Parameters
    ----------
    matrix : numpy.ndarray, shape (rows, features)
    label : numpy.ndarray, shape (rows,)
    held : Boosted
        What ``climb`` has chosen.
    """
    linear = None
    if held.weight is not None:
        rows = thinned(np.ones(len(label), dtype=bool), MAX_LINEAR_ROWS)
        linear = fit_linear(matrix[rows], label[rows], categorical=task.categorical, weight=held.weight)
    if held.recipe is None:
        if linear is None:
            raise ValueError("neither trees nor a linear model were chosen")
        return linear
    trees = boost(matrix, label, trees=held.trees, task=replace(task, recipe=held.recipe))
    return trees if linear is None else _mean(trees, linear, held.share)


def blended(trees: Boosted, linear: Boosted, share: float, /) -> Boosted:
    """Return the weighted mean of trees and a linear model over the same parts.

    Parameters
    ----------
    share : float
        Of the linear model.
    """
    models = tuple(_mean(one, other, share) for one, other in zip(trees.models, linear.models, strict=True))
    raw = (1 - share) * trees.raw + share * linear.raw
    return replace(trees, models=models, raw=raw, weight=linear.weight, share=share)


def _mean(trees: FittedModel, linear: FittedModel, share: float, /) -> BlendedModel:
    if not isinstance(trees, TreeModel) or not isinstance(linear, LinearModel):
        raise TypeError(f"{type(trees).__name__} and {type(linear).__name__}: a blend is made of trees and a line")
    return BlendedModel(trees, linear, share)


def _promising(dataset: lgb.Dataset, part: np.ndarray, judged: Judged, task: Task, /) -> tuple[Recipe, ...]:
    """Return how far up the first part leads: the recipe after which larger trees do no better there."""
    import lightgbm as lgb

    if not task.recipe.larger:
        return ()
    most = max(MIN_PROBE_ROWS, int(PROBE_SHARE * len(part)))
    held = part == 0
    scored = held & judged.validation if (held & judged.validation).any() else held
    folds = [(thinned(~held, most), thinned(scored, most))]

    def loss(recipe: Recipe) -> float:
        parameters = recipe.parameters(task.kind, min(len(part), most), task.seed)
        stop = lgb.early_stopping(recipe.patience, verbose=False)
        found: Any = lgb.cv(parameters, dataset, recipe.max_trees, folds=folds, callbacks=[stop])
        return float(min(found[f"valid {parameters['metric']}-mean"]))

    best, least = task.recipe, loss(task.recipe)
    for recipe in task.recipe.larger:
        if (cost := loss(recipe)) >= least:
            break
        best, least = recipe, cost
    return () if best is task.recipe else (best,)


def _linear(matrix: np.ndarray, trees: Sequence[Boosted], judged: Judged, task: Task, /) -> list[Boosted]:
    """Return the linear models worth comparing, over the parts of the trees."""
    recipe, part = task.recipe, trees[0].part
    if task.kind != "probability" or not recipe.linear_weights or not _both_beside(judged.label, part):
        return []

    def fit(weight: float, over: np.ndarray) -> Boosted:
        return cross_fit_linear(matrix, judged.label, over, categorical=task.categorical, weight=weight)

    if len(part) <= recipe.linear_rows:
        return [fit(weight, part) for weight in recipe.linear_weights]
    if not recipe.linear_beyond:
        return []
    weight, first = recipe.linear_weights[-1], part == 0
    one = fit(weight, np.where(first, 0, -1))
    if part.max() == 0:
        return [one]
    here = judged.restricted(first)
    mine = [replace(made, part=np.where(first, 0, -1)).restricted(first) for made in [*trees, one]]
    shares = [share for share in recipe.linear_shares if share < 1]
    raws = [(1 - share) * made.raw + share * mine[-1].raw for made in mine[:-1] for share in shares]
    mixed = [replace(mine[0], raw=raw) for raw in raws]
    used = here.validation if here.validation.any() else ~here.validation
    costs = held_out_losses([*mine, *mixed], here)[:-1, used].mean(axis=1)
    return [fit(weight, part)] if costs[len(trees) :].min() < costs[: len(trees)].min() else []


def _both_beside(label: np.ndarray, part: np.ndarray, /) -> bool:
    """Whether there are events and rows without one beside every part, so that a regression can be fitted there."""
    numbers = np.unique(part[part >= 0])
    return all(0 < label[part != number].mean() < 1 for number in numbers)
