"""Which text model reads a company's texts: whichever wins on held-out texts, cheap enough, or the floor.

The choice follows from texts, settings and seed alone: costs are counted, no clock is read, and what is installed
besides requirements.lock changes nothing.
"""

from __future__ import annotations

import importlib
import importlib.util
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from baton.company import Text
from baton.errors import CompanyFileError
from baton.messages.message import Message
from baton.progress import Progress, silent
from features.text.text_set import TextSet
from models.complaints.classifiers.encoder import EncoderModel, encoder_of
from models.complaints.classifiers.stacked import Mixture, StackedModel
from models.complaints.classifiers.text_model import TextModel, onto_classes
from models.complaints.classifiers.tfidf import TfidfModel
from models.complaints.classifiers.zero_shot import ZeroShotModel
from models.complaints.compute_cost import encoding_minutes, latency_ms, training_minutes
from models.complaints.paired_comparison import beats, macro_f1
from models.complaints.training_set import TrainingSet, training_set, without_rare_labels

__all__ = ["Choice", "choose_model"]

_PARTS = 5
_ENOUGH_TO_SPLIT = 600
_MAX_TEXTS = 20_000
_FEW_PER_CLASS = 30
_NOTHING_TO_GAIN = 0.97
# so often is a text there on average where texts are chosen from a list, or made from templates
_CANNED = 3
_FINETUNE_TEXTS = 1_000
_ENCODER_SHARE = 0.5
_CHOOSING = ("auto", "auto+finetune")


@dataclass(frozen=True)
class Choice:
    """The model chosen, and how it did on texts that it had not seen.

    Parameters
    ----------
    model : TextModel
        Fitted on every labelled text, or, where that is dear, on those beside the validation part.
    validation : TextSet
        The held-out labelled texts, each pair of text and label once; with few, all of them.
    validation_probabilities : numpy.ndarray, shape (validation texts, classes)
        By a model of the same kind that had not seen them; columns as in ``model.classes``.
    compared : dict of str to dict
        Metrics of each model tried: ``macro_f1``, ``accuracy``, ``latency_ms`` (counted), ``chosen``.
    notes : tuple of Message
        What a reader must know about the choice.
    """

    model: TextModel
    validation: TextSet
    validation_probabilities: np.ndarray
    compared: dict[str, dict[str, Any]]
    notes: tuple[Message, ...] = field(default=())


@dataclass(frozen=True)
class _Trial:
    """One model on the validation part.

    Parameters
    ----------
    ready : TextModel or None
        What answers if it is chosen, where nothing need be fitted for it again.
    """

    kind: type[TextModel]
    probabilities: np.ndarray
    latency_ms: float
    ready: TextModel | None


@dataclass(frozen=True)
class _Split:
    """Labelled texts, and which of them each fit leaves out."""

    texts: TextSet
    held: TrainingSet
    rounds: tuple[tuple[np.ndarray, np.ndarray], ...]
    validation: TextSet
    notes: tuple[Message, ...]


def choose_model(texts: TextSet, settings: Text, seed: int, progress: Progress = silent) -> Choice:
    """Choose a text model for labelled texts.

    Parameters
    ----------
    texts : TextSet
        Texts without labels, and labels of one text only, are left out.
    settings : Text
        ``model`` says what may be chosen, ``latency_ms`` and ``train_minutes`` what it may cost, as counted by
        ``models.complaints.compute_cost``.

    Raises
    ------
    TooLittleDataError
        If fewer than two labels can be learned.
    CompanyFileError
        If the model or the encoder that the settings name is not to be had.
    """
    split = _split(texts, seed)
    notes = list(split.notes)
    trials: dict[str, _Trial] = {}
    for kind in _kinds(split, settings, notes):
        if "tfidf" in trials and _score(trials["tfidf"], split) >= _NOTHING_TO_GAIN:
            notes.append(Message("root_cause.nearly_always_right"))
            break
        if kind is EncoderModel and settings.model in _CHOOSING and _too_dear(split, settings, notes):
            continue
        trials[kind.name] = _try(kind, split, settings, seed, progress)
    chosen, mixture = _winner(trials, split, settings, seed, notes)
    probabilities = trials[chosen].probabilities if mixture is None else mixture[1]
    compared = {
        name: {
            "macro_f1": _score(trial, split),
            "accuracy": float(np.mean(trial.probabilities.argmax(axis=1) == split.held.target)),
            "latency_ms": round(trial.latency_ms, 3),
            "chosen": name == chosen and mixture is None,
        }
        for name, trial in trials.items()
    }
    if mixture is None:
        model = _final(trials[chosen], split, settings, seed, progress)
    else:
        members = [_final(trial, split, settings, seed, progress) for trial in trials.values()]
        model = StackedModel(split.held.classes, tuple(members), mixture[0])
        compared["stacked"] = {
            "macro_f1": macro_f1(split.held.target, probabilities.argmax(axis=1), len(split.held.classes)),
            "accuracy": float(np.mean(probabilities.argmax(axis=1) == split.held.target)),
            "latency_ms": round(sum(trial.latency_ms for trial in trials.values()), 3),
            "chosen": True,
        }
    ordered = onto_classes(probabilities, split.held.classes, model.classes)
    return Choice(model, split.validation, ordered, compared, tuple(dict.fromkeys(notes)))


