"""Reads LightGBM's text before LightGBM does, which trusts what it reads: a damaged tree ends it, or never ends.

Checked is what LightGBM follows blindly: lengths of arrays, children, features, categories, sizes of trees in bytes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from baton.errors import DamagedModelError

__all__ = ["check_trees"]

MAX_LEAVES = 131_072  # LightGBM's own bound of num_leaves
MAX_DEPTH = 1_000  # its TreeSHAP calls itself once per level
MAX_TREES = 100_000
MAX_VALUE = 1e15  # of a leaf: no probability's log-odds and no KPI in its unit comes near
_SPLITS = ("split_feature", "split_gain", "threshold", "decision_type", "left_child", "right_child")
# a threshold is infinite where only the unknown branch off; from the others nothing is predicted
_MAYBE_INFINITE = frozenset({"threshold", "split_gain", "internal_value", "internal_weight", "leaf_weight"})
_INSIDE = ("internal_value", "internal_weight", "internal_count")
_LEAVES = ("leaf_value", "leaf_weight", "leaf_count")
_CATEGORIES = ("cat_boundaries", "cat_threshold")
_SINGLE = ("num_leaves", "num_cat", "is_linear", "shrinkage")
_WHOLE = frozenset(
    "split_feature decision_type left_child right_child internal_count leaf_count "
    "cat_boundaries cat_threshold num_leaves num_cat is_linear".split()
)
_KNOWN = frozenset(_SPLITS + _INSIDE + _LEAVES + _CATEGORIES + _SINGLE)
_NUMBERS = re.compile(r"[0-9eE+. \-]*")
_INFINITE = re.compile(r"(?<=[ \-])(inf|nan)(?= )")
_PRINTABLE = re.compile(r"[^\x00-\x08\x0b-\x1f\x7f]*")


class _Wrong(Exception):
    """What is wrong with the text, in words."""


def check_trees(text: str, features: int, place: Path, /) -> None:
    """Refuse a LightGBM model that LightGBM cannot be trusted with.

    Parameters
    ----------
    text : str
    features : int
        How many the model must have.
    place : pathlib.Path
        Named in the refusal.

    Raises
    ------
    DamagedModelError
        Naming the tree and what is wrong with it.
    """
    try:
        _check(text, features)
    except _Wrong as wrong:
        raise DamagedModelError(
            f"{place}: is damaged ({wrong}) and is not loaded; train again with `baton run`"
        ) from None


def _check(text: str, features: int, /) -> None:
    if not _PRINTABLE.fullmatch(text):
        raise _Wrong("it holds characters that no model has")
    start, end = text.find("Tree=0\n"), text.find("end of trees\n")
    if start < 0 or end < start or not text.rstrip().split("\n")[-1].startswith("pandas_categorical:"):
        raise _Wrong("it does not begin or end as a model does")
    sizes = _header(text[:start], features)
    body = text[start:end].encode()
    at = 0
    for number, size in enumerate(sizes):
        block = body[at : at + size].decode("utf-8", errors="replace")
        if size <= 0 or not block.startswith(f"Tree={number}\n") or block.count("Tree=") != 1:
            raise _Wrong(f"tree {number} is not where it should be")
        try:
            _tree(_fields(block), features)
        except _Wrong as wrong:
            raise _Wrong(f"tree {number}: {wrong}") from None
        at += size
    if body[at:].strip():
        raise _Wrong("there are more trees than are counted")


def _header(text: str, features: int, /) -> list[int]:
    lines = text.rstrip("\n").split("\n")
    found = dict(line.split("=", 1) for line in lines[1:] if "=" in line)
    if lines[0] != "tree" or not found.get("version", "").startswith("v"):
        raise _Wrong("it does not begin as a model does")
    if (found.get("num_class"), found.get("num_tree_per_iteration")) != ("1", "1"):
        raise _Wrong("it predicts more than one class")
    # without features LightGBM still counts one
    if _whole(found, "max_feature_idx")[0] + 1 not in {features, max(features, 1)}:
        raise _Wrong(f"it has {_whole(found, 'max_feature_idx')[0] + 1} features, the predictor {features}")
    count = len(found.get("feature_names", "").split())
    if count != _whole(found, "max_feature_idx")[0] + 1 or len(found.get("feature_infos", "").split()) != count:
        raise _Wrong("features are named more or less often than they are counted")
    sizes = [int(size) for size in _numbers(found, "tree_sizes", whole=True)]
    if not 0 < len(sizes) <= MAX_TREES:
        raise _Wrong(f"it has {len(sizes)} trees")
    return sizes


def _whole(fields: Mapping[str, str], name: str, /) -> list[int]:
    """Return a field that is one whole number, as a list of it."""
    values = _numbers(fields, name, whole=True)
    if len(values) != 1:
        raise _Wrong(f"{name} is no number")
    return [int(values[0])]


def _fields(block: str, /) -> dict[str, str]:
    fields: dict[str, str] = {}
    for line in block.split("\n")[1:]:
        if not line:
            continue
        name, sign, value = line.partition("=")
        if not sign or name not in _KNOWN or name in fields:
            raise _Wrong(f"a line {line[:40]!r}")
        fields[name] = value
    return fields


def _numbers(fields: Mapping[str, str], name: str, /, *, whole: bool) -> np.ndarray:
    value = fields.get(name)
    if value is None:
        raise _Wrong(f"{name} is missing")
    try:
        plain = _INFINITE.sub("0", f" {value} ") if name in _MAYBE_INFINITE else value
        if not _NUMBERS.fullmatch(plain):
            raise ValueError
        numbers = np.array(value.split(), dtype=np.float64)
    except ValueError:
        raise _Wrong(f"{name} holds more than numbers") from None
    if name == "threshold" and np.isnan(numbers).any():
        raise _Wrong("a threshold is no number")
    finite = name in _MAYBE_INFINITE or np.isfinite(numbers).all()
    if not finite or (whole and ((numbers != np.floor(numbers)) | (abs(numbers) >= 2**32)).any()):
        raise _Wrong(f"{name} holds a number that cannot be")
    return numbers


def _tree(fields: Mapping[str, str], features: int, /) -> None:
    leaves, categories = _whole(fields, "num_leaves")[0], _whole(fields, "num_cat")[0]
    if not 1 <= leaves <= MAX_LEAVES:
        raise _Wrong(f"it has {leaves} leaves")
    if _whole(fields, "is_linear")[0] != 0:
        raise _Wrong("it is linear, which no predictor here is")
    _numbers(fields, "shrinkage", whole=False)
    value = _numbers(fields, "leaf_value", whole=False)
    if len(value) != leaves or (abs(value) > MAX_VALUE).any():
        raise _Wrong("leaf_value is of another length than there are leaves, or beyond measure")
    if leaves == 1:
        return
    read = {name: _numbers(fields, name, whole=name in _WHOLE) for name in _SPLITS + _INSIDE + _LEAVES}
    for name, numbers in read.items():
        if len(numbers) != (leaves if name in _LEAVES else leaves - 1):
            raise _Wrong(f"{name} has {len(numbers)} numbers for {leaves} leaves")
    split = read["split_feature"]
    if (split < 0).any() or (split >= features).any():
        raise _Wrong("it splits on a feature that there is not")
    kinds = read["decision_type"]
    if (kinds < 0).any() or (kinds > 11).any():
        raise _Wrong("a decision of no known kind")
    _check_children(read, leaves)
    _check_categories(fields, read["threshold"][kinds.astype(np.int64) % 2 == 1], categories)


def _check_children(read: Mapping[str, np.ndarray], leaves: int, /) -> None:
    """Each node and each leaf must have one parent, and all be reached from the first."""
    left, right = read["left_child"].astype(np.int64), read["right_child"].astype(np.int64)
    children = np.concatenate([left, right])
    if (children < -leaves).any() or (children >= leaves - 1).any():
        raise _Wrong("a child that there is not")
    wanted = np.concatenate([np.arange(-leaves, 0), np.arange(1, leaves - 1)])
    if not np.array_equal(np.sort(children), wanted):
        raise _Wrong("a node with two parents, or with none")
    level, depth, reached = np.array([0]), 0, 0
    while len(level):
        reached, depth = reached + len(level), depth + 1
        if depth > MAX_DEPTH:
            raise _Wrong(f"it is deeper than {MAX_DEPTH}")
        below = np.concatenate([left[level], right[level]])
        level = below[below > 0]
    if reached != leaves - 1:
        raise _Wrong("its nodes go round in a circle")
    inside, outside = read["internal_count"], read["leaf_count"]
    counted = np.concatenate([outside[::-1], inside])  # a child -k stands k-th from the end of the leaves
    if (
        (inside < 1).any()
        or (outside < 0).any()
        or not np.array_equal(inside, counted[leaves + left] + counted[leaves + right])
    ):
        raise _Wrong("rows of its nodes do not add up")


def _check_categories(fields: Mapping[str, str], used: np.ndarray, categories: int, /) -> None:
    if categories == 0:
        if len(used):
            raise _Wrong("a choice among categories that are missing")
        return
    ends, bits = (_numbers(fields, name, whole=True) for name in _CATEGORIES)
    if len(ends) != categories + 1 or ends[0] != 0 or (np.diff(ends) <= 0).any() or ends[-1] != len(bits):
        raise _Wrong("sets of categories that do not fit their lengths")
    if (bits < 0).any() or (used < 0).any() or (used >= categories).any() or (used != np.floor(used)).any():
        raise _Wrong("a set of categories that there is not")
