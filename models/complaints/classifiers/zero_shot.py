"""Causes known by their descriptions alone; labels and corrections, however few, move them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from baton.characters import normalise
from baton.company import Text
from baton.errors import ArtefactError, TooLittleDataError
from baton.messages.message import Message
from baton.progress import Progress, silent
from features.text.text_set import TextSet
from models.complaints.calibration import ScoreScale, softmax
from models.complaints.classifiers.encoder import encoder_of
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

if TYPE_CHECKING:
    from baton.taxonomy import Taxonomy

__all__ = ["ZeroShotModel"]

# what fits best on two real sets where no label was used lies between 9 and 11
_SLOPE = 10.0
_FOLDS = 5
_L2_PENALTIES = (np.inf, 3.0, 1.0, 0.3, 0.1, 0.03)
_FOLDER = "encoder"


@dataclass(frozen=True)
class ZeroShotModel:
    """Texts compared with descriptions of the causes, in the space of an encoder.

    Parameters
    ----------
    classes : tuple of str
        Ids of causes, or labels.
    described : numpy.ndarray, shape (classes, dimensions)
        What the descriptions say, less what they all say.
    centre : numpy.ndarray, shape (dimensions,)
        What all descriptions say.
    moved : numpy.ndarray, shape (classes, dimensions)
        What labels have changed; 0 where there were none.
    slope : float
        Score per unit of likeness.

    Notes
    -----
    With labels, scores are those of a logistic regression whose coefficients are drawn to the descriptions instead of
    to 0, by as much as does best on held-out labels: with few labels the descriptions count, with many the labels.
    """

    name: ClassVar[str] = "zero_shot"

    classes: tuple[str, ...]
    encoder: Encoder
    described: np.ndarray
    centre: np.ndarray
    moved: np.ndarray
    slope: float
    scale: ScoreScale

    @classmethod
    def describe(cls, taxonomy: Taxonomy, settings: Text | None = None, texts: TextSet | None = None, /) -> Self:
        """Know the causes of a taxonomy that are not parted further, by name and description.

        Parameters
        ----------
        texts : TextSet, optional
            What is to be read. An encoder of English alone, for texts of English alone, gets the English words.
        """
        above = {cause.parent for cause in taxonomy}
        wanted = "auto" if settings is None else settings.encoder
        # descriptions are written in two languages, and unless all texts are in one the encoder must read both
        encoder = shared(find_encoder(wanted, ("en", "zh"))) if texts is None else encoder_of(texts, settings)
        english = encoder.languages == {"en"}
        words = {
            cause.id: [cause.name.en, cause.description.en, *(word for word in cause.aliases if word.isascii())]
            if english
            else [cause.name.en, cause.name.zh, cause.description.en, cause.description.zh, *cause.aliases]
            for cause in taxonomy
            if cause.id not in above
        }
        return cls.describe_labels(words, encoder)

    @classmethod
    def describe_labels(cls, words: Mapping[str, Sequence[str]], encoder: Encoder, /) -> Self:
        """Know labels by texts that describe each.

        Raises
        ------
        TooLittleDataError
            If fewer than two labels are described.
        """
        if len(words) < 2:
            raise TooLittleDataError(Message("not_learned.few_causes", {"n": len(words)}))
        classes = tuple(sorted(words))
        descriptions = [
            (number, normalise(text)) for number, name in enumerate(classes) for text in words[name] if text
        ]
        vectors = encoder.embed([text for _, text in descriptions])
        of_class = np.array([number for number, _ in descriptions])
        means = _unit(np.stack([vectors[of_class == number].mean(axis=0) for number in range(len(classes))]))
        centre = means.mean(axis=0)
        described = _unit(means - centre)
        count = len(classes)
        scale = ScoreScale(1.0, np.zeros(count))
        return cls(classes, encoder, described, centre, np.zeros_like(described), _SLOPE, scale)

    @classmethod
    def fit(cls, texts: TextSet, seed: int, /, *, settings: Text | None = None, progress: Progress = silent) -> Self:
        """Know the labels by their own words, then learn from the labelled texts.

        Raises
        ------
        TooLittleDataError
            If fewer than two labels can be learned.
        """
        learned = training_set(texts)
        words = {name: [re.sub(r"[_\W]+", " ", name).strip() or name] for name in learned.classes}
        return cls.describe_labels(words, encoder_of(texts, settings)).learn(texts, seed, progress=progress)

    def learn(self, texts: TextSet, seed: int, /, *, progress: Progress = silent) -> Self:
        """Return a model that has learned from labels or corrections, on top of the descriptions.

        Labels that nothing describes are left out; call :meth:`describe_labels` with words for them.
        """
        frame = texts.frame
        known = texts.rows((frame["label"].isin(self.classes) & (frame["weight"] > 0)).to_numpy())
        if not len(known):
            return self
        some = _as_training_set(known, self.classes)
        progress("reading texts with the encoder", 0, 2)
        vectors = self.encoder.embed(some.texts) - self.centre
        progress("learning from labels beside descriptions", 1, 2)
        plain = vectors @ self.described.T
        weights = some.weights * some.balance[some.target]
        slope = ScoreScale.fit(self.slope * plain, some.target, weights, shift=False).slope * self.slope
        prior = slope * self.described
        fold = some.folds(_FOLDS, seed)
        tried = []
        for l2_penalty in _L2_PENALTIES:
            scores = slope * plain
            for part in range(int(fold.max()) + 1) if np.isfinite(l2_penalty) else ():
                rest = fold != part
                moved = _move(vectors[rest], some.rows(rest), prior, l2_penalty)
                scores[fold == part] += vectors[fold == part] @ moved.T
            scale = ScoreScale.fit(scores, some.target, shift=False, beta=True)
            found = scale.apply(scores)[np.arange(len(scores)), some.target]
            tried.append((-float(np.average(np.log(np.maximum(found, 1e-12)), weights=weights)), l2_penalty, scale))
        _, l2_penalty, scale = min(tried, key=lambda one: one[0])
        moved = _move(vectors, some, prior, l2_penalty) if np.isfinite(l2_penalty) else np.zeros_like(prior)
        progress("learning from labels beside descriptions", 2, 2)
        return replace(self, moved=moved, slope=slope, scale=scale)

    def probabilities(self, texts: Sequence[str], /) -> np.ndarray:
        """Return probabilities (texts, classes); rows sum to 1. Calibrated only once labels were learned from."""
        if not len(texts):
            return np.zeros((0, len(self.classes)))
        vectors = self.encoder.embed(texts) - self.centre
        return self.scale.apply(vectors @ (self.slope * self.described + self.moved).T)

    def save(self, folder: Path, /) -> None:
        """Write the model as JSON and NPZ, and the encoder where it does not come in a package."""
        what: dict[str, Any] = {"encoder": self.encoder.name, "likeness": self.slope, **scale_to_json(self.scale)}
        write_model_file(folder, self.name, self.classes, what)
        self.encoder.save(folder / _FOLDER)
        arrays = {"described": self.described, "centre": self.centre, "moved": self.moved, "shift": self.scale.shift}
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
        classes = tuple(what["classes"])
        count = len(classes)
        shapes = {"described": (count, -1), "centre": (-1,), "moved": (count, -1), "shift": (count,)}
        arrays = read_arrays(folder / ARRAYS_FILE, shapes)
        if not arrays["described"].shape[1] == arrays["moved"].shape[1] == len(arrays["centre"]):
            raise ArtefactError(f"{folder / ARRAYS_FILE}: arrays do not fit each other; train again with `baton run`")
        encoder = load_encoder(folder / _FOLDER, str(field_of(what, "encoder", folder)))
        scale = scale_from_json(what, arrays["shift"], folder)
        slope = float(field_of(what, "likeness", folder))
        return cls(classes, encoder, arrays["described"], arrays["centre"], arrays["moved"], slope, scale)


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)


def _as_training_set(texts: TextSet, classes: tuple[str, ...]) -> TrainingSet:
    """Return texts with the model's classes, of which some may have no text."""
    once = texts.frame.groupby(["text", "label"], sort=True, as_index=False)
    frame = once.agg(weight=("weight", "sum"), group=("group", "first"))
    weights = frame["weight"].to_numpy(dtype=np.float64)
    target = np.array([classes.index(label) for label in frame["label"]], dtype=np.int64)
    groups = frame["group"].astype("category").cat.codes.to_numpy(dtype=np.int64)
    return TrainingSet(frame["text"].tolist(), classes, target, weights / weights.mean(), groups)


def _move(vectors: np.ndarray, some: TrainingSet, prior: np.ndarray, l2_penalty: float) -> np.ndarray:
    """Return what to add to the prior's coefficients: less with a larger L2 penalty and with fewer labels."""
    from scipy.optimize import minimize

    weights = some.weights * some.balance[some.target]
    start = vectors @ prior.T
    hit = np.zeros(start.shape)
    hit[np.arange(len(start)), some.target] = 1.0

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        moved = flat.reshape(prior.shape)
        found = softmax(start + vectors @ moved.T)
        value = -float(weights @ np.log(np.maximum(found[np.arange(len(found)), some.target], 1e-300)))
        gradient = ((found - hit) * weights[:, None]).T @ vectors + l2_penalty * moved
        return value + 0.5 * l2_penalty * float(flat @ flat), gradient.ravel()

    result = minimize(loss, np.zeros(prior.size), jac=True, method="L-BFGS-B", options={"maxiter": 100})
    return result.x.reshape(prior.shape)
