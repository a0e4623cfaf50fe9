"""What moves the outcome that KPIs should serve, per case or customer, where there is no churn."""

from __future__ import annotations

from typing import ClassVar

from baton.outcomes import CASE_TABLE
from models.prediction.boosting import Recipe
from models.prediction.ladder.rungs import LADDER
from models.prediction.predictor import BoostedPredictor

__all__ = ["CaseOutcomePredictor"]


class CaseOutcomePredictor(BoostedPredictor):
    """Probability of a low rating, or the rating itself, from what was known when the case closed."""

    name: ClassVar[str] = CASE_TABLE
    kinds: ClassVar[frozenset[str]] = frozenset({"probability", "number"})
    recipe: ClassVar[Recipe] = LADDER
