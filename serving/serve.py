"""Serving one company's run on one port, until it is stopped."""

from __future__ import annotations

import socket

from baton.company import Company
from baton.errors import OutputError
from baton.files import RunFolder

__all__ = ["listen", "serve"]


def serve(company: Company, folder: RunFolder, *, host: str = "127.0.0.1", port: int = 3000) -> None:
    """Serve predictions, advice and the report until interrupted.

    Parameters
    ----------
    company : Company
    folder : RunFolder
        Of a finished run.
    host, port : str, int
        Address to listen on.

    Raises
    ------
    ArtefactError
        If there is no run in the folder.
    OutputError
        If the port is taken or may not be used.
    """
    folder.require("run.json")
    with listen(host, port) as listener:
        import uvicorn

        from serving.service import application

        served = application(company, folder)
        configuration = uvicorn.Config(served, log_level="warning", access_log=False, timeout_keep_alive=30)
        uvicorn.Server(configuration).run(sockets=[listener])


def listen(host: str, port: int, /) -> socket.socket:
    """Return a listening socket.

    Raises
    ------
    OutputError
        If the address cannot be listened on.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise OutputError(
            f"{host}:{port}: cannot listen there ({error.strerror or error}); choose another --port or --host"
        ) from error
