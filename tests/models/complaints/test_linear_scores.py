"""Two linear learners of n-grams: what they score, and how far the second is listened to."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from features.text.text_set import TextSet
from models.complaints.calibration import softmax
from models.complaints.classifiers import tfidf
from models.complaints.classifiers.linear_scores import Average, Scores, by_logistic, by_margin
from models.complaints.classifiers.ngrams import learn_views, stacked
from models.complaints.classifiers.tfidf import TfidfModel
from models.complaints.training_set import TrainingSet, training_set

_WORDS = {"late": "parcel late waited weeks", "bill": "charged twice invoice wrong", "rude": "agent rude shouted me"}


def _texts(seed: int, each: int = 30, doubt: float = 0.0) -> TextSet:
    generator = np.random.default_rng(seed)
    rows = []
    for label, words in _WORDS.items():
        for _ in range(each):
            spoken = generator.permutation(f"{words} please help order today {generator.integers(10**9)}".split())
            other = generator.choice(sorted(_WORDS)) if generator.random() < doubt else label
            rows.append((" ".join(spoken[: generator.integers(3, len(spoken))]), other))
    frame = pd.DataFrame(rows, columns=["text", "label"]).astype({"label": object})
    names = np.arange(len(frame)).astype(str)
    return TextSet(
        frame.assign(text_id=names, language="en", mixed=False, weight=1.0, at=pd.Timestamp("2026-01-01"), group=names)
    )


def _learned(seed: int) -> tuple[TrainingSet, np.ndarray]:
    learned = training_set(_texts(seed))
    return learned, learn_views(learned.texts)[1]


def test_both_learners_score_each_class_against_the_rest_and_a_class_without_texts_lowest() -> None:
    learned, matrix = _learned(0)
    for learn in (lambda some: by_margin(matrix, some, 0.1, 0), lambda some: by_logistic(matrix, some, 0)):
        assert np.mean(learn(learned).of(matrix).argmax(axis=1) == learned.target) > 0.9
        there = learned.target != 1
        some = TrainingSet(
            learned.texts, learned.classes, np.where(there, learned.target, 0), learned.weights, learned.groups
        )
        assert (learn(some).of(matrix)[:, 1] == -3.0).all()


def test_a_rare_class_counts_as_much_as_a_frequent_one() -> None:
    # a text that a third of the rare class and a sixth of the frequent one wrote belongs to the rare one
    spoken = [
        ("please help", "late", 20),
        ("please help", "rude", 10),
        ("parcel", "late", 100),
        ("shouted", "rude", 20),
    ]
    rows = [(f"{text} {number}", label) for text, label, count in spoken for number in range(count)]
    frame = pd.DataFrame(rows, columns=["text", "label"]).astype({"label": object})
    learned = training_set(TextSet(frame.assign(weight=1.0, group=frame.index.astype(str))))
    views, matrix = learn_views(learned.texts)
    asked = stacked(views, ["please help"])
    for scores in (by_margin(matrix, learned, 0.1, 0), by_logistic(matrix, learned, 0)):
        assert learned.classes[int(scores.of(asked)[0].argmax())] == "rude"


def _noisy(generator: np.random.Generator, target: np.ndarray, noise: float) -> np.ndarray:
    return 3.0 * np.eye(3)[target] + noise * generator.normal(size=(len(target), 3))


def test_the_second_learner_is_listened_to_as_far_as_log_loss_falls() -> None:
    generator = np.random.default_rng(0)
    target = generator.integers(0, 3, 900)
    good, as_good, noise = (
        _noisy(generator, target, 2.5),
        _noisy(generator, target, 2.5),
        generator.normal(size=(900, 3)),
    )

    def share(average: Average, first: np.ndarray, second: np.ndarray) -> float:
        ours, theirs = (
            weight * np.std(scores - scores.mean(axis=1, keepdims=True))
            for weight, scores in ((average.first, first), (average.second, second))
        )
        return float(theirs / (ours + theirs))

    # sizes mean nothing: a score in other units gets the same weight
    assert share(Average.fit(good, 40.0 * as_good, target), good, 40.0 * as_good) == pytest.approx(0.5)
    assert Average.fit(good, noise, target).second == 0.0
    assert Average.fit(good, None, target).second == 0.0


def test_the_average_is_one_linear_model_with_the_probabilities_that_were_calibrated() -> None:
    generator = np.random.default_rng(1)
    target, matrix = generator.integers(0, 3, 300), generator.normal(size=(300, 4))
    first, second = (Scores(generator.normal(size=(3, 4)), generator.normal(size=3)) for _ in range(2))
    average = Average(0.7, 0.2, Average.fit(first.of(matrix), second.of(matrix), target).scale)
    wanted = 0.7 * first.of(matrix) + 0.2 * second.of(matrix)
    np.testing.assert_allclose(average.of(first, second).of(matrix), wanted)
    np.testing.assert_allclose(average.of(first, None).of(matrix), 0.7 * first.of(matrix))
    assert np.isfinite(softmax(wanted)).all()


def test_what_is_right_nearly_always_asks_no_second_learner(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def noted(matrix: np.ndarray, some: TrainingSet, seed: int, /) -> Scores:
        asked.append(seed)
        return by_logistic(matrix, some, seed)

    monkeypatch.setattr(tfidf, "by_logistic", noted)
    TfidfModel.fit(_texts(3), 0)
    assert not asked
    TfidfModel.fit(_texts(3, doubt=0.6), 0)
    assert asked


def test_a_text_of_unknown_words_is_no_class_more_than_another() -> None:
    model = TfidfModel.fit(_texts(3), 0)
    found = model.probabilities(["ююю 未知", "parcel late"])
    assert found[0].tolist() == [1 / 3] * 3
    assert found[1].max() > 0.5


def test_a_part_is_learned_from_as_if_alone_but_for_its_calibration() -> None:
    texts = _texts(3, doubt=0.3)
    whole, part = TfidfModel.fit(texts, 0), texts.rows(np.arange(len(texts)) % 5 != 0)
    again, alone = whole.refit(part, 0), TfidfModel.fit(part, 0)
    assert [view.terms for view in again.views] == [view.terms for view in alone.views]
    # one linear model each, of a size that the average gives it
    angle = np.sum(again.coefficients * alone.coefficients) / np.linalg.norm(again.coefficients)
    assert angle / np.linalg.norm(alone.coefficients) > 0.99
    asked = texts.rows(np.arange(len(texts)) % 5 == 0).texts
    assert np.abs(again.probabilities(asked) - alone.probabilities(asked)).mean() < 0.05


def test_a_part_is_calibrated_on_its_own_texts_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = _texts(3, doubt=0.3)
    whole, where = TfidfModel.fit(texts, 0), np.arange(len(texts)) % 5 != 0
    counted: list[int] = []
    fit = Average.fit

    def noted(first: np.ndarray, second: np.ndarray | None, target: np.ndarray, /) -> Average:
        counted.append(len(target))
        return fit(first, second, target)

    monkeypatch.setattr(Average, "fit", noted)
    part = texts.rows(where)
    whole.refit(part, 0)
    assert counted == [part.frame[["text", "label"]].drop_duplicates().shape[0]]


def test_other_texts_than_a_models_own_are_learned_from_anew() -> None:
    whole, others = TfidfModel.fit(_texts(3, doubt=0.3), 0), _texts(4)
    assert whole.refit(others, 0).scale.slope == TfidfModel.fit(others, 0).scale.slope
    assert whole.refit(others, 0).classes == training_set(others).classes
