"""Figures of causes are those of scikit-learn, on texts that no model has seen."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from features.text.text_set import TextSet
from models.complaints.classifiers.text_model import onto_classes
from models.complaints.evaluation import CauseMetrics, Unseen, cross_fit, evaluation_entry, majority

_CLASSES = ("bill", "late", "lost")


def _unseen(texts: int = 600) -> Unseen:
    generator = np.random.default_rng(6)
    probabilities = generator.dirichlet(np.full(3, 0.4), texts)
    chosen = (probabilities.cumsum(axis=1) > generator.random((texts, 1))).argmax(axis=1)
    frame = pd.DataFrame(
        {
            "text_id": [str(n) for n in range(texts)],
            "text": [f"text {n}" for n in range(texts)],
            "label": np.array(_CLASSES, dtype=object)[chosen],
            "weight": 1.0,
            "group": [str(n // 2) for n in range(texts)],
        }
    )
    return Unseen(TextSet(frame), probabilities, _CLASSES, np.arange(texts) // 2 % 5, "five folds")


def test_macro_f1_and_accuracy_agree_with_scikit_learn_with_and_without_weights() -> None:
    from sklearn.metrics import accuracy_score, f1_score, precision_score

    unseen = _unseen()
    named = np.array(_CLASSES, dtype=object)[unseen.probabilities.argmax(axis=1)].astype(str)
    labels, metrics = unseen.texts.labels.astype(str), unseen.metrics
    weight = np.random.default_rng(0).integers(0, 3, len(labels)).astype(float)
    for used in (None, weight):
        found = metrics.metrics(used)
        assert found["macro_f1"] == pytest.approx(f1_score(labels, named, average="macro", sample_weight=used))
        assert found["accuracy"] == pytest.approx(accuracy_score(labels, named, sample_weight=used))
    late = metrics.per_class()["late"]
    assert late["precision"] == pytest.approx(precision_score(labels, named, labels=["late"], average=None)[0])


def test_probabilities_that_mean_what_they_say_have_no_calibration_error_and_boasting_ones_do() -> None:
    unseen = _unseen(3000)
    assert unseen.metrics.metrics()["ece"] < 0.015
    boasting = unseen.probabilities**4 / (unseen.probabilities**4).sum(axis=1, keepdims=True)
    assert CauseMetrics(unseen.texts.labels, boasting, _CLASSES, unseen.groups).metrics()["ece"] > 0.1


def test_an_unknown_label_counts_as_missed() -> None:
    metrics = CauseMetrics(
        np.array(["late", "new"]), np.array([[0.1, 0.9], [0.2, 0.8]]), ("bill", "late"), np.arange(2)
    )
    assert metrics.metrics()["accuracy"] == 0.5
    assert metrics.per_class()["new"]["recall"] == 0


def test_the_entry_has_every_figure_its_interval_and_baselines() -> None:
    unseen = _unseen()
    entry = evaluation_entry(unseen, {"majority": majority(unseen)}, 0.2, 7)
    assert entry["rows"] == 600
    assert entry["groups"] == 300
    for name in ("macro_f1", "accuracy", "ece", "accuracy_at_70"):
        low, high = entry["intervals"][name]
        assert low <= entry[name] <= high
        assert name in entry["baselines"]["majority"]
    assert 0 < entry["coverage"] < 1
    assert entry["accuracy_of_answers"] >= 0.8
    assert sum(one["n"] for one in entry["causes"].values()) == 600
    assert entry["baselines"]["majority"]["accuracy"] == pytest.approx(entry["base_rate"])


class _Recalls:
    """Says the label of every text that it was shown, and 'bill' of any other."""

    name = "recalls"
    classes = _CLASSES

    def __init__(self, texts: TextSet) -> None:
        self.known = dict(zip(texts.texts, texts.labels, strict=True))

    def probabilities(self, texts: list[str]) -> np.ndarray:
        return np.eye(3)[[_CLASSES.index(self.known.get(text, "bill")) for text in texts]]


def test_no_text_is_answered_by_a_model_that_has_seen_it() -> None:
    unseen = _unseen(60)
    found = cross_fit(unseen.texts, _CLASSES, _Recalls, unseen.part)  # type: ignore[arg-type]
    assert (found.argmax(axis=1) == 0).all()


def test_probabilities_of_a_model_with_other_classes_find_their_columns() -> None:
    assert onto_classes(np.array([[0.3, 0.7]]), ["lost", "else"], _CLASSES).tolist() == [[0.0, 0.0, 0.3]]
