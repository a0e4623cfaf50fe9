"""Pilots over HTTP, behind the gate: seen and moved by whom they should be, in one shape of refusals."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from baton.terminal.pilot_moves import calibrated
from serving.access.principal import PRINCIPAL, Principal
from serving.gate import Gate
from serving.pilots.description import PILOT_MODELS, pilot_paths
from serving.pilots.routes import pilot_routes
from serving.refusals import Receive, Scope, Send
from tests.serving.pilots.trial import ANN, EVERYBODY, UWE, Trial

COMPANY = "c"
KNOWN = {who.user: who for who in EVERYBODY}


@pytest.fixture
def client(trial: Trial) -> Iterator[Any]:
    """The routes behind the gate; a header of the test's says who asks, where the door would."""
    from starlette.applications import Starlette
    from starlette.testclient import TestClient

    inside = Starlette(routes=pilot_routes(lambda: trial.store, COMPANY))

    async def door(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            name = dict(scope["headers"]).get(b"x-user", b"").decode()
            PRINCIPAL.set(KNOWN.get(name, Principal("nobody", "nobody")))
        await inside(scope, receive, send)

    with TestClient(Gate(door, models={}), headers={"x-user": "ann"}) as opened:
        yield opened


def test_a_pilot_is_approved_started_stopped_and_shown(client: Any, trial: Trial) -> None:
    trial.plan()
    place, version = "/pilots/wait-2026-07", 1
    for who, name in (("uwe", "approve"), ("ann", "start"), ("mei", "stop")):
        answer = client.post(f"{place}/{name}", json={"version": version, "reason": name}, headers={"x-user": who})
        assert answer.status_code == 200, answer.text
        version = answer.json()["version"]
    shown, listed = client.get(place), client.get("/pilots", params={"state": "stopped"})
    assert [move["move"]["zh"] for move in shown.json()["moves"]] == ["计划", "批准", "开始", "停止"]
    assert [row["name"] for row in listed.json()["rows"]] == ["wait-2026-07"]
    assert client.get("/pilots", params={"state": "running"}).json() == {"rows": []}
    ledger = client.get("/pilots/ledger").json()
    models = {each.__name__: each for each in PILOT_MODELS}
    for name, answer in (("PilotAnswer", shown.json()), ("PilotList", listed.json()), ("LedgerAnswer", ledger)):
        assert models[name].model_validate(answer).model_dump(mode="json") == answer
    assert "schedules" not in shown.json()["plan"]


def test_an_adoption_takes_cards_of_units_and_a_day(client: Any, trial: Trial) -> None:
    pilot = trial.brought_to("evaluated")
    card = {"team_id": "t2", "role": "agent", "weights": {"csat": 45, "wait_seconds": 55}}
    body = {"version": pilot["version"], "reason": "held", "cards": [card], "valid_from": "2026-10-01"}
    answer = client.post(f"/pilots/{pilot['name']}/adopt", json=body, headers={"idempotency-key": "k"})
    assert answer.status_code == 200, answer.text
    assert answer.json()["choice"]["cards"][1] == card
    assert (
        client.post(f"/pilots/{pilot['name']}/adopt", json=body, headers={"idempotency-key": "k"}).json()
        == answer.json()
    )


@pytest.mark.parametrize(
    ("who", "path", "body", "code", "words"),
    [
        ("bo", "approve", {}, 404, "there is no such pilot"),
        ("lin", "approve", {}, 403, "your role may not do this"),
        ("ann", "approve", {}, 403, "second person"),
        ("uwe", "approve", {"version": 7}, 409, "no version 7 yet"),
        ("uwe", "approve", {"reason": " "}, 400, "empty"),
        ("uwe", "approve", {"cards": [{"team_id": "t1", "weights": {"csat": 101}}]}, 400, "100"),
        ("uwe", "approve", {"valid_from": "2026-10-01"}, 400, "leave it out"),
        ("uwe", "aprove", {}, 400, "did you mean approve"),
        ("uwe", "evaluate", {"outcome": {"verdict": "adopt"}}, 400, "unknown field"),
        ("uwe", "evaluate", {}, 409, "the pilot is “planned”"),
        ("", "approve", {}, 404, "there is no such pilot"),
    ],
)
def test_what_does_not_fit_is_refused(
    client: Any, trial: Trial, who: str, path: str, body: dict[str, Any], code: int, words: str
) -> None:
    trial.plan()
    asked = {"version": 1, "reason": "fits", **body}
    answer = client.post(f"/pilots/wait-2026-07/{path}", json=asked, headers={"x-user": who})
    assert (answer.status_code, words in answer.json()["error"]["message"]) == (code, True), answer.text
    assert trial.store.get(ANN, "wait-2026-07")["version"] == 1


def test_what_is_foreign_is_answered_like_what_is_not_there(client: Any, trial: Trial) -> None:
    trial.plan()
    found = [
        client.get(f"/pilots/{name}", headers={"x-user": "bo"}) for name in ("wait-2026-07", "none", "x" * 300, "ü")
    ]
    assert {(answer.status_code, answer.text) for answer in found} == {(404, found[0].text)}
    assert client.get("/pilots", headers={"x-user": "bo"}).json() == {"rows": []}


def test_nobody_sends_an_outcome(client: Any, trial: Trial) -> None:
    pilot = trial.brought_to("running")
    answer = client.post(
        f"/pilots/{pilot['name']}/evaluate", json={"version": pilot["version"], "reason": "it is over"}
    )
    assert (answer.status_code, "nobody sends one" in answer.text) == (400, True)


def test_every_route_is_described(trial: Trial) -> None:
    described = {(path, method.upper()) for path, item in pilot_paths(lambda _: {}).items() for method in item}
    routed = {
        (route.path, method) for route in pilot_routes(lambda: trial.store, COMPANY) for method in route.methods or ()
    }
    assert described == {(path, method) for path, method in routed if method != "HEAD"}


def test_the_ledger_has_what_was_predicted_and_what_came(trial: Trial) -> None:
    for number, verdict in enumerate(("adopt", "stop", "extend")):
        trial.brought_to("evaluated", verdict, name=f"p{number}")
    trial.brought_to("running", name="p3")
    trial.brought_to("evaluated", name="p4", predicted=None)
    ledger = trial.store.ledger(UWE)
    assert [(row["id"], row["came_true"]) for row in ledger["rows"]] == [
        ("p0", True), ("p1", True), ("p2", True), ("p3", None), ("p4", None),
    ]  # fmt: skip
    assert ledger["rows"][0]["predicted"]["low"] == -9.0
    assert ledger["rows"][0]["realised"] == {"effect": -6.0, "low": -8.0, "high": -4.0}
    assert ledger["calibration"] == [
        {"level": 0.9, "predictions": 3, "true": 3, "low": None, "high": None, "verdict": "not enough"}
    ]
    (each,) = ledger["calibration"]
    assert "3 of 3 predictions of 90% came true: not enough evidence" in calibrated(each).text.replace("90 %", "90%")
    for verdict, words in (("as stated", "as often"), ("too sure", "too sure"), ("too careful", "wider")):
        assert words in calibrated({**each, "low": 0.5, "high": 0.95, "verdict": verdict}).text
    assert trial.store.ledger(KNOWN["bo"]) == {"rows": [], "calibration": []}
