"""Champion and challenger asked about the same rows, from rolling origins."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from baton.errors import TooLittleDataError
from baton.progress import Progress, silent
from features.training.table import TrainingTable
from models.prediction.metrics import NumberMetrics, ProbabilityMetrics, log_losses, plain
from models.prediction.predictor import BoostedPredictor, predictor_class
from models.retraining.rows import Block

__all__ = ["Compared", "asked", "backtest", "latency_ms", "losses"]

_TIMED_ROWS = 50


@dataclass(frozen=True)
class Compared:
    """Rows with what both models said of them before their outcome was known.

    Parameters
    ----------
    kind : str
        Of the outcome: ``probability`` or ``number``.
    rows : pandas.DataFrame
        unit_id, as_of, group, label and the features.
    champion, challenger : numpy.ndarray, shape (rows,)
    origins : tuple of dict
        start, rows, train_rows of each origin.
    """

    kind: str
    rows: pd.DataFrame
    champion: np.ndarray
    challenger: np.ndarray
    origins: tuple[dict[str, Any], ...] = ()

    @property
    def label(self) -> np.ndarray:
        """What happened."""
        return self.rows["label"].to_numpy(dtype=np.float64)

    @property
    def group(self) -> np.ndarray:
        """Number of the customer, or other unit, that each row belongs to."""
        return np.unique(self.rows["group"].astype(str), return_inverse=True)[1]

    @property
    def events(self) -> int:
        """Rows of the rarer outcome; of numbers, all rows."""
        happened = int((self.label > 0).sum())
        return min(happened, len(self.rows) - happened) if self.kind == "probability" else len(self.rows)

    def figures(self) -> dict[str, dict[str, Any]]:
        """Return both models' metrics on the rows."""
        of = ProbabilityMetrics if self.kind == "probability" else NumberMetrics
        models = {"champion": self.champion, "challenger": self.challenger}
        return {name: plain(of(self.label, predicted, self.group).metrics()) for name, predicted in models.items()}


def losses(compared: Compared, predicted: np.ndarray, /) -> np.ndarray:
    """Return each row's log loss, or squared error of a number."""
    if compared.kind == "number":
        return (compared.label - predicted) ** 2
    return log_losses(compared.label, predicted)


def backtest(
    table: TrainingTable,
    champion: BoostedPredictor,
    blocks: list[Block],
    seed: int,
    progress: Progress = silent,
) -> Compared | None:
    """Let the challenger's recipe learn before each origin, and ask it and the champion about the rows after it.

    Parameters
    ----------
    blocks : list of Block
        Of rows that the champion has not learned from.
    seed : int
        The same seed and rows give the same figures.

    Returns
    -------
    Compared or None
        None where no block could be learned for.
    """
    labelled = table.labelled
    parts, old, new, origins = [], [], [], []
    for done, block in enumerate(blocks):
        progress(f"backtest {table.outcome}", done, len(blocks))
        train, test = labelled[block.train], labelled[block.test]
        times = table.times if block.start is None else table.known_by(block.start)
        try:
            fitted = predictor_class(table.outcome).fit(replace(table, frame=train, times=times), seed)
        except TooLittleDataError:
            continue
        parts.append(test)
        old.append(asked(champion, test))
        new.append(asked(fitted, test))
        start = None if block.start is None else block.start.isoformat()
        origins.append({"start": start, "rows": len(test), "train_rows": len(train)})
    progress(f"backtest {table.outcome}", len(blocks), len(blocks))
    if not parts:
        return None
    rows = pd.concat(parts, ignore_index=True)
    return Compared(table.kind, rows, np.concatenate(old), np.concatenate(new), tuple(origins))


def latency_ms(predictor: BoostedPredictor, table: TrainingTable, /) -> float:
    """Return what one row takes in milliseconds: the median of fifty."""
    rows = table.frame.head(_TIMED_ROWS)
    taken = []
    for number in range(len(rows)):
        begun = time.perf_counter()
        asked(predictor, rows.iloc[[number]])
        taken.append(time.perf_counter() - begun)
    return 1000 * float(np.median(taken)) if taken else 0.0


def asked(predictor: BoostedPredictor, rows: pd.DataFrame, /) -> np.ndarray:
    """Return what a model predicts of rows (rows,); features that they lack count as unknown."""
    return predictor.predict(rows[predictor.encoding.present_in(rows)])
