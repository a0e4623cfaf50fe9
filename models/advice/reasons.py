"""Why a KPI should move or stay, as sentences that a manager understands, in English and Chinese."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from baton.company import Policy
from baton.messages.message import Message, Name, bilingual
from models.advice.breaches import Breach, Broken
from models.advice.inputs import AdviceInputs
from models.advice.limits import SENTENCES
from models.effects.not_measured import NotMeasured

__all__ = ["explain", "one_step"]


def explain(
    inputs: AdviceInputs, policy: Policy, line: dict[str, Any], row: dict[str, Any], breaches: Sequence[Breach] = (), /
) -> dict[str, str]:
    """Say why in two languages.

    Parameters
    ----------
    inputs : AdviceInputs
    policy : Policy
    line : dict
        One row of ``TargetCard.frame``.
    row : dict
        The row of ``weights.parquet`` that it became.
    breaches : sequence of Breach
        Limits that its card breaks.

    Returns
    -------
    dict
        ``en`` and ``zh``.
    """
    english, chinese = _why(inputs, policy, line, row)
    if row["hypothetical"]:
        english = "No scorecard is known for this team, so this is hypothetical. " + english
        chinese = "该团队没有已知的计分卡，以下为假设性建议。" + chinese
    if breaches:
        broken = bilingual(_limits(inputs, breaches))
        english += f" {broken['en']}"
        chinese += broken["zh"]
    return {"en": english, "zh": chinese}


def _why(inputs: AdviceInputs, policy: Policy, line: dict[str, Any], row: dict[str, Any], /) -> tuple[str, str]:
    name, name_zh = _names(line)
    if line["fixed"]:
        return (
            f"{name} is a duty that is not up for advice; it keeps its points.",
            f"“{name_zh}”属于固定职责，不在建议范围内，分值保持不变。",
        )
    if line["role"] == "unknown":
        return (
            f"{name} is not in the KPI catalogue, so nothing can be said about it; it keeps its points.",
            f"指标库中没有“{name_zh}”，无法评价，分值保持不变。",
        )
    if line["role"] != "lever":
        return _reports(line, row, name, name_zh)
    if line["direction"] == 0 and row["verdict"] != "keep":
        return _limited(row, name, name_zh)
    if not line["measured"]:
        why = bilingual(Message.from_columns(line["why_key"] or NotMeasured.UNKNOWN, line["why_values"]))
        return (
            f"{name} keeps its points ({why['en']}).",
            f"“{name_zh}”分值保持不变（{why['zh']}）。",
        )
    if row["verdict"] == "keep":
        return _kept(inputs, policy, line, row, name, name_zh)
    return _moved(inputs, line, row, name, name_zh)


def _moved(
    inputs: AdviceInputs, line: dict[str, Any], row: dict[str, Any], name: str, name_zh: str, /
) -> tuple[str, str]:
    finding, finding_zh = _finding(inputs, line)
    now, new = row["current_weight"], row["recommended_weight"]
    if row["verdict"] == "add":
        move, move_zh = f"Put {name} on the card with {new:g} points.", f"建议把“{name_zh}”纳入计分卡，给 {new:g} 分。"
    else:
        word = {"raise": "Raise", "lower": "Lower", "drop": "Take off"}[row["verdict"]]
        word_zh = {"raise": "提高", "lower": "降低", "drop": "移出计分卡"}[row["verdict"]]
        move = f"{word} {name} from {now:g} to {new:g} points."
        move_zh = f"建议将“{name_zh}”从 {now:g} 分{word_zh}{'' if row['verdict'] == 'drop' else f'到 {new:g} 分'}。"
    if line["misaligned"]:
        move += " It points the wrong way: what the card pays for costs customers."
        move_zh += "指挥棒错位：考核所奖励的行为正在损害客户。"
    elif row["verdict"] in ("lower", "drop"):
        move += " Other KPIs do more for the customer, so its points are better spent there."
        move_zh += "其他指标对客户的作用更大，分值用在那里更值得。"
    return f"{move} {finding}", f"{move_zh}{finding_zh}"


def _limited(row: dict[str, Any], name: str, name_zh: str, /) -> tuple[str, str]:
    now, new = row["current_weight"], row["recommended_weight"]
    return (
        f"{name} goes from {now:g} to {new:g} points because a limit of the policy asks for it, not the evidence.",
        f"“{name_zh}”从 {now:g} 分调整为 {new:g} 分是政策限制的要求，并非证据所致。",
    )


def _kept(
    inputs: AdviceInputs, policy: Policy, line: dict[str, Any], row: dict[str, Any], name: str, name_zh: str, /
) -> tuple[str, str]:
    finding, finding_zh = _finding(inputs, line)
    if line.get("blocked"):
        return (
            f"{name} keeps its points: under the card that the evidence asks for, a protected group would score "
            f"clearly worse than others, so nothing is proposed. {finding}",
            f"“{name_zh}”分值保持不变：按证据调整后，某一受保护群体的得分会明显低于其他群体，因此不提出调整。{finding_zh}",
        )
    if max(float(line.get("joint_p", 0.0)), inputs.joint_p_value) > policy.false_moves:
        if line.get("owner") == "team":
            return (
                f"{name} keeps its points: taken together, the differences between teams could be chance, so it is not "
                f"moved. {finding}",
                f"“{name_zh}”分值保持不变：总体来看，团队之间的差异可能只是偶然，因此不作调整。{finding_zh}",
            )
        return (
            f"{name} keeps its points: taken together, the differences between people could be chance, so no card is "
            f"moved. {finding}",
            f"“{name_zh}”分值保持不变：总体来看，人员之间的差异可能只是偶然，因此不调整任何计分卡。{finding_zh}",
        )
    if line.get("too_few"):
        return (
            f"{name} gets no points yet: too few KPIs have enough evidence for a card when one may have at most "
            f"{policy.max_weight:g} of its 100 points. {finding}",
            f"“{name_zh}”暂不给分：单项最多 {policy.max_weight:g} 分，证据充分的指标太少，"
            f"不足以组成一张 100 分的计分卡。{finding_zh}",
        )
    if line["direction"] != 0:
        return (
            f"{name} stays for now: the limits of the policy leave it no room in this cycle. {finding}",
            f"“{name_zh}”本周期暂不调整：政策限制没有留出空间。{finding_zh}",
        )
    if bool(line["refuted"]):
        return (
            f"{name} keeps its points: a check of the finding failed, so it cannot be relied on. {finding}",
            f"“{name_zh}”分值保持不变：该结论未通过检验，不能作为依据。{finding_zh}",
        )
    if not line["on_card"]:
        return (
            f"{name} is not on the card, and there is not enough evidence (or room) to put it there. {finding}",
            f"“{name_zh}”不在计分卡上，目前证据或空间不足以纳入。{finding_zh}",
        )
    sure, sure_zh = _chance(0.0 if np.isnan(row["confidence"]) else float(row["confidence"]))
    return (
        f"{name} keeps its points: not enough evidence (the likelier direction has a probability of {sure}; "
        f"{100 * policy.confidence:.0f}% is asked for). {finding}",
        f"“{name_zh}”分值保持不变：证据不足（较可能方向的概率{sure_zh}，要求至少 {100 * policy.confidence:.0f}%）。"
        f"{finding_zh}",
    )


def _chance(probability: float, /) -> tuple[str, str]:
    """Say a probability, never as certainty."""
    if probability > 0.99:
        return "more than 99%", "超过 99%"
    return f"{100 * probability:.0f}%", f"为 {100 * probability:.0f}%"


def _reports(line: dict[str, Any], row: dict[str, Any], name: str, name_zh: str, /) -> tuple[str, str]:
    if line["role"] == "outcome":
        english = (
            f"{name} reports what customers felt or somebody judged; nobody can work on it directly, so evidence gives "
            "it no points."
        )
        chinese = f"“{name_zh}”反映客户感受或他人评价，无法直接去做，因此不因证据加分。"
    else:
        english = f"{name} is not something that people on this card do themselves, so evidence gives it no points."
        chinese = f"“{name_zh}”并非该岗位人员可以直接改变的事，因此不因证据加分。"
    if row["verdict"] == "keep":
        return english + " It keeps what it has.", chinese + "分值保持不变。"
    return (
        english + f" A limit brings it to {row['recommended_weight']:g} points.",
        chinese + f"按限制调整为 {row['recommended_weight']:g} 分。",
    )


def _finding(inputs: AdviceInputs, line: dict[str, Any], /) -> tuple[str, str]:
    """What one step better goes with, in customers, low ratings or the outcome's own points, with its range."""
    step, step_zh = one_step(line, inputs.currency)
    effect, low, high = (inputs.helpful * float(line[key]) for key in ("effect", "effect_low", "effect_high"))
    size = 100.0 if inputs.kind == "probability" else 1.0
    ends = sorted(size * end * float(np.sign(effect or 1)) for end in (low, high))
    found, found_zh = _outcome(inputs, effect >= 0, _short(abs(size * effect)))
    who, who_zh = ("teams", "团队") if line.get("owner") == "team" else ("people", "人")
    return (
        f"Where {who} are {step} better at it, {found} (likely between {_short(ends[0])} and {_short(ends[1])}).",
        f"在这一点上好出 {step_zh}的{who_zh}，{found_zh}（很可能在 {_short(ends[0])} 到 {_short(ends[1])} 之间）。",
    )


