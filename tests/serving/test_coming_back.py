"""Whoever cannot be answered now hears when to come back, whatever they asked for and whatever stands in the way."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest

from baton.files import RunFolder
from serving import gate
from serving.answering.work import ROUTES
from serving.examples import REQUEST_EXAMPLES
from serving.lanes import Busy, Lane
from serving.pages.table import PAGES
from serving.refusals import in_time
from tests.serving.access.conftest import House, house

__all__ = ["house"]

READ = ("/", "/report", "/docs.json", "/metrics", "/readyz", "/livez", "/healthz", "/schema.json", "/nowhere")
KEPT = ("/decisions", "/decisions/1", "/decisions/advice", "/pilots", "/pilots/p",
        "/pilots/ledger", "/pilots/policy", "/pilots/policy/newest")  # fmt: skip
CARD = {"kind": "weights", "team_id": "t1", "role": "agent"}
CALL = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "about_this_service", "arguments": {}}}
FORM = {"content-type": "application/x-www-form-urlencoded"}
OF_USER = {"/events": "etl", "/metrics": "etl", "/pages/mine": "emil", "/pages/live": "lin", "/simulate_weights": "lin"}
WRITING = {"/events", "/recommend_coaching", "/decisions"}


def answers(served: Any, house: House) -> Iterator[tuple[str, Any]]:
    """Every path of the service, asked by somebody who may."""

    def of(path: str) -> dict[str, str]:
        return house.headers(OF_USER.get(path.partition("?")[0], "ana"))

    for path in ROUTES:
        yield path, served.post(path, json=REQUEST_EXAMPLES[path], headers=of(path))
    mine = {"employee_id": house.people["e1"]}
    yield "/recommend_coaching", served.post("/recommend_coaching", json=mine, headers=house.headers("emil"))
    live = {"rows": [{"customer_id": "c1"}], "live": True}
    yield "/predict_churn", served.post("/predict_churn", json=live, headers=house.headers("ana"))
    for path in (*READ, *KEPT):
        yield path, served.get(path, headers=of(path))
    lin = house.headers("lin")
    seen = served.get("/decisions/advice", params=CARD, headers=lin).json().get("digest", "0" * 64)
    proposal = {**CARD, "advice": seen, "move": "accept", "reason": "Tried in another team for a cycle."}
    yield "/decisions", served.post("/decisions", json=proposal, headers=lin)
    yield "/mcp", served.post("/mcp", json=CALL, headers={**of("/mcp"), "accept": "application/json"})
    for page in PAGES:
        yield page.path, served.get(page.path, headers=of(page.path), follow_redirects=False)
        if page.take is not None:
            headers = {**of(page.path), **FORM}
            yield page.path, served.post(page.path, content="key=none", headers=headers, follow_redirects=False)
    form = {"name": "ana", "password": "not the password", "key": "none"}
    yield "/pages/sign-in", served.post("/pages/sign-in", data=form, follow_redirects=False)


def refused(served: Any, house: House) -> set[str]:
    """Paths that cannot be answered now; each of their answers is clean."""
    found = set()
    for path, answer in answers(served, house):
        assert answer.status_code < 500 or answer.status_code == 503, (path, answer.status_code, answer.text[:300])
        assert ("retry-after" in answer.headers) is (answer.status_code == 503), (path, answer.status_code)
        if answer.status_code == 503:
            assert int(answer.headers["retry-after"]) > 0
            if answer.headers["content-type"].startswith("text/html"):
                assert "<main" in answer.text, path
            else:
                message = answer.json()["error"]["message"]
                assert message, path
                assert not message.startswith("a defect"), (path, message)
            found.add(path)
    return found


class Hindered:
    """A service, and what can stand in its way."""

    def __init__(self, served: Any, house: House, places: list[Any]) -> None:
        self.served, self.house, self.places = served, house, places
        self.file = house.company.folder / ".baton" / "state.db"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Somebody else writes and does not come to an end."""
        other = sqlite3.connect(self.file, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            other.rollback()
            other.close()

    @contextmanager
    def gone(self) -> Iterator[None]:
        """The database was taken away while it was in use."""
        away = self.file.with_suffix(".away")
        self.file.rename(away)
        try:
            yield
        finally:
            away.rename(self.file)

    @contextmanager
    def full(self) -> Iterator[None]:
        """As many requests are being answered as may be."""
        free = [place.free for place in self.places]
        for place in self.places:
            place.free = 0
        try:
            yield
        finally:
            for place, before in zip(self.places, free, strict=True):
                place.free = before


@pytest.fixture(scope="module")
def hindered(open_on: Callable[..., Any], house: House) -> Iterator[Hindered]:
    places: list[Any] = []

    def counted(free: int) -> Any:
        places.append(kind(free))
        return places[-1]

    kind = gate._Places
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("serving.state.store._WAIT_SECONDS", 0.02)
        patch.setattr("serving.access.keeper._SECONDS", 0.0)
        patch.setattr("serving.gate._Places", counted)
        patch.setattr("serving.access.door.Limits.of", lambda *_: 1_000_000)
        with open_on(house.company, house.folder) as served:
            yield Hindered(served, house, places)


@pytest.mark.parametrize(
    ("what", "paths"),
    [
        (Hindered.locked, WRITING),
        (Hindered.gone, {*WRITING, "/predict_churn", "/pages/teams", "/pages/decisions", "/docs.json", "/mcp"}),
        (Hindered.full, {*ROUTES, "/decisions", "/pilots", "/docs.json", "/mcp", "/report"} - {"/events"}),
    ],
)
def test_whatever_stands_in_the_way_says_when_to_come_back(
    hindered: Hindered, what: Callable[[Hindered], AbstractContextManager[None]], paths: set[str]
) -> None:
    assert refused(hindered.served, hindered.house) == set()
    with what(hindered):
        found = refused(hindered.served, hindered.house)
    assert found >= paths
    assert not found & {"/livez", "/healthz", "/readyz"}
    assert refused(hindered.served, hindered.house) == set()


def test_what_waits_too_long_in_its_lane_is_asked_to_come_back(
    hindered: Hindered, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def busy(*_: Any) -> Any:
        raise Busy("too many at once; come back in a few seconds")

    monkeypatch.setattr(Lane, "run", busy)
    found = refused(hindered.served, hindered.house)
    assert found >= {"/predict_churn", "/classify_complaints", "/assess_conversation", "/live_kpis", "/events"}


@pytest.mark.parametrize("loaded", ["still loading", "nothing to load"])
def test_without_a_run_everything_that_needs_one_says_when_to_come_back(
    open_on: Callable[..., Any], house: House, monkeypatch: pytest.MonkeyPatch, loaded: str
) -> None:
    going_on = threading.Event()
    if loaded == "still loading":
        monkeypatch.setattr("serving.service.load_run", lambda *_: going_on.wait(60))
    folder = RunFolder(house.company.folder / "nothing") if loaded == "nothing to load" else house.folder
    with open_on(house.company, folder, ready=False) as served:
        found = refused(served, house)
        going_on.set()
    assert found >= {*ROUTES, "/readyz", "/pages/teams", "/pages/customers"}
    assert not found & {"/livez", "/healthz", "/docs.json"}


@pytest.mark.parametrize("before", [True, False])
def test_a_librarys_own_end_to_its_patience_is_an_overload(before: bool) -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def answer() -> None:
        headers = [(b"Retry-After", b"9")] if before else []
        to = in_time(send)
        await to({"type": "http.response.start", "status": 503 if before else 504, "headers": headers})
        await to({"type": "http.response.body", "body": b"whose own"})

    asyncio.run(answer())
    assert [message.get("status") for message in sent] == [503, None]
    assert [value for name, value in sent[0]["headers"] if name.lower() == b"retry-after"] == [b"9" if before else b"2"]
    assert (b"whose own" in sent[1]["body"]) is before
