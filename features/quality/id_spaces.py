"""Ids of one table that another does not know: whether they are the same ids, written another way."""

from __future__ import annotations

from baton.messages.message import Message
from features.ingest.intake import Intake
from features.ingest.sql_text import literal, quoted

__all__ = ["alike"]

_MIN_ALIKE = 0.5  # share of the unknown ids that must be found once written alike
_WAYS = (
    ("remedy.ids_case", "lower({id})"),
    ("remedy.ids_zeros", "ltrim(lower({id}), '0')"),
    ("remedy.ids_signs", "ltrim(regexp_replace({id}, '[^0-9]', '', 'g'), '0')"),
)


def alike(intake: Intake, relation: str, column: str, other: tuple[str, str], /) -> Message:
    """Return what to do about a column most of whose ids are unknown.

    Parameters
    ----------
    relation, column : str
        Where the ids are.
    other : (str, str)
        Relation and column of the table that should know them.
    """
    their, key = other[0], quoted(other[1])
    mine = f"SELECT DISTINCT {quoted(column)} AS id FROM {relation} WHERE {quoted(column)} IS NOT NULL"
    theirs = f"SELECT DISTINCT {key} AS id FROM {their} WHERE {key} IS NOT NULL"
    shown = ", ".join(f"{row[0]!r}" for row in intake.rows(f"SELECT min(id) FROM ({mine} EXCEPT {theirs})"))
    against = ", ".join(f"{row[0]!r}" for row in intake.rows(f"SELECT min(id) FROM ({theirs})"))
    for key, way in _WAYS:
        written = way.format(id="id")
        found = f"{written} IN (SELECT {written} FROM ({theirs}) WHERE {written} <> {literal('')})"
        share = intake.rows(f"SELECT avg(({found})::INT) FROM ({mine} EXCEPT {theirs}) WHERE {written} <> ''")[0][0]
        if share is not None and share >= _MIN_ALIKE:
            return Message(key, {"here": shown, "there": against})
    return Message("remedy.ids_other", {"here": shown, "there": against})
