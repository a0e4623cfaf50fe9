"""The words in which a group of texts differs from the others, in the texts' own language."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

__all__ = ["own_words", "terms"]

_MASK = re.compile(r"\[[a-z]{2,12}\]")
_WORD = re.compile(r"[^\W\d_][^\W_]*(?:['’\-][^\W_]+)*")
_HAN = re.compile(r"[\u3400-\u9fff]+")
_HAN_LENGTHS = (2, 3, 4)
_MIN_HELD = 0.2


def terms(text: str, /) -> set[str]:
    """Return the words of a text and its pairs of words; for Chinese, runs of two to four characters.

    Masks and numbers are no words.

    Examples
    --------
    >>> sorted(terms("Call [phone], wrong bill!"))
    ['bill', 'call', 'wrong', 'wrong bill']
    >>> sorted(terms("多扣钱"))
    ['多扣', '多扣钱', '扣钱']
    """
    found: set[str] = set()
    for part in re.split(r"[.!?;:,。！？；：，、\n]", _MASK.sub(" , ", text.casefold()).replace(" , ", ",")):
        words = [word for word in _WORD.findall(_HAN.sub(" ", part)) if len(word) > 1 or not word.isascii()]
        found.update(words)
        found.update(f"{first} {second}" for first, second in zip(words, words[1:], strict=False))
        for run in _HAN.findall(part):
            found.update(run[at : at + size] for size in _HAN_LENGTHS for at in range(len(run) - size + 1))
    return found


def own_words(inside: Sequence[str], others: Iterable[str], /, *, min_texts: int = 5, max_words: int = 5) -> list[str]:
    """Return the words that name a group of texts, the most distinctive first.

    Parameters
    ----------
    inside, others : texts
        Cleaned and masked.
    min_texts : int
        A word that stands in fewer texts of the group names nobody's group, but somebody's text.
    max_words : int

    Returns
    -------
    list of str
        None of which is part of another.

    Source
    ------
    Class-based TF-IDF (Grootendorst 2022), counted in texts.

    Examples
    --------
    >>> own_words(["the app crashes"] * 6, ["the bill", "the line is down"] * 9)
    ['app crashes', 'the app']
    """
    held = Counter(term for text in inside for term in terms(text))
    elsewhere: Counter[str] = Counter()
    rest = 0
    for text in others:
        rest += 1
        elsewhere.update(term for term in terms(text) if term in held)
    minimum = max(min_texts, int(np.ceil(_MIN_HELD * len(inside))))

    def weight(term: str) -> float:
        share, elsewhere_share = held[term] / max(len(inside), 1), (elsewhere[term] + 0.5) / (rest + 1.0)
        length = 1.0 + 0.2 * (len(term.split()) - 1 if term.isascii() else len(term) - 2)
        return share * float(np.log(max(share / elsewhere_share, 1.0))) * length

    ranked = sorted((term for term, count in held.items() if count >= minimum), key=lambda term: (-weight(term), term))
    chosen: list[str] = []
    for term in ranked:
        if weight(term) > 0 and not any(_overlaps(term, other) for other in chosen):
            chosen.append(term)
        if len(chosen) == max_words:
            break
    return chosen


def _overlaps(term: str, other: str, /) -> bool:
    if term in other or other in term:
        return True
    return any(term.endswith(other[:size]) or other.endswith(term[:size]) for size in (2, 3)) and not term.isascii()
