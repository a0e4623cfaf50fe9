"""What every model of texts can do."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Protocol, Self

import numpy as np

from baton.company import Text
from baton.progress import Progress, silent
from features.texts.text_set import TextSet

__all__ = ["TextModel"]


class TextModel(Protocol):
    """Learns which label a text has, and says how probable each is.

    A class joins the shared checks by existing: a file in ``models/texts/`` with a class whose ``name`` is not empty.
    """

    name: ClassVar[str]
    classes: tuple[str, ...]

    @classmethod
    def fit(cls, texts: TextSet, seed: int, /, *, settings: Text | None = None, progress: Progress = silent) -> Self:
        """Learn from the labelled texts, each counting by its weight.

        Raises
        ------
        TooLittleDataError
            If fewer than two labels can be learned.
        """
        ...

    def probabilities(self, texts: Sequence[str], /) -> np.ndarray:
        """Return calibrated probabilities (texts, classes); rows sum to 1. Takes cleaned and masked texts."""
        ...

    def save(self, folder: Path, /) -> None:
        """Write the model as JSON, safetensors, NPZ without objects, or ONNX; never as a pickle."""
        ...

    @classmethod
    def load(cls, folder: Path, /) -> Self:
        """Read what ``save`` has written.

        Raises
        ------
        ArtefactError
            If a file is missing, damaged, or holds code.
        """
        ...
