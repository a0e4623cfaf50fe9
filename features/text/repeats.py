"""Finds texts that repeat each other, word for word or nearly, so that no split parts them."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence

import numpy as np

__all__ = ["group_of", "groups_of"]

_NOISE = re.compile(r"\[[a-z]+\]|https?://\S+|[@#]\w+|[\W\d_]+")
_SHINGLE = 5
_MIN_CHARACTERS = 30
_MAX_CHARACTERS = 4_000
_BANDS, _ROWS = 6, 3
_ALIKE = 0.7
_MAX_TEXTS = 200_000


def group_of(text: str, /) -> str:
    """Return the same digest for texts that differ in case, figures, punctuation, handles and links alone."""
    folded = _folded(text)
    return hashlib.blake2b(folded.encode(errors="replace"), digest_size=8).hexdigest()


def groups_of(texts: Sequence[str], /) -> list[str]:
    """Return a group per text; texts share one if they are the same, or if seven tenths of their five-letter runs are.

    Texts of fewer than 30 letters, and those beyond the first 200,000 different ones, are compared as wholes alone.

    Source: Broder (1997), On the resemblance and containment of documents.

    Examples
    --------
    >>> one = "my bag was lost in Boston and nobody calls me back"
    >>> len(set(groups_of([one, f"RT {one}!!", "my bag was lost"])))
    2
    """
    own = {text: group_of(text) for text in dict.fromkeys(texts)}
    holder: dict[bytes, tuple[str, np.ndarray]] = {}
    joined: dict[str, str] = {}
    multipliers = np.random.default_rng(0).integers(1, 2**63, size=_BANDS * _ROWS, dtype=np.uint64) | np.uint64(1)
    for text, group in list(own.items())[:_MAX_TEXTS]:
        folded = _folded(text)[:_MAX_CHARACTERS]
        if group in joined or len(folded) < _MIN_CHARACTERS:
            continue
        joined[group] = group
        runs = _runs(folded)
        # the least of each random order of the runs: equal with the probability that the sets are alike
        minimum = ((runs[:, None] * multipliers) >> np.uint64(20)).min(axis=0).reshape(_BANDS, _ROWS)
        for place, band in enumerate(minimum):
            first, theirs = holder.setdefault(bytes([place]) + band.tobytes(), (group, runs))
            if first != group and _alike(runs, theirs):
                joined[group] = joined[first]
                break
    return [joined.get(own[text], own[text]) for text in texts]


def _folded(text: str, /) -> str:
    return _NOISE.sub("", unicodedata.normalize("NFKC", text).casefold()) or text


def _runs(folded: str, /) -> np.ndarray:
    """Return a number per run of five letters, each once, sorted."""
    letters = np.frombuffer(folded.encode("utf-32-le", errors="replace"), dtype=np.uint32).astype(np.uint64)
    windows = np.lib.stride_tricks.sliding_window_view(letters, _SHINGLE)
    weights = np.array([2_654_435_761**power % 2**64 for power in range(1, _SHINGLE + 1)], dtype=np.uint64)
    return np.unique((windows * weights).sum(axis=1, dtype=np.uint64))


def _alike(one: np.ndarray, other: np.ndarray, /) -> bool:
    shared = len(np.intersect1d(one, other, assume_unique=True))
    return shared >= _ALIKE * (len(one) + len(other) - shared)
