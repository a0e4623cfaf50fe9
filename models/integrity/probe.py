"""A few rows with the answers that a model gave when it was trained: what is loaded must give the same."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from baton.errors import DamagedModelError

__all__ = ["PROBE_FILE", "differs", "make_probe", "probe_rows", "read_probe"]

PROBE_FILE = "probe.json"
_ROWS = 16
_SEED = 20_240_229  # any: the rows are stored
_TOLERANCE = 1e-9  # relative: other processors round sums elsewhere


class _Answers(Protocol):
    def raw(self, matrix: np.ndarray, /, *, threads: int) -> np.ndarray: ...

    def contributions(self, matrix: np.ndarray, /, *, threads: int) -> np.ndarray: ...


def probe_rows(
    features: Sequence[str],
    categories: Mapping[str, Sequence[str]],
    ranges: Mapping[str, tuple[float, float]],
    medians: Mapping[str, float],
    /,
) -> np.ndarray:
    """Return rows within what training knew, some values missing.

    Returns
    -------
    numpy.ndarray, shape (16, features)
        As ``Encoding.matrix`` gives it.
    """
    generator = np.random.default_rng(_SEED)
    matrix = np.full((_ROWS, len(features)), np.nan)
    for place, name in enumerate(features):
        if name in categories and len(categories[name]):
            matrix[:, place] = generator.integers(0, len(categories[name]), _ROWS)
        elif name in ranges:
            low, high = ranges[name]
            part = generator.random(_ROWS)
            matrix[:, place] = low * (1 - part) + high * part
        missing = generator.random(_ROWS) < 0.2
        matrix[missing, place] = medians.get(name, np.nan)
    return matrix


def make_probe(model: _Answers, matrix: np.ndarray, /) -> dict[str, Any]:
    """Return rows and answers as JSON can say them: raw scores and contributions.

    Parameters
    ----------
    model
        As it will be read back.
    matrix : numpy.ndarray, shape (rows, features)
    """
    raw, contributions = _answers(model, matrix)
    rows = [[None if np.isnan(value) else float(value) for value in row] for row in matrix]
    return {"rows": rows, "raw": raw.tolist(), "contributions": contributions.tolist()}


def read_probe(text: str, place: Path, /) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return rows, raw scores and contributions from ``probe.json``.

    Raises
    ------
    DamagedModelError
        If it does not hold them.
    """
    try:
        described = json.loads(text)
        rows = np.array(described["rows"], dtype=np.float64)
        raw = np.array(described["raw"], dtype=np.float64)
        contributions = np.array(described["contributions"], dtype=np.float64)
    except (ValueError, TypeError, KeyError) as error:
        raise DamagedModelError(f"{place}: is damaged ({error}); `baton run` trains the model again") from None
    if rows.ndim != 2 or raw.shape != (len(rows),) or contributions.shape != (len(rows), rows.shape[1] + 1):
        raise DamagedModelError(f"{place}: is damaged (lengths differ); `baton run` trains the model again")
    return rows, raw, contributions


def differs(model: _Answers, probe: tuple[np.ndarray, np.ndarray, np.ndarray], /) -> str:
    """Return how a model's answers differ from the recorded ones; empty where they do not."""
    rows, *expected = probe
    for name, answered, known in zip(("scores", "contributions"), _answers(model, rows), expected, strict=True):
        if answered.shape != known.shape or not np.isfinite(answered).all():
            return f"its {name} are no numbers"
        off = np.abs(answered - known) > _TOLERANCE * np.maximum(1.0, np.abs(known))
        if off.any():
            at = np.argwhere(off)[0]
            return (
                f"its {name} differ from those of its training: {answered[tuple(at)]:.6g}, not {known[tuple(at)]:.6g}"
            )
    return ""


def _answers(model: _Answers, matrix: np.ndarray, /) -> tuple[np.ndarray, np.ndarray]:
    return model.raw(matrix, threads=1), model.contributions(matrix, threads=1)
