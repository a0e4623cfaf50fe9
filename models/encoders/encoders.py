"""Encoders: texts turned into vectors by a transformer that somebody else has trained."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np

__all__ = ["Encoder", "Remembering", "embed_once", "read_once", "shared"]

ENGLISH = "minilm"
MULTILINGUAL = "use-multilingual"
PAIR = "minilm+use-multilingual"
PACKAGED = (ENGLISH, MULTILINGUAL, PAIR)


class Encoder(Protocol):
    """Turns texts into vectors whose product measures how alike they are.

    Parameters
    ----------
    name : str
        A packaged encoder's name, a folder's name, or a Hugging Face id.
    languages : frozenset of str
        ISO 639-1 codes of the languages it was trained on; empty: not known.
    """

    @property
    def name(self) -> str:
        """Its name."""
        ...

    @property
    def languages(self) -> frozenset[str]:
        """Its languages."""
        ...

    def embed(self, texts: Sequence[str], /) -> np.ndarray:
        """Return float32 vectors (texts, dimensions) of length 1; long texts are read whole, in parts."""
        ...

    def save(self, folder: Path, /) -> None:
        """Write what another machine needs to read the same texts; nothing for an encoder that comes in a package."""
        ...


@dataclass
class Remembering:
    """An encoder that reads each text once, however many folds and models ask for it."""

    encoder: Encoder
    known: dict[str, np.ndarray] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The encoder's."""
        return self.encoder.name

    @property
    def languages(self) -> frozenset[str]:
        """The encoder's."""
        return self.encoder.languages

    @property
    def weights(self) -> Path | bytes | None:
        """The encoder's, where it has its own."""
        return getattr(self.encoder, "weights", None)

    def embed(self, texts: Sequence[str], /) -> np.ndarray:
        """Return the encoder's vectors (texts, dimensions)."""
        new = [text for text in dict.fromkeys(texts) if text not in self.known]
        if new:
            self.known.update(zip(new, self.encoder.embed(new), strict=True))
        return np.stack([self.known[text] for text in texts]) if len(texts) else self.encoder.embed(texts)

    def save(self, folder: Path, /) -> None:
        """Write what the encoder writes; nothing of the texts."""
        self.encoder.save(folder)


_READ: ContextVar[dict[str, Remembering] | None] = ContextVar("_READ", default=None)


@contextmanager
def read_once() -> Iterator[None]:
    """Let every model that is fitted inside share what encoders have read; what is remembered ends with it."""
    before = _READ.set({})
    try:
        yield
    finally:
        _READ.reset(before)


def shared(encoder: Encoder, /) -> Encoder:
    """Return the encoder, inside ``read_once`` as one that remembers."""
    read = _READ.get()
    if read is None or isinstance(encoder, Remembering):
        return encoder
    return read.setdefault(encoder.name, Remembering(encoder))


def embed_once(embed: Callable[[list[str]], np.ndarray], texts: Sequence[str], /) -> np.ndarray:
    """Embed repeated texts once, the short ones first, so that batches hold texts of like length.

    Examples
    --------
    >>> embed_once(lambda some: np.array([[len(text)] for text in some], dtype=np.float32), ["bb", "a", "bb"]).tolist()
    [[2.0], [1.0], [2.0]]
    """
    different = sorted(set(texts), key=lambda text: (len(text), text))
    vectors = np.asarray(embed(different), dtype=np.float32)
    place = {text: number for number, text in enumerate(different)}
    return vectors[[place[text] for text in texts]]
