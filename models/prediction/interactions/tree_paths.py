"""LightGBM's trees as paths from root to leaf: which rows could come how far along each feature of a path."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import lightgbm as lgb

__all__ = ["LeafPath", "leaf_paths"]

_ZERO = 1e-35
"""LightGBM takes numbers this near to zero for zero."""


@dataclass(frozen=True)
class LeafPath:
    """A leaf, and for each feature on the way to it who gets through.

    Parameters
    ----------
    value : float
        Of the leaf.
    features : numpy.ndarray of int, shape (on the way,)
        Each once, however often it is split on.
    passes : numpy.ndarray of bool, shape (rows, on the way)
        Whether a row follows the path at every split on the feature.
    shares : numpy.ndarray, shape (on the way,)
        The share of the rows learned from that did, at those splits: what is expected of a row whose feature is not
        known.
    """

    value: float
    features: np.ndarray
    passes: np.ndarray
    shares: np.ndarray


@dataclass
class _Way:
    """The way down to a node."""

    passes: dict[int, np.ndarray] = field(default_factory=dict)
    shares: dict[int, float] = field(default_factory=dict)

    def further(self, feature: int, here: np.ndarray, share: float, /) -> _Way:
        passes = self.passes | {feature: self.passes[feature] & here if feature in self.passes else here}
        return _Way(passes, self.shares | {feature: self.shares.get(feature, 1.0) * share})


def leaf_paths(booster: lgb.Booster, matrix: np.ndarray, /) -> Iterator[LeafPath]:
    """Yield the paths of all leaves of all trees.

    Parameters
    ----------
    matrix : numpy.ndarray, shape (rows, features)
        As the booster reads it; NaN is unknown.
    """
    for tree in booster.dump_model()["tree_info"]:
        below = [(tree["tree_structure"], _Way())]
        while below:
            node, way = below.pop()
            if "leaf_value" in node:
                yield _leaf(float(node["leaf_value"]), way, len(matrix))
                continue
            feature = int(node["split_feature"])
            left, total = _goes_left(node, matrix[:, feature]), max(_count(node), 1)
            for child, here in ((node["left_child"], left), (node["right_child"], ~left)):
                below.append((child, way.further(feature, here, _count(child) / total)))


def _leaf(value: float, way: _Way, rows: int, /) -> LeafPath:
    features = np.array(list(way.passes), dtype=np.int64)
    passes = np.column_stack(list(way.passes.values())) if way.passes else np.zeros((rows, 0), dtype=bool)
    return LeafPath(value, features, passes, np.array(list(way.shares.values()), dtype=np.float64))


def _count(node: dict[str, Any], /) -> int:
    return int(node["leaf_count"] if "leaf_value" in node else node["internal_count"])


def _goes_left(node: dict[str, Any], column: np.ndarray, /) -> np.ndarray:
    """Return which rows take the left branch, as LightGBM's own decisions have it."""
    unknown, missing = np.isnan(column), node["missing_type"]
    if node["decision_type"] == "==":
        named = [float(number) for number in str(node["threshold"]).split("||")]
        return np.isin(np.where(unknown, -1.0, np.trunc(column)), named)
    known = np.where(unknown, 0.0, column)
    left = known <= float(node["threshold"])
    if missing == "NaN":
        return np.where(unknown, bool(node["default_left"]), left)
    if missing == "Zero":
        return np.where(np.abs(known) <= _ZERO, bool(node["default_left"]), left)
    return left
