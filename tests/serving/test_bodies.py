"""Bodies come whole, in time, once, and take nobody's place while they come; hosts are known ones."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from serving.answering.payloads import ChurnRequest
from serving.bodies import Bodies
from serving.gate import Gate
from serving.hosts import host_names
from serving.refusals import Message, Receive, Scope, Send

POST = {
    "type": "http",
    "method": "POST",
    "path": "/predict_churn",
    "headers": [(b"host", b"localhost:3000"), (b"content-type", b"application/json")],
}
BODY = b'{"rows": [{"customer_id": "c1"}]}'


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": scope["baton.request"].model_dump_json().encode()})


def gate(app: Any = echo, **options: Any) -> Gate:
    return Gate(app, models={"/predict_churn": ChurnRequest}, **options)


def sends(*parts: bytes, then: Callable[[], Any] | None = None) -> Receive:
    """A client that sends parts of a body, and after them what ``then`` gives, or the body's end."""
    waiting = list(parts)

    async def receive() -> Message:
        if waiting:
            part = waiting.pop(0)
            return {"type": "http.request", "body": part, "more_body": bool(waiting) or then is not None}
        return await then() if then is not None else {"type": "http.disconnect"}

    return receive


async def never() -> Message:
    await asyncio.Event().wait()
    raise AssertionError


async def asked(door: Gate, receive: Receive, scope: dict[str, Any] | None = None) -> tuple[int, dict[str, Any]]:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    await door(dict(scope or POST), receive, send)
    return (sent[0]["status"], json.loads(sent[1]["body"])) if sent else (0, {})


def test_a_body_in_parts_is_put_together() -> None:
    status, answer = asyncio.run(asked(gate(), sends(BODY[:9], b"", BODY[9:])))
    assert (status, answer["rows"][0]["customer_id"]) == (200, "c1")


def test_a_body_that_does_not_end_in_time_is_refused() -> None:
    status, answer = asyncio.run(asked(gate(bodies=Bodies(seconds=0.01)), sends(b'{"rows"', then=never)))
    assert status == 408
    assert answer["error"]["message"] == "the body did not arrive within 0.01 s"


def test_bodies_that_are_still_coming_take_nobodys_place() -> None:
    async def play() -> tuple[int, int]:
        door = gate(max_at_once=2)
        slow = [asyncio.create_task(asked(door, sends(b"{", then=never))) for _ in range(64)]
        await asyncio.sleep(0)
        status, _ = await asked(door, sends(BODY))
        still = sum(not each.done() for each in slow)
        for each in slow:
            each.cancel()
        return status, still

    assert asyncio.run(play()) == (200, 64)


def test_a_client_that_goes_before_its_body_ended_is_not_answered() -> None:
    async def gone() -> Message:
        return {"type": "http.disconnect"}

    assert asyncio.run(asked(gate(), sends(b'{"rows": []}', then=gone))) == (0, {})


def test_what_is_announced_too_large_is_refused_before_it_is_read() -> None:
    scope = {**POST, "headers": [*POST["headers"], (b"content-length", b"17000000")]}
    status, answer = asyncio.run(asked(gate(), never, scope))
    assert status == 413
    assert "larger than 16 MiB" in answer["error"]["message"]


def test_bodies_together_have_room_that_is_given_back() -> None:
    async def play() -> list[int]:
        door = gate(bodies=Bodies(in_flight=len(BODY) + 10))
        codes = [(await asked(door, sends(BODY)))[0]]
        holding = asyncio.create_task(asked(door, sends(BODY[:20], then=never)))
        await asyncio.sleep(0)
        codes.append((await asked(door, sends(BODY)))[0])
        holding.cancel()
        await asyncio.gather(holding, return_exceptions=True)
        codes += [(await asked(door, sends(body)))[0] for body in (b"{", BODY, BODY)]
        return codes

    assert asyncio.run(play()) == [200, 503, 400, 200, 200]


def test_a_body_is_validated_once(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from pydantic_core import SchemaValidator

    seen: list[bytes] = []
    validate = SchemaValidator.validate_json

    class Counting:
        """Stands for the model's validator and counts."""

        def validate_json(self, body: bytes, **options: Any) -> Any:
            seen.append(bytes(body))
            return validate(kept, body, **options)

        def __getattr__(self, name: str) -> Any:
            return getattr(kept, name)

    kept = ChurnRequest.__pydantic_validator__
    for model in (ChurnRequest, *ChurnRequest.__subclasses__()):
        monkeypatch.setattr(model, "__pydantic_validator__", Counting())
    assert client.post("/predict_churn", content=BODY, headers={"content-type": "application/json"}).status_code == 200
    assert seen == [BODY]


@pytest.mark.parametrize(
    ("host", "status"),
    [
        (b"localhost", 200),
        (b"LOCALHOST.:3000", 200),
        (b"127.0.0.1:3000", 200),
        (b"[::1]:3000", 200),
        (b"baton.example:80", 200),
        (b"evil.example", 421),
        (b"localhost.evil.example", 421),
        (b"evil.example:127.0.0.1", 421),
        (b"169.254.169.254", 421),
        (b"\xff\xfe", 421),
        (b"", 421),
    ],
)
@pytest.mark.parametrize("path", ["/predict_churn", "/metrics", "/livez"])
def test_only_known_hosts_are_answered(host: bytes, status: int, path: str) -> None:
    async def ok(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"{}"})

    door = gate(ok, hosts=host_names(["localhost", "127.0.0.1", "[::1]", "Baton.example"]))
    scope = {**POST, "path": path, "headers": [(b"host", host), *POST["headers"][1:]]}
    found, answer = asyncio.run(asked(door, sends(BODY), scope))
    assert found == status
    if status == 421:
        assert "--allowed-host" in answer["error"]["message"]


def test_no_host_or_two_are_none() -> None:
    for hosts in ([], [(b"host", b"localhost"), (b"host", b"evil.example")]):
        scope = {**POST, "headers": [*hosts, *POST["headers"][1:]]}
        assert asyncio.run(asked(gate(), sends(BODY), scope))[0] == 421


def test_the_whole_service_answers_known_hosts_only(client: Any) -> None:
    for path in ("/", "/docs.json", "/metrics", "/livez", "/readyz", "/nothing"):
        answer = client.get(path, headers={"host": "evil.example"})
        assert answer.status_code == 421, path
        assert answer.json()["error"]["message"]
