"""A run's tables with the events since, and what is computed from them: by the code of the run, at the end of today.

The moment is chosen as a run chooses its own: the midnight that ends the last day of which something is known. So what
is computed for a day that is over is what the next run computes for it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pandas as pd

from baton.catalogue.load import load_catalogue
from baton.errors import ArtefactError
from baton.months import midnight_after
from features.ingest.settled import SIDECAR
from features.kpis import evaluate as metrics
from features.kpis.cause_kpis import CAUSE_COLUMN, load_causes, with_causes
from features.staging.added_rows import LAID_OVER, AddedRows
from features.training import churn, snapshots
from serving.live.overlay import Kept, Overlay, overlay

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from baton.catalogue.schema import Catalogue, Kpi
    from baton.company import Company
    from baton.files import RunFolder

__all__ = ["TODAY", "Now"]

TODAY = 1
"""Days of the window that is today."""

_READING = timedelta(hours=1)  # tables are written at the end of staging: what came while it read may not be in them


class Now:
    """One run as of now; one thread at a time.

    Parameters
    ----------
    company : Company
        Gives windows and the rule of churn.
    folder : RunFolder
        The run's.
    features : collection of str, optional
        Those that the model of churn knows: KPIs that have none are not computed for customers. None: all are.
    """

    def __init__(self, company: Company, folder: RunFolder, /, features: Collection[str] | None = None) -> None:
        cases = folder.texts / "cases.parquet"
        self._company = company
        self._rows = AddedRows(folder.staged, cases=cases if cases.exists() else None)
        self._base = self._rows.base
        self.catalogue: Catalogue = with_causes(load_catalogue(company), load_causes(folder.texts / "causes.json"))
        # what the run could compute: events of today make no table complete that the source has in part
        known = self.catalogue.values()
        self._of_customers = [
            kpi for kpi in metrics.available(self._base, known, "customer") if _is_needed(company, kpi, features)
        ]
        self.of_teams = metrics.available(self._base, known, "team")
        self.read_at = _read_at(company, folder)
        self._columns = {name: self._base[name].columns for name in LAID_OVER if name in self._base}
        self._latest = snapshots.latest(self._base)
        # what compares a customer with all others needs all of them
        self._cuts_customers = all(kpi.metric is None for kpi in self._of_customers)
        self._written: dict[str, tuple[Any, ...]] = {}
        self.state = self._overlay(())

    @property
    def as_of(self) -> datetime:
        """The midnight that ends the last day of which something is known."""
        last = self.state.last_at
        today = None if last is None else midnight_after(last)
        moments = [moment for moment in (self._latest, today) if moment is not None]
        if not moments:
            raise ArtefactError("no table of this run says when something happened, so nothing is known as of now")
        return max(moments)

    @property
    def latest(self) -> datetime | None:
        """The moment of the run itself."""
        return self._latest

    def take(self, events: Sequence[Kept], /) -> None:
        """Lay events over the run's tables, in the place of those that were taken before."""
        self.state = self._overlay(events)
        self._rows.lay(self.state.rows)

    def customers(self, ids: Collection[str], /) -> pd.DataFrame:
        """Return the features of customers who are at risk, by their id."""
        self._rows.cut_to_customers(ids)
        cut, kpis = self._rows.cut(customers=self._cuts_customers), self._of_customers
        self._write("customers", lambda: churn.values_at(self._company, cut, self._rows.asked, kpis, self.as_of))
        return churn.features_at(self._company, cut, kpis, self._rows.ask("customers").to_pandas())

    def team(self, team_id: str, /) -> dict[str, Any]:
        """Return a team's values, by the names of ``metrics.feature_names``; empty where it has none."""
        if not self.of_teams:
            return {}
        self._rows.cut_to_team(team_id)
        windows = sorted({TODAY, *self._company.snapshots.windows_days})
        self._write("team", lambda: metrics.evaluate(self._rows.cut(), self.of_teams, "team", [self.as_of], windows))
        found = self._rows.ask("team").to_pylist()
        return next((row for row in found if row["unit_id"] == team_id), {})

    def warm(self, *, customers: bool) -> None:
        """Write the queries of the day, where they are not written yet; of customers where their churn is known."""
        if customers and not self._is_written("customers"):
            self.customers(())
        if self.of_teams and not self._is_written("team"):
            self.team("")

    def _is_written(self, name: str, /) -> bool:
        return self._written.get(name) == self._key()

    def _key(self) -> tuple[Any, ...]:
        return (self.as_of, sorted((table, *months) for table, months in self._rows.missing.items()))

    def _write(self, name: str, build: Callable[[], ir.Table], /) -> None:
        """Write a query, anew where the day or what is missing is another: that takes far longer than asking."""
        if not self._is_written(name):
            self._rows.keep(name, build())
            self._written[name] = self._key()

    def _overlay(self, events: Sequence[Kept], /) -> Overlay:
        ends = {name: end for name, end in self._base.observed_until.items() if name in LAID_OVER}
        return overlay(events, ends, self.read_at, self._columns, self._rows.staged)


def _is_needed(company: Company, kpi: Kpi, features: Collection[str] | None, /) -> bool:
    if features is None or CAUSE_COLUMN in (kpi.expr or ""):  # which causes get a recency depends on all of them
        return True
    return any(name in features for name in metrics.feature_names(kpi.id, company.snapshots.windows_days))


def _read_at(company: Company, folder: RunFolder, /) -> datetime:
    """Return when the run read its sources: as the company file says, else about when staging began."""
    written = datetime.fromtimestamp((folder.staged / SIDECAR).stat().st_mtime, UTC).replace(tzinfo=None)
    stated = company.company.extracted_at
    if stated is None:
        return written - _READING
    found = datetime.fromisoformat(stated)
    found = found.astimezone(UTC).replace(tzinfo=None) if found.tzinfo is not None else found
    return min(found, written)
