"""What text models learn from: which folds are held out to calibrate on."""

from __future__ import annotations

import numpy as np
import pytest

from models.complaints.training_set import TrainingSet


def _learned(texts: int, classes: int) -> TrainingSet:
    target = np.arange(texts) % classes
    names = tuple(f"c{number:02d}" for number in range(classes))
    return TrainingSet([str(row) for row in range(texts)], names, target, np.ones(texts), np.arange(texts))


@pytest.mark.parametrize(
    ("texts", "classes", "parts"), [(6_891, 10, 4), (2_597, 77, 4), (8_000, 77, 2), (10_010, 77, 1), (700, 600, 4)]
)
def test_many_texts_of_many_classes_are_calibrated_on_folds_of_2500_texts_and_others_on_all(
    texts: int, classes: int, parts: int
) -> None:
    learned = _learned(texts, classes)
    fold, tested = learned.tested_folds(4, 7)
    assert tested == list(range(parts))
    assert np.isin(fold, tested).sum() >= min(2_500, texts)
    assert fold.tolist() == learned.folds(4, 7).tolist()
