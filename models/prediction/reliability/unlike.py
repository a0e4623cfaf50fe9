"""Rows that are unlike any that were learned from: features beyond what was seen, by more than seen rows ever are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from models.prediction.encoding import Encoding

__all__ = ["FALSE_ALARMS", "Familiar", "learn_familiar"]

FALSE_ALARMS = 0.01
"""Share of rows learned from that would be called unlike if their own group had not been learned from."""

_MIN_BEYOND = 0.1  # of a feature's width: time goes on, and with it tenure and counts
_MAX_NAMED = 3
_LATER_SHARE = 0.4
_MAX_GROWING = 0.005  # of later rows beyond what earlier ones had in a feature: by chance hardly any are
_MIN_GROWING = 4  # rows: fewer are a few odd customers


@dataclass(frozen=True)
class Familiar:
    """What rows learned from were like.

    Parameters
    ----------
    threshold : float
        How far beyond what was seen a row lies at least to be called unlike: summed over features, each counted in
        widths of its range, 1 at most; a category never seen counts 1.
    growing : tuple of str
        Features that are not looked at: what came later went beyond what had been seen, as tenure does.
    """

    threshold: float
    growing: tuple[str, ...] = ()

    def unlike(self, rows: pd.DataFrame, encoding: Encoding, /) -> list[list[str]]:
        """Return for each row the features that make it unlike any seen, the furthest first; none where it is not.

        Parameters
        ----------
        rows : pandas.DataFrame
            Feature columns; absent ones count as unknown, which is not unlike.
        encoding : Encoding
            Of the model.
        """
        looked_at = [name for name in encoding.present_in(rows) if name not in self.growing]
        beyond = pd.DataFrame({name: _beyond(rows[name], name, encoding) for name in looked_at})
        if beyond.empty:
            return [[] for _ in range(len(rows))]
        values, names = beyond.to_numpy(), np.array(beyond.columns, dtype=object)
        far = values.sum(axis=1) > self.threshold
        found = list[list[str]]()
        for row, is_far in zip(values, far, strict=True):
            order = np.argsort(-row, kind="stable")[:_MAX_NAMED] if is_far else ()
            found.append([str(names[at]) for at in order if row[at] > 0])
        return found

    def to_json(self) -> dict[str, Any]:
        """Return what ``from_json`` reads."""
        return {"threshold": self.threshold, "growing": list(self.growing)}

    @classmethod
    def from_json(cls, described: Mapping[str, Any], /) -> Familiar:
        """Read what ``to_json`` has described."""
        return cls(float(described["threshold"]), tuple(described["growing"]))


def learn_familiar(rows: pd.DataFrame, encoding: Encoding, /) -> Familiar:
    """Learn how far rows lie beyond all those of other groups, and later ones beyond all earlier ones.

    Parameters
    ----------
    rows : pandas.DataFrame
        Learned from: features, ``group`` and ``as_of``.
    """
    growing, later = _growing(rows, encoding)
    place, groups = pd.factorize(rows["group"].astype(str))
    total = np.zeros(len(rows))
    for name in encoding.features:
        if name in growing:
            continue
        if name in encoding.categories:
            total += _alone(rows[name], place)
        elif name in encoding.ranges:
            total += _beyond_others(rows[name].to_numpy(dtype=np.float64), place, len(groups))
    seldom = 1 - FALSE_ALARMS
    threshold = max(float(np.quantile(total, seldom)), float(np.quantile(later, seldom)), _MIN_BEYOND)
    return Familiar(threshold, growing)


def _growing(rows: pd.DataFrame, encoding: Encoding, /) -> tuple[tuple[str, ...], np.ndarray]:
    """Return the features that later rows went beyond, and how far these rows lie beyond the earlier in the others."""
    as_of = rows["as_of"]
    if as_of.isna().any() or as_of.nunique() < 2:
        return (), np.zeros(1)
    start = as_of.quantile(1 - _LATER_SHARE, interpolation="lower")
    early, late = rows[as_of < start], rows[as_of >= start]
    if early.empty:
        return (), np.zeros(1)
    seen = Encoding.learn(early, encoding.features)
    growing, total = list[str](), np.zeros(len(late))
    for name in encoding.features:
        beyond = _beyond(late[name], name, seen)
        if (beyond > _MIN_BEYOND / 2).sum() > max(_MAX_GROWING * len(late), _MIN_GROWING):
            growing.append(name)
        else:
            total += beyond
    return tuple(growing), total


def _beyond(column: pd.Series, name: str, encoding: Encoding, /) -> np.ndarray:
    if name in encoding.categories:
        known = {*encoding.categories[name], *encoding.rare.get(name, ())}
        texts = column.astype("object")
        return (texts.notna() & ~texts.map(str).isin(known)).to_numpy(dtype=np.float64)
    if name not in encoding.ranges:
        return np.zeros(len(column))
    return _outside(column.to_numpy(dtype=np.float64), *encoding.ranges[name])


def _outside(values: np.ndarray, low: np.ndarray | float, high: np.ndarray | float, /) -> np.ndarray:
    """Return how far values lie outside, in widths, 1 at most; of what was always the same, anything else is 1."""
    excess = np.maximum(np.maximum(low - values, values - high), 0.0)
    width = np.asarray(high) - np.asarray(low)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.where(excess > 0, np.minimum(excess / width, 1.0), 0.0)
    return np.nan_to_num(found, nan=0.0)


def _alone(column: pd.Series, place: np.ndarray, /) -> np.ndarray:
    """Return which rows have a value that no other group has."""
    texts = column.astype("object").where(column.notna(), None)
    groups = pd.Series(place).groupby(texts.map(lambda value: None if value is None else str(value)).to_numpy())
    return (groups.transform("nunique") == 1).to_numpy(dtype=np.float64)


def _beyond_others(values: np.ndarray, place: np.ndarray, groups: int, /) -> np.ndarray:
    """Return how far each row lies beyond the range of all other groups."""
    ends = []
    for sign in (1.0, -1.0):
        least = np.full(groups, np.inf)
        np.fmin.at(least, place, sign * values)
        order = np.argsort(least, kind="stable")[:2]
        first = least[order[0]]
        second = least[order[1]] if len(order) > 1 else first
        others = np.where(place == order[0], second, first)
        ends.append(sign * others)
    low, high = ends
    found = _outside(values, low, high)
    return np.where(np.isfinite(low) & np.isfinite(high), found, 0.0)
