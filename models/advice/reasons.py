"""Why a KPI should move or stay, as messages that a manager understands in every language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from baton.company import Policy
from baton.messages.message import Message, Name, Value, bilingual
from baton.outcomes import WORTH, Outcome
from models.advice.breaches import Breach, Broken
from models.advice.conflict import Conflict
from models.advice.inputs import AdviceInputs
from models.advice.limits import SENTENCES, MinShare
from models.advice.stability.standing import bar_of
from models.advice.stress.guarding import MAX_LOSING
from models.effects.not_measured import NotMeasured
from models.effects.roles.findings import DECLARED

__all__ = ["chance", "effect_words", "explain", "finding", "one_step"]

Line = dict[str, Any]

_NEARLY_SURE = 0.99
"""No probability above is said as a number: none is certain."""

_NEARLY_ALL, _HARDLY_ANY = 0.95, 0.005
"""Shares of evidence from which the experts' judgement, and below which the evidence, is not worth naming."""

_MOVES = {"add": "move.add", "raise": "move.raise", "lower": "move.lower", "drop": "move.drop"}
_OFF_CARD = {
    "advice.not_measured": "off_card.not_measured",
    "experts.keeps": "off_card.experts_unclear",
    "keep.blocked": "off_card.blocked",
    "keep.stressed": "off_card.stressed",
    "keep.teams_by_chance": "off_card.teams_by_chance",
    "keep.people_by_chance": "off_card.people_by_chance",
    "keep.refuted": "off_card.refuted",
}
_PERSPECTIVES = {
    "customer": "perspective.customer",
    "financial": "perspective.financial",
    "process": "perspective.process",
    "learning": "perspective.learning",
}
_STEPS = {
    "seconds": "step.seconds",
    "hours": "step.hours",
    "days": "step.days",
    "points": "step.points",
}


def explain(
    inputs: AdviceInputs,
    policy: Policy,
    line: Line,
    row: dict[str, Any],
    breaches: Sequence[Breach] = (),
    conflicts: Sequence[Conflict] = (),
    /,
) -> dict[str, str]:
    """Say why in every language.

    Parameters
    ----------
    inputs : AdviceInputs
        Names of KPIs, the outcome and its unit.
    policy : Policy
        The limits that are named.
    line : dict
        One row of ``TargetCard.frame``.
    row : dict
        The row of ``weights.parquet`` that it became.
    breaches : sequence of Breach
        Limits that its card breaks.
    conflicts : sequence of Conflict
        Limits that no card can keep together.

    Returns
    -------
    dict
        ``en`` and ``zh``.
    """
    sentences = _why(inputs, policy, line, row)
    if line.get("stands") and row["verdict"] != "keep":
        sentences = (*sentences, *_stands(policy, line))
    if row["verdict"] != "keep" and line["kpi"] in inputs.piloted:
        sentences = (*sentences, _answered(inputs.piloted[line["kpi"]]))
    if row["hypothetical"]:
        sentences = (Message("advice.hypothetical"), *sentences)
    if breaches:
        sentences = (*sentences, _limits(inputs, breaches, conflicts))
    return bilingual(sentences)


def chance(probability: float, /) -> Message:
    """Say a probability, never as certainty.

    Examples
    --------
    >>> chance(0.874).text, chance(1.0).text
    ('87%', 'more than 99%')
    """
    if probability > _NEARLY_SURE:
        return Message("chance.nearly_sure")
    return Message("chance.of", {"share": probability})


def _answered(measured: Mapping[str, float], /) -> Message:
    """Say what pilots measured of how people answer to a KPI's points."""
    much, low, high = (10 * measured[name] for name in ("response", "low", "high"))
    return Message("controllability.answered", {"n": int(measured["pilots"]), "much": much, "low": low, "high": high})


