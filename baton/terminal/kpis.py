"""The commands about KPIs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

__all__ = ["kpis"]

JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of tables.")]


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
