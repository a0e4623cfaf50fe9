"""What stands in a review pack: tables whose cells have words for the page and values for the workbook."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from baton.sheets.cells import Cell
from baton.wording.leaving import likely
from baton.wording.wording import Bilingual, number, verbatim
from serving.pages.cards import digits_of_points

__all__ = ["Block", "Shown", "figure", "points", "sure", "word", "written"]

_NOTHING = verbatim("\N{EN DASH}")


@dataclass(frozen=True)
class Shown:
    """A cell: how it is read, and what a workbook holds; None there: the words, in the reader's language.

    Parameters
    ----------
    words : Bilingual
        As on the page.
    value : Cell
        A number, or None for words.
    """

    words: Bilingual
    value: Cell = None


@dataclass(frozen=True)
class Block:
    """A table of the pack.

    Parameters
    ----------
    name : str
        Its anchor.
    title, header : Bilingual, sequence of Bilingual
        In words; a name for each column.
    rows : sequence of sequence of Shown
        All of them; the page shows the first.
    missing : Bilingual
        What is missing, and which table brings it, where there are no rows.
    findings, notes : sequence of Bilingual
        Before and below the table.
    formats : mapping of int to str
        Number formats of the workbook by column.
    """

    name: str
    title: Bilingual
    header: Sequence[Bilingual]
    rows: Sequence[Sequence[Shown]]
    missing: Bilingual
    findings: Sequence[Bilingual] = ()
    notes: Sequence[Bilingual] = ()
    formats: dict[int, str] = field(default_factory=dict)


def word(text: Bilingual | str | None, /) -> Shown:
    """Return a cell of words; data stay as they are."""
    if text is None or text == "":
        return Shown(_NOTHING, "")
    return Shown(verbatim(text) if isinstance(text, str) else text)


def written(value: float | None, words: Callable[[float], Bilingual], /) -> Shown:
    """Return a cell of a number, with the words that it is read in; unknown where it is none."""
    if value is None or value != value:
        return Shown(_NOTHING, "")
    return Shown(words(value), float(value))


def figure(value: float | None, digits: int = 0, /) -> Shown:
    """Return a cell of a number."""
    return written(value, lambda known: number(known, digits))


def points(value: float | None, /) -> Shown:
    """Return a cell of points."""
    return written(value, lambda known: number(known, digits_of_points(known)))


def sure(value: float | None, /) -> Shown:
    """Return a cell of how sure something is."""
    return written(value, likely)
