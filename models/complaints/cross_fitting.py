"""What a chosen model says of the texts it learned from, had it not learned from them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from baton.company import Text
from baton.messages.message import Message
from baton.progress import Progress, silent
from features.text.text_set import TextSet
from models.complaints.classifiers.encoder import EncoderModel, fit_head
from models.complaints.classifiers.stacked import StackedModel
from models.complaints.classifiers.text_model import TextModel, onto_classes
from models.complaints.classifiers.tfidf import TfidfModel
from models.complaints.classifiers.zero_shot import ZeroShotModel
from models.complaints.evaluation import Unseen, cross_fit
from models.complaints.selection import Choice
from models.complaints.training_set import training_set
from models.encoders.encoders import Remembering, shared
from models.folds import group_folds

__all__ = ["Crossed", "cross_fitted", "forgetting", "kinds_of", "refitting", "remembering"]

_Reader = TypeVar("_Reader", EncoderModel, ZeroShotModel)
_FOLDS = 5
_FOLDS_OF_MANY = 3
_MANY_TEXTS = 3_000
_FEW_TEXTS = 1_500
_REPEATS_OF_FEW = 3
DEAR = frozenset({"finetune"})
"""Kinds of model that are trained for minutes: once more per fold is out of reach."""


@dataclass(frozen=True)
class Crossed:
    """Every labelled text with the probabilities of a model that had not seen it.

    Parameters
    ----------
    unseen : Unseen
        All labelled texts.
    repeats : tuple of Unseen
        The same on other folds, for the spread; few texts only.
    tested : Unseen
        Those among them whose probabilities come from the chosen kind of model: what metrics and thresholds are of.
    notes : tuple of Message
    stood_in : numpy.ndarray of bool, shape (texts,), optional
        Where n-grams answered for a dear model; None where they did not have to.
    ngrams : numpy.ndarray, shape (texts, classes), optional
        What n-grams say of the same texts in the same folds, where they are part of the chosen model.
    """

    unseen: Unseen
    repeats: tuple[Unseen, ...]
    tested: Unseen
    notes: tuple[Message, ...] = ()
    stood_in: np.ndarray | None = None
    ngrams: np.ndarray | None = None


def refitting(model: TextModel, settings: Text, seed: int, /) -> Callable[[TextSet], TextModel]:
    """Return what fits the same kind of model again on other texts; encoders read each text once over all calls.

    Parameters
    ----------
    model : TextModel
        A dear kind, alone or in a stack, is stood in for by n-grams.
    """
    if isinstance(model, StackedModel) and not kinds_of(model) & DEAR:
        fits = [refitting(member, settings, seed) for member in model.members]
        # the weights are a few numbers that were set when the models were chosen; they are kept
        return lambda texts: replace(model, members=tuple(fit(texts) for fit in fits))
    if isinstance(model, EncoderModel):
        known = remembering(model)

        def fit_encoder(texts: TextSet) -> TextModel:
            learned = training_set(texts)
            head, scale = fit_head(known.encoder.embed(learned.texts), learned, seed)
            return replace(known, classes=learned.classes, head=head, scale=scale)

        return fit_encoder
    if isinstance(model, TfidfModel):
        return lambda texts: model.refit(texts, seed)
    if kinds_of(model) & DEAR:
        return lambda texts: TfidfModel.fit(texts, seed, settings=settings)
    kind = type(model)
    return lambda texts: kind.fit(texts, seed, settings=settings)


def remembering(model: _Reader, /) -> _Reader:
    """Return the model with an encoder that reads each text once, however often it is asked."""
    encoder = shared(model.encoder)
    return replace(model, encoder=encoder if isinstance(encoder, Remembering) else Remembering(encoder))


def forgetting(model: TextModel, /) -> TextModel:
    """Return the model without what it keeps of texts to fit others more quickly."""
    if isinstance(model, StackedModel):
        return replace(model, members=tuple(forgetting(member) for member in model.members))
    if isinstance(model, EncoderModel | ZeroShotModel) and isinstance(model.encoder, Remembering):
        return replace(model, encoder=model.encoder.encoder)
    if isinstance(model, TfidfModel):
        return replace(model, unseen=None)
    return model


def kinds_of(model: TextModel, /) -> frozenset[str]:
    """Return the names of the models that answer together, or of the one."""
    members: tuple[TextModel, ...] = getattr(model, "members", ())
    return frozenset({model.name, *(member.name for member in members)})


def cross_fitted(
    choice: Choice,
    labelled: TextSet,
    fit: Callable[[TextSet], TextModel],
    seed: int,
    /,
    progress: Progress = silent,
) -> Crossed:
    """Answer every labelled text by a model that has not seen it, nor a text that repeats it.

    Parameters
    ----------
    labelled : TextSet
        What the chosen model learned from.
    fit : callable
        What fits such a model again: ``refitting``.

    Returns
    -------
    Crossed
        A model that takes minutes to train is not trained again for each fold: its own metrics and thresholds come from
        the texts held out when it was chosen, and the other labelled texts get the n-grams' answer.
    """
    classes = choice.model.classes
    groups, labels = labelled.frame["group"].to_numpy(dtype=object).astype(str), labelled.labels
    distinct = len(np.unique(groups))
    folds = _FOLDS if distinct <= _MANY_TEXTS else _FOLDS_OF_MANY
    dear = bool(kinds_of(choice.model) & DEAR)
    times = _REPEATS_OF_FEW if distinct <= _FEW_TEXTS and not dear else 1
    found: list[Unseen] = []
    # rows stay 0 where no n-grams were asked
    beside = np.zeros((len(labelled), len(classes)))
    for repeat in range(times):
        progress("answering labelled texts by models that have not seen them", repeat, times)
        part = group_folds(groups, labels, folds, seed + repeat, classes=True)
        description = f"cross-validation, {folds} folds, texts that repeat each other kept together"
        answers = cross_fit(labelled, classes, fit, part, beside if repeat == 0 else None)
        found.append(Unseen(labelled, answers, classes, part, description))
    progress("answering labelled texts by models that have not seen them", times, times)
    if not dear:
        ngrams = beside if beside.any(axis=1).all() else None
        return Crossed(found[0], tuple(found), found[0], ngrams=ngrams)
    return _with_validation(choice, found[0])


def _with_validation(choice: Choice, cheap: Unseen, /) -> Crossed:
    held_out = choice.validation
    own = Unseen(
        held_out,
        onto_classes(choice.validation_probabilities, choice.model.classes, cheap.classes),
        cheap.classes,
        np.zeros(len(held_out), dtype=np.int64),
        "a fifth of the texts kept apart, texts that repeat each other together",
    )
    place = {text_id: row for row, text_id in enumerate(cheap.texts.frame["text_id"])}
    rows = np.array([place[text_id] for text_id in held_out.frame["text_id"]], dtype=np.int64)
    probabilities = cheap.probabilities.copy()
    probabilities[rows] = own.probabilities
    note = Message("root_cause.not_crossed", {"model": choice.model.name})
    stood_in = np.ones(len(cheap.texts), dtype=bool)
    stood_in[rows] = False
    return Crossed(replace(cheap, probabilities=probabilities), (), own, (note,), stood_in)
