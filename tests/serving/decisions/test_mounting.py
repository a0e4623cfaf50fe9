"""Decisions in the service: the state and the run are asked for when they are needed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from baton.errors import ArtefactError
from serving.access.keeper import Keeper
from serving.access.principal import LOCAL, PRINCIPAL
from serving.decisions.advice import RunAdvice
from serving.decisions.mounting import Decisions
from serving.gate import Gate
from serving.loading import LoadedRun
from serving.page import ASKED_PATH
from serving.readiness import LOADING
from serving.refusals import Receive, Scope, Send
from serving.state.schema import AuditEntry
from tests.serving.databases import company_in
from tests.serving.decisions.office import EMIL, LIN, SUBJECTS, Office


def test_mounted_it_answers_as_soon_as_there_is_a_run(tmp_path: Path, run: RunAdvice) -> None:
    from starlette.applications import Starlette
    from starlette.routing import Route
    from starlette.testclient import TestClient

    company = company_in(tmp_path)
    keeper, loaded = Keeper(company), iter([None, ArtefactError("no run is there"), *[run.run] * 20])

    def now() -> LoadedRun | None:
        found = next(loaded)
        if isinstance(found, ArtefactError):
            raise found
        return found

    pages: Any = Starlette(routes=[Route("/decisions", Decisions(company, keeper, now))])

    async def counted(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            PRINCIPAL.set(LOCAL)
            scope = {**scope, "path": "/decisions", "raw_path": b"/decisions", ASKED_PATH: scope["path"]}
        await pages(scope, receive, send)

    with TestClient(Gate(counted, models={})) as client:
        question = {"kind": "weights", **SUBJECTS["weights"]}
        answers = [client.get("/decisions/advice", params=question) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [503, 503, 200]
        assert answers[0].json()["error"]["message"] == LOADING
        assert answers[1].json()["error"]["message"] == "no run is there"
        body = {**question, "move": "accept", "advice": answers[2].json()["digest"], "reason": "fits"}
        made = client.post("/decisions", json=body)
        assert made.status_code == 201
        assert client.get(made.headers["location"]).json()["id"] == made.json()["id"]
        # one user alone approves nothing
        refused = client.post(f"{made.headers['location']}/approve", json={"version": 1, "reason": "x"})
        assert refused.status_code == 403
    with keeper.state.reading() as session:
        assert [entry.action for entry in session.scalars(select(AuditEntry))] == ["decide"]


def test_whose_rows_are_shown_is_in_the_audit_log(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    from serving.decisions.payloads import AdviceQuestion, ListQuestion

    offer = office.propose(kind="coaching", move="offer")
    office.propose()
    office.recorded.clear()
    office.store.get(EMIL, offer["id"])
    office.store.find(LIN, ListQuestion())
    office.store.advised(LIN, AdviceQuestion(kind="coaching", **SUBJECTS["coaching"]))
    assert [(entry.action, entry.actor, entry.team, entry.person) for entry in office.recorded] == [
        ("view_person", who, "t1", "p-1") for who in (EMIL, LIN, LIN)
    ]

    def fail(*_: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr(office.store, "_record", fail)
    for work in (lambda: office.store.get(EMIL, offer["id"]), lambda: office.store.find(LIN, ListQuestion())):
        with pytest.raises(RuntimeError):
            work()
