"""What a card of one's own would do, before anybody is measured on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from baton.catalogue.nearest import did_you_mean
from baton.company import Policy
from baton.errors import PolicyError, UnknownIdError
from models.advice.inputs import AdviceInputs
from models.advice.weights import expected_effect, target_card

__all__ = ["Sandbox", "try_card"]

_TOTAL = 100.0
_NEARLY = 1e-6


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
    """

    team_id: str
    role: str
    expected: float
    low: float
    high: float
    basis: str
    breaches: tuple[str, ...]


def try_card(
    inputs: AdviceInputs, policy: Policy, team_id: str, weights: Mapping[str, float], /, *, role: str | None = None
) -> Sandbox:
    """Say what a card of one's own would do, and which limits it breaks.

    Parameters
    ----------
    inputs : AdviceInputs
    policy : Policy
    team_id : str
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
    target = target_card(inputs, policy, team_id, role)
    known = list(target.frame["kpi"])
    for kpi in weights:
        if kpi not in known:
            raise PolicyError(
                f"KPI {kpi!r}: it is neither on this card nor measured for these people{did_you_mean(kpi, known)}"
            )
    total = float(sum(weights.values()))
    if abs(total - _TOTAL) > _NEARLY or min(weights.values(), default=0.0) < 0:
        raise PolicyError(f"the points sum to {total:g}: give points of 0 or more that sum to 100")
    points = np.array([float(weights.get(kpi, 0.0)) for kpi in known])
    expected, low, high = expected_effect(inputs, policy, target, points)
    return Sandbox(
        team_id, role, expected, low, high, "measured" if inputs.response_measured else "scenario",
        tuple(_breaches(policy, target.frame.assign(points=points).to_dict("records"))),
    )  # fmt: skip


def _breaches(policy: Policy, lines: list[dict], /) -> list[str]:
    found = []
    here = {line["kpi"] for line in lines if line["points"] > 0}
    for line in lines:
        kpi, points, today = line["kpi"], line["points"], line["current"]
        if line["fixed"]:
            if abs(points - today) > _NEARLY:
                found.append(f"{kpi} is a duty that is not up for advice: it keeps its {today:g} points")
            continue
        if 0 < points < policy.min_weight:
            found.append(f"{kpi} has {points:g} points, at least {policy.min_weight:g} are asked for, or none")
        if points > policy.max_weight:
            found.append(f"{kpi} has {points:g} points, at most {policy.max_weight:g} are allowed")
        if abs(points - today) > policy.max_change + _NEARLY:
            found.append(f"{kpi} moves by {points - today:+g} points, at most {policy.max_change:g} in one cycle")
        missing = [
            other["kpi"] for other in lines if kpi in (other["guards"] if isinstance(other["guards"], list) else [])
        ]
        if points > today and missing and not set(missing) & here:
            found.append(f"{kpi} is pushed without {' or '.join(missing)}, which guards it")
    reports = sum(line["points"] for line in lines if line["role"] == "outcome" and not line["fixed"])
    if reports > policy.outcome_max:
        found.append(f"KPIs that only report hold {reports:g} points, at most {policy.outcome_max:g} are allowed")
    for perspective, least in policy.min_share.items():
        share = sum(line["points"] for line in lines if line["perspective"] == perspective)
        if share < least:
            found.append(f"perspective {perspective} holds {share:g} points, at least {least:g} are asked for")
    return found
