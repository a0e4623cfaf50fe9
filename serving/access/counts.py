"""Counts of people in answers, so rounded that one person more or less does not show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["coarse"]

_COUNTS_OF_PEOPLE = ("rises", "falls")  # columns of weights


def coarse(row: Mapping[str, Any], min_group: int, /) -> dict[str, Any]:
    """Return a row of a card whose counts of people are whole multiples of ``min_group``.

    Cards that differ by little move one person more or less across the median; who asked for many of them could find
    out by subtracting where that person stands.

    Examples
    --------
    >>> coarse({"kpi": "csat", "rises": 13.0, "falls": None}, 5)
    {'kpi': 'csat', 'rises': 10.0, 'falls': None}
    """
    counts = {
        name: float(row[name] // min_group * min_group) for name in _COUNTS_OF_PEOPLE if row.get(name) is not None
    }
    return {**row, **counts}
