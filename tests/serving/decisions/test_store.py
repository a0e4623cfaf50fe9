"""Decisions as they are kept, in both engines: two at once, the same again, and what is never changed without a word."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select

from serving.access.principal import Principal
from serving.audit.erase import erase
from serving.decisions.payloads import ListQuestion, MoveRequest
from serving.decisions.refused import Conflict, DecisionRefused, KeyUsed, NotAllowed
from serving.state.schema import Decision, Move, Reply
from tests.serving.decisions.office import ANN, AUDITOR, BO, EMIL, LIN, MEI, Office


def counted(office: Office) -> tuple[int, int, int]:
    with office.state.reading() as session:
        found = [session.scalar(select(func.count()).select_from(table)) for table in (Decision, Move, Reply)]
    return found[0] or 0, found[1] or 0, found[2] or 0


def both(first: Callable[[], Any], second: Callable[[], Any]) -> list[Any]:
    """Run two at once and return what each returned or raised."""
    start = threading.Barrier(2)

    def run(work: Callable[[], Any]) -> Any:
        start.wait()
        try:
            return work()
        except DecisionRefused as refused:
            return refused

    with ThreadPoolExecutor(2) as threads:
        return list(threads.map(run, (first, second)))


def test_a_decision_is_kept_with_all_that_was_seen(any_office: Office) -> None:
    made = any_office.propose()
    kept = any_office.store.get(LIN, made["id"])
    assert kept == made
    assert kept["choice"]["weights"] == {row["kpi"]: row["recommended_weight"] for row in kept["advice"]["rows"]}
    assert kept["advice"]["made_from"]["inputs"] == {"cases": "abc"}
    assert len(kept["advice"]["made_from"]["run"]) == 64
    assert kept["still_advised"] is True
    move = kept["moves"][0]
    assert (move["before"], move["after"], move["by"], move["reason"]) == ("", "proposed", "lin", "as tried in t3")
    assert [each["key"] for each in kept["next"]] == ["withdraw"]


def test_of_two_managers_at_once_the_second_is_informed(any_office: Office) -> None:
    made = any_office.propose()
    found = both(lambda: any_office.move(MEI, made, "approve"), lambda: any_office.move(ANN, made, "reject"))
    refused = next(each for each in found if isinstance(each, Conflict))
    done = next(each for each in found if isinstance(each, dict))
    first = "mei was first, on 2026-07-01T08:00:00Z: approve. The decision is now “approved”, version 2"
    other = "ann was first, on 2026-07-01T08:00:00Z: reject. The decision is now “rejected”, version 2"
    assert str(refused).startswith(first if done["state"]["key"] == "approved" else other)
    assert counted(any_office)[:2] == (1, 2)


def test_of_two_proposals_at_once_one_is_kept(any_office: Office) -> None:
    found = both(lambda: any_office.propose(LIN), lambda: any_office.propose(MEI))
    refused = next(each for each in found if isinstance(each, Conflict))
    done = next(each for each in found if isinstance(each, dict))
    assert f"/decisions/{done['id']}" in str(refused)
    assert counted(any_office)[:2] == (1, 1)


def test_the_same_again_is_answered_as_then_and_changes_nothing(any_office: Office) -> None:
    asked = any_office.asked()
    first = any_office.store.propose(LIN, asked, "key-1")
    any_office.move(MEI, first[1], "approve")
    assert any_office.store.propose(LIN, asked, "key-1") == first
    move = MoveRequest(version=2, reason="the pilot failed")
    revoked = any_office.store.move(LIN, first[1]["id"], "revoke", move, "key-2")
    assert any_office.store.move(LIN, first[1]["id"], "revoke", move, "key-2") == revoked
    assert counted(any_office) == (1, 3, 2)
    # a key is its user's own
    with pytest.raises(Conflict):
        any_office.store.propose(MEI, asked, "key-1")


def test_two_at_once_with_one_key_are_one_decision(any_office: Office) -> None:
    asked = any_office.asked()
    found = both(lambda: any_office.store.propose(LIN, asked, "k"), lambda: any_office.store.propose(LIN, asked, "k"))
    assert found[0] == found[1]
    assert counted(any_office) == (1, 1, 1)


def test_a_key_for_another_request_is_refused(office: Office) -> None:
    office.store.propose(LIN, office.asked(), "key-1")
    for asked in (office.asked(reason="another reason"), office.asked("target")):
        with pytest.raises(KeyUsed):
            office.store.propose(LIN, asked, "key-1")
    for key in ("", "a b", "键", "x" * 201, "a\n"):
        with pytest.raises(DecisionRefused, match="1 to 200 characters"):
            office.store.propose(LIN, office.asked("target"), key)
    assert counted(office) == (1, 1, 1)


def test_stored_answers_are_forgotten_after_a_week(office: Office) -> None:
    office.store.propose(LIN, office.asked(), "key-1")
    office.clock.advance(days=8)
    office.store.propose(LIN, office.asked("target"), "key-2")
    assert counted(office)[2] == 1


def test_nothing_is_kept_without_its_line_in_the_audit_log(any_office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    made = any_office.propose()
    entry = any_office.recorded[0]
    assert (entry.action, entry.actor, entry.team, entry.person) == ("decide", LIN, "t1", None)
    assert (entry.detail["decision"], entry.detail["move"]) == (made["id"], "accept")

    def fail(*_: Any) -> None:
        raise RuntimeError("the log cannot be written")

    monkeypatch.setattr(any_office.store, "_record", fail)
    with pytest.raises(RuntimeError):
        any_office.move(MEI, made, "approve")
    with pytest.raises(RuntimeError):
        any_office.store.propose(LIN, any_office.asked("target"), "key")
    assert counted(any_office) == (1, 1, 0)
    assert any_office.store.get(LIN, made["id"])["state"]["key"] == "proposed"


@pytest.mark.parametrize(
    "who",
    [
        LIN,
        replace(LIN, role="analyst"),
        replace(LIN, teams=frozenset({"t1", "t2"})),
        Principal("lin-2", "analyst", employee="p-lin"),
        Principal("lin-2", "manager", frozenset({"t1"}), frozenset({"t1"}), "p-lin"),
    ],
    ids=["the same", "in another role", "with other teams", "as another user", "as another manager"],
)
def test_nobody_approves_what_they_proposed(office: Office, who: Principal) -> None:
    made = office.propose(LIN)
    for name in ("approve", "reject"):
        with pytest.raises(NotAllowed, match="second person"):
            office.move(who, made, name)
    approved = office.move(MEI, made, "approve")
    asked = office.move(LIN, approved, "revoke")
    with pytest.raises(NotAllowed, match="second person"):
        office.move(who, asked, "confirm")
    assert office.store.get(AUDITOR, made["id"])["version"] == 3


def test_who_answers_a_contest_with_a_change_needs_a_second_person_too(office: Office) -> None:
    made = office.propose(LIN)
    contested = office.move(EMIL, office.move(MEI, made, "approve"), "contest")
    other = {"handle_seconds": 25.0, "first_contact_resolution": 30.0, "promise_kept": 45.0}
    changed = office.move(ANN, contested, "change", choice={"weights": other})
    assert changed["choice"]["weights"] == other
    with pytest.raises(NotAllowed, match="second person"):
        office.move(ANN, changed, "approve")
    approved = office.move(LIN, changed, "approve")
    # decided anew, so it may be contested anew, and those who made it answer nothing
    again = office.move(EMIL, approved, "contest")
    for who in (LIN, MEI, ANN):
        with pytest.raises(NotAllowed, match="no part"):
            office.move(who, again, "uphold")


def test_a_contest_is_answered_on_the_advice_of_then_and_of_now(office: Office) -> None:
    contested = office.move(EMIL, office.move(MEI, office.propose(), "approve"), "contest")
    detail = contested["moves"][-1]["detail"]
    assert detail["advice_now"]["digest"] == detail["advice_then"]["digest"]
    assert detail["advice_now"]["rows"] == contested["advice"]["rows"]
    assert contested["due_at"] == "2026-07-15T08:00:00Z"
    office.clock.advance(days=14, seconds=1)
    late = office.store.find(ANN, ListQuestion(overdue=True))
    assert [row["id"] for row in late["rows"]] == [contested["id"]]
    assert late["rows"][0]["overdue"]
    assert office.store.find(ANN, ListQuestion(overdue=False))["total"] == 0
    upheld = office.move(ANN, office.store.get(ANN, contested["id"]), "uphold")
    assert (upheld["due_at"], upheld["overdue"]) == (None, False)
    assert "advice_now" in upheld["moves"][-1]["detail"]


def test_who_contests_is_named_to_their_lead_alone_and_why_to_who_may_answer(office: Office) -> None:
    contested = office.move(
        EMIL, office.move(MEI, office.propose(), "approve"), "contest", reason="my calls are harder"
    )

    def seen_by(who: Principal) -> tuple[str | None, str | None]:
        last = office.store.get(who, contested["id"])["moves"][-1]
        assert "p-1" not in str(last)
        return last["by"], last["reason"]

    eva = Principal("eva", "employee", employee="p-2")
    why = "my calls are harder"
    assert seen_by(EMIL) == seen_by(LIN) == seen_by(AUDITOR) == ("emil", why)
    assert seen_by(MEI) == seen_by(ANN) == (None, why)
    assert seen_by(eva) == (None, None)
    with pytest.raises(Conflict, match="^somebody on the card was first"):
        office.move(eva, {**contested, "version": 2}, "contest")


def test_one_decides_on_an_advice_once(office: Office) -> None:
    made = office.propose()
    with pytest.raises(Conflict, match="^lin has already decided on this"):
        office.propose(MEI, move="dismiss")
    approved = office.move(MEI, made, "approve")
    with pytest.raises(Conflict, match="approved"):
        office.propose()
    office.move(ANN, office.move(LIN, approved, "revoke"), "confirm")
    assert office.propose()["state"]["key"] == "proposed"
    # others on other advice of the same team stand beside it
    assert office.propose(kind="target")["id"] != office.propose(BO, team_id="t2")["id"]


def test_lists_hold_what_one_may_see(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    of_t1, of_t2 = office.propose(), office.propose(BO, team_id="t2")
    offer = office.propose(kind="coaching", move="offer")

    def seen_by(who: Principal, **asked: Any) -> set[str]:
        return {row["id"] for row in office.store.find(who, ListQuestion(**asked))["rows"]}

    assert seen_by(LIN) == {of_t1["id"], offer["id"]}
    assert seen_by(MEI) == seen_by(ANN) == {of_t1["id"], of_t2["id"]}
    assert seen_by(BO) == {of_t2["id"]}
    assert seen_by(EMIL) == {of_t1["id"], offer["id"]}
    assert seen_by(Principal("otto", "employee", employee="p-7")) == {of_t2["id"]}
    assert seen_by(Principal("crm", "service")) == set()
    assert seen_by(AUDITOR, kind="weights", team_id="t1", state="proposed") == {of_t1["id"]}
    assert seen_by(ANN, team_id="t3") == set()
    monkeypatch.setattr("serving.decisions.store.PAGE_ROWS", 2)
    pages = [office.store.find(AUDITOR, ListQuestion(page=page)) for page in (1, 2, 3)]
    assert [len(page["rows"]) for page in pages] == [2, 1, 0]
    assert {(page["pages"], page["total"]) for page in pages} == {(2, 3)}


def test_of_an_erased_person_decisions_stay_without_them(any_office: Office) -> None:
    offer = any_office.propose(kind="coaching", move="offer")
    any_office.move(EMIL, offer, "contest", reason="my calls are harder")
    card = any_office.move(MEI, any_office.propose(), "approve")
    contested = any_office.move(EMIL, card, "contest", reason="my calls are harder")
    erase(any_office.log, "p-1", actor=AUDITOR)
    any_office.recorded.clear()
    listed = any_office.store.find(AUDITOR, ListQuestion())
    assert listed["total"] == 2
    gone = any_office.store.get(AUDITOR, offer["id"])
    assert (gone["state"]["key"], gone["advice"]["rows"], gone["still_advised"]) == ("contested", [], False)
    kept = any_office.store.get(AUDITOR, contested["id"])
    for shown in (gone, kept, listed):
        assert [word for word in ("p-1", "emil", "my calls") if word in str(shown)] == []
    # nobody is seen any more
    assert any_office.recorded == []
    assert any_office.move(ANN, kept, "uphold")["state"]["key"] == "upheld"
