"""Small trees, boosted: how many of them the past can carry, and scores of rows that they have not seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from models.prediction.fitted_model import FittedModel, TreeModel

if TYPE_CHECKING:
    import lightgbm as lgb

__all__ = ["Boosted", "Recipe", "Task", "boost", "cross_fit"]

Kind = Literal["probability", "number"]


@dataclass(frozen=True)
class Recipe:
    """What the trees look like; few leaves, since explaining costs more than predicting.

    Parameters
    ----------
    leaves : int
        Leaves per tree.
    learning_rate : float
    max_trees : int
        Early stopping ends before it.
    patience : int
        Trees without gain on held-out rows after which the search ends.
    folds : int
        Parts of the training rows that are held out in turn.
    one_fold_rows : int
        From so many rows on, one part alone may be held out, to count trees and calibrate, and all rows are learned
        from after: five parts of a table this large add hardly anything to the order, and take most of the time.
    one_fold_events : int
        What that part must hold of the rarer class, in the later past: calibrated on fewer, probabilities are off by
        more than the order of rows gains (``docs/predictors.md`` has figures).
    hold_out_rows : int
        From so many rows on, one part is held out and the model of the others is kept.
    linear_weights : tuple of float
        Weights of the linear models (``models/prediction/linear.py``) that are tried beside the trees, for
        probabilities.
    linear_rows : int
        Up to how many rows they are.
    """

    leaves: int = 7
    learning_rate: float = 0.05
    max_trees: int = 400
    patience: int = 30
    folds: int = 5
    one_fold_rows: int = 15_000
    one_fold_events: int = 1_000
    hold_out_rows: int = 50_000
    linear_weights: tuple[float, ...] = ()
    linear_rows: int = 5_000

    def holds_out_once(self, rows: int, events: float, /) -> bool:
        """Whether one held-out part is enough, for so many rows and events in its later past."""
        return rows >= self.hold_out_rows or (rows >= self.one_fold_rows and events >= self.one_fold_events)

    def parameters(self, kind: Kind, rows: int, seed: int, /) -> dict[str, Any]:
        """Return LightGBM's parameters; the same seed gives the same trees, whatever the number of threads."""
        return {
            "objective": "binary" if kind == "probability" else "regression",
            "metric": "binary_logloss" if kind == "probability" else "l2",
            "num_leaves": self.leaves,
            "learning_rate": self.learning_rate,
            "min_data_in_leaf": int(np.clip(rows // 200, 5, 50)),
            "min_data_per_group": int(np.clip(rows // 100, 10, 100)),
            "lambda_l2": 5.0,
            "feature_fraction": 0.6,
            "max_bin": 127,
            "seed": seed,
            "deterministic": True,
            "force_row_wise": True,
            "verbosity": -1,
        }


@dataclass(frozen=True)
class Boosted:
    """Models with the rows that each of them has not seen.

    Parameters
    ----------
    models : tuple of FittedModel
        One per part of the rows.
    part : numpy.ndarray of int, shape (rows,)
        Which model has not seen the row; −1 where all have.
    raw : numpy.ndarray, shape (rows,)
        Log-odds (or number) by that model; NaN where all have seen the row.
    trees : int
        How many trees the held-out rows asked for.
    weight : float or None
        Of the linear model, where it is one; None for boosted trees.
    """

    models: tuple[FittedModel, ...]
    part: np.ndarray
    raw: np.ndarray
    trees: int
    weight: float | None = None

    def restricted(self, rows: np.ndarray, /) -> Boosted:
        """Return the same models over some of the rows."""
        return Boosted(self.models, self.part[rows], self.raw[rows], self.trees, self.weight)

    def contributions(self, matrix: np.ndarray, /) -> np.ndarray:
        """Return exact SHAP values of each row by the model that has not seen it, the bias last."""
        result = np.full((len(matrix), matrix.shape[1] + 1), np.nan)
        for number, model in enumerate(self.models):
            unseen = self.part == number
            if unseen.any():
                result[unseen] = model.contributions(matrix[unseen])
        return result


@dataclass(frozen=True)
class Task:
    """What is learned, and how.

    Parameters
    ----------
    kind : {"probability", "number"}
    categorical : sequence of int
        Positions of categorical features.
    """

    recipe: Recipe
    kind: Kind
    categorical: Sequence[int]
    seed: int


def cross_fit(
    matrix: np.ndarray,
    label: np.ndarray,
    fold: np.ndarray,
    validation: np.ndarray,
    *,
    task: Task,
) -> Boosted:
    """Fit one booster per fold on the other folds; the mean loss over folds says how many trees.

    Parameters
    ----------
    matrix : numpy.ndarray, shape (rows, features)
    label, fold : numpy.ndarray, shape (rows,)
    validation : numpy.ndarray of bool, shape (rows,)
        The validation set of early stopping; all, if a fold has none of them.

    Returns
    -------
    Boosted
        Every row has its unseen booster.
    """
    import lightgbm as lgb

    parameters = task.recipe.parameters(task.kind, len(label), task.seed)
    if len(np.unique(fold[validation])) < len(np.unique(fold)):
        validation = np.ones_like(validation)  # a fold whose groups all ended early
    parts = [(np.flatnonzero(fold != part), np.flatnonzero((fold == part) & validation)) for part in np.unique(fold)]
    dataset = lgb.Dataset(matrix, label, categorical_feature=list(task.categorical), params=parameters)
    found: Any = lgb.cv(
        parameters,
        dataset,
        task.recipe.max_trees,
        folds=parts,
        callbacks=[lgb.early_stopping(task.recipe.patience, verbose=False)],
        return_cvbooster=True,
    )
    trees = max(int(found["cvbooster"].best_iteration), 1)
    models = tuple(_trimmed(booster, trees) for booster in found["cvbooster"].boosters)
    raw = np.full(len(label), np.nan)
    for part, model in zip(np.unique(fold), models, strict=True):
        raw[fold == part] = model.raw(matrix[fold == part])
    return Boosted(models, np.searchsorted(np.unique(fold), fold), raw, trees)


def boost(
    matrix: np.ndarray,
    label: np.ndarray,
    *,
    task: Task,
    trees: int = 0,
    held_out: np.ndarray | None = None,
    validation: np.ndarray | None = None,
) -> Boosted:
    """Fit one booster, with a known number of trees or with early stopping on held-out rows.

    Parameters
    ----------
    matrix, label, task
        As for ``cross_fit``.
    trees : int
        How many; 0: as held-out rows ask for.
    held_out, validation : numpy.ndarray of bool, shape (rows,), optional
        Rows not to train on, and those of them that validate.

    Returns
    -------
    Boosted
        With the raw scores of held-out rows.
    """
    import lightgbm as lgb

    parameters = task.recipe.parameters(task.kind, len(label), task.seed)
    columns = list(task.categorical)
    if held_out is None or validation is None:
        dataset = lgb.Dataset(matrix, label, categorical_feature=columns, params=parameters)
        model = _trimmed(lgb.train(parameters, dataset, trees), trees)
        return Boosted((model,), np.full(len(label), -1), np.full(len(label), np.nan), trees)
    dataset = lgb.Dataset(matrix[~held_out], label[~held_out], categorical_feature=columns, params=parameters)
    validation = held_out & validation if (held_out & validation).any() else held_out
    watch = lgb.Dataset(matrix[validation], label[validation], reference=dataset)
    stop = lgb.early_stopping(task.recipe.patience, verbose=False)
    full = lgb.train(parameters, dataset, task.recipe.max_trees, valid_sets=[watch], callbacks=[stop])
    trees = max(full.best_iteration, 1)
    model = _trimmed(full, trees)
    raw = np.full(len(label), np.nan)
    raw[held_out] = model.raw(matrix[held_out])
    return Boosted((model,), np.where(held_out, 0, -1), raw, trees)


def _trimmed(booster: lgb.Booster, trees: int, /) -> TreeModel:
    """Return the model as it will be read back from its text: no training rows, no trees after the best."""
    return TreeModel.read(booster.model_to_string(num_iteration=trees))
