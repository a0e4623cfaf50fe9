"""What every estimator gives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["DRAWS", "MAX_CORRELATION", "Estimate"]

Floats = NDArray[np.float64]

DRAWS = 400
"""Of the joint distribution of effects: their error moves the ends of an interval by a twentieth of its width."""
MAX_CORRELATION = 0.92
"""Levers whose true values go together more than that are not distinguished: one of them stands for both."""


@dataclass(frozen=True)
class Estimate:
    """Effects per case of one between-employee standard deviation better, all levers jointly.

    Parameters
    ----------
    method : str
    levers : tuple of str
        Ids of the KPIs, in the order of the columns.
    point : array of shape (levers,)
        NaN where this estimator has nothing to say.
    draws : array of shape (draws, levers)
        Joint draws around the point.
    spread : array of shape (levers,)
        Between-employee standard deviation of the true, case-mix-adjusted value, in the lever's own unit.
    freedom : float
        Degrees of freedom of the regression, for the robustness to a hidden confounder.
    """

    method: str
    levers: tuple[str, ...]
    point: Floats
    draws: Floats
    spread: Floats
    freedom: float

    @property
    def error(self) -> Floats:
        """Standard errors, from the draws."""
        return self.draws.std(axis=0, ddof=1)
