"""What a pilot is planned on and measured by: a KPI of each team in each month that is known whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from baton.catalogue.kpi_names import kpi_meant
from baton.catalogue.load import load_catalogue
from baton.catalogue.schema import Catalogue, Kpi
from baton.company import Company
from baton.errors import ArtefactError, PolicyError
from baton.files import RunFolder
from baton.months import month_start, whole_months
from baton.nearest import did_you_mean

if TYPE_CHECKING:
    from features.staging.warehouse import Warehouse
    from models.pilots.estimate import Floats

__all__ = ["TEAM", "History", "open_history", "traits"]

TEAM = "team"


@dataclass(frozen=True)
class History:
    """The cleaned tables of a run, asked for KPIs of teams by month.

    Parameters
    ----------
    months : tuple of datetime
        Firsts of all months that are known whole, oldest first.
    people : pandas.Series
        How many people who have not left work in each team, by team id; empty where no table says so.
    """

    company: Company
    catalogue: Catalogue
    warehouse: Warehouse
    months: tuple[datetime, ...]
    people: pd.Series

    def kpi(self, name: str, /) -> Kpi:
        """Return a KPI that can be measured for teams.

        Raises
        ------
        PolicyError
            If there is none of this name, or the tables do not carry it.
        """
        from features.kpis.evaluate import available

        known = {kpi.id: kpi for kpi in available(self.warehouse, self.catalogue.values(), TEAM)}
        name = kpi_meant(name, known) or name
        if name not in known:
            raise PolicyError(f"KPI {name!r}: it cannot be measured for teams here{did_you_mean(name, known)}")
        return known[name]

    def values(self, kpis: Sequence[Kpi], months: Sequence[datetime], /) -> dict[str, pd.DataFrame]:
        """Return a table by KPI: teams down, months across, NaN where nothing was measured."""
        from features.kpis.evaluate import panel

        known = [month for month in months if month in set(self.months)]
        if not known:
            return {kpi.id: pd.DataFrame(columns=list(months), dtype=float) for kpi in kpis}
        found = panel(self.warehouse, kpis, TEAM, known).to_pandas()
        tables = {}
        for kpi in kpis:
            of_kpi = found[found["kpi"] == kpi.id]
            table = of_kpi.pivot_table(index="unit_id", columns="from", values="value", aggfunc="first")
            table.columns = [pd.Timestamp(column).to_pydatetime() for column in table.columns]
            tables[kpi.id] = table.reindex(columns=list(months)).astype(float)
        return tables


def open_history(company: Company, folder: RunFolder, /) -> History:
    """Open what a run has cleaned.

    Raises
    ------
    ArtefactError
        If there is no run, or it knows no whole month of any team.
    """
    from features.staging.stage import open_cleaned

    warehouse = open_cleaned(folder)
    return History(company, load_catalogue(company), warehouse, _whole_months(warehouse), _people(warehouse))


def _whole_months(warehouse: Warehouse, /) -> tuple[datetime, ...]:
    """Return the firsts of the months between the first and the last of what teams are measured by."""
    ends, begins = [], []
    for name, column in (("cases", "opened_at"), ("measures", "from")):
        if not warehouse.has(name, column) or name not in warehouse.observed_until:
            continue
        first = warehouse[name][column].min().to_pyarrow().as_py()
        if first is not None:
            begins.append(first)
            ends.append(warehouse.observed_until[name])
    if not begins:
        raise ArtefactError("no table has cases or measures with a time, by which teams could be compared")
    # a month of which the last day has begun is known as whole as it gets: nobody works on at midnight
    first, last = min(begins), max(ends) + timedelta(days=1)
    return tuple(month_start(number) for number in whole_months(first, last))


def _people(warehouse: Warehouse, /) -> pd.Series:
    if not warehouse.has("employees", "employee_id", "team_id"):
        return pd.Series(dtype=float)
    table = warehouse["employees"].select("employee_id", "team_id", "left_at", "valid_from").to_pandas()
    latest = table.sort_values("valid_from", kind="stable", na_position="first").drop_duplicates(
        "employee_id", keep="last"
    )
    return latest[latest["left_at"].isna()].groupby("team_id")["employee_id"].nunique().astype(float)


def traits(values: Floats, people: Floats, /) -> Floats:
    """Return what groups of teams should be alike in: level, trend and size.

    Parameters
    ----------
    values : array of shape (teams, periods)
    people : array of shape (teams,)

    Returns
    -------
    array of shape (teams, 3)
    """
    at = np.arange(values.shape[1], dtype=float)
    level = np.nanmean(values, axis=1)
    centred = np.where(np.isfinite(values), at[None, :] - at.mean(), 0.0)
    above = np.where(np.isfinite(values), values - level[:, None], 0.0)
    slope = (centred * above).sum(axis=1) / np.maximum((centred**2).sum(axis=1), 1e-12)
    size = np.where(np.isfinite(people), people, np.nanmean(people) if np.isfinite(people).any() else 0.0)
    return np.column_stack([level, slope, np.log1p(size)])
