"""Whether corrected labels are as the audit log says: their table is not signed, but each correction has its row."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from serving.audit.chain import Place
from serving.audit.faults import Fault, Logged, faults_between
from serving.audit.sealing import ERASE, sealed_with

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from serving.state.schema import LabelCorrection

__all__ = ["CORRECT", "content_of", "faults_of_corrections", "raw_corrections"]

CORRECT = "label.correct"
"""Action of the row of a correction."""
_LOGGED = Logged(CORRECT, "correction", "correction_missing", "correction_changed", "correction_unlogged")
_STAND_IN = "erased-"


def content_of(row: LabelCorrection, /) -> str:
    """Return a digest of what the log does not name: whose text it was.

    The random key of the form is in it, so that nobody can try out which case it was.
    """
    return _content(row.case_id, row.team_id, row.once)


def raw_corrections(session: Session, /) -> dict[tuple[str, int], dict[str, Any]]:
    """Return all corrections by number."""
    from sqlalchemy import select

    from serving.state.schema import LabelCorrection as Kept

    found = session.execute(select(Kept.number, Kept.case_id, Kept.team_id, Kept.by, Kept.cause, Kept.shown, Kept.once))
    return {(str(row["number"]), 0): dict(row) for row in found.mappings()}


def faults_of_corrections(
    rows: Sequence[Mapping[str, Any]], places: Sequence[Place], kept: Mapping[tuple[str, int], Mapping[str, Any]], /
) -> list[Fault]:
    """Compare corrections with the genuine rows of the log.

    Parameters
    ----------
    rows, places : sequence
        Of the log.
    kept : mapping
        From ``raw_corrections``.
    """
    erased = {
        json.loads(row["detail"]).get("key")
        for row, place in zip(rows, places, strict=True)
        if row["action"] == ERASE and place.origin is not None and place.fault is None
    }

    def differs(correction: Mapping[str, Any], detail: Mapping[str, Any], actor: str) -> bool:
        if any(correction[name] != detail.get(name) for name in ("cause", "shown")):
            return True
        name = correction["by"].removeprefix(_STAND_IN)
        if name != correction["by"] and (name in erased or None in erased):
            return False  # who corrected is erased, and the form's key with them
        if sealed_with(actor) is None and actor != correction["by"]:
            return True
        own = _content(correction["case_id"], correction["team_id"], correction["once"])
        return detail.get("content", own) != own

    return faults_between(_LOGGED, (rows, places), kept, lambda row, number: json.loads(row["detail"]), differs)


def _content(case_id: str, team_id: str | None, once: str, /) -> str:
    return hashlib.sha256(json.dumps([case_id, team_id, once]).encode()).hexdigest()
