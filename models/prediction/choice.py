"""Which of several models the past asks for: whose calibrated held-out scores cost least; the small win ties."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from models.prediction.boosting import Boosted, Kind
from models.prediction.calibration import fit_calibration
from models.prediction.linear import Design, LinearModel, of_forecast
from models.prediction.metrics import log_losses

__all__ = [
    "MAX_LINEAR_ROWS",
    "TIE",
    "Judged",
    "choose",
    "choose_per_fold",
    "cross_fit_forecast",
    "cross_fit_linear",
    "held_out_losses",
    "standard_error",
    "thinned",
]

TIE = 1.0
"""Standard errors of the paired difference by which larger trees must be better: they cost more to explain, and what
they have learned of the past holds for less long."""

MAX_LINEAR_ROWS = 30_000  # two hundred slopes are known well from so many; time grows with rows × slopes²


@dataclass(frozen=True)
class Judged:
    """The rows that candidates are compared on.

    Parameters
    ----------
    label : numpy.ndarray, shape (rows,)
    validation : numpy.ndarray of bool, shape (rows,)
        Rows on which the loss is compared.
    group : numpy.ndarray, shape (rows,), optional
        Rows of one group count as one draw; each row for itself by default.
    kind : {"probability", "number"}
        Log loss, or squared error.
    is_forecast : bool
        Whether scores build on a forecast in log-odds, as for ``fit_calibration``.
    before, after : numpy.ndarray of bool, shape (rows,), optional
        Earlier rows whose labels were known when the later ones begin, and those; none by default.
    moment : numpy.ndarray, shape (rows,), optional
        Which rows are of the same time.
    """

    label: np.ndarray
    validation: np.ndarray
    group: np.ndarray = field(default_factory=lambda: np.empty(0))
    kind: Kind = "probability"
    is_forecast: bool = False
    before: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=bool))
    after: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=bool))
    moment: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=np.int64))

    def restricted(self, rows: np.ndarray, /) -> Judged:
        """Return the same over some of the rows."""
        optional = {
            name: part[rows] if len(part := getattr(self, name)) else part
            for name in ("group", "before", "after", "moment")
        }
        return replace(self, label=self.label[rows], validation=self.validation[rows], **optional)


def thinned(rows: np.ndarray, most: int, /) -> np.ndarray:
    """Return at most so many of the rows' positions, evenly taken.

    Examples
    --------
    >>> thinned(np.array([True, False, True, True, True]), 2).tolist()
    [0, 3]
    """
    found = np.flatnonzero(rows)
    return found[:: max(1, -(-len(found) // most))]


def cross_fit_linear(design: Design, label: np.ndarray, part: np.ndarray, *, weight: float) -> Boosted:
    """Fit one linear model per part on the other rows.

    Parameters
    ----------
    design : Design
        Of all rows.
    label, weight
        As for ``Design.fit``.
    part : numpy.ndarray of int, shape (rows,)
        −1 for rows that none is to be scored of.

    Returns
    -------
    Boosted
        Every row of a part has its unseen model.
    """
    models = {
        number: design.fit(label, thinned(part != number, MAX_LINEAR_ROWS), weight=weight)
        for number in np.unique(part[part >= 0])
    }
    scores = {number: design.raw(model, np.flatnonzero(part == number)) for number, model in models.items()}
    return _of_parts(models, scores, part, weight=weight)


def cross_fit_forecast(matrix: np.ndarray, place: int, part: np.ndarray) -> Boosted:
    """Take a forecast as the model of every part, in bins of the other rows.

    Parameters
    ----------
    matrix, place
        As for ``of_forecast``.
    part
        As for ``cross_fit_linear``.

    Returns
    -------
    Boosted
        Without a weight: no outcome is looked at.
    """
    models = {
        number: of_forecast(matrix[thinned(part != number, MAX_LINEAR_ROWS)], place)
        for number in np.unique(part[part >= 0])
    }
    scores = {number: model.raw(matrix[part == number]) for number, model in models.items()}
    return replace(_of_parts(models, scores, part), is_forecast=True)


def _of_parts(
    models: Mapping[int, LinearModel], scores: Mapping[int, np.ndarray], part: np.ndarray, weight: float | None = None
) -> Boosted:
    """Put the lines of all parts, and the scores of the rows that each has not seen, together."""
    raw, numbers = np.full(len(part), np.nan), np.array(list(models))
    for number, values in scores.items():
        raw[part == number] = values
    numbered = np.where(part >= 0, np.searchsorted(numbers, part), -1)
    return Boosted(tuple(models.values()), numbered, raw, 0, weight=weight, share=1.0)


def choose(candidates: Sequence[Boosted], judged: Judged, /) -> Boosted:
    """Return the candidate with the lowest mean loss on held-out rows; the first, where none beats the base rate.

    Parameters
    ----------
    candidates : sequence of Boosted
        Over the same rows and parts.

    Returns
    -------
    Boosted
        Of those whose trees are the smallest, unless larger ones are better by ``TIE`` standard errors.
    """
    held = candidates[0].part >= 0
    judged = judged.restricted(held)
    used = judged.validation if judged.validation.any() else ~judged.validation
    return candidates[_best([one.restricted(held) for one in candidates], judged, used)]


def choose_per_fold(candidates: Sequence[Boosted], judged: Judged, allowed: np.ndarray | None = None, /) -> Boosted:
    """Return per fold the model of that candidate which does best on the other folds.

    No row takes part in the choice of the model that scores it, so that the scores can be tested on.

    Parameters
    ----------
    candidates, judged
        As for ``choose``.
    allowed : numpy.ndarray of bool, shape (folds, candidates), optional
        Which may be chosen for a fold; all by default.

    Returns
    -------
    Boosted
    """
    part, validation = candidates[0].part, judged.validation
    raw, models = np.full(len(part), np.nan), []
    for number in range(len(candidates[0].models)):
        inside = part == number
        elsewhere = validation & ~inside if (validation & ~inside).any() else ~inside
        mine = [one for at, one in enumerate(candidates) if allowed is None or allowed[number, at]]
        outside = [one.restricted(~inside) for one in mine]
        best = mine[_best(outside, judged.restricted(~inside), elsewhere[~inside])]
        models.append(best.models[number])
        raw[inside] = best.raw[inside]
    return replace(candidates[0], models=tuple(models), raw=raw)


def held_out_losses(candidates: Sequence[Boosted], judged: Judged, /) -> np.ndarray:
    """Return the loss per candidate and row, each part calibrated on the others; in the last row that of the base rate.

    Parameters
    ----------
    candidates : sequence of Boosted
        Every row has its part. A single part is calibrated on itself: two numbers, or bins of many rows.

    Returns
    -------
    numpy.ndarray, shape (candidates + 1, rows)
    """
    label = judged.label
    losses = np.empty((len(candidates) + 1, len(label)))
    parts = np.unique(candidates[0].part)
    for part in parts:
        inside = candidates[0].part == part
        others = ~inside if len(parts) > 1 else inside
        if judged.kind == "number":
            losses[-1, inside] = (label[inside] - label[others].mean()) ** 2
            for number, one in enumerate(candidates):
                losses[number, inside] = (label[inside] - one.raw[inside]) ** 2
            continue
        losses[-1, inside] = log_losses(label[inside], np.full(int(inside.sum()), label[others].mean()))
        for number, one in enumerate(candidates):
            chance = fit_calibration(one.raw[others], label[others], is_forecast=judged.is_forecast).apply(
                one.raw[inside]
            )
            losses[number, inside] = log_losses(label[inside], chance)
    return losses


def _best(candidates: Sequence[Boosted], judged: Judged, used: np.ndarray, /) -> int:
    """Return the cheapest candidate of the smallest trees that are no worse than the best by more than noise."""
    losses = held_out_losses(candidates, judged)[:, used]
    group = judged.group[used] if len(judged.group) else np.arange(int(used.sum()))
    *costs, constant = losses.mean(axis=1)
    # among models that are all worse than the base rate a difference is chance
    eligible = np.array([cost if at == 0 or cost < constant else np.inf for at, cost in enumerate(costs)])
    best = int(np.argmin(eligible))
    # a linear model explains itself at least as cheaply as the smallest trees
    smallest = min((one.leaves for one in candidates if one.leaves), default=0)
    # and a line through the forecast is one feature, which the others must be worth adding to
    size = np.array([max(one.leaves, 0 if one.is_forecast else smallest) for one in candidates])
    for leaves in np.unique(size[size < size[best]]):
        rival = int(np.argmin(np.where(size == leaves, eligible, np.inf)))
        if eligible[rival] - eligible[best] <= TIE * standard_error(losses[rival] - losses[best], group):
            return rival
    return best


def standard_error(difference: np.ndarray, group: np.ndarray, /) -> float:
    """Return the standard error of a mean over rows of which those of one group are one draw.

    Parameters
    ----------
    difference, group : numpy.ndarray, shape (rows,)
    """
    sums = np.bincount(np.unique(group, return_inverse=True)[1], weights=difference - difference.mean())
    return float(np.sqrt((sums**2).sum() * len(sums) / max(len(sums) - 1, 1)) / len(difference))