def _split(texts: TextSet, seed: int) -> _Split:
    """Keep a fifth of the groups apart, or, with few texts, each fifth in turn."""
    frame, rare = without_rare_labels(texts.frame)
    notes = [Message("root_cause.one_text", {"labels": tuple(rare)})] if rare else []
    pairs = frame.groupby(["text", "label"], sort=True).ngroup().to_numpy()
    if pairs.max() >= _MAX_TEXTS:
        kept = _sample(frame.drop_duplicates(["text", "label"])["label"].to_numpy(), seed)
        first = frame.drop_duplicates(["text", "label"]).iloc[kept]
        frame = frame[np.isin(pairs, pairs[frame.index.get_indexer(first.index)])]
        notes.append(Message("root_cause.some_texts", {"kept": len(kept), "texts": int(pairs.max()) + 1}))
    # rows in the order of the lesson, which is sorted by text and label
    rows = TextSet(frame.sort_values(["text", "label"], kind="stable").reset_index(drop=True), texts.notes)
    learned = training_set(rows)
    pairs = rows.frame.groupby(["text", "label"], sort=True).ngroup().to_numpy()
    fold = learned.folds(_PARTS, seed)
    parts = int(fold.max()) + 1
    test_parts = [0] if len(learned.texts) >= _ENOUGH_TO_SPLIT else list(range(parts))
    seen_in = np.flatnonzero(np.isin(fold, test_parts))
    rounds = tuple((fold[pairs] != part, np.flatnonzero(fold[seen_in] == part)) for part in test_parts)
    once = rows.frame.groupby(["text", "label"], sort=True, as_index=False)
    mean = once["weight"].mean()["weight"].to_numpy()
    validation = once.head(1).sort_values(["text", "label"], kind="stable").assign(weight=mean).reset_index(drop=True)
    return _Split(rows, learned.rows(seen_in), rounds, TextSet(validation, texts.notes).rows(seen_in), tuple(notes))


def _sample(labels: np.ndarray, seed: int) -> np.ndarray:
    """Return positions of so many texts that learning stays quick: all of rare labels, an equal part of the rest."""
    generator = np.random.default_rng(seed)
    _, of_row, counts = np.unique(labels.astype(str), return_inverse=True, return_counts=True)
    # the largest number per label that keeps the sum within bounds
    maximum = max(cap for cap in range(1, _MAX_TEXTS + 1) if np.minimum(counts, cap).sum() <= _MAX_TEXTS)
    shuffled = generator.permutation(len(labels))
    rank = np.empty(len(labels), dtype=np.int64)
    for number in range(len(counts)):
        mine = shuffled[of_row[shuffled] == number]
        rank[mine] = np.arange(len(mine))
    return np.flatnonzero(rank < maximum)


def _kinds(split: _Split, settings: Text, notes: list[Message]) -> list[type[TextModel]]:
    """Return the kinds of model that the settings allow, the floor first."""
    if settings.model == "tfidf":
        return [TfidfModel]
    if settings.model == "finetune":
        return [_finetuned(split, settings)]
    if settings.model not in _CHOOSING:
        return [EncoderModel]
    finetuned = _finetuned_if_asked(split, settings, notes)
    if len(split.texts) >= _CANNED * split.texts.frame["text"].nunique():
        notes.append(Message("root_cause.same_few_texts"))
        return [TfidfModel, *finetuned]
    kinds: list[type[TextModel]] = [TfidfModel, EncoderModel]
    if np.median(np.bincount(split.held.target)) * (_PARTS if len(split.rounds) == 1 else 1) < _FEW_PER_CLASS:
        kinds.append(ZeroShotModel)
    return [*kinds, *finetuned]


