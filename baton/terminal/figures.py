"""``baton figures``: plain figures before any model, in the terminal and as a page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from baton.terminal.options import DEFAULT_COMPANY, CompanyArgument, ForceOption, JsonOption, PageOption

if TYPE_CHECKING:
    import pandas as pd

    from baton.messages.numbers import Language

__all__ = ["figures"]

_MONTHS = 6  # columns that fit a terminal


def figures(
    company: CompanyArgument = DEFAULT_COMPANY,
    page: PageOption = None,
    force: ForceOption = False,
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
    _show(console, found.table, settings.company.languages[0], settings.company.currency)
    if page is not None:
        console.print(f"written: {page}", markup=False, soft_wrap=True)


def _plain(row: dict[Any, Any], /) -> dict[Any, Any]:
    """Unknown is null in JSON."""
    return {name: None if value is None or value != value else value for name, value in row.items()}


def _show(console: Any, table: pd.DataFrame, language: Language, currency: str, /) -> None:
    from baton.display import show_table
    from baton.messages.message import Message, render
    from features.figures.definitions import NAMES
    from pipelines.report.sections.figures import figure_value

    months = sorted({str(month) for month in table.loc[table["by"] == "month", "group"]})[-_MONTHS:]
    partial = set(table.loc[table["partial"], "group"])
    values = {
        (row.figure, row.group if row.by == "month" else ""): row
        for row in table.itertuples()
        if row.by in ("all", "month")
    }

    def written(row: Any) -> str:
        if row is None or (row.value != row.value and not row.hidden):
            return ""
        return str(figure_value(row.unit, float(row.value), currency).of(language).unescape())

    rows = []
    for figure in dict.fromkeys(table["figure"]):
        year = values.get((figure, ""))
        name = render(Message(NAMES[figure]), language)
        cells = [written(values.get((figure, month))) for month in months]
        rows.append((name, written(year), _known(year), *cells))
    headings = ("figure", "365 days", "known", *(f"{month}*" if month in partial else month for month in months))
    show_table(console, "Plain figures, before any model", headings, rows)
    if partial & set(months):
        console.print("* a part of the month is missing in the data")
    if table["hidden"].any():
        console.print("– stands where too few people are behind a figure ([policy] min_group)", markup=False)


def _known(row: Any, /) -> str:
    return "" if row is None or row.known_share != row.known_share else f"{row.known_share:.0%}"
