"""The KPIs of every world: what people do, how it is recorded, and what it does to customers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from baton.catalogue.schema import Action, Catalogue, Kpi, Stage

__all__ = ["ECHOES", "LEVERS", "TODAY", "Echo", "Lever", "catalogue"]

Scale = Literal["share", "log"]


@dataclass(frozen=True)
class Lever:
    """What people do in a case, on the scale where their differences are even; more is better.

    Parameters
    ----------
    kpi, zh : str
        Its id, and its Chinese name.
    scale : {"share", "log"}
        Whether a case has it or not, or how long (how expensive) it is: then the scale is minus the logarithm.
    middle : float
        Mean: a share, or seconds or money.
    spread : float
        How people differ: standard deviation of their stable part, on the scale.
    case_sd : float
        How the cases of one person differ by chance (``log`` alone; a share's chance is binomial).
    on_seen, on_hidden : float
        What one standard deviation of difficulty does to it, on the scale.
    effect : float
        What one such ``spread`` more in a case takes off the risk of leaving, in units of the weekly base risk.
    controllable : float
        How far people can move it.
    points : float
        On today's card; 0 not on it.
    """

    kpi: str
    zh: str
    scale: Scale
    middle: float
    spread: float
    case_sd: float
    on_seen: float
    on_hidden: float
    effect: float
    controllable: float
    points: float
    perspective: str = "customer"
    better: Literal["higher", "lower"] = "higher"

    @property
    def sign(self) -> int:
        """+1 where a higher value of the record is better."""
        return 1 if self.better == "higher" else -1


@dataclass(frozen=True)
class Echo:
    """A rating given after the fact: it reports what happened and moves nobody."""

    kpi: str
    zh: str
    points: float
    monthly: bool
    controllable: float = 0.6


LEVERS = (
    Lever("handle_time", "处理时长", "log", 420.0, 0.22, 0.45, -0.20, -0.50, -0.25, 0.9, 25, "process", "lower"),
    Lever("knowledge_use", "知识库使用", "share", 0.55, 0.13, 0.0, -0.04, -0.02, 0.14, 0.9, 0, "learning"),
    Lever("response_time", "响应时长", "log", 240.0, 0.30, 0.70, -0.10, -0.05, 0.30, 0.6, 0, "process", "lower"),
    Lever("solved", "一次解决", "share", 0.65, 0.12, 0.0, -0.08, -0.12, 0.55, 0.8, 10),
    Lever("promise_kept", "承诺兑现", "share", 0.70, 0.11, 0.0, -0.05, -0.08, 0.40, 0.9, 5),
    Lever("transfer", "转接", "share", 0.80, 0.07, 0.0, -0.06, -0.08, 0.09, 0.5, 5, "process", "lower"),
    Lever("follow_up", "回访", "share", 0.40, 0.12, 0.0, 0.04, 0.04, 0.18, 0.8, 0),
    Lever("cost", "单件成本", "log", 9.0, 0.16, 0.35, -0.12, -0.30, -0.18, 0.7, 20, "financial", "lower"),
    Lever("script", "话术遵循", "share", 0.75, 0.09, 0.0, 0.0, 0.0, 0.0, 0.9, 10, "process"),
)
"""Parents stand before what they lead to. Shares are of the better side: 0.8 of cases are not passed on."""

ECHOES = (Echo("rating", "评分", 20, monthly=False), Echo("quality_score", "质检分", 5, monthly=True))

TODAY = {each.kpi: each.points for each in (*LEVERS, *ECHOES) if each.points > 0}
"""A card that pays for speed, cost and ratings."""


def catalogue(arrows: Mapping[tuple[str, str], float], monthly: tuple[str, ...], roles: Mapping[str, str]) -> Catalogue:
    """Return the catalogue as the company declares it.

    Parameters
    ----------
    arrows : mapping of (parent, child) to float
        Declared as ``leads_to``.
    monthly : tuple of str
        KPIs that are known as monthly figures of people.
    roles : mapping of str to str
        Declared roles that differ from the true ones.
    """
    kpis = []
    for lever in LEVERS:
        unit = "share" if lever.scale == "share" else ("money" if lever.kpi == "cost" else "seconds")
        settings = {"controllable": lever.controllable, "perspective": lever.perspective, "better": lever.better}
        settings |= {"unit": unit, "leads_to": tuple(child for parent, child in arrows if parent == lever.kpi)}
        kpis.append(_kpi(lever.kpi, lever.zh, roles.get(lever.kpi, "lever"), lever.kpi in monthly, settings))
    for echo in ECHOES:
        settings = {"controllable": echo.controllable, "perspective": "customer", "better": "higher", "unit": "points"}
        kpis.append(_kpi(echo.kpi, echo.zh, roles.get(echo.kpi, "outcome"), echo.monthly, settings))
    stage = Stage.model_validate({"id": "use", "name": {"en": "Use", "zh": "使用"}})
    return Catalogue(tuple(kpis), (stage,), tuple(_action(kpi.id) for kpi in kpis))


def _kpi(kpi: str, zh: str, role: str, monthly: bool, settings: Mapping[str, object], /) -> Kpi:
    fixed = {"id": kpi, "name": {"en": kpi.replace("_", " ").capitalize(), "zh": zh}, "layer": "role", "role": role}
    source = {"source": "measures", "expr": "value"} if monthly else {"source": "cases", "expr": kpi}
    return Kpi.model_validate({**fixed, **source, **settings})


def _action(kpi: str, /) -> Action:
    text = {"en": f"Work on {kpi}", "zh": kpi}
    return Action.model_validate({"id": f"coach_{kpi}", "kpi": kpi, "level": "employee", "name": text, "advice": text})