def _why(inputs: AdviceInputs, policy: Policy, line: Line, row: dict[str, Any], /) -> tuple[Message, ...]:
    kpi = {"kpi": _name(line)}
    if line["fixed"]:
        return (Message("advice.fixed", kpi),)
    if line["role"] == "unknown":
        return (Message("advice.not_in_catalogue", kpi),)
    if line["role"] != "lever":
        return _reports(line, row)
    if line.get("guarding") or line.get("helping") or line.get("unsure"):
        return _guarded(inputs, line, row)
    if line["direction"] == 0 and row["verdict"] != "keep":
        return (Message("advice.by_limit", kpi | _from_to(row)),)
    if line.get("expert", np.nan) == line.get("expert", np.nan) and line["evidence_share"] < _NEARLY_ALL:
        return _judged(inputs, policy, line, row)
    if not line["measured"]:
        why = Message.from_columns(line["why_key"] or NotMeasured.UNKNOWN, line["why_values"])
        return (_placed(Message("advice.not_measured", kpi | {"why": why}), line),)
    found = finding(inputs, line)
    sentences = (_kept(inputs, policy, line, row),) if row["verdict"] == "keep" else _moved(line, row)
    return (*sentences, *found)


def _guarded(inputs: AdviceInputs, line: Line, row: dict[str, Any], /) -> tuple[Message, ...]:
    """Say that a KPI is not raised for what it could take off others, or not lowered because it guards one or helps."""
    called = {str(each["kpi"]): _name(each) for each in inputs.kpis.to_dict("records")}
    others = {"kpi": _name(line), "others": tuple(called.get(kpi, kpi) for kpi in line["guarding"])}
    sentence = Message("stress.not_lowered" if line["down"] > line["up"] else "stress.not_raised", others)
    if line["helping"]:
        sentence = Message("stress.helps", {"kpi": _name(line)})
    if line["unsure"]:
        sentence = Message("stress.unsure", {"kpi": _name(line), "asked": 1 - MAX_LOSING})
    if row["verdict"] == "keep":
        return (sentence, *(finding(inputs, line) if line["measured"] else ()))
    return sentence, Message("advice.limit_brings", {"new": float(row["recommended_weight"])})


def _judged(inputs: AdviceInputs, policy: Policy, line: Line, row: dict[str, Any], /) -> tuple[Message, ...]:
    """Say a move that rests on the experts' judgement, wholly or in part, as what it is."""
    share, kpi = float(line["evidence_share"]), {"kpi": _name(line)}
    judged = {"judged": round(100 * float(line["expert"])), "share": share}
    source = Message("experts.only" if share < _HARDLY_ANY else "experts.partly", judged)
    found = finding(inputs, line) if line["measured"] and share >= _HARDLY_ANY else ()
    if row["verdict"] != "keep":
        moved = Message(_MOVES[row["verdict"]], kpi | _from_to(row))
        return (moved, source, *found)
    if line.get("blocked") or line.get("stressed") or line["direction"] != 0:
        return _kept(inputs, policy, line, row), source, *found
    sure = {"chance": chance(float(row["confidence"])), "asked": policy.confidence}
    return _placed(Message("experts.keeps", kpi | sure), line), source, *found


def _from_to(row: dict[str, Any], /) -> dict[str, float]:
    return {"now": float(row["current_weight"]), "new": float(row["recommended_weight"])}


def _moved(line: Line, row: dict[str, Any], /) -> tuple[Message, ...]:
    move = Message(_MOVES[row["verdict"]], {"kpi": _name(line), **_from_to(row)})
    if line["misaligned"]:
        return move, Message("move.misaligned")
    return (move, Message("move.better_spent")) if row["verdict"] in ("lower", "drop") else (move,)


def _kept(inputs: AdviceInputs, policy: Policy, line: Line, row: dict[str, Any], /) -> Message:
    return _placed(_why_kept(inputs, policy, line, row), line)


