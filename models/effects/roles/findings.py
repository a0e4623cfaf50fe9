"""What was found about declared roles and arrows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from baton.catalogue.schema import Catalogue
from baton.messages.message import Message, Name

__all__ = ["DECLARED", "Roles", "name_of"]

DECLARED = {"mediator": "role.mediator", "outcome": "role.outcome"}
"""What a KPI is declared as, where it behaves as a lever."""


def name_of(catalogue: Catalogue, kpi: str, /) -> Name:
    """Return what a KPI is called in both languages."""
    return Name(catalogue[kpi].name.en, catalogue[kpi].name.zh)


@dataclass(frozen=True)
class Roles:
    """Declared roles and arrows that the data speak against.

    Parameters
    ----------
    reports : mapping of str to Message
        Declared levers that behave as outcomes, and why that is thought.
    acts : mapping of str to Message
        Declared outcomes and mediators that behave as levers, and why that is thought.
    arrows : tuple of Message
        Declared arrows between KPIs that have nothing to do with each other.
    """

    reports: Mapping[str, Message] = field(default_factory=dict)
    acts: Mapping[str, Message] = field(default_factory=dict)
    arrows: tuple[Message, ...] = ()

    def notes(self, catalogue: Catalogue, /) -> tuple[Message, ...]:
        """Name what was found, one sentence each.

        Parameters
        ----------
        catalogue : Catalogue
            As it is declared.
        """
        levers = [
            Message("roles.reports", {"kpi": name_of(catalogue, kpi), "why": why}) for kpi, why in self.reports.items()
        ]
        others = [
            Message(
                "roles.found_to_act",
                {"kpi": name_of(catalogue, kpi), "why": why, "role": Message(DECLARED[catalogue[kpi].role])},
            )
            for kpi, why in self.acts.items()
        ]
        return (*levers, *others, *self.arrows)

    def applied(self, catalogue: Catalogue, /) -> Catalogue:
        """Return the catalogue with the roles that the data speak for."""
        if not self.reports and not self.acts:
            return catalogue
        roles = {**dict.fromkeys(self.reports, "outcome"), **dict.fromkeys(self.acts, "lever")}
        kpis = tuple(
            kpi.model_copy(update={"role": roles[kpi.id]}) if kpi.id in roles else kpi for kpi in catalogue.values()
        )
        return Catalogue(kpis, catalogue.stages, catalogue.actions, catalogue.notes)
