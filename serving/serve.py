"""Serving one company's run on one port, until it is stopped."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence

from baton.company import Company
from baton.errors import OutputError
from baton.files import RunFolder
from baton.filled_in import hides_filled_in
from baton.run_results import RUN

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
    ArtefactError
        If there is no run in the folder.
    OutputError
        If the port is taken or may not be used.
    """
    folder.require(RUN)
    with listen(host, port) as listener:
        import uvicorn

        from serving.connections import PatientProtocol
        from serving.hosts import LOCAL_HOSTS, host_names
        from serving.service import application

        names = (*LOCAL_HOSTS[:-1], host, *allowed_hosts)
        served = application(company, folder, hosts=names, announce=announce)
        announce(_where(host, port, sorted(host_names(names))))
        configuration = uvicorn.Config(
            served, http=PatientProtocol, log_level="warning", access_log=False, timeout_keep_alive=30
        )
        uvicorn.Server(configuration).run(sockets=[listener])


def _where(host: str, port: int, names: Sequence[str], /) -> str:
    place = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    if host in _HERE:
        return f"Serving on {place}, for this machine alone: there is no access control."
    return (
        f"Serving on {place}, without access control: whoever reaches it sees everything. "
        f"It answers under {', '.join(names)}; --allowed-host adds a name."
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
