"""Crossings are alerts once, messages are one sender's at a time, and none is lost: in both databases."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from baton.alerts.settings import Alerts
from baton.company import Company
from baton.errors import ArtefactError
from serving.alerts.deliveries import LEASE
from serving.alerts.listing import listed, retry
from serving.state.schema import Alert, AlertMessage, AuditEntry
from serving.state.store import State
from tests.serving.alerts.office import RULE, Office, everybody, office
from tests.serving.alerts.receivers import receiver

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def messages(of: Office) -> list[AlertMessage]:
    with of.audit.state.reading() as session:
        return list(session.scalars(select(AlertMessage).order_by(AlertMessage.since, AlertMessage.id)))


def test_a_crossing_is_one_alert_until_it_has_come_back(state: State) -> None:
    of = office(state)
    alerts = [of.look(value, seen=place) for place, value in enumerate((0.4, 0.6, 0.7, 0.45, 0.6, 0.39, 0.6))]
    assert alerts == [0, 1, 0, 0, 0, 0, 1]
    assert len(messages(of)) == 2


def test_what_is_still_beyond_alerts_again_after_a_while_also_with_a_clock_set_back(state: State) -> None:
    of, rule = office(state), RULE.model_copy(update={"again_hours": 2.0})
    assert of.look(0.6, rule=rule) == 1
    of.clock.forward(hours=-24)
    assert of.look(0.6, rule=rule) == 0
    of.clock.forward(hours=26)
    assert of.look(0.6, rule=rule) == 1


def test_an_older_look_changes_nothing(state: State) -> None:
    of = office(state)
    assert of.look(0.6, seen=7) == 1
    assert of.look(0.1, seen=6) == 0
    assert of.look(0.6, seen=8) == 0


def test_two_senders_never_have_one_message_at_once(state: State) -> None:
    of, other = office(state), office(state)
    of.look(0.6)
    first = of.deliveries.claim("desk", everybody)
    assert first is not None
    assert other.deliveries.claim("desk", everybody) is None
    other.clock.forward(minutes=6)
    second = other.deliveries.claim("desk", everybody)
    assert second is not None
    assert second.id == first.id
    assert not of.deliveries.failed(first, "late")  # no longer its turn
    other.deliveries.delivered(second)
    assert [message.state for message in messages(of)] == ["sent"]


def test_a_lease_and_a_wait_of_a_clock_that_was_ahead_are_over(state: State) -> None:
    of = office(state)
    of.clock.forward(days=400)
    of.look(0.6)
    claimed = of.deliveries.claim("desk", everybody)
    assert claimed is not None
    of.deliveries.failed(claimed, "down")
    of.clock.forward(days=-400)
    assert of.deliveries.claim("desk", everybody) is not None
    assert of.deliveries.claim("desk", everybody) is None


def test_what_fails_waits_longer_each_time_and_is_given_up_after_days(state: State) -> None:
    of, waited, given_up = office(state), [], False
    of.look(0.6)
    while not given_up:
        claimed = of.deliveries.claim("desk", everybody)
        if claimed is None:
            of.clock.forward(seconds=5)
            continue
        waited.append(of.clock.moment)
        given_up = of.deliveries.failed(claimed, "down")
        of.clock.forward(minutes=1 if len(waited) < 8 else 60)
    gaps = [later - earlier for earlier, later in zip(waited, waited[1:], strict=False)]
    assert all(gap <= timedelta(hours=2) for gap in gaps)
    assert waited[-1] - waited[0] >= timedelta(days=3)
    assert of.deliveries.backlog().undelivered == 1
    with state.reading() as session:
        actions = [row.action for row in session.scalars(select(AuditEntry).order_by(AuditEntry.number))]
    assert actions == ["alerts.send", "alerts.undelivered"]


def test_a_clock_that_leaps_ahead_gives_nothing_up(state: State) -> None:
    of = office(state)
    of.look(0.6)
    of.clock.forward(days=300)
    claimed = of.deliveries.claim("desk", everybody)
    assert claimed is not None
    assert not of.deliveries.failed(claimed, "down")


def test_what_is_undelivered_is_listed_and_sent_again_when_asked(state: State) -> None:
    of = office(state)
    of.look(0.6)
    of.look(0.6, "c2", to="")
    claimed = of.deliveries.claim("desk", everybody)
    assert claimed is not None
    assert of.deliveries.failed(claimed, "gone", is_final=True)
    rows = {row["why"]: row for row in listed(state, ["undelivered"], 10)}
    assert set(rows) == {"gone", "nobody leads it"}
    with pytest.raises(ArtefactError, match="for nobody"):
        retry(of.audit, [rows["nobody leads it"]["message"]])
    assert retry(of.audit) == 1
    of.clock.moment = messages(of)[-1].due_at
    assert of.deliveries.claim("desk", everybody) is not None


def test_what_somebody_may_no_longer_see_is_not_sent(state: State) -> None:
    of = office(state)
    of.look(0.6, "c1")
    claimed = of.deliveries.claim("desk", lambda user, alert: alert.subject != "c1")
    assert claimed is not None
    assert claimed.alerts == ()
    assert [(message.state, message.why) for message in messages(of)] == [("undelivered", "lin may no longer see it")]


def test_quiet_hours_hold_all_but_what_is_urgent_in_one_message(state: State) -> None:
    of = office(state, Alerts(quiet="20:00-07:00", timezone="Europe/Berlin"))
    of.clock.moment = of.clock.moment.replace(hour=19)  # 21:00 in Berlin
    of.look(0.6, "c1")
    of.clock.forward(hours=1)
    of.look(0.7, "c2")
    of.look(0.8, "c3", rule=RULE.model_copy(update={"name": "now", "urgent": True}))
    urgent = of.deliveries.claim("desk", everybody)
    assert urgent is not None
    assert [alert.subject for alert in urgent.alerts] == ["c3"]
    of.deliveries.delivered(urgent)
    assert of.deliveries.claim("desk", everybody) is None
    of.clock.moment = of.clock.moment.replace(day=2, hour=5)
    held = of.deliveries.claim("desk", everybody)
    assert held is not None
    assert sorted(alert.subject for alert in held.alerts) == ["c1", "c2"]


def test_a_digest_is_one_message_and_closed_once_it_was_tried(state: State) -> None:
    of, rule = office(state), RULE.model_copy(update={"digest": "hour"})
    for number in range(5):
        of.look(0.6, f"c{number}", rule=rule)
    assert of.deliveries.claim("desk", everybody) is None
    of.clock.forward(hours=1)
    claimed = of.deliveries.claim("desk", everybody)
    assert claimed is not None
    assert len(claimed.alerts) == 5
    of.clock.forward(minutes=-30)  # set back: the same hour's digest would be due again
    of.look(0.6, "late", rule=rule)
    assert len(messages(of)) == 2


def test_senders_that_are_killed_lose_nothing_and_repeat_under_the_same_id(
    state_company: Company, open_states: Callable[[Company], State]
) -> None:
    state = open_states(state_company)
    of = office(state)
    for number in range(60):
        of.look(0.6, f"c{number}", rule=RULE)
    ids = {message.id for message in messages(of)}
    with receiver() as desk:
        desk.delay = 0.01
        kills = 0
        while any(message.state != "sent" for message in messages(of)):
            command = [sys.executable, "-m", "tests.serving.alerts.sender", str(state_company.folder), desk.url, SECRET]
            # each later sender comes after the leases of the one before
            later = str(int((LEASE * (kills + 1)).total_seconds()) + 1)
            with subprocess.Popen([*command, later], stdout=subprocess.PIPE, env={**os.environ}) as process:
                assert process.stdout is not None
                for come, _ in enumerate(process.stdout):
                    if come == 16:
                        process.send_signal(signal.SIGKILL)
                        kills += 1
                        break
        came = Counter(headers["webhook-id"] for headers, _ in desk.came)
    assert kills >= 3
    assert set(came) == ids
    assert len(desk.came) - len(ids) <= kills
    with state.reading() as session:
        assert len(list(session.scalars(select(Alert)))) == 60
