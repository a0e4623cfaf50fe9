"""Decisions as they are made leave a log that is sound; a person who is erased is in neither, and the rest still works."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import text

from serving.audit.erase import erase
from serving.audit.verify import verify
from serving.decisions.payloads import ListQuestion
from serving.decisions.refused import NotFound
from tests.serving.decisions.office import AUDITOR, EMIL, LIN, LOCAL, MEI, Office


@pytest.fixture
def decided(any_office: Office) -> dict[str, str]:
    """A card that Emil contests, and an offer of help that he accepts; ids by kind."""
    card = any_office.move(MEI, any_office.propose(), "approve")
    any_office.move(EMIL, card, "contest", reason="the hours of p-1 are wrong")
    offer = any_office.propose(LIN, "coaching", "offer")
    any_office.move(EMIL, offer, "accept", reason="gladly, says p-1")
    return {"weights": card["id"], "coaching": offer["id"]}


def test_each_move_has_its_row_and_a_change_behind_its_back_is_found(
    decided: dict[str, str], any_office: Office
) -> None:
    assert verify(any_office.state).faults == ()
    with any_office.state.engine.begin() as connection:
        connection.execute(text("UPDATE moves SET reason = 'because of p-1' WHERE name = 'accept' AND \"by\" = 'emil'"))
    assert [fault.kind for fault in verify(any_office.state).faults] == ["move_changed"]


def test_an_erased_person_is_in_no_decision_and_what_is_left_can_be_read(
    decided: dict[str, str], any_office: Office
) -> None:
    erase(any_office.log, "p-1", actor=LOCAL)
    assert verify(any_office.state).faults == ()
    with any_office.state.reading() as session:
        rows = [
            dict(row)
            for name in ("decisions", "moves", "replies", "audit_log")
            for row in session.execute(text(f"SELECT * FROM {name}")).mappings()
        ]
    left = json.dumps(rows, default=str)
    assert "p-1" not in left and "gladly" not in left and '"emil"' not in left
    seen = any_office.store.get(AUDITOR, decided["coaching"])
    assert seen["state"]["key"] == "accepted" and len(seen["moves"]) == 2
    assert any_office.store.find(AUDITOR, ListQuestion())["total"] == 2
    assert any_office.store.get(AUDITOR, decided["weights"])["moves"][0]["by"] == "lin"
    with pytest.raises(NotFound):
        any_office.store.get(EMIL, decided["coaching"])
