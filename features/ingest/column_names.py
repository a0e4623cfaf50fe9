"""What a table's columns are called, so that no two share a name and none has one that Baton gives to its own."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

from baton.contract.sources import TableSpec
from baton.errors import SourceError
from baton.messages.message import Message

__all__ = [
    "RESERVED",
    "attribute_name",
    "is_unnamed",
    "name_notes",
    "numbered",
    "refuse_names",
    "refuse_repeated",
    "unnamed",
]

RESERVED = frozenset({"__row", "__file", "text_cause", "file_row_number"})
"""Columns that staging adds to a table: a user's column of this name gets another, and a note says which."""

# the first: an index that pandas stored beside the columns; the second: how it, and we, call a column without a name
_UNNAMED = re.compile(r"__index_level_\d+__|Unnamed: \d+(_level_\d+)?")


def attribute_name(raw: str, others: Collection[str], /) -> str:
    """Return the name of a column that is not the contract's: its own, unless Baton adds one of that name.

    Examples
    --------
    >>> attribute_name("colour", ()), attribute_name("__ROW", ("__row_",))
    ('colour', '__ROW__')
    """
    taken, name = {other.casefold() for other in others}, raw
    while name.casefold() in RESERVED or (name != raw and name.casefold() in taken):
        name += "_"
    return name


def unnamed(position: int, /) -> str:
    """Return what the column at a position, from 1, is called where the header has no name for it."""
    return f"Unnamed: {position}"


def is_unnamed(name: str, /) -> bool:
    """Whether a column has no name of its own: mostly the numbers of the rows, which mean nothing.

    Examples
    --------
    >>> is_unnamed("__index_level_0__"), is_unnamed("Unnamed: 0"), is_unnamed("index")
    (True, True, False)
    """
    return not name.strip() or _UNNAMED.fullmatch(name) is not None


def numbered(names: Sequence[str], /) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Number the columns of a header that stand in it several times, letter case aside; none keeps the bare name.

    Returns
    -------
    tuple of (tuple of str, tuple of str)
        Every column's name, and the names that were numbered, each once.

    Examples
    --------
    >>> numbered(["Id", "Label", "Label"])
    (('Id', 'Label (1)', 'Label (2)'), ('Label',))
    """
    lowered = [name.strip().casefold() for name in names]
    counts = Counter(lowered)
    taken = {low for low, count in counts.items() if count == 1}
    reached: Counter[str] = Counter()
    found: list[str] = []
    for name, low in zip(names, lowered, strict=True):
        if counts[low] == 1:
            found.append(name)
            continue
        reached[low] += 1
        while f"{low} ({reached[low]})" in taken:
            reached[low] += 1
        found.append(f"{name} ({reached[low]})")
    repeated = {low: name for low, name in zip(reversed(lowered), reversed(names), strict=True) if counts[low] > 1}
    return tuple(found), tuple(reversed(repeated.values()))


def refuse_repeated(repeated: Collection[str], spec: TableSpec | None, what: object, /) -> None:
    """Refuse a header that has a column of the contract several times: nobody can tell which is meant.

    Parameters
    ----------
    repeated : collection of str
        The names that stand in it several times.
    spec : TableSpec or None
        The table that is read as it stands; None where a query says what is read.
    what : object
        The file that has them.

    Raises
    ------
    SourceError
        With the first such name.
    """
    if spec is None:
        return
    twice = next((name for name in repeated if name.strip().casefold() in spec.names), None)
    if twice is not None:
        raise SourceError(
            f"tables.{spec.name}: {what} has the column {twice!r} several times (letter case aside); rename all but "
            f"one, or say in sql which is read, such as {twice + ' (1)'!r}"
        )


def refuse_names(names: Sequence[str], place: str, what: object, /) -> None:
    """Refuse columns whose names differ in letter case alone: engines take them for one, or rename one of them.

    Parameters
    ----------
    names : sequence of str
    place : str
        The table, as in the company file.
    what : object
        The file or query that has them.

    Raises
    ------
    SourceError
        With the first such name.
    """
    lowered = [name.strip().casefold() for name in names]
    twice = next((name for name, low in zip(names, lowered, strict=True) if low and lowered.count(low) > 1), None)
    if twice is not None:
        raise SourceError(f"{place}: {what} has the column {twice!r} twice (letter case aside); rename one")


def name_notes(spec: TableSpec, names: Iterable[str], read: Mapping[str, str], /) -> list[Message]:
    """Return notes on columns that are left out for want of a name, and on those read by another than they have.

    Parameters
    ----------
    names : iterable of str
        The columns of the source.
    read : mapping of str to str
        Per column that is read, its name in the source.
    """
    unnamed = tuple(name or "''" for name in names if is_unnamed(name))
    notes = [Message("note.unnamed", {"table": spec.name, "columns": unnamed})] if unnamed else []
    return notes + [
        Message("note.renamed", {"column": f"{spec.name}.{raw}", "name": name})
        for name, raw in read.items()
        if name != raw
    ]
