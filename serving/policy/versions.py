"""Versions of a policy, worked out from the decisions and pilots that made them: none is without evidence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from serving.access.principal import Principal
from serving.access.rules import Subject, may

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

__all__ = ["CardKey", "Change", "Held", "Version", "What", "versions_of"]

CardKey = tuple[str, str]
"""Team and role of a card; the role is empty for the whole team."""

What = Literal["approved", "revoked", "adopted", "rolled_back", "limits"]


@dataclass(frozen=True)
class Held:
    """A card or a target as it holds.

    Parameters
    ----------
    by : str
        The decision or pilot that it is from; empty for what held before anybody decided here.
    value : mapping of str to float
        Points by KPI; of a target its value by KPI.
    since : str
        First day, ISO 8601; empty where that is not known.
    """

    by: str
    value: Mapping[str, float]
    since: str = ""


@dataclass(frozen=True)
class Change:
    """What made a version.

    Parameters
    ----------
    at : datetime
        UTC without zone.
    what : str
    evidence : str
        Id of the decision, or name of the pilot; empty for limits.
    proposed_by, confirmed_by : str
        Users; limits are the company file's, and whoever moved something first under them has noted them.
    reason : str
        Of the one who confirmed.
    cards, targets : mapping
        By team and role what begins to hold; of what is taken back, the keys.
    baseline : mapping
        By team and role the card of before, where it is known.
    since : str
        First day.
    limits : mapping or None
    """

    at: datetime
    what: What
    evidence: str
    proposed_by: str
    confirmed_by: str
    reason: str
    cards: Mapping[CardKey, Mapping[str, float]] = field(default_factory=dict)
    targets: Mapping[CardKey, Mapping[str, float]] = field(default_factory=dict)
    baseline: Mapping[CardKey, Mapping[str, float]] = field(default_factory=dict)
    since: str = ""
    limits: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Version:
    """A policy as it stood after a change.

    Parameters
    ----------
    number : int
        From 1, in the order of the changes.
    change : Change
        What made it.
    cards, targets : mapping
        By team and role, as far as somebody has decided on them here.
    limits : mapping
        Of ``[policy]``, as they were noted last; empty where never.
    """

    number: int
    change: Change
    cards: Mapping[CardKey, Held]
    targets: Mapping[CardKey, Mapping[str, Held]]
    limits: Mapping[str, Any]


def versions_of(session: Session, principal: Principal, /) -> list[Version]:
    """Return all versions, oldest first, with the cards of the teams that somebody may see.

    A later decision on a card holds on when an earlier one is taken back; what is taken back gives way to what held
    before.
    """
    # limits are noted with the move that was made under them: of one moment they come first
    changes = sorted((*_of_limits(session), *_of_decisions(session), *_of_pilots(session)), key=lambda each: each.at)
    cards: dict[CardKey, list[Held]] = {}
    targets: dict[tuple[CardKey, str], list[Held]] = {}
    limits: Mapping[str, Any] = {}
    versions = []
    for number, change in enumerate(changes, start=1):
        limits = limits if change.limits is None else change.limits
        for key, points in change.cards.items():
            stack = cards.setdefault(key, [Held("", change.baseline[key])] if key in change.baseline else [])
            _changed(stack, change, points)
        for key, values in change.targets.items():
            for kpi, value in values.items():
                _changed(targets.setdefault((key, kpi), []), change, {kpi: value})
        versions.append(Version(number, change, _seen(cards, principal), _seen_targets(targets, principal), limits))
    return versions


def _changed(stack: list[Held], change: Change, value: Mapping[str, float], /) -> None:
    if change.what in ("approved", "adopted"):
        stack.append(Held(change.evidence, value, change.since))
        return
    held = stack[-1] if stack else None
    stack[:] = [each for each in stack if each.by != change.evidence]
    if held is not None and held.by == change.evidence and stack:  # what held before comes back
        stack[-1] = Held(stack[-1].by, stack[-1].value, change.since)


def _seen(cards: Mapping[CardKey, list[Held]], principal: Principal, /) -> dict[CardKey, Held]:
    return {key: stack[-1] for key, stack in sorted(cards.items()) if stack and _may_see(principal, key)}


def _seen_targets(
    targets: Mapping[tuple[CardKey, str], list[Held]], principal: Principal, /
) -> dict[CardKey, dict[str, Held]]:
    found: dict[CardKey, dict[str, Held]] = {}
    for (key, kpi), stack in sorted(targets.items()):
        if stack and _may_see(principal, key):
            found.setdefault(key, {})[kpi] = stack[-1]
    return found


def _may_see(principal: Principal, key: CardKey, /) -> bool:
    return may(principal, "read_pilot", Subject(key[0]))


def _of_decisions(session: Session, /) -> Iterator[Change]:
    """Return what approved decisions on cards and targets have changed, and what was taken back."""
    from sqlalchemy import select

    from serving.state.schema import Decision, Move

    asked = (
        select(Decision, Move)
        .join(Move, Move.decision == Decision.id)
        .where(Decision.kind.in_(("weights", "target")))
        .order_by(Decision.id, Move.version)
    )
    moves: dict[str, list[Any]] = {}
    for decision, move in session.execute(asked):
        moves.setdefault(decision.id, []).append((decision, move))
    for rows in moves.values():
        choice: Mapping[str, Any] = {}
        for place, (decision, move) in enumerate(rows):
            choice = move.detail.get("choice") or choice
            what = _decided(move)
            if what is not None:
                yield _decision_change(decision, move, rows[place - 1][1], what, choice)


def _decided(move: Any, /) -> What | None:
    if move.name == "approve":
        return "approved"
    taken_back = (move.before, move.after) in (("revoking", "revoked"), ("contested", "proposed"))
    return "revoked" if taken_back else None


def _decision_change(decision: Any, move: Any, before: Any, what: What, choice: Mapping[str, Any], /) -> Change:
    key: CardKey = (decision.team_id or "", decision.role or "")
    rows = decision.advice["rows"]
    cards: dict[CardKey, Mapping[str, float]] = {}
    targets: dict[CardKey, Mapping[str, float]] = {}
    baseline: dict[CardKey, Mapping[str, float]] = {}
    if decision.kind == "weights":
        cards = {key: choice.get("weights", {})}
        known = {row["kpi"]: row.get("current_weight") for row in rows}
        baseline = {} if None in known.values() else {key: {kpi: value for kpi, value in known.items() if value}}
    else:
        targets = {key: {decision.advice["about"]["kpi"]: choice.get("target", 0.0)}}
    return Change(
        move.at, what, decision.id, before.by, move.by, move.reason, cards, targets, baseline, f"{move.at:%Y-%m-%d}"
    )


def _of_pilots(session: Session, /) -> Iterator[Change]:
    from sqlalchemy import select

    from serving.state.schema import Pilot
    from serving.state.schema import PilotMove as Kept

    asked = select(Pilot, Kept).join(Kept, Kept.pilot == Pilot.name).order_by(Pilot.name, Kept.version)
    rows: Sequence[Any] = list(session.execute(asked))
    for place, (pilot, move) in enumerate(rows):
        if move.name != "confirm":
            continue
        choice = pilot.choice
        cards = {(card["team_id"], card["role"]): card["weights"] for card in choice.get("cards", ())}
        adopts = move.after == "adopted"
        yield Change(
            move.at,
            "adopted" if adopts else "rolled_back",
            pilot.name,
            rows[place - 1][1].by,
            move.by,
            move.reason,
            cards,
            baseline=_baseline(pilot.plan),
            since=choice["valid_from"] if adopts else choice.get("back_from", ""),
        )


def _baseline(plan: Mapping[str, Any], /) -> dict[CardKey, dict[str, float]]:
    """Return the cards of before, of teams of which the points of every KPI are known."""
    cards: dict[CardKey, dict[str, float]] = {}
    unknown = set()
    for line in plan.get("cards", ()):
        key = (line["team_id"], line["role"])
        if line["current"] is None:
            unknown.add(key)
        elif line["current"]:
            cards.setdefault(key, {})[line["kpi"]] = line["current"]
    return {key: card for key, card in cards.items() if key not in unknown}


def _of_limits(session: Session, /) -> Iterator[Change]:
    from sqlalchemy import select

    from serving.state.schema import PolicyLimits

    for row in session.scalars(select(PolicyLimits).order_by(PolicyLimits.number)):
        yield Change(row.at, "limits", "", row.by, row.by, row.reason, limits=row.limits)
