"""From small trees up: larger ones and a linear model are fitted where one part of the rows says that they may pay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from models.prediction.boosting import Boosted, Recipe, boost, cross_fit
from models.prediction.calibration import sigmoid
from models.prediction.choice import (
    MAX_LINEAR_ROWS,
    TIE,
    Judged,
    choose,
    choose_per_fold,
    cross_fit_forecast,
    cross_fit_linear,
    held_out_losses,
    standard_error,
    thinned,
)
from models.prediction.fitted_model import BlendedModel, FittedModel, TreeModel
from models.prediction.ladder.forward import holds_forward
from models.prediction.ladder.prepared import Prepared
from models.prediction.linear import LinearModel
from models.prediction.metrics import log_losses

__all__ = ["blended", "climb", "refitted"]

PROBE_ROWS = 10_000  # so many show what larger trees are worth
PROBE_SHARE = 0.1  # of larger tables, whose rows can carry more
CLEAR = 3.0
"""Standard errors on the probe by which larger trees must be better for the small ones not to be fitted at all."""


def climb(rows: Prepared, part: np.ndarray, judged: Judged, *, once: bool = False, per_fold: bool = False) -> Boosted:
    """Return the model that the held-out rows ask for.

    Parameters
    ----------
    part : numpy.ndarray of int, shape (rows,)
        Folds, from 0.
    once : bool
        Hold out the first part alone; of trees only one size is fitted on all the others.
    per_fold : bool
        Choose for each fold on the other folds, so that its scores can be tested on.

    Returns
    -------
    Boosted
    """
    over = np.where(part == 0, 0, -1) if once else part
    task = rows.task

    def fit(recipe: Recipe) -> Boosted:
        one = replace(task, recipe=recipe)
        return cross_fit(rows.matrix, rows.label, over, judged.validation, task=one, dataset=rows.dataset)

    trees = [fit(recipe) for recipe in _promising(rows, part, judged, TIE if once else CLEAR, alone=once)]
    linear = _linear(rows, trees, judged)
    forecast = _forecast(rows, trees)
    shares = task.recipe.linear_shares
    linear = [*forecast, *linear]
    mixed = [blended(one, other, share) for other in linear for share in shares if share < 1 for one in trees]
    alone = [other for other in linear if 1.0 in shares]
    candidates = [*forecast, *trees, *alone[len(forecast) :], *mixed]
    if not per_fold:
        everything = np.ones(len(part), dtype=bool)
        allowed = holds_forward(rows, candidates, judged, everything) if forecast else [True] * len(candidates)
        return choose([one for one, may in zip(candidates, allowed, strict=True) if may], judged)
    if not forecast:
        return choose_per_fold(candidates, judged)
    numbers = np.unique(part)
    beside = np.array([holds_forward(rows, candidates, judged, part != number) for number in numbers])
    return choose_per_fold(candidates, judged, beside)


def refitted(rows: Prepared, held: Boosted, /) -> FittedModel:
    """Return the model that was chosen, learned from all rows.

    Parameters
    ----------
    held : Boosted
        What ``climb`` has chosen.
    """
    linear = None
    if held.is_forecast or held.weight is not None:
        linear = rows.line(thinned(np.ones(len(rows.label), dtype=bool), MAX_LINEAR_ROWS), held.weight)
    if held.recipe is None:
        if linear is None:
            raise ValueError("neither trees nor a linear model were chosen")
        return linear
    task = replace(rows.task, recipe=held.recipe)
    trees = boost(rows.matrix, rows.label, trees=held.trees, task=task, dataset=rows.dataset)
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
    return replace(trees, models=models, raw=raw, weight=linear.weight, share=share, is_forecast=linear.is_forecast)


def _mean(trees: FittedModel, linear: FittedModel, share: float, /) -> BlendedModel:
    if not isinstance(trees, TreeModel) or not isinstance(linear, LinearModel):
        raise TypeError(f"{type(trees).__name__} and {type(linear).__name__}: a blend is made of trees and a line")
    return BlendedModel(trees, linear, share)


def _promising(rows: Prepared, part: np.ndarray, judged: Judged, margin: float, *, alone: bool) -> list[Recipe]:
    """Return the sizes of trees worth fitting: up to where larger ones do no better on a part of the rows.

    Parameters
    ----------
    margin : float
        Standard errors by which the larger must be better there to be taken without the smallest.
    alone : bool
        Whether one size is to be returned whatever the margin.
    """
    import lightgbm as lgb

    smallest = rows.task.recipe
    if not smallest.larger:
        return [smallest]
    most = max(PROBE_ROWS, int(PROBE_SHARE * len(part)))
    held = part == 0
    scored = thinned(held & judged.validation if (held & judged.validation).any() else held, most)
    folds = [(thinned(~held, most), scored)]

    def losses(recipe: Recipe) -> np.ndarray:
        parameters = recipe.parameters(rows.task.kind, min(len(part), most), rows.task.seed)
        stop = lgb.early_stopping(recipe.patience, verbose=False)
        found: Any = lgb.cv(
            parameters, rows.dataset, recipe.max_trees, folds=folds, callbacks=[stop], return_cvbooster=True
        )
        fitted = found["cvbooster"]
        raw = fitted.boosters[0].predict(rows.matrix[scored], raw_score=True, num_iteration=fitted.best_iteration)
        if rows.task.kind == "number":
            return (rows.label[scored] - raw) ** 2
        return log_losses(rows.label[scored], sigmoid(raw))

    best, least = smallest, (first := losses(smallest))
    for recipe in smallest.larger:
        if (cost := losses(recipe)).mean() >= least.mean():
            break
        best, least = recipe, cost
    if best is smallest:
        return [smallest]
    group = judged.group[scored] if len(judged.group) else scored
    clear = (first - least).mean() > margin * standard_error(first - least, group)
    if alone:
        return [best if clear else smallest]
    return [best] if clear else [smallest, best]


def _linear(rows: Prepared, trees: Sequence[Boosted], judged: Judged) -> list[Boosted]:
    """Return the linear models worth comparing, over the parts of the trees."""
    recipe, part = rows.task.recipe, trees[0].part
    if rows.task.kind != "probability" or not recipe.linear_weights or not _both_beside(judged.label, part):
        return []

    def fit(weight: float, over: np.ndarray) -> Boosted:
        return cross_fit_linear(rows.design, judged.label, over, weight=weight)

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


def _forecast(rows: Prepared, trees: Sequence[Boosted]) -> list[Boosted]:
    """Return the task's forecast as a model, if it has one."""
    part, task = trees[0].part, rows.task
    if task.forecast is None or task.kind != "probability" or not _both_beside(rows.label, part):
        return []
    return [cross_fit_forecast(rows.matrix, task.forecast, part)]


def _both_beside(label: np.ndarray, part: np.ndarray, /) -> bool:
    """Whether there are events and rows without one beside every part, so that a regression can be fitted there."""
    numbers = np.unique(part[part >= 0])
    return all(0 < label[part != number].mean() < 1 for number in numbers)
