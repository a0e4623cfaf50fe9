"""Decisions over HTTP: ``/decisions``, for whoever the door has found out to be asking."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from serving.access.principal import Principal
from serving.decisions.asking import KEY, Asking, answered, validated
from serving.decisions.payloads import AdviceQuestion, ListQuestion, MoveRequest, ProposalRequest
from serving.decisions.store import DecisionStore

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

__all__ = ["decision_routes"]


def decision_routes(store: Callable[[], DecisionStore], /) -> list[Route]:
    """Return the routes below ``/decisions``, for a Starlette application behind the gate.

    ``serving.access.principal.PRINCIPAL`` must be set for each request; without it nobody sees anything.

    Parameters
    ----------
    store : callable
        Returns the store; asked for each request, in a thread of its own, since it may open a database.
    """
    from starlette.routing import Route

    api = _Api(store)
    return [
        Route("/decisions", api.find, methods=["GET"]),
        Route("/decisions", api.propose, methods=["POST"]),
        Route("/decisions/advice", api.advised, methods=["GET"]),
        Route("/decisions/{id}", api.get, methods=["GET"]),
        Route("/decisions/{id}/{move}", api.move, methods=["POST"]),
    ]


class _Api(Asking[DecisionStore]):
    """The handlers."""

    async def find(self, request: Request) -> Response:
        """List decisions."""

        async def work(who: Principal) -> tuple[int, dict[str, Any]]:
            question = validated(ListQuestion, dict(request.query_params))
            return 200, await self.threaded(lambda: self.store().find(who, question))

        return await answered(request, work)

    async def advised(self, request: Request) -> Response:
        """Show an advice that can be decided on."""

        async def work(who: Principal) -> tuple[int, dict[str, Any]]:
            question = validated(AdviceQuestion, dict(request.query_params))
            return 200, await self.threaded(lambda: self.store().advised(who, question))

        return await answered(request, work)

    async def get(self, request: Request) -> Response:
        """Show a decision."""

        async def work(who: Principal) -> tuple[int, dict[str, Any]]:
            return 200, await self.threaded(lambda: self.store().get(who, request.path_params["id"]))

        return await answered(request, work)

    async def propose(self, request: Request) -> Response:
        """Begin a decision."""

        async def work(who: Principal) -> tuple[int, dict[str, Any]]:
            asked = await self.body(request, ProposalRequest)
            key = request.headers.get(KEY)
            return await self.threaded(lambda: self.store().propose(who, asked, key))

        return await answered(request, work)

    async def move(self, request: Request) -> Response:
        """Move a decision on."""

        async def work(who: Principal) -> tuple[int, dict[str, Any]]:
            asked = await self.body(request, MoveRequest)
            of, name = request.path_params["id"], request.path_params["move"]
            return await self.threaded(lambda: self.store().move(who, of, name, asked, request.headers.get(KEY)))

        return await answered(request, work)
