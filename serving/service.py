"""The service: BentoML around the answers; what is wrong with a request is told in one table of HTTP codes."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from baton.company import Company
from baton.errors import ArtefactError, BatonError, OutputError, PolicyError, RequestError, SourceError, UnknownIdError
from baton.files import RunFolder
from serving.answers import answer_churn, answer_coaching, answer_decline, answer_weights
from serving.answers_texts import answer_complaints, answer_conversation
from serving.description import describe
from serving.gate import OURS, Application, Gate, Receive, Scope, Send, error_body
from serving.loading import LoadedRun, Loader, load_run
from serving.metrics import count_in_one_process
from serving.page import page_app
from serving.payloads import (
    ChurnAnswer,
    ChurnRequest,
    CoachingAnswer,
    CoachingRequest,
    DeclineAnswer,
    DeclineRequest,
    WeightsAnswer,
    WeightsRequest,
)
from serving.payloads_texts import ComplaintsAnswer, ComplaintsRequest, ConversationAnswer, ConversationRequest

if TYPE_CHECKING:
    from starlette.responses import Response

__all__ = ["application", "build"]

ROUTES = {
    "/predict_churn": ChurnRequest,
    "/predict_decline": DeclineRequest,
    "/recommend_weights": WeightsRequest,
    "/recommend_coaching": CoachingRequest,
    "/classify_complaints": ComplaintsRequest,
    "/assess_conversation": ConversationRequest,
}
ANSWERS = {
    "/predict_churn": ChurnAnswer,
    "/predict_decline": DeclineAnswer,
    "/recommend_weights": WeightsAnswer,
    "/recommend_coaching": CoachingAnswer,
    "/classify_complaints": ComplaintsAnswer,
    "/assess_conversation": ConversationAnswer,
}
# the first that fits counts
CODES: tuple[tuple[type[BatonError], int], ...] = (
    (UnknownIdError, 404),
    (RequestError, 400),
    (ArtefactError, 404),
    (OutputError, 503),
    (SourceError, 503),
)
_THREADS = 4
_LONGEST_SECONDS = 120


def build(company: Company, folder: RunFolder, /) -> Any:
    """Return the BentoML service of one company's run; it begins to load when its application starts.

    Parameters
    ----------
    company : Company
    folder : RunFolder

    Returns
    -------
    bentoml.Service
        ``to_asgi()`` gives the application; ``application`` what is to be served.
    """
    os.environ.setdefault("BENTOML_DO_NOT_TRACK", "True")
    os.environ.setdefault("BENTOML_HOME", str(_scratch(company)))
    import bentoml

    def answer(request: Any, how: Callable[[LoadedRun, Any], dict[str, Any]], loader: Loader) -> Response:
        return _answered(loader, how, request)

    count_in_one_process()

    @bentoml.service(name="baton", threads=_THREADS, traffic={"timeout": _LONGEST_SECONDS})
    class Baton:
        """Who is about to leave, where service is about to decline, what drives it, and what to do about it."""

        def __init__(self) -> None:
            self.loader = Loader(lambda: load_run(company, folder))
            self.loader.start()

        @bentoml.api
        def predict_churn(self, request: ChurnRequest, /) -> ChurnAnswer:
            """Tell how probable it is that each customer leaves within the horizon."""
            return answer(request, answer_churn, self.loader)  # type: ignore[return-value]

        @bentoml.api
        def predict_decline(self, request: DeclineRequest, /) -> DeclineAnswer:
            """Tell how probable it is that each unit's service declines within the horizon."""
            return answer(request, answer_decline, self.loader)  # type: ignore[return-value]

        @bentoml.api
        def recommend_weights(self, request: WeightsRequest, /) -> WeightsAnswer:
            """Tell what a team's scorecards should pay for, under the company's policy or another."""
            return answer(request, answer_weights, self.loader)  # type: ignore[return-value]

        @bentoml.api
        def recommend_coaching(self, request: CoachingRequest, /) -> CoachingAnswer:
            """Tell who needs help with what."""
            return answer(request, answer_coaching, self.loader)  # type: ignore[return-value]

        @bentoml.api
        def classify_complaints(self, request: ComplaintsRequest, /) -> ComplaintsAnswer:
            """Tell what customers' texts are about, or that it is not clear."""
            return answer(request, answer_complaints, self.loader)  # type: ignore[return-value]

        @bentoml.api
        def assess_conversation(self, request: ConversationRequest, /) -> ConversationAnswer:
            """Tell how a conversation is going while the customer is still there, by the customer's words alone."""
            return answer(request, answer_conversation, self.loader)  # type: ignore[return-value]

        def __is_ready__(self) -> bool:
            try:
                return self.loader.run is not None
            except BatonError:
                return False

    def description() -> dict[str, Any]:
        return describe(Baton.openapi_spec.asdict(), ROUTES, ANSWERS)

    Baton.mount_asgi_app(page_app(folder, description), path="/")
    Baton.add_asgi_middleware(Gate, models=ROUTES)
    return Baton


def _scratch(company: Company, /) -> Path:
    """Return where BentoML may keep what it wants to keep: it makes folders, even where there is nothing to keep."""
    place = company.folder / ".baton" / "bentoml"
    writable = os.access(place if place.exists() else company.folder, os.W_OK)
    return place if writable else Path(tempfile.gettempdir()) / "baton-bentoml"


def application(company: Company, folder: RunFolder, /) -> Application:
    """Return the application to be served: the service, for paths that it knows.

    BentoML counts requests per path, so that a scan of a million paths would make a million counters.
    """
    inside: Application = build(company, folder).to_asgi()
    known = {*ROUTES, "/", "/docs.json", "/schema.json", "/metrics", "/livez", "/readyz", "/healthz"}

    async def outside(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] not in known:
            scope = {**scope, "path": "/unknown", "raw_path": b"/unknown"}
        await inside(scope, receive, send)

    return outside


def _answered(loader: Loader, how: Callable[[LoadedRun, Any], dict[str, Any]], request: Any, /) -> Response:
    try:
        run = loader.run
    except BatonError as error:
        return _response(503, error_body("", str(error)))
    if run is None:
        return _response(503, error_body("", "the run is still being loaded; come back in a second"))
    try:
        return _response(200, how(run, request))
    except BatonError as error:
        code = next((code for kind, code in CODES if isinstance(error, kind)), 400)
        field = "policy" if isinstance(error, PolicyError) else getattr(error, "field", "")
        return _response(code, error_body(field, str(error)))


def _response(code: int, body: dict[str, Any], /) -> Response:
    from starlette.responses import Response

    headers = {} if code < 400 else {OURS.decode(): "1"}
    if code == 503:
        headers["retry-after"] = "2"
    content = json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Response(content, code, headers, "application/json")
