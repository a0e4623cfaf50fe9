"""What a heading says by the words that it is made of: in any order, in compounds, with what systems add."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeVar

from features.mapping.writing import comparable

__all__ = ["SAYS", "SAYS_PERHAPS", "heading_fits", "is_afterwards", "is_known", "mentions"]

_WORDS = Path(__file__).parent / "words.toml"
_LANGUAGES = Path(__file__).parent / "languages"  # those that words.toml does not mix
SAYS, SAYS_PERHAPS = 0.84, 0.66
"""How well a heading fits whose words all belong to a column: for certain, and as one of several things."""

_IN_A_QUESTION = 0.6
_MIN_QUESTION_WORDS = 7
# what somebody asks in a survey's question, by the meanings that stand in it
_QUESTIONS: Mapping[str, tuple[frozenset[str], ...]] = {
    "csat": (frozenset({"satisfied"}),),
    "nps": (frozenset({"nps"}),),
    "resolved_first": (frozenset({"first", "close", "contact"}),),
    "text": (frozenset({"prose"}),),
}
_CHINESE = r"\u3400-\u9fff\u3040-\u30ff\uac00-\ud7a3"  # and what Japanese writes beside it, and Korean
_PIECES = re.compile(rf"[{_CHINESE}]+|[^\s{_CHINESE}]+")
_MAX_ENDING = {3: 3, 4: 4}  # letters that may follow a stem of so many letters
_MAX_ENDING_OF_OTHERS = 7
_MAX_LINKING = 5  # letters between two words of a compound, beyond the first's stem (zufrieden-heits-wert)
_MIN_COMPOUND = 6
_MAX_CHINESE = 10  # letters of the longest word, which is Japanese
_MIN_PART = 4  # letters of the first word of a compound
_MIN_LAST = 3  # letters of the last word of a compound, but for these
_SHORT_LAST = frozenset({"id", "nr", "no", "at", "ts", "dt"})
_DIGITS = frozenset({"filler", "next"})
_PERCENT = frozenset({"filler", "percent"})
_Key = TypeVar("_Key")


@dataclass(frozen=True)
class _Rule:
    needs: frozenset[str]
    allows: frozenset[str]
    score: float


@dataclass(frozen=True)
class _Vocabulary:
    """Meanings of whole words, of beginnings of words, and of several words together."""

    whole: Mapping[str, frozenset[str]]
    stems: Mapping[str, frozenset[str]]
    phrases: Mapping[tuple[str, ...], frozenset[str]]
    rules: Mapping[str, Mapping[str, tuple[_Rule, ...]]]


@cache
def _vocabulary() -> _Vocabulary:
    with _WORDS.open("rb") as file:
        raw = tomllib.load(file)
    listed: list[tuple[str, str]] = [*raw.pop("meanings").items()]
    for path in sorted(_LANGUAGES.glob("*.toml")):
        listed += tomllib.loads(path.read_text("utf-8")).items()
    whole: dict[str, set[str]] = {}
    stems: dict[str, set[str]] = {}
    phrases: dict[tuple[str, ...], set[str]] = {}
    for meaning, words_of_it in listed:
        for word in words_of_it.split(","):
            for spelt in _spellings(word.strip()):
                plain, words = comparable(spelt.removesuffix("*")), tuple(comparable(spelt.removesuffix("*")).split())
                if len(words) > 1:
                    phrases.setdefault(words, set()).add(meaning)
                    if spelt.endswith("*"):
                        phrases.setdefault((*words[:-1], f"{words[-1]}s"), set()).add(meaning)
                else:
                    (stems if spelt.endswith("*") else whole).setdefault(plain, set()).add(meaning)
    rules = {
        table: {column: tuple(map(_rule, text.split("|"))) for column, text in columns.items()}
        for table, columns in raw.items()
    }
    return _Vocabulary(_frozen(whole), _frozen(stems), _frozen(phrases), rules)


def _spellings(word: str, /) -> Iterator[str]:
    """Yield a word, and how keyboards without umlauts write it."""
    yield word
    if re.search("[äöü]", word):
        yield word.replace("ä", "ae").replace("ö", "oe").replace("ü", "ue")


def _frozen(found: Mapping[_Key, set[str]], /) -> dict[_Key, frozenset[str]]:
    return {key: frozenset(meanings) for key, meanings in found.items()}


def _rule(text: str, /) -> _Rule:
    needs, _, allows = text.strip().removeprefix("?").partition(":")
    score = SAYS_PERHAPS if text.strip().startswith("?") else SAYS
    return _Rule(frozenset(needs.split()), frozenset(allows.split()) | {"filler"}, score)


def heading_fits(table: str, name: str, /) -> dict[str, float]:
    """Return how well the words of a heading name columns of a contract table, for those that they do name.

    Parameters
    ----------
    table : str
        A table of the contract.
    name : str
        As the export has it.

    Returns
    -------
    dict of str to float
        Per column, 0 to 1.

    Examples
    --------
    >>> heading_fits("cases", "Interaction Start Timestamp")
    {'opened_at': 0.84}
    >>> heading_fits("cases", "上级工单编号")
    {}
    >>> heading_fits("cases", "Last updated by")
    {}
    """
    found: dict[str, float] = {}
    for meanings in (_meanings(name), _meanings(_without_brackets(name))):
        if not meanings:
            continue
        for column, rules in _vocabulary().rules.get(table, {}).items():
            score = max((rule.score for rule in rules if _fits(rule, meanings)), default=0.0)
            if score:
                found[column] = max(score, found.get(column, 0.0))
    if table == "cases":
        found |= _asked(name, found)
    return found


def is_afterwards(name: str, /) -> bool:
    """Whether a heading speaks of what is known only when all is over: a state, a result, a rating, a duration.

    Examples
    --------
    >>> is_afterwards("Estado final"), is_afterwards("Lösungsdatum"), is_afterwards("Producto")
    (True, True, False)
    """
    return any(word & {"afterwards", "close", "rate", "satisfied", "leave"} for word in _meanings(name))


def mentions(meaning: str, name: str, /) -> bool:
    """Whether a word of a heading has a meaning.

    Parameters
    ----------
    meaning : str
        As the list of words calls it.

    Examples
    --------
    >>> mentions("order", "Bestellnummer"), mentions("supplier", "Kundennummer")
    (True, False)
    """
    return any(meaning in word for word in _meanings(name))


def is_known(text: str, /) -> bool:
    """Whether every word of a text means something."""
    return all(_meanings(text)) and bool(_meanings(text))


def _without_brackets(name: str, /) -> str:
    return re.sub(r"[\[(（【][^\])）】]*[\])）】]", " ", name)


def _fits(rule: _Rule, meanings: tuple[frozenset[str], ...], /) -> bool:
    may = rule.needs | rule.allows
    return all(word & may for word in meanings) and rule.needs <= frozenset().union(*meanings)


def _asked(name: str, found: Mapping[str, float], /) -> dict[str, float]:
    """Return what a question asks for whose words are too many to know them all."""
    meanings = _meanings(name)
    if found or len(meanings) < _MIN_QUESTION_WORDS:
        return {}
    every = frozenset().union(*meanings)
    for column, needed in _QUESTIONS.items():
        if any(needs <= every for needs in needed):
            return {column: _IN_A_QUESTION}
    return {}


@cache
def _meanings(name: str, /) -> tuple[frozenset[str], ...]:
    """Return what each word of a heading may mean; nothing for a word that is not known."""
    pieces = _PIECES.findall(comparable(name))
    found: list[frozenset[str]] = []
    place = 0
    while place < len(pieces):
        length = next((n for n in (4, 3, 2) if tuple(pieces[place : place + n]) in _vocabulary().phrases), 0)
        if length:
            found.append(_vocabulary().phrases[tuple(pieces[place : place + length])])
            place += length
            continue
        found += _of_piece(pieces[place])
        place += 1
    return tuple(found)


def _of_piece(piece: str, /) -> tuple[frozenset[str], ...]:
    if re.match(rf"[{_CHINESE}]", piece):
        return _in_chinese(piece)
    if piece.isdigit():
        return (_DIGITS,)
    if piece == "%":
        return (_PERCENT,)
    stem = _stem(piece)
    parts = _compound(piece, len(stem)) if stem != piece else ()
    return parts or (_of_stem(stem) if stem else frozenset(),)


def _of_word(word: str, /) -> frozenset[str] | None:
    """Return what a word means by the longest entry that it is, or begins with."""
    stem = _stem(word)
    return _of_stem(stem) if stem else None


def _stem(word: str, /) -> str:
    """Return the longest entry that a word is, or begins with; empty where there is none."""
    known = _vocabulary()
    if word in known.whole or word in known.stems:
        return word
    for length in range(len(word) - 1, 2, -1):
        if word[:length] in known.stems and len(word) - length <= _MAX_ENDING.get(length, _MAX_ENDING_OF_OTHERS):
            return word[:length]
    return ""


@cache
def _of_stem(stem: str, /) -> frozenset[str]:
    """Return what an entry means, and what one means that it goes on from by a letter or two (category, categor*)."""
    known = _vocabulary()
    shorter = (known.stems.get(stem[:length], frozenset()) for length in range(max(3, len(stem) - 2), len(stem) + 1))
    return known.whole.get(stem, frozenset()).union(*shorter)


def _compound(word: str, shortest: int = 0, /) -> tuple[frozenset[str], ...]:
    """Return the meanings of the words that a word is made of; nothing where it is not made of known ones.

    Parameters
    ----------
    word : str
    shortest : int
        Letters that the first of them has at least.
    """
    split = _split(word) if word.isalpha() else None
    if split is None or len(split[1][0]) < shortest:
        return ()
    return tuple(map(_of_stem, split[1]))


@cache
def _split(word: str, /) -> tuple[int, tuple[str, ...]] | None:
    """Return the entries that a word is made of, with as few letters between them as can be, and how many these are."""
    options: list[tuple[int, tuple[str, ...]]] = []
    if len(word) >= _MIN_COMPOUND:
        for end in range(_MIN_PART, len(word) - 1):
            first = _beginning(word[:end])
            linking = end - len(first)
            rest = word[end:]
            if not first or (len(rest) < _MIN_LAST and (rest not in _SHORT_LAST or linking > 2)):
                continue
            stem = _stem(rest)
            last = (len(rest) - len(stem), (stem,)) if stem else _split(rest)
            if last is not None:
                options.append((2 * linking + last[0], (first, *last[1])))
    return min(options, default=None)


def _beginning(word: str, /) -> str:
    """Return the entry that is the first part of a compound, but for a few letters that link it; empty if none is."""
    known = _vocabulary()
    if word in known.whole or word in known.stems:
        return word
    for length in range(len(word) - 1, max(_MIN_PART, len(word) - _MAX_LINKING) - 1, -1):
        if word[:length] in known.stems:
            return word[:length]
    return ""


@cache
def _in_chinese(text: str, /) -> tuple[frozenset[str], ...]:
    """Return the meanings of the words of a Chinese text: as few unknown letters as can be, then as few words."""
    whole = _vocabulary().whole
    best: list[tuple[int, int, tuple[frozenset[str], ...]]] = [(0, 0, ())]
    for end in range(1, len(text) + 1):
        unknown, words, meanings = best[end - 1]
        options = [(unknown + 1, words + 1, (*meanings, frozenset[str]()))]
        for start in range(max(0, end - _MAX_CHINESE), end):
            if text[start:end] in whole:
                unknown, words, meanings = best[start]
                options.append((unknown, words + 1, (*meanings, whole[text[start:end]])))
        best.append(min(options, key=lambda option: option[:2]))
    return best[-1][2]
