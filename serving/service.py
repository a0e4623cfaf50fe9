"""The service: BentoML around the answers, what is mounted beside them, and gate and door before all."""

from __future__ import annotations

import os
import tempfile
import weakref
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from baton.company import Company
from baton.errors import BatonError
from baton.files import RunFolder
from serving.access.door import Door, Limits
from serving.access.keeper import Keeper
from serving.access.principal import PRINCIPAL
from serving.access.routes import ACTIONS_OF, DECISIONS, PILOTS
from serving.agents.mounting import Agents
from serving.agents.tools import Tools
from serving.alerts.alerting import Alerting
from serving.alerts.metrics import AlertMetrics, MonitorMetrics
from serving.answering.payloads import (
    ChurnAnswer,
    ChurnRequest,
    CoachingAnswer,
    CoachingRequest,
    DeclineAnswer,
    DeclineRequest,
    LiveKpisAnswer,
    LiveKpisRequest,
    TrialAnswer,
    TrialRequest,
    WeightsAnswer,
    WeightsRequest,
)
from serving.answering.payloads_texts import (
    ComplaintsAnswer,
    ComplaintsRequest,
    ConversationAnswer,
    ConversationRequest,
)
from serving.answering.work import ANSWERS, MAX_SECONDS, ROUTES, Answering
from serving.audit.loads import record_load
from serving.decisions.mounting import Decisions
from serving.description import describe
from serving.events.payloads import EventsAnswer, EventsRequest
from serving.gate import Gate, handed_on
from serving.hosts import LOCAL_HOSTS
from serving.loader import fingerprint
from serving.loading import load_run
from serving.metrics import count_in_one_process
from serving.page import ASKED_PATH, page_app
from serving.pages.behind import PagesOf
from serving.pages.mounting import Pages
from serving.pilots.mounting import Pilots
from serving.readiness import Readiness
from serving.refusals import OURS, Application, Receive, Scope, Send, in_time

__all__ = ["application", "build", "known_paths"]

_MCP = "/mcp"
_PAGES = "/pages"
_MOUNTED = (DECISIONS, PILOTS, _MCP, _PAGES)  # what is mounted answers all below its path


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

    readiness = Readiness() if state is None else state
    keeper = Keeper(company)
    answering = Answering(keeper, readiness.run)
    _alerted(company, folder, keeper, answering, readiness)

    @bentoml.service(name="baton", traffic={"timeout": MAX_SECONDS})
    class Baton(_routes_of_today(bentoml)):
        """Who is about to leave, where service is about to decline, what drives it, and what to do about it."""

        def __init__(self) -> None:
            self.answering = answering
            self.loader = readiness.begin(
                lambda: record_load(keeper, load_run(company, folder)), lambda: fingerprint(company, folder)
            )

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

    mounted = {
        _MCP: Agents(Tools(answering, readiness.state), hosts),
        **_for_people(company, keeper, readiness, answering),
    }
    return _completed(Baton, company, keeper, mounted, folder, hosts)


def _for_people(
    company: Company, keeper: Keeper, readiness: Readiness, answering: Answering, /
) -> dict[str, Application]:
    """Return decisions, pilots, and the pages on which people make them, by path."""
    decisions = Decisions(company, keeper, readiness.run)
    pilots = Pilots(company, keeper, readiness.run)
    pages = PagesOf(company, keeper, readiness.run, answering, decisions)
    readiness.warm = pages.warm
    return {DECISIONS: decisions, PILOTS: pilots, _PAGES: Pages(pages)}


def _alerted(
    company: Company, folder: RunFolder, keeper: Keeper, answering: Answering, readiness: Readiness, /
) -> None:
    """Let alerts hear of what is answered, begin when the run does, and be seen in health and metrics."""
    alerting = answering.alerting = Alerting(company, keeper, answering.live, readiness.run)
    count_in_one_process(AlertMetrics(weakref.ref(alerting)), MonitorMetrics(folder))
    readiness.alerts, readiness.begun = lambda: alerting.state, alerting.begin


def _routes_of_today(bentoml: Any, /) -> Any:
    """Return the class with the routes of what happens between two runs."""

    class OfToday:
        @bentoml.api
        async def live_kpis(self, request: LiveKpisRequest, /) -> LiveKpisAnswer:
            """Tell how a team is doing today, from the run's tables and the events since."""
            return await _answered(self, request)

        @bentoml.api
        async def events(self, request: EventsRequest, /) -> EventsAnswer:
            """Take new and corrected rows of the source tables while things happen."""
            return await _answered(self, request)

    return OfToday


def _completed(
    service: Any,
    company: Company,
    keeper: Keeper,
    mounted: Mapping[str, Application],
    folder: RunFolder,
    hosts: Collection[str],
    /,
) -> Any:
    """Return what BentoML's decorator has made, with pages beside its routes, and gate and door before them."""

    def description() -> dict[str, Any]:
        return describe(service.openapi_spec.asdict(), ROUTES, ANSWERS)

    service.mount_asgi_app(page_app(folder, description, mounted), path="/")
    limits = Limits(company.access.requests_per_minute, company.access.service_requests_per_minute)
    service.add_asgi_middleware(Door, keeper=keeper, routes=ACTIONS_OF, limits=limits, pages=("/", "/report", _PAGES))
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
    return known_paths(build(company, folder, hosts=hosts, state=state).to_asgi(), state)


def known_paths(inside: Application, state: Readiness, /) -> Application:
    """Return an application before another that knows no paths but ours, and gives reasons at ``/readyz``."""
    health = ("/livez", "/readyz", "/healthz")
    known = {*ROUTES, *_MOUNTED, *health, "/", "/report", "/docs.json", "/schema.json", "/metrics"}

    async def outside(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (at := _mounted_at(scope["path"])):
            scope = {**scope, "path": at, "raw_path": at.encode(), ASKED_PATH: scope["path"]}
        elif scope["type"] == "http" and scope["path"] not in known:
            scope = {**scope, "path": "/unknown", "raw_path": b"/unknown"}
        await inside(scope, receive, state.with_reasons(scope, in_time(send)))

    return outside


def _mounted_at(path: str, /) -> str | None:
    """Return the path of what answers below it, where something does."""
    return next((at for at in _MOUNTED if path.startswith(at + "/")), None)


async def _answered(service: Any, request: Any, /) -> Any:
    from starlette.responses import Response

    code, content = await service.answering.answer(request, PRINCIPAL.get())
    headers = {} if code < 400 else {OURS.decode(): "1"}
    return Response(content, code, headers, "application/json")
