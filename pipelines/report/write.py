"""``report.html``: the page that managers read, from what a run has left in its folder."""

from __future__ import annotations

from pathlib import Path

from baton.catalogue.schema import Catalogue
from baton.company import Company
from baton.files import RunFolder, write_atomically
from baton.progress import Progress, silent
from pipelines.report.data.results import read_results
from pipelines.report.page import render

__all__ = ["report"]


def report(company: Company, catalogue: Catalogue, folder: RunFolder, progress: Progress = silent) -> Path:
    """Write the manager's page of a run, whole or not at all.

    Any result may be absent: its section then says what is missing and which table would bring it.

    Returns
    -------
    Path
        Of ``report.html``: one file that loads nothing from anywhere.

    Raises
    ------
    ArtefactError
        If a result is there and cannot be read.
    OutputError
        If the page cannot be written.
    """
    progress("report: reading results", 0, 2)
    results = read_results(company, catalogue, folder)
    progress("report: writing the page", 1, 2)
    place = folder.file("report.html")
    page = render(results)
    with write_atomically(place) as temporary:
        temporary.write_text(page, encoding="utf-8")
    progress("report: written", 2, 2)
    return place
