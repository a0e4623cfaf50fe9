"""No split parts texts that repeat each other, nor lets a later text teach about an earlier one."""

from __future__ import annotations

import numpy as np
import pandas as pd

from features.text.text_set import TextSet
from models.complaints.splits import later_texts
from models.folds import group_folds


def _texts(days: int, texts: int = 1000) -> TextSet:
    frame = pd.DataFrame(
        {
            "text_id": [str(number) for number in range(texts)],
            "text": "x",
            "label": np.where(np.arange(texts) % 3, "late", "lost").astype(object),
            "weight": 1.0,
            "at": pd.Timestamp("2024-01-01") + pd.to_timedelta(np.linspace(0, days, texts), unit="D"),
            "group": [str(number % 950) for number in range(texts)],
        }
    )
    return TextSet(frame)


def test_folds_part_no_group_and_hold_a_like_mix_of_labels() -> None:
    generator = np.random.default_rng(0)
    groups = generator.integers(0, 200, 500)
    labels = np.array(["late", "lost", "bill"])[groups % 3]
    fold = group_folds(groups, labels, 5, 7, classes=True)
    assert all(len(np.unique(fold[groups == group])) == 1 for group in np.unique(groups))
    shares = [np.mean(labels[fold == part] == "late") for part in range(5)]
    assert max(shares) - min(shares) < 0.1
    assert not np.array_equal(fold, group_folds(groups, labels, 5, 8, classes=True))


def test_the_last_quarter_is_tested_without_what_repeats_the_past() -> None:
    texts = _texts(365)
    split = later_texts(texts)
    assert split is not None
    at, group = texts.frame["at"], texts.frame["group"]
    assert at[split.train].max() < at[split.test].min()
    assert not set(group[split.train]) & set(group[split.test])
    # the last fifty repeat the first fifty
    assert split.test.sum() == 200


def test_texts_of_a_few_weeks_or_without_times_are_not_split_in_time() -> None:
    assert later_texts(_texts(30)) is None
    texts = _texts(365)
    assert later_texts(TextSet(texts.frame.assign(at=pd.NaT))) is None
