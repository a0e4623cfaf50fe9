"""Clients of a running service: one that waits, and one for ``async``; both ask the same and answer the same."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

from baton.client import calls
from baton.client.answers import (
    AdviceAnswer,
    ChurnAnswer,
    CoachingAnswer,
    ComplaintsAnswer,
    ConversationAnswer,
    DecisionAnswer,
    DecisionList,
    DeclineAnswer,
    EventsAnswer,
    LiveKpisAnswer,
    TrialAnswer,
    WeightsAnswer,
)
from baton.client.errors import ServiceError, UnavailableError, error_of

if TYPE_CHECKING:
    import httpx

__all__ = ["AsyncClient", "Client"]

_LONGEST_WAIT = 60.0  # seconds; a service that asks for more is not waited for
_AGAIN = (429, 503)


class _Asking:
    """What both clients are made of.

    Parameters
    ----------
    address : str
        Of the service, such as ``http://127.0.0.1:3000``.
    token : str, optional
        Where access is set up.
    seconds : float
        Within which each answer must have arrived.
    tries : int
        How often a request is sent in all while the service says when to come back (429, 503). Only what may be sent
        twice is sent twice; the client waits as long as ``Retry-After`` says.
    transport : optional
        Of httpx: to ask an application without a network.
    """

    def __init__(
        self, address: str, token: str | None = None, *, seconds: float = 60.0, tries: int = 4, transport: Any = None
    ) -> None:
        headers = {"accept": "application/json"} | ({"authorization": f"Bearer {token}"} if token else {})
        self._options = {"base_url": address, "headers": headers, "timeout": seconds, "transport": transport}
        self._tries = tries

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._options['base_url']!r})"  # the token stays out of logs

    def _outcome(self, call: calls.Call, answer: httpx.Response, attempt: int, /) -> tuple[Any, float]:
        """Return the answer, or after how many seconds to ask again; raise what is refused."""
        if answer.is_success:
            return _json(answer, answer.status_code), 0.0
        wait = _seconds(answer.headers.get("retry-after"))
        if call.safe and answer.status_code in _AGAIN and attempt < self._tries and 0 < wait <= _LONGEST_WAIT:
            return None, wait
        raise error_of(answer.status_code, _json(answer, None))


def _json(answer: httpx.Response, code: int | None, /) -> Any:
    try:
        return answer.json()
    except ValueError:
        if code is None:
            return None
        raise error_of(code, None) from None


def _seconds(text: str | None, /) -> float:
    return float(text) if text is not None and text.isdigit() else 0.0


def _unreachable(error: Exception, /) -> ServiceError:
    reason = str(error) or type(error).__name__
    return UnavailableError(0, "", f"the service did not answer ({reason})")


def _about(seen: AdviceAnswer, /) -> dict[str, Any]:
    """Return by what an advice is asked for again."""
    parts = {"team_id": seen["team_id"], "role": seen["role"], "employee_id": seen["employee_id"], **seen["about"]}
    return {"kind": seen["kind"]["key"], **calls.given(**parts)}


class Client(_Asking):
    """Asks a service and waits for the answer.

    Examples
    --------
    >>> with Client("http://127.0.0.1:3000", "TOKEN") as client:  # doctest: +SKIP
    ...     client.predict_churn([{"customer_id": "C000001"}], explain=True)["rows"][0]["probability"]
    0.021
    """

    def __init__(self, address: str, token: str | None = None, **options: Any) -> None:
        super().__init__(address, token, **options)
        import httpx

        self._client = httpx.Client(**self._options)  # type: ignore[arg-type]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _ask(self, call: calls.Call, /) -> Any:
        import httpx

        attempt = 0
        while True:
            attempt += 1
            try:
                answer = self._client.request(
                    call.method, call.path, json=call.body, params=dict(call.query), headers=dict(call.headers)
                )
            except httpx.HTTPError as error:
                raise _unreachable(error) from error
            found, wait = self._outcome(call, answer, attempt)
            if not wait:
                return found
            time.sleep(wait)

    def ready(self) -> dict[str, Any]:
        """Return which models answer."""
        return self._ask(calls.ready())

    def predict_churn(
        self, rows: Sequence[Mapping[str, Any]], *, explain: bool = False, curve: bool = False, live: bool = False
    ) -> ChurnAnswer:
        """Return the probability that each customer leaves; a row is ``{"customer_id": …}`` or ``{"features": …}``.

        With ``live``, as of now, with the events since the run; for customers by id.
        """
        body = {"rows": list(rows), "explain": explain, "curve": curve, "live": live}
        return self._ask(calls.question("/predict_churn", body))

    def predict_decline(self, rows: Sequence[Mapping[str, Any]], *, explain: bool = False) -> DeclineAnswer:
        """Return the probability that each unit's service declines; a row has ``unit`` and ``unit_id``."""
        return self._ask(calls.question("/predict_decline", {"rows": list(rows), "explain": explain}))

    def recommend_weights(self, team_id: str, *, policy: Mapping[str, Any] | None = None) -> WeightsAnswer:
        """Return what a team's scorecards should pay for, under the company's policy or other limits."""
        return self._ask(calls.question("/recommend_weights", calls.given(team_id=team_id, policy=policy)))

    def try_weights(self, team_id: str, weights: Mapping[str, float], *, role: str | None = None) -> TrialAnswer:
        """Return what a card of one's own would do; ``weights`` are points per KPI, 100 together."""
        body = calls.given(team_id=team_id, weights=dict(weights), role=role)
        return self._ask(calls.question("/simulate_weights", body))

    def recommend_coaching(self, *, employee_id: str | None = None, team_id: str | None = None) -> CoachingAnswer:
        """Return the offers of help for one employee (a pseudonym) or for a team: one of the two."""
        body = calls.given(employee_id=employee_id, team_id=team_id)
        return self._ask(calls.question("/recommend_coaching", body))

    def classify_complaints(self, texts: Sequence[str | None]) -> ComplaintsAnswer:
        """Return what texts are about."""
        return self._ask(calls.question("/classify_complaints", {"texts": list(texts)}))

    def assess_conversation(
        self, turns: Sequence[Mapping[str, Any]], *, customer_id: str | None = None
    ) -> ConversationAnswer:
        """Return how a conversation is going; a turn has ``speaker`` and ``text``, oldest first."""
        body = calls.given(turns=list(turns), customer_id=customer_id)
        return self._ask(calls.question("/assess_conversation", body))

    def live_kpis(self, team_id: str) -> LiveKpisAnswer:
        """Return how a team is doing today, from the run's tables and the events since."""
        return self._ask(calls.question("/live_kpis", {"team_id": team_id}))

    def send_events(self, events: Sequence[Mapping[str, Any]]) -> EventsAnswer:
        """Send new and corrected rows; an event that was kept before is recognised by its ``event_id``."""
        return self._ask(calls.question("/events", {"events": list(events)}))

    def decisions(self, **question: Any) -> DecisionList:
        """Return a page of decisions: by ``state``, ``team_id``, ``kind``, ``overdue``, ``page``."""
        return self._ask(calls.decisions(calls.given(**question)))

    def decision(self, identifier: str) -> DecisionAnswer:
        """Return one decision with its history."""
        return self._ask(calls.decision(identifier))

    def advice(self, kind: str, **about: str | None) -> AdviceAnswer:
        """Return an advice that can be decided on: ``kind`` and what it needs of ``team_id``, ``role``, ``kpi``, …."""
        return self._ask(calls.advice(calls.given(kind=kind, **about)))

    def propose(
        self,
        seen: AdviceAnswer,
        move: str,
        reason: str,
        *,
        choice: Mapping[str, Any] | None = None,
        key: str | None = None,
    ) -> DecisionAnswer:
        """Begin a decision on an advice that was seen.

        Parameters
        ----------
        move : str
            accept, change, dismiss or offer.
        choice : mapping, optional
            What is chosen instead, where the move is change.
        key : str, optional
            By which the service recognises the same request when it comes again; made up if not given.
        """
        body = {**_about(seen), **calls.given(move=move, advice=seen["digest"], reason=reason, choice=choice)}
        return self._ask(calls.propose(body, key))

    def move(
        self,
        seen: DecisionAnswer,
        move: str,
        reason: str,
        *,
        choice: Mapping[str, Any] | None = None,
        key: str | None = None,
    ) -> DecisionAnswer:
        """Move a decision on that was seen; if somebody else was first, ``ConflictError`` says who and to what."""
        body = calls.given(version=seen["version"], reason=reason, choice=choice)
        return self._ask(calls.move(seen["id"], move, body, key))


