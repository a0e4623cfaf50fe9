"""What a predictor has learned, whatever kind of model it is: scores, what each feature adds to them, and its text."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Protocol

import numpy as np

from baton.errors import DamagedModelError
from models.integrity.manifest import Manifest
from models.integrity.model_file import BLENDED_FILE, LINEAR_FILE, TREES_FILE, model_file
from models.integrity.trees import check_trees
from models.prediction.linear import LinearModel

if TYPE_CHECKING:
    import lightgbm as lgb

__all__ = ["BlendedModel", "FittedModel", "TreeModel", "read_model"]


_FORMAT = 1  # of a blended model's file


class FittedModel(Protocol):
    """A model of log-odds, or of a number, over the encoded features."""

    file: ClassVar[str]
    """The file that ``text`` is kept in."""

    @property
    def trees(self) -> int:
        """How many trees it has; 0 where it is no ensemble of trees."""
        ...

    @property
    def text(self) -> str:
        """The model as it is kept, from which it can be read back."""
        ...

    def raw(self, matrix: np.ndarray, /, *, threads: int = 0) -> np.ndarray:
        """Return a score per row; ``threads`` 0: as many as there are cores."""
        ...

    def contributions(self, matrix: np.ndarray, /, *, threads: int = 0) -> np.ndarray:
        """Return exact SHAP values, shape (rows, features + 1), what a row is given before any feature last."""
        ...


@dataclass(frozen=True)
class TreeModel:
    """Boosted trees.

    Parameters
    ----------
    booster : lightgbm.Booster
    """

    file: ClassVar[str] = TREES_FILE

    booster: lgb.Booster = field(repr=False)

    @classmethod
    def read(cls, text: str, /) -> TreeModel:
        """Return the model of a text."""
        import lightgbm as lgb

        return cls(lgb.Booster(model_str=text))

    @property
    def trees(self) -> int:
        """How many trees it has."""
        return self.booster.num_trees()

    @property
    def text(self) -> str:
        """LightGBM's text."""
        return self.booster.model_to_string()

    def raw(self, matrix: np.ndarray, /, *, threads: int = 0) -> np.ndarray:
        """Return a score per row."""
        return np.asarray(self.booster.predict(matrix, raw_score=True, num_threads=threads), dtype=np.float64)

    def contributions(self, matrix: np.ndarray, /, *, threads: int = 0) -> np.ndarray:
        """Return exact TreeSHAP values.

        Source
        ------
        Lundberg et al. (2020), algorithm 2, in LightGBM's own implementation.
        """
        return np.asarray(self.booster.predict(matrix, pred_contrib=True, num_threads=threads), dtype=np.float64)


@dataclass(frozen=True)
class BlendedModel:
    """A weighted mean of the log-odds of boosted trees and of a linear model.

    Parameters
    ----------
    share : float
        Of the linear model, between 0 and 1.
    """

    file: ClassVar[str] = BLENDED_FILE

    boosted: TreeModel
    linear: LinearModel
    share: float

    @property
    def trees(self) -> int:
        """How many trees it has."""
        return self.boosted.trees

    @property
    def text(self) -> str:
        """Both models as JSON."""
        return json.dumps(
            {"format": _FORMAT, "share": self.share, "trees": self.boosted.text, "linear": self.linear.text}
        )

    def raw(self, matrix: np.ndarray, /, *, threads: int = 0) -> np.ndarray:
        """Return a score per row."""
        boosted = self.boosted.raw(matrix, threads=threads)
        return (1 - self.share) * boosted + self.share * self.linear.raw(matrix)

    def contributions(self, matrix: np.ndarray, /, *, threads: int = 0) -> np.ndarray:
        """Return exact SHAP values: the mean of both models' own, since Shapley values are linear in the model.

        Source
        ------
        Lundberg and Lee (2017), section 2: linearity of Shapley values.
        """
        boosted = self.boosted.contributions(matrix, threads=threads)
        return (1 - self.share) * boosted + self.share * self.linear.contributions(matrix)

    @classmethod
    def read(cls, text: str, features: int, place: Path, /) -> BlendedModel:
        """Read what ``text`` has given.

        Parameters
        ----------
        text : str
        features : int
            How many the model must have.
        place : pathlib.Path
            Named in the refusal.

        Raises
        ------
        DamagedModelError
            If it is no such model, or one of the two is damaged.
        """
        try:
            found = json.loads(text)
            if found["format"] != _FORMAT:
                raise ValueError(f"its format is {found['format']!r}")
            share, trees, linear = found["share"], found["trees"], found["linear"]
            if not isinstance(share, float) or not 0 <= share <= 1:
                raise ValueError("the linear model's share is none")
            if not isinstance(trees, str) or not isinstance(linear, str):
                raise ValueError("one of its two models is no text")
        except (ValueError, TypeError, KeyError) as error:
            raise DamagedModelError(
                f"{place}: is damaged ({error}) and is not loaded; train again with `baton run`"
            ) from None
        check_trees(trees, features, place)
        return cls(TreeModel.read(trees), LinearModel.read(linear, features, place), share)


def read_model(manifest: Manifest, features: int, /) -> FittedModel:
    """Return the model of a folder, once its text was found fit to be read.

    Parameters
    ----------
    manifest : Manifest
        Of the folder, verified.
    features : int
        How many the model must have.

    Raises
    ------
    DamagedModelError
        If there is none, or it is damaged.
    """
    place = model_file(manifest.folder)
    text = manifest.text(place.name)
    if place.name == LINEAR_FILE:
        return LinearModel.read(text, features, place)
    if place.name == BLENDED_FILE:
        return BlendedModel.read(text, features, place)
    check_trees(text, features, place)
    return TreeModel.read(text)
