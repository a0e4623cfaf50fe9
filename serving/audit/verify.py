"""Checking the audit log with the public key alone: every fault by row and kind."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from baton.messages.message import bilingual
from serving.audit.chain import Chain, Place
from serving.audit.faults import Fault, faults_of_heads, faults_of_rows
from serving.audit.heads import read_heads
from serving.audit.moves import faults_of_moves, raw_moves
from serving.audit.pilots import faults_of_pilots, raw_pilot_moves
from serving.audit.rows import FIELDS
from serving.audit.sealing import ERASE, SEALED_DETAIL, known_keys, sealed_with
from serving.audit.signer import PRIVATE, PUBLIC, fingerprint, private_key, public_key, verifies
from serving.corrections.audited import faults_of_corrections, raw_corrections
from serving.state.store import State

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

__all__ = ["Verification", "raw_rows", "verify"]

_Moves = dict[tuple[str, int], dict[str, Any]]


@dataclass(frozen=True)
class Verification:
    """What a check has found.

    Parameters
    ----------
    rows : int
        How many rows the log has.
    digest : str
        Of the newest row; empty while there is none.
    key : str
        Fingerprint of the public key that was checked with.
    noted : int
        The newest row whose head is noted beside the database; those after it could have been cut off unseen.
    faults : tuple of Fault
        By row; empty if the log is as it was written.
    """

    rows: int
    digest: str
    key: str
    noted: int
    faults: tuple[Fault, ...]

    @property
    def sound(self) -> bool:
        """Whether there is no fault."""
        return not self.faults

    def as_json(self) -> dict[str, Any]:
        """Return what JSON can say."""
        faults = [
            {"kind": fault.kind, "row": fault.number, "values": dict(fault.values), **bilingual(fault.message)}
            for fault in self.faults
        ]
        return {**vars(self), "faults": faults, "sound": self.sound}


def verify(state: State, /, *, key: Path | None = None) -> Verification:
    """Check the audit log of a state.

    Parameters
    ----------
    key : Path, optional
        A public key that was kept elsewhere. By default the one beside the database is taken, which who can write
        there can replace together with all else.

    Raises
    ------
    OutputError
        If the database or the public key cannot be read.
    """
    rows, keys, moves, pilots, corrections = _read(state)
    heads = read_heads(state.folder)
    if not rows and heads is None and key is None and not (state.folder / PUBLIC).exists():
        return Verification(0, "", "", 0, ())
    public = public_key(key or state.folder / PUBLIC)
    held = [head for head in heads or () if verifies(public, head.digest, head.signature)]
    noted = max((head.number or 0 for head in held), default=0)
    # the first line stands for the empty log: without it the file was removed, and begun again by the next row
    faults = [] if any(head.number == 0 for head in held) else [Fault("heads_missing", None)]
    faults += _faults_of_keys(state.folder, public)
    chain = Chain(rows, held, public)
    if rows and not any(chain.signed) and not held:
        return _found(rows, public, 0, [*faults, Fault("swapped_key", None, {"key": fingerprint(public)})])
    places = chain.places()
    digests = {place.origin: row["digest"] for row, place in zip(rows, places, strict=True) if place.origin}
    origins = {digest: number for number, digest in digests.items()}
    # a line whose number was changed says nothing of how long the log was
    trusted = [head for head in held if origins.get(head.digest, head.number) == head.number]
    faults += faults_of_rows(rows, places, max((head.number or 0 for head in trusted), default=0))
    faults += faults_of_heads(heads or (), held, digests, origins)
    faults += _lost_keys(rows, places, set(keys))
    faults += faults_of_moves(rows, places, moves, keys)
    faults += faults_of_pilots(rows, places, pilots)
    faults += faults_of_corrections(rows, places, corrections)
    return _found(rows, public, noted, faults)


def raw_rows(session: Any, /) -> list[dict[str, Any]]:
    """Return all rows as they lie in the database, by number, whatever somebody has made of their types."""
    from sqlalchemy import text

    found = session.execute(
        text(f"SELECT {', '.join(FIELDS)}, digest, signature FROM audit_log ORDER BY number, digest")
    )
    return [{**row, "at": _time(row["at"])} for row in found.mappings()]


def _read(state: State, /) -> tuple[list[dict[str, Any]], dict[str, bytes], _Moves, _Moves, _Moves]:
    """Return the log's rows, people's keys, the moves of decisions and of pilots, and corrected labels."""
    with state.reading() as session:
        if session.get_bind().dialect.name != "sqlite":  # there a reader sees one moment anyway
            session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        moves, pilots = raw_moves(session), raw_pilot_moves(session)
        return raw_rows(session), known_keys(session), moves, pilots, raw_corrections(session)


def _time(value: Any, /) -> Any:
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        return value


def _found(
    rows: Sequence[Mapping[str, Any]], public: Ed25519PublicKey, noted: int, faults: list[Fault], /
) -> Verification:
    ordered = sorted(faults, key=lambda fault: (fault.number or 0, fault.kind))
    newest = str(rows[-1]["digest"]) if rows else ""
    return Verification(len(rows), newest, fingerprint(public), noted, tuple(ordered))


def _faults_of_keys(folder: Path, public: Ed25519PublicKey, /) -> list[Fault]:
    """Return whether the keys that lie beside the database are others than the one that is checked with."""
    found = [public_key(folder / PUBLIC)] if (folder / PUBLIC).exists() else []
    if os.access(folder / PRIVATE, os.R_OK):  # whoever checks need not be able to sign
        found.append(private_key(folder / PRIVATE).public_key())
    others = dict.fromkeys(fingerprint(other) for other in found if other != public)
    return [Fault("swapped_key", None, {"key": other}) for other in others]


def _lost_keys(rows: Sequence[Mapping[str, Any]], places: Sequence[Place], kept: set[str], /) -> list[Fault]:
    """Return the first row of each person who cannot be read and whom no row of the log says to be erased."""
    erased: set[str] = set()
    first: dict[str, int] = {}
    for row, place in zip(rows, places, strict=True):
        if place.origin is None or place.fault is not None:
            continue
        detail, subject = json.loads(row["detail"]), json.loads(row["subject"])
        if row["action"] == ERASE:
            erased.add(str(detail.get("key")))
        for text in (row["actor"], subject.get("person"), detail.get(SEALED_DETAIL)):
            name = sealed_with(text)
            if name is not None:
                first.setdefault(name, place.origin)
    return [Fault("person_key", number, {"key": name}) for name, number in first.items() if name not in kept | erased]
