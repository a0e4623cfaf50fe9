"""The learning curve: how many labelled texts are enough; beyond that, more cost time and gain nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.sparse import vstack

from baton.messages.message import Message
from features.text.text_set import TextSet

__all__ = ["enough_texts"]

_MIN_GROUPS = 2000
_HELD_OUT = 1500
_MANY = 16_000
_GAIN = 0.02
_MIN_OF_A_LABEL = 60
_MIN_TESTED = 20


def enough_texts(texts: TextSet, seed: int, /) -> tuple[TextSet, Message | None]:
    """Return as many groups of labelled texts as teach something, and a note if some are left out.

    A plain linear model of hashed n-grams learns from 2,000 groups, then from twice as many, and so on, and is tested
    on 1,500 held out; where four times as many gain less than two points of macro-F1 (of the common labels), the
    smaller number is enough: one doubling is too noisy a test. Below 9,500 groups all are taken. What is left out is
    answered like any text that was not learned from.

    Parameters
    ----------
    texts : TextSet
        Labelled texts.

    Returns
    -------
    tuple of TextSet and (Message or None)

    Source
    ------
    Progressive sampling (Provost, Jensen & Oates 1999).
    """
    groups, of_row = np.unique(texts.frame["group"].astype("str").to_numpy(dtype=str), return_inverse=True)
    if len(groups) < 4 * _MIN_GROUPS + _HELD_OUT:
        return texts, None
    place = np.random.default_rng(seed).permutation(len(groups))[of_row]
    labels = texts.labels.astype(str)
    # one row of each group, in the order of the draw, stands for the group
    first = np.unique(of_row, return_index=True)[1]
    first = first[np.argsort(place[first])]
    written = texts.texts
    drawn, drawn_labels = [written[row] for row in first], labels[first]
    test = _hashed(drawn[:_HELD_OUT])
    hashed, size, scores = _hashed(drawn[_HELD_OUT : _HELD_OUT + _MIN_GROUPS]), _MIN_GROUPS, [-1.0, -1.0]
    while True:
        scores.append(_macro_f1(hashed, drawn_labels[_HELD_OUT : _HELD_OUT + size], test, drawn_labels[:_HELD_OUT]))
        if scores[-1] - scores[-3] < _GAIN:
            size //= 4
            break
        if 2 * size + _HELD_OUT >= len(groups) or size >= _MANY:
            return texts, None
        hashed = vstack([hashed, _hashed(drawn[_HELD_OUT + size : _HELD_OUT + 2 * size])])
        size *= 2
    rare = np.zeros(len(texts), bool)
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        rare[rows[np.argsort(place[rows], kind="stable")][:_MIN_OF_A_LABEL]] = True
    kept = np.isin(of_row, np.unique(of_row[((place >= _HELD_OUT) & (place < size + _HELD_OUT)) | rare]))
    learned = len(np.unique(of_row[kept]))
    return texts.rows(kept), Message("root_cause.enough_texts", {"kept": learned, "texts": len(groups)})


def _hashed(texts: Sequence[str], /) -> Any:
    from sklearn.feature_extraction.text import HashingVectorizer

    return HashingVectorizer(analyzer="char_wb", ngram_range=(2, 4), n_features=2**17).transform(texts)


def _macro_f1(known: Any, labels: np.ndarray, asked: Any, truth: np.ndarray, /) -> float:
    from sklearn.metrics import f1_score
    from sklearn.svm import LinearSVC

    model = LinearSVC(class_weight="balanced").fit(known, labels)
    names, counts = np.unique(truth, return_counts=True)
    # a label of a few tested texts would move the mean by luck
    common = names[counts >= min(_MIN_TESTED, counts.max())]
    return float(f1_score(truth, model.predict(asked), labels=common, average="macro", zero_division=0.0))
