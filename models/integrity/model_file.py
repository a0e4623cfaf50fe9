"""The file that holds what a predictor has learned: trees in LightGBM's text; a linear model, or both, as JSON."""

from __future__ import annotations

from pathlib import Path

__all__ = ["BLENDED_FILE", "LINEAR_FILE", "MODEL_FILES", "TREES_FILE", "model_file"]

TREES_FILE = "model.lgb"
LINEAR_FILE = "linear.json"
BLENDED_FILE = "blended.json"
MODEL_FILES = (TREES_FILE, LINEAR_FILE, BLENDED_FILE)


def model_file(folder: Path, /) -> Path:
    """Return the file of a folder's model; where there is none, that of trees, to be named as missing."""
    return next((folder / name for name in MODEL_FILES if (folder / name).exists()), folder / TREES_FILE)
