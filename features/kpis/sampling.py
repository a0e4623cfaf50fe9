"""Bounded numbers of rows: whole customers, chosen the same way every time and on every engine."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

import ibis
import ibis.expr.types as ir

__all__ = ["Population", "Spare", "chosen", "table_of"]


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


@dataclass(frozen=True)
class Population:
    """Some of the units: those that ``chosen`` takes at a share, so that a larger share holds all of a smaller one's.

    Parameters
    ----------
    ids : list of str
    share, seed
        By which they were chosen.
    """

    ids: list[str] = field(repr=False)
    share: float
    seed: int

    def of(self, rows: ir.Table, /) -> ir.Table:
        """Return the rows whose ``unit_id`` is one of them."""
        return rows.semi_join(table_of(self.ids, "unit_id"), "unit_id")


@dataclass(frozen=True)
class Spare:
    """What need not be computed.

    Parameters
    ----------
    population : Population, optional
        The units asked for; others may be there too. None: all.
    longest_only : collection of str
        KPIs of which the longest window alone is wanted.
    """

    population: Population | None = None
    longest_only: Collection[str] = ()
