"""The service for BentoML's own commands: ``bentoml serve serving.bento:service`` and ``bentoml build``.

Which company is served says the environment, since BentoML's commands take no options of ours: ``BATON_COMPANY`` (the
company file or its folder), ``BATON_OUT`` (the run's folder), ``BATON_HOSTS`` (names under which it answers besides
this machine's own, with commas between them). A Bento holds code alone: no company, no run, no secret.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from baton.company import Company
from baton.errors import ArtefactError, BatonError
from baton.files import DEFAULT_OUT, RunFolder
from serving.access.keeper import Keeper
from serving.hosts import LOCAL_HOSTS
from serving.loader import Loader
from serving.readiness import Readiness
from serving.refusals import Application, Receive, Scope, Send, error_body, refuse

__all__ = ["COMPANY_VARIABLE", "HOSTS_VARIABLE", "OUT_VARIABLE", "bento_service"]

COMPANY_VARIABLE = "BATON_COMPANY"
OUT_VARIABLE = "BATON_OUT"
HOSTS_VARIABLE = "BATON_HOSTS"

_NO_COMPANY = f"set {COMPANY_VARIABLE} to the company file or its folder"
_NO_ACCESS = (
    "nobody was granted access yet, and BentoML listens where others may come from: `baton access grant` gives the "
    "first token, `baton serve` serves this machine alone"
)


class _Idle(Readiness):
    """Says why nothing is served: no company is named, as while a Bento is being built."""

    def begin(self, *_: Any) -> Loader:
        def load() -> Any:
            raise ArtefactError(_NO_COMPANY)

        return super().begin(load)


def bento_service() -> Any:
    """Return the service, for the company of the environment.

    Raises
    ------
    CompanyFileError
        If its file does not say what it should.
    """
    from serving.service import build, known_paths

    # a home of BentoML's own, not one beside the company: its commands have looked for Bentos there already
    os.environ.setdefault("BENTOML_HOME", str(Path.home() / "bentoml"))
    company = _company()
    state = _Idle() if company is None else Readiness()
    settings = Company() if company is None else company
    out = os.environ.get(OUT_VARIABLE)
    folder = RunFolder(Path(out) if out else settings.folder / DEFAULT_OUT)
    named = [name.strip() for name in os.environ.get(HOSTS_VARIABLE, "").split(",") if name.strip()]
    service = build(settings, folder, hosts=(*LOCAL_HOSTS[:-1], *named), state=state)
    keeper = None if company is None else Keeper(company)

    kind: Any = type(service)

    class Whole(kind):
        """What BentoML's commands serve: the application that ``baton serve`` serves, and nothing without access."""

        __slots__ = ()

        def to_asgi(self, is_main: bool = True) -> Application:
            return _guarded(known_paths(super().to_asgi(is_main), state), keeper)

    service.__class__ = Whole
    service._import_str = "serving.bento:service"  # it is made in a function, where BentoML does not find it
    return service


def _company() -> Company | None:
    from baton.catalogue.kpi_names import open_company

    place = os.environ.get(COMPANY_VARIABLE)
    return open_company(Path(place)) if place else None


def _guarded(inside: Application, keeper: Keeper | None, /) -> Application:
    """Return an application that answers nothing as long as whoever comes would be taken for the local user."""

    async def outside(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in ("/livez", "/healthz"):
            await inside(scope, receive, send)
            return
        try:
            reason = _NO_COMPANY if keeper is None else "" if keeper.is_set_up else _NO_ACCESS
        except BatonError as error:
            reason = str(error)
        if reason:
            await refuse(send, 503, error_body("", reason))
        else:
            await inside(scope, receive, send)

    return outside


def __getattr__(name: str) -> Any:
    # importing a module opens no company; BentoML asks for the attribute
    if name != "service":
        raise AttributeError(name)
    found = globals()["service"] = bento_service()
    return found
