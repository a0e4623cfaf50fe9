"""Decisions as one application, to be mounted in the service behind the gate and the door."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

from baton.company import Company
from serving.access.keeper import Keeper
from serving.decisions.advice import RunAdvice
from serving.decisions.routes import decision_routes
from serving.decisions.store import DecisionStore
from serving.loading import LoadedRun
from serving.page import ASKED_PATH
from serving.readiness import required
from serving.refusals import Receive, Scope, Send

__all__ = ["Decisions"]


class Decisions:
    """ASGI application of everything below ``/decisions``.

    Parameters
    ----------
    company : Company
        Says within how many days a contest is to be answered.
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
        self._known: RunAdvice | None = None
        self._router = Router(decision_routes(lambda: self.store))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        await self._router({**scope, "path": scope.get(ASKED_PATH, scope["path"])}, receive, send)

    @cached_property
    def store(self) -> DecisionStore:
        """The decisions; opened at first use."""
        audit, days = self._keeper.audit, self._company.access.answer_days
        return DecisionStore(self._keeper.state, self._advice, audit.append, answer_days=days)

    def _advice(self) -> RunAdvice:
        """Return what the run advises; what is read of it is kept as long as it is the same run."""
        run = required(self._run)
        known = self._known
        if known is None or known.run is not run:
            known = self._known = RunAdvice(run)
        return known
