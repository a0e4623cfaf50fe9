"""The words that stand for "no value" in any table and column, ids and texts included: one list for all sources."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache

from features.ingest.sql_text import literal

__all__ = [
    "BLANKS",
    "MISSING_WORDS",
    "counted",
    "first_look_at_words",
    "forms",
    "kept_by_evidence",
    "missing_words_sql",
    "without_missing_words",
]

BLANKS = " \t\r\n\u00a0\u2007\u2009\u200b\u202f\u3000\ufeff"
"""What is taken off around a value: blanks of all widths, and marks of no width."""

MISSING_WORDS: tuple[str, ...] = (
    *"na n/a n.a. n.a #n/a #n/v #nv #na n/v n.v. <na> (na) n.d. null (null) <null> [null] #null! \\n none".split(),
    *"(none) <none> nil nan -nan <nan> #nan nat <nat> (blank) (leer) (empty) <empty> (vide) missing".split(),
    *"(missing) <missing> unknown (unknown) <unknown> unbekannt inconnu desconocido k.a. #ref! #value!".split(),
    *"undefined #div/0! #name? #num! - -- --- – — —— − . .. ... … ? ?? ??? / \\".split(),
    *"n/k n/d #n/d tbd tba unbek. なし 該当なし 0000-00-00 00.00.0000 00/00/0000".split(),
    *"无 無 空 (空) (空白) 空值 未知 缺失 缺失值 不详 不詳 不明 暂无 暫無 未填 未填写".split(),
    *"未填寫 无数据 無資料 不适用 不適用 未提供".split(),
    *("not available", "not applicable", "no data", "keine angabe", "not set", "not specified", "not provided"),
    *("nicht verfügbar", "nicht angegeben", "no disponible", "non disponible", "non renseigné", "0000-00-00 00:00:00"),
)
"""Compared with the whole value, blanks taken off, in any letter case and in full-width forms."""

_BETWEEN = "\x1f"  # stands in no text
_IN_NO_WORD = "[1-9]"  # ids, times and most numbers have such a figure, and none of the words has
LONGEST_WORD_BYTES = 48  # of all forms of all words: what is longer needs no comparison

# a word that beside others of its kind is a value: "none" beside "there is", North America beside other regions
_VALUE_BESIDE: dict[str, tuple[str, ...]] = {
    "无": ("有",),
    "無": ("有",),
    "na": ("emea", "apac", "latam", "eu", "amer", "namer"),
}


def without_missing_words(text: str, size: str, kept: Collection[str] = (), /) -> str:
    """Return SQL that is null where a text is one of the words.

    Parameters
    ----------
    text : str
        SQL of the text, blanks taken off.
    size : str
        SQL of a text that is as long or longer, whose bytes are counted: most texts are too long to be a word.
    kept : collection of str
        Words that are values here.
    """
    return f"CASE WHEN {_is_word(text, size, kept)} THEN NULL ELSE {text} END"


def first_look_at_words(texts: Sequence[tuple[str, str]], relation: str, /) -> str:
    """Return a query of two counts per text: those with blanks around them or nothing else, and words.

    Most columns have no such word, and for them this is enough: it is planned in a fraction of the time that
    ``missing_words_sql`` takes.

    Parameters
    ----------
    texts : sequence of (str, str)
        ``text`` and ``size`` as for ``without_missing_words``.
    relation : str
        SQL name of the rows.
    """
    places = range(len(texts))
    given = ", ".join(f"{size} AS size_{at}, {text} AS text_{at}" for at, (text, size) in enumerate(texts))
    short = ", ".join(
        f"size_{at}, text_{at}, CASE WHEN {_may_be_word(f'size_{at}')} THEN text_{at} END AS short_{at}"
        for at in places
    )
    words = _words_sql(frozenset())
    counts = ", ".join(
        f"count(*) FILTER (size_{at} IS DISTINCT FROM text_{at}), "
        f"count(*) FILTER (short_{at} IS NOT NULL AND contains({words}, {_looked_for(f'short_{at}')}))"
        for at in places
    )
    return f"SELECT {counts} FROM (SELECT {short} FROM (SELECT {given} FROM {relation}))"


def missing_words_sql(text: str, size: str, /) -> str:
    """Return SQL aggregates (a struct): how often each word stands in a column, and which neighbours suggest a value.

    Parameters
    ----------
    text, size : str
        As for ``without_missing_words``.
    """
    # histograms rather than distinct lists: each of those holds a table of megabytes, for every column
    beside = sorted({word for words in _VALUE_BESIDE.values() for word in words})
    listed = ", ".join(map(literal, beside))
    neighbours = f"strlen({size}) <= 8 AND lower({text}) IN ({listed})"
    return (
        f"{{'present': count({text}), 'words': histogram({text}) FILTER ({_is_word(text, size)}), "
        f"'beside': map_keys(histogram(lower({text})) FILTER ({neighbours}))}}"
    )


def kept_by_evidence(beside: Collection[str] | None, /) -> frozenset[str]:
    """Return the words that are values in a column that holds these other values.

    Examples
    --------
    >>> sorted(kept_by_evidence(["emea"])), sorted(kept_by_evidence([]))
    (['na'], [])
    """
    there = frozenset(beside or ())
    return frozenset(word for word, others in _VALUE_BESIDE.items() if there & frozenset(others))


def counted(words: Mapping[str, int] | None, kept: Collection[str], /) -> dict[str, int]:
    """Return how often each word stands for no value, those that are values here left out."""
    values = {form for word in kept for form in forms(word)}
    return {word: count for word, count in (words or {}).items() if word.lower() not in values}


@lru_cache(maxsize=4096)
def forms(word: str, /) -> tuple[str, ...]:
    """Return a word in small letters, in full-width ones, and with its marks alone in full width.

    Examples
    --------
    >>> forms("N/A")
    ('n/a', 'ｎ／ａ', 'n／a')
    """
    small = word.lower()
    wide = "".join(_wide(letter) for letter in small)
    marks = "".join(letter if letter.isalnum() else _wide(letter) for letter in small)
    return tuple(dict.fromkeys((small, wide, marks)))


def _wide(letter: str, /) -> str:
    return chr(ord(letter) + 0xFEE0) if "!" <= letter <= "~" else letter


def _is_word(text: str, size: str, kept: Collection[str] = (), /) -> str:
    words = _words_sql(frozenset(kept))
    return f"({_may_be_word(size)} AND {text} IS NOT NULL AND contains({words}, {_looked_for(text)}))"


def _may_be_word(size: str, /) -> str:
    """Return a cheap test that spares long texts, ids, times and numbers the comparison."""
    return f"strlen({size}) <= {LONGEST_WORD_BYTES} AND NOT regexp_matches({size}, {literal(_IN_NO_WORD)})"


def _looked_for(text: str, /) -> str:
    return f"concat({literal(_BETWEEN)}, lower({text}), {literal(_BETWEEN)})"


@lru_cache(maxsize=256)  # the same for most columns of a company
def _words_sql(kept: frozenset[str], /) -> str:
    """Return one long text to look into: a list of all words would be held once per row of a batch, for each column."""
    values = {form for word in kept for form in forms(word)}
    listed = dict.fromkeys(form for word in MISSING_WORDS for form in forms(word) if form not in values)
    return literal("".join(f"{_BETWEEN}{word}" for word in listed) + _BETWEEN)
