"""The text models side by side, and what a user would take instead."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from baton.company import Text
from benchmarks.text_sets import TextTask
from features.texts.text_set import TextSet

__all__ = ["CHEAP", "CONTESTANTS", "Contestant", "Fitted"]

Probabilities = Callable[[Sequence[str]], np.ndarray]


@dataclass(frozen=True)
class Fitted:
    """What answers.

    Parameters
    ----------
    classes : tuple of str
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


def _tfidf(task: TextTask, train: TextSet, seed: int) -> Fitted:
    from models.texts.tfidf import TfidfModel

    model = TfidfModel.fit(train, seed)
    return Fitted(model.classes, model.probabilities)


def _encoder(task: TextTask, train: TextSet, seed: int) -> Fitted:
    from models.texts.encoder import EncoderModel

    model = EncoderModel.fit(train, seed, settings=Text(model="encoder"))
    return Fitted(model.classes, model.probabilities)


def _stacked(task: TextTask, train: TextSet, seed: int) -> Fitted:
    from models.texts.stacked import StackedModel

    model = StackedModel.fit(train, seed, settings=Text())
    return Fitted(model.classes, model.probabilities)


_FINETUNED: dict[tuple[str, int, str], Any] = {}


def _finetuned(task: TextTask, train: TextSet, seed: int) -> Any:
    """Fine-tune once per split, whoever asks; only the last is kept."""
    from models.texts.finetune import FinetunedModel

    key = (task.name, seed, str(hash(tuple(train.frame["text_id"]))))
    if key not in _FINETUNED:
        _FINETUNED.clear()
        _FINETUNED[key] = FinetunedModel.fit(train, seed)
    return _FINETUNED[key]


def _finetune(task: TextTask, train: TextSet, seed: int) -> Fitted:
    model = _finetuned(task, train, seed)
    return Fitted(model.classes, model.probabilities)


def _all_together(task: TextTask, train: TextSet, seed: int) -> Fitted:
    """Average the fine-tuned transformer, n-grams and frozen encoder; calibrate on texts that none has seen."""
    from models.texts.encoder import EncoderModel
    from models.texts.finetune import _PARTS
    from models.texts.learning import fold_numbers, lesson
    from models.texts.scores import ScoreScale
    from models.texts.stacked import aligned
    from models.texts.tfidf import TfidfModel

    fine = _finetuned(task, train, seed)
    learned = lesson(train)
    # the transformer kept these texts apart to stop in time; the others fitted without them make them unseen by all
    apart = fold_numbers(learned, _PARTS, seed) == 0
    kept, visible = learned.rows(apart), {learned.texts[row] for row in np.flatnonzero(~apart)}
    rest = train.rows(train.frame["text"].isin(visible).to_numpy())

    def cheap(texts: TextSet) -> tuple[Any, ...]:
        return TfidfModel.fit(texts, seed), EncoderModel.fit(texts, seed, settings=Text(model="encoder"))

    def mixed(members: Sequence[Any], texts: Sequence[str]) -> np.ndarray:
        found = [aligned(one.probabilities(texts), one.classes, learned.classes) for one in members]
        return np.mean([np.log(np.maximum(some, 1e-6)) for some in found], axis=0)

    scale = ScoreScale.fit(mixed((fine, *cheap(rest)), kept.texts), kept.target, shift=False, sureness=True)
    members = (fine, *cheap(train))
    return Fitted(learned.classes, lambda texts: scale.apply(mixed(members, texts)))


def _zero_shot(task: TextTask, train: TextSet, seed: int) -> Fitted:
    """Know the labels by their descriptions alone."""
    from models.texts.encoder import encoder_of
    from models.texts.zero_shot import ZeroShotModel

    model = ZeroShotModel.describe_labels(task.words, encoder_of(train, Text()))
    return Fitted(model.classes, model.probabilities)


def _described(task: TextTask, train: TextSet, seed: int) -> Fitted:
    """Know the labels by their descriptions, then learn from the labelled texts."""
    from models.texts.encoder import encoder_of
    from models.texts.zero_shot import ZeroShotModel

    model = ZeroShotModel.describe_labels(task.words, encoder_of(train, Text())).learn(train, seed)
    return Fitted(model.classes, model.probabilities)


CONTESTANTS: dict[str, Contestant] = {
    "majority": _majority,
    "sklearn TF-IDF + LR": _plain,
    "tfidf": _tfidf,
    "encoder": _encoder,
    "stacked": _stacked,
    "finetune": _finetune,
    "all together": _all_together,
    "zero_shot": _zero_shot,
    "described": _described,
}
CHEAP = ("majority", "sklearn TF-IDF + LR", "tfidf", "encoder", "stacked")
FEW = ("sklearn TF-IDF + LR", "tfidf", "encoder", "described")
