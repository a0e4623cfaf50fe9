"""What is changed in the tables of pilots behind Baton's back is found by the audit log, the rule of a plan first of all."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import text

from serving.audit.verify import verify
from tests.serving.pilots.trial import LOCAL, Trial

CHANGES = {
    "an easier rule": ("UPDATE pilots SET plan = :plan", "pilot_changed"),
    "another state": ("UPDATE pilots SET state = 'adopted'", "pilot_changed"),
    "another outcome": ('UPDATE pilots SET outcome = \'{"verdict": "adopt"}\'', "pilot_changed"),
    "another reason": ("UPDATE pilot_moves SET reason = 'x' WHERE version = 2", "pilot_changed"),
    "another name": ("UPDATE pilot_moves SET by = 'mei' WHERE version = 2", "pilot_changed"),
    "a move less": ("DELETE FROM pilot_moves WHERE version = 2", "pilot_missing"),
    "a move more": (
        "INSERT INTO pilot_moves SELECT pilot, 9, name, before, after, by, role, reason, detail, at FROM pilot_moves "
        "WHERE version = 2",
        "pilot_unlogged",
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_was_changed_is_found(change: str, any_trial: Trial) -> None:
    pilot = any_trial.brought_to("evaluated", "stop")
    assert verify(any_trial.state).sound
    statement, kind = CHANGES[change]
    plan = any_trial.store.plan_of(LOCAL, pilot["name"])
    quoted = statement.replace(" by,", ' "by",').replace(" by =", ' "by" =')
    with any_trial.state.engine.begin() as connection:
        connection.execute(text(quoted.replace(":plan", "'" + json.dumps({**plan, "worthwhile": 0.1}) + "'")))
    faults = verify(any_trial.state).faults
    assert {fault.kind for fault in faults} == {kind}
    assert all(pilot["name"] in fault.message.text for fault in faults)
