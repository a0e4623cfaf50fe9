"""The commands about trying a change on a few teams."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from baton.terminal.opening import opened
from baton.terminal.options import DEFAULT_COMPANY, CompanyArgument, JsonOption, OutOption

if TYPE_CHECKING:
    from baton.company import Company
    from baton.messages.message import Message
    from models.pilots.inference import Measured
    from pipelines.pilots.evaluate import Outcome
    from pipelines.pilots.plan import Planned

__all__ = ["pilot_app"]

pilot_app = typer.Typer(help="Trying a change on a few teams: plan it, and see what came of it.", no_args_is_help=True)

LanguageOption = Annotated[
    Literal["en", "zh"] | None, typer.Option(help="In which words (default: the company's first).")
]


@pilot_app.command("plan", epilog="Example: `baton pilot plan demo --kpi first_contact_resolution --guard csat`")
def pilot_plan(  # noqa: PLR0913 - one parameter per option of the command
    company: CompanyArgument = DEFAULT_COMPANY,
    kpi: Annotated[str, typer.Option(help="The KPI that it is judged by.")] = "",
    guard: Annotated[list[str] | None, typer.Option(help="A KPI that must not become worse; several times.")] = None,
    team: Annotated[
        list[str] | None, typer.Option(help="A team that may take part (default: all); several times.")
    ] = None,
    begin: Annotated[int, typer.Option(min=0, help="How many teams begin (default: half of them).")] = 0,
    waves: Annotated[int, typer.Option(min=1, max=6, help="In how many steps they begin, a cycle apart.")] = 1,
    cycles: Annotated[int, typer.Option(min=1, max=8, help="How long it is measured.")] = 2,
    worthwhile: Annotated[
        float | None, typer.Option(help="The smallest effect worth having, in the KPI's unit.")
    ] = None,
    name: Annotated[str, typer.Option(help="Of the pilot (default: the KPI and the month).")] = "",
    seed: Annotated[int, typer.Option(help="Of the draw.")] = 7,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what could be seen, and keep nothing.")] = False,
    out: OutOption = None,
    language: LanguageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Draw which teams begin, and say what could be seen, by trials on the company's own past."""
    from baton import display
    from baton.errors import PolicyError
    from pipelines.pilots.plan import Asked, plan_pilot
    from pipelines.pilots.planned import write_plan

    settings, folder = opened(company, out)
    if not kpi:
        raise PolicyError("--kpi: say by which KPI the pilot is judged; `baton kpis COMPANY` lists them")
    months = max(1, round(settings.policy.cycle_days / 30.4))
    asked = Asked(kpi, name, tuple(guard or ()), tuple(team or ()), begin, waves, cycles, months, worthwhile, seed)
    with display.progress() as progress:
        progress("pilot", 0, 0)
        found = plan_pilot(settings, folder, asked)
    path = None if dry_run else write_plan(settings, found.plan)
    if as_json:
        display.document({**_plan_document(found), "written": None if path is None else str(path)})
        return
    for message in _planned(settings, found):
        _say(message, language or settings.company.languages[0])
    if path is not None:
        display.open_console().print(f"Kept in {path}. Then: baton pilot evaluate {found.plan.name}", markup=False)


@pilot_app.command("evaluate", epilog="Example: `baton pilot evaluate fcr-2026-07 --company demo`")
def pilot_evaluate(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Of the pilot.")],
    company: Annotated[
        Path, typer.Option("--company", metavar="COMPANY", help="The company file, or its folder.")
    ] = DEFAULT_COMPANY,
    out: OutOption = None,
    language: LanguageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what a pilot brought, once its months are known; until then how far it is."""
    from baton import display
    from pipelines.pilots.evaluate import evaluate_pilot
    from pipelines.pilots.planned import read_plan

    settings, folder = opened(company, out)
    plan = read_plan(settings, name)
    with display.progress() as progress:
        progress("pilot", 0, 0)
        found = evaluate_pilot(settings, folder, plan)
    if as_json:
        display.document(_outcome_document(found))
        return
    for message in _outcome(settings, found):
        _say(message, language or settings.company.languages[0])


def _planned(company: Company, found: Planned, /) -> list[Message]:
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
        Message("pilot.rule"),
    ]


def _outcome(company: Company, found: Outcome, /) -> list[Message]:
    from baton.messages.message import Message

    missing = [Message("pilot.missing", {"teams": found.missing})] if found.missing else []
    before = [Message("pilot.differs_before", {"p": _p(found.trend_before[1])})] if found.differs_before else []
    if found.verdict is None or found.effect is None:
        known = {"known": found.months_known, "planned": found.months_planned}
        return [Message("pilot.early", known), *missing, *before]
    if not math.isfinite(found.effect.effect):
        return [Message("pilot.nothing_measured"), *missing]
    both = {found.plan.kpi: found.effect, **found.guards}
    measured = [_measured(_Unit(company, kpi), each) for kpi, each in both.items()]
    return [_verdict(company, found), *measured, *missing, *before]


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

    if found.verdict == "adopt":
        return Message("pilot.adopt")
    if found.verdict == "extend":
        return Message("pilot.extend")
    if found.harmed:
        return Message("pilot.stop_harmed", {"guards": tuple(_Unit(company, kpi).name for kpi in found.harmed)})
    return Message("pilot.stop")


def _plan_document(found: Planned, /) -> dict[str, Any]:
    from dataclasses import asdict

    plan = {name: value for name, value in asdict(found.plan).items() if name != "schedules"}
    return {
        "plan": {**plan, "schedules": len(found.plan.schedules)},
        "sees_enough": found.plan.sees_enough,
        "power": [
            {"effect": float(size), "share": float(share)}
            for size, share in zip(found.power.sizes, found.power.shares, strict=True)
        ],
        "smallest_by_cycles": {str(cycles): _known(size) for cycles, size in found.by_cycles.items()},
        "left_out": list(found.left_out),
        "worthwhile_from": found.basis,
    }


def _outcome_document(found: Outcome, /) -> dict[str, Any]:
    def plain(each: Any) -> dict[str, Any] | None:
        if each is None:
            return None
        parts = {"effect": each.effect, "low": each.low, "high": each.high, "p_value": each.p_value}
        return {**{name: _known(value) for name, value in parts.items()}, "schedules": each.schedules}

    return {
        "name": found.plan.name,
        "kpi": found.plan.kpi,
        "months_known": found.months_known,
        "months_planned": found.months_planned,
        "verdict": found.verdict,
        "effect": plain(found.effect),
        "guards": {name: plain(each) for name, each in found.guards.items()},
        "harmed": list(found.harmed),
        "trend_before": dict(zip(("slope", "p_value"), map(_known, found.trend_before), strict=True)),
        "by_month": {str(month): gap for month, gap in found.by_month.items()},
        "missing": list(found.missing),
    }


def _say(message: Message, language: Literal["en", "zh"], /) -> None:
    from baton import display
    from baton.messages.message import render

    display.open_console().print(render(message, language), markup=False, soft_wrap=True, highlight=False)


def _known(value: float, /) -> float | None:
    return float(value) if math.isfinite(value) else None


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
