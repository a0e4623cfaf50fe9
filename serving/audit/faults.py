"""From the places of rows to what was done to the log: rows changed, dropped, inserted, moved, cut off at the end."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from baton.messages.message import Message, Value
from serving.audit.chain import Place, in_order
from serving.audit.heads import Head

__all__ = [
    "KINDS",
    "Fault",
    "Logged",
    "faults_between",
    "faults_of_heads",
    "faults_of_rows",
    "is_elsewhere",
    "parsed",
]

Detail = Mapping[str, Any]

KINDS: Mapping[str, str] = {
    "changed_row": "audit_fault.changed_row",
    "changed_digest": "audit_fault.changed_digest",
    "wrong_signature": "audit_fault.wrong_signature",
    "unproven": "audit_fault.unproven",
    "dropped": "audit_fault.dropped",
    "inserted": "audit_fault.inserted",
    "moved": "audit_fault.moved",
    "duplicated": "audit_fault.duplicated",
    "truncated": "audit_fault.truncated",
    "time_back": "audit_fault.time_back",
    "person_key": "audit_fault.person_key",
    "swapped_key": "audit_fault.swapped_key",
    "heads_missing": "audit_fault.heads_missing",
    "head_changed": "audit_fault.head_changed",
    "other_log": "audit_fault.other_log",
    "move_changed": "audit_fault.move_changed",
    "move_missing": "audit_fault.move_missing",
    "move_unlogged": "audit_fault.move_unlogged",
    "pilot_changed": "audit_fault.pilot_changed",
    "pilot_missing": "audit_fault.pilot_missing",
    "pilot_unlogged": "audit_fault.pilot_unlogged",
    "correction_changed": "audit_fault.correction_changed",
    "correction_missing": "audit_fault.correction_missing",
    "correction_unlogged": "audit_fault.correction_unlogged",
}
"""Message by kind of fault."""


@dataclass(frozen=True)
class Fault:
    """Something that is not as the log's writer left it.

    Parameters
    ----------
    kind : str
        One of ``KINDS``.
    number : int or None
        The row it is about; None for what is about the whole log.
    values : mapping of str to Value
        What else the sentence says.
    """

    kind: str
    number: int | None
    values: Mapping[str, Value] = field(default_factory=dict)

    @property
    def message(self) -> Message:
        """In words."""
        return Message(KINDS[self.kind], {"row": str(self.number), **self.values})


def faults_of_rows(rows: Sequence[Mapping[str, Any]], places: Sequence[Place], newest_head: int, /) -> list[Fault]:
    """Return what was done to the rows.

    Parameters
    ----------
    rows : sequence of mapping
        In the order of ``places``.
    newest_head : int
        The highest number among heads whose signatures hold; 0 if there are none.
    """
    genuine, copies = _originals(places)
    origins = [places[index].origin or 0 for index in genuine]
    ordered = [genuine[position] for position in sorted(in_order(origins))]
    faults = [Fault("unproven", place.number) for place in places if place.fault == "unproven"]
    faults += [Fault("inserted", place.number) for place in copies if place.number != place.origin]
    faults += [
        Fault("moved", places[index].number, {"origin": str(places[index].origin)})
        for index in sorted(set(genuine) - set(ordered))
    ]
    faults += _between(places, ordered, set(origins), newest_head)
    faults += _duplicated(places)
    faults += [
        Fault("time_back", places[after].number)
        for before, after in zip(ordered, ordered[1:], strict=False)
        if rows[after]["at"] < rows[before]["at"]
    ]
    return faults


def _originals(places: Sequence[Place], /) -> tuple[list[int], list[Place]]:
    """Return the positions of genuine rows, each written once, and the copies of such rows."""
    found: dict[int, int] = {}
    for own_place in (True, False):  # of a row and its copy, the one in its own place is the row
        for index, place in enumerate(places):
            if place.origin is not None and (place.number == place.origin) is own_place:
                found.setdefault(place.origin, index)
    kept = set(found.values())
    copies = [place for index, place in enumerate(places) if place.origin is not None and index not in kept]
    return sorted(kept), copies


def _between(places: Sequence[Place], ordered: Sequence[int], origins: set[int], newest_head: int, /) -> list[Fault]:
    """Return what happened between the rows that are genuine and in order."""
    faults: list[Fault] = []
    last = len(ordered)
    for position in range(last + 1):
        start = ordered[position - 1] if position else -1
        end = ordered[position] if position < last else len(places)
        low = (places[start].origin or 0) if position else 0
        high = (places[end].origin or 0) if position < last else newest_head + 1
        bad = [place for place in places[start + 1 : end] if place.origin is None]
        missing = [number for number in range(low + 1, high) if number not in origins]
        kept, gone = _paired(bad, missing)
        # behind the newest head nobody can say how many rows there were
        surplus_is_added = position < last or newest_head > 0
        for place in bad:
            added = surplus_is_added and id(place) not in kept
            faults.append(Fault("inserted" if added else str(place.fault), place.number))
        if position < last:
            faults += [Fault("dropped", number) for number in gone]
        elif gone:
            faults.append(Fault("truncated", gone[0], {"head": str(newest_head)}))
    return faults


def _paired(bad: Sequence[Place], missing: Sequence[int], /) -> tuple[set[int], list[int]]:
    """Return which bad rows stand for rows that there must have been, by identity, and the numbers without any."""
    left = list(missing)
    kept: set[int] = set()
    for place in bad:
        if place.number in left:
            left.remove(place.number)
            kept.add(id(place))
    for place in bad:
        if id(place) not in kept and left and place.number is not None and place.fault != "wrong_signature":
            left.pop(0)
            kept.add(id(place))
    return kept, left


def _duplicated(places: Sequence[Place], /) -> list[Fault]:
    counts: dict[int, int] = {}
    for place in places:
        if place.number is not None:
            counts[place.number] = counts.get(place.number, 0) + 1
    return [Fault("duplicated", number, {"times": str(count)}) for number, count in counts.items() if count > 1]


def faults_of_heads(
    heads: Sequence[Head], held: Sequence[Head], digests: Mapping[int, str], origins: Mapping[str, int], /
) -> list[Fault]:
    """Return what was done to the file of heads, or to the log since they were noted.

    Parameters
    ----------
    heads : sequence of Head
        All lines.
    held : sequence of Head
        Those whose signatures hold.
    digests : mapping
        Of genuine rows, by the number under which they were written.
    origins : mapping
        The other way round.
    """
    lines = {head.line for head in held}
    faults = [Fault("head_changed", head.number, {"line": str(head.line)}) for head in heads if head.line not in lines]
    for head in held:
        number = head.number or 0
        if origins.get(head.digest, number) != number:
            faults.append(Fault("head_changed", number, {"line": str(head.line)}))
        elif digests.get(number, head.digest) != head.digest:
            faults.append(Fault("other_log", number, {"line": str(head.line)}))
    return faults


@dataclass(frozen=True)
class Logged:
    """How the log has the moves of one kind of thing.

    Parameters
    ----------
    action : str
        Of a move's row.
    about : str
        Which entry of the row's detail names the thing.
    missing, changed, unlogged : str
        Kinds of faults: a row without its move, with another one, a move without its row.
    """

    action: str
    about: str
    missing: str
    changed: str
    unlogged: str


def faults_between(
    logged_as: Logged,
    log: tuple[Sequence[Detail], Sequence[Place]],
    moves: Mapping[tuple[str, int], Detail],
    detail_of: Callable[[Detail, int], Detail | None],
    differs: Callable[[Detail, Detail, str], bool],
    /,
) -> list[Fault]:
    """Compare moves with the genuine rows of the log.

    Parameters
    ----------
    log : tuple of sequence
        Rows and their places.
    moves : mapping
        By thing and version.
    detail_of : callable
        Returns the detail of a row, given its number; None where it cannot be read.
    differs : callable
        Whether a move is another than the detail and the actor say.
    """
    rows, places = log
    faults: list[Fault] = []
    logged: set[tuple[str, int]] = set()
    for row, place in zip(rows, places, strict=True):
        if row["action"] != logged_as.action or place.origin is None or place.fault is not None:
            continue
        detail = detail_of(row, place.origin)
        if detail is None:
            continue
        at = (str(detail[logged_as.about]), int(detail.get("version") or 0))
        logged.add(at)
        if at not in moves:
            faults.append(Fault(logged_as.missing, place.number, {logged_as.about: at[0]}))
        elif differs(moves[at], detail, row["actor"]):
            faults.append(Fault(logged_as.changed, place.number, {logged_as.about: at[0]}))
    lost = len(rows) - sum(place.origin is not None and place.fault is None for place in places)
    if not lost:  # else their rows may be among those
        faults += [Fault(logged_as.unlogged, None, {logged_as.about: at[0]}) for at in sorted(moves.keys() - logged)]
    return faults


def is_elsewhere(move: Detail, /) -> bool:
    """Whether a thing is not where its newest move has led; of an older move, whether the newer ones are gone."""
    if move["newest"] != move["version"]:
        return move["newest"] is None or move["newest"] < move["version"]
    return move["state"] != move["after"]


def parsed(text: Any, /) -> Any:
    """Return JSON that was kept; None where somebody has written what is none, or there is nothing."""
    try:
        return json.loads(text)
    except (TypeError, ValueError):
        return None
