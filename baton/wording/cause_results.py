"""What the section on causes asks of a run's results: the report has all of it, a page as much as one may see."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from baton.catalogue.schema import Catalogue
from baton.company import Company
from baton.wording.wording import Bilingual

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CauseResults"]


class CauseResults(Protocol):
    """What a run has left on causes, as far as it may be shown."""

    @property
    def company(self) -> Company:
        """Whose run it is."""
        ...

    @property
    def catalogue(self) -> Catalogue:
        """Has the journey's stages."""
        ...

    @property
    def evaluation(self) -> Mapping[str, Any]:
        """How good predictions are, by outcome."""
        ...

    @property
    def staged(self) -> Collection[str]:
        """Names of the source tables that the run had."""
        ...

    @property
    def looked(self) -> Collection[str]:
        """Result tables that the run has made, with or without rows."""
        ...

    @property
    def causes(self) -> Mapping[str, dict[str, Any]]:
        """What is known of each cause: names, owner, stage, what measures it."""
        ...

    @property
    def cause_examples(self) -> Mapping[str, Sequence[str]]:
        """Masked texts per cause."""
        ...

    @property
    def cause_texts(self) -> Mapping[str, str]:
        """Masked texts of cases behind a new cause."""
        ...

    def get(self, name: str, /) -> pd.DataFrame | None:
        """Return a result table, None where there is none or it has no rows."""
        ...

    def cause_name(self, cause: str, /) -> Bilingual:
        """Return a cause's name."""
        ...

    def kpi_name(self, kpi: str, /) -> Bilingual:
        """Return a KPI's name."""
        ...

    def team_name(self, team_id: object, /) -> Bilingual:
        """Return a team's name."""
        ...

    def too_small(self, team_id: object, /) -> bool:
        """Whether a team's figures are not shown."""
        ...
