"""The trials of a company's model of causes: on later texts, on held-out texts, beside what is simpler."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from baton.company import Text
from baton.messages.message import Message
from features.text.text_set import TextSet
from models.complaints.abstention import SelectiveRule
from models.complaints.classifiers.encoder import EncoderModel
from models.complaints.classifiers.stacked import answers_beside_ngrams
from models.complaints.classifiers.text_model import TextModel, onto_classes
from models.complaints.classifiers.tfidf import TfidfModel
from models.complaints.cross_fitting import Crossed, refitting
from models.complaints.evaluation import CauseMetrics, Unseen, cross_fit, evaluation_entry, majority
from models.complaints.selection import Choice
from models.complaints.shares import separability
from models.complaints.splits import later_texts
from models.folds import group_folds
from models.prediction.metrics import plain
from models.prediction.splits import SplitKind

__all__ = ["never_predicted", "readable_languages", "tried", "where_it_holds", "with_texts"]

Fit = Callable[[TextSet], TextModel]
_MIN_IN_LANGUAGE = 20
_AS_GOOD = 0.8
# halves of one set are distinguished at 0.5; a set filtered by a single word lies far above
_UNLIKE = 0.65
_KEPT = ("rows", "split", "split_kind", "macro_f1", "accuracy", "ece", "accuracy_at_70", "coverage", "intervals")


def tried(
    choice: Choice, crossed: Crossed, labelled: TextSet, fit: Fit, settings: Text, seed: int, /
) -> dict[str, Any]:
    """Return the entry ``root_cause`` of ``evaluation.json``.

    Parameters
    ----------
    labelled : TextSet
        All texts that the model learned from.
    fit : callable
        What fits such a model again.
    seed : int
        Of folds and bootstrap.

    Returns
    -------
    dict
        Tested on later texts where times lie far enough apart, with the cross-validation under ``across``; else in
        cross-validation.
    """
    across = evaluation_entry(crossed.tested, _floors(choice, crossed, labelled, settings, seed), settings.risk, seed)
    if crossed.repeats:
        across["repeats"] = _spread(crossed.repeats)
    later = _later(choice, labelled, fit, settings, seed) if crossed.tested is crossed.unseen else None
    entry = across
    if later is not None:
        unseen, floors = later
        past = later_texts(labelled)
        assert past is not None
        rule = _rule(crossed.unseen, past.train, settings)
        entry = evaluation_entry(unseen, floors, settings.risk, seed, rule)
        entry["across"] = {name: across[name] for name in (*_KEPT, "repeats") if name in across}
    entry["model"] = choice.model.name
    entry["compared"] = plain(dict(choice.compared))
    entry["notes"] = [*choice.notes, *crossed.notes]
    return entry


def never_predicted(rule: SelectiveRule, classes: tuple[str, ...], /) -> list[Message]:
    """Return notes on the causes that no threshold lets through, and on those that share one."""
    never = [name for name in classes if name in rule.never]
    notes = []
    if never:
        notes.append(Message("root_cause.never", {"risk": float(rule.risk), "causes": _first(never, 8)}))
    shared = [name for name in rule.pooled if name in classes and name not in rule.never]
    if shared:
        notes.append(Message("root_cause.pooled", {"causes": _first(shared, 8)}))
    return notes


def _first(names: Sequence[str], most: int, /) -> tuple[str, ...]:
    return (*map(repr, names[:most]), *(["…"] if len(names) > most else []))


def where_it_holds(
    texts: TextSet, labelled: TextSet, classes: tuple[str, ...], notes: list[Message], seed: int, /
) -> dict[str, Any]:
    """Return of which texts the metrics hold: how many carry a label, and whether the others are like these.

    Parameters
    ----------
    texts : TextSet
        All, with and without a label.
    labelled : TextSet
        What the model learned from.
    classes : tuple of str
        All that it can ever answer.
    notes : list of Message
        Gets what a reader must know.

    Returns
    -------
    dict
        ``labelled_texts``, ``unlabelled_texts``, ``separability`` (AUC of words that distinguish them; None with few
        texts) and ``representative``.
    """
    others = texts.rows(texts.frame["label"].isna().to_numpy())
    auc = separability(labelled.texts, others.texts, seed)
    unlike = auc is not None and auc > _UNLIKE
    if len(others):
        notes.append(Message("root_cause.known_causes", {"n": len(classes), "causes": _first(classes, 12)}))
    if unlike:
        values = {"others": len(others), "labelled": len(labelled), "share": float(auc or 0.0)}
        notes.append(Message("root_cause.unlike", values))
    return {
        "labelled_texts": len(labelled),
        "unlabelled_texts": len(others),
        "told_apart": auc,
        "representative": not unlike,
    }


def readable_languages(model: TextModel, labelled: TextSet, settings: Text, seed: int, /) -> frozenset[str]:
    """Return the languages that the model has been seen to read.

    Those with labelled texts; and all that a multilingual encoder knows, if texts of one language were classified
    nearly as well by a model that learned from the others alone.
    """
    language = labelled.frame["language"].to_numpy(dtype=object).astype(str)
    names, counts = np.unique(language, return_counts=True)
    minimum = min(_MIN_IN_LANGUAGE, counts.max(initial=0))
    own = frozenset(names[counts >= minimum].tolist()) - {"und"}
    if not isinstance(model, EncoderModel) or len(own) < 2 or len(model.encoder.languages) < 2:
        return own
    inside = np.isin(language, list(own))
    texts, part = labelled.rows(inside), np.unique(language[inside], return_inverse=True)[1]
    fit = refitting(model, settings, seed)
    groups = texts.frame["group"].to_numpy(dtype=object).astype(str)
    strange = cross_fit(texts, model.classes, fit, part)
    familiar = cross_fit(texts, model.classes, fit, group_folds(groups, texts.labels, 5, seed, classes=True))
    classes = np.array(model.classes, dtype=object)
    for one in np.unique(part):
        labels = texts.labels[part == one]
        found = [
            (classes[probabilities[part == one].argmax(axis=1)] == labels).mean()
            for probabilities in (strange, familiar)
        ]
        if found[0] < _AS_GOOD * found[1]:
            return own
    return own | model.encoder.languages


def _rule(unseen: Unseen, rows: np.ndarray, settings: Text, /) -> SelectiveRule:
    return SelectiveRule.fit(
        unseen.probabilities[rows],
        unseen.texts.labels[rows],
        unseen.classes,
        settings.risk,
        groups=unseen.groups[rows],
    )


def _floors(choice: Choice, crossed: Crossed, labelled: TextSet, settings: Text, seed: int, /) -> dict[str, np.ndarray]:
    """Return probabilities of what is simpler, for the same texts in the same folds."""
    tested = crossed.tested
    floors = {"majority": majority(tested)}
    if choice.model.name == "tfidf":
        return floors | {"tfidf": tested.probabilities}
    if crossed.ngrams is not None:
        return floors | {"tfidf": crossed.ngrams}

    def fit(texts: TextSet) -> TextModel:
        return TfidfModel.fit(texts, seed, settings=settings)

    if len(np.unique(tested.part)) > 1:
        return floors | {"tfidf": cross_fit(tested.texts, tested.classes, fit, tested.part)}
    in_test = labelled.frame["group"].isin(set(tested.texts.frame["group"])).to_numpy()
    return floors | {"tfidf": _predicted(fit(labelled.rows(~in_test)), tested.texts, tested.classes)}


def _later(
    choice: Choice, labelled: TextSet, fit: Fit, settings: Text, seed: int, /
) -> tuple[Unseen, dict[str, np.ndarray]] | None:
    split = later_texts(labelled)
    if split is None:
        return None
    train, test, classes = labelled.rows(split.train), labelled.rows(split.test), choice.model.classes
    model = fit(train)
    one_part = np.zeros(len(test), dtype=np.int64)
    answers, ngrams = answers_beside_ngrams(model, test.texts)
    found = onto_classes(answers, model.classes, classes)
    unseen = Unseen(test, found, classes, one_part, split.description, SplitKind.IN_TIME)
    share = np.array([(train.labels == name).mean() for name in classes])
    floors = {"majority": np.tile(share / share.sum(), (len(test), 1)), "tfidf": unseen.probabilities}
    if ngrams is not None:
        floors["tfidf"] = onto_classes(ngrams, model.classes, classes)
    elif choice.model.name != "tfidf":
        floors["tfidf"] = _predicted(TfidfModel.fit(train, seed, settings=settings), test, classes)
    return unseen, floors


def _predicted(model: TextModel, texts: TextSet, classes: tuple[str, ...], /) -> np.ndarray:
    return onto_classes(model.probabilities(texts.texts), model.classes, classes)


def _spread(repeats: tuple[Unseen, ...], /) -> dict[str, Any]:
    """Return mean and standard deviation of each metric over other folds."""
    found = [CauseMetrics(one.texts.labels, one.probabilities, one.classes, one.groups).metrics() for one in repeats]
    return {
        name: {"mean": float(np.mean([f[name] for f in found])), "sd": float(np.std([f[name] for f in found]))}
        for name in found[0]
    } | {"times": len(found)}


def with_texts(entry: dict[str, Any], /) -> dict[str, Any]:
    """Return an entry of ``evaluation.json`` with its notes as text, and beside them what they were made from."""
    notes = list[Message](entry["notes"])
    return entry | {"notes": [note.text for note in notes], "messages": [note.as_json() for note in notes]}
