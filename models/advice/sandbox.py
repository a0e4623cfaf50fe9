"""What a card of one's own would do, before anybody is measured on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from baton.company import Policy
from baton.errors import PolicyError, UnknownIdError
from baton.messages.message import Message
from baton.nearest import did_you_mean
from models.advice.card import Card, Line
from models.advice.expected import expected_effect, moved_kpis
from models.advice.inputs import AdviceInputs
from models.advice.limits import NEARLY, broken, limits_of
from models.advice.lines import guarded_by
from models.advice.weights import target_card

__all__ = ["Sandbox", "try_card"]

_TOTAL = 100.0


@dataclass(frozen=True)
class Sandbox:
    """What a card would do over one cycle.

    Parameters
    ----------
    team_id, role : str
    expected, low, high : float
        Customers kept over one cycle by the whole card against today's, with a 90 % interval; NaN where no effect on
        leaving is known.
    basis : str
        ``measured`` if past changes of cards show how far people move, else ``scenario``.
    breaches : tuple of str
        Limits of the policy that the card breaks, in words.
    messages : tuple of Message
        The same as values, for other languages.
    """

    team_id: str
    role: str
    expected: float
    low: float
    high: float
    basis: str
    breaches: tuple[str, ...]
    messages: tuple[Message, ...] = ()


def try_card(
    inputs: AdviceInputs, policy: Policy, team_id: str, weights: Mapping[str, float], /, *, role: str | None = None
) -> Sandbox:
    """Say what a card of one's own would do, and which limits it breaks.

    Parameters
    ----------
    weights : mapping of str to float
        Points per KPI; 100 in all. KPIs left out get none.
    role : str, optional
        Needed where the team has several cards.

    Returns
    -------
    Sandbox

    Raises
    ------
    UnknownIdError
        If there is no such team, or it leaves open which card is meant.
    PolicyError
        If a KPI is unknown or the points do not sum to 100.
    """
    cards = inputs.cards[inputs.cards["team_id"] == team_id]
    roles = sorted(set(cards["role"]))
    if not roles:
        raise UnknownIdError(
            f"no card is known for team {team_id!r}{did_you_mean(team_id, set(inputs.cards['team_id']))}", "team_id"
        )
    if role is None and len(roles) > 1:
        raise UnknownIdError(f"team {team_id!r} has several cards: name one role of {', '.join(roles)}", "role")
    role = roles[0] if role is None else role
    if role not in roles:
        raise UnknownIdError(f"team {team_id!r} has no card of role {role!r}{did_you_mean(role, roles)}", "role")
    inputs = inputs.of_team(team_id)
    target = target_card(inputs, policy, team_id, role)
    known = list(target.frame["kpi"])
    for kpi in weights:
        if kpi not in known:
            raise PolicyError(
                f"KPI {kpi!r}: it is neither on this card nor measured for these people{did_you_mean(kpi, known)}"
            )
    total = float(sum(weights.values()))
    if abs(total - _TOTAL) > NEARLY or min(weights.values(), default=0.0) < 0:
        raise PolicyError(f"the points sum to {total:g}: give points of 0 or more that sum to 100")
    points = np.array([float(weights.get(kpi, 0.0)) for kpi in known])
    expected, low, high = expected_effect(inputs, policy, target, points)
    messages = _broken(policy, target.frame, points)
    return Sandbox(
        team_id, role, expected, low, high, inputs.basis(moved_kpis(target.frame, points)),
        tuple(message.text for message in messages), messages,
    )  # fmt: skip


def _broken(policy: Policy, frame: pd.DataFrame, points: NDArray[np.float64], /) -> tuple[Message, ...]:
    """Say which limits a card breaks, against the points of today."""
    guards = guarded_by(frame)
    lines = [
        Line(
            kpi=line["kpi"],
            role=str(line["role"]),
            perspective=str(line["perspective"]),
            current=float(line["current"]),
            wanted=float(line["current"]),
            direction=0,
            fixed=bool(line["fixed"]),
            guarded_by=guards.get(line["kpi"], ()),
        )
        for line in frame.to_dict("records")
    ]
    card = Card(lines, points, frame["current"].to_numpy(dtype=float))
    found = broken(limits_of(policy), card)
    return tuple(Message(limit.tried, limit.values(breach, card)) for limit, breach in found)
