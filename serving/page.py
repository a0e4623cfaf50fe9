"""What the service shows: the manager's page at the root, what is mounted, and the description of the rest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from baton.files import RunFolder
from serving.refusals import Application

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

__all__ = ["ASKED_PATH", "page_app"]

ASKED_PATH = "baton.path"
"""Key of the scope for the path that was asked for below a mounted application: ``path`` is that of the application, so
that whoever counts requests by their path makes no counter for each decision."""

_ABSENT = (
    "<!doctype html><html lang=en><meta charset=utf-8><title>Baton</title>"
    "<p>There is no report in this run's folder yet: <code>baton run</code> writes it.</p></html>"
)
# the report is one file without network: nothing else may be loaded, framed or sent from it
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; font-src data:; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
_HEADERS = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}


def page_app(
    folder: RunFolder, description: Callable[[], dict[str, Any]], mounted: Mapping[str, Application], /
) -> Starlette:
    """Return the application that shows a run's report and the OpenAPI description.

    Parameters
    ----------
    folder : RunFolder
        Read anew for each visitor, so that a new run's report is shown without a restart.
    description : callable
        Returns the OpenAPI document.
    mounted : mapping of str to application
        By path what answers below it; whatever was asked for below comes as that path, and ``ASKED_PATH`` has it.
    """
    from starlette.applications import Starlette
    from starlette.responses import FileResponse, HTMLResponse, JSONResponse
    from starlette.routing import Route

    async def report(request: Request) -> Response:
        page = folder.file("report.html")
        if not page.is_file():
            return HTMLResponse(_ABSENT, status_code=200, headers=_HEADERS)
        return FileResponse(page, media_type="text/html; charset=utf-8", headers=_HEADERS)

    async def docs(request: Request) -> Response:
        return JSONResponse(description())

    return Starlette(
        routes=[
            Route("/", report, methods=["GET"]),
            Route("/report", report, methods=["GET"]),
            Route("/docs.json", docs, methods=["GET"]),
            *(Route(path, application) for path, application in mounted.items()),
        ]
    )
