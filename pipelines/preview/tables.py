"""What is shown of a table before a run: where it comes from, its columns, its keys."""

from __future__ import annotations

from dataclasses import dataclass

from baton.messages.message import Message
from baton.messages.numbers import Language

__all__ = ["ColumnPreview", "KeyPreview", "Preview", "TablePreview"]


@dataclass(frozen=True)
class ColumnPreview:
    """One column as it is read.

    Parameters
    ----------
    name : str
        The contract's, or the company's own.
    source_name : str
        What the source calls it.
    type : str
        id, text, time, number, integer or flag.
    contract : bool
        Whether the contract knows it; else it is an attribute.
    known : int
        Rows with a value.
    share_known : float or None
        Of all rows; None where there are none.
    first, last : str
        The earliest and latest time, or the smallest and largest number; empty for other types.
    unique : int
        Different values; about so many where the table is large.
    examples : tuple of str
        The first different values: employees by pseudonym, personal data in texts masked, all shortened.
    private : bool
        Whether nothing of its values is shown: it stays behind for privacy, or is for the fairness audit alone.
    """

    name: str
    source_name: str
    type: str
    contract: bool
    known: int
    share_known: float | None
    first: str = ""
    last: str = ""
    unique: int = 0
    examples: tuple[str, ...] = ()
    private: bool = False


@dataclass(frozen=True)
class KeyPreview:
    """How many of a column's ids the table has that it refers to.

    Parameters
    ----------
    column, table : str
    known : int
        Rows with an id.
    share_matched : float or None
        Of these, the share whose id is there; None where the other table is not given or no row has an id.
    """

    column: str
    table: str
    known: int
    share_matched: float | None


@dataclass(frozen=True)
class TablePreview:
    """One table as it is read.

    Parameters
    ----------
    name, grain : str
        Of the contract.
    source : str
        Where it lies, as the company file says it.
    rows : int
    columns : tuple of ColumnPreview
    absent : tuple of str
        Columns of the contract that it does not give.
    keys : tuple of KeyPreview
    notes : tuple of Message
        What was inferred or passed over.
    faults : int
        How many kinds of fault it has; ``baton validate`` shows them.
    unreadable : str
        Why it cannot be read; empty where it can.
    """

    name: str
    grain: str
    source: str
    rows: int = 0
    columns: tuple[ColumnPreview, ...] = ()
    absent: tuple[str, ...] = ()
    keys: tuple[KeyPreview, ...] = ()
    notes: tuple[Message, ...] = ()
    faults: int = 0
    unreadable: str = ""


@dataclass(frozen=True)
class Preview:
    """A company's tables as they are read.

    Parameters
    ----------
    company : str
    languages : tuple of str
    tables : tuple of TablePreview
        In the company file's order.
    """

    company: str
    languages: tuple[Language, ...]
    tables: tuple[TablePreview, ...]