def _placed(message: Message, line: Line, /) -> Message:
    """Say of a KPI that is on no card that it gets no points: it has none to keep."""
    return message if line["on_card"] else replace(message, key=_OFF_CARD.get(message.key, message.key))


def _why_kept(inputs: AdviceInputs, policy: Policy, line: Line, row: dict[str, Any], /) -> Message:
    kpi = {"kpi": _name(line)}
    if line.get("blocked"):
        return Message("keep.blocked", kpi)
    if line.get("stressed"):
        return Message("keep.stressed", kpi | {"share": float(row["stress_loses"]), "most": MAX_LOSING})
    if line["direction"] != 0 and not line.get("too_few"):
        return Message("keep.no_room" if line["on_card"] else "keep.no_room_for_it", kpi)
    if max(float(line.get("joint_p", 0.0)), inputs.joint_p_value) > policy.false_moves:
        return Message("keep.teams_by_chance" if line.get("owner") == "team" else "keep.people_by_chance", kpi)
    if line.get("too_few"):
        return Message("keep.too_few", kpi | {"most": policy.max_weight})
    if bool(line["refuted"]):
        return Message("keep.refuted", kpi)
    if not line["on_card"]:
        return Message("keep.not_on_card", kpi)
    sure = 0.0 if np.isnan(row["confidence"]) else float(row["confidence"])
    return Message("keep.unsure", kpi | {"chance": chance(sure), "asked": policy.confidence})


def _reports(line: Line, row: dict[str, Any], /) -> tuple[Message, ...]:
    first = Message("advice.outcome" if line["role"] == "outcome" else "advice.not_theirs", {"kpi": _name(line)})
    if line["measured"]:
        worth = {"kpi": _name(line), "points": float(line["target"])}
        first = Message("advice.acts_after_all", worth | {"role": Message(DECLARED[str(line["role"])])})
    if row["verdict"] == "keep":
        return first, Message("advice.keeps")
    return first, Message("advice.limit_brings", {"new": float(row["recommended_weight"])})


def finding(inputs: AdviceInputs, line: Line, /) -> tuple[Message, ...]:
    """What one step better goes with, in customers, low ratings or the outcome's own points, with its range.

    Where the team's customers want other things than the company's, what holds for the company is said beside it.
    """
    effect, low, high = (inputs.helpful * float(line[key]) for key in ("effect", "effect_low", "effect_high"))
    size = 100.0 if inputs.kind == "probability" else 1.0
    ends = sorted(size * end * float(np.sign(effect or 1)) for end in (low, high))
    found = _outcome(inputs, effect >= 0, abs(size * effect))
    values = {"step": one_step(line, inputs.currency), "found": found, "low": ends[0], "high": ends[1]}
    first = Message("finding.teams" if line.get("owner") == "team" else "finding.people", values)
    company = inputs.helpful * float(line.get("company_effect", np.nan))
    if np.isnan(company):
        return (first,)
    return first, Message("finding.company", {"found": _outcome(inputs, company >= 0, abs(size * company))})


def _outcome(inputs: AdviceInputs, better: bool, many: float, /) -> Message:
    """Say an effect of this size in the words of the outcome."""
    size = {"many": many}
    if inputs.outcome == "churn":
        days = {"days": inputs.horizon_days}
        return Message("finding.more_stay" if better else "finding.more_leave", size | days)
    if inputs.outcome == WORTH:
        money = size | {"currency": inputs.currency}
        if not inputs.customers_at_risk:
            return Message("finding.worth_more_case" if better else "finding.worth_less_case", money)
        return Message("finding.worth_more" if better else "finding.worth_less", money | {"days": inputs.horizon_days})
    metric = Outcome.parse(inputs.outcome).metric if inputs.outcome else ""
    rows = inputs.kpis[inputs.kpis["kpi"] == metric].to_dict("records")
    if inputs.kind != "probability":
        named = {"outcome": _name(rows[0]) if rows else metric}
        return Message("finding.number_better" if better else "finding.number_worse", size | named)
    if inputs.helpful < 0:
        if bool(rows) and rows[0]["unit"] == "share":
            return Message("finding.fewer_poor" if better else "finding.more_poor", size)
        return Message("finding.fewer_low" if better else "finding.more_low", size)
    return Message("finding.turn_out_better" if better else "finding.turn_out_worse", size)


