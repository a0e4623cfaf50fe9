"""Masks in texts the ids and names of employees that the table of employees gives."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from baton.characters import normalise
from features.ingest.intake import Intake

__all__ = ["KnownPeople", "known_people"]

MIN_ID_LENGTH = 4
"""A shorter id, or one without both letters and digits, is an everyday word or number."""
MIN_CHINESE_NAME = 3
"""Two characters are too often part of other words; the names that texts introduce are masked anyway."""
_WORD = re.compile(r"[^\W_]+(?:[-'][^\W_]+)*")
_ID = re.compile(r"[^\W_][\w-]*")
_PARTS = re.compile(r"[^\W_]+")
_HAN = re.compile("[\u3400-\u9fff]+")


class KnownPeople:
    """Finds employees in texts.

    Parameters
    ----------
    ids, names : iterable of str
        As the tables have them; of names, those of two words or more, or of three Chinese characters or more, count.

    Examples
    --------
    >>> people = KnownPeople(["E00012", "7"], ["Nora Lind", "王小明", "Li"])
    >>> people.mask("Nora  LIND (E00012) promised it on the 7th; 王小明说可以")
    '[name] ([name]) promised it on the 7th; [name]说可以'
    >>> [people.names(value) for value in ("lindn", "N. Lind", "desk-e00012-b", "nora", "Nordlind")]
    [True, True, True, True, False]
    """

    def __init__(self, ids: Iterable[str], names: Iterable[str]) -> None:
        self._ids = {
            one.casefold()
            for one in ids
            if len(one) >= MIN_ID_LENGTH and re.search(r"\d", one) and re.search(r"[^\W\d_]", one)
        }
        words = [tuple(_WORD.findall(normalise(name).casefold())) for name in names]
        self._names = {name for name in words if len(name) > 1}
        self._names |= {(*name[1:], name[0]) for name in self._names}
        self._short = {form for name in self._names for form in _short_forms(name)}
        self._max_words = max(map(len, self._names), default=0)
        chinese = {"".join(name) for name in words if name and _HAN.fullmatch("".join(name))}
        self._chinese = {name for name in chinese if len(name) >= MIN_CHINESE_NAME}
        self._lengths = sorted({len(name) for name in self._chinese}, reverse=True)

    def __bool__(self) -> bool:
        return bool(self._ids or self._names or self._chinese)

    def mask(self, text: str, /) -> str:
        """Return the text with employees' ids and names replaced by ``[name]``."""
        spans = [found.span() for found in _ID.finditer(text) if found.group().casefold() in self._ids]
        spans += [found.span() for found in _PARTS.finditer(text) if found.group().casefold() in self._ids]
        if self._names:
            spans += self._spans_of_names(text)
        if self._chinese:
            spans += [span for run in _HAN.finditer(text) for span in self._spans_of_chinese(run)]
        for start, end in sorted(_disjoint(spans), reverse=True):
            text = f"{text[:start]}[name]{text[end:]}"
        return text

    def names(self, value: str, /) -> bool:
        """Whether a value holds an employee's id or name, or is one's first or last name, initials or login."""
        return "".join(_PARTS.findall(normalise(value).casefold())) in self._short or self.mask(value) != value

    def _spans_of_names(self, text: str, /) -> list[tuple[int, int]]:
        words = [(found.group().casefold(), *found.span()) for found in _WORD.finditer(text)]
        spans = []
        for at in range(len(words)):
            for count in range(min(self._max_words, len(words) - at), 1, -1):
                if tuple(word for word, _, _ in words[at : at + count]) in self._names:
                    spans.append((words[at][1], words[at + count - 1][2]))
                    break
        return spans

    def _spans_of_chinese(self, run: re.Match[str], /) -> list[tuple[int, int]]:
        text, begin = run.group(), run.start()
        return [
            (begin + at, begin + at + length)
            for at in range(len(text))
            for length in self._lengths
            if text[at : at + length] in self._chinese
        ]


def _short_forms(name: tuple[str, ...], /) -> Iterator[str]:
    """Yield what a name becomes in logins and lists, marks taken off; names come in both orders."""
    one, other = name[0], "".join(name[1:])
    yield from (one, other, one + other, one[0] + other, one + other[0])


def known_people(intake: Intake, /) -> KnownPeople:
    """Return who is known from the tables; nobody where employees keep their ids."""
    if not intake.company.privacy.pseudonymise:
        return KnownPeople((), ())
    ids, names = (
        [row[0] for row in intake.rows(f"SELECT * FROM {table}")] for table in ("employee_ids", "employee_names")
    )
    return KnownPeople(ids, names)


def _disjoint(spans: list[tuple[int, int]], /) -> list[tuple[int, int]]:
    """Leave out spans that overlap an earlier one."""
    kept: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if not kept or start >= kept[-1][1]:
            kept.append((start, end))
    return kept
