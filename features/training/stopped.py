"""Features that arrived while the outcome was learned and no longer do: what they taught cannot be applied any more."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from baton.catalogue.schema import CONTEXT
from baton.messages.message import Message
from features.training.table import TrainingTable

__all__ = ["stopped_features", "without_stopped"]

MIN_EXPECTED = 10  # values; that none of so many arrives by chance happens once in twenty thousand
MAX_NAMED = 8
COUNT = "__n"  # a KPI's count of values is zero where none arrives, not unknown
MAX_ARRIVING = 0.1  # of what was expected: a few late entries are no stream


def without_stopped(table: TrainingTable, window_days: int, /) -> TrainingTable:
    """Leave out the features that the rows to be scored lack though the rows learned from had them, and say so.

    A model that has learned from them would fill the gap with a median, or with what being unknown meant before, and
    its probabilities would shift without a word.

    Parameters
    ----------
    window_days : int
        For cases, which have times of their own: how far back the rows to be scored reach.

    Returns
    -------
    TrainingTable
        Without these features and with a note that names them; as it is where none stopped, or nothing would remain.
    """
    gone = stopped_features(table, window_days)
    if not gone or len(gone) == len(table.features):
        return table
    kept = tuple(name for name in table.features if name not in gone)
    note = Message("learned.stopped", {"features": gone[:MAX_NAMED], "n": len(gone)})
    return replace(
        table,
        frame=table.frame.drop(columns=list(gone)),
        features=kept,
        kpi_of={name: kpi for name, kpi in table.kpi_of.items() if name not in gone},
        baseline=None if table.baseline in gone else table.baseline,
        notes=(*table.notes, note),
    )


def stopped_features(table: TrainingTable, window_days: int, /) -> tuple[str, ...]:
    """Return the features of which hardly a value arrives any more.

    Parameters
    ----------
    window_days : int
        As for ``without_stopped``.

    Returns
    -------
    tuple of str
        Those of which the rows to be scored have less than a tenth of the values that the share of known values among
        the rows learned from lets expect, where that is ten at least; where no value of a KPI goes on arriving, all
        of the KPI's, its count of values too. None of a table without time.
    """
    frame, latest = table.frame, table.latest
    if not table.temporal or latest is None or frame["as_of"].isna().all():
        return ()
    now = frame["as_of"] == latest
    if table.unit == "case":
        now = frame["as_of"] > latest - pd.Timedelta(days=window_days)
    before = frame["label"].notna() & ~now
    names = list(table.features)
    known = frame[names].notna()
    expected = (
        known[before].mean().to_numpy(dtype=np.float64) * int(now.sum()) if before.any() else np.zeros(len(names))
    )
    arrived = known[now].sum().to_numpy()
    few = dict(zip(names, (arrived < MAX_ARRIVING * expected) | (expected == 0), strict=True))
    lost = {name for name, awaited in zip(names, expected, strict=True) if few[name] and awaited >= MIN_EXPECTED}
    going_on = {table.kpi_of.get(name) for name in names if not few[name] and not name.endswith(COUNT)}
    silent = {table.kpi_of[name] for name in lost if name in table.kpi_of} - going_on - {CONTEXT}
    return tuple(name for name in names if name in lost or table.kpi_of.get(name) in silent)
