"""Thresholds below which no cause is named: they keep the stated risk, class by class, or nothing is answered."""

from __future__ import annotations

import numpy as np
import pytest

from baton.errors import ArtefactError
from models.complaints.abstention import SelectiveRule, coverage_curve, error_bound

_CLASSES = ("late", "lost", "bill", "rude")


def _drawn(generator: np.random.Generator, texts: int, sharpness: float) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities that mean what they say, and labels drawn from them."""
    probabilities = generator.dirichlet(np.full(len(_CLASSES), sharpness), texts)
    chosen = (probabilities.cumsum(axis=1) > generator.random((texts, 1))).argmax(axis=1)
    return probabilities, np.array(_CLASSES, dtype=object)[chosen]


def _wrong_shares(rule: SelectiveRule, probabilities: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    answered = rule.answered(probabilities, _CLASSES)
    named = np.array(_CLASSES, dtype=object)[probabilities.argmax(axis=1)]
    return {
        name: float((labels != named)[answered & (named == name)].mean())
        for name in _CLASSES
        if (answered & (named == name)).any()
    }


def test_the_share_of_wrong_answers_of_each_class_exceeds_the_risk_in_no_more_than_one_draw_of_ten() -> None:
    generator = np.random.default_rng(1)
    many, truth = _drawn(generator, 30_000, 0.25)
    broken, draws, covered = 0, 120, []
    for _ in range(draws):
        rule = SelectiveRule.fit(*_drawn(generator, 600, 0.25), _CLASSES, 0.2)
        broken += sum(share > 0.2 for share in _wrong_shares(rule, many, truth).values())
        covered.append(float(rule.answered(many, _CLASSES).mean()))
    assert broken / (draws * len(_CLASSES)) <= 0.1
    assert np.mean(covered) > 0.4


def test_the_risk_holds_where_probabilities_are_far_too_sure() -> None:
    generator = np.random.default_rng(2)
    many, truth = _drawn(generator, 20_000, 0.25)
    boasting, broken = many**6 / (many**6).sum(axis=1, keepdims=True), 0
    for _ in range(60):
        probabilities, labels = _drawn(generator, 600, 0.25)
        sharper = probabilities**6 / (probabilities**6).sum(axis=1, keepdims=True)
        rule = SelectiveRule.fit(sharper, labels, _CLASSES, 0.2)
        broken += sum(share > 0.2 for share in _wrong_shares(rule, boasting, truth).values())
    assert broken / (60 * len(_CLASSES)) <= 0.1


def test_a_model_that_knows_nothing_answers_nothing() -> None:
    generator = np.random.default_rng(3)
    probabilities = generator.dirichlet(np.full(len(_CLASSES), 0.3), 2000)
    labels = generator.permutation(np.array(_CLASSES, dtype=object).repeat(500))
    rule = SelectiveRule.fit(probabilities, labels, _CLASSES, 0.2)
    assert not rule.answered(probabilities, _CLASSES).any()
    assert rule.never == _CLASSES


def test_a_bad_class_is_never_named_though_the_others_are() -> None:
    generator = np.random.default_rng(4)
    probabilities = np.full((800, 4), 0.02)
    right = np.arange(800) % 4
    probabilities[np.arange(800), right] = 0.94
    labels = np.array(_CLASSES, dtype=object)[right]
    labels[right == 3] = generator.choice(np.array(_CLASSES, dtype=object), 200)
    rule = SelectiveRule.fit(probabilities, labels, _CLASSES, 0.2)
    assert rule.never == ("rude",)


def test_texts_that_repeat_each_other_are_one_piece_of_evidence() -> None:
    probabilities = np.tile([0.9, 0.05, 0.03, 0.02], (100, 1))
    labels = np.full(100, "late", dtype=object)
    assert SelectiveRule.fit(probabilities, labels, _CLASSES, 0.2).thresholds["late"] == 0.9
    repeated = SelectiveRule.fit(probabilities, labels, _CLASSES, 0.2, groups=np.arange(100) // 50)
    assert repeated.never == _CLASSES


def test_classes_with_few_answers_share_a_threshold() -> None:
    probabilities = np.full((60, 4), 0.02)
    named = np.array([0] * 40 + [1] * 10 + [2] * 10)
    probabilities[np.arange(60), named] = 0.94
    rule = SelectiveRule.fit(probabilities, np.array(_CLASSES, dtype=object)[named], _CLASSES, 0.2)
    assert rule.pooled == ("lost", "bill", "rude")
    assert rule.thresholds["lost"] == rule.thresholds["bill"] == pytest.approx(0.94)


def _many_classes(generator: np.random.Generator, rows: int, classes: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Probabilities of which some classes say too much and others too little, and labels."""
    named = generator.integers(classes, size=rows)
    top = generator.uniform(0.55, 0.99, rows)
    too_sure = np.linspace(-0.8, 0.8, classes)[named]
    right = generator.random(rows) < 1 / (1 + np.exp(too_sure) * (1 - top) / top)
    probabilities = np.repeat(((1 - top) / (classes - 1))[:, None], classes, axis=1)
    probabilities[np.arange(rows), named] = top
    return probabilities, named, np.where(right, named, (named + 1) % classes)


