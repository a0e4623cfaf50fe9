"""Pilots over HTTP: ``/pilots``, for whoever the door has found out to be asking.

Planning and evaluating read all cases of a year or more: they are done where the run lies, by ``baton pilot``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from baton.messages.message import Message
from serving.access.principal import Principal
from serving.decisions.asking import KEY, Asking, answered, validated
from serving.decisions.refused import NotFound
from serving.pilots.payloads import PilotListQuestion, PilotMoveRequest, PolicyChangesQuestion
from serving.pilots.store import PilotStore
from serving.policy.shapes import as_document, differences, summary_of
from serving.policy.versions import Version

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

__all__ = ["pilot_routes"]


def pilot_routes(store: Callable[[], PilotStore], company: str, /) -> list[Route]:
    """Return the routes below ``/pilots``, for a Starlette application behind the gate.

    Parameters
    ----------
    store : callable
        Returns the store; asked for each request, in a thread of its own, since it may open a database.
    company : str
        Its name.
    """
    from starlette.routing import Route

    api = _Api(store, company)
    return [
        Route("/pilots", api.find, methods=["GET"]),
        Route("/pilots/ledger", api.ledger, methods=["GET"]),
        # before those by name: no pilot is called ledger or policy here
        Route("/pilots/policy", api.policy, methods=["GET"]),
        Route("/pilots/policy/{version}", api.policy_version, methods=["GET"]),
        Route("/pilots/policy/{version}/changes", api.policy_changes, methods=["GET"]),
        Route("/pilots/{name}", api.get, methods=["GET"]),
        Route("/pilots/{name}/{move}", api.move, methods=["POST"]),
    ]


class _Api(Asking[PilotStore]):
    """The handlers."""

    def __init__(self, store: Callable[[], PilotStore], company: str, /) -> None:
        super().__init__(store)
        self.company = company

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

    async def policy(self, request: Request) -> Response:
        """List the versions of the policy."""

        async def work(who: Principal) -> tuple[int, dict[str, Any]]:
            versions = await self.threaded(lambda: self.store().policy(who))
            return 200, {"rows": [summary_of(version) for version in versions]}

        return await answered(request, work)

    async def policy_version(self, request: Request) -> Response:
        """Show a version of the policy whole."""

        async def work(who: Principal) -> tuple[int, dict[str, Any]]:
            versions = await self.threaded(lambda: self.store().policy(who))
            version = _version_of(versions, request.path_params["version"])
            return 200, as_document(version, self.company)

        return await answered(request, work)

    async def policy_changes(self, request: Request) -> Response:
        """Show what differs between two versions."""

        async def work(who: Principal) -> tuple[int, dict[str, Any]]:
            question = validated(PolicyChangesQuestion, dict(request.query_params))
            versions = await self.threaded(lambda: self.store().policy(who))
            after = _version_of(versions, request.path_params["version"])
            return 200, {"rows": differences(_version_of(versions, str(question.since)), after)}

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


def _version_of(versions: Sequence[Version], name: str, /) -> Version:
    """Return a version by its number, or the newest.

    Raises
    ------
    NotFound
        If there is none of that number.
    """
    if name == "newest" and versions:
        return versions[-1]
    number = int(name) if name.isascii() and name.isdigit() and len(name) < 7 else 0
    found = next((version for version in versions if version.number == number), None)
    if found is None:
        raise NotFound(Message("piloting.no_version", {"n": len(versions)}))
    return found
