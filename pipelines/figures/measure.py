"""Measures a company's plain figures: as a step of a run, or for ``baton figures``, which runs nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from baton.catalogue.load import load_catalogue
from baton.company import Company
from baton.errors import TableError
from baton.files import RunFolder
from baton.filled_in import hides_filled_in
from baton.messages.message import Message
from baton.run_results import RunResults
from features.figures.measured import figures
from features.staging.cleaned import checked
from features.staging.stage import refuse
from features.staging.warehouse import Warehouse

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FiguresOfCompany", "plain_figures", "write_figures", "zones_of"]


@dataclass(frozen=True)
class FiguresOfCompany:
    """What was measured.

    Parameters
    ----------
    table : pandas.DataFrame
        The rows of ``figures.parquet``.
    team_names : dict of str to str
        Teams' names by id, where the company gives them.
    """

    table: pd.DataFrame
    team_names: dict[str, str] = field(default_factory=dict)


def zones_of(company: Company, /) -> dict[str, str]:
    """Return the time zone of each table: its clock is the one that people know."""
    return {name: source.timezone for name, source in company.tables.items()}


def write_figures(company: Company, warehouse: Warehouse, folder: RunFolder, /) -> int:
    """Measure the figures of clean tables, write ``figures.parquet``, and return how many there are.

    Where the tables carry none, none are written and those of an earlier run are removed.
    """
    results = RunResults(folder)
    found = figures(warehouse, zones_of(company), company.policy.min_group)
    if found.empty:
        results.remove("figures")
        return 0
    return results.write("figures", found)


@hides_filled_in
def plain_figures(company: Company, /) -> FiguresOfCompany:
    """Return the figures of a company's sources, cleaned as a run would clean them; nothing is written.

    Raises
    ------
    TableError
        If faults of the data stop a run, or the tables carry no figure.
    """
    with checked(company, load_catalogue(company)) as found:
        refuse(found.report)
        warehouse = found.warehouse
        if warehouse is None:
            raise TableError(Message("no_figures.nothing"))
        measured = figures(warehouse, zones_of(company), company.policy.min_group)
        names = _team_names(warehouse)
    if measured.empty:
        raise TableError(Message("no_figures.nothing"))
    return FiguresOfCompany(measured, names)


def _team_names(warehouse: Warehouse, /) -> dict[str, str]:
    if not warehouse.has("teams", "name"):
        return {}
    rows = warehouse["teams"].select("team_id", "name").to_pyarrow().to_pylist()
    return {row["team_id"]: row["name"] for row in rows if row["name"] is not None}
