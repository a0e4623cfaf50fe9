"""More texts than teach something are left out; few texts and rare labels never are."""

from __future__ import annotations

import numpy as np
import pandas as pd

from features.text.text_set import TextSet
from models.complaints.learning_curve import enough_texts


def simple_texts(count: int, rare: int) -> TextSet:
    """Texts whose label stands in them, so that a few teach all."""
    labels = np.array(["late", "bill", "rude"])[np.arange(count) % 3]
    labels[:rare] = "fire"
    texts = [f"{label} again, note {number * 7919 % 100003}" for number, label in enumerate(labels)]
    frame = pd.DataFrame({"text_id": [str(n) for n in range(count)], "text": texts, "label": labels})
    return TextSet(frame.assign(language="en", mixed=False, weight=1.0, at=pd.NaT, group=frame["text_id"]))


def test_what_few_texts_teach_is_not_learned_from_all() -> None:
    kept, note = enough_texts(simple_texts(12000, rare=12), 1)
    assert 2000 <= len(kept) < 3000
    assert note is not None and "of 12,000" in note.text
    assert (kept.labels == "fire").sum() == 12


def test_few_texts_are_all_learned_from() -> None:
    texts = simple_texts(9000, rare=2)
    kept, note = enough_texts(texts, 1)
    assert kept is texts and note is None


def test_the_same_seed_keeps_the_same_texts_and_no_group_is_parted() -> None:
    texts = simple_texts(12000, rare=12)
    paired = TextSet(texts.frame.assign(group=[str(number // 2) for number in range(12000)]))
    one, other = enough_texts(paired, 3)[0], enough_texts(paired, 3)[0]
    assert one.frame["text_id"].tolist() == other.frame["text_id"].tolist()
    assert one.frame.groupby("group").size().eq(2).all()
