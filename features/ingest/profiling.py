"""Profiles of a table's columns, a few columns at a time: a query over hundreds of them takes too much memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from features.ingest.sql_text import quoted, struct
from features.ingest.values.casting import FILE
from features.ingest.values.number_text import figures_sql, number_profile
from features.ingest.values.time_text import Iso

__all__ = ["DRESSED_AT_ONCE", "Files", "in_batches", "iso_times", "look_closer", "profiles_by_file", "with_figures"]

Files = list[tuple[int, dict[str, Mapping[str, Any]]]]
"""Per file, by its number, each column's profile."""

DRESSED_AT_ONCE = 8  # texts that must be taken apart: the time of planning a query grows faster than their number

_AT_ONCE = 16
_MAY_BE_NUMBERS = 0.5


def in_batches(names: Sequence[str], size: int = _AT_ONCE, /) -> Iterable[Sequence[str]]:
    """Return the names in batches."""
    return (names[start : start + size] for start in range(0, len(names), size))


def profiles_by_file(
    rows: Callable[[str], list[tuple[Any, ...]]], relation: str, profiles: Mapping[str, str], file: str | None, /
) -> tuple[int, Files]:
    """Return the number of rows, and per file each column's profile.

    Parameters
    ----------
    rows : callable
        Runs SQL.
    relation : str
        SQL that names the rows.
    profiles : mapping of str to str
        Per column, SQL of its aggregates.
    file : str or None
        The column that numbers the files; None: there is one.
    """
    counts: dict[int, int] = {}
    files: dict[int, dict[str, Mapping[str, Any]]] = {}
    group = f"GROUP BY {file} ORDER BY {file}" if file else ""
    for part in in_batches(list(profiles)) if profiles else [[]]:
        listed = ", ".join(["count(*)", *(profiles[name] for name in part)])
        found = rows(f"SELECT {file or 1}, {listed} FROM {relation} {group}")
        for number, count, *parts in found or rows(f"SELECT 1, {listed} FROM {relation}"):
            counts[number] = count
            files.setdefault(number, {}).update(zip(part, parts, strict=True))
    return sum(counts.values()), list(files.items())


def iso_times(
    rows: Callable[[str], list[tuple[Any, ...]]], relation: str, profiles: Mapping[str, str], files: Files, /
) -> dict[str, Iso]:
    """Return which columns' times are all written as ISO has it, and how; the others' profiles are put right.

    Parameters
    ----------
    rows : callable
        Runs SQL.
    relation : str
        SQL that names the rows.
    profiles : mapping of str to str
        Per column of times that come as text, SQL of the aggregates for any way of writing: long, and slow to plan.
    files : Files
        Changed in place.
    """
    found_iso: dict[str, Iso] = {
        name: "local" if all(found[name]["local"] == found[name]["present"] for _, found in files) else "absolute"
        for name in profiles
        if not any(found[name]["other"] for _, found in files)
    }
    other = {name: sql for name, sql in profiles.items() if name not in found_iso}
    if other:
        _put_right(rows, relation, other, files)
    return found_iso


def look_closer(files: Files, names: Sequence[str], always: Sequence[str], /) -> list[str]:
    """Return the text columns whose values must be taken apart: enough of them may be dressed numbers."""
    found = []
    for name in names:
        parts = [profiles[name] for _, profiles in files]
        odd = sum(profile["odd"] for profile in parts)
        plain = sum(sum((profile["shapes"] or {}).values()) for profile in parts)
        present = sum(profile["present"] for profile in parts)
        if odd and (name in always or odd + plain > _MAY_BE_NUMBERS * present):
            found.append(name)
    return found


def with_figures(
    run: Callable[[str], Any],
    rows: Callable[[str], list[tuple[Any, ...]]],
    values: str,
    names: Sequence[str],
    files: Files,
) -> str:
    """Return a relation of values with what those columns' texts are made of; the files' profiles are put right.

    Parameters
    ----------
    run, rows : callable
        Run SQL, without and with an answer.
    values : str
        Name of the relation of values.
    names : sequence of str
        Columns of texts.
    files : Files
        Changed in place.
    """
    relation = values
    for number, part in enumerate(in_batches(names, DRESSED_AT_ONCE)):
        relation = f"{values}_{number}"
        query = f"SELECT * FROM {figures_sql(values if number == 0 else f'{values}_{number - 1}', part)}"
        # views upon views are planned as one query, which the time would not bear
        run(f"CREATE {'VIEW' if len(names) <= DRESSED_AT_ONCE else 'TABLE'} {relation} AS {query}")
        profiles = {name: struct({"present": f"count({quoted(name)})"} | number_profile(name)) for name in part}
        _put_right(rows, relation, profiles, files)
    return relation


def _put_right(
    rows: Callable[[str], list[tuple[Any, ...]]], relation: str, profiles: Mapping[str, str], files: Files, /
) -> None:
    """Put what another look finds in place of the files' profiles."""
    several = len(files) > 1
    _, closer = profiles_by_file(rows, relation, profiles, FILE if several else None)
    for file, parts in closer:
        at = dict(files)[file] if several else files[0][1]
        at.update(parts)
