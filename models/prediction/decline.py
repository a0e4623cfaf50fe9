"""Where service is about to get worse: decline of employees, teams, stages and processes."""

from __future__ import annotations

from typing import ClassVar

from models.prediction.boosting import Recipe
from models.prediction.predictor import BoostedPredictor

__all__ = ["DeclinePredictor"]


class DeclinePredictor(BoostedPredictor):
    """Probability that a unit's next mean is worse than its own baseline by more than noise.

    All units of one outcome are pooled: single units have far too few periods of their own. Trees are smaller still
    than for churn, since rows are few; a penalised linear model takes their place where it costs less on held-out
    rows.
    """

    name: ClassVar[str] = "decline"
    kinds: ClassVar[frozenset[str]] = frozenset({"probability"})
    recipe: ClassVar[Recipe] = Recipe(
        leaves=5, learning_rate=0.03, max_trees=300, patience=40, linear_weights=(0.01, 0.1), linear_shares=(0.5, 1.0)
    )
