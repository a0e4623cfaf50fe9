"""Texts as a transformer reads them: pieces of words, long texts in chunks, batches of like length."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from baton.errors import ArtefactError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

__all__ = ["Batch", "Chunk", "PieceReader", "batches", "written_out"]

_MAX_CHUNKS = 64


def written_out(text: str, /) -> str:
    """Write handles, hashtags, addresses and masks out, so that a reader of plain words understands them.

    Examples
    --------
    >>> written_out("@SouthWind #LateFlight &amp; [handle] does not care https://t.co/x1")
    'South Wind Late Flight & handle does not care link'
    """
    text = re.sub(r"https?://\S+|www\.\S+", " link ", html.unescape(text))
    # what was masked is a word like others, not three signs
    text = re.sub(r"\[([a-z]+)\]", r" \1 ", text)
    text = re.sub(r"(?<!\w)[@#](\w+)", lambda tag: f" {re.sub(r'(?<=[a-z])(?=[A-Z])|_', ' ', tag[1])} ", text)
    return re.sub(r"\s+", " ", text).strip()


@dataclass(frozen=True)
class Chunk:
    """A part of a text that the transformer reads at once.

    Parameters
    ----------
    row : int
        Position of the text.
    pieces : list of int
        With the marks of beginning and end.
    share : float
        The chunk's share of its text; the shares of a text sum to 1.
    """

    row: int
    pieces: list[int]
    share: float


@dataclass(frozen=True)
class Batch:
    """Chunks side by side: ``pieces`` and ``mask`` (chunks, longest), int64; ``chunks`` are positions in the list."""

    chunks: np.ndarray
    pieces: np.ndarray
    mask: np.ndarray


@dataclass(frozen=True)
class PieceReader:
    """A tokenizer as its ``tokenizer.json`` says, with the longest chunk.

    Parameters
    ----------
    definition : str
        Content of ``tokenizer.json``.
    max_tokens : int
        Pieces in a chunk, marks included.
    """

    definition: str
    max_tokens: int = 128

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        from tokenizers import Tokenizer

        try:
            tokenizer = Tokenizer.from_str(self.definition)
        except Exception as error:
            # the library raises nothing more precise
            raise ArtefactError(f"tokenizer.json: is damaged ({error}); train again with `baton run`") from error
        tokenizer.no_padding()
        tokenizer.enable_truncation(self.max_tokens)
        return tokenizer

    def chunks(self, texts: Sequence[str], /) -> list[Chunk]:
        """Cut texts into chunks; of a text of more than 64 chunks, 64 are read, evenly spread."""
        found = []
        for row, encoding in enumerate(self._tokenizer.encode_batch([written_out(text) for text in texts])):
            parts = [encoding.ids, *(rest.ids for rest in encoding.overflowing)]
            if len(parts) > _MAX_CHUNKS:
                parts = [parts[at] for at in np.linspace(0, len(parts) - 1, _MAX_CHUNKS).round().astype(int)]
            total = sum(map(len, parts))
            found.extend(Chunk(row, part, len(part) / total if total else 1.0) for part in parts)
        return found


def batches(chunks: Sequence[Chunk], size: int, /) -> Iterator[Batch]:
    """Yield batches of like length, so that little is read in vain."""
    lengths = np.array([len(chunk.pieces) for chunk in chunks], dtype=np.int64)
    order = np.argsort(lengths, kind="stable")
    for start in range(0, len(order), size):
        which = order[start : start + size]
        pieces = np.zeros((len(which), int(lengths[which].max(initial=1))), dtype=np.int64)
        mask = np.zeros_like(pieces)
        for line, at in enumerate(which):
            pieces[line, : lengths[at]] = chunks[at].pieces
            mask[line, : lengths[at]] = 1
        yield Batch(which, pieces, mask)
