"""Each column's reading plan, inferred from the values of the whole column, per file where a table has several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from baton.contract.sources import TableSpec
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
) -> tuple[dict[str, CastPlan], list[str]]:
    """Return the plans with the words that are values in each column, and sentences about words taken as missing.

    Parameters
    ----------
    plans : mapping of str to CastPlan
    found : mapping of str to mapping
        Per text column: ``words`` and their counts, and what stands ``beside`` them.
    given : sequence of str
        Words that the company file calls values.
    """
    decided_plans, notes = dict(plans), []
    for name, profile in found.items():
        plan = plans[name]
        kept = frozenset(word.lower() for word in given) | kept_by_evidence(profile["beside"])
        decided_plans[name] = replace(plan, kept_words=kept)
        words = counted(profile["words"], kept | (frozenset({"无", "無"}) if plan.type == "flag" else frozenset()))
        total = sum(words.values())
        if total and (plan.type == "id" or total >= _REPORTED_SHARE * profile["present"]):
            listed = ", ".join(repr(word) for word in sorted(words, key=lambda word: (-words[word], word))[:3])
            notes.append(
                f"{spec.name}.{name}: {total:,} of {profile['present']:,} values are words such as {listed} and are "
                f"taken as missing; if one is a value, list it in keep_words of tables.{spec.name}"
            )
    return decided_plans, notes


def with_durations(
    plans: Mapping[str, CastPlan], ticks: Mapping[str, float], table: str, notes: list[str], /
) -> dict[str, CastPlan]:
    """Return the plans with columns of durations read in the unit of their name, else in seconds.

    Parameters
    ----------
    plans : mapping of str to CastPlan
    ticks : mapping of str to float
        Per column of the source, the seconds of one tick.
    table : str
    notes : list of str
        What was decided is added.
    """
    decided_plans = dict(plans)
    for name, plan in plans.items():
        if plan.raw_column in ticks and plan.type in {"number", "integer"}:
            unit = duration_unit(name) or 1
            decided_plans[name] = replace(plan, factor=ticks[plan.raw_column] / unit)
            notes.append(f"{table}.{name}: durations such as 0:02:23 are read as {_unit_name(unit)}")
    return decided_plans


def read_numbers(
    plans: Mapping[str, CastPlan], files: Sequence[tuple[int, Profiles]], reading: TableReading, notes: list[str], /
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
    notes: list[str],
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
    if sum(numbers.percent for numbers in column) and not doubt:
        notes.append(f"{place}: 12 % is read as {'12' if points else '0.12'}")
    below = sum(numbers.below for numbers in column)
    if below:
        notes.append(f"{place}: {below:,} values such as (5) or 5- are read as numbers below zero")
    if formats[0].unit_seconds:
        notes.append(f"{place}: durations such as 0:02:23 are read as {_unit_name(unit)}")
    if len(marks) > 1:
        by_file = zip(files, formats, strict=True)
        return replace(plan, by_file=tuple((file, replace(plan, number=how)) for file, how in by_file))
    mark = next(iter(marks), formats[0].decimal)
    return replace(plan, number=replace(formats[0], decimal=mark))


def _doubt(marks: set[Any], column: Sequence[Numbers], points: bool, /) -> str:
    if "mixed" in marks:
        return "numbers have a decimal point in some rows and a decimal comma in others"
    if "unsure" in marks:
        return "numbers such as 1.250 can be read as 1.25 and as 1250"
    if half_percent(column, points):
        return "numbers have a percent sign in some rows and none in others"
    several = column_currencies(column)
    counts = ", ".join(f"{count:,} in {sign.upper()}" for sign, count in sorted(several.items()))
    return f"amounts are in several currencies ({counts})" if len(several) > 1 else ""


def _note_marks(place: str, decided: Sequence[tuple[Any, str]], notes: list[str], /) -> None:
    why = {"siblings": ", as in the table's other columns", "files": ", as in the table's other files"}
    why |= {"default": ", for want of other evidence", "own": "", "given": ""}
    decided_plans = {(mark, reason) for mark, reason in decided if reason and mark in {".", ","}}
    for mark, reason in sorted(decided_plans):
        if mark == "," and reason != "given":
            notes.append(
                f"{place}: numbers are read with a decimal comma{why[reason]} (1.250 is 1250); else set decimal"
            )
        elif reason in {"siblings", "files", "default"}:
            notes.append(
                f"{place}: numbers are read with a decimal point{why[reason]} (1.250 is 1.25); else set decimal"
            )


def _note_words(
    spec: TableSpec, name: str, column: Sequence[Numbers], bad: int, settled: str | None, notes: list[str], /
) -> None:
    """Say of a text column that half of its values are numbers."""
    present = sum(numbers.present for numbers in column)
    codes = sum(numbers.count("code") for numbers in column)
    if settled is None and not codes and present and bad <= present / 2:
        notes.append(f"{spec.name}.{name}: {bad:,} of {present:,} values are no numbers; it is read as text")


def _mostly_numbers(found: Numbers, /) -> bool:
    return found.readable("unsure", 0) > found.present / 2


def _unit_name(seconds: int, /) -> str:
    return {1: "seconds", 60: "minutes", 3600: "hours"}[seconds]
