"""What follows from a pilot, by a rule that was stated before it began."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from models.pilots.inference import Measured

__all__ = ["Rule", "Verdict", "harmed", "verdict_of"]

Verdict = Literal["adopt", "extend", "stop"]


@dataclass(frozen=True)
class Rule:
    """Which effect counts.

    Parameters
    ----------
    better : int
        1 where more of the outcome is better, -1 where less is.
    worthwhile : float
        The smallest effect that would be worth having, in the outcome's unit, above 0.
    alpha : float
        Of guards, all together.
    """

    better: int
    worthwhile: float
    alpha: float = 0.1


def verdict_of(rule: Rule, outcome: Measured, guards: Mapping[str, tuple[int, Measured]], /) -> Verdict:
    """Return what follows from the outcome and the guards.

    Parameters
    ----------
    outcome : Measured
        The effect on what the pilot is judged by.
    guards : mapping of str to tuple of int and Measured
        By KPI which way is better, and what was measured.

    Returns
    -------
    {"adopt", "extend", "stop"}
        ``adopt``: the whole interval is better than nothing, and no guard was harmed. ``stop``: a guard was harmed, or
        the whole interval is worse than nothing or below what is worthwhile. Else ``extend``.
    """
    low, high = sorted((rule.better * outcome.low, rule.better * outcome.high))
    if harmed(rule, guards) or high < 0 or high < rule.worthwhile:
        return "stop"
    return "adopt" if low > 0 else "extend"


def harmed(rule: Rule, guards: Mapping[str, tuple[int, Measured]], /) -> list[str]:
    """Return the guards that became worse, by Holm's step-down over their p-values; sorted.

    Notes
    -----
    Source: Holm (1979), A simple sequentially rejective multiple test procedure, Scandinavian Journal of Statistics 6.
    """
    known = {kpi: each for kpi, each in guards.items() if np.isfinite(each[1].p_value)}
    order = sorted(known, key=lambda kpi: known[kpi][1].p_value)
    refused: list[str] = []
    for place, kpi in enumerate(order):
        if known[kpi][1].p_value > rule.alpha / (len(order) - place):
            break
        refused.append(kpi)
    return sorted(kpi for kpi in refused if known[kpi][0] * known[kpi][1].effect < 0)
