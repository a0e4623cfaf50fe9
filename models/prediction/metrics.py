"""How good predictions are: one pass of sorting, then any weighting of the rows in a few array operations.

The bootstrap draws whole groups: the rows of one customer or employee are no independent evidence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from models.prediction.calibration import sigmoid

__all__ = [
    "NumberMetrics",
    "ProbabilityMetrics",
    "bootstrap_intervals",
    "drawn_groups",
    "log_losses",
    "paired_differences",
    "plain",
]

_CLIP = 1e-6
_MAX_BINS = 15
_ROWS_PER_BIN = 50
_MIN_GROUPS = 5
Metrics = dict[str, float]


def log_losses(label: np.ndarray, probability: np.ndarray, /) -> np.ndarray:
    """Return each row's log loss, for no row may cost infinitely much: probabilities are kept from 0 and 1.

    Examples
    --------
    >>> log_losses(np.array([1, 0]), np.array([0.5, 0.0])).round(3).tolist()
    [0.693, 0.0]
    """
    clipped = np.clip(probability, _CLIP, 1 - _CLIP)
    return -np.where(label > 0, np.log(clipped), np.log1p(-clipped))


class ProbabilityMetrics:
    """Metrics of probabilities against what happened.

    Parameters
    ----------
    label : numpy.ndarray, shape (rows,)
        0 or 1.
    probability : numpy.ndarray, shape (rows,)
    group : numpy.ndarray of int, shape (rows,)
        Number of the group that each row belongs to.
    """

    def __init__(self, label: np.ndarray, probability: np.ndarray, group: np.ndarray) -> None:
        order = np.argsort(-probability, kind="stable")
        self._order = order
        self._label = label[order].astype(np.float64)
        self._probability = probability[order].astype(np.float64)
        self._group = group[order]
        changes = np.flatnonzero(np.diff(self._probability)) + 1
        self._ties = np.concatenate([[0], changes])
        clipped = np.clip(self._probability, _CLIP, 1 - _CLIP)
        self._log_odds = np.log(clipped / (1 - clipped))
        self._loss = log_losses(self._label, self._probability)
        self._square = (self._probability - self._label) ** 2
        self._bin = self._bins()
        self._bin_rows = np.bincount(self._bin).astype(np.float64)
        self._bin_error = self._bin_standard_error()
        self._start: tuple[float, np.ndarray] = (0.0, np.array([0.0, 1.0]))
        self._start = self._line(np.ones(len(label)), steps=25)

    def _bins(self) -> np.ndarray:
        """Bins of equal mass; rows of one probability share a bin."""
        rows = len(self._label)
        number = int(np.clip(rows // _ROWS_PER_BIN, 2, _MAX_BINS))
        ends = np.append(self._ties[1:], rows)
        middle = (self._ties + ends) / 2 / rows
        of_block = np.minimum((middle * number).astype(np.int64), number - 1)
        return np.unique(np.repeat(of_block, ends - self._ties), return_inverse=True)[1]

    def _bin_standard_error(self) -> np.ndarray:
        """Standard error of observed minus predicted per bin, rows of one group taken as one draw."""
        difference = self._label - self._probability
        mean = np.bincount(self._bin, weights=difference) / self._bin_rows
        keys, of_row = np.unique(self._bin * (int(self._group.max()) + 1) + self._group, return_inverse=True)
        sums = np.bincount(of_row, weights=difference - mean[self._bin])
        of_key = keys // (int(self._group.max()) + 1)
        squares, groups = np.bincount(of_key, weights=sums**2), np.bincount(of_key).astype(np.float64)
        return np.sqrt(squares * groups / np.maximum(groups - 1, 1)) / self._bin_rows

    def metrics(self, weight: np.ndarray | None = None, /) -> Metrics:
        """Return every metric; NaN where it cannot be computed.

        Parameters
        ----------
        weight : numpy.ndarray, shape (rows,), optional
            How often each row counts, in the caller's order of rows. With it, ``ece`` is cleared of two draws' noise:
            the sample's and the resampling's.
        """
        resampled = weight is not None
        used = np.ones(len(self._label)) if weight is None else weight[self._order].astype(np.float64)
        total = used.sum()
        positive = np.add.reduceat(used * self._label, self._ties)
        rows = np.add.reduceat(used, self._ties)
        events = positive.sum()
        found: Metrics = {
            "auc": np.nan,
            "average_precision": np.nan,
            "brier": float(used @ self._square / total),
            "log_loss": float(used @ self._loss / total),
            "ece": self._ece(used, resampled),
            "calibration_slope": np.nan,
            "calibration_intercept": np.nan,
            "lift_at_10": np.nan,
        }
        if events <= 0 or events >= total:
            return found
        negative = rows - positive
        above = np.cumsum(positive)
        found["auc"] = float((negative * (above - positive / 2)).sum() / (events * (total - events)))
        seen = np.cumsum(rows)
        precision = np.divide(above, seen, out=np.zeros_like(above), where=seen > 0)
        found["average_precision"] = float((positive * precision).sum() / events)
        found["lift_at_10"] = float(np.interp(0.1 * total, np.append(0, seen), np.append(0, above)) / events / 0.1)
        intercept, line = self._line(used)
        found["calibration_intercept"] = intercept
        found["calibration_slope"] = float(line[1]) if len(self._ties) > 1 else np.nan
        return found

    def _ece(self, used: np.ndarray, resampled: bool, /) -> float:
        """Expected calibration error over bins of equal mass, cleared of sampling noise.

        Source
        ------
        Kumar, Liang & Ma (2019), the correction for p = 1: subtract what normal noise of the bins' standard errors
        adds to the mean absolute difference; here in closed form (mean of the folded normal).
        """
        from scipy.special import ndtr

        mass = np.bincount(self._bin, weights=used, minlength=len(self._bin_rows))
        gap = np.bincount(self._bin, weights=used * (self._label - self._probability), minlength=len(mass))
        gap = np.abs(np.divide(gap, mass, out=np.zeros_like(gap), where=mass > 0))
        error = np.maximum(self._bin_error * (np.sqrt(2) if resampled else 1.0), 1e-12)
        noisy = error * np.sqrt(2 / np.pi) * np.exp(-0.5 * (gap / error) ** 2) + gap * (1 - 2 * ndtr(-gap / error))
        return float(max(mass @ (2 * gap - noisy) / mass.sum(), 0.0))

    def _line(self, used: np.ndarray, /, steps: int = 4) -> tuple[float, np.ndarray]:
        """Logistic recalibration: the intercept at slope one, and the slope beside a free intercept.

        Source
        ------
        Cox (1958); calibration-in-the-large as in Van Calster et al. (2016).
        """
        x, y = self._log_odds, self._label
        shift = self._start[0]
        line = self._start[1].copy()
        centre, spread = float(x.mean()), float(x.std()) or 1.0
        standard = (x - centre) / spread
        beta = np.array([line[0] + line[1] * centre, line[1] * spread])
        for _ in range(steps):
            fitted = sigmoid(shift + x)
            bend = used @ (fitted * (1 - fitted))
            shift += float(np.clip(used @ (y - fitted) / max(bend, 1e-12), -2, 2))
            fitted = sigmoid(beta[0] + beta[1] * standard)
            bent = used * fitted * (1 - fitted)
            left = used * (y - fitted)
            cross = bent @ standard
            information = np.array([[bent.sum(), cross], [cross, bent @ standard**2]]) + 1e-9 * np.eye(2)
            beta = beta + np.clip(np.linalg.solve(information, [left.sum(), left @ standard]), -2, 2)
        slope = beta[1] / spread
        return shift, np.array([beta[0] - slope * centre, slope])

    def reliability(self) -> list[dict[str, float | int]]:
        """Return the calibration curve: per bin of equal mass mean prediction, observed share and rows."""
        mean = np.bincount(self._bin, weights=self._probability) / self._bin_rows
        observed = np.bincount(self._bin, weights=self._label) / self._bin_rows
        points = [
            {"mean_predicted": float(mean[i]), "observed": float(observed[i]), "n": int(self._bin_rows[i])}
            for i in range(len(mean))
        ]
        return points[::-1]


class NumberMetrics:
    """Metrics of predicted numbers against what happened.

    Parameters
    ----------
    label, predicted : numpy.ndarray, shape (rows,)
    group : numpy.ndarray of int, shape (rows,)
        Number of the group that each row belongs to.
    """

    def __init__(self, label: np.ndarray, predicted: np.ndarray, group: np.ndarray) -> None:
        self._label, self._predicted, self._group = label.astype(np.float64), predicted.astype(np.float64), group

    def metrics(self, weight: np.ndarray | None = None, /) -> Metrics:
        """Return every metric; NaN where it cannot be computed."""
        y, x = self._label, self._predicted
        used = np.ones(len(y)) if weight is None else weight.astype(np.float64)
        total = used.sum()
        error = y - x
        centre_y, centre_x = used @ y / total, used @ x / total
        spread_y, spread_x = used @ (y - centre_y) ** 2, used @ (x - centre_x) ** 2
        slope = used @ ((x - centre_x) * (y - centre_y)) / spread_x if spread_x > 1e-12 * total else np.nan
        return {
            "rmse": float(np.sqrt(used @ error**2 / total)),
            "mae": float(used @ np.abs(error) / total),
            "r2": float(1 - used @ error**2 / spread_y) if spread_y > 0 else np.nan,
            "calibration_slope": float(slope),
            "calibration_intercept": float(centre_y - centre_x),
        }

    def reliability(self) -> list[dict[str, float | int]]:
        """Return the calibration curve: per bin of equal mass mean prediction, mean outcome and rows."""
        bins = np.array_split(np.argsort(self._predicted, kind="stable"), max(1, min(10, len(self._label) // 20)))
        return [
            {
                "mean_predicted": float(self._predicted[rows].mean()),
                "observed": float(self._label[rows].mean()),
                "n": len(rows),
            }
            for rows in bins
        ]


def bootstrap_intervals(
    metrics: Callable[[np.ndarray], Metrics],
    group: np.ndarray,
    /,
    *,
    seed: int,
    replicates: int = 300,
    confidence: float = 0.95,
) -> dict[str, list[float | None]]:
    """Return percentile intervals from draws of whole groups with replacement.

    Parameters
    ----------
    metrics : callable
        From weights of rows to metrics.
    group : numpy.ndarray of int, shape (rows,)
        Numbers from 0 without gaps.
    seed, replicates, confidence
        Of the bootstrap.

    Returns
    -------
    dict of str to [low, high]
        None where the metric cannot be computed in one draw of twenty, or where there are fewer than five groups.

    Source
    ------
    Efron & Tibshirani (1993), chapter 13; clusters as in Davison & Hinkley (1997), section 3.8.
    """
    number = int(group.max()) + 1
    draws: dict[str, list[float]] = {}
    for counts in drawn_groups(number, seed, replicates if number >= _MIN_GROUPS else 0):
        for name, value in metrics(counts[group]).items():
            draws.setdefault(name, []).append(value)
    if not draws:
        return {name: [None, None] for name in metrics(np.ones(len(group)))}
    tail = 50 * (1 - confidence)
    intervals: dict[str, list[float | None]] = {}
    for name, values in draws.items():
        known = np.array(values)[np.isfinite(values)]
        enough = len(known) >= 0.95 * replicates
        intervals[name] = [float(end) for end in np.percentile(known, [tail, 100 - tail])] if enough else [None, None]
    return intervals


def drawn_groups(number: int, seed: int, replicates: int, /) -> Iterator[np.ndarray]:
    """Draw so many groups with replacement, again and again; the same seed gives the same draws.

    Yields
    ------
    numpy.ndarray of int, shape (number,)
        How often each group was drawn.
    """
    generator = np.random.default_rng(seed)
    for _ in range(replicates):
        yield np.bincount(generator.integers(number, size=number), minlength=number)


def paired_differences(
    loss: np.ndarray, others: Mapping[str, np.ndarray], group: np.ndarray, /, *, seed: int, replicates: int = 1000
) -> dict[str, dict[str, float]]:
    """Return by how much the mean loss differs from others' on the same rows; below zero is better.

    Parameters
    ----------
    loss : numpy.ndarray, shape (rows,)
    others : mapping of str to numpy.ndarray
    group : numpy.ndarray of int, shape (rows,)
    seed, replicates
        Of the bootstrap over groups.

    Returns
    -------
    dict of str to {difference, low, high}
        95 % intervals.
    """
    number = int(group.max()) + 1
    rows = np.bincount(group, minlength=number).astype(np.float64)
    sums = {name: np.bincount(group, weights=loss - other, minlength=number) for name, other in others.items()}
    draws: dict[str, list[float]] = {name: [] for name in others}
    for counts in drawn_groups(number, seed, replicates):
        for name, values in sums.items():
            draws[name].append(float(counts @ values / (counts @ rows)))
    return {
        name: {
            "difference": float(np.mean(loss - others[name])),
            "low": float(np.percentile(values, 2.5)),
            "high": float(np.percentile(values, 97.5)),
        }
        for name, values in draws.items()
    }


def plain(value: Any, /) -> Any:
    """Return what JSON can say: NaN and infinity become None, numpy's numbers plain ones.

    Examples
    --------
    >>> plain({"auc": float("nan"), "rows": np.int64(3)})
    {'auc': None, 'rows': 3}
    """
    if isinstance(value, dict):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not np.isfinite(value) else value
