"""What the tests of roles look at: adjusted cases, within them and between people."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from baton.catalogue.schema import Catalogue
from models.effects.estimators.design import Design
from models.effects.estimators.moments import Moments
from models.effects.roles.between_people import OwnShare, own_share
from models.effects.roles.single_cases import Reported, SingleCases

__all__ = ["MIN_LEVERS", "Looked"]

MIN_LEVERS = 3
"""Levers that a report must be moved by: one or two may simply lead to another lever."""


@dataclass(frozen=True)
class Looked:
    """Declared levers first, then what is declared as something else and could be one.

    Parameters
    ----------
    seed : int
        Of draws of people.
    """

    catalogue: Catalogue
    design: Design
    moments: Moments
    cases: SingleCases
    seed: int

    def column(self, kpi: str, /) -> int:
        """Return the KPI's column in the design."""
        return self.design.levers.index(kpi)

    def of_handler(self, kpi: str, /) -> bool:
        """Return whether its values are the handler's figures, not the case's own."""
        return bool(self.design.handler_level[self.column(kpi)])

    def leads(self, one: str, other: str, /) -> bool:
        """Return whether one KPI is declared to lead to the other, directly or not."""
        return other in self.design.children.get(one, ())

    def reported(self, kpi: str, levers: list[str], /) -> Reported | None:
        """Return what moves a KPI in single cases besides what is declared to; None where that cannot be seen."""
        if self.of_handler(kpi):
            return None
        others = [
            self.column(lever)
            for lever in levers
            if not (lever == kpi or self.leads(lever, kpi) or self.leads(kpi, lever) or self.of_handler(lever))
        ]
        return self.cases.reported(self.column(kpi), others, self._related) if len(others) >= MIN_LEVERS else None

    def own(self, kpi: str, levers: list[str], /) -> OwnShare | None:
        """Return how far people differ in a KPI by themselves; what it leads to is left out."""
        others = [self.column(lever) for lever in levers if lever != kpi and not self.leads(kpi, lever)]
        return own_share(self.moments, self.column(kpi), others, self.seed)

    @cached_property
    def _related(self) -> NDArray[np.bool_]:
        levers = self.design.levers
        one_way = np.array([[self.leads(one, two) for two in levers] for one in levers])
        return one_way | one_way.T
