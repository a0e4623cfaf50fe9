"""What text models learn from: repeated texts counted once, labels that can be learned, folds that part no group."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from baton.errors import TooLittleDataError
from baton.messages.message import Message
from features.text.text_set import TextSet
from models.folds import group_folds

__all__ = ["TrainingSet", "training_set", "without_rare_labels"]

# a model per class and fold: beyond so many texts times classes, folds are left out
_MANY_SCORES = 200_000
# what is calibrated are five numbers
_ENOUGH_TO_CALIBRATE = 2_500


@dataclass(frozen=True)
class TrainingSet:
    """Different texts with their labels.

    Parameters
    ----------
    texts : list of str
    classes : tuple of str
        The labels that can be learned, sorted.
    target : numpy.ndarray of int, shape (texts,)
        Position of each text's label in ``classes``.
    weights : numpy.ndarray, shape (texts,)
        How often a text counts, by annotators' confidence and repetition; 1 on average.
    groups : numpy.ndarray of int, shape (texts,)
        What no split parts.
    """

    texts: list[str]
    classes: tuple[str, ...]
    target: np.ndarray
    weights: np.ndarray
    groups: np.ndarray

    def rows(self, which: np.ndarray, /) -> TrainingSet:
        """Return some of the texts, with the same classes."""
        where = np.flatnonzero(which) if which.dtype == bool else which
        texts = [self.texts[row] for row in where]
        return TrainingSet(texts, self.classes, self.target[where], self.weights[where], self.groups[where])

    def folds(self, number: int, seed: int, /) -> np.ndarray:
        """Return the fold of each text (texts,), of so many or, where there are fewer groups, fewer."""
        return group_folds(self.groups, self.target, number, seed, classes=True)

    def tested_folds(self, number: int, seed: int, /) -> tuple[np.ndarray, list[int]]:
        """Return the fold of each text, and which folds to hold out: all, or, with many texts and classes, enough.

        Parameters
        ----------
        number : int
            Of folds; fewer where there are fewer groups.

        Returns
        -------
        tuple of numpy.ndarray of int, shape (texts,), and list of int
            Held out one after the other, these leave 2,500 texts or more that a model has not seen; folds beyond
            that would cost as much again, and change a calibration by less than its noise.
        """
        fold = self.folds(number, seed)
        sizes = np.bincount(fold)
        if len(self.texts) * len(self.classes) <= _MANY_SCORES:
            return fold, list(range(len(sizes)))
        enough = int(np.searchsorted(np.cumsum(sizes), _ENOUGH_TO_CALIBRATE)) + 1
        return fold, list(range(min(enough, len(sizes))))

    @property
    def balance(self) -> np.ndarray:
        """Weights (classes,) that give every class the same sum."""
        total = np.bincount(self.target, weights=self.weights, minlength=len(self.classes))
        return np.where(total > 0, total.sum() / (len(self.classes) * np.maximum(total, 1e-12)), 0.0)


def without_rare_labels(frame: pd.DataFrame, /) -> tuple[pd.DataFrame, list[str]]:
    """Return the rows of a text set whose labels can be learned, and the labels of one text alone, which cannot.

    Raises
    ------
    TooLittleDataError
        If fewer than two labels are left.
    """
    frame = frame.loc[frame["label"].notna() & (frame["weight"] > 0)]
    per_label = frame.groupby("label")["text"].nunique()
    rare = sorted(per_label.index[per_label < 2])
    frame = frame.loc[~frame["label"].isin(rare)]
    left = frame["label"].nunique()
    if left < 2:
        raise TooLittleDataError(Message("not_learned.one_label" if left == 1 else "not_learned.no_label"))
    return frame, rare


def training_set(texts: TextSet, /) -> TrainingSet:
    """Return what can be learned from a set: labelled texts that count, each pair of text and label once.

    Raises
    ------
    TooLittleDataError
        If fewer than two labels are left.
    """
    frame = texts.frame
    frame = frame[frame["label"].notna() & (frame["weight"] > 0)]
    if frame["label"].nunique() < 2:
        there = tuple(repr(label) for label in frame["label"].unique()) or Message("not_learned.none")
        raise TooLittleDataError(Message("not_learned.few_labels", {"n": len(frame), "labels": there}))
    once = frame.groupby(["text", "label"], sort=True, as_index=False).agg(
        weight=("weight", "sum"), group=("group", "first")
    )
    weights = once["weight"].to_numpy(dtype=np.float64)
    classes = tuple(sorted(once["label"].unique()))
    of_label = {label: number for number, label in enumerate(classes)}
    groups = np.unique(once["group"].astype(str).to_numpy(dtype=object).astype(str), return_inverse=True)[1]
    return TrainingSet(
        once["text"].tolist(),
        classes,
        once["label"].map(of_label).to_numpy(dtype=np.int64),
        weights / weights.mean(),
        groups,
    )
