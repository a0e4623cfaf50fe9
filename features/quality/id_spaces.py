"""Ids of one table that another does not know: whether they are the same ids, written another way."""

from __future__ import annotations

from features.ingest.intake import Intake
from features.ingest.sql_text import literal, quoted

__all__ = ["alike_hint"]

_MIN_ALIKE = 0.5  # share of the unknown ids that must be found once written alike
_WAYS = (
    ("they differ in letter case alone: bring both to one case", "lower({id})"),
    ("they differ by zeros in front", "ltrim(lower({id}), '0')"),
    (
        "they differ by letters or signs around a number: take them off on one side",
        "ltrim(regexp_replace({id}, '[^0-9]', '', 'g'), '0')",
    ),
)


def alike_hint(intake: Intake, relation: str, column: str, other: tuple[str, str], /) -> str:
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
    for words, way in _WAYS:
        written = way.format(id="id")
        found = f"{written} IN (SELECT {written} FROM ({theirs}) WHERE {written} <> {literal('')})"
        share = intake.rows(f"SELECT avg(({found})::INT) FROM ({mine} EXCEPT {theirs}) WHERE {written} <> ''")[0][0]
        if share is not None and share >= _MIN_ALIKE:
            return f"{words} ({shown} here, {against} there), in the table's sql"
    return f"is it the right column, or another system's id? ({shown} here, {against} there)"
