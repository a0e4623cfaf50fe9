"""The whole way: what crosses while the service runs arrives, signed, at whoever leads the team, and nobody else."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import select

from baton.company import load_company
from serving.state.schema import AuditEntry
from serving.state.store import open_state
from tests.serving.access.conftest import House, house
from tests.serving.alerts.receivers import Mailbox, Receiver, mail_server, receiver
from tests.serving.events.test_route import opening

__all__ = ["house"]

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
RULES = """
[alerts]
pages = "https://baton.example/pages/"

[[alerts.rule]]
name = "angry"
about = "conversation"
measure = "risk"
threshold = 0.5
urgent = true

[[alerts.rule]]
name = "rating"
about = "team"
measure = "csat"
when = "below"
threshold = 2.5

[[alerts.webhook]]
name = "desk"
url = "{url}"
secret = "${{DESK}}"

[alerts.email]
host = "127.0.0.1"
port = {port}
security = "none"
sender = "baton@example.com"
addresses = {{ lin = "lin@example.com", mara = "mara@example.com", ana = "ana@example.com" }}
"""
DAY = "2025-05-03T09:00:00Z"
ANGRY = [
    {"speaker": "customer", "text": "Third time I ask. You promised a refund, I am cancelling today. This is fraud."}
]


@pytest.fixture(scope="module")
def desk() -> Iterator[Receiver]:
    with receiver() as found:
        yield found


@pytest.fixture(scope="module")
def mail() -> Iterator[Mailbox]:
    with mail_server() as found:
        yield found


@pytest.fixture(scope="module")
def alerting(
    house: House, desk: Receiver, mail: Mailbox, open_on: Callable[..., Any], monkeypatch_module: pytest.MonkeyPatch
) -> Iterator[Any]:
    monkeypatch_module.setenv("DESK", SECRET)
    file = house.company.folder / "company.toml"
    before = file.read_text("utf-8")
    file.write_text(before + RULES.format(url=desk.url, port=mail.port), encoding="utf-8")
    tables = house.folder.staged / "tables.json"
    known = tables.read_text("utf-8")
    tables.write_text(known.replace('"csat",', '"csat", "rated_at",', 1), encoding="utf-8")
    with open_on(load_company(file), house.folder) as client:
        yield client
    file.write_text(before, encoding="utf-8")
    tables.write_text(known, encoding="utf-8")


@pytest.fixture(scope="module")
def monkeypatch_module() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        yield patch


def until(done: Callable[[], bool]) -> None:
    end = time.monotonic() + 90
    while not done():
        assert time.monotonic() < end, "nothing arrived"
        time.sleep(0.05)


def sent_to(desk: Receiver, name: str) -> list[Any]:
    """What a user was sent; the tests of this module share the receiver."""
    return [each for each in (json.loads(body) for _, body in desk.came) if each["data"]["to"] == name]


def test_a_conversation_reaches_the_lead_while_it_goes_on(
    alerting: Any, house: House, desk: Receiver, mail: Mailbox
) -> None:
    body = {"turns": ANGRY, "conversation_id": "chat-1", "customer_id": "c3", "team_id": "t3"}
    answer = alerting.post("/assess_conversation", json=body, headers=house.headers("etl"))
    assert answer.status_code == 200 and answer.json()["risk"] > 0.5
    until(lambda: len(sent_to(desk, "mara")) == 1 and "mara@example.com" in mail.recipients)
    (sent,) = sent_to(desk, "mara")
    assert sent["type"] == "baton.alerts"
    (alert,) = sent["data"]["alerts"]
    assert (alert["conversation_id"], alert["customer_id"], alert["team_id"]) == ("chat-1", "c3", "t3")
    assert not any("refund" in body.decode() for _, body in desk.came)
    assert not any("refund" in each.as_string() for each in mail.mails)
    assert mail.recipients.count("mara@example.com") == 1
    state = open_state(house.company)
    with state.reading() as session:
        rows = [row.detail for row in session.scalars(select(AuditEntry).where(AuditEntry.action == "alerts.send"))]
    state.close()
    assert "mara" in {json.loads(detail)["to"] for detail in rows}
    assert not any('"c3"' in detail or "chat-1" in detail or "refund" in detail for detail in rows)


def test_an_event_that_lowers_a_teams_rating_reaches_its_lead(
    alerting: Any, house: House, desk: Receiver, mail: Mailbox
) -> None:
    until(lambda: alerting.get("/readyz").json()["alerts"]["looked_at"] is not None)
    rated = opening("bad-1", customer_id="c1", team_id="t1", opened_at=DAY, rated_at=DAY, csat=1)
    answer = alerting.post("/events", json={"events": [rated]}, headers=house.headers("etl"))
    assert answer.status_code == 200, answer.text
    until(lambda: len(sent_to(desk, "lin")) == 1)
    (alert,) = sent_to(desk, "lin")[0]["data"]["alerts"]
    assert (alert["team_id"], alert["value"]) == ("t1", 1.0)


def test_health_and_metrics_have_the_backlog(alerting: Any, house: House) -> None:
    assert alerting.get("/readyz").json()["alerts"]["undelivered"] == 0
    shown = alerting.get("/metrics", headers=house.headers("ana")).text
    assert "\nbaton_alerts_waiting " in shown
