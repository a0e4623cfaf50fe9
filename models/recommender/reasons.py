"""Why a KPI should move or stay, as sentences that a manager understands, in English and Chinese."""

from __future__ import annotations

from typing import Any

import numpy as np

from baton.company import Policy
from models.recommender.advice_inputs import AdviceInputs

__all__ = ["explain", "one_step"]


def explain(inputs: AdviceInputs, policy: Policy, line: dict[str, Any], row: dict[str, Any], /) -> dict[str, str]:
    """Say why in two languages.

    Parameters
    ----------
    inputs : AdviceInputs
    policy : Policy
    line : dict
        One row of ``TargetCard.frame``.
    row : dict
        The row of ``weights.parquet`` that it became.

    Returns
    -------
    dict
        ``en`` and ``zh``.
    """
    english, chinese = _why(inputs, policy, line, row)
    if row["hypothetical"]:
        english = "No scorecard is known for this team, so this is hypothetical. " + english
        chinese = "该团队没有已知的记分卡，以下为假设性建议。" + chinese
    if row["limits"]:
        english += f" Not all limits of the policy can be kept together: {row['limits']}."
        chinese += f"政策中的限制无法同时满足：{row['limits']}。"
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
        return (
            f"{name} keeps its points: {_plain(line['why'])}.",
            f"“{name_zh}”分值保持不变：{_plain_zh(line['why'])}。",
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
        move, move_zh = f"Put {name} on the card with {new:g} points.", f"建议把“{name_zh}”纳入记分卡，给 {new:g} 分。"
    else:
        word = {"raise": "Raise", "lower": "Lower", "drop": "Take off"}[row["verdict"]]
        word_zh = {"raise": "提高", "lower": "降低", "drop": "移出记分卡"}[row["verdict"]]
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
    if inputs.joint_p_value > policy.false_moves:
        return (
            f"{name} keeps its points: taken together, the differences between people could be chance, so no card is "
            f"moved. {finding}",
            f"“{name_zh}”分值保持不变：总体来看，人员之间的差异可能只是偶然，因此不调整任何记分卡。{finding_zh}",
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
            f"“{name_zh}”不在记分卡上，目前证据或空间不足以纳入。{finding_zh}",
        )
    sure = 0.0 if np.isnan(row["confidence"]) else 100 * float(row["confidence"])
    return (
        f"{name} keeps its points: not enough evidence (the likelier direction has a probability of {sure:.0f} %; "
        f"{100 * policy.confidence:.0f} % is asked for). {finding}",
        f"“{name_zh}”分值保持不变：证据不足（较可能方向的概率为 {sure:.0f}%，要求至少 "
        f"{100 * policy.confidence:.0f}%）。{finding_zh}",
    )


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
    """What one step better goes with, in customers (or points of the outcome), with its range."""
    step, step_zh = one_step(line)
    effect, low, high = (inputs.helpful * float(line[key]) for key in ("effect", "effect_low", "effect_high"))
    low, high = min(low, high), max(low, high)
    if inputs.outcome == "churn":
        unit, unit_zh = (
            f"of 100 customers over {inputs.horizon_days} days",
            f"每 100 位客户在 {inputs.horizon_days} 天内",
        )
        word, word_zh = ("more stay", "多留住") if effect >= 0 else ("more leave", "多流失")
    else:
        unit, unit_zh = (
            ("of 100 cases", "每 100 个服务个案中") if inputs.kind == "probability" else ("points per case", "每个个案")
        )
        word, word_zh = ("turn out better", "结果变好") if effect >= 0 else ("turn out worse", "结果变差")
    size = 100.0 if inputs.kind == "probability" else 1.0
    ends = sorted((size * low * np.sign(effect or 1), size * high * np.sign(effect or 1)))
    english = (
        f"Where people are {step} better at it, about {_short(abs(size * effect))} {unit} {word} "
        f"(likely between {_short(ends[0])} and {_short(ends[1])})."
    )
    chinese = (
        f"在这一点上好出 {step_zh}的人，{unit_zh}约{word_zh} {_short(abs(size * effect))}"
        f"（很可能在 {_short(ends[0])} 到 {_short(ends[1])} 之间）。"
    )
    return english, chinese


def one_step(line: dict[str, Any], /) -> tuple[str, str]:
    """One between-person standard deviation in the KPI's own unit.

    Examples
    --------
    >>> one_step({"between_sd": 0.071, "unit": "share"})
    ('7.1 percentage points', '7.1 个百分点')
    >>> one_step({"between_sd": 40.2, "unit": "seconds"})
    ('40 seconds', '40 秒')
    """
    spread = line["between_sd"]
    if spread is None or np.isnan(spread):
        return "one typical step", "一个典型差距"
    if line["unit"] == "share":
        return f"{_short(100 * spread)} percentage points", f"{_short(100 * spread)} 个百分点"
    words = {"seconds": ("seconds", "秒"), "money": ("units of money", "货币单位"), "hours": ("hours", "小时"),
             "days": ("days", "天"), "points": ("points", "分")}  # fmt: skip
    word, word_zh = words.get(str(line["unit"]), ("", ""))
    return f"{_short(spread)} {word}".strip(), f"{_short(spread)} {word_zh}".strip()


def _short(number: float, /) -> str:
    """Two figures, never with an exponent."""
    return f"{number:.0f}" if abs(number) >= 10 else f"{number:.2g}"


def _names(line: dict[str, Any], /) -> tuple[str, str]:
    if isinstance(line["name_en"], str):
        return line["name_en"], line["name_zh"]
    return line["kpi"], line["kpi"]


def _plain(why: str, /) -> str:
    return why or "nothing is known about its effect"


_CHINESE = {
    "not measured: no values in the data": "数据中没有该指标的数值",
    "not measured: no single person owns it, and there are too few teams to compare": (
        "没有个人对其负责，而团队数量太少，无法比较"
    ),
    "not measured: nobody on this card has cases or readings of it": "该岗位人员没有相关个案或数值",
    "not asked: a duty that is not up for advice": "属于固定职责，不在建议范围内",
    "not measured: it never differs": "该指标的数值从无差异",
    "not measured: too few people to compare": "可比较的人员太少",
    "not measured: people do not differ in it by more than chance": "人员之间的差异不超过偶然",
    "not measured: the outcome is never known beside a handler": "没有既知经办人又知结果的个案",
    "not measured: no outcome to serve": "没有可服务的结果指标",
}


def _plain_zh(why: str, /) -> str:
    if why.startswith("not measured apart"):
        return "它与另一个指标同步变动，无法分开衡量"
    if why.startswith("not measured: known for fewer"):
        return "已知数值的个案太少"
    return _CHINESE.get(why, "其作用尚不清楚")
