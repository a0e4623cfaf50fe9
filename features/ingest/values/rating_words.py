"""Ratings that come as words, stars or fractions: Good, sehr zufrieden, 不满意, 👍, 5 stars, 4/5."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field

from features.ingest.sql_text import literal
from features.ingest.values.casting import CastPlan, known

__all__ = ["MAX_WORDS", "RATINGS", "ReadRatings", "ratings_sql", "read_ratings"]

RATINGS: Mapping[str, tuple[str, ...]] = {"cases": ("csat", "nps")}
"""Columns of ratings, by table."""

MAX_WORDS = 200
"""A column of more different texts holds no ratings."""

_HOLDS = 0.95  # of the rows; what is left is reported as unreadable

_SHORT = 2.0  # 0 to 1 and 1 to 3 have no place for `very`

_LEVELS: Mapping[int, str] = {
    1: (
        "very dissatisfied|very unsatisfied|extremely dissatisfied|completely dissatisfied|very bad|very poor|terrible|"
        "extremely unhappy|awful|horrible|very unhappy|"
        "sehr unzufrieden|sehr schlecht|äußerst unzufrieden|ungenügend|非常不满意|很不满意|"
        "极不满意|十分不满意|非常不滿意|很不滿意|非常差|很差|极差|非常不满|很不满|😡|🤬"
    ),
    2: (
        "bad|dissatisfied|unsatisfied|not satisfied|somewhat dissatisfied|poor|negative|unhappy|thumbs down|thumb down|"
        "dislike|schlecht|unzufrieden|eher unzufrieden|nicht zufrieden|negativ|mangelhaft|不满意|不滿意|不太满意|不满|"
        "差|差评|不好|👎|😞|😠|🙁|☹|😟"
    ),
    3: (
        "neutral|ok|okay|average|fair|mixed|so-so|neither|neither satisfied nor dissatisfied|mittel|durchschnittlich|"
        "teils teils|weder noch|befriedigend|一般|中立|中评|还行|还可以|普通|😐"
    ),
    4: (
        "good|satisfied|somewhat satisfied|happy|positive|thumbs up|thumb up|like|gut|zufrieden|eher zufrieden|positiv|"
        "满意|滿意|比较满意|比較滿意|好|好评|不错|👍|🙂|😊|😀|😃"
    ),
    5: (
        "very satisfied|extremely satisfied|completely satisfied|very good|excellent|great|outstanding|very happy|"
        "extremely happy|"
        "sehr zufrieden|sehr gut|ausgezeichnet|hervorragend|非常满意|很满意|十分满意|非常滿意|很滿意|非常好|很好|优秀|"
        "极好|😍|🤩"
    ),
}
_WORDS = {word: level for level, words in _LEVELS.items() for word in words.split("|")}
_UNRATED = frozenset(
    "offered|unoffered|not rated|unrated|no rating|not answered|no answer|nicht bewertet|keine angabe|keine bewertung|"
    "未评价|未评|未评分|无评价|未回答".split("|")
)
_OF = re.compile(r"(\d+(?:[.,]\d+)?)\s*(?:/|of|out of|von|aus)\s*(\d+)(?:\s*\D*)")
_UNIT = re.compile(r"(\d+(?:[.,]\d+)?)\s*[- ]?\s*(?:stars?|sterne?|points?|punkte?|pts?|星级?|颗星|顆星|分|★|⭐)")
_LABELLED = re.compile(r"(\d+)\s*(?:[-–—:=.)]|\()\s*[^\d\s].*")
_STAR = frozenset("★⭐✭🌟")


@dataclass(frozen=True)
class ReadRatings:
    """How a column's texts become numbers.

    Parameters
    ----------
    numbers : mapping of str to str or None
        Per text as it lies in the column; None: nobody rated.
    scale : (low, high) or None
        The scale of the words; None: the numbers give it.
    note : str
        What was taken for what.
    """

    numbers: Mapping[str, str | None] = field(default_factory=dict)
    scale: tuple[float, float] | None = None
    note: str = ""


def read_ratings(counts: Mapping[str, int], declared: tuple[float, float] | None = None, /) -> ReadRatings | None:
    """Read a column of texts as ratings.

    Parameters
    ----------
    counts : mapping of str to int
        The column's different texts and how often each occurs; plain numbers included.
    declared : (low, high), optional
        The scale that the company file or a trained model gives: words are put on it.

    Returns
    -------
    ReadRatings or None
        None where the column holds plain numbers, or texts that are no ratings.

    Examples
    --------
    >>> read_ratings({"Good": 3, "Bad": 2}).numbers
    {'Good': '1', 'Bad': '0'}
    >>> read_ratings({"Extremely Happy": 3, "Neutral": 1, "Extremely Unhappy": 2}).numbers
    {'Extremely Happy': '5', 'Neutral': '3', 'Extremely Unhappy': '1'}
    >>> read_ratings({"5 stars": 3, "1 star": 2}).numbers
    {'5 stars': '5', '1 star': '1'}
    >>> read_ratings({"blue": 3, "4": 2}) is None
    True
    """
    plain, worded, numbered = {}, {}, {}
    readable = 0
    tops = set[str]()
    for text, rows in counts.items():
        word = _normal(text)
        number, top = _number(word)
        if _is_number(word):
            plain[text] = word
        elif word in _WORDS or word in _UNRATED:
            worded[text] = word
        elif number is not None:
            numbered[text] = number
            tops |= {top} if top else set()
        else:
            continue
        readable += rows
    if not (worded or numbered) or readable < _HOLDS * sum(counts.values()) or len(tops) > 1:
        return None
    rated = {text: _WORDS[word] for text, word in worded.items() if word in _WORDS}
    if rated and (plain or numbered):
        return None  # words beside numbers: two scales in one column
    levels = set(rated.values())
    scale = _scale(levels, declared) if rated else None
    numbers: dict[str, str | None] = dict.fromkeys(worded)
    numbers |= numbered
    for text, level in rated.items():
        numbers[text] = _placed(level, scale or (1.0, 5.0))
    return ReadRatings(numbers, scale, _note(rated, numbers, numbered))


def _normal(text: str, /) -> str:
    """Full-width forms, letter case, variation selectors and outer punctuation make no other word."""
    shown = unicodedata.normalize("NFKC", text).casefold().replace("\ufe0f", "").replace("_", " ")
    shown = re.sub("[\U0001f3fb-\U0001f3ff]", "", shown)
    return re.sub(r"^[\W_]+(?=\w)|(?<=\w)[\s.!?。,;:\"')\]]+$", "", " ".join(shown.split()))


def _is_number(word: str, /) -> bool:
    return re.fullmatch(r"[-+]?\d+(?:[.,]\d+)?\s*%?", word) is not None


def _number(word: str, /) -> tuple[str | None, str | None]:
    """Return the number that a text holds, and the top of its scale where it says so."""
    if word and set(word) <= _STAR | {"☆", " "} and set(word) & _STAR:
        return str(sum(1 for sign in word if sign in _STAR)), None
    found = _OF.fullmatch(word)
    if found is not None:
        return found[1].replace(",", "."), found[2]
    found = _UNIT.fullmatch(word) or _LABELLED.fullmatch(word)
    return (None, None) if found is None else (found[1].replace(",", "."), None)


def _scale(levels: set[int], declared: tuple[float, float] | None, /) -> tuple[float, float]:
    if declared is not None:
        return declared
    if levels <= {2, 4}:
        return 0.0, 1.0
    return (1.0, 3.0) if levels <= {2, 3, 4} else (1.0, 5.0)


def _placed(level: int, scale: tuple[float, float], /) -> str:
    """Return a level's place: on a short scale bad and good are its ends."""
    share = min(max((level - 2) / 2, 0.0), 1.0) if scale[1] - scale[0] <= _SHORT else (level - 1) / 4
    return f"{scale[0] + share * (scale[1] - scale[0]):g}"


def _note(rated: Mapping[str, int], numbers: Mapping[str, str | None], numbered: Mapping[str, str], /) -> str:
    texts = sorted(rated, key=lambda text: (rated[text], text)) or sorted(numbered)
    shown = ", ".join(f"{' '.join(text.split())} = {numbers[text]}" for text in texts[:6])
    return shown + (", …" if len(texts) > 6 else "")


def ratings_sql(plan: CastPlan, read: ReadRatings | None, /) -> str:
    """Return SQL for the known raw value of a column, its words as numbers where it holds ratings."""
    value = known(plan)
    if read is None:
        return value
    whens = " ".join(
        f"WHEN {literal(text)} THEN {'NULL' if number is None else literal(number)}"
        for text, number in read.numbers.items()
    )
    return f"CASE {value} {whens} ELSE {value} END"
