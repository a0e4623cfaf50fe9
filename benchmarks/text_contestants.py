"""The text models side by side, and what a user would take instead."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from baton.company import Text
from benchmarks.text_sets import TextTask
from features.text.text_set import TextSet

__all__ = ["CHEAP", "CONTESTANTS", "Contestant", "Fitted"]

Probabilities = Callable[[Sequence[str]], np.ndarray]


@dataclass(frozen=True)
class Fitted:
    """What answers.

    Parameters
    ----------
    classes : tuple of str
        In the order of the probabilities' columns.
    probabilities : callable
    """

    classes: tuple[str, ...]
    probabilities: Probabilities


Contestant = Callable[[TextTask, TextSet, int], Fitted]


def _majority(task: TextTask, train: TextSet, seed: int) -> Fitted:
    names, counts = np.unique(train.labels.astype(str), return_counts=True)
    return Fitted(tuple(names.tolist()), lambda texts: np.tile(counts / counts.sum(), (len(texts), 1)))


def _plain(task: TextTask, train: TextSet, seed: int) -> Fitted:
    """Fit what scikit-learn's guide shows: TF-IDF and a logistic regression, characters for Chinese."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    chinese = task.name == "hotline"
    counter: Any = (
        TfidfVectorizer(analyzer="char", ngram_range=(1, 3), min_df=2, sublinear_tf=True)
        if chinese
        else TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
    )
    model = make_pipeline(counter, LogisticRegression(C=10.0, class_weight="balanced", max_iter=1000))
    model.fit(train.texts, train.labels.astype(str))
    return Fitted(tuple(model.classes_.tolist()), lambda texts: model.predict_proba(list(texts)))


def _words_and_characters(task: TextTask, train: TextSet, seed: int) -> Fitted:
    """Fit the other pipeline that everybody writes: words and characters side by side, for any language."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline, make_union

    counters = make_union(TfidfVectorizer(ngram_range=(1, 2)), TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5)))
    model = make_pipeline(counters, LogisticRegression(C=1.0, class_weight="balanced", max_iter=1000))
    model.fit(train.texts, train.labels.astype(str))
    return Fitted(tuple(model.classes_.tolist()), lambda texts: model.predict_proba(list(texts)))


def _tfidf(task: TextTask, train: TextSet, seed: int) -> Fitted:
    from models.complaints.classifiers.tfidf import TfidfModel

    model = TfidfModel.fit(train, seed)
    return Fitted(model.classes, model.probabilities)


def _encoder(task: TextTask, train: TextSet, seed: int) -> Fitted:
    from models.complaints.classifiers.encoder import EncoderModel

    model = EncoderModel.fit(train, seed, settings=Text(model="encoder"))
    return Fitted(model.classes, model.probabilities)


def _stacked(task: TextTask, train: TextSet, seed: int) -> Fitted:
    from models.complaints.classifiers.stacked import StackedModel

    model = StackedModel.fit(train, seed, settings=Text())
    return Fitted(model.classes, model.probabilities)


def _finetune(task: TextTask, train: TextSet, seed: int) -> Fitted:
    from models.complaints.classifiers.finetune import FinetunedModel

    model = FinetunedModel.fit(train, seed)
    return Fitted(model.classes, model.probabilities)


def _zero_shot(task: TextTask, train: TextSet, seed: int) -> Fitted:
    """Know the labels by their descriptions alone."""
    from models.complaints.classifiers.encoder import encoder_of
    from models.complaints.classifiers.zero_shot import ZeroShotModel

    model = ZeroShotModel.describe_labels(task.words, encoder_of(train, Text()))
    return Fitted(model.classes, model.probabilities)


def _learned_zero_shot(task: TextTask, train: TextSet, seed: int) -> Fitted:
    """Know the labels by their descriptions, then learn from the labelled texts."""
    from models.complaints.classifiers.encoder import encoder_of
    from models.complaints.classifiers.zero_shot import ZeroShotModel

    model = ZeroShotModel.describe_labels(task.words, encoder_of(train, Text())).learn(train, seed)
    return Fitted(model.classes, model.probabilities)


CONTESTANTS: dict[str, Contestant] = {
    "majority": _majority,
    "sklearn TF-IDF + LR": _plain,
    "sklearn words + characters": _words_and_characters,
    "tfidf": _tfidf,
    "encoder": _encoder,
    "stacked": _stacked,
    "finetune": _finetune,
    "zero_shot": _zero_shot,
    "described": _learned_zero_shot,
}
CHEAP = ("majority", "sklearn TF-IDF + LR", "sklearn words + characters", "tfidf", "encoder", "stacked")
FEW = ("sklearn TF-IDF + LR", "tfidf", "encoder", "described")
