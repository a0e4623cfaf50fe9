"""The service: BentoML around the answers; what is wrong with a request is answered from one table of HTTP codes."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from baton.company import Company
from baton.errors import (
    ArtefactError,
    BatonError,
    DeniedError,
    OutputError,
    PolicyError,
    RequestError,
    SourceError,
    UnknownIdError,
)
from baton.files import RunFolder
from serving.access.door import Door, Limits
from serving.access.keeper import Keeper
from serving.access.principal import PRINCIPAL, Principal
from serving.access.sight import Sight
from serving.access.views import people_shown, record_views
from serving.answers import answer_churn, answer_coaching, answer_decline, answer_trial, answer_weights
from serving.answers_texts import answer_complaints, answer_conversation
from serving.decisions.mounting import ASKED_PATH, Decisions
from serving.description import describe
from serving.gate import Gate, handed_on
from serving.hosts import LOCAL_HOSTS
from serving.lanes import Busy, Check, Lane, Stopped
from serving.loader import fingerprint
from serving.loading import LoadedRun, load_run
from serving.metrics import count_in_one_process
from serving.page import page_app
from serving.payloads import (
    ChurnAnswer,
    ChurnRequest,
    CoachingAnswer,
    CoachingRequest,
    DeclineAnswer,
    DeclineRequest,
    TrialAnswer,
    TrialRequest,
    WeightsAnswer,
    WeightsRequest,
)
from serving.payloads_texts import ComplaintsAnswer, ComplaintsRequest, ConversationAnswer, ConversationRequest
from serving.readiness import LOADING, Readiness
from serving.refusals import OURS, Application, Receive, Scope, Send, error_body

if TYPE_CHECKING:
    from starlette.responses import Response

__all__ = ["application", "build"]

ROUTES = {
    "/predict_churn": ChurnRequest,
    "/predict_decline": DeclineRequest,
    "/recommend_weights": WeightsRequest,
    "/recommend_coaching": CoachingRequest,
    "/simulate_weights": TrialRequest,
    "/classify_complaints": ComplaintsRequest,
    "/assess_conversation": ConversationRequest,
}
_PATHS = {model: path for path, model in ROUTES.items()}
ANSWERS = {
    "/predict_churn": ChurnAnswer,
    "/predict_decline": DeclineAnswer,
    "/recommend_weights": WeightsAnswer,
    "/recommend_coaching": CoachingAnswer,
    "/simulate_weights": TrialAnswer,
    "/classify_complaints": ComplaintsAnswer,
    "/assess_conversation": ConversationAnswer,
}
# the first that fits counts
CODES: tuple[tuple[type[BatonError], int], ...] = (
    (UnknownIdError, 404),
    (DeniedError, 403),
    (RequestError, 400),
    (ArtefactError, 404),
    (OutputError, 503),
    (SourceError, 503),
)
_DECISIONS = "/decisions"  # it, and all below it
# of these actions one must be allowed; rows are asked for one by one behind
_ACTIONS = {
    "/": ("report",),
    "/docs.json": ("describe",),
    "/schema.json": ("describe",),
    "/metrics": ("metrics",),
    _DECISIONS: ("read_decision", "read_decision_of_person"),
    "/predict_churn": ("churn_of_customer", "churn_of_features"),
    "/predict_decline": ("decline_of_team", "decline_of_person", "decline_of_other"),
    "/recommend_weights": ("weights", "own_card"),
    "/recommend_coaching": ("coaching_of_team", "coaching_of_person"),
    "/simulate_weights": ("try_weights",),
    "/classify_complaints": ("classify",),
    "/assess_conversation": ("conversation",),
}

_MAX_SECONDS = 120  # of anything; what reads texts gives up before
_FEW_ROWS = 20  # up to so many rows a prediction takes less time than handing it to a thread and back


@dataclass(frozen=True)
class _Work:
    """What one route does, and where.

    Parameters
    ----------
    how : callable
        The answer, from the run, the request, what who asks may see, and what is to be called between long work.
    lane : str
        Whose threads do it.
    """

    how: Callable[[LoadedRun, Any, Sight, Check], dict[str, Any]]
    lane: str


def _unchecked(how: Callable[[LoadedRun, Any, Sight], dict[str, Any]], /) -> _Work:
    return _Work(lambda run, request, sight, _: how(run, request, sight), "requests")


_WORK = {
    ChurnRequest: _unchecked(answer_churn),
    DeclineRequest: _unchecked(answer_decline),
    WeightsRequest: _unchecked(answer_weights),
    CoachingRequest: _unchecked(answer_coaching),
    TrialRequest: _unchecked(answer_trial),
    ComplaintsRequest: _Work(lambda run, request, _, check: answer_complaints(run, request, check), "texts"),
    ConversationRequest: _Work(answer_conversation, "conversations"),
}


def _lanes() -> dict[str, Lane]:
    """Return threads by kind of work: texts take seconds, and who asks for a prediction is not to wait for them."""
    return {
        "requests": Lane("requests", threads=4, max_waiting=64, max_seconds=_MAX_SECONDS - 20),
        "texts": Lane("texts", threads=1, max_waiting=8, max_seconds=_MAX_SECONDS - 20),
        "conversations": Lane("conversations", threads=2, max_waiting=16, max_seconds=30),
    }


def build(
    company: Company, folder: RunFolder, /, *, hosts: Collection[str] = LOCAL_HOSTS, state: Readiness | None = None
) -> Any:
    """Return the BentoML service of one company's run; it begins to load when its application starts.

    Parameters
    ----------
    hosts : collection of str
        Names under which it answers.
    state : Readiness, optional
        Gets what loads the run.

    Returns
    -------
    bentoml.Service
        ``to_asgi()`` gives the application; ``application`` what is to be served.
    """
    os.environ.setdefault("BENTOML_DO_NOT_TRACK", "True")
    os.environ.setdefault("BENTOML_HOME", str(_scratch(company)))
    import bentoml

    count_in_one_process()
    readiness = Readiness() if state is None else state
    keeper = Keeper(company)

    @bentoml.service(name="baton", traffic={"timeout": _MAX_SECONDS})
    class Baton:
        """Who is about to leave, where service is about to decline, what drives it, and what to do about it."""

        def __init__(self) -> None:
            self.lanes = _lanes()
            self.keeper = keeper
            self.loader = readiness.begin(lambda: load_run(company, folder), lambda: fingerprint(company, folder))

        @bentoml.api
        async def predict_churn(self, request: ChurnRequest, /) -> ChurnAnswer:
            """Tell how probable it is that each customer leaves within the horizon."""
            return await _answered(self, request)

        @bentoml.api
        async def predict_decline(self, request: DeclineRequest, /) -> DeclineAnswer:
            """Tell how probable it is that each unit's service declines within the horizon."""
            return await _answered(self, request)

        @bentoml.api
        async def recommend_weights(self, request: WeightsRequest, /) -> WeightsAnswer:
            """Tell what a team's scorecards should pay for, under the company's policy or another."""
            return await _answered(self, request)

        @bentoml.api
        async def recommend_coaching(self, request: CoachingRequest, /) -> CoachingAnswer:
            """Tell who needs help with what."""
            return await _answered(self, request)

        @bentoml.api
        async def simulate_weights(self, request: TrialRequest, /) -> TrialAnswer:
            """Tell what a card of one's own would do, and which limits it breaks."""
            return await _answered(self, request)

        @bentoml.api
        async def classify_complaints(self, request: ComplaintsRequest, /) -> ComplaintsAnswer:
            """Tell what customers' texts are about, or that it is not clear."""
            return await _answered(self, request)

        @bentoml.api
        async def assess_conversation(self, request: ConversationRequest, /) -> ConversationAnswer:
            """Tell how a conversation is going while the customer is still there, by the customer's words alone."""
            return await _answered(self, request)

        def __is_ready__(self) -> bool:
            try:
                return self.loader.run is not None
            except BatonError:
                return False

    decisions = Decisions(company, keeper, readiness.run)
    return _completed(Baton, company, keeper, decisions, folder, hosts)