def _outcome(inputs: AdviceInputs, better: bool, many: str, /) -> tuple[str, str]:
    """Say an effect of this size in the words of the outcome."""
    if inputs.outcome == "churn":
        days = inputs.horizon_days
        return (
            f"about {many} of 100 customers over {days} days {'more stay' if better else 'more leave'}",
            f"每 100 位客户在 {days} 天内约{'多留住' if better else '多流失'} {many} 位",
        )
    metric = str(inputs.outcome).removeprefix("driver:")
    rows = inputs.kpis[inputs.kpis["kpi"] == metric].to_dict("records")
    if inputs.kind != "probability":
        name, name_zh = _names(rows[0]) if rows else (metric, metric)
        return (
            f"{name} is about {many} {'better' if better else 'worse'} per case",
            f"每件工单的{name_zh}约{'改善' if better else '变差'} {many}",
        )
    if inputs.helpful < 0:
        shared = bool(rows) and rows[0]["unit"] == "share"
        what, what_zh = ("poor results", "不佳结果") if shared else ("low ratings", "低分评价")
        return (
            f"there are about {many} {'fewer' if better else 'more'} {what} per 100 cases",
            f"每 100 件工单中，{what_zh}约{'减少' if better else '增加'} {many} 件",
        )
    return (
        f"about {many} of 100 cases turn out {'better' if better else 'worse'}",
        f"每 100 件工单中，约 {many} 件的结果{'变好' if better else '变差'}",
    )


