"""Whether there is enough to learn from, and which part of the past is the latest that can validate."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd

from baton.errors import TableError, TooLittleDataError
from baton.messages.message import Message
from features.training.learnable import MIN_EVENTS, MIN_GROUPS, MIN_ROWS
from features.training.table import TrainingTable

__all__ = ["LATER_EVENTS", "before_and_after", "events_in", "later_rows", "learnable_rows"]

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
        missing.append(Message("not_learned.few_rows", {"n": len(rows), "least": MIN_ROWS}))
    if table.kind == "probability":
        events = int((label > 0).sum())
        if min(events, len(rows) - events) < MIN_EVENTS:
            values = {"n": events, "total": len(rows), "least": MIN_EVENTS}
            missing.append(Message("not_learned.few_events", values))
    elif label.nunique() < 2:
        missing.append(Message("not_learned.same_everywhere"))
    if groups < MIN_GROUPS:
        missing.append(Message("not_learned.few_independent", {"n": int(groups), "least": MIN_GROUPS}))
    if not table.features:
        missing.append(Message("not_learned.no_feature"))
    if missing:
        raise TooLittleDataError(Message("not_learned.too_little", {"missing": tuple(missing)}), table.outcome)
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
    everything, start = np.ones(len(rows), dtype=bool), _later_start(table, rows)
    if start is None:
        return everything
    late = (rows["as_of"] >= start).to_numpy()
    return late if events_in(rows["label"].to_numpy()[late], table.kind) >= LATER_EVENTS else everything


def before_and_after(table: TrainingTable, rows: pd.DataFrame, /) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows of the later part of the past, and before them those whose labels were complete by then.

    Parameters
    ----------
    rows : pandas.DataFrame
        Labelled rows of it.

    Returns
    -------
    tuple of numpy.ndarray of bool, each of shape (rows,)
        Earlier rows, later rows; none of either where the table has no time.
    """
    as_of, start = rows["as_of"], _later_start(table, rows)
    if start is None:
        return np.zeros(len(rows), dtype=bool), np.zeros(len(rows), dtype=bool)
    complete = as_of + pd.Timedelta(days=table.horizon_days + table.gap_days) <= start
    return complete.to_numpy() & (as_of < start).to_numpy(), (as_of >= start).to_numpy()


def _later_start(table: TrainingTable, rows: pd.DataFrame, /) -> pd.Timestamp | None:
    """Return where the later part of the past begins; None where the table has no time."""
    if not table.temporal or rows["as_of"].isna().any():
        return None
    return rows["as_of"].quantile(1 - _LATER_SHARE, interpolation="lower")


def events_in(label: np.ndarray, kind: str, /) -> float:
    """Return how many of the rarer class there are; for numbers, a fifth of the rows."""
    return float(min((label > 0).sum(), (label <= 0).sum())) if kind == "probability" else len(label) / 5
