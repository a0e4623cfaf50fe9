"""The client for ``async``."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Self

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
from baton.client.asking import Asking, unreachable
from baton.client.loop_answers import (
    LedgerAnswer,
    PilotAnswer,
    PilotList,
    PolicyAnswer,
    PolicyChanges,
    PolicyList,
)

__all__ = ["AsyncClient"]


class AsyncClient(Asking):
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
                raise unreachable(error) from error
            found, wait = self.outcome(call, answer, attempt)
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
        return await self._ask(calls.predict_churn(rows, explain=explain, curve=curve, live=live))

    async def predict_decline(self, rows: Sequence[Mapping[str, Any]], *, explain: bool = False) -> DeclineAnswer:
        """Return the probability that each unit's service declines; a row has ``unit`` and ``unit_id``."""
        return await self._ask(calls.predict_decline(rows, explain=explain))

    async def recommend_weights(self, team_id: str, *, policy: Mapping[str, Any] | None = None) -> WeightsAnswer:
        """Return what a team's scorecards should pay for, under the company's policy or other limits."""
        return await self._ask(calls.recommend_weights(team_id, policy=policy))

    async def try_weights(self, team_id: str, weights: Mapping[str, float], *, role: str | None = None) -> TrialAnswer:
        """Return what a card of one's own would do; ``weights`` are points per KPI, 100 together."""
        return await self._ask(calls.try_weights(team_id, weights, role=role))

    async def recommend_coaching(self, *, employee_id: str | None = None, team_id: str | None = None) -> CoachingAnswer:
        """Return the offers of help for one employee (a pseudonym) or for a team: one of the two."""
        return await self._ask(calls.recommend_coaching(employee_id=employee_id, team_id=team_id))

    async def classify_complaints(self, texts: Sequence[str | None]) -> ComplaintsAnswer:
        """Return what texts are about."""
        return await self._ask(calls.classify_complaints(texts))

    async def assess_conversation(
        self, turns: Sequence[Mapping[str, Any]], *, customer_id: str | None = None
    ) -> ConversationAnswer:
        """Return how a conversation is going; a turn has ``speaker`` and ``text``, oldest first."""
        return await self._ask(calls.assess_conversation(turns, customer_id=customer_id))

    async def live_kpis(self, team_id: str) -> LiveKpisAnswer:
        """Return how a team is doing today, from the run's tables and the events since."""
        return await self._ask(calls.live_kpis(team_id))

    async def send_events(self, events: Sequence[Mapping[str, Any]]) -> EventsAnswer:
        """Send new and corrected rows; an event that was kept before is recognised by its ``event_id``."""
        return await self._ask(calls.send_events(events))

    async def decisions(self, **question: Any) -> DecisionList:
        """Return a page of decisions: by ``state``, ``team_id``, ``kind``, ``overdue``, ``page``."""
        return await self._ask(calls.decisions(question))

    async def decision(self, identifier: str) -> DecisionAnswer:
        """Return one decision with its history."""
        return await self._ask(calls.decision(identifier))

    async def advice(self, kind: str, **about: str | None) -> AdviceAnswer:
        """Return an advice that can be decided on: ``kind`` and what it needs of ``team_id``, ``role``, ``kpi``, …."""
        return await self._ask(calls.advice(kind, about))

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
        return await self._ask(calls.propose(seen, move, reason, choice=choice, key=key))

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
        return await self._ask(calls.move(seen, move, reason, choice=choice, key=key))

    async def pilots(self, *, state: str | None = None) -> PilotList:
        """Return the pilots that you may see, of one state or of all."""
        return await self._ask(calls.pilots(state))

    async def pilot(self, name: str) -> PilotAnswer:
        """Return one pilot with its plan, what was measured, and its moves."""
        return await self._ask(calls.pilot(name))

    async def ledger(self) -> LedgerAnswer:
        """Return what was predicted, and what came."""
        return await self._ask(calls.ledger())

    async def move_pilot(
        self,
        seen: PilotAnswer,
        move: str,
        reason: str,
        *,
        cards: Sequence[Mapping[str, Any]] | None = None,
        valid_from: str | None = None,
        key: str | None = None,
    ) -> PilotAnswer:
        """Move a pilot on that was seen; ``cards`` and ``valid_from`` (ISO 8601) go with adopt."""
        return await self._ask(calls.move_pilot(seen, move, reason, cards=cards, valid_from=valid_from, key=key))

    async def policy_versions(self) -> PolicyList:
        """Return the versions of the policy, the oldest first."""
        return await self._ask(calls.policy_versions())

    async def policy(self, version: int | None = None) -> PolicyAnswer:
        """Return one version of the policy whole, the newest where none is named."""
        return await self._ask(calls.policy(version))

    async def policy_changes(self, version: int, *, since: int) -> PolicyChanges:
        """Return what a version changed against an earlier one."""
        return await self._ask(calls.policy_changes(version, since))