def test_where_no_class_has_evidence_of_its_own_the_risk_is_kept_for_their_answers_together() -> None:
    generator, classes = np.random.default_rng(11), tuple(f"c{number:02d}" for number in range(20))
    names = np.array(classes, dtype=object)
    many, named, label = _many_classes(generator, 20_000, 20)
    broken, covered = 0, []
    for _ in range(8):
        probabilities, _, labels = _many_classes(generator, 1_400, 20)
        rule = SelectiveRule.fit(probabilities, names[labels], classes, 0.15)
        joint = rule.answered(many, classes) & np.isin(names[named].astype(str), rule.pooled)
        broken += (label != named)[joint].mean() > 0.15
        covered.append(joint.mean() / np.isin(names[named].astype(str), rule.pooled).mean())
    assert broken <= 1
    # each for itself, none of these would be named
    assert np.mean(covered) > 0.3


def test_a_class_that_is_shown_to_be_wrong_too_often_is_not_named_with_the_others() -> None:
    named = np.repeat([0, 1, 2, 3], [36, 36, 36, 20])
    probabilities = np.full((len(named), 4), 0.02)
    probabilities[np.arange(len(named)), named] = 0.94
    place = np.concatenate([np.arange(count) for count in (36, 36, 36, 20)])
    wrong = place < np.array([3, 3, 3, 8])[named]
    labels = np.array(_CLASSES, dtype=object)[np.where(wrong, (named + 1) % 4, named)]
    rule = SelectiveRule.fit(probabilities, labels, _CLASSES, 0.2)
    assert rule.pooled == _CLASSES
    assert rule.never == ("rude",)
    assert rule.thresholds["late"] == rule.thresholds["bill"] == pytest.approx(0.94)


def test_what_is_more_probably_wrong_than_right_is_not_reported() -> None:
    probabilities = np.tile([0.4, 0.3, 0.2, 0.1], (200, 1))
    rule = SelectiveRule.fit(probabilities, np.full(200, "late", dtype=object), _CLASSES, 0.2)
    assert not rule.answered(probabilities, _CLASSES).any()


@pytest.mark.parametrize(
    ("errors", "rows", "doubt", "bound"), [(0, 10, 0.05, 0.2589), (3, 20, 0.1, 0.3042), (5, 5, 0.1, 1)]
)
def test_the_bound_on_the_error_is_clopper_and_pearsons(errors: int, rows: int, doubt: float, bound: float) -> None:
    assert float(error_bound(errors, rows, doubt)) == pytest.approx(bound, abs=1e-4)


def test_the_curve_says_how_right_the_surest_answers_are() -> None:
    probabilities = np.array([[0.9, 0.1]] * 50 + [[0.6, 0.4]] * 50)
    curve = coverage_curve(probabilities, np.arange(100) < 60)
    at = {point["coverage"]: point for point in curve}
    assert at[0.5]["accuracy"] == 1.0
    assert at[1.0]["accuracy"] == pytest.approx(0.6)
    assert at[1.0]["low"] < 0.6 < at[1.0]["high"]
    assert at[1.0]["low"] == pytest.approx(0.4972, abs=1e-3)


def test_a_rule_is_read_as_it_was_written_and_refused_where_it_is_damaged() -> None:
    rule = SelectiveRule(0.2, 0.9, {"late": 0.5}, ("late",))
    assert SelectiveRule.from_json(rule.to_json(), "here") == rule
    with pytest.raises(ArtefactError, match="here: holds no thresholds"):
        SelectiveRule.from_json({"risk": 0.2}, "here")
