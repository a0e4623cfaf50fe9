"""What to do about a fault: the line of the company file that handles it, and what the source's owner can do."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from baton.contract.sources import TABLES
from baton.nearest import nearest
from features.quality.faults import KINDS, Fault

__all__ = ["Remedy", "remedies", "remedy_of", "with_remedies"]

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_GOES_ON = ("null", "drop", "keep")  # treatments under which a run goes on, those that lose no true value first


@dataclass(frozen=True)
class Remedy:
    """What is done about one kind of fault.

    Parameters
    ----------
    words : mapping of str to str
        What it is, by language.
    source : mapping of str to str
        What whoever owns the source system does, by language.
    entry : str
        What the company file can say instead of a treatment; with blanks ``{table}``, ``{column}``, ``{quoted}`` (the
        column as a text) and ``{nearest}`` (the contract's column that is nearest by name).
    """

    words: Mapping[str, str]
    source: Mapping[str, str]
    entry: str = ""


@cache
def remedies() -> Mapping[str, Remedy]:
    """Return what is done about each kind of fault."""
    path = Path(__file__).with_name("remedies.toml")
    return {kind: Remedy(**entry) for kind, entry in tomllib.loads(path.read_text(encoding="utf-8")).items()}


def with_remedies(faults: Iterable[Fault], decided: Iterable[str], /) -> tuple[Fault, ...]:
    """Return faults with the lines of the company file that handle them.

    Parameters
    ----------
    decided : iterable of str
        Kinds whose treatment the company file names already.
    """
    decided = frozenset(decided)
    return tuple(replace(fault, setting=remedy_of(fault, fault.kind in decided)) for fault in faults)


def remedy_of(fault: Fault, decided: bool = False, /) -> str:
    """Return the lines of the company file that handle a fault, joined by ``or``; empty where none does.

    Where the fault stops a run, its line under ``[faults]`` lets the run go on; else it says what is done anyway, which
    makes it the company's own decision.

    Parameters
    ----------
    decided : bool
        Whether the company file says already how this kind is treated.

    Examples
    --------
    >>> from baton.messages.message import Message
    >>> remedy_of(Fault("cases", "responded_at", "negative_duration", "warning", 3, (), "null", Message.verbatim("…")))
    '[faults] negative_duration = "null"'
    >>> remedy_of(Fault("cases", "opened_at", "ambiguous_date", "error", 3, (), "stop", Message.verbatim("…")))
    '[tables] cases = { …, day_first = true } (false: month first)'
    """
    lines = []
    entry = remedies()[fault.kind].entry
    if entry:
        lines += _filled(entry, fault)
    allowed = KINDS[fault.kind].allowed
    treatment = fault.treatment
    if fault.stops:
        treatment = next((each for each in _GOES_ON if each in allowed), "stop")
    if treatment != "stop" and treatment in allowed and not decided:
        lines.append(f"[faults] {fault.kind} = {json.dumps(treatment)}")
    return " or ".join(lines)


def _filled(entry: str, fault: Fault, /) -> list[str]:
    """Return the entry, or none where it names a column of the contract and none is near."""
    known = TABLES[fault.table].names if fault.table in TABLES else ()
    meant = nearest(fault.column, known)
    if "{nearest}" in entry and meant is None:
        return []
    blanks = {
        "{table}": fault.table,
        "{column}": fault.column if _BARE_KEY.fullmatch(fault.column) else _quoted(fault.column),
        "{quoted}": _quoted(fault.column),
        "{nearest}": meant or "",
    }
    # all at once: what is filled in may hold braces itself
    return [re.sub(r"{(?:table|column|quoted|nearest)}", lambda found: blanks[found.group()], entry)]


def _quoted(text: str, /) -> str:
    return json.dumps(text, ensure_ascii=False)
