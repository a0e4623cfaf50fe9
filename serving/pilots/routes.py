"""Pilots over HTTP: ``/pilots``, for whoever the door has found out to be asking.

Planning and evaluating read all cases of a year or more: they are done where the run lies, by ``baton pilot``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from serving.access.principal import Principal
from serving.decisions.asking import KEY, Asking, answered, validated
from serving.pilots.payloads import PilotListQuestion, PilotMoveRequest
from serving.pilots.store import PilotStore

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

__all__ = ["pilot_routes"]


def pilot_routes(store: Callable[[], PilotStore], /) -> list[Route]:
    """Return the routes below ``/pilots``, for a Starlette application behind the gate.

    Parameters
    ----------
    store : callable
        Returns the store; asked for each request, in a thread of its own, since it may open a database.
    """
    from starlette.routing import Route

    api = _Api(store)
    return [
        Route("/pilots", api.find, methods=["GET"]),
        Route("/pilots/ledger", api.ledger, methods=["GET"]),
        Route("/pilots/{name}", api.get, methods=["GET"]),
        Route("/pilots/{name}/{move}", api.move, methods=["POST"]),
    ]


class _Api(Asking[PilotStore]):
    """The handlers."""

    async def find(self, request: Request) -> Response:
        """List pilots."""

        async def work(who: Principal) -> tuple[int, dict[str, Any]]:
            question = validated(PilotListQuestion, dict(request.query_params))
            return 200, {"rows": await self.threaded(lambda: self.store().find(who, question.state))}

        return await answered(request, work)

    async def ledger(self, request: Request) -> Response:
        """Show what was predicted and what came."""

        async def work(who: Principal) -> tuple[int, dict[str, Any]]:
            return 200, await self.threaded(lambda: self.store().ledger(who))

        return await answered(request, work)

    async def get(self, request: Request) -> Response:
        """Show a pilot."""

        async def work(who: Principal) -> tuple[int, dict[str, Any]]:
            return 200, await self.threaded(lambda: self.store().get(who, request.path_params["name"]))

        return await answered(request, work)

    async def move(self, request: Request) -> Response:
        """Move a pilot on."""

        async def work(who: Principal) -> tuple[int, dict[str, Any]]:
            asked = await self.body(request, PilotMoveRequest)
            name, key = request.path_params["name"], request.headers.get(KEY)
            step = asked.asked(request.path_params["move"])
            return await self.threaded(lambda: self.store().move(who, name, step, key))

        return await answered(request, work)
