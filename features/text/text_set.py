"""Texts to learn from or to classify, as every text model takes them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from baton.messages.message import Message

__all__ = ["TextSet"]


@dataclass(frozen=True)
class TextSet:
    """Texts, and what is known about each.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per text: ``text_id`` (str), ``text`` (str: cleaned, personal data masked, never null), ``language``
        (str: ISO 639-1 code, ``und`` where unknown), ``mixed`` (bool: several languages), ``label`` (str, or
        None where unknown), ``weight`` (float 0..1: how sure the annotator was; 1 where nothing is said), ``at``
        (datetime, NaT where unknown), ``group`` (str: the same for texts that repeat each other, which no split parts).
    notes : tuple of Message
        What a reader of the results must know: spellings that were joined, labels seen once …
    """

    frame: pd.DataFrame
    notes: tuple[Message, ...] = field(default=())

    def __len__(self) -> int:
        return len(self.frame)

    @property
    def texts(self) -> list[str]:
        """The texts, in the frame's order."""
        return self.frame["text"].tolist()

    @property
    def labels(self) -> np.ndarray:
        """Labels (object array; None where unknown), in the frame's order."""
        return self.frame["label"].to_numpy(dtype=object)

    @property
    def weights(self) -> np.ndarray:
        """Weights (texts,), in the frame's order."""
        return self.frame["weight"].to_numpy(dtype=np.float64)

    @property
    def labelled(self) -> TextSet:
        """The texts whose label is known."""
        return self.rows(self.frame["label"].notna().to_numpy())

    def rows(self, which: np.ndarray, /) -> TextSet:
        """Return the texts at positions, or where a mask is true."""
        frame = self.frame[which] if which.dtype == bool else self.frame.iloc[which]
        return TextSet(frame.reset_index(drop=True), self.notes)
