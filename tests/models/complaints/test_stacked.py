from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest

from models.complaints.calibration import ScoreScale, softmax
from models.complaints.classifiers.stacked import Mixture, StackedModel, answers_beside_ngrams

ROWS, CLASSES = 1_500, 4


def drawn(sharpness: float, seed: int, target: np.ndarray) -> np.ndarray:
    """Probabilities of a model that sees the truth through noise of its own."""
    scores = np.random.default_rng(seed).normal(size=(len(target), CLASSES))
    scores[np.arange(len(target)), target] += sharpness
    return softmax(2 * scores)


@pytest.fixture
def target() -> np.ndarray:
    return np.random.default_rng(0).integers(CLASSES, size=ROWS)


def test_two_equal_models_with_errors_of_their_own_are_averaged(target: np.ndarray) -> None:
    mixture = Mixture.fit([drawn(1, 1, target), drawn(1, 2, target)], target)
    assert mixture.weights.tolist() == [0.5, 0.5]


def test_a_model_that_knows_nothing_gets_no_weight(target: np.ndarray) -> None:
    mixture = Mixture.fit([drawn(2, 1, target), np.full((ROWS, CLASSES), 1 / CLASSES)], target)
    assert mixture.apply([drawn(2, 3, target), np.full((ROWS, CLASSES), 1 / CLASSES)]).argmax(axis=1) == pytest.approx(
        drawn(2, 3, target).argmax(axis=1)
    )
    noise = Mixture.fit([drawn(2, 1, target), drawn(0, 9, target)], target)
    assert noise.weights[0] >= 0.75


def test_the_average_says_as_much_as_it_knows(target: np.ndarray) -> None:
    members = [drawn(1, 1, target), drawn(1, 2, target)]
    mixture = Mixture.fit(members, target)
    fresh = np.random.default_rng(5).integers(CLASSES, size=ROWS)
    found = mixture.apply([drawn(1, 6, fresh), drawn(1, 7, fresh)])
    right = found.argmax(axis=1) == fresh
    assert found.max(axis=1).mean() == pytest.approx(right.mean(), abs=0.035)


def test_scores_of_any_size_are_calibrated_and_weights_count(target: np.ndarray) -> None:
    scores = np.random.default_rng(1).normal(size=(ROWS, CLASSES))
    scores[np.arange(ROWS), target] += 1
    for size in (1e-3, 1.0, 1e4):
        found = ScoreScale.fit(size * scores, target, np.ones(ROWS)).apply(size * scores)
        assert found.max(axis=1).mean() == pytest.approx(np.mean(found.argmax(axis=1) == target), abs=0.03)
    wrong = np.where(np.arange(ROWS) < 300, (target + 1) % CLASSES, target)
    weights = np.where(np.arange(ROWS) < 300, 0.0, 1.0)
    alone = ScoreScale.fit(scores[300:], target[300:], np.ones(ROWS - 300))
    weighted = ScoreScale.fit(scores, wrong, weights)
    assert weighted.slope == pytest.approx(alone.slope, rel=0.02)


def test_separable_scores_stay_short_of_certainty() -> None:
    target = np.repeat([0, 1], 20)
    scores = np.where(target[:, None] == np.arange(2), 1.0, -1.0)
    assert 0.9 < ScoreScale.fit(scores, target, np.ones(40)).apply(scores).max() < 0.999


def test_the_best_class_stays_the_best_and_becomes_as_probable_as_it_is_right(target: np.ndarray) -> None:
    generator = np.random.default_rng(2)
    scores = generator.normal(size=(ROWS, CLASSES))
    scores[np.arange(ROWS), target] += 1.5
    scores = scores**3
    plain = ScoreScale.fit(scores, target, shift=False).apply(scores)
    made_sure = ScoreScale.fit(scores, target, shift=False, beta=True).apply(scores)
    np.testing.assert_allclose(made_sure.sum(axis=1), 1)
    np.testing.assert_array_equal(made_sure.argmax(axis=1), plain.argmax(axis=1))
    right = plain.argmax(axis=1) == target

    def miss(found: np.ndarray) -> float:
        top = found.max(axis=1)
        return float(
            sum(abs(top[rows].mean() - right[rows].mean()) for rows in np.array_split(np.argsort(top), 10)) / 10
        )

    assert miss(made_sure) < 0.03
    assert miss(plain) > 1.5 * miss(made_sure), (miss(plain), miss(made_sure))


@dataclass
class _Says:
    """Says the same of every text, and counts how often it is asked."""

    name: str
    scores: tuple[float, float]
    classes: tuple[str, ...] = ("a", "b")
    asked: int = 0

    def probabilities(self, texts: Sequence[str]) -> np.ndarray:
        self.asked += 1
        return np.tile(self.scores, (len(texts), 1))


@pytest.mark.parametrize(("weight", "ngrams"), [(0.5, [[0.9, 0.1]]), (0.0, None)])
def test_what_the_ngrams_of_a_stack_say_is_had_beside_its_answer_without_asking_again(
    weight: float, ngrams: list[list[float]] | None
) -> None:
    words, other = _Says("tfidf", (0.9, 0.1)), _Says("encoder", (0.2, 0.8))
    mixture = Mixture(np.array([weight, 1 - weight]), ScoreScale(1.0, np.zeros(2)))
    stack = StackedModel(("a", "b"), (words, other), mixture)  # type: ignore[arg-type]
    answers, beside = answers_beside_ngrams(stack, ["x"])
    assert words.asked == (weight > 0)
    assert answers.tolist() == stack.probabilities(["x"]).tolist()
    assert (None if beside is None else beside.tolist()) == ngrams
    assert answers_beside_ngrams(words, ["x"])[1] is None  # type: ignore[arg-type]
