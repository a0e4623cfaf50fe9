"""Each column's reading plan, inferred from the values of the whole column, per file where a table has several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from baton.contract.sources import TableSpec
from baton.messages.message import Message
from features.ingest.values.casting import CastPlan
from features.ingest.values.missing_words import counted, kept_by_evidence
from features.ingest.values.number_columns import (
    Numbers,
    column_currencies,
    decide_decimals,
    decide_type,
    half_percent,
    number_format,
)
from features.ingest.values.number_text import Decimal, duration_unit

__all__ = ["TableReading", "kept_words", "read_numbers", "with_durations"]

Profiles = Mapping[str, Mapping[str, Any]]

_PLAIN: tuple[Decimal, str] = (".", "")  # the mark of numbers that say nothing of theirs
_IN_POINTS = {("scorecards", "weight"), ("cases", "csat")}  # columns that count up to 100: there 30 % is 30
_EVIDENCE = {"siblings": "note.as_columns", "files": "note.as_files", "default": "note.no_evidence"}
"""What decides a column's decimal mark where its own values do not."""
_REPORTED_SHARE = 0.01  # fewer words for "no value" in a column are a matter of course; in ids each counts


@dataclass(frozen=True)
class TableReading:
    """What is known of a table beside its values.

    Parameters
    ----------
    decimal : str or None
        The decimal mark that the company file says.
    semicolons : bool
        Whether values are set apart by semicolons.
    types : mapping of str to str
        Attributes whose type a trained model or the company file has settled: ``number`` or ``text``.
    """

    spec: TableSpec
    decimal: str | None = None
    semicolons: bool = False
    types: Mapping[str, str] | None = None


def kept_words(
    plans: Mapping[str, CastPlan], found: Mapping[str, Mapping[str, Any]], given: Sequence[str], spec: TableSpec, /
) -> tuple[dict[str, CastPlan], list[Message]]:
    """Return the plans with the words that are values in each column, and notes about words taken as missing.

    Parameters
    ----------
    plans : mapping of str to CastPlan
    found : mapping of str to mapping
        Per text column: ``words`` and their counts, and what stands ``beside`` them.
    given : sequence of str
        Words that the company file calls values.
    """
    decided_plans, notes = dict(plans), list[Message]()
    for name, profile in found.items():
        plan = plans[name]
        kept = frozenset(word.lower() for word in given) | kept_by_evidence(profile["beside"])
        decided_plans[name] = replace(plan, kept_words=kept)
        words = counted(profile["words"], kept | (frozenset({"无", "無"}) if plan.type == "flag" else frozenset()))
        total = sum(words.values())
        if total and (plan.type == "id" or total >= _REPORTED_SHARE * profile["present"]):
            first = sorted(words, key=lambda word: (-words[word], word))[:3]
            values = {"column": f"{spec.name}.{name}", "table": f"tables.{spec.name}", "words": tuple(map(repr, first))}
            notes.append(Message("note.missing_words", values | {"n": total, "total": profile["present"]}))
    return decided_plans, notes


def with_durations(
    plans: Mapping[str, CastPlan], ticks: Mapping[str, float], table: str, notes: list[Message], /
) -> dict[str, CastPlan]:
    """Return the plans with columns of durations read in the unit of their name, else in seconds.

    Parameters
    ----------
    plans : mapping of str to CastPlan
    ticks : mapping of str to float
        Per column of the source, the seconds of one tick.
    table : str
    notes : list of Message
        What was decided is added.
    """
    decided_plans = dict(plans)
    for name, plan in plans.items():
        if plan.raw_column in ticks and plan.type in {"number", "integer"}:
            unit = duration_unit(name) or 1
            decided_plans[name] = replace(plan, factor=ticks[plan.raw_column] / unit)
            notes.append(_durations(f"{table}.{name}", unit))
    return decided_plans


