"""A model of one's own beside Baton's, on the same rows and by the same metrics."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd

from baton.errors import TooLittleDataError
from baton.messages.message import Message
from features.training.table import TrainingTable
from models.prediction.encoding import Encoding
from models.prediction.evaluation import evaluate
from models.prediction.metrics import NumberMetrics, ProbabilityMetrics, bootstrap_intervals
from models.prediction.splits import split_in_time

__all__ = ["Comparison", "Contestant", "compare"]


class Contestant(Protocol):
    """Anything that learns as scikit-learn's estimators do: ``fit``, then ``predict_proba`` or ``predict``."""

    def fit(self, X: Any, y: Any, /) -> Any:
        """Learn from rows × features, missing values as NaN, and one label per row."""
        ...


@dataclass(frozen=True)
class Comparison:
    """Several models on the same test rows.

    Parameters
    ----------
    outcome : str
        Such as ``churn`` or ``decline:employee:csat``.
    split : str
        What was learned from and what was tested on, in words.
    figures : pandas.DataFrame
        One row per model (``baton``, its baselines, then the contestants), one column per figure.
    intervals : pandas.DataFrame
        model, figure, low, high (95 %) of Baton and the contestants, by bootstrap over the groups.
    test_fingerprint : str
        Of the rows tested on.
    """

    outcome: str
    split: str
    figures: pd.DataFrame
    intervals: pd.DataFrame
    test_fingerprint: str


def compare(table: TrainingTable, contestants: Mapping[str, Callable[[], Contestant]], seed: int, /) -> Comparison:
    """Test models of one's own where Baton's is tested: after the time they learned from.

    Parameters
    ----------
    contestants : mapping of str to callable
        Per name what makes an unfitted model: it is fitted on the training rows alone.

    Returns
    -------
    Comparison

    Raises
    ------
    TooLittleDataError
        If the table is too small to be split in time.

    Notes
    -----
    Contestants get the features as numbers (``Encoding.matrix`` learned on the training rows): categories as codes, NaN
    where something is unknown.
    """
    split = split_in_time(table)
    if split is None:
        raise TooLittleDataError(Message("not_learned.no_time_to_compare"), table.outcome)
    ours = evaluate(table, seed)
    rows, features = table.labelled, list(table.features)
    train, test = rows[split.train], rows[split.test]
    encoding = Encoding.learn(train, table.features)
    matrix, label = encoding.matrix(train[features]), train["label"].to_numpy(dtype=np.float64)
    unseen, truth = encoding.matrix(test[features]), test["label"].to_numpy(dtype=np.float64)
    group = np.unique(test["group"].astype(str), return_inverse=True)[1]
    of = ProbabilityMetrics if table.kind == "probability" else NumberMetrics
    found = {"baton": _only_numbers(ours.entry)}
    found |= {name: _only_numbers(metrics) for name, metrics in ours.entry["baselines"].items()}
    spans = [("baton", figure, *span) for figure, span in ours.entry["intervals"].items() if None not in span]
    for name, make in contestants.items():
        model = make()
        model.fit(matrix, label)
        metrics = of(truth, _predicted(model, unseen, table.kind), group)
        found[name] = _only_numbers(metrics.metrics())
        intervals = bootstrap_intervals(metrics.metrics, group, seed=seed)
        spans += [(name, figure, *span) for figure, span in intervals.items() if None not in span]
    columns = [column for column in found["baton"] if column in found["base_rate"]]
    return Comparison(
        outcome=table.outcome,
        split=split.description,
        figures=pd.DataFrame.from_dict(found, orient="index")[columns],
        intervals=pd.DataFrame(spans, columns=["model", "figure", "low", "high"]),
        test_fingerprint=str(ours.entry["test_fingerprint"]),
    )


def _predicted(model: Any, matrix: np.ndarray, kind: str, /) -> np.ndarray:
    if kind == "probability":
        return np.asarray(model.predict_proba(matrix), dtype=np.float64)[:, 1]
    return np.asarray(model.predict(matrix), dtype=np.float64)


def _only_numbers(entry: Mapping[str, Any], /) -> dict[str, float]:
    return {
        name: float(value)
        for name, value in entry.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }
