"""KPIs that are judgements by what they are computed from: no data are needed to know that a rating reports."""

from __future__ import annotations

import re

from baton.catalogue.schema import Kpi

__all__ = ["is_judgement", "may_be_judgement"]

_COLUMNS = re.compile(r"\b(csat|nps|rated_at|quality_score)\b")
"""Columns of the tables in which a customer, or whoever listened, says afterwards how it was."""


def is_judgement(kpi: Kpi, /) -> bool:
    """Return whether a KPI is computed from what somebody said of a case afterwards.

    Examples
    --------
    >>> from baton.catalogue.schema import Kpi
    >>> text = {"en": "Low ratings", "zh": "低分"}
    >>> about = {"id": "low", "name": text, "layer": "role", "perspective": "customer", "better": "lower"}
    >>> is_judgement(Kpi(**about, source="cases", expr="csat <= 2", unit="share", role="lever"))
    True
    >>> is_judgement(Kpi(**about, source="cases", expr="reopened > 0", unit="share", role="lever"))
    False
    """
    return bool(_COLUMNS.search(kpi.expr or "")) or kpi.known_at == "rated_at"


def may_be_judgement(kpi: Kpi, /) -> bool:
    """Return whether a KPI could be somebody's judgement: points are given, shares and durations are counted."""
    return is_judgement(kpi) or kpi.unit == "points" or bool(kpi.scale)
