"""What the source tables and their columns mean, in the languages of their readers; the words stand in sources.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from baton.contract.sources import TABLES

__all__ = ["ColumnWords", "TableWords", "matters_first", "page_words", "table_words"]

Language = Literal["en", "zh"]
_WORDS = Path(__file__).with_name("sources.toml")


@dataclass(frozen=True)
class ColumnWords:
    """What one column means.

    Parameters
    ----------
    meaning : mapping of language to str
    unit : str
        Of its numbers; empty where there is none.
    words : tuple of str
        Those that are understood; ``("journey",)`` stands for the journey's stages. Empty: any.
    """

    meaning: Mapping[Language, str]
    unit: str = ""
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class TableWords:
    """What one table means.

    Parameters
    ----------
    row, brings : mapping of language to str
        What one row is; what the table makes possible.
    columns : mapping of str to ColumnWords
        By the contract's names, in their order.
    example : str
        A CSV file of three rows that are valid.
    """

    row: Mapping[Language, str]
    brings: Mapping[Language, str]
    columns: Mapping[str, ColumnWords]
    example: str


@cache
def _raw() -> Mapping[str, Any]:
    with _WORDS.open("rb") as file:
        return tomllib.load(file)


@cache
def table_words() -> Mapping[str, TableWords]:
    """Return the words of every table of the contract, in its order.

    Raises
    ------
    KeyError
        If a table or column has no words, or words have no column.
    """
    raw = _raw()
    strange = set(raw) - set(TABLES) - {"scenarios", "page"}
    found = {}
    for name, spec in TABLES.items():
        entry = raw[name]
        strange |= {f"{name}.{column}" for column in set(entry["columns"]) - set(spec.names)}
        columns = {column: _column(entry["columns"][column]) for column in spec.names}
        found[name] = TableWords(entry["row"], entry["brings"], columns, entry["example"])
    if strange:
        raise KeyError(f"sources.toml explains what is not in the contract: {sorted(strange)}")
    return found


def _column(entry: Mapping[str, str], /) -> ColumnWords:
    meaning: dict[Language, str] = {"en": entry["en"], "zh": entry["zh"]}
    return ColumnWords(meaning, entry.get("unit", ""), tuple(entry.get("words", "").split()))


@cache
def matters_first(scenario: str, /) -> tuple[str, ...]:
    """Return the tables that a company of a scenario should look for, what brings most first.

    Examples
    --------
    >>> matters_first("service")[:3]
    ('cases', 'customers', 'employees')
    """
    return tuple(_raw()["scenarios"][scenario])


def page_words(part: str, /) -> Mapping[str, str]:
    """Return what the page of the tables says around them.

    Parameters
    ----------
    part : str
        A language, or ``units_zh``: units in Chinese.
    """
    return _raw()["page"][part]
