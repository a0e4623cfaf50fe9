"""Under which names the service answers: a page of somebody else's must not reach it by a name of its own."""

from __future__ import annotations

from collections.abc import Iterable

from serving.refusals import Scope

__all__ = ["LOCAL_HOSTS", "asked_host", "host_names"]

LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1", "testserver")
"""This machine, and the name that test clients without a network use."""

_EVERYWHERE = ("", "0.0.0.0", "::")  # addresses to listen on that nobody asks for by name
_LONGEST = 80  # of a host that is shown again


def host_names(hosts: Iterable[str], /) -> frozenset[str]:
    """Return names as they are compared: small letters, no brackets, no port, no full stop at the end.

    Examples
    --------
    >>> sorted(host_names(["Baton.Example.", "[::1]", "10.0.0.7:3000", "0.0.0.0"]))
    ['10.0.0.7', '::1', 'baton.example']
    """
    return frozenset(_name(host) for host in hosts) - set(_EVERYWHERE)


def asked_host(scope: Scope, /) -> str:
    """Return the host that a request asks for; empty where it names none, or several."""
    named = [value for name, value in scope["headers"] if name == b"host"]
    return _name(named[0].decode("latin-1"))[:_LONGEST] if len(named) == 1 else ""


def _name(host: str, /) -> str:
    host = host.strip().lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    name = host.partition(":")[0] if host.count(":") == 1 else host
    return name.rstrip(".")
