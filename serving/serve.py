"""Serving one company's run on one port, until it is stopped."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence

from baton.company import Company
from baton.errors import AccessError, OutputError
from baton.files import RunFolder
from baton.filled_in import hides_filled_in
from baton.run_results import RUN
from serving.access.keeper import Keeper

__all__ = ["listen", "serve"]

_BACKLOG = 1024
_HERE = ("127.0.0.1", "::1", "localhost")


@hides_filled_in
def serve(
    company: Company,
    folder: RunFolder,
    *,
    host: str = "127.0.0.1",
    port: int = 3000,
    allowed_hosts: Sequence[str] = (),
    announce: Callable[[str], None] = lambda _: None,
) -> None:
    """Serve predictions, advice and the report until interrupted.

    Parameters
    ----------
    folder : RunFolder
        Of a finished run.
    host, port : str, int
        Address to listen on.
    allowed_hosts : sequence of str
        Names under which it answers besides this machine's own and ``host``.
    announce : callable
        Takes the sentence that says where it listens and who may reach it.

    Raises
    ------
    AccessError
        If it is to listen beyond this machine while nobody was granted access.
    ArtefactError
        If there is no run in the folder.
    OutputError
        If the port is taken or may not be used.
    """
    folder.require(RUN)
    is_set_up = Keeper(company).is_set_up
    beyond = [f"--host {host}"] if host not in _HERE else [f"--allowed-host {name}" for name in allowed_hosts]
    if not is_set_up and beyond:
        raise AccessError(
            f"{', '.join(beyond)}: nobody was granted access yet, so whoever reaches it would see everything; give the "
            f"first token (`baton access grant NAME --role analyst --company {company.path}`), or leave the option out "
            "to serve this machine alone"
        )
    with listen(host, port) as listener:
        import uvicorn

        from serving.connections import PatientProtocol
        from serving.hosts import LOCAL_HOSTS, host_names
        from serving.service import application

        names = (*LOCAL_HOSTS[:-1], host, *allowed_hosts)
        served = application(company, folder, hosts=names, announce=announce)
        announce(_where(host, port, sorted(host_names(names)), is_set_up))
        configuration = uvicorn.Config(
            served, http=PatientProtocol, log_level="warning", access_log=False, timeout_keep_alive=30
        )
        uvicorn.Server(configuration).run(sockets=[listener])


def _where(host: str, port: int, names: Sequence[str], is_set_up: bool, /) -> str:
    place = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    if not is_set_up:
        return (
            f"Serving on {place}, for this machine alone: nobody was granted access yet, and whoever sits here sees "
            f"everything. Pages: {place}/pages/. `baton access grant` gives tokens."
        )
    return (
        f"Serving on {place}, for users with a token; people sign in at {place}/pages/. It answers under "
        f"{', '.join(names)}; --allowed-host adds a name."
    )


def listen(host: str, port: int, /) -> socket.socket:
    """Return a listening socket.

    Raises
    ------
    OutputError
        If the address cannot be listened on.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listener = socket.create_server((host, port), family=family, backlog=_BACKLOG)
        # inherited by every connection: else an answer's second packet waits 40 ms for the first to be confirmed
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listener
    except OSError as error:
        raise OutputError(
            f"{host}:{port}: cannot listen there ({error.strerror or error}); choose another --port or --host"
        ) from error
