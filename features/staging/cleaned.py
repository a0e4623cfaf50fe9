"""A company's clean tables without writing them: what commands read that run no chain."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from baton.catalogue.schema import Catalogue
from baton.company import Company
from features.ingest.clean_query import cleaned_query
from features.ingest.intake import Intake, opened
from features.ingest.sql_text import quoted
from features.quality.checks import Examination, examine
from features.quality.faults import CheckReport
from features.staging.own_columns import exposed
from features.staging.privacy import SensitiveColumnFilter
from features.staging.warehouse import Warehouse

__all__ = ["Checked", "checked"]


@dataclass(frozen=True)
class Checked:
    """Sources that were checked and are still open.

    Parameters
    ----------
    report : CheckReport
        What was found, and how it is treated.
    warehouse : Warehouse or None
        The clean tables, as staging would write them but for pseudonyms; None where a fault stops a run.
    """

    report: CheckReport
    warehouse: Warehouse | None


@contextmanager
def checked(company: Company, catalogue: Catalogue, /) -> Iterator[Checked]:
    """Check a company's sources and hold them clean in memory; nothing is written.

    Yields
    ------
    Checked
        Its tables are gone when the block ends.

    Raises
    ------
    CompanyFileError
        If ``[faults]`` names an unknown kind or a treatment that it cannot have.
    """
    # no pseudonym is needed where nothing is kept, and no key is made
    privacy = company.privacy.model_copy(update={"pseudonymise": False})
    with opened(company.model_copy(update={"privacy": privacy})) as intake:
        found = examine(intake, catalogue)
        yield Checked(found.report, None if found.report.stops else _warehouse(intake, found))


def _warehouse(intake: Intake, found: Examination, /) -> Warehouse:
    from ibis.backends.duckdb import Backend

    column_filter = SensitiveColumnFilter(intake, outside=Path())
    # as `ibis.duckdb.from_connection`, which would set the time zone: the engine is locked by now, and on UTC
    backend = Backend()
    backend.con = intake.connection
    backend._can_reconnect = False
    backend._record_batch_readers_consumed = {}
    present: dict[str, frozenset[str]] = {}
    for name, table in intake.tables.items():
        if not table.rows:
            continue
        query, columns = cleaned_query(found, column_filter, table)
        intake.connection.execute(f"CREATE VIEW {quoted(name)} AS {query}")
        present[name] = frozenset(columns)
    return Warehouse(
        tables={name: exposed(name, backend.table(name)) for name in present},
        present=present,
        observed_until={name: end for name, end in found.ends.items() if name in present},
        scales=found.scales,
    )
