"""Decisions over HTTP, behind the gate: one shape of refusals, keys, and texts that are nothing but texts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from baton.errors import OutputError
from baton.files import RunFolder
from serving.access.principal import PRINCIPAL, Principal
from serving.decisions.advice import RunAdvice
from serving.decisions.description import DECISION_MODELS, decision_paths
from serving.decisions.payloads import MAX_REASON, ListQuestion
from serving.decisions.refused import RunNotReady
from serving.decisions.routes import decision_routes
from serving.gate import Gate
from serving.loading import LoadedRun
from serving.refusals import Application, Receive, Scope, Send
from serving.state.schema import Decision
from tests.serving.decisions.office import EVERYBODY, LIN, SUBJECTS, Office

KNOWN = {who.user: who for who in EVERYBODY}


def behind(office: Office) -> Application:
    """The routes behind the gate; a header of the test's says who asks, where the door would."""
    from starlette.applications import Starlette

    inside: Application = Starlette(routes=decision_routes(lambda: office.store))

    async def door(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            name = dict(scope["headers"]).get(b"x-user", b"").decode()
            PRINCIPAL.set(KNOWN.get(name, Principal("nobody", "nobody")))
        await inside(scope, receive, send)

    return Gate(door, models={})


@pytest.fixture
def client(office: Office) -> Iterator[Any]:
    from starlette.testclient import TestClient

    with TestClient(behind(office), headers={"x-user": "lin"}) as opened:
        yield opened


def asked(office: Office, kind: str = "weights", move: str = "accept", **other: Any) -> dict[str, Any]:
    return office.asked(kind, move, **other).model_dump(mode="json", exclude_none=True)


def message(answer: Any) -> str:
    assert set(answer.json()) <= {"error", "faults"}
    return answer.json()["error"]["message"]


def test_a_decision_is_made_approved_contested_and_answered(client: Any, office: Office) -> None:
    shown = client.get("/decisions/advice", params={"kind": "weights", **SUBJECTS["weights"]}).json()
    body = {"kind": "weights", **SUBJECTS["weights"], "move": "accept", "advice": shown["digest"], "reason": "fits"}
    made = client.post("/decisions", json=body)
    assert made.status_code == 201
    place, version = made.headers["location"], 1
    for who, name in (("mei", "approve"), ("emil", "contest"), ("ann", "uphold")):
        answer = client.post(f"{place}/{name}", json={"version": version, "reason": name}, headers={"x-user": who})
        assert answer.status_code == 200, answer.text
        version = answer.json()["version"]
    got = client.get(place)
    assert got.headers["cache-control"] == "no-store"
    assert [move["move"]["key"] for move in got.json()["moves"]] == ["accept", "approve", "contest", "uphold"]
    listed = client.get("/decisions", params={"state": "upheld", "kind": "weights", "team_id": "t1"}).json()
    assert (listed["total"], listed["rows"][0]["state"]["zh"]) == (1, "异议后维持")
    for model, answer in zip(
        ("AdviceAnswer", "DecisionAnswer", "DecisionList"), (shown, got.json(), listed), strict=True
    ):
        schema = next(each for each in DECISION_MODELS if each.__name__ == model)
        assert schema.model_validate(answer).model_dump(mode="json") == answer


@pytest.mark.parametrize(
    ("who", "changes", "code", "why"),
    [
        ("lin", {"reason": ""}, 400, "empty"),
        ("lin", {"reason": " \n "}, 400, "empty"),
        ("lin", {"reason": "\u200b\u200f"}, 400, "empty"),
        ("lin", {"reason": "x" * (MAX_REASON + 1)}, 400, "2000"),
        ("lin", {"reason": "a\x00b"}, 400, "U+0000"),
        ("lin", {"reason": "a\x1b[31m"}, 400, "U+001B"),
        ("lin", {"reason": "ok \u202e ko"}, 400, "U+202E"),
        ("lin", {"advice": "zz"}, 400, "pattern"),
        ("lin", {"advice": "0" * 64}, 409, "advice has changed"),
        ("lin", {"move": "approve"}, 400, "accept"),
        ("lin", {"kind": "salary"}, 400, "weights"),
        ("lin", {"kpi": "csat"}, 400, "takes no kpi"),
        ("lin", {"team_id": None}, 400, "needs team_id"),
        ("lin", {"team_id": "x" * 301}, 400, "300"),
        ("lin", {"team_id": 7.5}, 400, "whole number"),
        ("lin", {"colour": "red"}, 400, "unknown field"),
        ("lin", {"team_id": "t2"}, 404, "there is no such decision"),
        ("ann", {}, 403, "role"),
        ("emil", {}, 403, "role"),
        ("", {}, 403, "role"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_shape(
    client: Any, office: Office, who: str, changes: dict[str, Any], code: int, why: str
) -> None:
    body = {name: value for name, value in (asked(office) | changes).items() if value is not None}
    answer = client.post("/decisions", json=body, headers={"x-user": who})
    assert answer.status_code == code, answer.text
    assert why in message(answer)
    assert office.store.find(KNOWN["ida"], ListQuestion())["total"] == 0


@pytest.mark.parametrize(
    ("content", "media_type", "code"),
    [
        (b"{", "application/json", 400),
        (b'{"reason": "\\ud800"}', "application/json", 400),
        (b"[]", "application/json", 400),
        (b"{}", "text/plain", 415),
        (b"\xff", "application/json", 400),
        (b'"' + b"x" * 300_000 + b'"', "application/json", 413),
    ],
)
def test_bodies_that_are_none_are_refused(client: Any, content: bytes, media_type: str, code: int) -> None:
    for path in ("/decisions", f"/decisions/{'0' * 32}/approve"):
        answer = client.post(path, content=content, headers={"content-type": media_type})
        assert answer.status_code == code
        assert message(answer)


def test_questions_that_do_not_fit_are_refused(client: Any) -> None:
    for query in ("page=0", "page=x", "state=gone", "kind=salary", "colour=red", "overdue=perhaps", "team_id=%00"):
        answer = client.get(f"/decisions?{query}")
        assert (answer.status_code, bool(message(answer))) == (400, True), query
    assert client.get("/decisions/advice").status_code == 400
    for path in ("/decisions/x", "/decisions/%00", f"/decisions/{'é' * 300}"):
        assert client.get(path).status_code == 404
    assert client.delete("/decisions").status_code == 405


def test_foreign_and_unknown_are_the_same_bytes(client: Any, office: Office) -> None:
    foreign = office.propose(KNOWN["bo"], team_id="t2")["id"]
    for path in ("/decisions/{}", "/decisions/advice?kind=weights&team_id={}"):
        one, other = (foreign, "0" * 32) if path.endswith("/{}") else ("t2", "t77")
        answers = [client.get(path.format(each)) for each in (one, other)]
        assert {(each.status_code, each.content) for each in answers} == {(404, answers[0].content)}
    move = {"version": 1, "reason": "x"}
    answers = [client.post(f"/decisions/{each}/approve", json=move) for each in (foreign, "0" * 32)]
    assert {(each.status_code, each.content) for each in answers} == {(404, answers[0].content)}


def test_refusals_speak_the_readers_language(client: Any, office: Office) -> None:
    made = office.propose()
    path, body = f"/decisions/{made['id']}/approve", {"version": 1, "reason": "x"}
    answer = client.post(path, json=body, headers={"accept-language": "zh-CN,zh;q=0.9"})
    assert (answer.status_code, message(answer)) == (403, "此操作须由另一人进行：目前的状态正是由您操作形成的")
    early = client.post(path, json={**body, "version": 3}, headers={"accept-language": "zh"})
    assert (early.status_code, message(early).startswith("尚无版本 3；当前为版本 1")) == (409, True)
    office.move(KNOWN["mei"], made, "approve")
    late = client.post(path, json=body, headers={"accept-language": "zh"})
    assert late.status_code == 409
    assert "mei 已于 2026-07-01T08:00:00Z 先行操作：批准" in message(late)


def test_a_key_repeats_the_answer(client: Any, office: Office) -> None:
    body, key = asked(office), {"Idempotency-Key": "k-1"}
    first, again = (client.post("/decisions", json=body, headers=key) for _ in range(2))
    assert (first.status_code, first.content) == (again.status_code, again.content)
    assert first.status_code == 201
    other = client.post("/decisions", json={**body, "reason": "another"}, headers=key)
    assert (other.status_code, other.json()["error"]["field"]) == (422, "Idempotency-Key")
    assert client.post("/decisions", json=body, headers={"Idempotency-Key": " " * 3}).status_code == 400
    # a refused request is not kept: with the fault mended it may come again
    assert client.post("/decisions", json=body, headers={"Idempotency-Key": "k-2"}).status_code == 409


TEXTS = [
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "'; DROP TABLE decisions; --",
    '" OR 1=1 /* \\',
    "{{ 7 * 7 }} {% raw %} ${7*7} #{7*7} {reason} {0} %s %(a)s",
    '=HYPERLINK("http://x")',
    "👩‍👩‍👧‍👦 ok 🇨🇳",
    "قرار عادل للجميع\u200f",
    "第一行\n第二行\r\n第三行",
    "é" * MAX_REASON,
]


@pytest.mark.parametrize("text", TEXTS)
def test_texts_are_kept_as_they_are_and_run_nowhere(client: Any, office: Office, text: str) -> None:
    body = asked(office, "root_cause", "change", choice={"action": text}) | {"reason": text}
    made = client.post("/decisions", json=body)
    assert made.status_code == 201, made.text
    assert made.headers["content-type"] == "application/json"
    kept = client.get(made.headers["location"]).json()
    expected = text.replace("\r\n", "\n")
    assert (kept["moves"][0]["reason"], kept["choice"]["action"]) == (expected, expected)
    listed = client.get("/decisions", params={"team_id": text[:300].replace("\n", "").replace("\r", "")})
    assert (listed.status_code, listed.json()["total"]) == (200, 0)
    assert office.recorded[-1].detail["reason"] == expected


@pytest.mark.parametrize("team", ["x" * 300, "👩‍👩‍👧‍👦" * 20, "فريق الدعم \u200f١", "团队 一; -- '\"<b>"])
def test_ids_of_any_kind_are_kept(team: str, any_office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    from starlette.testclient import TestClient

    office = any_office
    monkeypatch.setattr(LoadedRun, "knows_team", lambda _, value: value == team)
    monkeypatch.setitem(KNOWN, "odd", Principal("o" * 200, "manager", frozenset({team}), frozenset({team})))
    body = asked(office, "root_cause") | {"team_id": team}
    with TestClient(behind(office), headers={"x-user": "odd"}) as client:
        made = client.post("/decisions", json=body, headers={"Idempotency-Key": "k" * 200})
        assert made.status_code == 201, made.text
        assert client.get("/decisions", params={"team_id": team}).json()["rows"][0]["team_id"] == team


def test_without_a_run_decisions_can_be_read_but_none_made(client: Any, office: Office) -> None:
    body, made = asked(office, "target"), office.propose()

    def loading() -> RunAdvice:
        raise RunNotReady("the run is being loaded")

    office.store._advice = loading
    kept = client.get(f"/decisions/{made['id']}")
    assert (kept.status_code, kept.json()["still_advised"]) == (200, None)
    assert client.get("/decisions").json()["total"] == 1
    answer = client.post("/decisions", json=body)
    assert (answer.status_code, message(answer)) == (503, "the run is being loaded")
    # whether a person is on a card is not known without a run
    assert client.get("/decisions", headers={"x-user": "emil"}).status_code == 503


def test_a_database_that_cannot_be_reached_is_no_defect(
    client: Any, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone() -> Any:
        raise OutputError("the database of decisions: nothing was kept (connection refused)")

    monkeypatch.setattr(office.state, "reading", gone)
    answer = client.get("/decisions")
    assert (answer.status_code, "nothing was kept" in message(answer)) == (503, True)


def test_the_description_names_every_route_and_schema(office: Office) -> None:
    named = {model.__name__ for model in DECISION_MODELS}
    paths = decision_paths(lambda model: {"model": model.__name__})
    described = {(path, method.upper()) for path, item in paths.items() for method in item}
    routes = {(route.path, method) for route in decision_routes(lambda: office.store) for method in route.methods or ()}
    assert described == {each for each in routes if each[1] != "HEAD"}
    assert {word for word in named if f"'{word}'" in str(paths)} == named
    for model in DECISION_MODELS:
        for example in model.model_json_schema().get("examples", []):
            assert model.model_validate(example)


def test_a_run_as_the_service_loads_it_is_decided_on(
    run_folder: RunFolder, company: Any, first_employee: str, office: Office
) -> None:
    office.run = RunAdvice(LoadedRun(company, run_folder, {}))
    made = office.propose(LIN, team_id="t1", role="agent")
    assert made["choice"] == {"weights": {"csat": 50.0, "wait_seconds": 50.0}}
    offered = office.propose(
        LIN, "coaching", "offer", employee_id=first_employee, kpi="wait_seconds", action="call_back"
    )
    assert (offered["team_id"], offered["employee_id"]) == ("t1", first_employee)
    with office.state.reading() as session:
        assert session.get(Decision, offered["id"]) is not None
