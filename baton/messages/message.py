"""A sentence as data: a key of the catalogue and what fills its blanks. Words are made at the edge, by ``render``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from string import Formatter
from typing import Any

from baton.messages.catalogue import catalogue
from baton.messages.numbers import Language, duration, grouped, percentage, points, two_figures

__all__ = ["LANGUAGES", "Message", "Name", "Value", "bilingual", "render"]

LANGUAGES: tuple[Language, ...] = ("en", "zh")
_JOINED = {
    "list": {"en": ", ", "zh": "、"},
    "and": {"en": " and ", "zh": "、"},
    "clauses": {"en": "; ", "zh": "；"},
    "sentences": {"en": " ", "zh": ""},
}
_NUMBERS = {
    "": lambda value, language: grouped(value, language) if isinstance(value, int) else f"{value:g}",
    "count": grouped,
    "percent": percentage,
    "percent1": lambda value, language: percentage(value, language, 1),
    "figures": lambda value, language: two_figures(value),
    "points": lambda value, language: points(value),
    "duration": duration,
    "0": grouped,
    "1": lambda value, language: grouped(value, language, 1),
    "2": lambda value, language: grouped(value, language, 2),
}


@dataclass(frozen=True)
class Name:
    """What something is called in both languages: data of the company or of its catalogue, no text of ours."""

    en: str
    zh: str


@dataclass(frozen=True)
class Message:
    """What is to be said, without words.

    Parameters
    ----------
    key : str
        ``section.name`` of the catalogue.
    values : mapping of str to Value
        What fills the blanks: text, numbers, names in both languages, other messages, or several of these.

    Examples
    --------
    >>> over = Message("limit.outcome_max", {"points": 2.5})
    >>> over.text
    'KPIs that report results have 2.5 points more than they may have together'
    >>> render(over, "zh")
    '结果类指标合计超出上限 2.5 分'
    >>> Message.from_json(over.as_json()) == over
    True
    """

    key: str
    values: Mapping[str, Value] = field(default_factory=dict)

    def __hash__(self) -> int:
        return hash(json.dumps(self.as_json(), sort_keys=True))

    @classmethod
    def verbatim(cls, text: str, /) -> Message:
        """Return a text that has no key, such as another program's error or what an older version has recorded."""
        return cls("text.verbatim", {"text": text})

    @classmethod
    def recorded(cls, found: Mapping[str, Any] | str, /) -> Message:
        """Return what a run has recorded: a message, or, by an older version, text."""
        return cls.verbatim(found) if isinstance(found, str) else cls.from_json(found)

    @property
    def text(self) -> str:
        """In English, as logs and tables have it."""
        return render(self, "en")

    @property
    def values_json(self) -> str:
        """What fills the blanks, for a column of a table."""
        return json.dumps(self.as_json()["values"], ensure_ascii=False, sort_keys=True)

    @classmethod
    def from_columns(cls, key: str, values: str, /) -> Message:
        """Return the message of two columns of a table: its key, and ``values_json``."""
        return cls.from_json({"key": key, "values": json.loads(values or "{}")})

    def as_json(self) -> dict[str, Any]:
        """Return what JSON can say."""
        return {"key": str(self.key), "values": {name: _as_json(value) for name, value in self.values.items()}}

    @classmethod
    def from_json(cls, found: Mapping[str, Any], /) -> Message:
        """Return what ``as_json`` was made from."""
        return cls(found["key"], {name: _from_json(value) for name, value in found["values"].items()})


Value = str | int | float | Name | Message | tuple["Value", ...]


def render(message: Message, language: Language) -> str:
    """Return the words of a message.

    Parameters
    ----------
    language : {"en", "zh"}

    Raises
    ------
    KeyError
        If the catalogue has no such key, or a blank is not filled: a defect, never a user's error.
    """
    entry = catalogue()[message.key]
    one = entry.one is not None and message.values.get("n") == 1
    pattern = entry.zh if language == "zh" else entry.one if one and entry.one is not None else entry.en
    return "".join(
        before + ("" if name is None else _filled(message.values[name], form or "", language))
        for before, name, form in _parts(pattern)
    )


def bilingual(messages: Message | Sequence[Message]) -> dict[str, str]:
    """Return one message, or several as sentences one after the other, in every language.

    Returns
    -------
    dict
        ``en`` and ``zh``.
    """
    several = (messages,) if isinstance(messages, Message) else tuple(messages)
    return {language: _filled(several, "sentences", language) for language in LANGUAGES}


@cache
def _parts(pattern: str, /) -> tuple[tuple[str, str | None, str | None], ...]:
    return tuple((before, name, form) for before, name, form, _ in Formatter().parse(pattern))


def _filled(value: Value, form: str, language: Language, /) -> str:
    if isinstance(value, Message):
        return render(value, language)
    if isinstance(value, Name):
        return value.zh if language == "zh" else value.en
    if isinstance(value, tuple):
        return _JOINED[form or "list"][language].join(_filled(part, "", language) for part in value)
    if isinstance(value, str):
        return value
    return _NUMBERS[form](value, language)


def _as_json(value: Value, /) -> Any:
    if isinstance(value, Message):
        return value.as_json()
    if isinstance(value, Name):
        return {"en": value.en, "zh": value.zh}
    return [_as_json(part) for part in value] if isinstance(value, tuple) else value


def _from_json(value: Any, /) -> Value:
    if isinstance(value, Mapping):
        return Message.from_json(value) if "key" in value else Name(value["en"], value["zh"])
    return tuple(map(_from_json, value)) if isinstance(value, list | tuple) else value
