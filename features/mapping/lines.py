"""A table of the contract as a query over exports: one line a column, with what speaks for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from features.ingest.sql_text import quoted
from features.mapping.guesses import ColumnGuess
from features.mapping.looks import ColumnLook, Look

__all__ = ["Line", "TablePlan", "line_of"]


@dataclass(frozen=True)
class Line:
    """One column of a query.

    Parameters
    ----------
    column : str
        What it becomes.
    sql : str
        What it is read from.
    why : str
        What speaks for it, or why it is left out.
    certainty : {"sure", "likely", "protected", "left out"}
    source : str
        The export's column, for display; empty where it is made of several.
    is_cleared : bool
        Whether ``[privacy] cleared`` must name it, as it is called like something private and is not.
    """

    column: str
    sql: str
    why: str
    certainty: str
    source: str = ""
    is_cleared: bool = False

    @property
    def is_mapped(self) -> bool:
        """Whether it is read, for a contract column or an attribute of its own, and not for the audit alone."""
        return self.certainty in {"sure", "likely"}

    def doubted(self, why: str, /) -> Line:
        """Return the line with what speaks against it: somebody has to look at it."""
        return replace(self, why=f"{self.why}; {why}", certainty="likely")


@dataclass(frozen=True)
class TablePlan:
    """How a table of the contract is made.

    Parameters
    ----------
    table : str
        Of the contract.
    look : Look
        The main export.
    lines : tuple of Line
    after : str
        What follows the columns in the query: ``FROM raw`` and on.
    joined : mapping of str to Look
        Other exports that the query names.
    note : str
        What was done with the export's shape.
    """

    table: str
    look: Look
    lines: tuple[Line, ...]
    after: str = "from raw"
    joined: Mapping[str, Look] | None = None
    note: str = ""

    @property
    def columns(self) -> dict[str, str]:
        """What each contract column is read from, for those that are mapped."""
        return {line.column: line.source for line in self.lines if line.certainty != "left out"}

    def look_of(self, line: Line, /) -> ColumnLook | None:
        """Return how the column looks that a line reads, None where it is of another export or of several."""
        return next((one for one in self.look.columns if one.name == line.source), None)


def line_of(guess: ColumnGuess, /) -> Line:
    """Return the line of a guess."""
    rivals = f"; {', '.join(guess.rivals)} would fit as well" if guess.rivals else ""
    meanings = f"; may be {' or '.join(guess.meanings)} as well" if guess.meanings else ""
    return Line(
        guess.column, guess.sql or quoted(guess.source), guess.why + rivals + meanings, guess.certainty, guess.source
    )
