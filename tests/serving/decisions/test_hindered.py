"""What keeps people from a move, and that the refusal says who can make it, by which name, and when."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from baton.messages.message import render
from serving.access.principal import Principal
from serving.decisions.advice import RunAdvice
from serving.decisions.payloads import ListQuestion
from serving.decisions.refused import Conflict, DecisionRefused, NotAllowed, RunNotReady
from tests.serving.decisions.office import ANN, BO, EMIL, EVA, LIN, MEI, Office

PAID = (
    replace(MEI, user="mei-2", employee="p-2"),  # leads t9 above, and works in t1 under its card
    Principal("eva-2", "analyst", employee="p-2"),
)


@pytest.mark.parametrize("who", PAID, ids=["a manager", "an analyst"])
def test_nobody_approves_the_card_by_which_they_are_paid(office: Office, who: Principal) -> None:
    made = office.propose()

    def refused(decision: dict[str, Any], name: str, **other: Any) -> None:
        assert name not in [each["key"] for each in office.store.get(who, decision["id"])["next"]]
        with pytest.raises(NotAllowed, match="the card that they are measured by"):
            office.move(who, decision, name, **other)

    refused(made, "approve")
    approved = office.move(MEI, made, "approve")
    revoking = office.move(LIN, approved, "revoke")
    refused(revoking, "confirm")
    refused(revoking, "keep")
    contested = office.move(EMIL, revoking, "contest")
    refused(contested, "uphold")
    weights = {"handle_seconds": 25.0, "first_contact_resolution": 30.0, "promise_kept": 45.0}
    refused(contested, "change", choice={"weights": weights})
    # somebody whom another card pays
    assert office.move(replace(ANN, employee="p-7"), contested, "uphold")["state"]["key"] == "upheld"


def test_who_is_paid_by_a_card_may_decide_on_it_first(office: Office) -> None:
    made = office.propose(replace(LIN, employee="p-1"))
    assert office.move(MEI, made, "approve")["state"]["key"] == "approved"


def test_without_a_run_a_decision_can_be_read_by_somebody_with_a_pseudonym(office: Office) -> None:
    made = office.propose()

    def loading() -> RunAdvice:
        raise RunNotReady("the run is being loaded")

    office.store._advice = loading
    assert [each["key"] for each in office.store.get(PAID[0], made["id"])["next"]] == ["reject"]
    with pytest.raises(RunNotReady):
        office.move(PAID[0], made, "approve")


def test_what_is_to_be_revoked_can_be_contested_and_is_due(office: Office) -> None:
    approved = office.move(MEI, office.propose(), "approve")
    revoking = office.move(LIN, approved, "revoke")
    assert revoking["due_at"] == "2026-07-15T08:00:00Z"
    office.clock.advance(days=14, seconds=1)
    assert [row["id"] for row in office.store.find(ANN, ListQuestion(overdue=True))["rows"]] == [revoking["id"]]
    contested = office.move(EMIL, revoking, "contest")
    assert (contested["state"]["key"], contested["due_at"]) == ("contested", "2026-07-29T08:00:01Z")
    upheld = office.move(ANN, contested, "uphold")
    kept = office.move(ANN, office.move(LIN, upheld, "revoke"), "confirm")
    assert (kept["state"]["key"], kept["due_at"]) == ("revoked", None)


def test_a_wrong_name_of_a_move_is_answered_with_names_that_are_paths(office: Office) -> None:
    approved = office.move(MEI, office.propose(), "approve")
    with pytest.raises(
        DecisionRefused, match=r"did you mean revoke\? There are approve, .*revoke, contest, confirm, keep"
    ):
        office.move(LIN, approved, "revok")
    with pytest.raises(DecisionRefused, match="no such move; there are approve, .*revoke, contest, confirm, keep"):
        office.move(LIN, approved, "zzz")
    with pytest.raises(Conflict, match="possible are revoke, contest$"):
        office.move(LIN, approved, "keep")


def test_who_may_not_learns_who_may(office: Office) -> None:
    contested = office.move(EMIL, office.move(MEI, office.propose(), "approve"), "contest")
    with pytest.raises(NotAllowed, match="no part.* an analyst, a manager of the team or of one above it$") as found:
        office.move(LIN, contested, "uphold")
    assert "分析人员、该团队或其上级团队的主管" in render(found.value.message, "zh")
    with pytest.raises(NotAllowed, match="done by: an analyst, a manager of the team or of one above it$"):
        office.move(EVA, contested, "uphold")
    offer = office.propose(BO, "coaching", "offer", employee_id="p-7")
    with pytest.raises(NotAllowed, match="done by: the person whom it concerns$"):
        office.move(BO, offer, "accept")
    with pytest.raises(NotAllowed, match="done by: a manager of the team or of one above it$"):
        office.propose(ANN, kind="target")
    with pytest.raises(NotAllowed, match="done by: the manager who leads the team directly$"):
        office.propose(ANN, "coaching", "offer")
