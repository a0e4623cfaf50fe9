"""Whether decisions are as the audit log says: their tables are not signed, but each move has its row in the log."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from serving.audit.chain import Place
from serving.audit.faults import Fault, Logged, faults_between, is_elsewhere, parsed
from serving.audit.sealing import SEALED_DETAIL, UnreadableError, sealed_with, unseal

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

__all__ = ["DECIDE", "faults_of_moves", "raw_moves"]

DECIDE = "decide"
"""Action of the row of a move."""
_LOGGED = Logged(DECIDE, "decision", "move_missing", "move_changed", "move_unlogged")
_FIELDS = {"name": "move", "before": "before", "after": "after"}


def raw_moves(session: Session, /) -> dict[tuple[str, int], dict[str, Any]]:
    """Return all moves by decision and version, each with what its decision is now."""
    from sqlalchemy import Text, cast, select

    from serving.state.schema import Decision, Move

    found = session.execute(
        select(
            Move.decision, Move.version, Move.name, Move.before, Move.after, Move.by, Move.reason,
            Decision.state, Decision.version.label("newest"), cast(Decision.choice, Text).label("choice"),
        ).outerjoin(Decision, Decision.id == Move.decision)
    )  # fmt: skip
    return {(row["decision"], row["version"]): {**row, "choice": parsed(row["choice"])} for row in found.mappings()}


def faults_of_moves(
    rows: Sequence[Mapping[str, Any]],
    places: Sequence[Place],
    moves: Mapping[tuple[str, int], Mapping[str, Any]],
    keys: Mapping[str, bytes],
    /,
) -> list[Fault]:
    """Compare moves with the genuine rows of the log.

    Parameters
    ----------
    rows, places : sequence
        Of the log.
    moves : mapping
        From ``raw_moves``.
    keys : mapping of str to bytes
        Of people who are not erased, by their names; what is sealed with another is not compared.
    """
    return faults_between(_LOGGED, (rows, places), moves, lambda row, number: _detail(row, number, keys), _differs)


def _detail(row: Mapping[str, Any], number: int, keys: Mapping[str, bytes], /) -> dict[str, Any] | None:
    detail = json.loads(row["detail"])
    sealed = detail.pop(SEALED_DETAIL, None)
    if sealed_with(sealed) is not None:
        with suppress(UnreadableError):
            detail |= unseal(keys, sealed, place=f"{number}:detail")
    return detail if "decision" in detail and "move" in detail else None


def _differs(move: Mapping[str, Any], detail: Mapping[str, Any], actor: str, /) -> bool:
    """Whether a move is another than the one that was logged, or its decision is not where its newest move has led."""
    if any(move[name] != detail.get(key) for name, key in _FIELDS.items()):
        return True
    if "reason" in detail and detail["reason"] != move["reason"]:
        return True
    if sealed_with(actor) is None and actor != move["by"]:
        return True
    if is_elsewhere(move):
        return True
    is_newest = move["newest"] == move["version"]
    return is_newest and "choice" in detail and detail["choice"] != move["choice"]
