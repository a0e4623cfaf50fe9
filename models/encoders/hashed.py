"""Texts as vectors without learning from them: words hashed, weighed by rarity, projected at random.

Nothing is fitted but how rare a word is, on texts of before; so a word that nobody used before keeps its place, and a
week's vectors do not depend on later weeks.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np
from scipy import sparse

from models.complaints.emerging.cluster_words import terms

__all__ = ["word_table", "word_vectors"]

_BUCKETS = 1 << 17
_DIMENSIONS = 256
_MAX_SHARE = 0.2


def word_table(texts: Sequence[str], /) -> sparse.csr_matrix:
    """Return which texts hold which words (hashed): ones, shape (texts, buckets)."""
    buckets = [sorted({zlib.crc32(term.encode()) % _BUCKETS for term in terms(text)}) for text in texts]
    lengths = np.array([len(found) for found in buckets], dtype=np.int64)
    columns = np.array([bucket for found in buckets for bucket in found], dtype=np.int64)
    return sparse.csr_matrix(
        (np.ones(len(columns), np.float32), columns, np.concatenate([[0], np.cumsum(lengths)])),
        shape=(len(texts), _BUCKETS),
    )


def word_vectors(counted: sparse.csr_matrix, earlier: np.ndarray, seed: int, /) -> np.ndarray:
    """Return vectors whose product measures which rare words two texts share.

    Parameters
    ----------
    counted : scipy.sparse.csr_matrix, shape (texts, buckets)
        ``word_table`` of texts that are cleaned and masked.
    earlier : numpy.ndarray of bool, shape (texts,)
        The texts from which it is learned how rare a word is; words in more than a fifth of them count for nothing.

    Returns
    -------
    numpy.ndarray of float32, shape (texts, 256)
        Of length 1; zero where a text has no word that counts.

    Source
    ------
    Weinberger et al. 2009 (hashed words); Johnson & Lindenstrauss 1984 (products survive a random projection).
    """
    seen = np.asarray((counted[earlier] > 0).sum(axis=0)).ravel()
    known = max(int(earlier.sum()), 1)
    weight = np.where(seen > _MAX_SHARE * known, 0.0, np.log((known + 1.0) / (seen + 1.0)))
    used = np.unique(counted.indices)
    generator = np.random.default_rng([seed, 17])
    bits = generator.integers(0, 256, (_BUCKETS, _DIMENSIONS // 8), dtype=np.uint8)  # by bucket, not by who uses it
    signs = np.unpackbits(bits[used], axis=1).astype(np.float32) * 2.0 - 1.0
    weighed = counted[:, used].multiply(weight[used][None, :].astype(np.float32)).tocsr()
    vectors = np.asarray(weighed @ signs, dtype=np.float32)
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.divide(vectors, length, out=np.zeros_like(vectors), where=length > 0)
