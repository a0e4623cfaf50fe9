"""The commands about KPIs."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Literal

import typer

from baton.terminal.options import DEFAULT_COMPANY, CompanyArgument, JsonOption

__all__ = ["kpi_app", "kpis"]

kpi_app = typer.Typer(help="KPIs of your own, without SQL.", no_args_is_help=True)


def kpis(
    word: Annotated[
        list[str] | None,
        typer.Argument(metavar="[WORD]", help="Part of an id or name, or an abbreviation: FCR, 满意度."),
    ] = None,
    company: Annotated[
        Path | None,
        typer.Option(
            metavar="COMPANY", help="A company file or its folder: which KPIs it can compute, what is missing."
        ),
    ] = None,
    language: Annotated[
        Literal["en", "zh"] | None, typer.Option(help="In which words (default: the word's, else the company's first).")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List and search KPIs by id, name or abbreviation, in English and Chinese; with a company, what it can compute."""
    from baton import display
    from baton.terminal.kpi_tables import kpi_list
    from pipelines.kpis.listing import list_kpis, list_kpis_of

    asked = " ".join(word or ())
    if company is None:
        kpi_list(list_kpis(asked, language=language), as_json)
        return
    from baton.catalogue.kpi_names import open_company

    settings = open_company(company)
    with display.progress() as progress:
        progress("kpis", 0, 0)
        found = list_kpis_of(settings, asked, language=language)
    kpi_list(found, as_json)


@kpi_app.command("add", epilog="Example: `baton kpi add demo --table cases --column handle_seconds --aggregate median`")
def kpi_add(  # noqa: PLR0913 - one parameter per option of the command
    company: CompanyArgument = DEFAULT_COMPANY,
    table: Annotated[str, typer.Option(help="cases, case_steps, activity, work or customers.")] = "",
    column: Annotated[str, typer.Option(help="Whose values become the KPI; a count of rows needs none.")] = "",
    aggregate: Annotated[
        str, typer.Option(help="share, mean, median, percentile (the 90th), sum, count, distinct, min or max.")
    ] = "",
    since: Annotated[str, typer.Option(help="For a length of time: the time column from which on it runs.")] = "",
    hit: Annotated[str, typer.Option(help="For a share: which values count, such as '> 300' or '= phone'.")] = "",
    where: Annotated[str, typer.Option(help="Which rows count: 'priority = high and handle_seconds > 300'.")] = "",
    better: Annotated[str, typer.Option(help="higher, lower or neither.")] = "",
    unit: Annotated[str, typer.Option(help="Such as share, hours, money (default: by aggregate and column).")] = "",
    name: Annotated[str, typer.Option(help="What it is called, in English or Chinese.")] = "",
    name_zh: Annotated[str, typer.Option(help="The Chinese name, where --name is the English one.")] = "",
    kpi_id: Annotated[str, typer.Option("--id", help="Lower-case words joined by _ (default: from the name).")] = "",
    lever: Annotated[str, typer.Option(help="Whose work moves it: person, team or none (it only reports).")] = "",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Write it without asking.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Add a KPI without SQL: asks for what is not given, shows values of three units, then writes its table."""
    from baton import display
    from baton.catalogue.kpi_names import open_company
    from baton.terminal.kpi_tables import added_kpi, not_added, was_added
    from pipelines.kpis.adding import kpi_bench, language_of, require_whole, write_kpi
    from pipelines.kpis.ask import ask_for, confirmed
    from pipelines.kpis.request import KpiRequest

    settings = open_company(company)
    language = language_of(settings)
    asks = not (yes or as_json) and sys.stdin.isatty() and sys.stdout.isatty()
    chinese = name_zh or ("" if name.isascii() else name)
    request = KpiRequest(
        table,
        column,
        aggregate,
        better,
        name if name.isascii() else "",
        chinese,
        since,
        hit,
        where,
        unit,
        kpi_id,
        lever,
    )
    if not asks:
        require_whole(request)
    with ExitStack() as stack:
        with display.progress() as progress:
            progress("read the tables", 0, 0)
            bench = stack.enter_context(kpi_bench(settings))
        if asks:
            request = ask_for(bench, request, language)
        added = bench.tried(request)
    if not as_json:
        added_kpi(added, language)
    if not (yes or (asks and confirmed(str(added.place), language))):
        not_added(added, language, as_json)
        return
    was_added(added, write_kpi(added), language, as_json)
