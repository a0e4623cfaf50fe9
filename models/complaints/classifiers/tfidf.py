"""Word and character n-grams with a linear model: any language, seconds to train, the floor that others must beat."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from baton.company import Text
from baton.errors import ArtefactError
from baton.files import read_json, write_json
from baton.progress import Progress, silent
from features.text.text_set import TextSet
from models.complaints.calibration import ScoreScale
from models.complaints.classifiers.linear_scores import Average, Scores, by_logistic, by_margin
from models.complaints.classifiers.model_files import (
    ARRAYS_FILE,
    field_of,
    read_arrays,
    read_model_file,
    scale_from_json,
    scale_to_json,
    write_arrays,
    write_model_file,
)
from models.complaints.classifiers.ngrams import View, learn_views, stacked
from models.complaints.training_set import TrainingSet, training_set

__all__ = ["TfidfModel"]

_TERMS_FILE = "terms.json"
_FOLDS = 4
# long texts say much beside what they are about
_STRENGTH, _STRENGTH_OF_LONG = 0.1, 0.5
_NEARLY_ALWAYS_RIGHT = 0.97
_ENOUGH_SCORED = 0.5


@dataclass(frozen=True)
class _Unseen:
    """Scores of texts by learners that had not seen them: what an average and its calibration are fitted on.

    Parameters
    ----------
    held : TrainingSet
        The texts.
    first, second : numpy.ndarray, shape (texts, classes)
        Of each learner; the second is None where it was not asked.
    """

    held: TrainingSet
    first: np.ndarray
    second: np.ndarray | None

    def of_part(self, learned: TrainingSet, /) -> _Unseen | None:
        """Return the scores of those texts that another set holds too; None where these are too few."""
        place = {pair: row for row, pair in enumerate(_labelled(self.held))}
        found = np.array([place.get(pair, -1) for pair in _labelled(learned)], dtype=np.int64)
        column = {name: number for number, name in enumerate(self.held.classes)}
        rows = found[found >= 0]
        enough = _ENOUGH_SCORED * min(len(self.held.texts), len(learned.texts))
        if len(rows) < enough or not set(learned.classes) <= set(column):
            return None
        at = np.ix_(rows, np.array([column[name] for name in learned.classes]))
        return _Unseen(learned.rows(found >= 0), self.first[at], None if self.second is None else self.second[at])


def _labelled(some: TrainingSet, /) -> list[tuple[str, str]]:
    return [(text, some.classes[number]) for text, number in zip(some.texts, some.target, strict=True)]


@dataclass(frozen=True)
class TfidfModel:
    """N-grams of words and characters, one linear score per class, calibrated on texts it did not learn from.

    Parameters
    ----------
    classes : tuple of str
        In the order of the probabilities' columns.
    views : tuple of View
    coefficients : numpy.ndarray, shape (classes, terms of all views)
    intercepts : numpy.ndarray, shape (classes,)
    unseen : optional
        What calibrated it, for models of parts of its texts; never saved.
    """

    name: ClassVar[str] = "tfidf"

    classes: tuple[str, ...]
    views: tuple[View, ...]
    coefficients: np.ndarray
    intercepts: np.ndarray
    scale: ScoreScale
    unseen: _Unseen | None = field(default=None, compare=False, repr=False)

    @classmethod
    def fit(cls, texts: TextSet, seed: int, /, *, settings: Text | None = None, progress: Progress = silent) -> Self:
        """Learn from the labelled texts, each counting by its weight.

        Raises
        ------
        TooLittleDataError
            If fewer than two labels can be learned.
        """
        learned = training_set(texts)
        # which terms there are is learned without labels, so once for all folds
        views, matrix = learn_views(learned.texts)
        unseen = _unseen(matrix, learned, _strength(views), seed, progress)
        return cls._fitted(learned, views, matrix, unseen, seed)

    def refit(self, texts: TextSet, seed: int, /) -> Self:
        """Learn from a part of the texts that this model learned from, in a fifth of the time.

        The part's average and calibration are fitted on the part's texts, scored by learners that had not seen them:
        those of this model's own folds, which saw texts beside the part. No label beside the part is fitted on.

        Parameters
        ----------
        texts : TextSet
            Where these are others than the model's own, ``fit`` learns from them.
        """
        learned = training_set(texts)
        unseen = None if self.unseen is None else self.unseen.of_part(learned)
        if unseen is None:
            return type(self).fit(texts, seed)
        return self._fitted(learned, *learn_views(learned.texts), unseen, seed)

    @classmethod
    def _fitted(cls, learned: TrainingSet, views: tuple[View, ...], matrix: Any, unseen: _Unseen, seed: int, /) -> Self:
        average = Average.fit(unseen.first, unseen.second, unseen.held.target)
        first = by_margin(matrix, learned, _strength(views), seed)
        model = average.of(first, by_logistic(matrix, learned, seed) if average.second > 0 else None)
        coefficients = model.coefficients.astype(np.float32)
        return cls(learned.classes, views, coefficients, model.intercepts, average.scale, unseen)

    def scores(self, texts: Sequence[str], /) -> np.ndarray:
        """Return log-odds of each class against the rest (texts, classes), before calibration."""
        if not len(texts):
            return np.zeros((0, len(self.classes)))
        return self._scores(stacked(self.views, texts))

    def probabilities(self, texts: Sequence[str], /) -> np.ndarray:
        """Return calibrated probabilities (texts, classes); rows sum to 1. Takes cleaned and masked texts."""
        if not len(texts):
            return np.zeros((0, len(self.classes)))
        matrix = stacked(self.views, texts)
        # a text without a single known term says nothing: the intercepts are those of texts that say something
        known = np.diff(matrix.indptr) > 0
        return np.where(known[:, None], self.scale.apply(self._scores(matrix)), 1.0 / len(self.classes))

    def _scores(self, matrix: Any, /) -> np.ndarray:
        return matrix @ self.coefficients.T + self.intercepts

    def save(self, folder: Path, /) -> None:
        """Write the model as JSON and NPZ."""
        views = [
            {"analyzer": view.analyzer, "shortest": view.shortest, "longest": view.longest, "start": view.start}
            for view in self.views
        ]
        write_model_file(folder, self.name, self.classes, {"views": views, **scale_to_json(self.scale)})
        write_json(folder / _TERMS_FILE, [list(view.terms) for view in self.views])
        frequencies = [np.zeros(0) if view.inverse_frequency is None else view.inverse_frequency for view in self.views]
        arrays = {
            "coefficients": self.coefficients,
            "intercepts": self.intercepts,
            "inverse_frequencies": np.concatenate(frequencies),
            "shift": self.scale.shift,
        }
        write_arrays(folder / ARRAYS_FILE, arrays)

    @classmethod
    def load(cls, folder: Path, /) -> Self:
        """Read what ``save`` has written.

        Raises
        ------
        ArtefactError
            If a file is missing, damaged, or holds code.
        """
        what = read_model_file(folder, cls.name)
        terms = read_json(folder / _TERMS_FILE)
        described = field_of(what, "views", folder)
        if not isinstance(terms, list) or len(terms) != len(described):
            raise ArtefactError(f"{folder / _TERMS_FILE}: does not fit the model; train again with `baton run`")
        classes, count = tuple(what["classes"]), sum(len(some) for some in terms)
        shapes = {
            "coefficients": (len(classes), count),
            "intercepts": (len(classes),),
            "inverse_frequencies": (count,),
            "shift": (len(classes),),
        }
        arrays = read_arrays(folder / ARRAYS_FILE, shapes)
        ends = np.cumsum([len(some) for some in terms])[:-1]
        frequencies = np.split(arrays["inverse_frequencies"], ends)
        try:
            views = tuple(
                View(**about, terms=tuple(some), inverse_frequency=frequency)
                for about, some, frequency in zip(described, terms, frequencies, strict=True)
            )
            scale = scale_from_json(what, arrays["shift"], folder)
        except (TypeError, ValueError) as error:
            raise ArtefactError(f"{folder}: the model's description does not fit ({error}); train again") from error
        return cls(classes, views, arrays["coefficients"], arrays["intercepts"], scale)


def _strength(views: Sequence[View], /) -> float:
    return _STRENGTH_OF_LONG if any(view.start for view in views) else _STRENGTH


def _unseen(matrix: Any, learned: TrainingSet, strength: float, seed: int, progress: Progress, /) -> _Unseen:
    """Score each text by learners of the other folds."""
    fold, tested = learned.tested_folds(_FOLDS, seed)
    inside = np.isin(fold, tested)
    held, parts = learned.rows(inside), len(tested)

    def scored(learn: Callable[[Any, TrainingSet], Scores], begun: int) -> np.ndarray:
        scores = np.zeros((len(learned.texts), len(learned.classes)))
        for part in tested:
            progress("learning n-grams", begun + part, 2 * parts)
            held_out = fold == part
            scores[held_out] = learn(matrix[~held_out], learned.rows(~held_out)).of(matrix[held_out])
        return scores[inside]

    first, second = scored(lambda some, texts: by_margin(some, texts, strength, seed), 0), None
    # what is right nearly always has nothing to gain from a second opinion
    if np.mean(first.argmax(axis=1) == held.target) < _NEARLY_ALWAYS_RIGHT:
        second = scored(lambda some, texts: by_logistic(some, texts, seed), parts)
    progress("learning n-grams", 2 * parts, 2 * parts)
    return _Unseen(held, first, second)
