"""``baton figures``: plain figures before any model, in the terminal and as a page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["figures"]

_MONTHS = 6  # columns that fit a terminal

JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of tables.")]


def figures(
    company: Annotated[Path, typer.Argument(help="A company file or its folder.", show_default=False)] = Path(),
    page: Annotated[
        Path | None, typer.Option("--page", metavar="FILE", help="A page of the same to look at in a browser.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show volumes, waits, ratings and customers as they are, before any model: to check the data by what you know."""
    from baton import display
    from baton.catalogue.kpi_names import open_company
    from pipelines.figures.measure import plain_figures
    from pipelines.report.plain_page import write_page

    settings = open_company(company)
    with display.progress() as progress:
        progress("figures", 0, 0)
        found = plain_figures(settings)
    if page is not None:
        write_page(settings, found, page, overwrite=force)
    if as_json:
        rows = [_plain(row) for row in found.table.to_dict("records")]
        display.document({"figures": rows} | ({} if page is None else {"written": str(page)}))
        return
    console = display.open_console()
    _show(console, found.table, str(settings.company.languages[0]))
    if page is not None:
        console.print(f"written: {page}", markup=False, soft_wrap=True)


def _plain(row: dict[Any, Any], /) -> dict[Any, Any]:
    """Unknown is null in JSON."""
    return {name: None if value is None or value != value else value for name, value in row.items()}


def _show(console: Any, table: pd.DataFrame, language: str, /) -> None:
    from baton.display import show_table
    from baton.messages.message import Message, render
    from features.figures.definitions import NAMES

    months = sorted({str(month) for month in table.loc[table["by"] == "month", "group"]})[-_MONTHS:]
    partial = set(table.loc[table["partial"], "group"])
    values = {
        (row.figure, row.group if row.by == "month" else ""): row
        for row in table.itertuples()
        if row.by in ("all", "month")
    }
    rows = []
    for figure in dict.fromkeys(table["figure"]):
        year = values.get((figure, ""))
        name = render(Message(NAMES[figure]), language)  # type: ignore[arg-type]
        cells = [_written(values.get((figure, month))) for month in months]
        rows.append((name, _written(year), _known(year), *cells))
    headings = ("figure", "365 days", "known", *(f"{month}*" if month in partial else month for month in months))
    show_table(console, "Plain figures, before any model", headings, rows)
    if partial & set(months):
        console.print("* a part of the month is missing in the data")
    if table["hidden"].any():
        console.print("– stands where too few people are behind a figure ([policy] min_group)", markup=False)


def _written(row: Any, /) -> str:
    from pipelines.report.sections.process_map import duration

    if row is None:
        return ""
    if row.value != row.value:
        return "–" if row.hidden else ""
    if row.unit == "share":
        return f"{row.value:.1%}"
    if row.unit == "seconds":
        return str(duration(float(row.value)).en)
    return f"{row.value:,.{ {'rating': 2, 'points': 1, 'money': 2}.get(row.unit, 0) }f}"


def _known(row: Any, /) -> str:
    return "" if row is None or row.known_share != row.known_share else f"{row.known_share:.0%}"
