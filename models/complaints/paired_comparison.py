"""Whether one text model is better than another on the same texts, or only luckier."""

from __future__ import annotations

import numpy as np

from models.complaints.training_set import TrainingSet
from models.prediction.metrics import drawn_groups

__all__ = ["beats", "macro_f1"]

_RESAMPLES = 400
_SURE, _LIKELY = 0.9, 0.6


def macro_f1(target: np.ndarray, found: np.ndarray, classes: int, counts: np.ndarray | None = None, /) -> float:
    """Return F1 averaged over the classes that occur.

    Examples
    --------
    >>> macro_f1(np.array([0, 0, 1, 1]), np.array([0, 0, 1, 0]), 2).__round__(3)
    0.733
    """
    counts = np.ones(len(target)) if counts is None else counts
    right = np.bincount(target, weights=counts * (target == found), minlength=classes)
    there = np.bincount(target, weights=counts, minlength=classes)
    predicted = np.bincount(found, weights=counts, minlength=classes)
    f1 = 2 * right / np.maximum(there + predicted, 1e-12)
    return float(f1[there > 0].mean()) if (there > 0).any() else 0.0


def beats(challenger: np.ndarray, holder: np.ndarray, held: TrainingSet, seed: int, /) -> bool:
    """Tell whether a model answers better than another: surely in macro-F1, or likely so and surely in log loss.

    Macro-F1 hangs on the few texts of rare classes; log loss, on all, says sooner which model knows more.

    Parameters
    ----------
    challenger, holder : numpy.ndarray, shape (texts, classes)
        Probabilities for texts that neither has seen.

    Returns
    -------
    bool
        Whether macro-F1 is higher in nine of ten resamples of the groups; or in six of ten, and log loss lower in nine.
    """
    answers = challenger.argmax(axis=1), holder.argmax(axis=1)
    rows = np.arange(len(held.target))
    gain = np.log(np.maximum(challenger[rows, held.target], 1e-6) / np.maximum(holder[rows, held.target], 1e-6))
    of_row = np.unique(held.groups, return_inverse=True)[1]
    classes = len(held.classes)
    wins = surer = 0
    for drawn in drawn_groups(int(of_row.max()) + 1, seed, _RESAMPLES):
        counts = drawn[of_row].astype(np.float64)
        first, second = (macro_f1(held.target, found, classes, counts) for found in answers)
        wins += first > second
        surer += counts @ gain > 0
    return bool(wins >= _SURE * _RESAMPLES or (wins >= _LIKELY * _RESAMPLES and surer >= _SURE * _RESAMPLES))
