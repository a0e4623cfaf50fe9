"""Calibration: a raw score turned into a probability that means what it says.

Both maps keep the order of scores. Few rows get the logistic map, two numbers that cannot overfit; many get a centred
isotonic one, which follows any shape.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from baton.errors import ArtefactError

__all__ = ["Calibration", "IsotonicCalibration", "LogisticCalibration", "fit_calibration", "from_json", "sigmoid"]

_ISOTONIC_ROWS = 20_000
_ISOTONIC_EVENTS = 2_000
_ROWS_PER_BIN = 200
_NEWTON_STEPS = 50
PRIOR_SD = 0.1
"""How far a forecast's calibration is expected to be off, in log-odds and in the slope."""


class Calibration(Protocol):
    """A monotone map from raw score (log-odds before calibration) to probability."""

    def apply(self, raw: np.ndarray, /) -> np.ndarray:
        """Return probabilities for raw scores."""
        ...

    def to_json(self) -> dict[str, Any]:
        """Return what ``from_json`` reads."""
        ...


def sigmoid(score: np.ndarray, /) -> np.ndarray:
    """Return the probability of a log-odds, without overflow."""
    return 0.5 * (1.0 + np.tanh(0.5 * np.asarray(score, dtype=np.float64)))


@dataclass(frozen=True)
class LogisticCalibration:
    """``sigmoid(intercept + slope · raw)``, with a slope that is never negative.

    Source: Platt (1999), with his prior-corrected targets.
    """

    intercept: float
    slope: float

    @classmethod
    def fit(cls, raw: np.ndarray, label: np.ndarray, /, *, is_forecast: bool = False) -> LogisticCalibration:
        """Fit by Newton's method.

        Parameters
        ----------
        raw : numpy.ndarray, shape (rows,)
            Scores of rows that the model was not trained on.
        label : numpy.ndarray, shape (rows,)
            0 or 1.
        is_forecast : bool
            Scores are log-odds that a model of the process has given: they are taken to be right, slope 1 and
            intercept 0 with standard deviations of ``PRIOR_SD``, until the rows say otherwise. Where even so they do
            worse than the base rate by two standard errors, the base rate stands for all.

        Returns
        -------
        LogisticCalibration

        Examples
        --------
        >>> raw = np.array([-2.0, -1.0, 0.0, 1.0, 2.0] * 40)
        >>> label = np.array([0.0, 0.0, 1.0, 1.0, 1.0] * 40)
        >>> LogisticCalibration.fit(raw, label).slope > 1
        True
        """
        events = float(label.sum())
        rows = float(len(label))
        target = np.where(label > 0, (events + 1) / (events + 2), 1 / (rows - events + 2))
        base = np.clip((events + 1) / (rows + 2), 1e-9, 1 - 1e-9)
        constant = cls(float(np.log(base / (1 - base))), 0.0)
        spread = float(np.std(raw))
        if spread < 1e-12:
            return constant
        centre = float(np.mean(raw))
        standard = (raw - centre) / spread
        beta = np.array([constant.intercept, 0.0])
        # of intercept (at the centre) and slope, in the scale of `standard`
        prior, precision = np.array([centre, spread]), np.zeros((2, 2))
        if is_forecast:
            precision = np.diag([1, 1 / spread**2]) / PRIOR_SD**2
        for _ in range(_NEWTON_STEPS):
            probability = sigmoid(beta[0] + beta[1] * standard)
            weight = np.maximum(probability * (1 - probability), 1e-12)
            gradient = np.array([(target - probability).sum(), ((target - probability) * standard).sum()])
            gradient -= precision @ (beta - prior)
            cross = float((weight * standard).sum())
            information = np.array([[weight.sum(), cross], [cross, (weight * standard**2).sum()]])
            move = np.linalg.solve(information + precision + 1e-9 * np.eye(2), gradient)
            beta = beta + np.clip(move, -5, 5)
            if np.abs(move).max() < 1e-10:
                break
        slope = float(beta[1] / spread)
        found = cls(float(beta[0] - slope * centre), slope)
        return constant if slope <= 0 or (is_forecast and _is_worse(found, constant, raw, target)) else found

    def apply(self, raw: np.ndarray, /) -> np.ndarray:
        """Return probabilities for raw scores."""
        return sigmoid(self.intercept + self.slope * np.asarray(raw, dtype=np.float64))

    def to_json(self) -> dict[str, Any]:
        """Return what ``from_json`` reads."""
        return {"kind": "logistic", "intercept": self.intercept, "slope": self.slope}


