"""The client of the service, against the service on a port."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import UnionType
from typing import Any, Literal, NotRequired, Union, get_args, get_origin, get_type_hints, is_typeddict

import pytest

from baton.client import answers, errors, loop_answers
from baton.client.service import AsyncClient, Client
from serving.answering.work import ROUTES
from serving.pilots.opening import open_pilots
from tests.serving.access.conftest import House
from tests.serving.pilots.trial import PLAN

TURNS = [{"speaker": "customer", "text": "Where is my parcel?"}]
QUESTIONS: dict[str, Callable[[Any], Any]] = {
    "/predict_churn": lambda client: client.predict_churn([{"customer_id": "c1"}, {"customer_id": "c3"}], explain=True),
    "/predict_decline": lambda client: client.predict_decline([{"unit": "team", "unit_id": "t1"}]),
    "/recommend_weights": lambda client: client.recommend_weights("t1", policy={"max_change": 5}),
    "/simulate_weights": lambda client: client.try_weights("t1", {"wait_seconds": 60, "first_contact_resolution": 40}),
    "/recommend_coaching": lambda client: client.recommend_coaching(team_id="t1"),
    "/classify_complaints": lambda client: client.classify_complaints(["where is my suitcase", None]),
    "/assess_conversation": lambda client: client.assess_conversation(TURNS, customer_id="c1"),
    "/live_kpis": lambda client: client.live_kpis("t1"),
}
BODIES = {
    "/predict_churn": {"rows": [{"customer_id": "c1"}, {"customer_id": "c3"}], "explain": True},
    "/predict_decline": {"rows": [{"unit": "team", "unit_id": "t1"}]},
    "/recommend_weights": {"team_id": "t1", "policy": {"max_change": 5}},
    "/simulate_weights": {"team_id": "t1", "weights": {"wait_seconds": 60, "first_contact_resolution": 40}},
    "/recommend_coaching": {"team_id": "t1"},
    "/classify_complaints": {"texts": ["where is my suitcase", None]},
    "/assess_conversation": {"turns": TURNS, "customer_id": "c1"},
    "/live_kpis": {"team_id": "t1"},
}


@pytest.mark.parametrize("path", list(QUESTIONS))
def test_both_clients_get_what_the_service_answers(path: str, address: str, served: Any, house: House) -> None:
    expected = served.post(path, json=BODIES[path], headers=house.headers("lin"))
    assert expected.status_code == 200, expected.text

    async def asked() -> Any:
        async with AsyncClient(address, house.tokens["lin"]) as client:
            return await QUESTIONS[path](client)

    with Client(address, house.tokens["lin"]) as client:
        assert QUESTIONS[path](client) == asyncio.run(asked()) == expected.json()


LOOP: dict[str, Callable[[Any], Any]] = {
    "/pilots": lambda client: client.pilots(),
    "/pilots?state=planned": lambda client: client.pilots(state="planned"),
    "/pilots/tried": lambda client: client.pilot("tried"),
    "/pilots/ledger": lambda client: client.ledger(),
    "/pilots/policy": lambda client: client.policy_versions(),
    "/pilots/policy/newest": lambda client: client.policy(),
    "/pilots/policy/1": lambda client: client.policy(1),
    "/pilots/policy/1/changes?since=1": lambda client: client.policy_changes(1, since=1),
}


@pytest.fixture(scope="module")
def pilot(house: House) -> None:
    plan = {**PLAN, "name": "tried", "teams": ["t1", "t2"], "starts": [6, -1]}
    with open_pilots(house.company, house.folder, house.tokens["ana"]) as (store, user):
        store.begin(user, plan, "waits are long")


@pytest.mark.parametrize("path", list(LOOP))
def test_both_clients_read_pilots_and_policy(path: str, pilot: None, address: str, served: Any, house: House) -> None:
    expected = served.get(path, headers=house.headers("lin"))
    assert expected.status_code == 200, expected.text

    async def asked() -> Any:
        async with AsyncClient(address, house.tokens["lin"]) as client:
            return await LOOP[path](client)

    with Client(address, house.tokens["lin"]) as client:
        assert LOOP[path](client) == asyncio.run(asked()) == expected.json()


def test_a_pilot_is_moved_as_it_was_seen(pilot: None, address: str, house: House) -> None:
    with Client(address, house.tokens["ana"]) as client:
        seen = client.pilot("tried")
        assert client.policy_versions()["rows"][0]["what"] == "limits"
        with pytest.raises(errors.NotFoundError, match="there is no such version of the policy; there are 1"):
            client.policy(99)
        with pytest.raises(errors.NotFoundError):
            client.policy_changes(1, since=7)
        stopped = client.move_pilot(seen, seen["next"][0]["key"], "the team was dissolved")
        assert stopped["version"] == seen["version"] + 1
        with pytest.raises(errors.ConflictError):
            client.move_pilot(seen, seen["next"][0]["key"], "once more")


def test_every_route_has_a_method() -> None:
    assert set(ROUTES) == {*QUESTIONS, "/events"}
    names = {name for name in vars(Client) if not name.startswith("_")} - {"close"}
    assert names == {name for name in vars(AsyncClient) if not name.startswith("_")} - {"aclose"}


@pytest.mark.parametrize(
    ("user", "ask", "kind", "code", "field", "part"),
    [
        ("lin", lambda client: client.recommend_weights("t3"), errors.NotFoundError, 404, "team_id", "no scorecard"),
        ("emil", lambda client: client.classify_complaints(["x"]), errors.NotAllowedError, 403, "", "role employee"),
        ("", lambda client: client.recommend_weights("t1"), errors.NotAllowedError, 401, "", "valid token"),
        ("ana", lambda client: client.predict_churn([{"customer": "c1"}]), errors.UnfitError, 400, "rows[0].customer", "unknown"),
        ("ana", lambda client: client.decision("../../etc"), errors.NotFoundError, 404, "", "nothing at this path"),
        ("ana", lambda client: client.decision("0" * 32), errors.NotFoundError, 404, "", "no such decision"),
        ("ana", lambda client: client.decisions(page=0), errors.UnfitError, 400, "page", "greater"),
    ],
)  # fmt: skip
def test_refusals_are_errors_with_code_field_and_the_services_words(
    user: str, ask: Any, kind: type[errors.ServiceError], code: int, field: str, part: str, address: str, house: House
) -> None:
    with Client(address, house.tokens[user] if user else None) as client, pytest.raises(kind) as caught:
        ask(client)
    assert (caught.value.code, caught.value.field) == (code, field)
    assert part in caught.value.reason


def test_who_does_not_answer_is_unavailable() -> None:
    with Client("http://127.0.0.1:9", seconds=2) as client, pytest.raises(errors.UnavailableError, match="no answer"):
        client.ready()


def test_a_decision_goes_its_way_by_the_client(address: str, house: House) -> None:
    with Client(address, house.tokens["lin"]) as lin, Client(address, house.tokens["ana"]) as ana:
        seen = lin.advice("weights", team_id="t2", role="agent")
        made = lin.propose(seen, "accept", "tried <b>once</b> '; DROP TABLE decisions; -- {{ 7*7 }}", key="once")
        again = lin.propose(seen, "accept", "tried <b>once</b> '; DROP TABLE decisions; -- {{ 7*7 }}", key="once")
        assert again == made
        with pytest.raises(errors.NotAllowedError):
            lin.move(made, "approve", "by myself")
        moved = ana.move(made, "reject", "the card has changed since")
        assert [each["move"]["key"] for each in moved["moves"]] == ["accept", "reject"]
        assert moved["moves"][0]["reason"] == "tried <b>once</b> '; DROP TABLE decisions; -- {{ 7*7 }}"
        with pytest.raises(errors.ConflictError):
            ana.move(made, "reject", "again, on what is seen no more")
        assert lin.decision(made["id"]) == {**moved, "next": lin.decision(made["id"])["next"]}
        assert [row["id"] for row in lin.decisions(team_id="t2", kind="weights")["rows"]] == [made["id"]]


class Replies:
    """A transport that answers as it is set to, and counts."""

    def __init__(self, *replies: tuple[int, dict[str, str]]) -> None:
        import httpx

        self.seen: list[Any] = []
        self._left = list(replies)
        self.transport = httpx.MockTransport(self._reply)

    def _reply(self, request: Any) -> Any:
        import httpx

        self.seen.append(request)
        code, headers = self._left.pop(0)
        body = {"rows": []} if code == 200 else {"error": {"field": "", "message": "later"}}
        return httpx.Response(code, headers=headers, json=body)


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    waited: list[float] = []
    monkeypatch.setattr("baton.client.service.time.sleep", waited.append)
    return waited


def test_what_may_be_sent_twice_is_sent_again_when_the_service_says(waits: list[float]) -> None:
    replies = Replies((429, {"retry-after": "7"}), (503, {"retry-after": "2"}), (200, {}))
    with Client("http://x", transport=replies.transport) as client:
        assert client.recommend_weights("t1") == {"rows": []}
    assert waits == [7.0, 2.0]


def test_a_decision_sent_again_carries_the_key_of_the_first(waits: list[float]) -> None:
    seen: Any = {
        "digest": "0" * 64,
        "kind": {"key": "weights"},
        "team_id": "t1",
        "role": "",
        "employee_id": None,
        "about": {"kpi": None},
    }
    replies = Replies((503, {"retry-after": "1"}), (201, {}), (201, {}))
    with Client("http://x", transport=replies.transport) as client:
        client.propose(seen, "accept", "fits")
        client.propose(seen, "accept", "fits")
    keys = [request.headers["idempotency-key"] for request in replies.seen]
    assert keys[0] == keys[1] != keys[2]


@pytest.mark.parametrize(
    ("code", "headers"),
    [(503, {}), (429, {"retry-after": "3600"}), (500, {"retry-after": "1"}), (400, {"retry-after": "1"})],
)
def test_nothing_else_is_sent_again(code: int, headers: dict[str, str], waits: list[float]) -> None:
    replies = Replies((code, headers))
    with Client("http://x", transport=replies.transport) as client, pytest.raises(errors.ServiceError):
        client.recommend_weights("t1")
    assert (len(replies.seen), waits) == (1, [])


def test_it_does_not_ask_for_ever(waits: list[float]) -> None:
    replies = Replies(*[(503, {"retry-after": "1"})] * 3)
    with Client("http://x", tries=3, transport=replies.transport) as client, pytest.raises(errors.UnavailableError):
        client.recommend_weights("t1")
    assert waits == [1.0, 1.0]


def test_the_token_is_not_shown() -> None:
    assert repr(Client("http://x", "secret")) == "Client('http://x')"


# how a type, and a schema, say the same
PLAIN = {str: "string", float: "number", int: "integer", bool: "boolean", type(None): "null", Any: "any"}


def of_hint(hint: Any) -> Any:
    origin = get_origin(hint)
    if origin is NotRequired:
        return of_hint(get_args(hint)[0])
    if origin in (Union, UnionType):
        return frozenset(of_hint(each) for each in get_args(hint))
    if origin is list:
        return ("array", of_hint(get_args(hint)[0]))
    if origin is dict:
        return ("object", of_hint(get_args(hint)[1]))
    if origin is Literal:
        return ("of", *get_args(hint))
    return hint.__name__ if is_typeddict(hint) else PLAIN[hint]


def of_schema(schema: dict[str, Any]) -> Any:
    if "$ref" in schema:
        return schema["$ref"].rpartition("/")[2]
    if "anyOf" in schema:
        return frozenset(of_schema(each) for each in schema["anyOf"])
    if "enum" in schema:
        return ("of", *schema["enum"])
    if schema.get("type") == "array":
        return ("array", of_schema(schema["items"]))
    if schema.get("type") == "object":
        more = schema.get("additionalProperties", True)
        return ("object", "any" if more is True else of_schema(more))
    return schema.get("type", "any")


@pytest.mark.parametrize("name", [*answers.__all__, *loop_answers.__all__])
def test_answers_are_typed_as_the_service_describes_them(name: str, served: Any, house: House) -> None:
    schema = served.get("/docs.json", headers=house.headers("ana")).json()["components"]["schemas"][name]
    kind = getattr(answers if hasattr(answers, name) else loop_answers, name)
    hints = get_type_hints(kind, include_extras=True)
    assert {field: of_hint(hint) for field, hint in hints.items()} == {
        field: of_schema(part) for field, part in schema["properties"].items()
    }
    assert {field for field, hint in hints.items() if get_origin(hint) is not NotRequired} == set(schema["required"])
