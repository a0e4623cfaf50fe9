"""Opening what a command is about: a company, and its run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from baton.company import Company
    from baton.files import RunFolder

__all__ = ["opened"]


def opened(company: Path, out: Path | None, /) -> tuple[Company, RunFolder]:
    """Return a company's settings and its run's folder: ``--out``, else ``out`` beside the company file."""
    from baton.catalogue.kpi_names import open_company
    from baton.files import DEFAULT_OUT, RunFolder

    settings = open_company(company)
    return settings, RunFolder(out if out is not None else settings.folder / DEFAULT_OUT)