def _is_worse(one: LogisticCalibration, other: LogisticCalibration, raw: np.ndarray, target: np.ndarray, /) -> bool:
    """Whether one line's log loss is above another's by two standard errors of the paired difference."""
    scores = [line.intercept + line.slope * raw for line in (one, other)]
    losses = [np.logaddexp(0.0, score) - target * score for score in scores]
    difference = losses[0] - losses[1]
    return bool(difference.mean() > 2 * difference.std() / np.sqrt(len(difference)))


@dataclass(frozen=True)
class IsotonicCalibration:
    """Straight lines between the centres of isotonic regression's blocks.

    Source: Oron & Flournoy (2017), centred isotonic regression. Unlike the plain step function it keeps nearly all
    scores apart. Blocks are made of bins of 200 rows, so that the ends stay away from 0 and 1.
    """

    raw: tuple[float, ...]
    probability: tuple[float, ...]

    @classmethod
    def fit(cls, raw: np.ndarray, label: np.ndarray, /) -> IsotonicCalibration:
        """Pool adjacent violators, then take each block's centre.

        Parameters
        ----------
        raw, label : numpy.ndarray, shape (rows,)
            As for the logistic map.

        Returns
        -------
        IsotonicCalibration
        """
        from scipy.optimize import isotonic_regression

        order = np.argsort(raw, kind="stable")
        # single rows at the ends would be taken for certainties, so the smallest block is a bin of many
        starts = np.unique(np.searchsorted(raw[order], raw[order][::_ROWS_PER_BIN]))
        counts = np.diff(np.append(starts, len(raw))).astype(np.float64)
        events = np.add.reduceat(label[order].astype(np.float64), starts)
        result = isotonic_regression((events + 0.5) / (counts + 1), weights=counts)
        blocks = np.asarray(result.blocks)[:-1]
        centre = np.add.reduceat(np.add.reduceat(raw[order], starts), blocks) / np.add.reduceat(counts, blocks)
        return cls(tuple(centre.tolist()), tuple(np.asarray(result.x)[blocks].tolist()))

    def apply(self, raw: np.ndarray, /) -> np.ndarray:
        """Return probabilities for raw scores; beyond the ends the last one holds."""
        return np.interp(np.asarray(raw, dtype=np.float64), self.raw, self.probability)

    def to_json(self) -> dict[str, Any]:
        """Return what ``from_json`` reads."""
        return {"kind": "isotonic", "raw": list(self.raw), "probability": list(self.probability)}


def fit_calibration(raw: np.ndarray, label: np.ndarray, /, *, is_forecast: bool = False) -> Calibration:
    """Fit the map that the number of rows can carry.

    Parameters
    ----------
    raw : numpy.ndarray, shape (rows,)
        Scores of rows that the model was not trained on.
    label : numpy.ndarray, shape (rows,)
        0 or 1.
    is_forecast : bool
        As for ``LogisticCalibration.fit``.

    Returns
    -------
    Calibration
        Isotonic from 20,000 rows with 2,000 of the rarer class, logistic below.
    """
    rarer = min(float(label.sum()), float(len(label) - label.sum()))
    if len(label) >= _ISOTONIC_ROWS and rarer >= _ISOTONIC_EVENTS:
        return IsotonicCalibration.fit(raw, label)
    return LogisticCalibration.fit(raw, label, is_forecast=is_forecast)


def from_json(described: Mapping[str, Any], /) -> Calibration:
    """Read a map that ``to_json`` has described.

    Raises
    ------
    ArtefactError
        If its kind is not known.
    """
    if described["kind"] == "logistic":
        return LogisticCalibration(float(described["intercept"]), float(described["slope"]))
    if described["kind"] == "isotonic":
        return IsotonicCalibration(tuple(described["raw"]), tuple(described["probability"]))
    raise ArtefactError(f"calibration of kind {described['kind']!r} is not known; train again")
