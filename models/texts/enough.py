"""How many labelled texts are enough: beyond what tells no better, more texts cost time and teach nothing."""

from __future__ import annotations

import numpy as np

from features.texts.text_set import TextSet

__all__ = ["enough"]

_FEWEST = 2000
_APART = 1500
_GAIN = 0.01
_FEWEST_OF_A_LABEL = 60


def enough(texts: TextSet, seed: int, /) -> tuple[TextSet, str | None]:
    """Return as many groups of labelled texts as teach something, and a note if some are left out.

    A plain linear model of hashed n-grams learns from 2,000 groups, then from twice as many, and so on, and is tested
    on 1,500 kept apart; where doubling gains less than a point of macro-F1, the smaller number is enough. What is
    left out is answered like any text that was not learned from.

    Parameters
    ----------
    texts : TextSet
        Labelled texts.
    seed : int

    Returns
    -------
    tuple of TextSet and (str or None)

    Source
    ------
    Progressive sampling (Provost, Jensen & Oates 1999).
    """
    groups, of_row = np.unique(texts.frame["group"].astype("str").to_numpy(dtype=str), return_inverse=True)
    if len(groups) < 2 * _FEWEST + _APART:
        return texts, None
    place = np.random.default_rng(seed).permutation(len(groups))[of_row]
    labels = texts.labels.astype(str)
    # one row of each group tells what the group is about
    first = np.zeros(len(texts), bool)
    first[np.unique(of_row, return_index=True)[1]] = True
    hashed = _hashed(texts, first)
    ranked, said = place[first], labels[first]
    test, size, before = ranked < _APART, _FEWEST, None
    while size + _APART < len(groups):
        learned = (ranked >= _APART) & (ranked < _APART + size)
        now = _macro_f1(hashed[learned], said[learned], hashed[test], said[test])
        if before is not None and now - before < _GAIN:
            size //= 2
            break
        before, size = now, 2 * size
    else:
        return texts, None
    rare = np.zeros(len(texts), bool)
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        rare[rows[np.argsort(place[rows], kind="stable")][:_FEWEST_OF_A_LABEL]] = True
    kept = np.isin(of_row, np.unique(of_row[((place >= _APART) & (place < size + _APART)) | rare]))
    learned = len(np.unique(of_row[kept]))
    note = f"root causes: learned from {learned:,} of {len(groups):,} different labelled texts; more told no better"
    return texts.rows(kept), note


def _hashed(texts: TextSet, which: np.ndarray, /) -> object:
    from sklearn.feature_extraction.text import HashingVectorizer

    said = [text for text, one in zip(texts.texts, which, strict=True) if one]
    return HashingVectorizer(analyzer="char_wb", ngram_range=(2, 4), n_features=2**17).transform(said)


def _macro_f1(known: object, labels: np.ndarray, asked: object, truth: np.ndarray, /) -> float:
    from sklearn.metrics import f1_score
    from sklearn.svm import LinearSVC

    model = LinearSVC(class_weight="balanced").fit(known, labels)
    return float(f1_score(truth, model.predict(asked), average="macro", zero_division=0.0))
