"""What a challenger must show before it takes the champion's place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from baton.retraining.settings import Gates
from models.prediction.metrics import drawn_groups, paired_differences, plain
from models.retraining.backtest import Compared, losses

__all__ = ["Gate", "agreement_gate", "as_json", "gates_of", "latency_gate"]

_MIN_ROWS, _MIN_UNITS, _MIN_EVENTS = 50, 20, 10
"""Segments and groups with fewer rows, units or events are not judged: their figures are noise."""
_MAX_LEVELS = 12
_REPLICATES = 1000
_LEVEL = 0.05


@dataclass(frozen=True)
class Gate:
    """One gate, and what the challenger has shown.

    Parameters
    ----------
    name : str
        As in ``[retraining.gates]``.
    passed : bool or None
        None where it says nothing about this outcome.
    value : float or None
        What is held against the limit.
    limit : float
    champion : float or None
        The same of the champion, where there is one.
    where : str
        The segment or the group's attribute where it is worst.
    """

    name: str
    passed: bool | None
    value: float | None
    limit: float
    champion: float | None = None
    where: str = ""


def gates_of(
    compared: Compared, gates: Gates, protected: Mapping[str, np.ndarray], /, *, features: list[str], seed: int
) -> list[Gate]:
    """Judge what can be judged on the compared rows: log loss, calibration, worst segment, fairness.

    Parameters
    ----------
    protected : mapping of str to numpy.ndarray
        Per attribute the group of each compared row, empty where unknown.
    features : list of str
        Those whose categories are segments; fairness is judged between them too.
    """
    return [
        _log_loss(compared, gates.log_loss, seed),
        _calibration(compared, gates.calibration),
        _worst_segment(compared, gates.worst_segment, features, seed),
        _fairness(compared, gates.fairness, {**_categories(compared, features), **protected}, seed),
    ]


def latency_gate(milliseconds: float, champion: float, limit: float, /) -> Gate:
    """Judge what one row takes."""
    return Gate("latency_ms", milliseconds <= limit, milliseconds, limit, champion)


def agreement_gate(share: float | None, limit: float, /) -> Gate:
    """Judge the share of cards' rows that both models see alike; None: there is no row to compare."""
    return Gate("agreement", None if share is None else share >= limit, share, limit)


def as_json(gate: Gate, /) -> dict[str, Any]:
    """Return a gate for a report."""
    return plain(asdict(gate))


def _log_loss(compared: Compared, limit: float, seed: int, /) -> Gate:
    old, new = losses(compared, compared.champion), losses(compared, compared.challenger)
    group = compared.group
    if int(group.max()) + 1 < _MIN_UNITS:
        return Gate("log_loss", False, None, limit)
    high = paired_differences(new, {"champion": old}, group, seed=seed, replicates=_REPLICATES)["champion"]["high"]
    worse = high / max(float(old.mean()), 1e-12)
    return Gate("log_loss", worse <= limit, worse, limit)


def _calibration(compared: Compared, limit: float, /) -> Gate:
    if compared.kind == "number":
        return Gate("calibration", None, None, limit)
    figures = compared.figures()
    old, new = figures["champion"]["ece"], figures["challenger"]["ece"]
    return Gate("calibration", new - old <= limit, new, limit, old)


def _worst_segment(compared: Compared, limit: float, features: list[str], seed: int, /) -> Gate:
    parts = _segments(compared, features)
    if not parts:
        return Gate("worst_segment", None, None, limit)
    old, new = losses(compared, compared.champion), losses(compared, compared.challenger)
    columns = [column for mask in parts.values() for column in ((new - old) * mask, old * mask)]
    sums = np.array([column.sum() for column in columns]).reshape(-1, 2)
    drawn = _resampled(np.column_stack(columns), compared.group, seed).reshape(_REPLICATES, -1, 2)
    shares = drawn[:, :, 0] / np.maximum(drawn[:, :, 1], 1e-12)
    low = np.percentile(shares, 100 * _LEVEL / (2 * len(parts)), axis=0)
    share = sums[:, 0] / np.maximum(sums[:, 1], 1e-12)
    failing = (share > limit) & (low > 0)
    worst = int(np.argmax(np.where(failing, 1e6, 0) + share))
    return Gate("worst_segment", not failing.any(), float(share[worst]), limit, where=list(parts)[worst])


def _fairness(compared: Compared, limit: float, protected: Mapping[str, np.ndarray], seed: int, /) -> Gate:
    groups = {
        (attribute, level): mask
        for attribute, values in protected.items()
        for level in sorted({str(value) for value in values if value})
        if _judged(compared, mask := values == level)
    }
    if len(groups) < 2:
        return Gate("fairness", None, None, limit)
    label, scale = compared.label, 1.0 if compared.kind == "probability" else max(float(compared.label.std()), 1e-12)
    masks = np.column_stack([mask.astype(float) for mask in groups.values()])
    new, old = (compared.challenger - label) / scale, (compared.champion - label) / scale
    rows = masks.sum(axis=0)
    gap, before = (new @ masks) / rows - new.mean(), (old @ masks) / rows - old.mean()
    stacked = np.column_stack([new[:, None] * masks, masks, new, np.ones(len(new))])
    drawn, n = _resampled(stacked, compared.group, seed), len(groups)
    gaps = drawn[:, :n] / np.maximum(drawn[:, n : 2 * n], 1e-12) - (drawn[:, 2 * n] / drawn[:, 2 * n + 1])[:, None]
    tail = 100 * _LEVEL / (2 * n)
    low, high = np.percentile(gaps, [tail, 100 - tail], axis=0)
    failing = (np.abs(gap) > limit) & ((low > 0) | (high < 0)) & (np.abs(gap) > np.abs(before))
    worst = int(np.argmax(np.where(failing, 1e6, 0) + np.abs(gap)))
    # the attribute is named and the group is not: a small group's people could be found by it
    attribute = list(groups)[worst][0]
    return Gate("fairness", not failing.any(), float(abs(gap[worst])), limit, float(abs(before[worst])), attribute)


def _segments(compared: Compared, features: list[str], /) -> dict[str, np.ndarray]:
    found = {}
    for name, values in _categories(compared, features).items():
        for level in sorted({value for value in values if value}):
            if _judged(compared, mask := values == level):
                found[f"{name} = {level}"] = mask
    return found


def _categories(compared: Compared, features: list[str], /) -> dict[str, np.ndarray]:
    """Return the values of each categorical feature with few of them; empty text where there is none."""
    found = {}
    for name in features:
        column = compared.rows[name]
        if not pd.api.types.is_numeric_dtype(column) and 2 <= column.nunique() <= _MAX_LEVELS:
            found[name] = np.array([str(value) if pd.notna(value) else "" for value in column])
    return found


def _judged(compared: Compared, mask: np.ndarray, /) -> bool:
    if mask.sum() < _MIN_ROWS or len(np.unique(compared.group[mask])) < _MIN_UNITS:
        return False
    if compared.kind == "number":
        return True
    events = int((compared.label[mask] > 0).sum())
    return min(events, int(mask.sum()) - events) >= _MIN_EVENTS


def _resampled(values: np.ndarray, group: np.ndarray, seed: int, /) -> np.ndarray:
    """Return column sums over draws of whole groups with replacement, shape (draws, columns)."""
    number = int(group.max()) + 1
    sums = np.column_stack([np.bincount(group, weights=column, minlength=number) for column in values.T])
    return np.array([counts @ sums for counts in drawn_groups(number, seed, _REPLICATES)])
