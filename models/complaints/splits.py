"""Which texts a text model is tested on: whole groups of repeated text, and later ones where there is time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.text.text_set import TextSet

__all__ = ["LaterTexts", "later_texts"]

_TEST_SHARE = 0.25
_MIN_DAYS = 60
_MIN_TESTED = 200
_MIN_TRAINED = 400


@dataclass(frozen=True)
class LaterTexts:
    """Texts split in time.

    Parameters
    ----------
    train, test : numpy.ndarray of bool, shape (texts,)
        A later text that repeats an earlier one is in neither.
    description : str
        The split in words.
    """

    train: np.ndarray
    test: np.ndarray
    description: str


def later_texts(texts: TextSet, /) -> LaterTexts | None:
    """Split labelled texts so that the model is tested on the last quarter.

    Parameters
    ----------
    texts : TextSet
        Labelled ones.

    Returns
    -------
    LaterTexts or None
        None if a time is missing, they lie within 60 days, or there are too few: then only cross-validation is left.
    """
    at = texts.frame["at"]
    if not len(at) or at.isna().any() or (at.max() - at.min()) < pd.Timedelta(days=_MIN_DAYS):
        return None
    since = at.quantile(1 - _TEST_SHARE)
    later = (at >= since).to_numpy()
    groups = texts.frame["group"].to_numpy(dtype=object)
    known = set(texts.frame["label"].to_numpy(dtype=object)[~later])
    repeats = np.isin(groups.astype(str), np.unique(groups[~later].astype(str)))
    test = later & ~repeats & np.array([label in known for label in texts.labels], dtype=bool)
    if test.sum() < _MIN_TESTED or (~later).sum() < _MIN_TRAINED:
        return None
    description = f"in time: tested on texts since {since:%Y-%m-%d} that repeat no earlier one"
    return LaterTexts(~later, test, description)
