"""Who may see a decision when people have moved to another team or role since, also by the same request again."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from baton.messages.message import Message
from serving.access.principal import Principal
from serving.decisions.advice import RunAdvice
from serving.decisions.payloads import AdviceQuestion, ListQuestion, MoveRequest
from serving.decisions.refused import Conflict, DecisionRefused, NotFound, RunNotReady
from serving.loading import LoadedRun
from serving.state.store import State
from tests.serving.decisions.office import BO, EMIL, HANDLE, LIN, MEI, Office


def moved(office: Office, employee: str, team: str) -> None:
    """Put a person into another team in the run, whose advice stays as it was."""
    folder = office.run.run.folder
    path = folder.staged / "employees.parquet"
    people = pd.read_parquet(path)
    people.loc[people["employee_id"] == employee, "team_id"] = team
    people.to_parquet(path)
    office.run = RunAdvice(LoadedRun(office.run.run.company, folder, {}))


def sees(office: Office, who: Principal, decision: str) -> bool:
    listed = {row["id"] for row in office.store.find(who, ListQuestion())["rows"]}
    try:
        office.store.get(who, decision)
    except NotFound:
        assert decision not in listed
        return False
    assert decision in listed
    return True


def test_the_same_again_shows_nothing_that_is_not_theirs_any_more(any_office: Office) -> None:
    asked = any_office.asked("coaching", "offer")
    _, offer = any_office.store.propose(LIN, asked, "key-1")
    move = MoveRequest(version=1, reason="not needed")
    withdrawn = any_office.store.move(LIN, offer["id"], "withdraw", move, "key-2")
    assert any_office.store.propose(LIN, asked, "key-1") == (201, offer)
    elsewhere = replace(LIN, led=frozenset({"t2"}), teams=frozenset({"t2"}))
    for again in (
        lambda: any_office.store.propose(elsewhere, asked, "key-1"),
        lambda: any_office.store.move(elsewhere, offer["id"], "withdraw", move, "key-2"),
    ):
        with pytest.raises(NotFound) as found:
            again()
        assert found.value.message == Message("decision.none")
    assert any_office.store.move(LIN, offer["id"], "withdraw", move, "key-2") == withdrawn


def test_the_same_again_is_written_down_as_seen(any_office: Office) -> None:
    asked = any_office.asked("coaching", "offer")
    any_office.store.propose(LIN, asked, "key-1")
    any_office.recorded.clear()
    any_office.store.propose(LIN, asked, "key-1")
    assert [(entry.action, entry.actor, entry.person) for entry in any_office.recorded] == [("view_person", LIN, "p-1")]


def test_the_same_again_is_without_what_was_for_the_lead(office: Office) -> None:
    asked = office.asked("coaching", "offer")
    _, offer = office.store.propose(LIN, asked, "key-1")
    assert "for_lead" in offer["advice"]["rows"][0]
    _, again = office.store.propose(replace(LIN, employee="p-1"), asked, "key-1")
    assert "for_lead" not in again["advice"]["rows"][0]


def test_an_answer_of_more_than_a_week_ago_is_not_given_again(office: Office) -> None:
    asked = office.asked()
    office.store.propose(LIN, asked, "key-1")
    office.clock.advance(days=7)
    assert office.store.propose(LIN, asked, "key-1")[0] == 201
    office.clock.advance(seconds=1)
    with pytest.raises(Conflict, match="already decided"):
        office.store.propose(LIN, asked, "key-1")


def test_a_person_in_another_team_is_the_new_leads_to_help(sqlite: State, own_run: RunAdvice) -> None:
    office = Office(sqlite, own_run)
    offer = office.propose(LIN, "coaching", "offer")
    accepted = office.move(EMIL, offer, "accept")
    moved(office, "p-1", "t2")
    assert (sees(office, LIN, offer["id"]), sees(office, BO, offer["id"])) == (False, True)
    assert [each["key"] for each in office.store.get(BO, offer["id"])["next"]] == ["done"]
    with pytest.raises(NotFound):
        office.move(LIN, accepted, "done")
    # the offer is still open: no second one beside it, and what is offered now is offered by the new lead
    with pytest.raises(Conflict, match="lin has already decided"):
        office.propose(BO, "coaching", "offer")
    question = AdviceQuestion(kind="coaching", employee_id="p-1", kpi=HANDLE, action="shadowing")
    assert [each["key"] for each in office.store.advised(BO, question)["next"]] == ["offer", "change"]
    with pytest.raises(DecisionRefused, match="no such decision"):
        office.store.advised(LIN, question)
    contested = office.move(EMIL, accepted, "contest")
    assert office.move(MEI, contested, "uphold")["state"]["key"] == "offered"


def test_who_contested_a_card_is_named_to_the_lead_of_now(sqlite: State, own_run: RunAdvice) -> None:
    office = Office(sqlite, own_run)
    card = office.move(MEI, office.propose(), "approve")
    card = office.move(EMIL, card, "contest")
    now = Principal("now", "manager", frozenset({"t2"}), frozenset({"t1", "t2"}))
    assert [office.store.get(who, card["id"])["moves"][-1]["by"] for who in (LIN, now)] == ["emil", None]
    moved(office, "p-1", "t2")
    assert [office.store.get(who, card["id"])["moves"][-1]["by"] for who in (LIN, now)] == [None, "emil"]


def test_of_a_person_that_the_run_does_not_know_the_team_of_then_counts(sqlite: State, own_run: RunAdvice) -> None:
    office = Office(sqlite, own_run)
    offer = office.propose(LIN, "coaching", "offer")
    path = own_run.run.folder.staged / "employees.parquet"
    people = pd.read_parquet(path)
    people[people["employee_id"] != "p-1"].to_parquet(path)
    office.run = RunAdvice(LoadedRun(own_run.run.company, own_run.run.folder, {}))
    assert (sees(office, LIN, offer["id"]), sees(office, BO, offer["id"])) == (True, False)

    def loading() -> RunAdvice:
        raise RunNotReady("the run is being loaded")

    office.store._advice = loading
    assert (sees(office, LIN, offer["id"]), sees(office, BO, offer["id"])) == (True, False)
