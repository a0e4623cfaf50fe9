"""Answering only where the stated risk is kept: "unclear" is an answer too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from baton.errors import ArtefactError

__all__ = ["SelectiveRule", "coverage_curve", "error_bound"]

NEVER = 2.0
"""A threshold that no probability reaches."""

_ENOUGH_ROWS = 40
_LOOKS = 40
_MIN_PROBABILITY = 0.5
# probabilities this close differ by rounding alone
_ALIKE = 1e-8
_COVERAGES = tuple(round(0.05 * step, 2) for step in range(2, 21))


def error_bound(errors: np.ndarray | float, rows: np.ndarray | float, doubt: float, /) -> np.ndarray:
    """Return the highest error rate that is still compatible with what was seen.

    Parameters
    ----------
    errors, rows : numpy.ndarray or float
        Wrong answers among so many.
    doubt : float
        Chance that the true rate is above the bound.

    Returns
    -------
    numpy.ndarray
        1 where there are no rows.

    Source
    ------
    Clopper & Pearson (1934); the bound B* of Geifman & El-Yaniv (2017), lemma 3.1.

    Examples
    --------
    >>> float(error_bound(0, 22, 0.1).round(2)), float(error_bound(0, 0, 0.1))
    (0.1, 1.0)
    """
    from scipy.special import betaincinv

    errors, rows = np.asarray(errors, dtype=np.float64), np.asarray(rows, dtype=np.float64)
    right = np.maximum(rows - errors, 0.0)
    bound = betaincinv(errors + 1.0, np.maximum(right, 1e-9), 1.0 - doubt)
    return np.where(right <= 0, 1.0, bound)


def _lower_error_bound(errors: np.ndarray, rows: np.ndarray, doubt: float, /) -> np.ndarray:
    """Return the lowest error rate that is compatible with what was seen, by the same doubt: 0 where nothing was."""
    from scipy.special import betaincinv

    bound = betaincinv(np.maximum(errors, 1e-9), np.maximum(rows - errors, 0.0) + 1.0, doubt)
    return np.where(errors > 0, bound, 0.0)


@dataclass(frozen=True)
class SelectiveRule:
    """From which probability on an answer is given, for each class that it may name.

    Parameters
    ----------
    risk : float
        Share of wrong answers, among those given, that is accepted.
    confidence : float
        How sure it is, class by class, that the share is kept; 0: nothing is known, since there were no labels.
    thresholds : dict of str to float
        By the class that is named; 2 where it is never named.
    pooled : tuple of str
        Classes without a threshold of their own, which share one: too few rows, or none of theirs keeps the risk.

    Notes
    -----
    Source: Geifman & El-Yaniv (2017), "Selective classification for deep neural networks" (selection with guaranteed
    risk), with the fixed-sequence test of Angelopoulos et al. (2021), "Learn then test", section 2.3; here for each
    class that is named by itself, so that a frequent class does not hide a rare one's errors. Where that is too little
    evidence, as it is where there are many classes, the risk is kept for the answers of those classes together. Which
    classes these are follows from the same labels, which makes the joint test the stricter: their errors are those
    that were seen to be many. A class among them that is shown to be wrong more often than the risk is not named.
    """

    risk: float
    confidence: float
    thresholds: dict[str, float]
    pooled: tuple[str, ...] = ()

    @classmethod
    def fit(
        cls,
        probabilities: np.ndarray,
        labels: np.ndarray,
        classes: tuple[str, ...],
        risk: float,
        /,
        *,
        groups: np.ndarray | None = None,
        confidence: float = 0.9,
    ) -> SelectiveRule:
        """Set the thresholds on rows that the model has not seen.

        Parameters
        ----------
        probabilities : numpy.ndarray, shape (rows, classes)
        labels : numpy.ndarray of str, shape (rows,)
        classes : tuple of str
            In the order of the probabilities' columns.
        risk : float
        groups : numpy.ndarray, shape (rows,), optional
            Of rows that repeat each other only the first counts: they are no evidence of their own.
        confidence : float

        Returns
        -------
        SelectiveRule
        """
        if groups is not None and len(groups):
            first = np.unique(groups, return_index=True)[1]
            probabilities, labels = probabilities[first], labels[first]
        named, top = _named(probabilities)
        # what is more probably wrong than right is not said, even where a cause's other answers would make up for it
        likely = top >= _MIN_PROBABILITY
        probabilities, labels, named, top = probabilities[likely], labels[likely], named[likely], top[likely]
        wrong = np.asarray(classes, dtype=object)[named] != labels if len(named) else np.zeros(0, dtype=bool)
        rows = np.bincount(named, minlength=len(classes)) if len(named) else np.zeros(len(classes), dtype=int)
        alone = np.array(
            [
                _threshold(top[named == c], wrong[named == c], risk, confidence) if rows[c] >= _ENOUGH_ROWS else NEVER
                for c in range(len(classes))
            ]
        )
        joint = alone > 1.0
        pool = joint[named] if len(named) else np.zeros(0, dtype=bool)
        shared = _threshold(top[pool], wrong[pool], risk, confidence)
        answered = pool & (top >= shared - _ALIKE)
        count, errors = (
            np.bincount(named[which], minlength=len(classes)).astype(np.float64)
            for which in (answered, answered & wrong)
        )
        bad = joint & (_lower_error_bound(errors, count, 1.0 - confidence) > risk)
        found = np.where(bad, NEVER, np.where(joint, shared, alone))
        thresholds = {name: float(found[c]) for c, name in enumerate(classes)}
        return cls(risk, confidence, thresholds, tuple(name for c, name in enumerate(classes) if joint[c]))

    @classmethod
    def unproven(cls, classes: tuple[str, ...], risk: float, /) -> SelectiveRule:
        """Return the rule where nothing is labelled: a cause is named if it is likelier than all others together."""
        return cls(risk, 0.0, dict.fromkeys(classes, _MIN_PROBABILITY))

    def answered(self, probabilities: np.ndarray, classes: tuple[str, ...], /) -> np.ndarray:
        """Return where (rows,) the most probable class may be named."""
        named, top = _named(probabilities)
        minimum = np.array([self.thresholds.get(name, NEVER) for name in classes])
        return top >= minimum[named] - _ALIKE if len(named) else np.zeros(0, dtype=bool)

    @property
    def never(self) -> tuple[str, ...]:
        """Classes that are never named, since no threshold keeps the risk."""
        return tuple(name for name, minimum in self.thresholds.items() if minimum > 1.0)

    def to_json(self) -> dict[str, Any]:
        """Return what ``from_json`` reads."""
        return {
            "risk": self.risk,
            "confidence": self.confidence,
            "thresholds": self.thresholds,
            "pooled": list(self.pooled),
        }

    @classmethod
    def from_json(cls, described: Any, where: str, /) -> SelectiveRule:
        """Read what ``to_json`` has returned.

        Raises
        ------
        ArtefactError
            If it is something else; ``where`` says in which file.
        """
        try:
            thresholds = {str(name): float(minimum) for name, minimum in dict(described["thresholds"]).items()}
            pooled = tuple(str(name) for name in described["pooled"])
            return cls(float(described["risk"]), float(described["confidence"]), thresholds, pooled)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ArtefactError(f"{where}: holds no thresholds ({error!r}); train again with `baton run`") from error


def coverage_curve(probabilities: np.ndarray, right: np.ndarray, /) -> list[dict[str, float | int]]:
    """Return how right the answers are if only the surest share of them is given.

    Parameters
    ----------
    probabilities : numpy.ndarray, shape (rows, classes)
        Of rows that the model has not seen.
    right : numpy.ndarray of bool, shape (rows,)
        Whether the most probable class is the label.

    Returns
    -------
    list of {coverage, accuracy, low, high, n}
        From the surest tenth on; 95 % intervals (Clopper & Pearson).
    """
    from statsmodels.stats.proportion import proportion_confint

    if not len(right):
        return []
    top = probabilities.max(axis=1)
    hits = np.cumsum(right[np.argsort(-top, kind="stable")].astype(np.float64))
    curve: list[dict[str, float | int]] = []
    for coverage in _COVERAGES:
        rows = max(1, round(coverage * len(right)))
        low, high = proportion_confint(hits[rows - 1], rows, alpha=0.05, method="beta")
        curve.append(
            {
                "coverage": coverage,
                "accuracy": float(hits[rows - 1] / rows),
                "low": float(low),
                "high": float(high),
                "n": rows,
            }
        )
    return curve


def _named(probabilities: np.ndarray, /) -> tuple[np.ndarray, np.ndarray]:
    if not len(probabilities):
        return np.zeros(0, dtype=np.int64), np.zeros(0)
    named = probabilities.argmax(axis=1)
    return named, probabilities[np.arange(len(named)), named]


def _threshold(top: np.ndarray, wrong: np.ndarray, risk: float, confidence: float, /) -> float:
    """Test thresholds from the most promising one towards lower ones, until one does not keep the risk.

    Where to begin and in which order to go follows from the probabilities alone, never from the labels, so that every
    test may use the whole doubt (fixed-sequence testing). Badly calibrated probabilities cost answers, not the risk.
    """
    if not len(top):
        return NEVER
    order = np.argsort(-top, kind="stable")
    ordered, errors = top[order], np.cumsum(wrong[order])
    # rows of one probability are answered together or not at all
    ends = np.unique(np.searchsorted(-ordered, -ordered, side="right"))
    ends = ends[np.unique(np.linspace(0, len(ends) - 1, _LOOKS).astype(np.int64))]
    foreseen = error_bound(np.cumsum(1.0 - ordered)[ends - 1], ends, 1.0 - confidence)
    best = NEVER
    for end in ends[int(foreseen.argmin()) :]:
        if float(error_bound(float(errors[end - 1]), float(end), 1.0 - confidence)) > risk:
            break
        best = float(ordered[end - 1])
    return best
