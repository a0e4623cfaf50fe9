"""A card tried on people who answer to it, against today's, by draws of answers and effects together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.advice.inputs import AdviceInputs
from models.advice.stress.answer import answers, draw
from models.advice.stress.response import Response, shipped

__all__ = ["DRAWS", "losing_share"]

Floats = NDArray[np.float64]

DRAWS = 1000
"""At 5 % losing, the share is known to 0.7 points."""
_NOTHING = 1e-12


def losing_share(
    inputs: AdviceInputs, frame: pd.DataFrame, cards: Sequence[Floats], response: Response | None = None
) -> float:
    """Return in how many of the draws customers are worse off than under today's card.

    Parameters
    ----------
    frame : pandas.DataFrame
        Of ``TargetCard``.
    cards : sequence of array, each of shape (KPIs,)
        Points per row of the frame, such as those of the first and the last cycle; the worst of them counts.
    response : Response, optional
        The prior that ships, if None; where past changes of cards were measured, their range stands in it.

    Returns
    -------
    float
        0 to 1; NaN where no effect of any KPI is known, or nothing to compare with.
    """
    known = frame["heard"] & frame["kpi"].isin(inputs.draws.columns)
    before = frame["current"].to_numpy(dtype=float)
    if not known.any() or not len(inputs.draws) or before.sum() <= 0 or any(np.isnan(card).any() for card in cards):
        return float("nan")
    before = before * (100.0 / before.sum())
    prior = shipped() if response is None else response
    if inputs.response_measured:
        prior = replace(prior, sd_per_point=(inputs.response_low, inputs.response_high))
    rng = np.random.default_rng([len(frame), prior.version])
    value = _values(inputs, frame, rng)
    drawn = draw(frame, prior, DRAWS, rng)
    losing = [
        float(((answers(frame, before, card, drawn, prior.shown_by) * value).sum(axis=1) < -_NOTHING).mean())
        for card in cards
    ]
    return max(losing, default=float("nan"))


def _values(inputs: AdviceInputs, frame: pd.DataFrame, rng: np.random.Generator, /) -> Floats:
    """What one standard deviation better of each KPI is worth, per draw: shape (draws, KPIs)."""
    value = np.zeros((DRAWS, len(frame)))
    chosen = rng.permutation(np.arange(DRAWS) % len(inputs.draws))
    sizes = []
    lever = (frame["role"] == "lever").to_numpy()
    known = lever & (frame["heard"] & frame["kpi"].isin(inputs.draws.columns)).to_numpy()
    for at in np.flatnonzero(known):
        value[:, at] = inputs.helpful * inputs.draws[frame["kpi"].iloc[at]].to_numpy(dtype=float)[chosen]
        sizes.append(value[:, at].mean())
    # a lever whose effect is not known may help or harm as much as the known ones do; experts judge that it helps
    size = float(np.sqrt(np.mean(np.square(sizes)))) if sizes else 0.0
    unknown = lever & ~known
    drawn = size * rng.standard_normal((DRAWS, int(unknown.sum())))
    value[:, unknown] = np.where(frame["expert"].notna().to_numpy()[unknown], np.abs(drawn), drawn)
    return value
