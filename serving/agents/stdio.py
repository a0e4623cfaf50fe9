"""Tools over standard input and output, for an agent that starts Baton itself; nothing else is written there."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from baton.company import Company
from baton.files import RunFolder
from baton.filled_in import hides_filled_in
from baton.run_results import RUN
from serving.access.keeper import Keeper
from serving.access.principal import Principal
from serving.agents.tools import Tools, agent_server
from serving.answering.work import Answering
from serving.loader import fingerprint
from serving.loading import load_run
from serving.readiness import Readiness

__all__ = ["serve_agent"]


_LOADING_SECONDS = 600.0


@hides_filled_in
def serve_agent(
    company: Company, folder: RunFolder, /, *, token: str | None, announce: Callable[[str], None] = lambda _: None
) -> None:
    """Answer an agent until it closes its end.

    Parameters
    ----------
    folder : RunFolder
        Of a finished run.
    token : str or None
        Of the user for whom the agent asks; looked up again for each call, so that a revoked one ends at once.
    announce : callable
        Takes sentences for people; they must not go to standard output.

    Raises
    ------
    AccessError
        If access is set up and the token is not valid.
    ArtefactError
        If there is no run in the folder.
    """
    folder.require(RUN)
    keeper = Keeper(company)
    user = keeper.required_principal(token)
    name = "whoever sits at this machine" if user.is_local else f"{user.user} ({user.role})"
    announce(f"Answering an agent over standard input and output, for {name}.")
    readiness = Readiness(announce=announce)
    with _printed_elsewhere():
        readiness.begin(lambda: load_run(company, folder), lambda: fingerprint(company, folder)).wait(_LOADING_SECONDS)
    tools = Tools(Answering(keeper, readiness.run), readiness.state)
    import anyio

    anyio.run(_served, tools, keeper, token)


async def _served(tools: Tools, keeper: Keeper, token: str | None, /) -> None:
    from mcp.server.stdio import stdio_server

    def who(_: Any) -> Principal | None:
        return keeper.principal(token)

    server = agent_server(tools, who)
    # the library lets whatever is printed from here on go to standard error
    async with stdio_server() as (read, write):
        await server.run(read, write, server.create_initialization_options())


@contextmanager
def _printed_elsewhere() -> Iterator[None]:
    """Let whatever is printed go to standard error, by libraries that are not Python too."""
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)
