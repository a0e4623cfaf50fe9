"""Bad input over a real connection and against the whole service: bodies without end, numbers at the edge, a full disk."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from serving.answering.payloads import ChurnRequest
from serving.bodies import Bodies
from serving.gate import Gate
from serving.refusals import Receive, Scope, Send
from tests.serving.access.conftest import House, approvable, house
from tests.serving.test_coming_back import CARD
from tests.serving.test_connections import talk

__all__ = ["house"]

HEAD = b"POST /predict_churn HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
MEBIBYTE = 1024 * 1024
EDGES = (1e308, -1e308, 1.7976931348623157e308, 5e-324, -0.0, 2.0**53 + 2, 1e22)


def behind(**limits: Any) -> Gate:
    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        raise AssertionError("a body that does not fit reaches nobody")

    return Gate(answer, models={"/predict_churn": ChurnRequest}, bodies=Bodies(**limits))


def refusal_of(content: bytes) -> tuple[int, str]:
    head, _, body = content.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)["error"]["message"]


def test_of_a_hundred_mebibytes_that_nobody_has_announced_no_more_is_read_than_may_be() -> None:
    sent = 0

    async def exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        nonlocal sent
        writer.write(HEAD + b"transfer-encoding: chunked\r\n\r\n")
        answered = asyncio.ensure_future(reader.readuntil(b"}}"))
        while sent < 100 and not answered.done():
            writer.write(b"100000\r\n" + b" " * MEBIBYTE + b"\r\n")
            sent += 1
            try:
                await writer.drain()
            except ConnectionError:
                break
        return await answered

    code, message = refusal_of(talk(exchange, behind(largest=2 * MEBIBYTE)))
    assert (code, message) == (413, "the body is larger than 2 MiB; send fewer rows at a time")
    assert sent < 100


def test_a_hundred_mebibytes_that_are_announced_are_refused_before_they_come() -> None:
    async def exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(HEAD + f"content-length: {100 * MEBIBYTE}\r\n\r\n".encode())
        return await reader.readuntil(b"}}")

    assert refusal_of(talk(exchange, behind()))[0] == 413


def test_a_body_that_trickles_in_is_not_waited_for() -> None:
    async def exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(HEAD + b"content-length: 1000\r\n\r\n")
        answered = asyncio.ensure_future(reader.readuntil(b"}}"))
        while not answered.done():
            writer.write(b" ")
            await asyncio.sleep(0.01)
        return await answered

    assert refusal_of(talk(exchange, behind(seconds=0.1))) == (408, "the body did not arrive within 0.1 s")


@pytest.fixture(scope="module")
def able(house: House) -> House:
    return approvable(house)


@pytest.fixture(scope="module")
def served(open_on: Callable[..., Any], able: House) -> Iterator[Any]:
    with open_on(able.company, able.folder) as opened:
        yield opened


def bodies(number: float) -> list[tuple[str, str, dict[str, Any]]]:
    """Who asks what with a number in every place that takes one."""
    row = {"case_id": "x", "customer_id": "c1", "opened_at": "2025-04-01T09:00:00Z", "team_id": "t1"}
    events = [
        {"event_id": f"edge-{number}-{name}", "table": "cases", "row": row | {name: number}}
        for name in ("csat", "nps", "cost", "wait_seconds", "handle_seconds", "reopened", "case_id", "customer_id")
    ]
    return [
        ("ana", "/predict_churn", {"rows": [{"features": {"wait_seconds__30d": number}}], "explain": True}),
        ("ana", "/predict_churn", {"rows": [{"customer_id": number}, {"customer_id": "c1"}]}),
        ("ana", "/predict_decline", {"rows": [{"unit": "team", "features": {"csat__30d": number}}]}),
        ("lin", "/recommend_weights", {"team_id": "t1", "policy": {"max_change": number, "risk_aversion": number}}),
        ("lin", "/simulate_weights", {"team_id": "t1", "weights": {"wait_seconds": number}}),
        *(("etl", "/events", {"events": [event]}) for event in events),
    ]


@pytest.mark.parametrize("number", EDGES)
def test_a_number_at_the_edge_is_refused_or_answered_with_finite_ones(served: Any, able: House, number: float) -> None:
    def finite(text: str) -> float:
        raise AssertionError(f"{text} in an answer")

    for user, path, body in bodies(number):
        answer = served.post(path, json=body, headers=able.headers(user))
        assert answer.status_code in (200, 400, 409), (path, body, answer.text)
        json.loads(answer.content, parse_constant=finite)
    live = {"rows": [{"customer_id": "c1"}], "live": True}
    assert served.post("/predict_churn", json=live, headers=able.headers("ana")).status_code == 200


def test_an_unknown_id_among_known_ones_is_answered_in_its_own_row(served: Any, able: House) -> None:
    rows = [{"customer_id": name} for name in ("c1", "nobody", "c2", "9007199254740993")]
    found = served.post("/predict_churn", json={"rows": rows}, headers=able.headers("ana")).json()["rows"]
    assert ["error" in row for row in found] == [False, True, False, True]
    assert [row["customer_id"] for row in found] == ["c1", "nobody", "c2", "9007199254740993"]


def test_a_disk_that_is_full_while_somebody_decides_keeps_nothing_and_says_so(
    open_on: Callable[..., Any], able: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sqlalchemy import event

    from serving.state import store

    full: list[Any] = []
    opened_as_ever = store._sqlite

    def opened(path: Any) -> Any:
        engine = opened_as_ever(path)

        @event.listens_for(engine, "begin")
        def limit(connection: Any) -> None:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages if full else 1_000_000}")

        return engine

    monkeypatch.setattr(store, "_sqlite", opened)
    lin = able.headers("lin")
    with open_on(able.company, able.folder) as served:
        digest = served.get("/decisions/advice", params=CARD, headers=lin).json()["digest"]
        long = "Tried in another team for a cycle. " * 55
        body = {**CARD, "advice": digest, "move": "accept", "reason": long}
        full.append(True)
        codes = []
        for number in range(40):  # there is a little room in pages that are begun
            answer = served.post("/decisions", json={**body, "reason": f"{number} {long}"}, headers=lin)
            codes.append(answer.status_code)
            if answer.status_code == 503:
                break
        assert codes[-1] == 503, codes
        assert "nothing was kept (the disk is full)" in answer.json()["error"]["message"]
        assert int(answer.headers["retry-after"]) > 0
        before = served.get("/decisions", headers=lin).json()["total"]
        full.clear()
        if before == 0:
            assert served.post("/decisions", json=body, headers=lin).status_code == 201
        assert served.get("/decisions", headers=lin).json()["total"] == 1
