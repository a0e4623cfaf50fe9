"""How good predictions are: as they should be by their own probabilities, and as they turned out to be.

Before outcomes are known, calibrated probabilities say what AUC and log loss to expect. This holds while customers of
one probability leave as often as they did when the model was trained; whether they still do, only outcomes show.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

__all__ = ["Expected", "Realised", "expected", "realised"]

Floats = NDArray[np.float64]

_FALSE_ALARM = 0.002
"""Two sides, per look at one set of predictions."""
_MIN_LEAVERS = 10
_MATTERS = 0.25  # so much more or fewer than predicted


@dataclass(frozen=True)
class Expected:
    """What predictions promise, if their probabilities hold.

    Parameters
    ----------
    rows : int
    events : float
        Expected number.
    auc, log_loss : float
        NaN where nothing differs.
    """

    rows: int
    events: float
    auc: float
    log_loss: float


@dataclass(frozen=True)
class Realised:
    """What became of predictions so far.

    Parameters
    ----------
    rows : int
    events : int
        Who left.
    predicted : float
        How many should have by then.
    low, high : float
        99.8 % interval of that number by chance, if the probabilities hold.
    auc, log_loss : float
        NaN until the horizon is complete, or where only one thing happened.
    """

    rows: int
    events: int
    predicted: float
    low: float
    high: float
    auc: float
    log_loss: float

    @property
    def differs(self) -> bool:
        """Whether so many more or fewer left than predicted that chance and small differences do not explain it."""
        outside = not self.low <= self.events <= self.high
        enough = max(self.events, self.predicted) >= _MIN_LEAVERS
        return bool(outside and enough and abs(self.events / max(self.predicted, 1e-9) - 1) >= _MATTERS)


def expected(probability: Floats, /) -> Expected:
    """Return what a set of probabilities promises.

    Parameters
    ----------
    probability : array of shape (rows,)

    Examples
    --------
    >>> import numpy as np
    >>> expected(np.array([0.0, 1.0]))
    Expected(rows=2, events=1.0, auc=1.0, log_loss=0.0)
    """
    p = np.sort(np.asarray(probability, dtype=float))
    events, others = p.sum(), (1 - p).sum()
    below = np.concatenate([[0.0], np.cumsum(1 - p)[:-1]])
    own = (p * (1 - p)).sum()
    pairs = events * others - own  # of different rows
    auc = float((p * below).sum() / pairs) if pairs > 0 else float("nan")
    inner = np.clip(p, 1e-15, 1 - 1e-15)
    loss = float(-(p * np.log(inner) + (1 - p) * np.log(1 - inner)).mean()) if len(p) else float("nan")
    return Expected(len(p), float(events), min(auc, 1.0), abs(round(loss, 12)))


def realised(probability: Floats, left: NDArray[np.bool_], /, *, final: Floats | None = None) -> Realised:
    """Compare predictions with what happened.

    Parameters
    ----------
    probability : array of shape (rows,)
        Of having left by now.
    left : array of shape (rows,)
    final : array of shape (rows,), optional
        The predictions at the horizon, where it is complete: AUC and log loss are theirs.
    """
    p, left = np.clip(np.asarray(probability, dtype=float), 0, 1), np.asarray(left, dtype=bool)
    predicted, deviation = float(p.sum()), float(np.sqrt((p * (1 - p)).sum()))
    reach = float(stats.norm.isf(_FALSE_ALARM / 2)) * deviation
    auc = loss = float("nan")
    if final is not None and left.any() and not left.all():
        from sklearn.metrics import log_loss, roc_auc_score

        auc, loss = float(roc_auc_score(left, final)), float(log_loss(left, np.clip(final, 1e-15, 1 - 1e-15)))
    return Realised(len(p), int(left.sum()), predicted, max(predicted - reach, 0.0), predicted + reach, auc, loss)
