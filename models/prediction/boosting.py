"""Small trees, boosted: how many of them the past can carry, and scores of rows that they have not seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from models.prediction.fitted_model import FittedModel, TreeModel

if TYPE_CHECKING:
    import lightgbm as lgb

__all__ = ["Boosted", "Recipe", "Task", "binned", "boost", "cross_fit"]

Kind = Literal["probability", "number"]


@dataclass(frozen=True)
class Recipe:
    """What the trees look like; few leaves, since explaining costs more than predicting, unless the data ask for more.

    Parameters
    ----------
    leaves : int
        Leaves per tree.
    learning_rate : float
    l2 : float
        Penalty on the leaves' values.
    feature_fraction : float
        Share of the features that each tree may split on.
    leaf_rows : (int, int)
        Rows that a leaf must hold: a two-hundredth of all, within these bounds.
    max_trees : int
        Early stopping ends before it.
    patience : int
        Trees without gain on held-out rows after which the search ends.
    folds : int
        Parts of the training rows that are held out in turn.
    three_fold_rows : int
        From so many rows on, three parts are enough, where their scores are not tested on.
    one_fold_rows : int
        From so many rows on, one part alone may be held out, to count trees and calibrate, and all rows are learned
        from after: five parts of a table this large add hardly anything to the order, and take most of the time.
    one_fold_events : int
        What that part must hold of the rarer class, in the later past: calibrated on fewer, probabilities are off by
        more than the order of rows gains (``docs/predictors.md`` has figures).
    hold_out_rows : int
        From so many rows on, one part is held out and the model of the others is kept.
    larger : tuple of Recipe
        Larger trees, tried where one part of the rows says that they may pay (``models/prediction/ladder``).
    linear_weights : tuple of float
        Weights of the linear models (``models/prediction/linear.py``) that are tried beside the trees, for
        probabilities.
    linear_shares : tuple of float
        Shares of the linear model in a mean of log-odds with the trees; 1: the linear model alone.
    linear_rows : int
        Up to how many rows all of them are.
    linear_beyond : bool
        Whether above so many rows the last weight is tried, if it helps on one part.
    """

    leaves: int = 7
    learning_rate: float = 0.05
    l2: float = 5.0
    feature_fraction: float = 0.6
    leaf_rows: tuple[int, int] = (5, 50)
    max_trees: int = 400
    patience: int = 30
    folds: int = 5
    three_fold_rows: int = 10_000
    one_fold_rows: int = 15_000
    one_fold_events: int = 1_000
    hold_out_rows: int = 50_000
    larger: tuple[Recipe, ...] = ()
    linear_weights: tuple[float, ...] = ()
    linear_shares: tuple[float, ...] = (1.0,)
    linear_rows: int = 5_000
    linear_beyond: bool = False

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
            "min_data_in_leaf": int(np.clip(rows // 200, *self.leaf_rows)),
            "min_data_per_group": int(np.clip(rows // 100, 10, 100)),
            "lambda_l2": self.l2,
            "feature_fraction": self.feature_fraction,
            "max_bin": 127,
            "bin_construct_sample_cnt": 50_000,  # 400 rows a bin say where it ends
            "feature_pre_filter": False,  # recipes with other leaves share the binned rows
            "seed": seed,
            "deterministic": True,
            "force_col_wise": True,  # the same trees as row by row, on one thread in four fifths of the time
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
    recipe : Recipe or None
        Of the trees; None where there are none.
    weight : float or None
        Of the linear model, where it has a share; None for boosted trees alone.
    share : float
        Of the linear model.
    is_forecast : bool
        Whether the linear model is a line through the table's forecast alone.
    """

    models: tuple[FittedModel, ...]
    part: np.ndarray
    raw: np.ndarray
    trees: int
    recipe: Recipe | None = None
    weight: float | None = None
    share: float = 0.0
    is_forecast: bool = False

    @property
    def leaves(self) -> int:
        """Leaves per tree: what explaining it costs; 0 without trees."""
        return 0 if self.recipe is None else self.recipe.leaves

    def restricted(self, rows: np.ndarray, /) -> Boosted:
        """Return the same models over some of the rows."""
        return replace(self, part=self.part[rows], raw=self.raw[rows])

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
    forecast : int or None
        Position of the feature that holds a forecast in log-odds, if the table has one.
    """

    recipe: Recipe
    kind: Kind
    categorical: Sequence[int]
    seed: int
    forecast: int | None = None


def binned(matrix: np.ndarray, label: np.ndarray, task: Task, /) -> lgb.Dataset:
    """Return the rows in bins, for fits of any recipe of the task.

    Parameters
    ----------
    matrix : numpy.ndarray, shape (rows, features)
    label : numpy.ndarray, shape (rows,)
    """
    import lightgbm as lgb

    parameters = task.recipe.parameters(task.kind, len(label), task.seed)
    return lgb.Dataset(matrix, label, categorical_feature=list(task.categorical), params=parameters).construct()


def cross_fit(
    matrix: np.ndarray,
    label: np.ndarray,
    fold: np.ndarray,
    validation: np.ndarray,
    *,
    task: Task,
    dataset: lgb.Dataset | None = None,
) -> Boosted:
    """Fit one booster per fold on the other folds; the mean loss over folds says how many trees.

    Parameters
    ----------
    matrix : numpy.ndarray, shape (rows, features)
    label, fold : numpy.ndarray, shape (rows,)
        Rows of fold −1 are learned from by all.
    validation : numpy.ndarray of bool, shape (rows,)
        The validation set of early stopping; all, if a fold has none of them.
    dataset : lightgbm.Dataset, optional
        These rows, binned before.

    Returns
    -------
    Boosted
        Every row of a fold has its unseen booster.
    """
    import lightgbm as lgb

    parameters = task.recipe.parameters(task.kind, len(label), task.seed)
    parts = np.unique(fold[fold >= 0])
    if len(np.unique(fold[validation & (fold >= 0)])) < len(parts):
        validation = np.ones_like(validation)  # a fold whose groups all ended early
    found: Any = lgb.cv(
        parameters,
        binned(matrix, label, task) if dataset is None else dataset,
        task.recipe.max_trees,
        folds=[(np.flatnonzero(fold != part), np.flatnonzero((fold == part) & validation)) for part in parts],
        callbacks=[lgb.early_stopping(task.recipe.patience, verbose=False)],
        return_cvbooster=True,
    )
    trees = max(int(found["cvbooster"].best_iteration), 1)
    models = tuple(_trimmed(booster, trees) for booster in found["cvbooster"].boosters)
    raw = np.full(len(label), np.nan)
    for part, model in zip(parts, models, strict=True):
        raw[fold == part] = model.raw(matrix[fold == part])
    numbered = np.where(fold >= 0, np.searchsorted(parts, fold), -1)
    return Boosted(models, numbered, raw, trees, task.recipe)


def boost(
    matrix: np.ndarray, label: np.ndarray, *, task: Task, trees: int, dataset: lgb.Dataset | None = None
) -> TreeModel:
    """Fit one booster with a known number of trees on all rows.

    Parameters
    ----------
    matrix, label, task, dataset
        As for ``cross_fit``.
    trees : int
        How many.
    """
    import lightgbm as lgb

    parameters = task.recipe.parameters(task.kind, len(label), task.seed)
    return _trimmed(lgb.train(parameters, binned(matrix, label, task) if dataset is None else dataset, trees), trees)


def _trimmed(booster: lgb.Booster, trees: int, /) -> TreeModel:
    """Return the model as it will be read back from its text: no training rows, no trees after the best."""
    return TreeModel.read(booster.model_to_string(num_iteration=trees))
