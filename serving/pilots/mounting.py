"""Pilots as one application, to be mounted in the service behind the gate and the door."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

from baton.company import Company
from serving.access.keeper import Keeper
from serving.loading import LoadedRun
from serving.page import ASKED_PATH
from serving.pilots.cards import frame_of
from serving.pilots.opening import limits_of_policy
from serving.pilots.routes import pilot_routes
from serving.pilots.store import PilotStore
from serving.readiness import required
from serving.refusals import Receive, Scope, Send

__all__ = ["Pilots"]


class Pilots:
    """ASGI application of everything below ``/pilots``.

    Parameters
    ----------
    company : Company
        Whose policy is the frame of cards.
    keeper : Keeper
        Has the state and the audit log, which are opened at the first request.
    run : callable
        Returns the loaded run, None while it is being loaded; raises if it cannot be.
    """

    def __init__(self, company: Company, keeper: Keeper, run: Callable[[], LoadedRun | None], /) -> None:
        from starlette.routing import Router

        self._company = company
        self._keeper = keeper
        self._run = run
        self._router = Router(pilot_routes(lambda: self.store, company.company.name))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        await self._router({**scope, "path": scope.get(ASKED_PATH, scope["path"])}, receive, send)

    @cached_property
    def store(self) -> PilotStore:
        """The pilots; opened at first use."""
        return PilotStore(
            self._keeper.state,
            self._keeper.audit.append,
            team_of=self._team_of,
            frame=frame_of(lambda: self._loaded().advice, self._company.policy),
            limits=limits_of_policy(self._company),
        )

    def _team_of(self, person: str, /) -> str | None:
        return self._loaded().members.team_of.get(person)

    def _loaded(self) -> LoadedRun:
        """Return the run: without one nobody knows who is in which team, and so who may approve."""
        return required(self._run)
