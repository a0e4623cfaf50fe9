"""The plain figures as a page in the style of the report: one file that loads nothing, in the company's languages."""

from __future__ import annotations

import json
from pathlib import Path

from baton.catalogue.load import load_catalogue
from baton.company import Company
from baton.errors import OutputError, TableError
from baton.files import owner_only, write_atomically
from baton.messages.message import Message
from pipelines.figures.measure import FiguresOfCompany
from pipelines.report.charts.drawing import Pen
from pipelines.report.data.results import Results
from pipelines.report.data.wording import say
from pipelines.report.page import TEMPLATES, asset, policy
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
    if path.exists() and not overwrite:
        raise OutputError(f"{path}: is there already and stays as it is; choose another name, or add --force")
    page = render(company, found)
    with owner_only(), write_atomically(path, hint="free space or choose another place") as temporary:
        temporary.write_text(page, encoding="utf-8")


def render(company: Company, found: FiguresOfCompany, /) -> str:
    """Return the page; everything that comes from data is escaped.

    Raises
    ------
    TableError
        If there is no figure to show.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    languages = company.company.languages
    results = Results(
        company, load_catalogue(company), tables={"figures": found.table}, team_names=dict(found.team_names)
    )
    shown = figures_section(results, Pen(languages))
    if shown is None:
        raise TableError(Message("no_figures.nothing"))
    style, script = asset("report.css"), asset("report.js")
    title = say("figures.page_title", company=company.company.name)
    titles = {language: str(title.of(language).unescape()) for language in ("en", "zh")}
    return environment.get_template("plain.html.jinja").render(
        languages=languages,
        company=company.company.name,
        title=title,
        titles=json.dumps(titles, ensure_ascii=False),
        style=style,
        script=script,
        policy=policy(style, script),
        say=say,
        figures=shown,
    )
