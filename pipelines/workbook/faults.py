"""``baton validate --report``: the faults as a workbook, for whoever owns the source system."""

from __future__ import annotations

from pathlib import Path

from baton.company import Company
from baton.sheets.book import Column, opened
from baton.sheets.cells import Cell
from features.quality.faults import CheckReport, Fault
from features.quality.remedies import remedies
from pipelines.workbook.words import Languages, in_each, say

__all__ = ["write_faults"]

_COLUMNS = ("table", "column", "kind", "key", "stops", "count", "treatment", "message", "rows", "source", "remedy")


def write_faults(company: Company, report: CheckReport, path: Path, /, *, overwrite: bool = False) -> None:
    """Write a sheet with all faults, and one for each table that has any.

    Parameters
    ----------
    path : Path
        Ends with ``.xlsx``. The first rows at fault are in it, with the values and ids that ``baton validate`` shows;
        only its owner can read it.
    overwrite : bool
        Whether a file that is there may be replaced.

    Raises
    ------
    OutputError
        If the file is there already, or cannot be written.
    """
    languages = company.company.languages
    columns = [Column(in_each(f"found.{name}", languages), "#,##0" if name == "count" else "") for name in _COLUMNS]
    by_table: dict[str, list[Fault]] = {}
    for fault in report.faults:
        by_table.setdefault(fault.table if fault.table in company.tables else "", []).append(fault)
    title = say("found.title", languages[0], company=company.company.name)
    with opened(path, title, shortened=say("cell.shortened", languages[0]), overwrite=overwrite) as book:
        book.table(say("found.all", languages[0]), columns, [_row(fault, languages) for fault in report.faults])
        for table, faults in by_table.items():
            name = table or say("found.company_file", languages[0])
            book.table(name, columns, [_row(fault, languages) for fault in faults])


def _row(fault: Fault, languages: Languages, /) -> tuple[Cell, ...]:
    first, remedy = languages[0], remedies()[fault.kind]
    return (
        fault.table,
        fault.column,
        remedy.words[first],
        fault.kind,
        say("cell.yes" if fault.stops else "cell.no", first),
        fault.count,
        say(f"treatment.{fault.treatment}", first),
        f"{fault.message}\n{fault.hint}".strip(),
        "\n".join(fault.rows),
        remedy.source[first],
        fault.setting,
    )
