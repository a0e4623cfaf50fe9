"""Several text models averaged, where that does better on texts that none of them has seen."""

from __future__ import annotations

import itertools
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
from models.complaints.classifiers.encoder import EncoderModel
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
from models.complaints.classifiers.text_model import TextModel, load_text_model, onto_classes
from models.complaints.classifiers.tfidf import TfidfModel
from models.complaints.training_set import training_set

__all__ = ["Mixture", "StackedModel", "answers_beside_ngrams"]

_STEPS = 4
_FOLDS = 4


def _logarithm(probabilities: np.ndarray) -> np.ndarray:
    return np.log(np.maximum(probabilities, 1e-6))


@dataclass(frozen=True)
class Mixture:
    """Weights of models, and a calibration of their average.

    Parameters
    ----------
    weights : numpy.ndarray, shape (models,)
        They sum to 1.
    scale : ScoreScale
        An average of probabilities is too timid; this undoes it.
    multiplied : bool
        Whether logarithms of probabilities are averaged, not probabilities: one model may then rule a class out.

    Notes
    -----
    Source: Genest & Zidek (1986), "Combining probability distributions": linear and logarithmic opinion pools.
    """

    weights: np.ndarray
    scale: ScoreScale
    multiplied: bool = False

    @classmethod
    def fit(cls, members: Sequence[np.ndarray], target: np.ndarray, /) -> Mixture:
        """Find the weights of least log loss, in quarters.

        Parameters
        ----------
        members : sequence of numpy.ndarray, shape (texts, classes)
            Probabilities of each model for texts that it has not seen.
        target : numpy.ndarray of int, shape (texts,)
        """
        best: tuple[float, Mixture] | None = None
        for steps in itertools.product(range(_STEPS + 1), repeat=len(members)):
            if sum(steps) != _STEPS:
                continue
            weights = np.array(steps) / _STEPS
            for multiplied in (False, True) if max(steps) < _STEPS else (False,):
                scores = _pooled(weights, members, multiplied)
                scale = ScoreScale.fit(scores, target, shift=False, beta=True)
                found = scale.apply(scores)[np.arange(len(target)), target]
                loss = -float(np.mean(np.log(np.maximum(found, 1e-12))))
                if best is None or loss < best[0] - 1e-9:
                    best = loss, cls(weights, scale, multiplied)
        assert best is not None
        return best[1]

    def apply(self, members: Sequence[np.ndarray], /) -> np.ndarray:
        """Return the calibrated average of probabilities (texts, classes)."""
        return self.scale.apply(_pooled(self.weights, members, self.multiplied))


def _pooled(weights: np.ndarray, members: Sequence[np.ndarray], multiplied: bool) -> np.ndarray:
    if multiplied:
        return np.asarray(sum(weight * _logarithm(some) for weight, some in zip(weights, members, strict=True)))
    return _logarithm(np.asarray(sum(weight * some for weight, some in zip(weights, members, strict=True))))


@dataclass(frozen=True)
class StackedModel:
    """The weighted average of models' probabilities.

    Parameters
    ----------
    classes : tuple of str
        In the order of the probabilities' columns.
    members : tuple of TextModel
    """

    name: ClassVar[str] = "stacked"

    classes: tuple[str, ...]
    members: tuple[TextModel, ...]
    mixture: Mixture

    @classmethod
    def fit(cls, texts: TextSet, seed: int, /, *, settings: Text | None = None, progress: Progress = silent) -> Self:
        """Learn n-grams and an encoder's head, and their weights on a quarter of the groups; then learn from all.

        Raises
        ------
        TooLittleDataError
            If fewer than two labels can be learned.
        """
        learned = training_set(texts)
        held_out = learned.folds(_FOLDS, seed) == 0
        rest = {learned.texts[row] for row in np.flatnonzero(~held_out)}
        held = learned.rows(held_out)
        visible = texts.rows(texts.frame["text"].isin(rest).to_numpy())
        kinds: tuple[type[TextModel], ...] = (TfidfModel, EncoderModel)
        tried = [kind.fit(visible, seed, settings=settings, progress=progress) for kind in kinds]
        seen = [onto_classes(model.probabilities(held.texts), model.classes, learned.classes) for model in tried]
        mixture = Mixture.fit(seen, held.target)
        members = tuple(kind.fit(texts, seed, settings=settings, progress=progress) for kind in kinds)
        return cls(learned.classes, members, mixture)

    def probabilities(self, texts: Sequence[str], /) -> np.ndarray:
        """Return calibrated probabilities (texts, classes); rows sum to 1. Takes cleaned and masked texts."""
        if not len(texts):
            return np.zeros((0, len(self.classes)))
        return self.mixture.apply(self._each(texts))

    def _each(self, texts: Sequence[str]) -> list[np.ndarray]:
        zeros = np.zeros((len(texts), len(self.classes)))
        # a model without weight is not asked
        return [
            onto_classes(model.probabilities(texts), model.classes, self.classes) if weight > 0 else zeros
            for model, weight in zip(self.members, self.mixture.weights, strict=True)
        ]

    def save(self, folder: Path, /) -> None:
        """Write the weights as JSON and NPZ, and each model into a folder of its own."""
        mixture = self.mixture
        what = {**scale_to_json(mixture.scale), "multiplied": mixture.multiplied, "members": len(self.members)}
        write_model_file(folder, self.name, self.classes, what)
        write_arrays(folder / ARRAYS_FILE, {"weights": self.mixture.weights, "shift": self.mixture.scale.shift})
        for number, model in enumerate(self.members):
            model.save(folder / f"member_{number}")

    @classmethod
    def load(cls, folder: Path, /) -> Self:
        """Read what ``save`` has written.

        Raises
        ------
        ArtefactError
            If a file is missing, damaged, or holds code.
        """
        what = read_model_file(folder, cls.name)
        count = field_of(what, "members", folder)
        if not isinstance(count, int) or not 1 <= count <= 9:
            raise ArtefactError(f"{folder}: says {count!r} models are averaged; train again with `baton run`")
        arrays = read_arrays(folder / ARRAYS_FILE, {"weights": (count,), "shift": (len(what["classes"]),)})
        members = tuple(load_text_model(folder / f"member_{number}") for number in range(count))
        scale = scale_from_json(what, arrays["shift"], folder)
        mixture = Mixture(arrays["weights"], scale, bool(field_of(what, "multiplied", folder)))
        return cls(tuple(what["classes"]), members, mixture)


def answers_beside_ngrams(model: TextModel, texts: Sequence[str], /) -> tuple[np.ndarray, np.ndarray | None]:
    """Return a model's probabilities (texts, classes), and those of the n-grams in it; None where it has none.

    What a stack is compared with is in it already: fitted once more, it would say the same.
    """
    if not isinstance(model, StackedModel) or not len(texts):
        return model.probabilities(texts), None
    found = model._each(texts)
    for member, weight, answer in zip(model.members, model.mixture.weights, found, strict=True):
        if member.name == TfidfModel.name and weight > 0:
            return model.mixture.apply(found), answer
    return model.mixture.apply(found), None
