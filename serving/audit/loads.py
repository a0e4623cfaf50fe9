"""Which run and models answer from now on: a row of the audit log whenever the service loads them."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from baton.errors import BatonError
from serving.access.principal import Principal

if TYPE_CHECKING:
    from serving.access.keeper import Keeper
    from serving.loading import LoadedRun

__all__ = ["SERVICE", "record_load"]

SERVICE = Principal("baton", "service")
"""Who acts where nobody asked: the service by itself."""

_LOG = logging.getLogger("baton.serving")
_SAYS = ("finished_at", "settings", "catalogue", "code", "inputs")  # of `run.json`: digests, and when it ended


def record_load(keeper: Keeper, run: LoadedRun, /) -> LoadedRun:
    """Write which versions of models and data answer, and return the run.

    Where nobody was granted access, there is nobody to account to.

    A database that is away stops no loading: nobody is let in as long as it is.
    """
    from serving.audit.log import Entry

    known = run.results.run
    about: dict[str, Any] = {name: known[name] for name in _SAYS if name in known}
    detail = {"model": [row["model"] for row in run.models()], "run": about}
    try:
        if keeper.is_set_up:
            audit = keeper.audit
            with audit.state.writing() as session:
                audit.append(session, Entry("load", SERVICE, detail=detail))
    except BatonError as error:
        _LOG.error("what is served from now on could not be written into the audit log: %s", error)
    return run
