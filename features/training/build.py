"""The training tables of a company: everything that can be learned from what it has, and why the rest cannot."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from baton.catalogue.schema import Catalogue
from baton.company import Company
from baton.errors import TooLittleDataError
from baton.messages.message import Message
from baton.outcomes import Outcome
from baton.progress import Progress, silent
from features.staging.warehouse import Warehouse
from features.training.stopped import without_stopped
from features.training.table import TrainingTable

__all__ = ["Built", "build"]


@dataclass(frozen=True)
class Built:
    """What could be built.

    Parameters
    ----------
    tables : mapping of str to TrainingTable
        By outcome.
    skipped : mapping of str to Message
        Outcomes that cannot be learned, and what is missing.
    """

    tables: Mapping[str, TrainingTable] = field(default_factory=dict)
    skipped: Mapping[str, Message] = field(default_factory=dict)


def build(company: Company, catalogue: Catalogue, warehouse: Warehouse, progress: Progress | None = None) -> Built:
    """Build the training table of every outcome that the company file asks for or its tables carry.

    Returns
    -------
    Built

    Raises
    ------
    TooLittleDataError
        If churn is asked for and everybody, or nobody, left.
    CompanyFileError, CatalogueError
        If an outcome names a KPI, table or column that is not there.
    """
    report = progress or silent
    work = _outcomes(company, catalogue, warehouse)
    tables: dict[str, TrainingTable] = {}
    skipped: dict[str, Message] = {}
    for done, (name, make) in enumerate(work.items()):
        report(f"features: {name}", done, len(work))
        try:
            tables[name] = without_stopped(make(), max(company.snapshots.windows_days))
        except TooLittleDataError as error:
            if getattr(error, "refuses", False):
                raise
            skipped[name] = error.why
    if work:
        report("features", len(work), len(work))
    return Built(tables, skipped)


def _outcomes(
    company: Company, catalogue: Catalogue, warehouse: Warehouse, /
) -> dict[str, Callable[[], TrainingTable]]:
    from features.training import case_outcome, flat
    from features.training import churn as matrix_churn
    from features.training import decline as matrix_decline

    wanted = company.outcomes
    work: dict[str, Callable[[], TrainingTable]] = {}
    if wanted.churn is not None and ("customers" in warehouse or "activity" in warehouse):
        work["churn"] = lambda: matrix_churn.churn_table(company, catalogue, warehouse)
    elif wanted.churn is not None and "snapshots" not in warehouse:
        raise matrix_churn.no_table_of_leaving()
    for settings in wanted.decline:
        name = str(Outcome("decline", settings.unit, settings.metric))
        work[name] = lambda settings=settings: matrix_decline.decline_table(company, catalogue, warehouse, settings)
    if wanted.case is not None:
        name = str(Outcome("case", metric=wanted.case.metric))
        work[name] = lambda: case_outcome.case_outcome_table(company, catalogue, warehouse)
    if "snapshots" in warehouse:
        name = flat.outcome_of(warehouse)
        if name not in work:
            work[name] = lambda: flat.flat_table(company, catalogue, warehouse)
    return work
