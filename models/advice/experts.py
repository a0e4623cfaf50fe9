"""Experts' judgements and evidence in one target, each by how much it knows."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["blended"]

Floats = NDArray[np.float64]

_SEED = 1980


def blended(shares: Floats, levers: pd.DataFrame, doubt: float) -> tuple[Floats, Floats]:
    """Blend what evidence would pay with what experts judge, KPI by KPI.

    Both are normal beliefs about the share that a KPI should have: the draws' mean and variance, and the experts' share
    with a standard deviation of ``doubt`` times itself. Evidence has the say in proportion to its precision, and none
    where the effect is not measured, was refuted, or its owner's joint test is not significant. Draws of the blend have
    the mean and the variance of the belief that follows.

    Parameters
    ----------
    shares : array of shape (1 + draws, KPIs)
        Of evidence: the point estimate, then the draws.
    levers : pandas.DataFrame
        Of ``TargetCard``: measured, heard, refuted, expert (NaN: not judged).
    doubt : float
        Standard deviation of an expert share, as a share of it.

    Returns
    -------
    array of shape (1 + draws, KPIs)
        Each row sums to 1 where anything is paid.
    array of shape (KPIs,)
        How much of the say evidence has, 0 to 1; 1 for what experts have not judged.
    """
    expert = levers["expert"].to_numpy(dtype=float)
    judged = ~np.isnan(expert)
    if not judged.any():
        return shares, np.where(levers["measured"], 1.0, np.nan)
    evident = (levers["measured"] & levers["heard"] & ~levers["refuted"].eq(True)).to_numpy(dtype=bool)
    spread = doubt * np.where(judged, expert, 0.0)
    variance = shares[1:].var(axis=0)
    # for what is not judged there is nothing but evidence
    sure = np.where(judged, spread**2, 1.0)
    say = np.where(evident, np.where(judged, sure / (sure + variance), 1.0), 0.0)
    belief = np.random.default_rng(_SEED).standard_normal((len(shares), len(expert)))
    belief[0] = 0.0
    judgement = np.where(judged, expert + spread * belief, 0.0)
    mixed = np.clip(say * shares + (1.0 - say) * judgement, 0.0, None)
    total = mixed.sum(axis=1, keepdims=True)
    return np.divide(mixed, total, out=np.zeros_like(mixed), where=total > 0), say
