"""A column of the contract, what it seems to come from, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["SURE", "Certainty", "ColumnGuess"]

SURE = 0.8
"""A guess at or above it stands without a question mark."""

Certainty = Literal["sure", "likely"]


@dataclass(frozen=True)
class ColumnGuess:
    """A column of the contract and what it comes from.

    Parameters
    ----------
    column : str
        Of the contract.
    source : str
        In the export.
    score : float
        0 to 1.
    why : str
        What speaks for it, in a few words.
    sql : str
        What is read, where it is not the column as it stands.
    rivals : tuple of str
        Other columns of the export that fit nearly as well.
    meanings : tuple of str
        Other columns of the contract that its name says nearly as well.
    is_meaning : bool
        Whether it rests on what the name means alone, as an encoder reads it.
    """

    column: str
    source: str
    score: float
    why: str
    sql: str = ""
    rivals: tuple[str, ...] = ()
    meanings: tuple[str, ...] = ()
    is_meaning: bool = False

    @property
    def certainty(self) -> Certainty:
        """Whether it needs a look."""
        return "sure" if self.score >= SURE and not self.rivals and not self.meanings else "likely"
