"""Bounded numbers of rows: whole customers, chosen the same way every time and on every engine."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import ibis
import ibis.expr.types as ir

__all__ = ["chosen", "table_of"]


def chosen(ids: Iterable[str], share: float, seed: int, /) -> list[str]:
    """Return the share of ids whose digest comes first; engines' own hashes differ, this one does not.

    Examples
    --------
    >>> chosen(["a", "b", "c", "d"], 1.0, 7)
    ['a', 'b', 'c', 'd']
    >>> len(chosen((f"c{number}" for number in range(1000)), 0.5, 7)) in range(450, 550)
    True
    """
    if share >= 1:
        return sorted(ids)
    limit = int(share * 2**64)
    key = str(seed).encode()
    kept = []
    for name in ids:
        digest = hashlib.blake2b(name.encode(), key=key, digest_size=8).digest()
        if int.from_bytes(digest, "big") < limit:
            kept.append(name)
    return sorted(kept)


def table_of(ids: list[str], column: str, /) -> ir.Table:
    """Bring ids into the engine as a table of one column."""
    import pyarrow as pa

    return ibis.memtable(pa.table({column: pa.array(ids, pa.string())}))
