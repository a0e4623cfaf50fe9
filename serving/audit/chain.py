"""What of a log is genuine: each row's place in the chain, found without trusting the number it stands under."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from serving.audit.rows import START, canonical, digest_of
from serving.audit.signer import verifies

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    from serving.audit.heads import Head

__all__ = ["Chain", "Place", "in_order"]

_NEIGHBOURS = 3  # how far a row that stands elsewhere is looked for; further away, heads and an equal shift find it


@dataclass(frozen=True)
class Place:
    """What is known of one row.

    Parameters
    ----------
    number : int or None
        Under which it stands; None if that is no whole number.
    origin : int or None
        Under which it was written; None if it is not as it was written.
    fault : str or None
        ``changed_row``, ``changed_digest``, ``wrong_signature``, or ``unproven`` where the row before is lost.
    """

    number: int | None
    origin: int | None
    fault: str | None = None


class Chain:
    """Finds each row's place.

    Whoever has no key can make no digest that is signed. So a row that gives a signed digest, with any digest before
    it and under any number, was written so.

    Parameters
    ----------
    rows : sequence of mapping
        As they lie in the database, by number.
    heads : sequence of Head
        Those whose signatures hold.
    public : Ed25519PublicKey
        With which the log was signed.
    """

    def __init__(self, rows: Sequence[Mapping[str, Any]], heads: Sequence[Head], public: Ed25519PublicKey, /) -> None:
        self._rows = rows
        self._public = public
        self.signed = [verifies(public, row["digest"], row["signature"]) for row in rows]
        self._genuine: dict[int, list[str]] = {}  # digests by number, as far as their signatures hold
        for row, signed in zip(rows, self.signed, strict=True):
            if signed and isinstance(row["number"], int):
                self._genuine.setdefault(row["number"], []).append(row["digest"])
        self._numbers: dict[str, int] = {}
        for head in heads:
            if head.number is not None:
                self._genuine.setdefault(head.number, []).append(head.digest)
                self._numbers[head.digest] = head.number
        self._shift = 0

    def places(self) -> list[Place]:
        """Return each row's place, in the order of the rows."""
        return [self._place(index) for index in range(len(self._rows))]

    def _place(self, index: int, /) -> Place:
        row = self._rows[index]
        number = row["number"] if isinstance(row["number"], int) else None
        if number is None:
            return Place(None, None, "changed_row")
        if not self.signed[index]:
            return self._unsigned(index, number)
        for origin in self._origins(row, number):
            if any(digest == row["digest"] for digest in self._digests(index, origin)):
                self._shift = origin - number
                return Place(number, origin)
        if number > 1 and not self._genuine.get(number - 1):
            return Place(number, number, "unproven")
        return Place(number, None, "changed_row")

    def _unsigned(self, index: int, number: int, /) -> Place:
        row = self._rows[index]
        for digest in self._digests(index, number):
            if verifies(self._public, digest, row["signature"]):
                self._genuine.setdefault(number, []).append(digest)
                return Place(number, None, "changed_digest")
        return Place(number, None, "wrong_signature")

    def _origins(self, row: Mapping[str, Any], number: int, /) -> Iterator[int]:
        """Return the numbers under which a row may have been written, likely ones first."""
        yield number
        if row["digest"] in self._numbers:
            yield self._numbers[row["digest"]]
        yield number + self._shift
        for distance in range(1, _NEIGHBOURS + 1):
            yield number - distance
            yield number + distance

    def _digests(self, index: int, number: int, /) -> Iterator[str]:
        """Return the digests that a row may have under a number."""
        text = canonical({**self._rows[index], "number": number})
        befores = [START] if number == 1 else list(self._genuine.get(number - 1, ()))
        befores += [
            str(self._rows[other]["digest"])
            for other in range(max(0, index - _NEIGHBOURS), min(len(self._rows), index + _NEIGHBOURS + 1))
        ]
        for before in dict.fromkeys(befores):
            yield digest_of(before, text)


def in_order(origins: Sequence[int], /) -> set[int]:
    """Return the positions of a longest increasing subsequence: rows outside it have been moved.

    Examples
    --------
    >>> sorted(in_order([1, 2, 4, 3, 5]))
    [0, 1, 3, 4]
    """
    ends: list[int] = []
    positions: list[int] = []
    before: list[int] = []
    for position, origin in enumerate(origins):
        length = bisect_left(ends, origin)
        if length == len(ends):
            ends.append(origin)
            positions.append(position)
        else:
            ends[length], positions[length] = origin, position
        before.append(positions[length - 1] if length else -1)
    found: set[int] = set()
    position = positions[-1] if positions else -1
    while position >= 0:
        found.add(position)
        position = before[position]
    return found
