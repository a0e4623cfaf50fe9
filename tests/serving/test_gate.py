"""The door: overload, defects, and descriptions that hold."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from serving.answering.payloads import ChurnAnswer, CoachingAnswer, DeclineAnswer, WeightsAnswer
from serving.gate import Gate
from serving.refusals import Message, Receive, Scope, Send

SCOPE = {"type": "http", "method": "GET", "path": "/", "headers": [(b"host", b"localhost")]}


async def nothing() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


def collect(into: list[Message]) -> Send:
    async def send(message: Message) -> None:
        into.append(message)

    return send


def test_who_comes_when_it_is_full_is_asked_to_come_back_but_health_is_answered() -> None:
    async def play() -> tuple[list[Message], list[Message], list[Message]]:
        opened = asyncio.Event()

        async def slow(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["path"] == "/":
                await opened.wait()
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"ok"})

        gate = Gate(slow, models={}, max_at_once=1)
        first: list[Message] = []
        second: list[Message] = []
        health: list[Message] = []
        waiting = asyncio.create_task(gate(dict(SCOPE), nothing, collect(first)))
        await asyncio.sleep(0)
        await gate(dict(SCOPE), nothing, collect(second))
        await gate({**SCOPE, "path": "/livez"}, nothing, collect(health))
        opened.set()
        await waiting
        third: list[Message] = []
        await gate(dict(SCOPE), nothing, collect(third))
        assert third[0]["status"] == 200
        return first, second, health

    first, second, health = asyncio.run(play())
    assert [messages[0]["status"] for messages in (first, second, health)] == [200, 503, 200]
    assert (b"retry-after", b"2") in second[0]["headers"]
    assert b"too many requests" in second[1]["body"]


def test_a_defect_is_answered_with_500_and_logged_and_does_not_leave_the_place_taken(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        raise ZeroDivisionError

    gate = Gate(broken, models={}, max_at_once=1)
    for _ in range(2):
        sent: list[Message] = []
        asyncio.run(gate(dict(SCOPE), nothing, collect(sent)))
        assert sent[0]["status"] == 500
        assert b"a defect of the service" in sent[1]["body"]
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize(
    "path",
    [
        "/predict_churn",
        "/predict_decline",
        "/recommend_weights",
        "/recommend_coaching",
        "/classify_complaints",
        "/assess_conversation",
    ],
)
def test_requests_made_from_the_description_are_understood(client: Any, path: str) -> None:
    import schemathesis
    from schemathesis import GenerationMode

    schema = schemathesis.openapi.from_dict(client.get("/docs.json").json())
    understood, seen = [], set()

    @settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(case=schema[path]["POST"].as_strategy(generation_mode=GenerationMode.POSITIVE))
    def ask(case: Any) -> None:
        body = None if isinstance(case.body, schemathesis.core.NotSet) else case.body
        answer = client.post(path, json=body)
        seen.add(answer.status_code)
        assert answer.status_code in (200, 400, 404), answer.text
        if answer.status_code == 200:
            understood.append(answer.json())
        else:
            assert answer.json()["error"]["message"]

    ask()
    # ids that are made up are answered in their rows, teams and employees that are made up are not found
    assert seen & ({404} if path.startswith("/recommend") else {200})
    assert all("rows" in answer or "level" in answer for answer in understood)


def test_every_answer_fits_its_description(client: Any) -> None:
    for path, body, model in (
        (
            "/predict_churn",
            {"rows": [{"customer_id": "c1"}, {"customer_id": "x"}], "explain": True, "curve": True},
            ChurnAnswer,
        ),
        ("/predict_decline", {"rows": [{"unit": "team", "unit_id": "t1"}], "explain": True}, DeclineAnswer),
        ("/recommend_weights", {"team_id": "t1"}, WeightsAnswer),
        ("/recommend_coaching", {"team_id": "t1"}, CoachingAnswer),
    ):
        answer = client.post(path, json=body)
        assert answer.status_code == 200
        model.model_validate_json(answer.content)


def test_every_reference_in_the_description_leads_somewhere(client: Any) -> None:
    described = client.get("/docs.json")
    references = set(re.findall(r'"\$ref":\s*"#/components/schemas/(\w+)"', described.text))
    assert "ChurnRequest" in references
    assert references <= set(described.json()["components"]["schemas"])
