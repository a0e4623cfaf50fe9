"""What the pages stand on: the run, what answers from it, decisions, and who may see what."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from baton.company import Company
from baton.errors import BatonError
from baton.wording.wording import natural_order, verbatim
from serving.access.keeper import Keeper
from serving.access.principal import Principal
from serving.access.sight import Sight
from serving.access.sign_ins import SignIns
from serving.answering.work import Answering
from serving.corrections.store import Corrections
from serving.decisions.mounting import Decisions
from serving.decisions.moves import Kind
from serving.decisions.store import DecisionStore
from serving.loading import LoadedRun
from serving.notes.store import Notes
from serving.pages.cards import Cards
from serving.pages.reading.of_run import OfRun
from serving.readiness import required

__all__ = ["PagesOf", "in_order"]

_LOG = logging.getLogger("baton.serving")
_OF_TEAMS: tuple[Kind, ...] = ("weights", "target")
_NOW, _NEXT = "now", "next"


@dataclass(frozen=True)
class PagesOf:
    """What the pages of one company stand on.

    Parameters
    ----------
    company : Company
        Whose pages these are.
    keeper : Keeper
        Knows users and sessions, and has the audit log.
    run : callable
        Returns the loaded run, None while it is being loaded; raises if it cannot be.
    answering : Answering
        Answers what programs ask, and pages too: by the same rules.
    decisions : Decisions
        Has the store of decisions.
    """

    company: Company
    keeper: Keeper
    run: Callable[[], LoadedRun | None] = field(repr=False)
    answering: Answering = field(repr=False)
    decisions: Decisions = field(repr=False)

    @cached_property
    def sign_ins(self) -> SignIns:
        """Begins sessions."""
        return SignIns(self.keeper)

    @property
    def store(self) -> DecisionStore:
        """Decisions, by the same rules as for programs."""
        return self.decisions.store

    @property
    def notes(self) -> Notes:
        """Notes on customers at risk."""
        return Notes(self.keeper.audit)

    @property
    def corrections(self) -> Corrections:
        """Labels that people have corrected."""
        return Corrections(self.company, self.keeper.audit)

    def loaded(self) -> LoadedRun:
        """Return the run.

        Raises
        ------
        RunNotReady
            If there is none to be looked at yet.
        """
        return required(self.run)

    def named(self, team: str | None, /) -> str:
        """Return what people call a team, with its id; the id alone where there is no name, or no run to look it up."""
        try:
            run = self.run()
        except BatonError:
            run = None
        name = "" if run is None or team is None else run.members.name_of.get(team, "")
        return f"{name} ({team})" if name and name != team else team or ""

    def decisions_of_teams(self, who: Principal, /) -> list[dict[str, Any]]:
        """Return the decisions about teams that somebody may see; those about persons are on their own pages."""
        found = (row for kind in _OF_TEAMS for row in self.store.standing(who, kind))
        return [row for row in found if row["employee_id"] is None]

    def cards(self) -> Cards:
        """Return the run's scorecards; raises as ``read``."""
        return self.read().cards

    def read(self) -> OfRun:
        """Return what pages read from the run, once for each run.

        Raises
        ------
        RunNotReady
            If there is no run yet.
        """
        run = self.loaded()
        known = self._read.get(_NOW)
        if known is None or known.run is not run:
            warmed = self._read.pop(_NEXT, None)
            known = self._read[_NOW] = warmed if warmed is not None and warmed.run is run else OfRun(run)
        return known

    def warm(self, run: LoadedRun, /) -> None:
        """Read what the first pages of a run need before anybody waits for it; a fault is that page's own."""
        read = OfRun(run)
        for part in (
            lambda: read.at_risk,
            lambda: read.cards.of_team,
            lambda: read.lived_kpi,
            lambda: read.advice_changes,
            lambda: read.harmful_levers,
            lambda: read.journey.stages(frozenset()),
            lambda: read.causes.tables,
        ):
            try:
                part()
            except Exception as error:
                _LOG.warning("pages: %s: %s", type(error).__name__, error)
        self._read[_NEXT] = read

    @cached_property
    def _read(self) -> dict[str, OfRun]:
        return {}

    def sight(self, who: Principal, run: LoadedRun, /) -> Sight:
        """Return what somebody sees of the run."""
        return Sight(who, run.members, self.company.policy.min_group)


def in_order(teams: Iterable[str], named: Callable[[str], str], /) -> list[str]:
    """Return teams in the order of what people call them."""
    return sorted(teams, key=lambda team: natural_order(verbatim(named(team))))
