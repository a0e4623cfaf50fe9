"""Whom a look addresses: the lead who may see it, never a foreign one; and the first look alerts about nobody."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from baton.alerts.settings import Alerts
from serving.access.keeper import Keeper
from serving.alerts.outbox import Outbox
from serving.alerts.watch import Watch
from serving.answering.payloads_texts import ConversationRequest, SaidTurn
from serving.events.store import EventStore
from serving.live.asking import Live
from serving.loading import LoadedRun, load_run
from serving.state.schema import Alert, AlertLevel, AlertMark, AlertMessage
from tests.serving.access.conftest import House, house

__all__ = ["house"]

RULES = {
    "email": {
        "host": "m", "sender": "b@e.com",
        "addresses": {name: f"{name}@e.com" for name in ("lin", "mara", "ana", "emil", "etl")},
    },
    "webhook": [
        {"name": "desk", "url": "https://desk.example/", "secret": "${DESK}"},
        {"name": "own", "url": "https://lin.example/", "secret": "${OWN}", "user": "lin"},
    ],
    "rule": [
        {"name": "leaving", "about": "customer", "measure": "churn", "threshold": -1.0},
        {"name": "falling", "about": "team", "measure": "decline:csat", "threshold": -1.0},
        {"name": "angry", "about": "conversation", "measure": "risk", "threshold": 0.5},
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def run(house: House) -> LoadedRun:
    found = load_run(house.company, house.folder)
    sure = {
        name: replace(served, standing=replace(served.standing, informative=True))
        for name, served in found.served.items()
    }
    return replace(found, served=sure)


@pytest.fixture
def looking(house: House, run: LoadedRun) -> Callable[..., tuple[Watch, Keeper]]:
    def opened(**more: Any) -> tuple[Watch, Keeper]:
        company = house.company.model_copy(update={"alerts": Alerts.model_validate({**RULES, **more})})
        keeper = Keeper(company)
        with keeper.state.writing() as session:
            for table in (Alert, AlertMessage, AlertMark, AlertLevel):
                session.query(table).delete()
        events = EventStore(keeper.state, keeper.audit.append)
        return Watch(company, keeper, Outbox(keeper.audit, company.alerts), Live(lambda: events), events), keeper

    return opened


def addressed(keeper: Keeper, about: str) -> dict[str, set[tuple[str, str]]]:
    """By subject to whom messages go, and how."""
    found: dict[str, set[tuple[str, str]]] = {}
    with keeper.state.reading() as session:
        rows = session.execute(select(Alert, AlertMessage).join(AlertMessage, AlertMessage.id == Alert.message))
        for alert, message in rows:
            if alert.about == about:
                found.setdefault(alert.subject, set()).add((message.channel, message.recipient))
    return found


def test_each_alert_goes_to_the_lead_who_may_see_it_and_to_nobody_else(
    looking: Callable[..., tuple[Watch, Keeper]], run: LoadedRun
) -> None:
    watch, keeper = looking(first="send")
    assert watch.look(run) > 4
    lin, mara = {("email", "lin"), ("desk", "lin"), ("own", "lin")}, {("email", "mara"), ("desk", "mara")}
    customers = addressed(keeper, "customer")
    assert customers["c1"] == lin
    assert customers["c2"] == lin  # of t2, below t1
    assert customers["c3"] == mara
    assert customers["c4"] == {("", "")}  # two years ago: nobody may see it any more
    assert customers["c9"] == {("", "")}
    teams = addressed(keeper, "team")
    assert (teams["t1"], teams["t2"], teams["t3"]) == (lin, lin, mara)
    assert teams["t4"] == {("email", "mara")}  # one person: for who leads it directly, by no shared way
    assert watch.look(run) == 0


def test_the_first_look_alerts_about_nobody_and_a_changed_rule_begins_anew(
    looking: Callable[..., tuple[Watch, Keeper]], run: LoadedRun
) -> None:
    watch, keeper = looking()
    assert watch.look(run) == 0
    with keeper.state.reading() as session:
        assert len(list(session.scalars(select(AlertLevel).where(AlertLevel.rule == "leaving")))) == 80
    watch._company = watch._company.model_copy(
        update={"alerts": Alerts.model_validate({**RULES, "rule": [{**RULES["rule"][0], "threshold": -2.0}]})}
    )
    assert watch.look(run) == 0
    assert addressed(keeper, "customer") == {}


def test_a_model_that_guesses_alerts_about_nobody(looking: Callable[..., tuple[Watch, Keeper]], run: LoadedRun) -> None:
    watch, keeper = looking(first="send")
    churn = run.served["churn"]
    guessing = {"churn": replace(churn, standing=replace(churn.standing, informative=False))}
    watch.look(replace(run, served=guessing))
    assert addressed(keeper, "customer") == {}


def talk(watch: Watch, run: LoadedRun, risk: float, turns: int = 1, **more: Any) -> int:
    given = [SaidTurn(speaker="customer", text="No."), *[SaidTurn(speaker="employee", text="Yes.")] * (turns - 1)]
    answer = {"risk": risk, "level": "high", "signals": []}
    return watch.conversation(run, ConversationRequest(turns=given, **more), answer, "chat")


def test_a_conversation_alerts_once_in_whatever_order_its_turns_come(
    looking: Callable[..., tuple[Watch, Keeper]], run: LoadedRun
) -> None:
    watch, keeper = looking()
    alerts = [
        talk(watch, run, risk, turns, conversation_id="k", team_id="t2")
        for risk, turns in ((0.9, 3), (0.1, 2), (0.9, 4))
    ]
    assert alerts == [1, 0, 0]
    assert {user for _, user in addressed(keeper, "conversation")["chat k"]} == {"lin"}
    assert talk(watch, run, 0.9, conversation_id="other") == 1
    assert addressed(keeper, "conversation")["chat other"] == {("", "")}
    assert talk(watch, run, 0.9) == 0  # it could not be one only once


def test_a_customer_of_others_is_not_named_to_the_lead(
    looking: Callable[..., tuple[Watch, Keeper]], run: LoadedRun
) -> None:
    watch, keeper = looking()
    talk(watch, run, 0.9, conversation_id="a", team_id="t3", customer_id="c1")
    talk(watch, run, 0.9, conversation_id="b", team_id="t1", customer_id="c1")
    with keeper.state.reading() as session:
        named = {alert.subject: alert.content.get("customer_id") for alert in session.scalars(select(Alert))}
    assert named == {"chat a": None, "chat b": "c1"}


def test_a_revoked_lead_is_not_addressed(
    looking: Callable[..., tuple[Watch, Keeper]], run: LoadedRun, tmp_path: Path
) -> None:
    watch, keeper = looking()
    from serving.state.schema import User

    with keeper.state.writing() as session:
        session.get(User, "mara").role = "none"  # type: ignore[union-attr]
    try:
        talk(watch, run, 0.9, conversation_id="a", team_id="t3")
        assert addressed(keeper, "conversation")["chat a"] == {("", "")}
    finally:
        with keeper.state.writing() as session:
            session.get(User, "mara").role = "manager"  # type: ignore[union-attr]
