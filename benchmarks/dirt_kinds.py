"""Ways in which real exports are dirty, each as a small change of a clean one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

import numpy as np
import pandas as pd

from benchmarks.dirt_export import Export

__all__ = [
    "DIRTS", "INNOCENT", "Change", "Dirt", "add_column", "all_times", "append", "clock", "coin", "comma", "dirt",
    "grouped", "innocent", "minus", "never", "renamed", "replace", "rewrite", "serial", "some", "times", "wide",
]  # fmt: skip

Change = Callable[[Export, np.random.Generator], None]


@dataclass(frozen=True)
class Dirt:
    """One known way of being dirty.

    Parameters
    ----------
    table, column : str
        Where; a message that names the dirt names both (no column: the table alone).
    words : tuple of str
        A message that names the dirt holds one of these words; empty: any message about the place will do.
    change : callable
        Dirties an export in place.
    like : callable, optional
        What the dirt should come to, where that is not the clean export: a word for "unknown" is a blank.
    """

    name: str
    table: str
    column: str
    words: tuple[str, ...]
    change: Change
    like: Change | None = None


DIRTS: dict[str, Dirt] = {}


def dirt(name: str, place: str, *words: str, like: Change | None = None) -> Callable[[Change], Change]:
    """Enter a way of being dirty."""
    table, _, column = place.partition(".")

    def add(change: Change) -> Change:
        assert name not in DIRTS, name
        DIRTS[name] = Dirt(name, table, column, words, change, like)
        return change

    return add


def some(table: pd.DataFrame, column: str, count: int, chance: np.random.Generator, /) -> pd.Index:
    """Rows that have a value in the column."""
    rows = table.index[table[column] != ""]
    return pd.Index(chance.choice(rows, size=min(count, len(rows)), replace=False))


def replace(place: str, value: str, count: int) -> Change:
    """Some values become another."""
    table, column = place.split(".")

    def change(export: Export, chance: np.random.Generator) -> None:
        frame = export.tables[table]
        frame.loc[some(frame, column, count, chance), column] = value

    return change


def rewrite(place: str, how: Callable[[str], str], share: float = 1.0) -> Change:
    """A share of the values is written in another way."""
    table, column = place.split(".")

    def change(export: Export, chance: np.random.Generator) -> None:
        frame = export.tables[table]
        rows = some(frame, column, round(share * len(frame)), chance)
        frame.loc[rows, column] = frame.loc[rows, column].map(how)

    return change


def times(text: pd.Series, how: str | Callable[[datetime], str], /) -> pd.Series:
    """Return times, written in another way."""
    moments = pd.to_datetime(text, format="ISO8601", utc=True)
    write = how if callable(how) else (lambda moment: moment.strftime(how))
    return pd.Series([("" if pd.isna(moment) else write(moment)) for moment in moments], index=text.index)


def all_times(table: str, how: str | Callable[[datetime], str], *columns: str, every: int = 1) -> Change:
    """Times of a table (every other row with ``every = 2``) are written in another way."""

    def change(export: Export, chance: np.random.Generator) -> None:
        frame = export.tables[table]
        for column in columns:
            rows = frame.index[::every]
            frame.loc[rows, column] = times(frame.loc[rows, column], how)

    return change


def add_column(place: str, make: Callable[[pd.DataFrame, np.random.Generator], object]) -> Change:
    """A column is added."""
    table, column = place.split(".", 1)

    def change(export: Export, chance: np.random.Generator) -> None:
        export.tables[table][column] = make(export.tables[table], chance)

    return change


INNOCENT = "innocent"
"""The name that a column has in the export that a column of a reserved name is compared with."""


@cache
def innocent(table: str) -> Change:
    """A column of zeros and ones is added under a name that means nothing; the same whatever it is compared with."""
    return add_column(f"{table}.{INNOCENT}", coin)


def append(table: str, rows: pd.DataFrame, export: Export, /) -> None:
    """Add rows to a table."""
    export.tables[table] = pd.concat([export.tables[table], rows], ignore_index=True)


def coin(frame: pd.DataFrame, chance: np.random.Generator, /) -> list[str]:
    """Return a column of zeros and ones, each time the same."""
    return [str(value) for value in np.random.default_rng(0).integers(0, 2, len(frame))]


def minus(text: str, /) -> str:
    """Write a number below zero."""
    return f"-{text}"


def comma(text: str, /) -> str:
    """Write a number with a decimal comma and dots between thousands."""
    whole, _, part = f"{float(text):.2f}".partition(".")
    return f"{int(whole):,}".replace(",", ".") + f",{part}"


def grouped(sign: str, /) -> Callable[[str], str]:
    """Write a number with a sign between thousands."""
    return lambda text: f"{float(text):,.2f}".replace(",", sign)


def clock(text: str, /) -> str:
    """Write seconds as hh:mm:ss."""
    seconds = round(float(text))
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def wide(text: str, /) -> str:
    """Write in full width, as in East Asian input."""
    return "".join(chr(ord(letter) + 0xFEE0) if "!" <= letter <= "~" else letter for letter in text)


def serial(moment: datetime, /) -> str:
    """Write a time as Excel counts days."""
    return repr((moment - datetime(1899, 12, 30, tzinfo=UTC)).total_seconds() / 86400)


def never(table: str, column: str, word: str) -> Change:
    """Where there is no value, a word stands for it."""

    def change(export: Export, chance: np.random.Generator) -> None:
        frame = export.tables[table]
        frame.loc[frame[column] == "", column] = word

    return change


def renamed(table: str, how: Callable[[str], str], *, backwards: bool = False) -> Change:
    """Columns get other names."""

    def change(export: Export, chance: np.random.Generator) -> None:
        frame = export.tables[table].rename(columns=how)
        export.tables[table] = frame[frame.columns[::-1]] if backwards else frame

    return change
