"""How far a text model can be trusted: metrics on texts it has not seen, their uncertainty, and what others reach."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from features.text.text_set import TextSet
from models.complaints.abstention import SelectiveRule, coverage_curve
from models.complaints.classifiers.stacked import answers_beside_ngrams
from models.complaints.classifiers.text_model import TextModel, onto_classes
from models.folds import group_folds
from models.prediction.metrics import ProbabilityMetrics, bootstrap_intervals, plain
from models.prediction.splits import SplitKind

__all__ = ["CauseMetrics", "Unseen", "cross_fit", "evaluation_entry", "majority"]

_SUREST_SHARE = 0.7
_REPLICATES = 200
ECE_METHOD = "of the most probable cause; bins of equal mass, cleared of sampling noise (Kumar, Liang & Ma 2019)"


class CauseMetrics:
    """Figures of probabilities of several classes against the labels.

    Parameters
    ----------
    labels : numpy.ndarray of str, shape (texts,)
    probabilities : numpy.ndarray, shape (texts, classes)
    classes : sequence of str
    groups : numpy.ndarray, shape (texts,)
        The same for texts that repeat each other.
    """

    def __init__(
        self, labels: np.ndarray, probabilities: np.ndarray, classes: Sequence[str], groups: np.ndarray
    ) -> None:
        names = list(classes)
        names += sorted({str(label) for label in labels} - set(names))
        position = {name: number for number, name in enumerate(names)}
        self.names = tuple(names)
        self.label = np.array([position[label] for label in labels], dtype=np.int64)
        self.named = probabilities.argmax(axis=1)
        self.group = np.unique(groups.astype(str), return_inverse=True)[1]
        self.right = self.label == self.named
        top = probabilities.max(axis=1)
        self._order = np.argsort(-top, kind="stable")
        self._calibration = ProbabilityMetrics(self.right.astype(np.float64), top, self.group)

    def metrics(self, weight: np.ndarray | None = None, /) -> dict[str, float]:
        """Return macro-F1, accuracy, calibration error, and accuracy where the model is surest.

        Parameters
        ----------
        weight : numpy.ndarray, shape (texts,), optional
            How often each text counts.
        """
        used = np.ones(len(self.label)) if weight is None else weight.astype(np.float64)
        labelled, named, right = self._counts(used)
        there = labelled + named > 0
        f1 = 2 * right[there] / (labelled + named)[there]
        ordered = used[self._order]
        inside = np.cumsum(ordered) <= _SUREST_SHARE * used.sum() + 1e-9
        surest = ordered[inside] @ self.right[self._order][inside] / max(ordered[inside].sum(), 1e-12)
        return {
            "macro_f1": float(f1.mean()),
            "accuracy": float(used @ self.right / used.sum()),
            "ece": self._calibration.metrics(weight)["ece"],
            "accuracy_at_70": float(surest),
        }

    def per_class(self) -> dict[str, dict[str, float]]:
        """Return precision, recall and number of each label; NaN where it is never named or not there."""
        labelled, named, right = self._counts(np.ones(len(self.label)))
        return {
            name: {
                "precision": float(right[number] / named[number]) if named[number] else np.nan,
                "recall": float(right[number] / labelled[number]) if labelled[number] else np.nan,
                "n": int(labelled[number]),
            }
            for number, name in enumerate(self.names)
        }

    def _counts(self, used: np.ndarray, /) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        of = len(self.names)
        labelled = np.bincount(self.label, weights=used, minlength=of)
        named = np.bincount(self.named, weights=used, minlength=of)
        return labelled, named, np.bincount(self.label, weights=used * self.right, minlength=of)


@dataclass(frozen=True)
class Unseen:
    """Labelled texts with probabilities by models that had not seen them.

    Parameters
    ----------
    probabilities : numpy.ndarray, shape (texts, classes)
    classes : tuple of str
        In the order of the probabilities' columns.
    part : numpy.ndarray of int, shape (texts,)
        The fold that each text was held out in.
    description : str
        The split in words.
    kind : SplitKind
        How the texts were held out.
    """

    texts: TextSet
    probabilities: np.ndarray
    classes: tuple[str, ...]
    part: np.ndarray
    description: str
    kind: SplitKind = SplitKind.CROSS_VALIDATION

    @property
    def groups(self) -> np.ndarray:
        """What no split parts, as an array of str."""
        return self.texts.frame["group"].to_numpy(dtype=object).astype(str)

    @property
    def metrics(self) -> CauseMetrics:
        """The metrics of these texts."""
        return CauseMetrics(self.texts.labels, self.probabilities, self.classes, self.groups)

    def answered(self, risk: float, /) -> np.ndarray:
        """Return where (texts,) an answer is given, each text by thresholds that were set on the others."""
        answered = np.zeros(len(self.texts), dtype=bool)
        # thresholds may not be set on what they are judged by; one fold alone is halved for that
        part = self.part
        if len(np.unique(part)) < 2:
            part = group_folds(self.groups, self.texts.labels, 2, 0, classes=True)
        for one in np.unique(part):
            rest, labels = part != one, self.texts.labels
            rule = SelectiveRule.fit(
                self.probabilities[rest], labels[rest], self.classes, risk, groups=self.groups[rest]
            )
            answered[~rest] = rule.answered(self.probabilities[~rest], self.classes)
        return answered


def cross_fit(
    texts: TextSet,
    classes: tuple[str, ...],
    fit: Callable[[TextSet], TextModel],
    part: np.ndarray,
    /,
    beside: np.ndarray | None = None,
) -> np.ndarray:
    """Return probabilities (texts, classes), each by a model that has not seen the text's fold.

    Parameters
    ----------
    texts : TextSet
        Labelled texts.
    classes : tuple of str
        In the order of the probabilities' columns.
    fit : callable
        From texts to a fitted model.
    part : numpy.ndarray of int, shape (texts,)
        The fold of each text.
    beside : numpy.ndarray, shape (texts, classes), optional
        Filled with what the n-grams say, where models are stacks with n-grams among them.
    """
    found = np.zeros((len(texts), len(classes)))
    for one in np.unique(part):
        model = fit(texts.rows(part != one))
        others = texts.frame["text"].to_numpy(dtype=object)[part == one]
        # no array of fixed width: one text of a megabyte would make every row as wide
        of_row, distinct = pd.factorize(others)
        answers, ngrams = answers_beside_ngrams(model, list(distinct))
        found[part == one] = onto_classes(answers, model.classes, classes)[of_row]
        if beside is not None and ngrams is not None:
            beside[part == one] = onto_classes(ngrams, model.classes, classes)[of_row]
    return found


def majority(unseen: Unseen, /) -> np.ndarray:
    """Return probabilities (texts, classes) that say each label's share, whatever the text."""
    share = np.array([(unseen.texts.labels == name).mean() for name in unseen.classes])
    return np.tile(share / max(share.sum(), 1e-12), (len(unseen.texts), 1))


