"""A frozen encoder with a calibrated linear model on top: meaning, where n-grams see only words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self

import numpy as np

from baton.company import Text
from baton.errors import ArtefactError
from baton.progress import Progress, silent
from features.text.text_set import TextSet
from models.complaints.calibration import ScoreScale
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
from models.complaints.training_set import TrainingSet, training_set
from models.encoders.encoders import Encoder, shared
from models.encoders.find import find_encoder, load_encoder

__all__ = ["EncoderModel", "LinearHead", "encoder_of"]

_FOLDS = 4
_STRENGTHS = (0.003, 0.01, 0.03, 0.1)
_FOLDER = "encoder"


@dataclass(frozen=True)
class LinearHead:
    """A logistic regression over all classes at once, on standardised vectors.

    Parameters
    ----------
    mean, spread : numpy.ndarray, shape (dimensions,)
    coefficients : numpy.ndarray, shape (classes, dimensions)
    intercepts : numpy.ndarray, shape (classes,)
    """

    mean: np.ndarray
    spread: np.ndarray
    coefficients: np.ndarray
    intercepts: np.ndarray

    @classmethod
    def fit(cls, vectors: np.ndarray, some: TrainingSet, strength: float, /) -> LinearHead:
        """Fit with every class counting the same; ``strength`` is the inverse of the regularisation."""
        from sklearn.linear_model import LogisticRegression

        mean, spread = vectors.mean(axis=0), np.maximum(vectors.std(axis=0), 1e-6)
        model = LogisticRegression(C=strength, max_iter=300, tol=1e-3)
        weights = some.weights * some.balance[some.target]
        there = np.unique(some.target)
        coefficients = np.zeros((len(some.classes), vectors.shape[1]))
        intercepts = np.full(len(some.classes), -6.0)
        if len(there) < 2:
            intercepts[there] = 0.0
            return cls(mean, spread, coefficients, intercepts)
        model.fit((vectors - mean) / spread, some.target, sample_weight=weights)
        two = len(there) == 2
        coefficients[there] = np.vstack([-model.coef_[0], model.coef_[0]]) / 2 if two else model.coef_
        intercepts[there] = np.array([-model.intercept_[0], model.intercept_[0]]) / 2 if two else model.intercept_
        return cls(mean, spread, coefficients, intercepts)

    def scores(self, vectors: np.ndarray, /) -> np.ndarray:
        """Return scores (texts, classes)."""
        return ((vectors - self.mean) / self.spread) @ self.coefficients.T + self.intercepts


def encoder_of(texts: TextSet, settings: Text | None, /) -> Encoder:
    """Return the encoder that a company's settings and its texts' languages ask for."""
    languages = texts.frame["language"].value_counts(normalize=True)
    common = [str(code) for code, share in languages.items() if share >= 0.02]
    wanted = "auto" if settings is None else settings.encoder
    if settings is not None and settings.model not in ("auto", "auto+finetune", "tfidf", "encoder", "finetune"):
        wanted = settings.model
    return shared(find_encoder(wanted, common))


@dataclass(frozen=True)
class EncoderModel:
    """A frozen encoder, a linear head, and a calibration on texts that the head did not learn from.

    Parameters
    ----------
    classes : tuple of str
        In the order of the probabilities' columns.
    """

    name: ClassVar[str] = "encoder"

    classes: tuple[str, ...]
    encoder: Encoder
    head: LinearHead
    scale: ScoreScale

    @classmethod
    def fit(cls, texts: TextSet, seed: int, /, *, settings: Text | None = None, progress: Progress = silent) -> Self:
        """Learn from the labelled texts, each counting by its weight.

        Raises
        ------
        TooLittleDataError
            If fewer than two labels can be learned.
        """
        learned = training_set(texts)
        encoder = encoder_of(texts, settings)
        progress("reading texts with the encoder", 0, 2)
        vectors = encoder.embed(learned.texts)
        progress("learning from the encoder's vectors", 1, 2)
        head, scale = fit_head(vectors, learned, seed)
        progress("learning from the encoder's vectors", 2, 2)
        return cls(learned.classes, encoder, head, scale)

    def probabilities(self, texts: Sequence[str], /) -> np.ndarray:
        """Return calibrated probabilities (texts, classes); rows sum to 1. Takes cleaned and masked texts."""
        if not len(texts):
            return np.zeros((0, len(self.classes)))
        return self.scale.apply(self.head.scores(self.encoder.embed(texts)))

    def save(self, folder: Path, /) -> None:
        """Write the model as JSON and NPZ, and the encoder where it does not come in a package."""
        write_model_file(folder, self.name, self.classes, {"encoder": self.encoder.name, **scale_to_json(self.scale)})
        self.encoder.save(folder / _FOLDER)
        arrays = {
            "mean": self.head.mean,
            "spread": self.head.spread,
            "coefficients": self.head.coefficients,
            "intercepts": self.head.intercepts,
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
        count = len(what["classes"])
        shapes = {
            "mean": (-1,),
            "spread": (-1,),
            "coefficients": (count, -1),
            "intercepts": (count,),
            "shift": (count,),
        }
        arrays = read_arrays(folder / ARRAYS_FILE, shapes)
        if not arrays["coefficients"].shape[1] == len(arrays["mean"]) == len(arrays["spread"]):
            raise ArtefactError(f"{folder / ARRAYS_FILE}: arrays do not fit each other; train again with `baton run`")
        encoder = load_encoder(folder / _FOLDER, str(field_of(what, "encoder", folder)))
        head = LinearHead(*(arrays[name] for name in ("mean", "spread", "coefficients", "intercepts")))
        scale = scale_from_json(what, arrays["shift"], folder)
        return cls(tuple(what["classes"]), encoder, head, scale)


def fit_head(vectors: np.ndarray, learned: TrainingSet, seed: int, /) -> tuple[LinearHead, ScoreScale]:
    """Fit a head whose strength does best on held-out texts, and the calibration on the same."""
    fold, tested = learned.tested_folds(_FOLDS, seed)
    inside = np.isin(fold, tested)
    held = learned.rows(inside)
    best: tuple[float, float, ScoreScale] | None = None
    for strength in _STRENGTHS:
        scores = np.zeros((len(learned.texts), len(learned.classes)))
        for part in tested:
            head = LinearHead.fit(vectors[fold != part], learned.rows(fold != part), strength)
            scores[fold == part] = head.scores(vectors[fold == part])
        scale = ScoreScale.fit(scores[inside], held.target, shift=False, beta=True)
        found = scale.apply(scores[inside])[np.arange(len(held.target)), held.target]
        loss = -float(np.average(np.log(np.maximum(found, 1e-12)), weights=held.weights))
        if best is None or loss < best[0]:
            best = loss, strength, scale
    assert best is not None
    return LinearHead.fit(vectors, learned, best[1]), best[2]
