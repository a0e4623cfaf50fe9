"""How many of all texts are about each cause: by what a model says of texts whose cause is known, not by what it could classify."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from baton.contract.results import result_table
from models.complaints.shares import HeldAnswers, cause_shares, separability

NAMES = ("bill", "late", "rude", "slow")
# how clearly each cause shows in words: what is recognised most easily is overcounted
CLEAR = np.array([0.8, 1.2, 1.5, 3.5])


def texts_of(rng: np.random.Generator, count: int, prior: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Causes, and the probabilities of a model that learned where all are as frequent."""
    cause = rng.choice(len(NAMES), count, p=prior)
    score = rng.normal(size=(count, len(NAMES)))
    score[np.arange(count), cause] += CLEAR[cause]
    power = np.exp(score * 1.5)
    return cause, power / power.sum(axis=1, keepdims=True)


def held(rng: np.random.Generator, count: int = 500) -> HeldAnswers:
    cause, probabilities = texts_of(rng, count, np.full(4, 0.25))
    return HeldAnswers(NAMES, np.array(NAMES, dtype=object)[cause], np.arange(count).astype(str), probabilities)


def answered(probabilities: np.ndarray, minimum: float = 0.9) -> pd.DataFrame:
    unclear = probabilities.max(axis=1) < minimum
    cause = np.array(NAMES, dtype=object)[probabilities.argmax(axis=1)]
    return pd.DataFrame({"cause": cause, "abstained": unclear, "reason": np.where(unclear, "unclear", "")})


def none(count: int) -> np.ndarray:
    return np.full(count, None, dtype=object)


def test_intervals_cover_the_true_shares_where_few_texts_are_classified_and_counting_misleads() -> None:
    rng, prior = np.random.default_rng(1), np.array([0.45, 0.30, 0.15, 0.10])
    inside, named, missed = [], [], []
    for _ in range(12):
        cause, probabilities = texts_of(rng, 600, prior)
        answers = answered(probabilities)
        shares = cause_shares(answers, none(600), probabilities, held(rng), 0).dropna(subset="cause").set_index("cause")
        shares = shares.loc[list(NAMES)]
        truth = np.bincount(cause, minlength=4) / 600
        inside += ((shares["share_low"] <= truth) & (truth <= shares["share_high"])).tolist()
        named.append(shares["named"] / shares["named"].sum())
        missed.append((shares["share"] - truth).abs().max())
    # counted among those classified, the clearest cause seems three times as frequent as it is
    assert np.mean([counted["slow"] for counted in named]) > 0.3
    assert np.mean(inside) >= 0.8
    assert np.mean(missed) < 0.1


def test_shares_are_of_all_texts_and_what_is_unclear_has_a_row_of_its_own() -> None:
    rng = np.random.default_rng(2)
    _, probabilities = texts_of(rng, 400, np.full(4, 0.25))
    answers = answered(probabilities, 0.97)
    shares = cause_shares(answers, none(400), probabilities, held(rng), 0)
    assert tuple(shares.columns) == result_table("cause_shares").names
    assert shares["named_share"].sum() == pytest.approx(1)
    assert shares.loc[shares["cause"].isna(), "named"].tolist() == [int(answers["abstained"].sum())]
    assert shares["share"].sum() == pytest.approx(1)
    assert (shares["texts"] == 400).all()


def test_recorded_causes_are_counted_and_only_the_other_texts_estimated() -> None:
    rng = np.random.default_rng(3)
    cause, probabilities = texts_of(rng, 400, np.array([0.7, 0.1, 0.1, 0.1]))
    labels = np.array(NAMES, dtype=object)[cause]
    known = cause_shares(answered(probabilities), labels, probabilities, held(rng), 0).set_index("cause")
    assert known.loc["bill", "share"] == pytest.approx((labels == "bill").mean())
    assert known.loc["bill", "share_low"] == known.loc["bill", "share_high"]
    labels[200:] = None
    half = cause_shares(answered(probabilities), labels, probabilities, held(rng), 0).set_index("cause")
    assert half.loc["bill", "labelled"] == (labels == "bill").sum()
    assert half.loc["bill", "share_low"] < (cause == 0).mean() < half.loc["bill", "share_high"]


def test_empty_texts_and_those_in_other_languages_are_about_no_cause() -> None:
    rng = np.random.default_rng(4)
    _, probabilities = texts_of(rng, 300, np.full(4, 0.25))
    answers = answered(probabilities)
    answers.loc[:149, ["abstained", "reason"]] = [True, "language"]
    shares = cause_shares(answers, none(300), probabilities, held(rng), 0)
    assert shares["share"].sum() == pytest.approx(0.5)


def test_nothing_is_estimated_where_nothing_was_tested() -> None:
    _, probabilities = texts_of(np.random.default_rng(5), 100, np.full(4, 0.25))
    shares = cause_shares(answered(probabilities), none(100), probabilities, None, 0)
    assert shares[["share", "share_low", "share_high"]].isna().all().all()
    assert shares["named"].sum() == 100


def test_texts_of_which_none_is_clear_are_counted_without_a_cause() -> None:
    answers = pd.DataFrame({"cause": ["bill", "late"], "abstained": True, "reason": "unclear"})
    shares = cause_shares(answers, none(2), np.full((2, 2), 0.5), None, 0)
    assert shares["cause"].isna().tolist() == [True]
    assert shares[["named", "labelled", "texts"]].to_numpy().tolist() == [[2, 0, 2]]


def test_texts_filtered_by_a_word_are_distinguished_from_the_others_and_halves_of_one_set_are_not() -> None:
    rng = np.random.default_rng(6)
    words = np.array("bill fee charge late wait hours rude tone line signal outage tower".split())
    texts = [" ".join(rng.choice(words, 6)) for _ in range(800)]
    halves = separability(texts[:400], texts[400:], 0)
    filtered = separability([t for t in texts if "outage" not in t], [t for t in texts if "outage" in t], 0)
    assert halves is not None and halves < 0.6
    assert filtered is not None and filtered > 0.9
    assert separability(texts[:20], texts[20:], 0) is None


def test_what_was_held_out_is_read_as_it_was_written(tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    kept = held(rng, 50)
    kept.save(tmp_path / "held.parquet")
    again = HeldAnswers.load(tmp_path / "held.parquet", NAMES)
    assert again is not None
    np.testing.assert_allclose(again.probabilities, kept.probabilities, atol=1e-6)
    assert again.label.tolist() == kept.label.tolist()
    assert HeldAnswers.load(tmp_path / "nothing.parquet", NAMES) is None
