"""Everything that pages read from one run, each at first use."""

from __future__ import annotations

from collections.abc import Collection
from functools import cached_property
from typing import TYPE_CHECKING, Any

from baton.catalogue.load import load_catalogue
from baton.catalogue.schema import Catalogue
from baton.errors import BatonError
from baton.wording.leaving import harmful_levers
from baton.wording.naming import Names
from features.kpis.cause_kpis import load_causes, with_causes
from serving.loading import LoadedRun, plain_rows
from serving.pages.cards import Cards
from serving.pages.reading.at_risk import AtRisk
from serving.pages.reading.months import Months
from serving.pages.reading.of_causes import RunCauses
from serving.pages.reading.of_journey import RunJourney

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["OfRun"]


class OfRun:
    """What pages read from one run.

    Parameters
    ----------
    run : LoadedRun
        Another run is another one of these.
    """

    def __init__(self, run: LoadedRun, /) -> None:
        self.run = run

    @cached_property
    def names(self) -> Names:
        """What KPIs are called."""
        try:
            catalogue = load_catalogue(self.run.company)
        except BatonError:  # results that were copied elsewhere, without the company's own KPIs
            catalogue = Catalogue((), ())
        return Names(catalogue, self.run.company.company.currency)

    @cached_property
    def sign_names(self) -> Names:
        """What KPIs are called, those too that count what a run's customers write about: predictions look at them."""
        causes = load_causes(self.run.folder.texts / "causes.json")
        return Names(with_causes(self.names.catalogue, causes), self.run.company.company.currency)

    @cached_property
    def cards(self) -> Cards:
        """Scorecards."""
        return Cards(self.run, self.names)

    @cached_property
    def harmful_levers(self) -> frozenset[str]:
        """Levers of which effects say that more customers leave."""
        effects = self.run.table("effects")
        return harmful_levers(None if effects is None else effects.select(["outcome", "kpi", "low"]).to_pandas())

    def what_if(self, customers: Collection[str], /) -> list[dict[str, Any]]:
        """Return what would change the predictions of some customers."""
        found = self.run.table("what_if")
        if found is None:
            return []
        import pyarrow as pa
        import pyarrow.compute as pc

        asked = pa.array(sorted(customers), type=pa.string())
        return plain_rows(found.filter(pc.is_in(found["customer_id"].cast("string"), value_set=asked)))

    @cached_property
    def causes(self) -> RunCauses:
        """Causes in texts."""
        return RunCauses(self.run, self.names)

    @cached_property
    def journey(self) -> RunJourney:
        """What cards see of the journey, and where cases wait."""
        return RunJourney(self.run, self.names)

    @cached_property
    def months(self) -> Months:
        """Months of people and teams."""
        return Months(self.run)

    @cached_property
    def lived_kpi(self) -> str | None:
        """A KPI of what customers live through of which months of teams are known; how they rate, where that is one."""
        kpis = [kpi.id for kpi in self.names.catalogue.with_role("outcome")]
        known = [kpi for kpi in kpis if self.months.has_teams(kpi)]
        return "csat" if "csat" in known else next(iter(known), None)

    @cached_property
    def advice_changes(self) -> pd.DataFrame | None:
        """What is different from the advice before; None where none came before."""
        table = self.run.table("advice_changes")
        return None if table is None or not table.num_rows else table.to_pandas()

    @cached_property
    def at_risk(self) -> AtRisk | None:
        """Customers by what is at stake; None where their leaving is not predicted better than by guessing."""
        return AtRisk.of(self.run)
