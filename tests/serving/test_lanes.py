"""Slow work keeps nobody waiting but its like, and ends when nobody waits for it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from models.conversations.assessment import Assessment, Reader
from serving.access.principal import LOCAL
from serving.access.sight import Sight
from serving.answering.payloads_texts import ComplaintsRequest, ConversationRequest
from serving.answering.texts import answer_complaints, answer_conversation
from serving.lanes import CLIENT, Busy, Lane, Stopped


@pytest.fixture
def opened() -> Iterator[threading.Event]:
    """What slow work waits for; opened at the end, so that no thread stays."""
    event = threading.Event()
    yield event
    event.set()


def lane(**options: Any) -> Lane:
    return Lane("texts", **{"threads": 1, "max_waiting": 2, "max_seconds": 60.0, **options})


def until_stopped(ended: threading.Event) -> Callable[[Any], None]:
    """Work without an end, but for ``check``."""

    def work(check: Callable[[], None]) -> None:
        try:
            while True:
                check()
        finally:
            ended.set()

    return work


def test_work_that_takes_too_long_is_stopped() -> None:
    ended = threading.Event()
    with pytest.raises(Busy, match=r"no time for these texts within 0\.01 s"):
        asyncio.run(lane(max_seconds=0.01).run(until_stopped(ended)))
    assert ended.wait(30)


def test_work_is_stopped_when_the_client_has_gone() -> None:
    ended = threading.Event()

    async def play() -> None:
        async def gone() -> dict[str, Any]:
            return {"type": "http.disconnect"}

        CLIENT.set(gone)
        await lane().run(until_stopped(ended))

    with pytest.raises(Stopped, match="the client has gone"):
        asyncio.run(play())
    assert ended.wait(30)


def test_more_than_may_wait_is_refused_and_given_up_work_counts_until_its_thread_is_free(
    opened: threading.Event,
) -> None:
    async def play() -> None:
        texts = lane(max_seconds=0.01)
        for _ in range(2):
            with pytest.raises(Busy, match="no time"):
                await texts.run(lambda _: opened.wait())
        with pytest.raises(Busy, match="too many texts at once"):
            await texts.run(lambda _: None)
        opened.set()
        texts._pool.shutdown(wait=True)
        assert texts._places.acquire(blocking=False)

    asyncio.run(play())


def test_churn_is_predicted_while_every_thread_for_conversations_is_busy(
    client: Any, monkeypatch: pytest.MonkeyPatch, opened: threading.Event
) -> None:
    def slow(*arguments: Any, **options: Any) -> Assessment:
        opened.wait()
        return Assessment(0.0, "low", (), (), False)

    monkeypatch.setattr(Reader, "assess", slow)
    turns = {"turns": [{"speaker": "customer", "text": "hello"}]}
    answers: list[int] = []
    busy = [
        threading.Thread(target=lambda: answers.append(client.post("/assess_conversation", json=turns).status_code))
        for _ in range(4)
    ]
    for each in busy:
        each.start()
    body = {"rows": [{"customer_id": "c1"}, {"features": {"wait_seconds__30d": 1.0}}], "explain": True}
    answer = client.post("/predict_churn", json=body)
    assert (answer.status_code, answers) == (200, [])
    assert client.post("/classify_complaints", json={"texts": ["where is my bag"]}).status_code == 200
    opened.set()
    for each in busy:
        each.join(60)
    assert answers == [200] * 4


def stops_after(calls: int) -> Callable[[], None]:
    left = [calls]

    def check() -> None:
        left[0] -= 1
        if left[0] < 0:
            raise Stopped("nobody waits")

    return check


def test_conversations_and_complaints_can_be_stopped_between_turns_and_texts() -> None:
    import numpy as np

    read: list[str] = []

    def embed(texts: Any) -> Any:
        read.extend(texts)
        return np.zeros((len(texts), 512))

    turns = [{"speaker": "customer", "text": f"hello {number}"} for number in range(5)]
    run: Any = SimpleNamespace(reader=Reader(embed=embed), causes=None, members=None)
    with pytest.raises(Stopped):
        answer_conversation(
            run, ConversationRequest.model_validate({"turns": turns}), Sight(LOCAL, run.members, 5), stops_after(2)
        )
    assert read == ["hello 0", "hello 1"]

    parts: list[int] = []

    class Causes:
        def classify(self, texts: list[str]) -> Any:
            import pandas as pd

            parts.append(len(texts))
            return pd.DataFrame({"cause": texts, "abstained": [False] * len(texts)})

    run = SimpleNamespace(causes=Causes(), causes_version="root_cause/run")
    texts = [*(f"late {number}" for number in range(450)), "x" * 30_000, "y", None]
    request = ComplaintsRequest.model_validate({"texts": texts})
    whole = answer_complaints(run, request, lambda: None)
    assert [row["cause"] for row in whole["rows"]] == texts
    assert parts == [200, 200, 50, 1, 2]
    with pytest.raises(Stopped):
        answer_complaints(run, request, stops_after(1))
    assert parts[5:] == [200]


def test_of_a_long_turn_beginning_and_end_are_embedded() -> None:
    import numpy as np

    read: list[str] = []

    def embed(texts: Any) -> Any:
        read.extend(texts)
        return np.zeros((len(texts), 512))

    reader = Reader(embed=embed)
    found = reader.assess([(True, "first words " + "so it is " * 2000 + "I will cancel my contract today")])
    assert len(read[0]) == 2_001
    assert read[0].startswith("first words") and read[0].endswith("cancel my contract today")
    assert found.level
