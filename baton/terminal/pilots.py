"""The commands about trying a change on a few teams."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, Any

import typer

from baton.terminal.opening import opened
from baton.terminal.options import (
    DEFAULT_COMPANY,
    CompanyArgument,
    CompanyOption,
    JsonOption,
    LanguageOption,
    OutOption,
)
from baton.terminal.pilot_moves import add_moves
from baton.terminal.printing import print_message

if TYPE_CHECKING:
    from baton.company import Company
    from baton.files import RunFolder
    from baton.messages.message import Message
    from pipelines.pilots.planned import Plan

__all__ = ["pilot_app"]

pilot_app = typer.Typer(
    help="Trying a change on a few teams: plan it, run it, see what came of it, make it policy.", no_args_is_help=True
)
add_moves(pilot_app)


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
    max_shared: Annotated[
        float, typer.Option(min=0, max=1, help="No verdict if others serve more of the customers than this share.")
    ] = 1.0,
    name: Annotated[str, typer.Option(help="Of the pilot (default: the KPI and the month).")] = "",
    seed: Annotated[int, typer.Option(help="Of the draw.")] = 7,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what could be seen, and keep nothing.")] = False,
    reason: Annotated[str, typer.Option(help="Why it is tried; kept with the plan.")] = "planned",
    out: OutOption = None,
    language: LanguageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Draw which teams begin, and say what could be seen, by trials on the company's own past."""
    from baton import display
    from baton.errors import PolicyError
    from baton.terminal.pilot_words import plan_words, planned_document
    from pipelines.pilots.plan import Asked, plan_pilot
    from pipelines.pilots.planned import check_name, plan_document, write_plan
    from serving.access.keeper import TOKEN_VARIABLE
    from serving.pilots.opening import open_pilots

    settings, folder = opened(company, out)
    if not kpi:
        raise PolicyError("--kpi: say by which KPI the pilot is judged; `baton kpis COMPANY` lists them")
    months = max(1, round(settings.policy.cycle_days / 30.4))
    asked = Asked(
        kpi, name, tuple(guard or ()), tuple(team or ()), begin, waves, cycles, months, worthwhile, seed, max_shared
    )
    with display.progress() as progress:
        progress("pilot", 0, 0)
        found = plan_pilot(settings, folder, asked)
    path = None
    if not dry_run:
        check_name(settings, found.plan.name)
        with open_pilots(settings, folder, os.environ.get(TOKEN_VARIABLE)) as (store, user):
            store.begin(user, plan_document(found.plan), reason)
        path = write_plan(settings, found.plan)
    if as_json:
        display.document({**planned_document(found), "written": None if path is None else str(path)})
        return
    for message in plan_words(settings, found):
        print_message(message, language or settings.company.languages[0])
    if path is not None:
        line = f"Kept in {path}. Then a second person: baton pilot approve {found.plan.name}"
        display.open_console().print(line, markup=False, soft_wrap=True)


@pilot_app.command("evaluate", epilog="Example: `baton pilot evaluate fcr-2026-07 --company demo`")
def pilot_evaluate(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Of the pilot.")],
    company: CompanyOption = DEFAULT_COMPANY,
    reason: Annotated[str, typer.Option(help="Kept with the evaluation.")] = "its months are known",
    out: OutOption = None,
    language: LanguageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what a pilot brought, once its months are known; until then how far it is."""
    from baton import display
    from baton.messages.message import Message
    from baton.terminal.pilot_words import outcome_document, outcome_words
    from pipelines.pilots.evaluate import evaluate_pilot
    from pipelines.pilots.measured import write_measured

    settings, folder = opened(company, out)
    kept, plan = _kept_plan(settings, folder, name)
    with display.progress() as progress:
        progress("pilot", 0, 0)
        found = evaluate_pilot(settings, folder, plan)
    document = outcome_document(settings, found)
    words = outcome_words(settings, found)
    state = "" if kept is None else kept["state"]["key"]
    recorded = found.effect is not None and state == "running"
    if recorded:
        assert kept is not None
        _record(settings, folder, kept, document, reason)
    outcome = document if recorded else None if kept is None else kept["outcome"]
    if outcome is not None:
        write_measured(settings, plan, outcome)  # for the next run; of what is kept, and of nothing else
    if as_json:
        display.document({**document, "state": state or None, "recorded": recorded})
        return
    if kept is not None and kept["outcome"] is not None:
        words = [Message("piloting.evaluated_before"), *_kept_words(kept["outcome"])]
    elif found.effect is not None and not recorded:
        words.append(Message("piloting.not_recorded"))
    for message in words:
        print_message(message, language or settings.company.languages[0])


def _kept_plan(company: Company, folder: RunFolder, name: str, /) -> tuple[dict[str, Any] | None, Plan]:
    """Return a pilot as it is kept, and its plan; a plan of before pilots were kept lies in its file alone."""
    from pipelines.pilots.planned import plan_of, read_plan, require_same
    from serving.access.keeper import TOKEN_VARIABLE
    from serving.decisions.refused import NotFound
    from serving.pilots.opening import open_pilots
    from serving.state.store import state_exists

    if state_exists(company):
        with open_pilots(company, folder, os.environ.get(TOKEN_VARIABLE)) as (store, user):
            try:
                kept = store.get(user, name)
            except NotFound:
                return None, read_plan(company, name)
            plan = plan_of(store.plan_of(user, name), f"pilot {name}")
        require_same(company, plan)
        return kept, plan
    return None, read_plan(company, name)


def _record(
    company: Company, folder: RunFolder, kept: dict[str, Any], document: dict[str, Any], reason: str, /
) -> None:
    from serving.access.keeper import TOKEN_VARIABLE
    from serving.pilots.opening import open_pilots
    from serving.pilots.store import AskedMove

    outcome = {**document, "plan_digest": kept["plan_digest"]}
    with open_pilots(company, folder, os.environ.get(TOKEN_VARIABLE)) as (store, user):
        store.move(user, kept["name"], AskedMove("evaluate", kept["version"], reason, outcome))


def _kept_words(outcome: dict[str, Any], /) -> list[Message]:
    from baton.messages.message import Message, Name

    return [Message("pilot.words", {"words": Name(each["en"], each["zh"])}) for each in outcome["words"]]