def read_numbers(
    plans: Mapping[str, CastPlan], files: Sequence[tuple[int, Profiles]], reading: TableReading, notes: list[Message], /
) -> dict[str, CastPlan]:
    """Return the plans of text columns that are numbers, or may be; what was decided is added to ``notes``.

    An attribute is a number where nearly all of its values are, and none looks like an id (007), unless a trained model
    has settled its type.
    """
    spec = reading.spec
    numbers = [{name: Numbers.of(profiles[name]) for name in plans} for _, profiles in files]
    # a column of words has no say in how numbers are written
    numeric = [
        {name: found for name, found in file.items() if _mostly_numbers(found) or name in spec.names}
        for file in numbers
    ]
    marks = decide_decimals(numeric, reading.decimal, reading.semicolons)
    decided_plans = {}
    for name, plan in plans.items():
        column = [file[name] for file in numbers]
        decided = marks.get(name, (_PLAIN,) * len(column))
        unit = duration_unit(name)
        if name not in spec.names:
            settled = (reading.types or {}).get(name)
            is_number, bad = decide_type(column, [mark for mark, _ in decided], unit)
            if settled == "text" or (settled is None and not is_number):
                decided_plans[name] = replace(plan, type="text")
                _note_words(spec, name, column, bad, settled, notes)
                continue
            plan = replace(plan, type="number")
        decided_plans[name] = _formatted(plan, column, decided, [file for file, _ in files], reading, notes)
    return decided_plans


def _formatted(
    plan: CastPlan,
    column: Sequence[Numbers],
    decided: Sequence[tuple[Any, str]],
    files: Sequence[int],
    reading: TableReading,
    notes: list[Message],
    /,
) -> CastPlan:
    table, unit = reading.spec.name, duration_unit(plan.column)
    points = (table, plan.column) in _IN_POINTS
    place = f"{table}.{plan.column}"
    formats = [number_format(column, mark, points, unit) for mark, _ in decided]
    marks = {mark for mark, reason in decided if reason}
    doubt = _doubt(marks, column, points)
    plan = replace(plan, doubt=doubt, currencies=tuple(column_currencies(column).items()))
    _note_marks(place, decided, notes)
    if sum(numbers.percent for numbers in column) and doubt is None:
        notes.append(Message("note.percent_sign", {"column": place, "value": "12" if points else "0.12"}))
    below = sum(numbers.below for numbers in column)
    if below:
        notes.append(Message("note.below_zero", {"column": place, "n": below}))
    if formats[0].unit_seconds:
        notes.append(_durations(place, unit))
    if len(marks) > 1:
        by_file = zip(files, formats, strict=True)
        return replace(plan, by_file=tuple((file, replace(plan, number=how)) for file, how in by_file))
    mark = next(iter(marks), formats[0].decimal)
    return replace(plan, number=replace(formats[0], decimal=mark))


def _doubt(marks: set[Any], column: Sequence[Numbers], points: bool, /) -> Message | None:
    if "mixed" in marks:
        return Message("fault.decimals_mixed")
    if "unsure" in marks:
        return Message("fault.decimals_unsure")
    if half_percent(column, points):
        return Message("fault.half_percent")
    several = column_currencies(column)
    if len(several) < 2:
        return None
    counts = (
        Message("fault.currency", {"n": count, "currency": sign.upper()}) for sign, count in sorted(several.items())
    )
    return Message("fault.currencies", {"counts": tuple(counts)})


def _note_marks(place: str, decided: Sequence[tuple[Any, str]], notes: list[Message], /) -> None:
    decided_plans = {(mark, reason) for mark, reason in decided if reason and mark in {".", ","}}
    for mark, reason in sorted(decided_plans):
        values = {"column": place, "why": Message(_EVIDENCE[reason]) if reason in _EVIDENCE else ""}
        if mark == "," and reason != "given":
            notes.append(Message("note.decimal_comma", values))
        elif reason in _EVIDENCE:
            notes.append(Message("note.decimal_point", values))


def _note_words(
    spec: TableSpec, name: str, column: Sequence[Numbers], bad: int, settled: str | None, notes: list[Message], /
) -> None:
    """Say of a text column that half of its values are numbers."""
    present = sum(numbers.present for numbers in column)
    codes = sum(numbers.count("code") for numbers in column)
    if settled is None and not codes and present and bad <= present / 2:
        notes.append(Message("note.no_numbers", {"column": f"{spec.name}.{name}", "n": bad, "total": present}))


def _mostly_numbers(found: Numbers, /) -> bool:
    return found.readable("unsure", 0) > found.present / 2


def _durations(column: str, seconds: int, /) -> Message:
    unit = {1: "note.seconds", 60: "note.minutes", 3600: "note.hours"}[seconds]
    return Message("note.durations", {"column": column, "unit": Message(unit)})
