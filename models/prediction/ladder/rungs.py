"""Trees of growing size, from the smallest that is tried up."""

from __future__ import annotations

from models.prediction.boosting import Recipe

__all__ = ["DEEP", "LADDER", "MEDIUM"]

MEDIUM = Recipe(leaves=31, learning_rate=0.1, patience=20)
"""For features that work together in threes and fours."""

DEEP = Recipe(leaves=63, learning_rate=0.1, l2=0.5, feature_fraction=0.8, leaf_rows=(2, 2), patience=20)
"""For outcomes that hardly depend on chance, and rows that nearly repeat each other: leaves of two rows."""

LADDER = Recipe(
    leaves=7,
    learning_rate=0.1,
    patience=20,
    larger=(MEDIUM, DEEP),
    linear_weights=(0.01, 0.1),
    linear_shares=(0.25, 0.5, 1.0),
    linear_beyond=True,
)
"""Small trees first."""
