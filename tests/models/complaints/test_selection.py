from __future__ import annotations

import importlib.machinery
import importlib.util
import itertools
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest

from baton.company import Text
from baton.errors import CompanyFileError, TooLittleDataError
from features.text.text_set import TextSet
from models.complaints import selection as choosing
from models.complaints.paired_comparison import beats
from models.complaints.selection import Choice, choose_model
from models.complaints.training_set import TrainingSet, training_set

WORDS = {
    "billing": "bill fee charge invoice refund",
    "delay": "late wait hours slow delayed",
    "staff": "rude tone ignored shouted snappy",
}


def texts_of(count: int, seed: int = 0, noise: float = 0.3) -> TextSet:
    generator = np.random.default_rng(seed)
    rows = []
    for label in WORDS:
        for _ in range(count):
            topic = label if generator.random() > noise else generator.choice(list(WORDS))
            text = " ".join(
                [*generator.choice(WORDS[topic].split(), 2), *(f"n{n}" for n in generator.integers(99, size=3))]
            )
            rows.append((text, label))
    frame = pd.DataFrame(rows, columns=["text", "label"])
    frame = frame.assign(text_id=[str(n) for n in range(len(frame))], language="en", mixed=False, weight=1.0, at=pd.NaT)
    return TextSet(frame.assign(group=frame["text"].str.split().str[:2].str.join(" ")))


def added(texts: TextSet, **columns: Any) -> TextSet:
    row = texts.frame.iloc[[0]].assign(**{"text_id": "x", "group": "x", **columns})
    return TextSet(pd.concat([texts.frame, row], ignore_index=True))


FLOOR = Text(model="tfidf")


