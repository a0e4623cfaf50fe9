"""The plain figures as a page in the style of the report: one file that loads nothing, in the company's languages."""

from __future__ import annotations

from pathlib import Path

from baton.catalogue.load import load_catalogue
from baton.charts.drawing import Pen
from baton.company import Company
from baton.errors import TableError
from baton.files import new_file
from baton.messages.message import Message
from baton.wording.wording import say
from pipelines.figures.measure import FiguresOfCompany
from pipelines.report.data.results import Results
from pipelines.report.document import document
from pipelines.report.sections.figures import figures_section

__all__ = ["render", "write_page"]


def write_page(company: Company, found: FiguresOfCompany, path: Path, /, *, overwrite: bool = False) -> None:
    """Write the page, whole or not at all, and readable by its owner alone.

    Parameters
    ----------
    overwrite : bool
        Whether a file that is there may be replaced.

    Raises
    ------
    OutputError
        If the file is there already, or cannot be written.
    """
    with new_file(path, overwrite=overwrite) as temporary:
        temporary.write_text(render(company, found), encoding="utf-8")


def render(company: Company, found: FiguresOfCompany, /) -> str:
    """Return the page; everything that comes from data is escaped.

    Raises
    ------
    TableError
        If there is no figure to show.
    """
    languages = company.company.languages
    results = Results(
        company, load_catalogue(company), tables={"figures": found.table}, team_names=dict(found.team_names)
    )
    shown = figures_section(results, Pen(languages))
    if shown is None:
        raise TableError(Message("no_figures.nothing"))
    return document(
        "plain.html.jinja",
        company=company.company.name,
        languages=languages,
        title=say("figures.page_title", company=company.company.name),
        say=say,
        figures=shown,
    )