class AsyncClient(_Asking):
    """Asks a service with ``await``.

    Examples
    --------
    >>> async with AsyncClient("http://127.0.0.1:3000", "TOKEN") as client:  # doctest: +SKIP
    ...     await client.recommend_weights("T01")
    """

    def __init__(self, address: str, token: str | None = None, **options: Any) -> None:
        super().__init__(address, token, **options)
        import httpx

        self._client = httpx.AsyncClient(**self._options)  # type: ignore[arg-type]

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _ask(self, call: calls.Call, /) -> Any:
        import httpx

        attempt = 0
        while True:
            attempt += 1
            try:
                answer = await self._client.request(
                    call.method, call.path, json=call.body, params=dict(call.query), headers=dict(call.headers)
                )
            except httpx.HTTPError as error:
                raise _unreachable(error) from error
            found, wait = self._outcome(call, answer, attempt)
            if not wait:
                return found
            await asyncio.sleep(wait)

    async def ready(self) -> dict[str, Any]:
        """Return which models answer."""
        return await self._ask(calls.ready())

    async def predict_churn(
        self, rows: Sequence[Mapping[str, Any]], *, explain: bool = False, curve: bool = False, live: bool = False
    ) -> ChurnAnswer:
        """Return the probability that each customer leaves; a row is ``{"customer_id": …}`` or ``{"features": …}``.

        With ``live``, as of now, with the events since the run; for customers by id.
        """
        body = {"rows": list(rows), "explain": explain, "curve": curve, "live": live}
        return await self._ask(calls.question("/predict_churn", body))

    async def predict_decline(self, rows: Sequence[Mapping[str, Any]], *, explain: bool = False) -> DeclineAnswer:
        """Return the probability that each unit's service declines; a row has ``unit`` and ``unit_id``."""
        return await self._ask(calls.question("/predict_decline", {"rows": list(rows), "explain": explain}))

    async def recommend_weights(self, team_id: str, *, policy: Mapping[str, Any] | None = None) -> WeightsAnswer:
        """Return what a team's scorecards should pay for, under the company's policy or other limits."""
        return await self._ask(calls.question("/recommend_weights", calls.given(team_id=team_id, policy=policy)))

    async def try_weights(self, team_id: str, weights: Mapping[str, float], *, role: str | None = None) -> TrialAnswer:
        """Return what a card of one's own would do; ``weights`` are points per KPI, 100 together."""
        body = calls.given(team_id=team_id, weights=dict(weights), role=role)
        return await self._ask(calls.question("/simulate_weights", body))

    async def recommend_coaching(self, *, employee_id: str | None = None, team_id: str | None = None) -> CoachingAnswer:
        """Return the offers of help for one employee (a pseudonym) or for a team: one of the two."""
        body = calls.given(employee_id=employee_id, team_id=team_id)
        return await self._ask(calls.question("/recommend_coaching", body))

    async def classify_complaints(self, texts: Sequence[str | None]) -> ComplaintsAnswer:
        """Return what texts are about."""
        return await self._ask(calls.question("/classify_complaints", {"texts": list(texts)}))

    async def assess_conversation(
        self, turns: Sequence[Mapping[str, Any]], *, customer_id: str | None = None
    ) -> ConversationAnswer:
        """Return how a conversation is going; a turn has ``speaker`` and ``text``, oldest first."""
        body = calls.given(turns=list(turns), customer_id=customer_id)
        return await self._ask(calls.question("/assess_conversation", body))

    async def live_kpis(self, team_id: str) -> LiveKpisAnswer:
        """Return how a team is doing today, from the run's tables and the events since."""
        return await self._ask(calls.question("/live_kpis", {"team_id": team_id}))

    async def send_events(self, events: Sequence[Mapping[str, Any]]) -> EventsAnswer:
        """Send new and corrected rows; an event that was kept before is recognised by its ``event_id``."""
        return await self._ask(calls.question("/events", {"events": list(events)}))

    async def decisions(self, **question: Any) -> DecisionList:
        """Return a page of decisions: by ``state``, ``team_id``, ``kind``, ``overdue``, ``page``."""
        return await self._ask(calls.decisions(calls.given(**question)))

    async def decision(self, identifier: str) -> DecisionAnswer:
        """Return one decision with its history."""
        return await self._ask(calls.decision(identifier))

    async def advice(self, kind: str, **about: str | None) -> AdviceAnswer:
        """Return an advice that can be decided on: ``kind`` and what it needs of ``team_id``, ``role``, ``kpi``, …."""
        return await self._ask(calls.advice(calls.given(kind=kind, **about)))

    async def propose(
        self,
        seen: AdviceAnswer,
        move: str,
        reason: str,
        *,
        choice: Mapping[str, Any] | None = None,
        key: str | None = None,
    ) -> DecisionAnswer:
        """Begin a decision on an advice that was seen.

        Parameters
        ----------
        move : str
            accept, change, dismiss or offer.
        choice : mapping, optional
            What is chosen instead, where the move is change.
        key : str, optional
            By which the service recognises the same request when it comes again; made up if not given.
        """
        body = {**_about(seen), **calls.given(move=move, advice=seen["digest"], reason=reason, choice=choice)}
        return await self._ask(calls.propose(body, key))

    async def move(
        self,
        seen: DecisionAnswer,
        move: str,
        reason: str,
        *,
        choice: Mapping[str, Any] | None = None,
        key: str | None = None,
    ) -> DecisionAnswer:
        """Move a decision on that was seen; if somebody else was first, ``ConflictError`` says who and to what."""
        body = calls.given(version=seen["version"], reason=reason, choice=choice)
        return await self._ask(calls.move(seen["id"], move, body, key))