def test_few_texts_are_each_answered_by_a_model_that_has_not_seen_their_group(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[set[str]] = []
    refit = choosing.TfidfModel.refit

    def counted(model: choosing.TfidfModel, texts: TextSet, seed: int, /) -> Any:
        seen.append(set(texts.frame["group"]))
        return refit(model, texts, seed)

    monkeypatch.setattr(choosing.TfidfModel, "refit", counted)
    texts = texts_of(30)
    chosen = choose_model(texts, FLOOR, 0)
    assert len(chosen.validation) == texts.frame[["text", "label"]].drop_duplicates().shape[0]
    rounds = seen
    everything = set(texts.frame["group"])
    assert isinstance(chosen.model, choosing.TfidfModel)
    assert chosen.model.unseen is not None
    assert set(chosen.model.unseen.held.texts) == set(texts.frame["text"])
    held_out = [everything - some for some in rounds]
    assert set().union(*held_out) == everything
    assert sum(map(len, held_out)) == len(everything)


def test_many_texts_lose_a_fifth_to_validation_by_whole_groups() -> None:
    texts = texts_of(300)
    chosen = choose_model(texts, FLOOR, 0)
    share = len(chosen.validation) / len(texts)
    assert 0.1 < share < 0.3
    mine = texts.frame["group"].isin(chosen.validation.frame["group"])
    assert len(chosen.validation) == mine.sum() - texts.frame[mine].duplicated(["text", "label"]).sum()


def test_answers_on_validation_are_those_of_its_texts_in_the_models_classes() -> None:
    chosen = choose_model(texts_of(60), FLOOR, 0)
    assert chosen.model.classes == ("billing", "delay", "staff")
    answers = np.array(chosen.model.classes)[chosen.validation_probabilities.argmax(axis=1)]
    metrics = chosen.compared["tfidf"]
    assert np.mean(answers == chosen.validation.labels) == pytest.approx(metrics["accuracy"])
    assert 0.5 < metrics["accuracy"] < 0.95
    assert metrics["chosen"]


def test_a_label_of_one_text_is_left_out_with_a_note() -> None:
    chosen = choose_model(added(texts_of(30), text="the lift is stuck", label="lift"), FLOOR, 0)
    assert "lift" not in chosen.model.classes
    assert [note.text for note in chosen.notes] == ["labels of one text are not learned: lift"]


@pytest.mark.parametrize(
    "labels", [["billing"] * 3, ["billing", "delay", "staff"], [None] * 3], ids=["all one", "each once", "none"]
)
def test_fewer_than_two_labels_that_repeat_are_refused(labels: list[str | None]) -> None:
    texts = texts_of(1)
    with pytest.raises(TooLittleDataError, match="label texts of a second cause"):
        choose_model(TextSet(texts.frame.assign(label=pd.Series(labels, dtype=object))), FLOOR, 0)


def test_nothing_else_is_tried_where_n_grams_are_right_nearly_always(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choosing, "EncoderModel", None)
    monkeypatch.setattr(choosing, "_kinds", lambda *_: [choosing.TfidfModel, choosing.ZeroShotModel])
    chosen = choose_model(texts_of(40, noise=0), Text(), 0)
    assert chosen.model.name == "tfidf"
    assert list(chosen.compared) == ["tfidf"]
    assert "n-grams are right nearly always" in chosen.notes[0].text


def test_repeated_texts_cost_no_more_than_one(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = texts_of(40)
    often = TextSet(pd.concat([texts.frame] * 5, ignore_index=True))
    once, again = (choose_model(some, FLOOR, 0) for some in (texts, often))
    assert len(again.validation) == len(once.validation)
    np.testing.assert_allclose(again.validation_probabilities, once.validation_probabilities, atol=1e-9)


def test_too_many_texts_are_sampled_so_that_rare_labels_stay_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choosing, "_MAX_TEXTS", 60)
    texts = texts_of(40)
    frame = texts.frame[~((texts.frame["label"] == "staff") & (texts.frame.groupby("label").cumcount() >= 10))]
    chosen = choose_model(TextSet(frame.reset_index(drop=True)), FLOOR, 0)
    counts = chosen.validation.frame["label"].value_counts()
    assert counts["staff"] == 10
    assert len(chosen.validation) <= 60
    assert counts["billing"] == counts["delay"] == 25


class Oracle:
    """A model that knows every answer, at a price."""

    name = "oracle"
    classes = tuple(WORDS)

    @classmethod
    def fit(cls, texts: TextSet, seed: int, /, **_: Any) -> Oracle:
        return cls()

    def probabilities(self, texts: list[str], /) -> np.ndarray:
        truth = dict(zip(texts_of(60).texts, texts_of(60).labels, strict=True))
        return np.array([[0.9 if truth.get(text) == name else 0.05 for name in self.classes] for text in texts])


def test_a_better_model_wins_and_a_better_but_slow_one_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choosing, "_kinds", lambda *_: [choosing.TfidfModel, Oracle])
    monkeypatch.setattr(choosing, "latency_ms", lambda model: 30.0 if model.name == "oracle" else 1.0)
    quick, slow = (choose_model(texts_of(60), Text(latency_ms=limit), 0) for limit in (50.0, 20.0))
    assert quick.model.name in ("oracle", "stacked")
    assert slow.model.name == "tfidf"
    assert slow.compared["oracle"]["macro_f1"] > slow.compared["tfidf"]["macro_f1"]
    assert "oracle was left out: 30 ms a text" in slow.notes[0].text


def test_luck_does_not_beat_the_holder() -> None:
    held = training_set(texts_of(60))
    generator = np.random.default_rng(3)
    holder = generator.random((len(held.texts), 3))
    luckier = holder + generator.normal(scale=0.05, size=holder.shape)
    better = holder + 0.4 * np.eye(3)[held.target]
    assert not beats(luckier, holder, held, 0)
    assert beats(better, holder, held, 0)


def test_who_is_surer_of_the_truth_and_answers_no_worse_wins_sooner() -> None:
    held = training_set(texts_of(60))
    generator = np.random.default_rng(3)
    noise = np.eye(3)[held.target] * 0.3 + generator.random((len(held.texts), 3))
    holder = noise / noise.sum(axis=1, keepdims=True)
    # one more text right of the many: too few to decide by macro-F1 alone
    surer = 0.5 * holder + 0.5 * np.eye(3)[holder.argmax(axis=1)]
    wrong = np.flatnonzero(holder.argmax(axis=1) != held.target)[:3]
    surer[wrong] = np.eye(3)[held.target[wrong]]
    right = np.where((holder.argmax(axis=1) == held.target)[:, None], surer, holder)
    right[wrong] = surer[wrong]
    assert beats(right, holder, held, 0)
    # as many more right, but sure where it is wrong
    bold = np.where((holder.argmax(axis=1) == held.target)[:, None], holder, surer)
    bold[wrong[0]] = np.eye(3)[held.target[wrong[0]]]
    assert not beats(bold, holder, held, 0)


