"""Two scales in one column of ratings: 1 to 5 until June and 0 to 10 after, or one scale per channel.

A part of the rows is on a smaller scale if next to none of its ratings lies above that scale's top though the other
rows have so many there that chance would have given twenty, and if its people do give the top: in a part that is only
rated badly, the top is rare.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from baton.messages.message import Message
from features.ingest.sql_text import quoted

__all__ = ["Mixed", "mixed"]

_MIN_EXPECTED = 20  # ratings above the top that a part would have if it were like the others
_MAX_STRAY = 0.01  # share of a part's ratings that may lie above its top: mistyped ones
_MIN_AT_TOP = 0.15  # share of a part's ratings at its top
_MAX_AT_TOP = 0.95  # for thumbs: who gives nothing but 1 is no sign of them
_STRAY_COUNTS = 50  # a stray rating weighs as much as so many others when the day of the change is looked for
_MAX_SHOWN = 5  # values of a part that are named
_MAX_VALUES = 60  # a column of more different values says nothing about a scale
_SMALLER: tuple[tuple[float, float], ...] = ((0.0, 1.0), (1.0, 5.0), (0.0, 10.0))


@dataclass(frozen=True)
class Mixed:
    """A part of the rows that is on another scale than the rest.

    Parameters
    ----------
    where : Message
        Which part.
    scale : (low, high)
        The part's.
    ratings : int
        How many the part has.
    """

    where: Message
    scale: tuple[float, float]
    ratings: int


def mixed(
    rows: Callable[[str], list[tuple[Any, ...]]],
    relation: str,
    column: str,
    time: str | None,
    parts: tuple[str, ...],
    top: float,
    /,
) -> Mixed | None:
    """Find a part of a column that is on a smaller scale than the rest.

    Parameters
    ----------
    rows : callable
        Runs SQL and returns its rows.
    relation, column : str
    time : str or None
        The column that says when.
    parts : tuple of str
        Columns that split the rows: channel, process, team.
    top : float
        The highest rating of the whole column's scale.

    Returns
    -------
    Mixed or None
        The largest such part; time first.
    """
    for scale in _SMALLER:
        if scale[1] >= top or (scale[1] == 1.0 and top < 5):
            continue
        for found in (*_by_time(rows, relation, column, time, scale), *_by_part(rows, relation, column, parts, scale)):
            return found
    return None


def _counts(column: str, scale: tuple[float, float], /) -> str:
    value = quoted(column)
    return (
        f"count({value}), count(*) FILTER ({value} > {scale[1]}), count(*) FILTER ({value} = {scale[1]}), "
        f"count(*) FILTER ({value} < {scale[0]})"
    )


def _smaller(part: list[int], rest: list[int], scale: tuple[float, float], /) -> bool:
    """Whether a part, by its ratings, those above, at and below its scale, differs from the rest by scale."""
    ratings, above, at_top, below = part
    if not ratings or not rest[0]:
        return False
    expected = ratings * rest[1] / rest[0]
    stray = above + below
    if scale[1] == 1.0 and at_top > _MAX_AT_TOP * ratings:
        return False
    return stray <= _MAX_STRAY * ratings and expected >= _MIN_EXPECTED and at_top >= _MIN_AT_TOP * ratings


def _by_time(
    rows: Callable[[str], list[tuple[Any, ...]]],
    relation: str,
    column: str,
    time: str | None,
    scale: tuple[float, float],
    /,
) -> Iterator[Mixed]:
    if time is None:
        return
    days = rows(
        f"SELECT date_trunc('day', {quoted(time)}) AS day, {_counts(column, scale)} FROM {relation} "
        f"WHERE {quoted(column)} IS NOT NULL AND {quoted(time)} IS NOT NULL GROUP BY 1 ORDER BY 1"
    )
    total = [sum(row[at] for row in days) for at in range(1, 5)]
    before = [0, 0, 0, 0]
    best: tuple[int, int, Message] | None = None
    for day, *counts in days:
        after = [all_ - seen for all_, seen in zip(total, before, strict=True)]
        for part, rest, key in ((before, after, "fault.mixed_before"), (after, before, "fault.mixed_from")):
            # where a day of the other scale is taken in, its ratings count against it
            reach = part[0] - _STRAY_COUNTS * (part[1] + part[3])
            if _smaller(part, rest, scale) and (best is None or reach > best[0]):
                best = reach, part[0], Message(key, {"day": f"{day:%Y-%m-%d}"})
        before = [seen + more for seen, more in zip(before, counts, strict=True)]
    if best is not None:
        yield Mixed(best[2], scale, best[1])


def _by_part(
    rows: Callable[[str], list[tuple[Any, ...]]],
    relation: str,
    column: str,
    parts: tuple[str, ...],
    scale: tuple[float, float],
    /,
) -> Iterator[Mixed]:
    for name in parts:
        found = rows(
            f"SELECT {quoted(name)}::VARCHAR, {_counts(column, scale)} FROM {relation} "
            f"WHERE {quoted(column)} IS NOT NULL GROUP BY 1 ORDER BY 2 DESC LIMIT {_MAX_VALUES + 1}"
        )
        if len(found) > _MAX_VALUES:
            continue
        total = [sum(row[at] for row in found) for at in range(1, 5)]
        smaller, ratings = [], 0
        for value, *counts in found:
            rest = [all_ - own for all_, own in zip(total, counts, strict=True)]
            if _smaller(counts, rest, scale):
                smaller.append(value)
                ratings += counts[0]
        if smaller:
            yield Mixed(_where(name, smaller), scale, ratings)


def _where(column: str, smaller: list[str | None], /) -> Message:
    none, more = Message("fault.mixed_none"), len(smaller) - _MAX_SHOWN
    values = tuple(none if value is None else value for value in smaller[:_MAX_SHOWN])
    if more > 0:
        return Message("fault.mixed_where_more", {"column": column, "values": values, "more": more})
    return Message("fault.mixed_where", {"column": column, "values": values})
