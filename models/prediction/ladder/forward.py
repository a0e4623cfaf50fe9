"""Whether what was learned beside a forecast holds in time: rows of the same weeks say too little about later ones.

Folds hold out units, not weeks: what all units went through in a week can be learned from the other units. A model that
has learned that beats a forecast in folds and loses to it afterwards. So only those take a forecast's place that also
do better on the later part of the rows when they have seen the earlier part alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from models.prediction.boosting import Boosted, Recipe, boost
from models.prediction.calibration import fit_calibration
from models.prediction.choice import TIE, Judged, standard_error
from models.prediction.ladder.prepared import Prepared
from models.prediction.metrics import log_losses

__all__ = ["holds_forward"]

_MIN_MOMENTS = 3  # what all units went through at one moment is one draw
_MIN_EVENTS = 10  # of the rarer kind, before and after: with fewer nothing can be shown


def holds_forward(rows: Prepared, candidates: Sequence[Boosted], judged: Judged, used: np.ndarray, /) -> np.ndarray:
    """Return which candidates cost less than the forecast on later rows by more than moments differ.

    The forecast alone is returned where that cannot be shown.

    Parameters
    ----------
    rows : Prepared
        Its task has a forecast.
    candidates : sequence of Boosted
        The first is the forecast.
    used : numpy.ndarray of bool, shape (rows,)
        Those that may be used.

    Returns
    -------
    numpy.ndarray of bool, shape (candidates,)
    """
    found = np.arange(len(candidates)) == 0
    before, after = judged.before & used, judged.after & used
    unseen = before & (candidates[0].part >= 0)  # of a single part the other rows have no score to calibrate on
    events = [judged.label[some].sum() for some in (unseen, after)]
    rarer = [min(number, some.sum() - number) for number, some in zip(events, (unseen, after), strict=True)]
    moments = judged.moment[after]
    if min(rarer) < _MIN_EVENTS or len(np.unique(moments)) < _MIN_MOMENTS:
        return found
    raw = _scores(rows, candidates, before)
    losses = []
    for one, scores in zip(candidates, raw, strict=True):
        line = fit_calibration(one.raw[unseen], judged.label[unseen], is_forecast=judged.is_forecast)
        losses.append(log_losses(judged.label[after], line.apply(scores[after])))
    for at, loss in enumerate(losses):
        gain = losses[0] - loss
        found[at] |= bool(gain.mean() > TIE * standard_error(gain, moments))
    return found


def _scores(rows: Prepared, candidates: Sequence[Boosted], before: np.ndarray, /) -> list[np.ndarray]:
    """Log-odds of all rows by each candidate's kind of model, fitted on the earlier rows."""
    matrix, label, task = rows.matrix[before], rows.label[before], rows.task
    trees: dict[Recipe, np.ndarray] = {}
    lines: dict[float | None, np.ndarray] = {}
    raw = []
    for one in candidates:
        mine = np.zeros(len(rows.label))
        if one.recipe is not None:
            if one.recipe not in trees:
                its = replace(task, recipe=one.recipe)
                trees[one.recipe] = boost(matrix, label, trees=one.trees, task=its).raw(rows.matrix)
            mine = (1 - one.share) * trees[one.recipe]
        if one.share:
            if one.weight not in lines:
                lines[one.weight] = rows.line(np.flatnonzero(before), one.weight, alone=True).raw(rows.matrix)
            mine = mine + one.share * lines[one.weight]
        raw.append(mine)
    return raw
