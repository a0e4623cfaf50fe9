"""What each route does, and in whose threads; what is wrong with a request is answered from one table of HTTP codes."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

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
from serving.access.keeper import Keeper
from serving.access.principal import Principal
from serving.access.sight import Sight
from serving.access.views import customers_shown, people_shown, record_customers, record_views
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
from serving.answering.predictions import answer_churn, answer_coaching, answer_decline, answer_trial, answer_weights
from serving.answering.texts import answer_complaints, answer_conversation
from serving.events.payloads import EventsAnswer, EventsRequest
from serving.events.store import EventConflict, EventStore
from serving.events.taking import take_events
from serving.lanes import CLIENT, Busy, Check, Lane, Stopped
from serving.live.asking import Live
from serving.loading import LoadedRun
from serving.readiness import LOADING
from serving.refusals import error_body

if TYPE_CHECKING:
    from serving.alerts.alerting import Alerting

__all__ = ["ANSWERS", "CODES", "MAX_SECONDS", "ROUTES", "Answering"]

ROUTES = {
    "/predict_churn": ChurnRequest,
    "/predict_decline": DeclineRequest,
    "/recommend_weights": WeightsRequest,
    "/recommend_coaching": CoachingRequest,
    "/simulate_weights": TrialRequest,
    "/classify_complaints": ComplaintsRequest,
    "/assess_conversation": ConversationRequest,
    "/live_kpis": LiveKpisRequest,
    "/events": EventsRequest,
}
"""What is asked, by path."""

_PATHS = {model: path for path, model in ROUTES.items()}
ANSWERS = {
    "/predict_churn": ChurnAnswer,
    "/predict_decline": DeclineAnswer,
    "/recommend_weights": WeightsAnswer,
    "/recommend_coaching": CoachingAnswer,
    "/simulate_weights": TrialAnswer,
    "/classify_complaints": ComplaintsAnswer,
    "/assess_conversation": ConversationAnswer,
    "/live_kpis": LiveKpisAnswer,
    "/events": EventsAnswer,
}
"""What is answered, by path."""

CODES: tuple[tuple[type[BatonError], int], ...] = (
    (UnknownIdError, 404),
    (EventConflict, 409),
    (DeniedError, 403),
    (RequestError, 400),
    (ArtefactError, 404),
    (OutputError, 503),
    (SourceError, 503),
)
"""HTTP codes of errors; the first that fits counts, and 400 where none does."""

MAX_SECONDS = 120
"""Of anything; what reads texts gives up before."""

_LOG = logging.getLogger("baton.serving")
_SYSTEM = "service"  # the role that may read all customers, whose views are in the audit log request by request
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


class Answering:
    """Answers what is asked of one company's run, by whatever way it was asked.

    Parameters
    ----------
    keeper : Keeper
        Has the audit log, in which views of people are before they are shown.
    run : callable
        Returns the loaded run, None while it is being loaded; raises if it cannot be.

    Attributes
    ----------
    alerting : Alerting or None
        Hears of events and conversations.
    """

    def __init__(self, keeper: Keeper, run: Callable[[], LoadedRun | None], /) -> None:
        self._keeper = keeper
        self._run = run
        self.alerting: Alerting | None = None
        self.live = Live(lambda: self._events)
        self._work = {
            **_WORK,
            LiveKpisRequest: _Work(lambda run, asked, sight, _: self.live.kpis(run, asked, sight), "live"),
            EventsRequest: _Work(lambda run, asked, sight, _: take_events(run, asked, sight, self._events), "events"),
        }
        self._live_churn = _Work(lambda run, asked, sight, _: self.live.churn(run, asked, sight), "live")
        # texts take seconds, and who asks for a prediction is not to wait for them
        self._lanes = {
            "requests": Lane("requests", threads=4, max_waiting=64, max_seconds=MAX_SECONDS - 20),
            "texts": Lane("texts", threads=1, max_waiting=8, max_seconds=MAX_SECONDS - 20),
            "conversations": Lane("conversations", threads=2, max_waiting=16, max_seconds=30),
            "live": Lane("live answers", threads=1, max_waiting=16, max_seconds=60),
            "events": Lane("events", threads=1, max_waiting=16, max_seconds=30),
        }

    async def _warm(self) -> None:
        """Make ready what will be asked as of now, once events have come; who asks meanwhile waits for it."""
        CLIENT.set(None)
        try:
            run = self._run()
            if run is not None:
                await self._lanes["live"].run(lambda _: self.live.warm(run))
        except BatonError as error:
            _LOG.info("live answers are not ready yet: %s", error)
        except Exception:
            _LOG.exception("a defect while live answers were made ready")

    def _work_of(self, request: Any, /) -> _Work:
        if isinstance(request, ChurnRequest) and request.live:
            return self._live_churn
        return self._work[type(request)]

    @property
    def _events(self) -> EventStore:
        return EventStore(self._keeper.state, self._keeper.audit.append)

    async def answer(self, request: Any, principal: Principal, /) -> tuple[int, bytes]:
        """Return the code and the JSON of an answer, from the threads for its kind of work or at once.

        Parameters
        ----------
        request
            One of the models of ``ROUTES``.
        """
        is_quick = isinstance(request, ChurnRequest) and not (request.explain or request.live)
        if is_quick and len(request.rows) <= _FEW_ROWS and not _is_logged(request, principal):
            return self._answered(request, principal, lambda: None)
        try:
            lane = self._lanes[self._work_of(request).lane]
            answer = await lane.run(lambda check: self._answered(request, principal, check))
            if isinstance(request, EventsRequest) and answer[0] == 200:
                self._warming = asyncio.ensure_future(self._warm())  # kept: what nobody holds may be collected
                if self.alerting is not None:
                    self.alerting.notice_events()
            return answer
        except (Busy, Stopped) as error:
            return 503, _text(error_body("", str(error)))

    def _answered(self, request: Any, principal: Principal, check: Check, /) -> tuple[int, bytes]:
        try:
            run = self._run()
        except BatonError as error:
            return 503, _text(error_body("", str(error)))
        if run is None:
            return 503, _text(error_body("", LOADING))
        try:
            sight = Sight(principal, run.members, run.company.policy.min_group)
            body = self._work_of(request).how(run, request, sight, check)
            if isinstance(request, ConversationRequest) and self.alerting is not None:
                self.alerting.notice_conversation(run, request, body, principal)
            self._record(run, request, body, principal)
            return 200, _text(body)
        except Stopped:
            raise
        except BatonError as error:
            code = next((code for kind, code in CODES if isinstance(error, kind)), 400)
            of_policy = "weights" if isinstance(request, TrialRequest) else "policy"
            field = of_policy if isinstance(error, PolicyError) else getattr(error, "field", "")
            return code, _text(error_body(field, str(error), getattr(error, "faults", None)))

    def _record(self, run: LoadedRun, request: Any, body: dict[str, Any], principal: Principal, /) -> None:
        """Write into the audit log what of people an answer shows, before it leaves."""
        if principal.is_local:
            return
        people, customers = people_shown(body), customers_shown(body) if principal.role == _SYSTEM else 0
        if not people and not customers:
            return
        audit, route = self._keeper.audit, _PATHS[type(request)]
        if people:
            about = [(run.members.team_of.get(person), person) for person in people]
            record_views(audit.state, audit.append, principal, route, about)
        if customers:
            record_customers(audit.state, audit.append, principal, route, customers)


def _is_logged(request: ChurnRequest, principal: Principal, /) -> bool:
    """Whether an answer will have a row in the audit log, which is not written while others wait."""
    return principal.role == _SYSTEM and any(row.customer_id is not None for row in request.rows)


def _text(body: dict[str, Any], /) -> bytes:
    return json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
