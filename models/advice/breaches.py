"""Limits of the policy that a card breaks, as values: words are made from them where people read."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Breach", "Broken"]


class Broken(StrEnum):
    """Which limit is broken, named as the company file's ``[policy]`` names it."""

    MAX_WEIGHT = "max_weight"
    MIN_WEIGHT = "min_weight"
    MIN_SHARE = "min_share"
    OUTCOME_MAX = "outcome_max"
    MAX_CHANGE = "max_change"
    FIXED = "fixed"
    GUARD = "guard"


@dataclass(frozen=True, order=True)
class Breach:
    """One limit that a card breaks.

    Parameters
    ----------
    part : str
        The perspective for ``min_share``; the KPIs that guard it, joined by a comma, for ``guard``; else empty.
    points : float
        By how many points the limit is broken; for ``guard`` the points that are raised without a guard.
    kpi : str
        The KPI that breaks it; empty for limits over several.

    Examples
    --------
    >>> str(Breach(Broken.MIN_SHARE, "customer", 5.0))
    'min_share.customer by 5'
    >>> str(Breach(Broken.MAX_WEIGHT, points=10.0, kpi="csat"))
    'max_weight by 10 (csat)'
    """

    limit: Broken
    part: str = ""
    points: float = 0.0
    kpi: str = ""

    def __str__(self) -> str:
        """Return the setting and by how much, for column ``limits`` of ``weights.parquet``; nothing reads it back."""
        place = f"{self.limit}.{self.part}" if self.part else str(self.limit)
        return f"{place} by {self.points:g}" + (f" ({self.kpi})" if self.kpi else "")