def _limits(inputs: AdviceInputs, breaches: Sequence[Breach], conflicts: Sequence[Conflict], /) -> Message:
    """Say which limits no card can keep together, and which of them its own breaks."""
    called = {str(row["kpi"]): _name(row) for row in inputs.kpis.to_dict("records")}
    broken = []
    for found in breaches:
        part: Value = _part(found.part)
        if found.limit == Broken.GUARD:
            part = tuple(called.get(guard, guard) for guard in found.part.split(", "))
        kpi = called.get(found.kpi, found.kpi)
        broken.append(Message(SENTENCES[found.limit], {"kpi": kpi, "part": part, "points": found.points}))
    if not conflicts:
        return Message("limit.broken", {"limits": tuple(broken)})
    return Message("limit.collide", {"conflicts": tuple(map(_conflict, conflicts)), "limits": tuple(broken)})


def _conflict(conflict: Conflict, /) -> Message:
    names = [
        Message(
            limit.named,
            {"bound": float(limit.bound)} | ({"part": _part(limit.perspective)} if isinstance(limit, MinShare) else {}),
        )
        for limit in conflict
    ]
    return Message("limit.together" if len(names) > 1 else "limit.alone", {"limits": tuple(names)})


def _part(perspective: str, /) -> Message | str:
    return Message(_PERSPECTIVES[perspective]) if perspective in _PERSPECTIVES else perspective


def one_step(line: Line, currency: str = "", /) -> Message:
    """One between-person standard deviation in the KPI's own unit; money in the company's currency.

    Examples
    --------
    >>> bilingual(one_step({"between_sd": 0.071, "unit": "share"}))
    {'en': '7.1 percentage points', 'zh': '7.1 个百分点'}
    >>> one_step({"between_sd": 40.2, "unit": "seconds"}).text
    '40 seconds'
    >>> one_step({"between_sd": 12.3, "unit": "money"}, "EUR").text
    '12 EUR'
    """
    spread = line["between_sd"]
    if spread is None or np.isnan(spread):
        return Message("step.typical")
    unit = str(line["unit"])
    if unit == "share":
        return Message("step.share", {"much": 100 * float(spread)})
    much = {"much": float(spread)}
    if unit == "money":
        return Message("step.money", much | {"currency": currency}) if currency else Message("step.money_unnamed", much)
    return Message(_STEPS.get(unit, "step.number"), much)


def _name(line: Line, /) -> Name | str:
    return Name(line["name_en"], line["name_zh"]) if isinstance(line["name_en"], str) else str(line["kpi"])


def _stands(policy: Policy, line: Line, /) -> tuple[Message, ...]:
    """Say why a move of the advice before is kept that would not be proposed for the first time."""
    found = []
    if abs(float(line["started_from"]) - float(line["current"])) > 0:
        found.append(Message("stands.goes_on", {"start": float(line["started_from"])}))
    if not line["first"] and line.get("expert", np.nan) != line.get("expert", np.nan):
        found.append(Message("stands.by_chance"))
    if line["still"] < policy.confidence:
        bars = {"asked": policy.confidence, "bar": bar_of(policy)}
        found.append(Message("stands.kept", {"chance": chance(float(line["still"])), **bars}))
    return tuple(found)


def effect_words(inputs: AdviceInputs, effect: float, /) -> Message:
    """Say an effect in customers, low ratings or the outcome's own points."""
    helps = inputs.helpful * effect
    return _outcome(inputs, helps >= 0, abs(helps * (100.0 if inputs.kind == "probability" else 1.0)))
