"""Whether there is enough to learn from, and which part of the past is the latest that can validate."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd

from baton.errors import TableError, TooLittleDataError
from features.training.learnable import MIN_EVENTS, MIN_GROUPS, MIN_ROWS
from features.training.table import TrainingTable

__all__ = ["LATER_EVENTS", "events_in", "later_rows", "learnable_rows"]

LATER_EVENTS = 200
"""Events of the rarer kind that the later part of the past must hold, to validate alone."""

_LATER_SHARE = 0.4


def learnable_rows(table: TrainingTable, kinds: Collection[str], /) -> pd.DataFrame:
    """Return the labelled rows if an outcome can be learned from them.

    Parameters
    ----------
    kinds : collection of str
        Kinds of outcome that the predictor knows.

    Returns
    -------
    pandas.DataFrame

    Raises
    ------
    TooLittleDataError
        If there are too few rows, events, groups or features; the message names each.
    TableError
        If the table's kind is not one of ``kinds``.
    """
    if table.kind not in kinds:
        raise TableError(
            f"{table.outcome}: its predictor does not know outcomes of kind {table.kind!r};"
            f" it learns {' and '.join(sorted(kinds))}"
        )
    rows, label = table.labelled, table.labelled["label"]
    groups = rows["group"].nunique()
    missing = []
    if len(rows) < MIN_ROWS:
        missing.append(f"{len(rows)} rows with a known outcome, {MIN_ROWS} are needed")
    if table.kind == "probability":
        events = int((label > 0).sum())
        if min(events, len(rows) - events) < MIN_EVENTS:
            missing.append(f"{events} of {len(rows)} rows are events, {MIN_EVENTS} of each kind are needed")
    elif label.nunique() < 2:
        missing.append("the outcome is the same in every row")
    if groups < MIN_GROUPS:
        missing.append(f"rows of {groups} independent units, {MIN_GROUPS} are needed")
    if not table.features:
        missing.append("no feature to learn from")
    if missing:
        raise TooLittleDataError(
            f"{table.outcome}: too little to learn from ({'; '.join(missing)}); give a longer history or more units"
        )
    return rows


def later_rows(table: TrainingTable, rows: pd.DataFrame, /) -> np.ndarray:
    """Return which rows are of the later part of the past, where they hold events enough to watch; else all.

    Parameters
    ----------
    rows : pandas.DataFrame
        Labelled rows of it.

    Returns
    -------
    numpy.ndarray of bool, shape (rows,)
    """
    everything = np.ones(len(rows), dtype=bool)
    if not table.temporal or rows["as_of"].isna().any():
        return everything
    start = rows["as_of"].quantile(1 - _LATER_SHARE, interpolation="lower")
    late = (rows["as_of"] >= start).to_numpy()
    return late if events_in(rows["label"].to_numpy()[late], table.kind) >= LATER_EVENTS else everything


def events_in(label: np.ndarray, kind: str, /) -> float:
    """Return how many of the rarer class there are; for numbers, a fifth of the rows."""
    return float(min((label > 0).sum(), (label <= 0).sum())) if kind == "probability" else len(label) / 5
