"""What the evidence alone would pay on one card."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

__all__ = ["TargetCard"]


@dataclass(frozen=True)
class TargetCard:
    """What the evidence alone would pay on one card.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per KPI of the card and per candidate: kpi, current (0 for a candidate), on_card, fixed, measured,
        target, reach (the target among declared levers alone: where a card moves to), low, high, up, down
        (probabilities that it lies above, below today's points), heard (whether its owner's joint test is significant),
        first (whether it is so for a first move too), was, started_from, aimed, still, stands (what the advice before
        proposed: ``models.advice.stability.standing``), expert (its share as experts judge it; NaN: not judged),
        evidence_share (of the target; NaN where it has none),
        misaligned, direction, noise, reliability and the KPI's row of ``AdviceInputs.kpis``.
    known : bool
        Whether there is a card today.
    people : int
    share : float
        Of all cases.
    """

    frame: pd.DataFrame
    known: bool
    people: int
    share: float