_PERSPECTIVES = {
    "customer": "perspective.customer",
    "financial": "perspective.financial",
    "process": "perspective.process",
    "learning": "perspective.learning",
}


def _limits(inputs: AdviceInputs, breaches: Sequence[Breach], /) -> Message:
    """Say which limits a card breaks."""
    called = {str(row["kpi"]): Name(*_names(row)) for row in inputs.kpis.to_dict("records")}
    broken = []
    for found in breaches:
        part = Message(_PERSPECTIVES[found.part]) if found.part in _PERSPECTIVES else found.part
        if found.limit == Broken.GUARD:
            part = tuple(called.get(guard, guard) for guard in found.part.split(", "))
        kpi = called.get(found.kpi, found.kpi)
        broken.append(Message(SENTENCES[found.limit], {"kpi": kpi, "part": part, "points": found.points}))
    return Message("limit.broken", {"limits": tuple(broken)})


def one_step(line: dict[str, Any], currency: str = "", /) -> tuple[str, str]:
    """One between-person standard deviation in the KPI's own unit; money in the company's currency.

    Examples
    --------
    >>> one_step({"between_sd": 0.071, "unit": "share"})
    ('7.1 percentage points', '7.1 个百分点')
    >>> one_step({"between_sd": 40.2, "unit": "seconds"})
    ('40 seconds', '40 秒')
    >>> one_step({"between_sd": 12.3, "unit": "money"}, "EUR")
    ('12 EUR', '12 EUR')
    """
    spread = line["between_sd"]
    if spread is None or np.isnan(spread):
        return "one typical step", "一个典型差距"
    if line["unit"] == "share":
        return f"{_short(100 * spread)} percentage points", f"{_short(100 * spread)} 个百分点"
    money = (currency or "in money", currency or "（金额）")
    words = {"seconds": ("seconds", "秒"), "money": money, "hours": ("hours", "小时"),
             "days": ("days", "天"), "points": ("points", "分")}  # fmt: skip
    word, word_zh = words.get(str(line["unit"]), ("", ""))
    return f"{_short(spread)} {word}".strip(), f"{_short(spread)} {word_zh}".strip()


def _short(number: float, /) -> str:
    """Two figures, never with an exponent, and with a true minus."""
    text = f"{number:.0f}" if abs(number) >= 10 else f"{number:.2g}" if abs(number) >= 0.001 else f"{number:.4f}"
    return (text if text.strip("-0.") else "0").replace("-", "\N{MINUS SIGN}")


def _names(line: dict[str, Any], /) -> tuple[str, str]:
    if isinstance(line["name_en"], str):
        return line["name_en"], line["name_zh"]
    return line["kpi"], line["kpi"]
