"""The scale that a column of ratings is on, inferred from all of its values together.

Nothing is certain here: nobody may have given the highest rating. What was taken is said, and what else it may be.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from baton.messages.message import Message
from features.ingest.sql_text import quoted

__all__ = ["DEFAULT_SCALES", "Inferred", "Profile", "inferred", "profile"]

Range = tuple[float, float]

DEFAULT_SCALES: Mapping[str, Range] = {"csat": (1.0, 5.0), "nps": (0.0, 10.0)}
"""What ratings are written for where nothing else is said."""

_HOLDS = 0.95  # a scale may miss a few mistyped values
_MIN_RATINGS = 30  # fewer ratings say nothing about what nobody gave
_MIN_BEYOND = 5  # ratings beyond a scale that are no stray values any more …
_MIN_SHARE_BEYOND = 0.005  # … and their share
_MAX_UNUSUAL = 20.0  # a highest value between 10 and this fits neither 0-10 nor 0-100
_WHOLE = tuple(range(11))


@dataclass(frozen=True)
class Profile:
    """Counts of a column's values.

    Parameters
    ----------
    ratings : int
        Values that are there.
    low, high : float
        The smallest and the largest of them.
    whole : mapping of int to int
        How often 0, 1, … 10 occur.
    held : mapping of (low, high) to int
        How many values lie within each scale.
    """

    ratings: int
    low: float = 0.0
    high: float = 0.0
    whole: Mapping[int, int] = field(default_factory=dict)
    held: Mapping[Range, int] = field(default_factory=dict)

    def fits(self, scale: Range, /) -> bool:
        """Whether nearly all values lie within a scale."""
        return self.held[scale] >= _HOLDS * self.ratings


@dataclass(frozen=True)
class Inferred:
    """What a column's values show.

    Parameters
    ----------
    scale : (low, high) or None
        None: they fit no known scale.
    doubt : Message, optional
        What else it may be; None where the values leave no doubt.
    """

    scale: Range | None
    doubt: Message | None = None


_SCALES: tuple[Range, ...] = (
    (0.0, 1.0),
    (1.0, 3.0),
    (1.0, 5.0),
    (0.0, 5.0),
    (1.0, 7.0),
    (1.0, 10.0),
    (0.0, 10.0),
    (0.0, 100.0),
    (-100.0, 100.0),
)


def profile(rows: Callable[[str], list[tuple[Any, ...]]], relation: str, column: str, /) -> Profile:
    """Count a column's values in one scan.

    Parameters
    ----------
    rows : callable
        Runs SQL and returns its rows.
    relation, column : str
    """
    value = f"CASE WHEN isfinite({quoted(column)}::DOUBLE) THEN {quoted(column)} END"
    counts = [f"count(*) FILTER (v = {number})" for number in _WHOLE]
    counts += [f"count(*) FILTER (v BETWEEN {low} AND {high})" for low, high in _SCALES]
    listed = ", ".join(counts)
    total, low, high, *found = rows(
        f"SELECT count(v), min(v), max(v), {listed} FROM (SELECT {value} AS v FROM {relation})"
    )[0]
    if not total:
        return Profile(0)
    whole = dict(zip(_WHOLE, found, strict=False))
    return Profile(total, low, high, whole, dict(zip(_SCALES, found[len(_WHOLE) :], strict=True)))


def inferred(column: str, found: Profile, /) -> Inferred:
    """Return the scale of a column of ratings.

    Parameters
    ----------
    column : str
        ``csat`` or ``nps``; any other is read as ``csat`` is.

    Examples
    --------
    >>> whole = {1: 20, 2: 20, 7: 20}
    >>> held = dict.fromkeys(_SCALES, 60) | {(0.0, 1.0): 20, (1.0, 3.0): 40, (1.0, 5.0): 40, (0.0, 5.0): 40}
    >>> inferred("csat", Profile(60, 1, 7, whole, held))
    Inferred(scale=(1.0, 7.0), doubt=None)
    """
    if not found.ratings:
        return Inferred(None)
    return _recommendation(found) if column == "nps" else _satisfaction(found)


def _satisfaction(found: Profile, /) -> Inferred:
    whole = found.whole
    if found.fits((0.0, 1.0)) and found.held[0.0, 1.0] > whole[1]:
        few = found.ratings < _MIN_RATINGS
        return Inferred((0.0, 1.0), Message("scale.few_ratings") if few else None)
    if found.held[1.0, 3.0] == found.ratings >= _MIN_RATINGS and whole[3]:
        return Inferred(
            (1.0, 3.0),
            Message("scale.nobody_gave", {"ratings": Message("scale.either", {"first": "4", "second": "5"})}),
        )
    if found.fits((1.0, 5.0)) and not _beyond(found, 5):
        return Inferred((1.0, 5.0), None if whole[5] else _not_above(found.high))
    if found.fits((0.0, 5.0)) and not _beyond(found, 5):
        return Inferred((0.0, 5.0), Message("scale.zero_unrated"))
    if found.fits((1.0, 7.0)) and not _beyond(found, 7):
        return Inferred((1.0, 7.0), None if whole[7] else _not_above(found.high))
    if found.fits((0.0, 10.0)):
        return _of_ten(found)
    if found.fits((0.0, 100.0)) and found.high > _MAX_UNUSUAL:
        return Inferred((0.0, 100.0))
    return Inferred(None)


def _not_above(rating: float, /) -> Message:
    return Message("scale.nobody_above", {"rating": f"{rating:g}"})


def _of_ten(found: Profile, /) -> Inferred:
    """Tell 1-10, where 1 is given and 0 never, from 0-10."""
    whole = found.whole
    doubt = None if whole[10] else _not_above(found.high)
    if whole[0]:
        return Inferred((0.0, 10.0), doubt)
    if whole[1] >= max(_MIN_BEYOND, _MIN_SHARE_BEYOND * found.ratings):
        return Inferred((1.0, 10.0), doubt)
    return Inferred((0.0, 10.0), doubt or Message("scale.nobody_gave", {"ratings": "0"}))


def _recommendation(found: Profile, /) -> Inferred:
    if found.fits((0.0, 10.0)):
        if found.high <= 5 and found.low >= 1 and found.ratings >= _MIN_RATINGS:
            return Inferred((1.0, 5.0), _not_above(5))
        return Inferred((0.0, 10.0))
    if found.fits((0.0, 100.0)) and found.high > _MAX_UNUSUAL:
        return Inferred((0.0, 100.0))
    return Inferred((-100.0, 100.0)) if found.fits((-100.0, 100.0)) and found.low < 0 else Inferred(None)


def _beyond(found: Profile, top: int, /) -> bool:
    """Whether the whole ratings just beyond a scale are given so often that they belong to it."""
    counts = [found.whole.get(number, 0) for number in _WHOLE if number > top]
    seen = sum(1 for count in counts if count)
    return seen >= 2 and sum(counts) >= max(_MIN_BEYOND, _MIN_SHARE_BEYOND * found.ratings)
