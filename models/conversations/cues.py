"""What a customer's words point at, clause by clause: who speaks of whom, meant or only quoted, now or long ago."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

import numpy as np

__all__ = ["CORES", "Turn", "feature_names", "turn_features"]

CORES = (
    "leave",
    "again",
    "promise",
    "unmet",
    "law_press",
    "health",
    "age",
    "grief",
    "money",
    "distress",
    "strong",
    "irony",
)
"""Cues that count for themselves once more where nothing beside them in the clause takes them back."""

_BLOCKERS = frozenset(
    "other_person past hypothetical not_meant stay neutral_leave law_neutral figurative good_again".split()
)
_CLAUSE = re.compile(r"[.!?;:\n。！？；：…—]+|,|，|\bbut\b|\bbecause\b|但是|不过|可是|因为")
_WORD = re.compile(r"[A-Za-z]+")
_QUESTION = re.compile(r"[?？]|吗|呢[。，]?$|^(how|what|which|where|when|can|could|is|do|does)\b|怎么|多少|哪", re.I)
_MEETINGS = tuple(
    (one, other)
    for one, others in {
        "leave": "intent deadline strong unmet neutral_leave hypothetical good other_firm past",
        "promise": "unmet good wait",
        "again": "good_again unmet strong",
        "law_press": "intent deadline law_neutral strong unmet",
        "irony": "wait unmet",
        "good": "unmet wait strong",
        "strong": "other_person other_firm past",
        "health": "figurative past",
        "age": "figurative",
        "money": "figurative",
        "distress": "figurative",
        "grief": "neutral_leave",
    }.items()
    for other in others.split()
)
_MANNER = ("question", "exclaims", "shouts", "quotes", "short", "long")
_BEFORE = ("repeats_itself", "same_cue_before", "asked_before", "employee_promised", "ends_well")


@dataclass(frozen=True)
class Turn:
    """What somebody said.

    Parameters
    ----------
    customer : bool
        Whether the customer speaks; what employees say is context and never scored.
    text : str
        Cleaned and masked.
    """

    customer: bool
    text: str


@cache
def _cues() -> dict[str, re.Pattern[str]]:
    content = tomllib.loads((Path(__file__).parent / "cues.toml").read_text(encoding="utf-8"))
    return {
        # in small letters on both sides: ignoring case in the pattern takes twice the time
        name: re.compile("|".join(f"(?:{part})" for part in (*cue["en"], *cue["zh"])))
        for name, cue in content.items()
    }


def feature_names() -> tuple[str, ...]:
    """Return the names of the features of a turn, in order."""
    return (
        *_cues(),
        *(f"{core}:meant" for core in CORES),
        *(f"{core}:twice" for core in CORES),
        *(f"{one}×{other}" for one, other in _MEETINGS),
        *_MANNER,
        *_BEFORE,
    )


def turn_features(turns: list[Turn], place: int, /) -> np.ndarray:
    """Return the features of a customer's turn in what was said until then.

    Parameters
    ----------
    turns : list of Turn
        The conversation so far, or longer: nothing after ``place`` is looked at.
    place : int
        Position of a customer's turn.

    Returns
    -------
    numpy.ndarray
        Float64, as long as ``feature_names``.
    """
    text = turns[place].text
    hits = _hits(text)
    whole = {name: float(any(name in clause for clause in hits)) for name in _cues()}
    meant = [float(any(core in clause and not clause & _blockers(core) for clause in hits)) for core in CORES]
    twice = [float(sum(core in clause for clause in hits) > 1) for core in CORES]
    meetings = [whole[one] * whole[other] for one, other in _MEETINGS]
    return np.array([*whole.values(), *meant, *twice, *meetings, *_manner(text), *_before(turns, place, whole)])


def _blockers(core: str, /) -> frozenset[str]:
    # who goes to another firm means it; who is angry about another firm does not mean this one
    return _BLOCKERS if core == "leave" else _BLOCKERS | {"other_firm"}


@lru_cache(maxsize=4096)
def _hits(text: str, /) -> tuple[frozenset[str], ...]:
    # a chat comes back with every turn: what was searched once is remembered, and depends on the text alone
    text = text.lower()
    clauses = [part.strip() for part in _CLAUSE.split(text) if part and part.strip()] or [text]
    found = [frozenset(name for name, cue in _cues().items() if cue.search(clause)) for clause in clauses]
    # what spans clauses still counts, in a clause of its own
    once = frozenset().union(*found)
    across = frozenset(name for name, cue in _cues().items() if name not in once and cue.search(text))
    return (*found, across) if across else tuple(found)


def _manner(text: str, /) -> list[float]:
    words = _WORD.findall(text)
    capitals = sum(len(word) > 2 and word.isupper() for word in words)
    length = len(words) + sum("\u4e00" <= character <= "\u9fff" for character in text) / 1.6
    return [
        float(bool(_QUESTION.search(text))),
        min(text.count("!") + text.count("！"), 3) / 3,
        float(capitals >= 3 and capitals > len(words) / 2),
        float(bool(re.search(r"[\"“”「『]", text))),
        float(length < 5),
        float(length > 35),
    ]


def _before(turns: list[Turn], place: int, whole: dict[str, float], /) -> list[float]:
    text = turns[place].text
    earlier = [turn.text for turn in turns[:place] if turn.customer]
    agent_texts = [turn.text for turn in turns[:place] if not turn.customer]
    asked = [one for one in earlier if _QUESTION.search(one)]
    likeness = max((_likeness(text, one) for one in asked), default=0.0)
    same = any("strong" in clause for one in earlier for clause in _hits(one))
    promised = any("promise" in clause for one in agent_texts for clause in _hits(one))
    ends_well = whole["good"] and not whole["strong"] and not whole["unmet"]
    return [
        likeness,
        float(same),
        float(likeness > 0.35 and len(asked) > 0 and len(earlier) > 1),
        float(promised),
        float(ends_well),
    ]


def _likeness(one: str, other: str, /) -> float:
    first, second = _pieces(one), _pieces(other)
    return len(first & second) / max(min(len(first), len(second)), 1)


@lru_cache(maxsize=4096)
def _pieces(text: str, /) -> frozenset[str]:
    # every later turn is compared with it
    words = {word.lower() for word in _WORD.findall(text) if len(word) > 3}
    han = [character for character in text if "\u4e00" <= character <= "\u9fff"]
    return frozenset(words | {one + other for one, other in zip(han, han[1:], strict=False)})