def _finetuned(split: _Split, settings: Text) -> type[TextModel]:
    """Return the fine-tuned model that the settings ask for.

    Raises
    ------
    CompanyFileError
        If something stands in its way.
    """
    obstacle = "finetune: PyTorch is not installed; see requirements-training.in"
    if importlib.util.find_spec("torch") is not None:
        kind = importlib.import_module("models.complaints.classifiers.finetune").FinetunedModel
        obstacle = kind.obstacle(split.texts, settings)
        if obstacle is None:
            return kind
    raise CompanyFileError(f'[text] model: {obstacle}; or write model = "auto"')


def _finetuned_if_asked(split: _Split, settings: Text, notes: list[Message]) -> list[type[TextModel]]:
    """Return the fine-tuned model where the settings ask for it; where there are texts enough, say how to."""
    if settings.model == "auto+finetune":
        return [_finetuned(split, settings)]
    count = split.texts.frame["text"].nunique()
    if count >= _FINETUNE_TEXTS:
        notes.append(Message("root_cause.not_finetuned", {"minutes": float(training_minutes(count))}))
    return []


def _too_dear(split: _Split, settings: Text, notes: list[Message]) -> bool:
    """Tell whether the encoder would take too much of the time for training, counted from characters."""
    minutes = encoding_minutes(split.texts.texts, encoder_of(split.texts, settings))
    if minutes <= _ENCODER_SHARE * settings.train_minutes:
        return False
    values = {"minutes": float(minutes), "allowed": f"{settings.train_minutes:g}"}
    notes.append(Message("root_cause.no_encoder", values))
    return True


def _try(kind: type[TextModel], split: _Split, settings: Text, seed: int, progress: Progress) -> _Trial:
    classes = split.held.classes
    found = np.zeros((len(split.held.texts), len(classes)))
    model: TextModel | None = None
    # each part's model is calibrated on the part's texts, by folds that are fitted once
    whole = TfidfModel.fit(split.texts, seed, settings=settings, progress=progress) if kind is TfidfModel else None
    for rest, test_parts in split.rounds:
        part = split.texts.rows(rest)
        model = kind.fit(part, seed, settings=settings, progress=progress) if whole is None else whole.refit(part, seed)
        answers = model.probabilities([split.held.texts[row] for row in test_parts])
        found[test_parts] = onto_classes(answers, model.classes, classes)
    assert model is not None
    return _Trial(kind, found, latency_ms(model), model if kind.name == "finetune" else whole)


def _score(trial: _Trial, split: _Split) -> float:
    return macro_f1(split.held.target, trial.probabilities.argmax(axis=1), len(split.held.classes))


def _winner(
    trials: dict[str, _Trial], split: _Split, settings: Text, seed: int, notes: list[Message]
) -> tuple[str, tuple[Mixture, np.ndarray] | None]:
    """Return the name of the best model, and the mixture of all where that is better still."""
    names = list(trials)
    best = names[0]
    for name in names[1:]:
        if trials[name].latency_ms > settings.latency_ms:
            values = {"model": name, "ms": float(trials[name].latency_ms), "allowed": f"{settings.latency_ms:g}"}
            notes.append(Message("root_cause.too_slow", values))
            continue
        better = _score(trials[name], split) > _score(trials[best], split)
        if better and beats(trials[name].probabilities, trials[names[0]].probabilities, split.held, seed):
            best = name
    if len(trials) < 2:
        return best, None
    together = sum(trial.latency_ms for trial in trials.values())
    if together > settings.latency_ms:
        values = {"models": tuple(trials), "ms": float(together), "allowed": f"{settings.latency_ms:g}"}
        notes.append(Message("root_cause.average_too_slow", values))
        return best, None
    members = [trial.probabilities for trial in trials.values()]
    mixed = _cross_fitted_mixture(members, split.held, seed)
    if beats(mixed, trials[best].probabilities, split.held, seed):
        return best, (Mixture.fit(members, split.held.target), mixed)
    return best, None


def _cross_fitted_mixture(members: list[np.ndarray], held: TrainingSet, seed: int) -> np.ndarray:
    """Return the mixture's probabilities for texts on which neither its models nor its weights were fitted."""
    half = held.folds(2, seed)
    mixed = np.zeros_like(members[0])
    for part in (0, 1):
        rest = half != part
        mixture = Mixture.fit([some[rest] for some in members], held.target[rest])
        mixed[~rest] = mixture.apply([some[~rest] for some in members])
    return mixed


def _final(trial: _Trial, split: _Split, settings: Text, seed: int, progress: Progress) -> TextModel:
    """Return the model of every labelled text, or, where that is dear, the one of the trial."""
    if trial.ready is not None:
        return trial.ready
    return trial.kind.fit(split.texts, seed, settings=settings, progress=progress)
