"""What a whole card would bring over a cycle, by how people answer to points: assumed, or measured."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from baton.company import Policy
from baton.outcomes import WORTH
from models.advice.controllability.belief import Z_90
from models.advice.inputs import AdviceInputs
from models.advice.limits import NEARLY
from models.advice.target_card import TargetCard

__all__ = ["expected_effect", "expected_money", "moved_kpis"]

Floats = NDArray[np.float64]

_NOT_KNOWN = (float("nan"), float("nan"), float("nan"))


def moved_kpis(frame: pd.DataFrame, weights: Floats, /) -> list[str]:
    """Return the KPIs with a measured effect whose points a card changes.

    Parameters
    ----------
    frame : pandas.DataFrame
        Of ``TargetCard``.
    weights : array of shape (KPIs,)
        Points per row of it.
    """
    change = np.abs(np.nan_to_num(weights) - frame["current"].to_numpy(dtype=float)) > NEARLY
    return list(frame.loc[frame["measured"].to_numpy() & change, "kpi"])


def expected_effect(
    inputs: AdviceInputs, policy: Policy, target: TargetCard, weights: Floats, /
) -> tuple[float, float, float]:
    """Return the customers kept over one cycle by a whole card, under the stated response of people to points.

    Parameters
    ----------
    weights : array of shape (KPIs,)
        Points per row of ``target.frame``.

    Returns
    -------
    tuple of float
        Expected, low, high (90 %), against today's card; NaN where no effect on leaving is known.
    """
    return _brought(inputs, policy, target, weights) if inputs.outcome == "churn" else _NOT_KNOWN


def expected_money(
    inputs: AdviceInputs, policy: Policy, target: TargetCard, weights: Floats, /
) -> tuple[float, float, float]:
    """Return what a whole card is worth over one cycle, by the prices that the policy puts on outcomes.

    Returns
    -------
    tuple of float
        As ``expected_effect``, in money; NaN without prices, and where no customers at risk are known: effects are then
        of one case, and how many a card's people will have is not known.
    """
    if inputs.outcome != WORTH or not inputs.customers_at_risk:
        return _NOT_KNOWN
    return _brought(inputs, policy, target, weights)


def _brought(
    inputs: AdviceInputs, policy: Policy, target: TargetCard, weights: Floats, /
) -> tuple[float, float, float]:
    """What the customers at risk whom the card's people serve gain over one cycle, in the unit of the effects."""
    frame = target.frame
    if np.isnan(weights).any() or not target.known:
        return _NOT_KNOWN
    measured = frame["measured"].to_numpy()
    moved = (weights - frame["current"].to_numpy())[measured]
    can = frame.loc[measured, "controllable"].to_numpy(dtype=float)
    scale = inputs.customers_at_risk * target.share * policy.cycle_days / max(inputs.horizon_days, 1)
    chosen = list(frame.loc[measured, "kpi"])
    worth = inputs.helpful * frame.loc[measured, "effect"].to_numpy(dtype=float)
    worths = inputs.helpful * inputs.draws[chosen].to_numpy(dtype=float)
    rng = np.random.default_rng(len(worths))
    answers = rng.uniform(inputs.response_low, inputs.response_high, len(worths))[:, None] * can
    answer = inputs.response_per_point * can
    for at, kpi in enumerate(chosen):
        if kpi in inputs.piloted:
            tried = inputs.piloted[kpi]
            answer[at] = tried["response"]
            middle, error = (tried["low"] + tried["high"]) / 2, (tried["high"] - tried["low"]) / (2 * Z_90)
            answers[:, at] = rng.normal(middle, error, len(worths))
    low, high = np.quantile((worths * answers) @ moved, [0.05, 0.95]) * scale if len(worths) else (np.nan, np.nan)
    return float(worth @ (answer * moved) * scale), float(low), float(high)
