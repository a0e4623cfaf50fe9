"""Rows that a champion has not learned from, and the moments from which a challenger is compared with it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from features.training.table import TrainingTable

__all__ = ["Block", "Unseen", "fingerprint", "hashes_of", "newest_label", "unseen_rows"]

_FOLDS = 5
MAX_HASHED = 200_000
"""Units of a table without time whose hashes the registry keeps; of more it would be a file of megabytes."""


@dataclass(frozen=True)
class Block:
    """Rows that are asked about at once, and what the challenger may have learned from by then.

    Parameters
    ----------
    start : pandas.Timestamp or None
        The origin; None in a table without time.
    train, test : numpy.ndarray of bool, shape (labelled rows,)
    """

    start: pd.Timestamp | None
    train: np.ndarray
    test: np.ndarray


@dataclass(frozen=True)
class Unseen:
    """What a champion has not learned from.

    Parameters
    ----------
    known : bool
        Whether it is known what the champion has learned from.
    rows : numpy.ndarray of bool, shape (labelled rows,)
    since : pandas.Timestamp or None
        From when rows count; None in a table without time.
    """

    known: bool
    rows: np.ndarray
    since: pd.Timestamp | None = None

    def blocks(self, table: TrainingTable, origins: int, seed: int, /) -> list[Block]:
        """Return the blocks of the comparison, each row in one of them.

        Parameters
        ----------
        origins : int
            Blocks of time at most; in a table without time there are five folds of units.
        """
        labelled = table.labelled
        if self.since is None:
            return self._folds(labelled, seed)
        as_of = labelled["as_of"]
        moments = np.sort(as_of[self.rows].unique())
        purge = pd.Timedelta(days=table.horizon_days + table.gap_days)
        found = []
        for part in np.array_split(moments, min(origins, len(moments))):
            start = pd.Timestamp(part[0])
            test = self.rows & (as_of >= start).to_numpy() & (as_of <= pd.Timestamp(part[-1])).to_numpy()
            train = (as_of + purge <= start).to_numpy() if purge else (as_of < start).to_numpy()
            found.append(Block(start, train, test))
        return found

    def _folds(self, labelled: pd.DataFrame, seed: int, /) -> list[Block]:
        groups = labelled["group"].astype(str).to_numpy()
        units = np.unique(groups[self.rows])
        fold_of = dict(zip(np.random.default_rng(seed).permutation(units), np.arange(len(units)) % _FOLDS, strict=True))
        fold = np.array([fold_of.get(group, -1) for group in groups])
        parts = [self.rows & (fold == number) for number in range(min(_FOLDS, len(units)))]
        return [Block(None, ~np.isin(groups, groups[part]), part) for part in parts]


def unseen_rows(table: TrainingTable, about: Mapping[str, Any], learned: Collection[int] | None, /) -> Unseen:
    """Return the labelled rows that a champion has not learned from.

    Parameters
    ----------
    about : mapping
        Of the champion's predictor: ``to``, its last row's time.
    learned : collection of int, optional
        Hashes of the units of a table without time that it has learned from (``hashes_of``).
    """
    labelled = table.labelled
    nothing = np.zeros(len(labelled), dtype=bool)
    if _has_time(table):
        if not about.get("to"):
            return Unseen(False, nothing)
        until = pd.Timestamp(about["to"])
        purge = pd.Timedelta(days=table.horizon_days + table.gap_days)
        since = until + purge if purge else until
        rows = (labelled["as_of"] >= since if purge else labelled["as_of"] > since).to_numpy()
        return Unseen(True, rows, since)
    if learned is None:
        return Unseen(False, nothing)
    return Unseen(True, ~np.isin(_hashed(labelled), np.fromiter(learned, dtype=np.uint64)))


def hashes_of(table: TrainingTable, /) -> list[int] | None:
    """Return hashes of the units that a table without time is learned from; None where time says it, or of too many."""
    if _has_time(table):
        return None
    found = np.unique(_hashed(table.labelled))
    return found.tolist() if len(found) <= MAX_HASHED else None


def newest_label(table: TrainingTable, /) -> pd.Timestamp | None:
    """Return the time of the newest row whose outcome is known; None in a table without time."""
    return pd.Timestamp(table.labelled["as_of"].max()) if _has_time(table) else None


def fingerprint(table: TrainingTable, /) -> str:
    """Return a fingerprint of what a table's rows say, in their order."""
    import hashlib

    frame = table.frame.astype(dict.fromkeys(table.frame.select_dtypes("category").columns, "str"))
    found = hashlib.blake2b(digest_size=16)
    found.update("|".join((table.outcome, *map(str, frame.columns))).encode())
    found.update(pd.util.hash_pandas_object(frame, index=False).to_numpy().tobytes())
    return found.hexdigest()


def _has_time(table: TrainingTable, /) -> bool:
    labelled = table.labelled
    return table.temporal and len(labelled) > 0 and bool(labelled["as_of"].notna().all())


def _hashed(labelled: pd.DataFrame, /) -> np.ndarray:
    return pd.util.hash_array(labelled["group"].astype(str).to_numpy(dtype=object))