def test_an_average_that_answers_too_slowly_is_left_out_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choosing, "_kinds", lambda *_: [choosing.TfidfModel, Oracle])
    monkeypatch.setattr(choosing, "latency_ms", lambda *_: 30.0)
    found = choose_model(texts_of(60), Text(latency_ms=50), 0)
    assert "stacked" not in found.compared
    assert any("the average of tfidf and oracle was left out: 60 ms a text" in note.text for note in found.notes)


@pytest.mark.parametrize("model", ["finetune", "auto+finetune"])
def test_fine_tuning_without_pytorch_says_what_to_install(monkeypatch: pytest.MonkeyPatch, model: str) -> None:
    monkeypatch.setattr(choosing.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(CompanyFileError, match="PyTorch is not installed"):
        choose_model(texts_of(30), Text(model=model), 0)


class Vectors:
    """An encoder that knows the first word's topic; as large as it says."""

    name, languages = "vectors", frozenset({"en"})
    weights = b"x" * 1_000_000

    def embed(self, texts: Sequence[str], /) -> np.ndarray:
        topics = [float(any(word in text for word in words.split())) for text in texts for words in WORDS.values()]
        noise = [sum(map(ord, text)) % 7 / 20 for text in texts]
        return np.column_stack([np.reshape(topics, (-1, 3)), noise]).astype(np.float32)


def chosen_under(monkeypatch: pytest.MonkeyPatch, torch: bool, tick: float) -> Choice:
    """Choose where PyTorch is there or hidden, by a clock that jumps."""
    find, clock = importlib.util.find_spec, itertools.count(0.0, tick)
    hidden = ("torch", "accelerate", "onnx")
    there = importlib.machinery.ModuleSpec("torch", None)
    with monkeypatch.context() as patched:
        patched.setattr(
            importlib.util,
            "find_spec",
            lambda name, *rest: (there if torch else None) if name in hidden else find(name, *rest),
        )
        for name in ("perf_counter", "monotonic", "process_time", "time", "thread_time"):
            patched.setattr(time, name, lambda: next(clock))
        patched.setattr("models.complaints.classifiers.encoder.find_encoder", lambda *_: Vectors())
        patched.setattr(choosing, "_FINETUNE_TEXTS", 50)
        patched.setattr("os.cpu_count", lambda: 1 if torch else 64)
        return choose_model(texts_of(60), Text(), 0)


def test_neither_clock_nor_cores_nor_pytorch_change_the_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    slow, quick = chosen_under(monkeypatch, torch=True, tick=1e6), chosen_under(monkeypatch, torch=False, tick=1e-9)
    assert slow.compared == quick.compared and set(slow.compared) >= {"tfidf", "encoder"}
    assert slow.notes == quick.notes
    assert any("only [text] model auto+finetune asks for it" in note.text for note in slow.notes)
    assert slow.model.name == quick.model.name
    np.testing.assert_array_equal(slow.validation_probabilities, quick.validation_probabilities)


def test_the_cost_of_reading_is_counted_from_characters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.complaints.classifiers.encoder.find_encoder", lambda *_: Vectors())
    texts = texts_of(60)
    minutes = sum(len(text) for text in set(texts.texts)) / 240 * 1.0 / 60_000
    tight, wide = (choose_model(texts, Text(train_minutes=2 * minutes * room), 0) for room in (0.99, 1.01))
    assert "encoder" in wide.compared and "encoder" not in tight.compared
    assert any("the encoder was not tried: reading the texts is counted as" in note.text for note in tight.notes)
    assert wide.compared["encoder"]["latency_ms"] == 1.0


def test_folds_part_no_group_and_spread_each_label() -> None:
    groups = np.repeat(np.arange(30), 4)
    some = TrainingSet([""] * 120, ("a", "b"), np.where(groups % 3 == 0, 1, 0), np.ones(120), groups)
    fold = some.folds(5, 0)
    assert all(len(set(fold[groups == group])) == 1 for group in range(30))
    assert [int(some.target[fold == part].sum()) for part in range(5)] == [8] * 5
    assert some.folds(5, 0).tolist() == fold.tolist()


def test_texts_chosen_from_a_list_are_left_to_n_grams(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choosing, "EncoderModel", None)
    texts = texts_of(30)
    chosen = choose_model(TextSet(pd.concat([texts.frame] * 3, ignore_index=True)), Text(), 0)
    assert list(chosen.compared) == ["tfidf"]
    assert "the same few again" in chosen.notes[0].text
