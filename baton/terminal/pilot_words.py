"""What people read of a pilot's plan and of what it brought, in words and as JSON."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from baton.terminal.printing import finite

if TYPE_CHECKING:
    from baton.company import Company
    from baton.messages.message import Message
    from models.pilots.inference import Measured
    from pipelines.pilots.evaluate import Outcome
    from pipelines.pilots.plan import Planned
    from pipelines.pilots.planned import Plan

__all__ = ["outcome_document", "outcome_words", "plan_words", "planned_document"]


def plan_words(company: Company, found: Planned, /) -> list[Message]:
    """Return what a plan says: who begins, what could be seen, what is expected, and the rule."""
    from baton.messages.message import Message

    plan = found.plan
    unit = _Unit(company, plan.kpi)
    by_cycles = tuple(
        Message("pilot.size", {"cycles": cycles, "smallest": unit.size(size)})
        if math.isfinite(size)
        else Message("pilot.size_none", {"cycles": cycles})
        for cycles, size in found.by_cycles.items()
    )
    values = {
        "kpi": unit.name,
        "smallest": "" if plan.smallest is None else unit.size(plan.smallest),
        "worthwhile": unit.size(plan.worthwhile),
        "basis": Message("pilot.given" if found.basis == "given" else "pilot.best_quarter"),
        "false": plan.false_alarms,
    }
    if plan.smallest is None:
        seen = Message("pilot.sees_none", values)
    else:
        seen = Message("pilot.sees", values) if plan.sees_enough else Message("pilot.sees_nothing", values)
    drawn = {
        "begin": len(plan.begins),
        "teams": len(plan.teams),
        "month": plan.months[plan.begin][:7],
        "begins": plan.begins,
    }
    left_out = [Message("pilot.left_out", {"teams": found.left_out})] if found.left_out else []
    return [
        Message("pilot.plan", drawn),
        seen,
        Message("pilot.by_cycles", {"sizes": by_cycles}),
        *left_out,
        *_expected(unit, found.plan),
        *_shared(found),
        Message("pilot.rule"),
    ]


def _shared(found: Planned, /) -> list[Message]:
    """Say how many customers both groups served so far, and what that will do to the verdict."""
    from baton.messages.message import Message
    from pipelines.pilots.upset import MIN_SHARED

    share = found.shared / found.served if found.served else 0.0
    values = {"shared": found.shared, "served": found.served, "share": share, "max": found.plan.max_shared}
    if share > found.plan.max_shared:
        return [Message("pilot.would_spill_over", values)]
    return [Message("pilot.shared_before", values)] if share > MIN_SHARED else []


def _expected(unit: _Unit, plan: Plan, /) -> list[Message]:
    from baton.messages.message import Message

    if plan.predicted is None:
        return []
    values = {name: unit.difference(plan.predicted[name]) for name in ("effect", "low", "high")}
    if plan.predicted["basis"] == "pilots":
        return [Message("pilot.expected_pilots", {"kpi": unit.name, **values})]
    if plan.predicted["basis"] == "measured":
        return [Message("pilot.expected_measured", {"kpi": unit.name, **values})]
    return [Message("pilot.expected_scenario", {"kpi": unit.name, **values})]


def outcome_words(company: Company, found: Outcome, /) -> list[Message]:
    """Return what came of a pilot: the verdict, what was measured, and what must be known beside it."""
    from baton.messages.message import Message

    beside = _beside(found)
    if found.effect is None:
        known = {"known": found.months_known, "planned": found.months_planned}
        return [Message("pilot.early", known), *beside]
    if not math.isfinite(found.effect.effect):
        return [Message("pilot.nothing_measured"), *beside]
    both = {found.plan.kpi: found.effect, **found.guards}
    measured = [_measured(_Unit(company, kpi), each) for kpi, each in both.items()]
    return [_verdict(company, found), *measured, *beside]


def _beside(found: Outcome, /) -> list[Message]:
    """Return what upset the pilot, and what is missing of it."""
    from baton.messages.message import Message
    from pipelines.pilots.upset import MIN_SHARED

    beside, upset = [], found.upset
    if found.missing:
        beside.append(Message("pilot.missing", {"teams": found.missing}))
    if found.empty:
        beside.append(Message("pilot.empty_months", {"months": found.empty}))
    if found.differs_before:
        beside.append(Message("pilot.differs_before", {"p": _p(found.trend_before[1])}))
    if upset.share > MIN_SHARED and not found.spills_over:
        beside.append(Message("pilot.shared", {"shared": upset.shared, "served": upset.served, "share": upset.share}))
    if upset.moved:
        beside.append(Message("pilot.moved_people", {"moved": upset.moved, "people": upset.people}))
    if upset.changed_sides:
        beside.append(Message("pilot.changed_teams", {"teams": upset.changed_sides}))
    return beside


def _measured(unit: _Unit, found: Measured, /) -> Message:
    from baton.messages.message import Message

    values = {
        "kpi": unit.name,
        "effect": unit.difference(found.effect),
        "low": unit.difference(found.low),
        "high": unit.difference(found.high),
        "p": _p(found.p_value),
        "schedules": found.schedules,
    }
    return Message("pilot.effect", values)


def _verdict(company: Company, found: Outcome, /) -> Message:
    from baton.messages.message import Message

    if found.verdict is None:
        shared = {"shared": found.upset.shared, "served": found.upset.served, "share": found.upset.share}
        return Message("pilot.spills_over", {**shared, "max": found.plan.max_shared})
    if found.verdict == "adopt":
        return Message("pilot.adopt")
    if found.verdict == "extend":
        return Message("pilot.extend")
    if found.harmed:
        return Message("pilot.stop_harmed", {"guards": tuple(_Unit(company, kpi).name for kpi in found.harmed)})
    return Message("pilot.stop")


def planned_document(found: Planned, /) -> dict[str, Any]:
    """Return a plan as JSON, without all that might have been drawn."""
    from dataclasses import asdict

    plan = {name: value for name, value in asdict(found.plan).items() if name not in ("schedules", "cards")}
    return {
        "plan": {**plan, "schedules": len(found.plan.schedules), "cards": list(found.plan.cards)},
        "sees_enough": found.plan.sees_enough,
        "power": [
            {"effect": float(size), "share": float(share)}
            for size, share in zip(found.power.sizes, found.power.shares, strict=True)
        ],
        "smallest_by_cycles": {str(cycles): finite(size) for cycles, size in found.by_cycles.items()},
        "left_out": list(found.left_out),
        "customers_shared": found.shared,
        "customers_served": found.served,
        "worthwhile_from": found.basis,
    }


def outcome_document(company: Company, found: Outcome, /) -> dict[str, Any]:
    """Return an outcome as JSON, with its words."""
    from baton.messages.message import bilingual

    def plain(each: Any) -> dict[str, Any] | None:
        if each is None:
            return None
        parts = {"effect": each.effect, "low": each.low, "high": each.high, "p_value": each.p_value}
        return {**{name: finite(value) for name, value in parts.items()}, "schedules": each.schedules}

    return {
        "name": found.plan.name,
        "kpi": found.plan.kpi,
        "months_known": found.months_known,
        "months_planned": found.months_planned,
        "verdict": found.verdict,
        "effect": plain(found.effect),
        "guards": {name: plain(each) for name, each in found.guards.items()},
        "harmed": list(found.harmed),
        "trend_before": dict(zip(("slope", "p_value"), map(finite, found.trend_before), strict=True)),
        "by_month": {str(month): gap for month, gap in found.by_month.items()},
        "missing": list(found.missing),
        "empty_months": list(found.empty),
        "customers_shared": found.upset.shared,
        "customers_served": found.upset.served,
        "people_moved": found.upset.moved,
        "teams_changed": list(found.upset.changed_sides),
        "words": [bilingual(message) for message in outcome_words(company, found)],
    }


class _Unit:
    """Writes sizes and differences of one KPI."""

    def __init__(self, company: Company, kpi: str, /) -> None:
        from baton.catalogue.load import load_catalogue
        from baton.messages.message import Name

        known = load_catalogue(company).get(kpi)
        self.name: Any = kpi if known is None else Name(known.name.en, known.name.zh)
        self._unit = "" if known is None else known.unit

    def size(self, value: float, /) -> Message:
        return self._written(f"{value * self._factor:.2g}" if value < 1000 else f"{value:,.0f}")

    def difference(self, value: float, /) -> Message:
        if not math.isfinite(value):
            return self._written("−∞" if value < 0 else "+∞")
        return self._written(f"{value * self._factor:+.2g}".replace("-", "−"))

    @property
    def _factor(self) -> float:
        return 100.0 if self._unit == "share" else 1.0

    def _written(self, number: str, /) -> Message:
        from baton.messages.message import Message

        if self._unit == "share":
            return Message("pilot.share", {"number": number})
        if self._unit == "seconds":
            return Message("pilot.seconds", {"number": number})
        return Message("pilot.number", {"number": number})


def _p(value: float, /) -> str:
    return f"{value:.3f}"
