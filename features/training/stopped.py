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
MIN_RETURNS = 2  # once may have been an outage; what has fallen silent and come back so often has a rhythm


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
    now, moment = frame["as_of"] == latest, frame["as_of"]
    if table.unit == "case":
        now = frame["as_of"] > latest - pd.Timedelta(days=window_days)
        window = pd.Timedelta(days=max(window_days, 1))
        moment = latest - (latest - frame["as_of"]) // window * window
    before = frame["label"].notna() & ~now
    names = list(table.features)
    known = frame[names].notna()
    expected = (
        known[before].mean().to_numpy(dtype=np.float64) * int(now.sum()) if before.any() else np.zeros(len(names))
    )
    arrived = known[now].sum().to_numpy()
    few = dict(zip(names, (arrived < MAX_ARRIVING * expected) | (expected == 0), strict=True))
    lost = {name for name, awaited in zip(names, expected, strict=True) if few[name] and awaited >= MIN_EXPECTED}
    lost -= (rhythmic := {name for name in lost if _has_rhythm(known.loc[before, name], moment[before], latest)})
    going_on = {
        table.kpi_of.get(name) for name in names if (not few[name] or name in rhythmic) and not name.endswith(COUNT)
    }
    silent = {table.kpi_of[name] for name in lost if name in table.kpi_of} - going_on - {CONTEXT}
    return tuple(name for name in names if name in lost or table.kpi_of.get(name) in silent)


def _has_rhythm(known: pd.Series, moment: pd.Series, latest: pd.Timestamp, /) -> bool:
    """Whether a feature fell silent before and came back, again and again, and is silent for no longer now.

    Moments between the last that was learned from and the latest are not known: arriving then is allowed for.
    """
    of = known.groupby(moment).agg(["sum", "size"]).sort_index()
    expected = float(known.mean()) * of["size"]
    arrived = of["sum"] >= MAX_ARRIVING * expected
    silent = ~arrived & (expected >= MIN_EXPECTED)
    came = of.index[arrived]
    pairs = list(zip(came[:-1], came[1:], strict=True))
    returns = [end - start for start, end in pairs if silent[(of.index > start) & (of.index < end)].any()]
    if len(returns) < MIN_RETURNS:
        return False
    step = of.index.to_series().diff().median()
    return bool(latest - came[-1] <= max(returns) + max(latest - of.index[-1] - step, pd.Timedelta(0)))
