"""The workbook's words in both languages, and what the results' columns are called in it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from baton.messages.numbers import Language

__all__ = ["Heading", "Languages", "heading_of", "headings", "in_each", "known_word", "say", "words"]

Languages = tuple[Language, ...]
"""The languages of a workbook, the first one first."""


@dataclass(frozen=True)
class Heading:
    """What a result's column is called, and what stands in it.

    Parameters
    ----------
    en, zh : str
    kind : str
        How its values are shown: ``kpi``, ``team``, … for ids of something with a name, a section of ``words.toml`` for
        keys; empty: as they are.
    format : str
        A number format; empty where the unit settles it.
    """

    en: str
    zh: str
    kind: str = ""
    format: str = ""

    def of(self, language: Language, /) -> str:
        """Return it in one language."""
        return self.zh if language == "zh" else self.en


@cache
def words() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    """Return the words: section, name, language."""
    return _read("words.toml")


@cache
def headings() -> Mapping[str, Mapping[str, Heading]]:
    """Return the headings: table (or ``any``), column."""
    return {
        table: {name: Heading(e["en"], e["zh"], e.get("as", ""), e.get("format", "")) for name, e in columns.items()}
        for table, columns in _read("headings.toml").items()
    }


def heading_of(table: str, column: str, /) -> Heading:
    """Return what a column of a result table is called.

    Raises
    ------
    KeyError
        If it has no heading: a defect.

    Examples
    --------
    >>> heading_of("weights", "team_id").zh, heading_of("handoffs", "team_id").zh
    ('团队', '接手团队')
    """
    own = headings().get(table, {})
    return own[column] if column in own else headings()["any"][column]


def known_word(section: str, name: str, /) -> bool:
    """Whether there is a word for a key."""
    return name in words().get(section, {})


def say(key: str, language: Language, /, **blanks: object) -> str:
    """Return a text of ``words.toml``.

    Parameters
    ----------
    key : str
        ``section.name``.
    language : {"en", "zh"}
    **blanks
        What fills its blanks.

    Raises
    ------
    KeyError
        If there is none: a defect.

    Examples
    --------
    >>> say("verdict.raise", "zh"), say("cell.heading_of_unit", "en", heading="Weight", unit="points")
    ('提高', 'Weight (points)')
    """
    section, name = key.split(".", 1)
    text = words()[section][name][language]
    return text.format(**blanks) if blanks else text


def in_each(key: str, languages: Languages, /, **blanks: object) -> tuple[str, ...]:
    """Return a text in each language."""
    return tuple(say(key, language, **blanks) for language in languages)


def _read(name: str, /) -> dict[str, Any]:
    return tomllib.loads((Path(__file__).parent / name).read_text(encoding="utf-8"))
