"""``baton export``: the advice of a run as a workbook."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from baton.catalogue.load import load_catalogue
from baton.company import Company
from baton.contract.results import result_table
from baton.errors import ArtefactError, CompanyFileError
from baton.files import RunFolder
from baton.messages.message import LANGUAGES
from baton.messages.numbers import Language
from baton.outcomes import Outcome
from baton.run_results import RUN, RunResults
from baton.sheets.book import opened
from baton.sheets.cells import Cell
from pipelines.report.data.objective import objective_of
from pipelines.report.data.results import Results, read_results
from pipelines.workbook.columns import Outcomes, Shown, shown_columns
from pipelines.workbook.names import Names
from pipelines.workbook.read_me import read_me
from pipelines.workbook.tables import chosen_tables
from pipelines.workbook.words import Languages, say

__all__ = ["Exported", "export", "languages_of"]

_AT_ONCE = 20_000  # rows made into cells together, so that a large table does not stand in memory twice
_WIDTHS = (34, 10, 90, 90)


@dataclass(frozen=True)
class Exported:
    """What was written.

    Parameters
    ----------
    rows : dict of str to int
        Rows per table, in the order of the sheets.
    left_out : dict of str to str
        Tables that are not in it, and why: ``absent``, ``guessed``, ``small`` or ``people``.
    """

    path: Path
    rows: dict[str, int]
    left_out: dict[str, str]


def export(
    company: Company,
    folder: RunFolder,
    place: Path,
    /,
    *,
    language: str | None = None,
    people: bool = False,
    overwrite: bool = False,
) -> Exported:
    """Write a run's advice as a workbook that people can filter, print and pass on.

    Parameters
    ----------
    folder : RunFolder
        Of the run.
    place : Path
        Where the workbook goes; ends with ``.xlsx``.
    language : str, optional
        The first language, ``en`` or ``zh``; else the company's first.
    people : bool
        Whether rows about single people are in; they are for the person and their manager alone.
    overwrite : bool
        Whether a workbook that is there may be replaced.

    Returns
    -------
    Exported

    Raises
    ------
    ArtefactError
        If no run was finished in the folder, or one of its tables cannot be read.
    CompanyFileError
        If the language is not known.
    OutputError
        If the workbook is there already, or cannot be written.
    """
    languages = languages_of(company, language)
    if not folder.path.is_dir():
        raise ArtefactError(f"{folder.path}: there is no such folder; `baton run COMPANY --out {folder.path}` makes it")
    folder.require(RUN)
    finished = str(RunResults(folder).recorded("finished_at"))
    results = read_results(company, load_catalogue(company), folder)
    chosen = chosen_tables(results, folder, people=people)
    names, outcomes = Names(results, languages[0]), _outcomes(results)
    title = say("read.title", languages[0], company=company.company.name)
    shortened = say("cell.shortened", languages[0])
    with opened(place, title, shortened=shortened, overwrite=overwrite) as book:
        page = read_me(results, chosen, languages, finished, people=people)
        book.page(say("read.sheet", languages[0]), page, _WIDTHS[: 2 + len(languages)])
        for name, rows in chosen.tables.items():
            shown = shown_columns(result_table(name), list(rows.columns), names, languages, outcomes)
            book.table(say(f"sheet.{name}", languages[0]), [each.column for each in shown], _rows(rows, shown))
    return Exported(place, {name: len(rows) for name, rows in chosen.tables.items()}, chosen.absent)


def languages_of(company: Company, first: str | None, /) -> Languages:
    """Return the languages of a workbook: the one that is asked for, then the company's.

    Raises
    ------
    CompanyFileError
        If it is not known.

    Examples
    --------
    >>> languages_of(Company(), "zh")
    ('zh', 'en')
    """
    if first is not None and first not in LANGUAGES:
        raise CompanyFileError(f"--language {first}: not known; choose from {', '.join(LANGUAGES)}")
    asked: list[Language] = [language for language in LANGUAGES if language == first]
    return tuple(dict.fromkeys([*asked, *company.company.languages]))


def _outcomes(results: Results, /) -> Outcomes:
    """Say which outcomes are chances, and which one the advice serves."""
    case = results.company.outcomes.case
    chances = {"churn"} | (
        {str(Outcome("case", metric=case.metric))} if case is not None and case.low is not None else set()
    )
    served = objective_of(results)
    return Outcomes(frozenset(chances), "" if served is None else served.outcome)


def _rows(frame: pd.DataFrame, shown: Sequence[Shown], /) -> Iterator[tuple[Cell, ...]]:
    for start in range(0, len(frame), _AT_ONCE):
        part = frame.iloc[start : start + _AT_ONCE]
        yield from zip(*(each.cells(part) for each in shown), strict=True)
