"""What has changed since the advice before, as messages that a manager understands in every language."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from baton.messages.message import Message, Name, Value
from models.advice.reasons import effect_words
from models.advice.stability.given import Given, points_of

if TYPE_CHECKING:
    from models.advice.inputs import AdviceInputs

__all__ = ["change_words"]

_CHANGES = {
    "new": "advice_change.new",
    "withdrawn": "advice_change.withdrawn",
    "reversed": "advice_change.reversed",
    "more": "advice_change.more",
    "less": "advice_change.less",
    "completed": "advice_change.completed",
    "new_team": "advice_change.new_team",
    "new_role": "advice_change.new_role",
    "gone_team": "advice_change.gone_team",
    "gone_role": "advice_change.gone_role",
}
_WHY = {
    "card": "advice_why.card",
    "outcome": "advice_why.outcome",
    "policy": "advice_why.policy",
    "settings": "advice_why.settings",
    "role": "advice_why.role",
    "catalogue": "advice_why.catalogue",
    "method": "advice_why.method",
    "not_measured": "advice_why.not_measured",
    "measured": "advice_why.measured",
    "refuted": "advice_why.refuted",
    "not_refuted": "advice_why.not_refuted",
    "by_chance": "advice_why.by_chance",
    "not_by_chance": "advice_why.not_by_chance",
    "effect": "advice_why.effect",
    "response": "advice_why.response",
    "gate": "advice_why.gate",
    "others": "advice_why.others",
}
_ROLES = {
    "lever": "advice_role.lever",
    "mediator": "advice_role.mediator",
    "outcome": "advice_role.outcome",
    "context": "advice_role.context",
}


def change_words(
    before: Given, now: Given, inputs: AdviceInputs, line: dict[str, Any], change: str, why: Sequence[str], /
) -> tuple[Message, ...]:
    """Say what became of the advice on a KPI, and why.

    Parameters
    ----------
    inputs : AdviceInputs
        Of now: the outcome and its unit, and what KPIs are called.
    line : dict
        The rows of both advices side by side: their columns with ``_0`` (before) and ``_1`` (now).
    change : str
        What became of it; ``same`` says nothing.
    why : sequence of str
        Keys of what is different, the weightiest first.
    """
    if change not in _CHANGES:
        return ()
    kpi = str(line["kpi"])
    names = inputs.kpis[inputs.kpis["kpi"] == kpi]
    called: Value = Name(str(names["name_en"].iloc[0]), str(names["name_zh"].iloc[0])) if len(names) else kpi
    points = {"before": points_of(line["cycle_3_0"]), "end": points_of(line["cycle_3_1"])}
    today = points_of(line["current_weight_1"])
    values: dict[str, Value] = {"kpi": called, **points, "now": today}
    return Message(_CHANGES[change], values), *(_why(before, now, inputs, line, key) for key in why)


def _why(before: Given, now: Given, inputs: AdviceInputs, line: dict[str, Any], key: str, /) -> Message:
    kpi, team = str(line["kpi"]), str(line["team_id"])
    values: dict[str, Value] = {"day": f"{now.as_of:%Y-%m-%d}"}
    if key == "card":
        values |= {"before": points_of(line["current_weight_0"]), "now": points_of(line["current_weight_1"])}
    elif key == "policy":
        one, other = before.basis.policy, now.basis.policy
        values |= {"settings": tuple(sorted(name for name in {*one, *other} if one.get(name) != other.get(name)))}
    elif key == "role":
        values |= {"before": _role(before.roles[kpi]), "now": _role(now.roles[kpi])}
    elif key == "effect":
        values |= {
            name: effect_words(inputs, given.effect(team, kpi)[0]) for name, given in (("before", before), ("now", now))
        }
    return Message(_WHY[key], values)


def _role(role: str, /) -> Message | str:
    return Message(_ROLES[role]) if role in _ROLES else role