def evaluation_entry(
    unseen: Unseen,
    baselines: Mapping[str, np.ndarray],
    risk: float,
    seed: int,
    rule: SelectiveRule | None = None,
    /,
) -> dict[str, Any]:
    """Return the metrics of ``evaluation.json``, ready for JSON.

    Parameters
    ----------
    baselines : mapping of str to numpy.ndarray
        Probabilities of others for the same texts.
    risk : float
        Share of wrong answers, among those given, that is accepted.
    seed : int
        Of the bootstrap.
    rule : SelectiveRule, optional
        Thresholds set on other texts; without, each text is judged by thresholds that were set on the others here.
    """
    main = unseen.metrics
    answered = unseen.answered(risk) if rule is None else rule.answered(unseen.probabilities, unseen.classes)
    labels = unseen.texts.labels
    counts = np.unique(labels.astype(str), return_counts=True)[1]
    others = {
        name: CauseMetrics(labels, found, unseen.classes, unseen.groups).metrics() for name, found in baselines.items()
    }
    per_class = main.per_class()
    for number, name in enumerate(unseen.classes):
        per_class[name]["answered"] = int((answered & (main.named == number)).sum())
    intervals = bootstrap_intervals(main.metrics, main.group, seed=seed, replicates=_REPLICATES)
    return plain(
        {
            "rows": len(labels),
            "groups": int(main.group.max()) + 1,
            "base_rate": float(counts.max() / counts.sum()),
            "split": unseen.description,
            "split_kind": str(unseen.kind),
            **main.metrics(),
            "coverage": float(answered.mean()),
            "accuracy_of_answers": float(main.right[answered].mean()) if answered.any() else None,
            "risk": risk,
            "intervals": intervals,
            "baselines": others,
            "causes": per_class,
            "coverage_accuracy": coverage_curve(unseen.probabilities, main.right),
            "ece_method": ECE_METHOD,
        }
    )
