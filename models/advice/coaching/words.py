"""Why somebody is offered help, as sentences that a manager understands, in English and Chinese."""

from __future__ import annotations

from baton.catalogue.schema import Kpi

__all__ = ["amount", "how_sure", "person_reason", "process_reason", "team_reason"]

_UNITS = {
    "share": (100.0, "{:.0f} percentage points", "{:.0f} 个百分点"),
    "seconds": (1.0, "{:.0f} seconds", "{:.0f} 秒"),
    "hours": (1.0, "{:.1f} hours", "{:.1f} 小时"),
    "money": (1.0, "{:.2f} {currency}", "{:.2f} {currency}"),
    "points": (1.0, "{:.1f} points", "{:.1f} 分"),
    "days": (1.0, "{:.1f} days", "{:.1f} 天"),
}


def amount(kpi: Kpi, value: float, currency: str = "", /) -> tuple[str, str]:
    """Say how much, in the KPI's own unit; money in the company's currency.

    Examples
    --------
    >>> from baton.catalogue.schema import Kpi, Text
    >>> kpi = Kpi(id="k", name=Text(en="K", zh="K"), layer="role", perspective="customer", source="cases", expr="x",
    ...           better="higher", unit="share", role="lever")
    >>> amount(kpi, 0.083)
    ('8 percentage points', '8 个百分点')
    """
    factor, english, chinese = _UNITS.get(kpi.unit, (1.0, "{:.2g}", "{:.2g}"))
    size = abs(value) * factor
    return english.format(size, currency=currency).strip(), chinese.format(size, currency=currency).strip()


def _sides(kpi: Kpi, /) -> tuple[str, str]:
    return ("below", "低") if kpi.better == "higher" else ("above", "高")


def person_reason(
    kpi: Kpi,
    gap: float,
    probability: float,
    cases: int,
    days: int,
    months: float | None,
    closing: float,
    beyond: bool,
    currency: str = "",
    /,
) -> dict[str, str]:
    """Say why one person is offered help.

    Parameters
    ----------
    gap : float
        In the KPI's own unit, after shrinkage.
    probability : float
        That the true gap is worth acting on.
    cases, days : int
        What it rests on.
    months : float or None
        Since hiring, where the person is new.
    closing : float
        Share of such gaps that usually closes within a cycle.
    beyond : bool
        Whether the whole team is behind, and this is what comes on top.
    currency : str
        That amounts are told in.
    """
    much, much_zh = amount(kpi, gap, currency)
    side, side_zh = _sides(kpi)
    team, team_zh = (", beyond what the whole team shows,", "（已扣除全团队共有的部分）") if beyond else ("", "")
    english = (
        f"{kpi.name.en}: about {much} {side} people with comparable cases{team} over {cases} cases in {days} days, "
        f"case mix and chance allowed for. That the true gap is worth acting on is {_percent(probability)} sure."
    )
    chinese = (
        f"{kpi.name.zh}：近 {days} 天 {cases} 件工单，扣除工单构成与偶然因素后，"
        f"比处理同类工单的同事约{side_zh} {much_zh}"
        f"{team_zh}；真实差距值得关注的把握{_percent_zh(probability)}。"
    )
    if months is not None:
        english += f" New here ({int(months)} months): newcomers gain most from help."
        chinese += f"入职约 {int(months)} 个月：新人从辅导中获益最多。"
    english += f" Such gaps usually close by about {closing:.0%} within a cycle. This is an offer of help, not a mark."
    chinese += f"此类差距一般每个周期缩小约 {closing:.0%}。这是提供帮助，不是打分。"
    return {"en": english, "zh": chinese}


def _percent(probability: float, /) -> str:
    """Say a probability as a share of a hundred, never as certainty."""
    return "more than 99%" if probability > 0.99 else f"{max(round(100 * probability), 1)}%"


def _percent_zh(probability: float, /) -> str:
    return "超过 99%" if probability > 0.99 else f"为 {max(round(100 * probability), 1)}%"


def how_sure(reason: dict[str, str], probability: float, /) -> dict[str, str]:
    """Add how sure it is that the KPI serves customers at all.

    Examples
    --------
    >>> how_sure({"en": "A gap.", "zh": "有差距。"}, 0.87)["en"]
    'A gap. That doing better here serves customers is 87% sure.'
    """
    return {
        "en": f"{reason['en']} That doing better here serves customers is {_percent(probability)} sure.",
        "zh": f"{reason['zh']}改进这一点对客户有益的把握{_percent_zh(probability)}。",
    }


def team_reason(
    kpi: Kpi, gap: float, probability: float, people: int, days: int, currency: str = "", /
) -> dict[str, str]:
    """Say why a gap is the team's and nobody's in particular."""
    much, much_zh = amount(kpi, gap, currency)
    side, side_zh = _sides(kpi)
    return {
        "en": (
            f"{kpi.name.en}: most of the team's {people} people lie {side} other teams with comparable cases, "
            f"together by about {much} over {days} days ({_percent(probability)} sure). What nearly everybody shows "
            "is a matter of tools, rules or staffing, not of single people."
        ),
        "zh": (
            f"{kpi.name.zh}：近 {days} 天，团队 {people} 人中多数都比处理同类工单的其他团队{side_zh}，合计约 {much_zh}"
            f"（把握{_percent_zh(probability)}）。多数人共有的差距应从工具、规则或人手上找原因，而不是归于个人。"
        ),
    }


def process_reason(
    kpi: Kpi, process: str, gap: float, probability: float, people: int, days: int, currency: str = "", /
) -> dict[str, str]:
    """Say why a gap is the process's."""
    much, much_zh = amount(kpi, gap, currency)
    side, side_zh = _sides(kpi)
    return {
        "en": (
            f"{kpi.name.en} in “{process}”: over the last {days} days about {much} {side} the time before, for most "
            f"of the {people} people who work in it and unlike other processes ({_percent(probability)} sure). "
            "Look at the process first."
        ),
        "zh": (
            f"“{process}”流程的{kpi.name.zh}：近 {days} 天比此前{side_zh}约 {much_zh}，"
            f"参与的 {people} 人中多数如此，其他流程并未出现（把握{_percent_zh(probability)}）。应先检查流程本身。"
        ),
    }
