"""Whether decisions are as the audit log says: their tables are not signed, but each move has its row in the log."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from serving.audit.chain import Place
from serving.audit.faults import Fault
from serving.audit.sealing import SEALED_DETAIL, UnreadableError, sealed_with, unseal

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

__all__ = ["DECIDE", "faults_of_moves", "raw_moves"]

DECIDE = "decide"
"""Action of the row of a move."""
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
    return {(row["decision"], row["version"]): {**row, "choice": _parsed(row["choice"])} for row in found.mappings()}


def _parsed(text: Any, /) -> Any:
    try:
        return json.loads(text)
    except (TypeError, ValueError):  # somebody has written what is no JSON, or there is no such decision
        return None


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
    faults: list[Fault] = []
    logged: set[tuple[str, int]] = set()
    for row, place in zip(rows, places, strict=True):
        if row["action"] != DECIDE or place.origin is None or place.fault is not None:
            continue
        detail = _detail(row, place.origin, keys)
        at = (str(detail.get("decision")), int(detail.get("version") or 0))
        if "decision" not in detail or "move" not in detail:
            continue
        logged.add(at)
        if at not in moves:
            faults.append(Fault("move_missing", place.number, {"decision": at[0]}))
        elif _differs(moves[at], detail, row["actor"]):
            faults.append(Fault("move_changed", place.number, {"decision": at[0]}))
    lost = len(rows) - sum(place.origin is not None and place.fault is None for place in places)
    if not lost:  # else their rows may be among those
        faults += [Fault("move_unlogged", None, {"decision": at[0]}) for at in sorted(moves.keys() - logged)]
    return faults


def _detail(row: Mapping[str, Any], number: int, keys: Mapping[str, bytes], /) -> dict[str, Any]:
    detail = json.loads(row["detail"])
    sealed = detail.pop(SEALED_DETAIL, None)
    if sealed_with(sealed) is None:
        return detail
    try:
        return {**detail, **unseal(keys, sealed, place=f"{number}:detail")}
    except UnreadableError:
        return detail


def _differs(move: Mapping[str, Any], detail: Mapping[str, Any], actor: str, /) -> bool:
    """Whether a move is another than the one that was logged, or its decision is not where its newest move has led."""
    if any(move[name] != detail.get(key) for name, key in _FIELDS.items()):
        return True
    if "reason" in detail and detail["reason"] != move["reason"]:
        return True
    if sealed_with(actor) is None and actor != move["by"]:
        return True
    if move["newest"] != move["version"]:
        return move["newest"] is None or move["newest"] < move["version"]
    return move["state"] != move["after"] or ("choice" in detail and detail["choice"] != move["choice"])
