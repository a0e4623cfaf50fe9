"""Which of several kinds of model the past asks for: the one whose calibrated held-out scores cost least."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

from models.prediction.boosting import Boosted
from models.prediction.calibration import fit_calibration
from models.prediction.linear import fit_linear
from models.prediction.metrics import log_losses

__all__ = ["choose", "choose_per_fold", "cross_fit_linear"]


def cross_fit_linear(
    matrix: np.ndarray, label: np.ndarray, fold: np.ndarray, *, categorical: Collection[int], weight: float
) -> Boosted:
    """Fit one linear model per fold on the other folds.

    Parameters
    ----------
    matrix, label, categorical, weight
        As for ``fit_linear``.
    fold : numpy.ndarray of int, shape (rows,)

    Returns
    -------
    Boosted
        Every row has its unseen model.
    """
    parts, raw = np.unique(fold), np.full(len(label), np.nan)
    how: Any = {"categorical": categorical, "weight": weight}
    models = tuple(fit_linear(matrix[fold != part], label[fold != part], **how) for part in parts)
    for part, model in zip(parts, models, strict=True):
        raw[fold == part] = model.raw(matrix[fold == part])
    return Boosted(models, np.searchsorted(parts, fold), raw, 0, weight)


def choose(candidates: Sequence[Boosted], label: np.ndarray, validation: np.ndarray, /) -> Boosted:
    """Return the candidate with the lowest mean log loss on held-out rows; the first, where none beats the base rate.

    Parameters
    ----------
    candidates : sequence of Boosted
        Over the same rows and folds.
    label : numpy.ndarray, shape (rows,)
    validation : numpy.ndarray of bool, shape (rows,)
        Rows on which the loss is compared.

    Returns
    -------
    Boosted
    """
    return candidates[_best(_losses(candidates, label)[:, validation])]


def choose_per_fold(candidates: Sequence[Boosted], label: np.ndarray, validation: np.ndarray, /) -> Boosted:
    """Return per fold the model of that candidate which does best on the other folds.

    No row takes part in the choice of the model that scores it, so that the scores can be tested on.

    Parameters
    ----------
    candidates, label, validation
        As for ``choose``.

    Returns
    -------
    Boosted
    """
    part = candidates[0].part
    raw, models = np.full(len(label), np.nan), []
    for number in range(len(candidates[0].models)):
        inside = part == number
        elsewhere = validation & ~inside if (validation & ~inside).any() else ~inside
        outside = [one.restricted(~inside) for one in candidates]
        best = candidates[_best(_losses(outside, label[~inside])[:, elsewhere[~inside]])]
        models.append(best.models[number])
        raw[inside] = best.raw[inside]
    return Boosted(tuple(models), part, raw, candidates[0].trees)


def _losses(candidates: Sequence[Boosted], label: np.ndarray, /) -> np.ndarray:
    """Log loss per candidate and row, each fold calibrated on the others; in the last row that of the base rate."""
    losses = np.empty((len(candidates) + 1, len(label)))
    constant = np.zeros(len(label))
    for part in np.unique(candidates[0].part):
        inside = candidates[0].part == part
        constant[inside] = label[~inside].mean()
    losses[-1] = log_losses(label, constant)
    for number, candidate in enumerate(candidates):
        for part in np.unique(candidate.part):
            inside = candidate.part == part
            chance = fit_calibration(candidate.raw[~inside], label[~inside]).apply(candidate.raw[inside])
            losses[number, inside] = log_losses(label[inside], chance)
    return losses


def _best(losses: np.ndarray, /) -> int:
    """Return the cheapest candidate; among models that are all worse than the base rate a difference is chance."""
    *costs, constant = losses.mean(axis=1)
    eligible = [cost if number == 0 or cost < constant else np.inf for number, cost in enumerate(costs)]
    return int(np.argmin(eligible))