def _completed(
    service: Any, company: Company, keeper: Keeper, decisions: Decisions, folder: RunFolder, hosts: Collection[str], /
) -> Any:
    """Return what BentoML's decorator has made, with pages beside its routes, and gate and door before them."""

    def description() -> dict[str, Any]:
        return describe(service.openapi_spec.asdict(), ROUTES, ANSWERS)

    service.mount_asgi_app(page_app(folder, description, decisions), path="/")
    limits = Limits(company.access.requests_per_minute, company.access.service_requests_per_minute)
    service.add_asgi_middleware(Door, keeper=keeper, routes=_ACTIONS, limits=limits)
    service.add_asgi_middleware(Gate, models=ROUTES, hosts=hosts)
    for method in service.apis.values():
        # the gate has validated the body: reading it once more takes as long as predicting
        method.input_spec.from_http_request = handed_on
    return service


def _scratch(company: Company, /) -> Path:
    """Return where BentoML may keep what it wants to keep: it makes folders, even where there is nothing to keep."""
    place = company.folder / ".baton" / "bentoml"
    writable = os.access(place if place.exists() else company.folder, os.W_OK)
    return place if writable else Path(tempfile.gettempdir()) / "baton-bentoml"


def application(
    company: Company,
    folder: RunFolder,
    /,
    *,
    hosts: Collection[str] = LOCAL_HOSTS,
    announce: Callable[[str], None] = lambda _: None,
) -> Application:
    """Return the application to be served: the service, for paths and hosts that it knows; ``announce`` takes notes.

    BentoML counts requests per path, so that a scan of a million paths would make a million counters.
    """
    state = Readiness(announce=announce)
    inside: Application = build(company, folder, hosts=hosts, state=state).to_asgi()
    known = {*ROUTES, _DECISIONS, "/", "/docs.json", "/schema.json", "/metrics", "/livez", "/readyz", "/healthz"}

    async def outside(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(_DECISIONS + "/"):
            scope = {**scope, "path": _DECISIONS, "raw_path": _DECISIONS.encode(), ASKED_PATH: scope["path"]}
        elif scope["type"] == "http" and scope["path"] not in known:
            scope = {**scope, "path": "/unknown", "raw_path": b"/unknown"}
        await inside(scope, receive, state.with_reasons(scope, send))

    return outside


async def _answered(service: Any, request: Any, /) -> Any:
    """Answer a request in the threads for its kind of work, or at once where that takes less time."""
    work, principal = _WORK[type(request)], PRINCIPAL.get()
    if isinstance(request, ChurnRequest) and len(request.rows) <= _FEW_ROWS and not request.explain:
        return _response(*_answer(service, request, principal, lambda: None))
    try:
        return _response(*await service.lanes[work.lane].run(lambda check: _answer(service, request, principal, check)))
    except (Busy, Stopped) as error:
        return _response(503, _text(error_body("", str(error))))


def _answer(service: Any, request: Any, principal: Principal, check: Check, /) -> tuple[int, bytes]:
    """Return the code and the body of an answer; views of people are in the audit log before it is given."""
    try:
        run = service.loader.run
    except BatonError as error:
        return 503, _text(error_body("", str(error)))
    if run is None:
        return 503, _text(error_body("", LOADING))
    try:
        body = _WORK[type(request)].how(
            run, request, Sight(principal, run.members, run.company.policy.min_group), check
        )
        people = () if principal.is_local else people_shown(body)
        if people:
            audit, about = service.keeper.audit, [(run.members.team_of.get(person), person) for person in people]
            record_views(audit.state, audit.append, principal, _PATHS[type(request)], about)
        return 200, _text(body)
    except Stopped:
        raise
    except BatonError as error:
        code = next((code for kind, code in CODES if isinstance(error, kind)), 400)
        of_policy = "weights" if isinstance(request, TrialRequest) else "policy"
        field = of_policy if isinstance(error, PolicyError) else getattr(error, "field", "")
        return code, _text(error_body(field, str(error)))


def _text(body: dict[str, Any], /) -> bytes:
    return json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def _response(code: int, content: bytes, /) -> Response:
    from starlette.responses import Response

    headers = {} if code < 400 else {OURS.decode(): "1"}
    if code == 503:
        headers["retry-after"] = "2"
    return Response(content, code, headers, "application/json")
