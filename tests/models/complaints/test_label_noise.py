"""Labels that look wrong are found again where they were planted."""

from __future__ import annotations

import numpy as np
import pandas as pd

from features.text.text_set import TextSet
from models.complaints.label_noise import SUSPICIOUS_COLUMNS, suspicious_labels

_CLASSES = ("bill", "late", "lost")


def _set(labels: np.ndarray) -> TextSet:
    return TextSet(pd.DataFrame({"text_id": [f"t{n}" for n in range(len(labels))], "text": "x", "label": labels}))


def test_planted_wrong_labels_are_found_and_few_others() -> None:
    generator = np.random.default_rng(5)
    truth = generator.integers(0, 3, 900)
    probabilities = generator.dirichlet(np.full(3, 0.5), 900) * 0.5
    probabilities[np.arange(900), truth] += 0.5
    given, planted = truth.copy(), generator.choice(900, 60, replace=False)
    given[planted] = (truth[planted] + 1) % 3
    found = suspicious_labels(_set(np.array(_CLASSES, dtype=object)[given]), probabilities, _CLASSES)
    assert tuple(found.columns) == SUSPICIOUS_COLUMNS
    hit = set(found["text_id"]) & {f"t{n}" for n in planted}
    assert len(hit) / len(found) >= 0.8
    assert len(hit) / len(planted) >= 0.7
    likely = found.set_index("text_id")["likely"]
    assert all(likely[f"t{n}"] == _CLASSES[truth[n]] for n in planted if f"t{n}" in hit)


def test_too_few_texts_or_one_label_raise_no_suspicion() -> None:
    assert suspicious_labels(_set(np.full(50, "late", dtype=object)), np.full((50, 3), 1 / 3), _CLASSES).empty
    nothing = suspicious_labels(_set(np.array(["late", "lost"], dtype=object)), np.full((2, 3), 1 / 3), _CLASSES)
    assert tuple(nothing.columns) == SUSPICIOUS_COLUMNS
    assert nothing.empty
