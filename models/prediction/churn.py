"""Who is about to leave: churn of single customers."""

from __future__ import annotations

from typing import ClassVar

from models.prediction.boosting import Recipe
from models.prediction.ladder.rungs import LADDER
from models.prediction.predictor import BoostedPredictor

__all__ = ["ChurnPredictor"]


class ChurnPredictor(BoostedPredictor):
    """Probability that a customer at risk leaves within the horizon.

    Log-odds ``f(x) = b + Σ trees(x)`` from snapshots that saw only the past, then a monotone calibration.
    """

    name: ClassVar[str] = "churn"
    kinds: ClassVar[frozenset[str]] = frozenset({"probability"})
    recipe: ClassVar[Recipe] = LADDER
