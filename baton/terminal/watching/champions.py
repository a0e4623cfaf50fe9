"""Commands of the registry: which models there are, and which answers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from baton.terminal.options import DEFAULT_COMPANY, CompanyArgument, JsonOption, ReasonOption

__all__ = ["models_app"]

models_app = typer.Typer(help="The registry of models: champion and challengers.", no_args_is_help=True)


@models_app.command("list", epilog="Example: `baton models list demo`")
def models_list(company: CompanyArgument = DEFAULT_COMPANY, as_json: JsonOption = False) -> None:
    """List the registered models with their figures and who is champion."""
    from baton import display
    from baton.catalogue.kpi_names import open_company
    from pipelines import tracking

    display.models(tracking.list_models(open_company(company)), as_json)


@models_app.command("promote", epilog="Example: `baton models promote churn 3 --company demo`")
def models_promote(
    outcome: Annotated[str, typer.Argument(help="Such as churn or decline:employee:csat.")],
    version: Annotated[int, typer.Argument(help="The version to make champion.")],
    company: Annotated[Path, typer.Option(help="The company file or its folder.")] = DEFAULT_COMPANY,
    force: Annotated[bool, typer.Option("--force", help="Even if it is not better on the same test set.")] = False,
    reason: ReasonOption = "",
    as_json: JsonOption = False,
) -> None:
    """Make a version champion, if it is better on the same test set."""
    from baton import display
    from baton.catalogue.kpi_names import open_company
    from pipelines import tracking
    from serving.champions.moves import AskedChampion, moved_here

    settings, asked = open_company(company), AskedChampion("promote", outcome, reason, version, force)
    found = moved_here(settings, asked, lambda: tracking.promote(settings, outcome, version, force=force))
    display.models(found, as_json)


@models_app.command("rollback", epilog="Example: `baton models rollback churn --company demo`")
def models_rollback(
    outcome: Annotated[str, typer.Argument(help="Such as churn or decline:employee:csat.")],
    company: Annotated[Path, typer.Option(help="The company file or its folder.")] = DEFAULT_COMPANY,
    reason: ReasonOption = "",
    as_json: JsonOption = False,
) -> None:
    """Make the champion before the present one champion again."""
    from baton import display
    from baton.catalogue.kpi_names import open_company
    from pipelines import tracking
    from serving.champions.moves import AskedChampion, moved_here

    settings, asked = open_company(company), AskedChampion("roll_back", outcome, reason)
    display.models(moved_here(settings, asked, lambda: tracking.rollback(settings, outcome)), as_json)
