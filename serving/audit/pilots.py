"""Whether pilots are as the audit log says: their tables are not signed, but moves, plan and outcome have rows."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from serving.audit.chain import Place
from serving.audit.faults import Fault, Logged, faults_between, is_elsewhere, parsed
from serving.decisions.advice import digest_of

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

__all__ = ["PILOT", "faults_of_pilots", "raw_pilot_moves"]

PILOT = "pilot"
"""Action of the row of a move."""
_LOGGED = Logged(PILOT, "pilot", "pilot_missing", "pilot_changed", "pilot_unlogged")
_FIELDS = {"name": "move", "before": "before", "after": "after", "reason": "reason", "plan": "plan"}


def raw_pilot_moves(session: Session, /) -> dict[tuple[str, int], dict[str, Any]]:
    """Return all moves by pilot and version, each with what its pilot is now; of plan and outcome the digests."""
    from sqlalchemy import Text, cast, select

    from serving.state.schema import Pilot, PilotMove

    found = session.execute(
        select(
            PilotMove.pilot, PilotMove.version, PilotMove.name, PilotMove.before, PilotMove.after, PilotMove.by,
            PilotMove.reason, Pilot.state, Pilot.version.label("newest"), cast(Pilot.plan, Text).label("plan"),
            cast(Pilot.choice, Text).label("choice"), cast(Pilot.outcome, Text).label("outcome"),
        ).outerjoin(Pilot, Pilot.name == PilotMove.pilot)
    )  # fmt: skip
    return {
        (row["pilot"], row["version"]): {
            **row,
            "plan": digest_of(parsed(row["plan"])),
            "choice": parsed(row["choice"]),
            "outcome": None if row["outcome"] is None else digest_of(parsed(row["outcome"])),
        }
        for row in found.mappings()
    }


def faults_of_pilots(
    rows: Sequence[Mapping[str, Any]], places: Sequence[Place], moves: Mapping[tuple[str, int], Mapping[str, Any]], /
) -> list[Fault]:
    """Compare moves of pilots with the genuine rows of the log.

    Parameters
    ----------
    rows, places : sequence
        Of the log.
    moves : mapping
        From ``raw_pilot_moves``.
    """
    return faults_between(_LOGGED, (rows, places), moves, lambda row, number: json.loads(row["detail"]), _differs)


def _differs(move: Mapping[str, Any], detail: Mapping[str, Any], actor: str, /) -> bool:
    """Whether a move is another than was logged, or its pilot has another plan or outcome, or is elsewhere."""
    if any(move[name] != detail.get(key) for name, key in _FIELDS.items()) or actor != move["by"]:
        return True
    if "outcome" in detail and detail["outcome"] != move["outcome"]:
        return True
    if is_elsewhere(move):
        return True
    return move["newest"] == move["version"] and detail["choice"] != move["choice"]
