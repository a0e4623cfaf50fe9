"""Which rows a model is tested on: those after the time it learned from, with one horizon between."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pandas as pd

from features.training.table import TrainingTable

__all__ = ["SplitKind", "TimeSplit", "split_in_time"]

_TEST_SHARE = 0.25
_MIN_TRAINED = 50
_MIN_TESTED = 20
_MIN_EVENTS = 10
_MAX_CANDIDATES = 80


class SplitKind(StrEnum):
    """How the rows that a model was tested on were held out; ``split_kind`` of ``evaluation.json``."""

    IN_TIME = "in_time"
    CROSS_VALIDATION = "cross_validation"
    UNTESTED = "untested"


@dataclass(frozen=True)
class TimeSplit:
    """Labelled rows split in time.

    Parameters
    ----------
    train, test : numpy.ndarray of bool, shape (labelled rows,)
        What lies between them is in neither: its labels reach into the test period.
    start : pandas.Timestamp
        When the test period begins.
    description : str
        The split in words.
    """

    train: np.ndarray
    test: np.ndarray
    start: pd.Timestamp
    description: str


def split_in_time(table: TrainingTable, /) -> TimeSplit | None:
    """Split the labelled rows so that every training label was complete before the test period begins.

    Of all days on which the test could begin, the one is taken that makes the test nearest to a quarter of the rows
    used, as long as both sides hold enough events.

    Returns
    -------
    TimeSplit or None
        None if the table has no time, or too little of it.
    """
    rows = table.labelled
    if not table.temporal or rows.empty or rows["as_of"].isna().any():
        return None
    as_of, label = rows["as_of"], rows["label"].to_numpy(dtype=np.float64)
    purge = pd.Timedelta(days=table.horizon_days + table.gap_days)
    best: tuple[float, np.ndarray, np.ndarray, pd.Timestamp] | None = None
    for start in _candidates(as_of):
        # a label that ends exactly when the test begins was known then; without a horizon, earlier rows were
        train = (as_of + purge <= start).to_numpy() if purge else (as_of < start).to_numpy()
        test = (as_of >= start).to_numpy()
        if not (_enough(label[train], _MIN_TRAINED, table.kind) and _enough(label[test], _MIN_TESTED, table.kind)):
            continue
        distance = abs(test.sum() / (test.sum() + train.sum()) - _TEST_SHARE)
        if best is None or distance < best[0]:
            best = (float(distance), train, test, start)
    if best is None:
        return None
    _, train, test, start = best
    last = as_of[train].max()
    description = (
        f"in time: trained on {as_of[train].min():%Y-%m-%d} to {last:%Y-%m-%d}, tested on {start:%Y-%m-%d} to "
        f"{as_of[test].max():%Y-%m-%d}, purge of {table.horizon_days + table.gap_days} days"
    )
    return TimeSplit(train, test, start, description)


def _candidates(as_of: pd.Series, /) -> list[pd.Timestamp]:
    days = sorted(as_of.dt.floor("D").unique() if as_of.nunique() > _MAX_CANDIDATES else as_of.unique())
    step = max(1, len(days) // _MAX_CANDIDATES)
    return [pd.Timestamp(day) for day in days[1::step]]


def _enough(label: np.ndarray, minimum: int, kind: str, /) -> bool:
    if len(label) < minimum:
        return False
    if kind == "number":
        return bool(np.ptp(label) > 0)
    events = int((label > 0).sum())
    return min(events, len(label) - events) >= _MIN_EVENTS
