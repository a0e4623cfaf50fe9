"""What is chosen: the advice of now, or something of one's own that keeps the policy's limits."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from baton.errors import ArtefactError
from baton.files import write_json
from baton.run_results import RunResults
from serving.access.principal import Principal
from serving.decisions.advice import RunAdvice
from serving.decisions.payloads import AdviceQuestion, ListQuestion
from serving.decisions.refused import Conflict, DecisionRefused, NotAllowed, NotFound
from serving.loading import LoadedRun
from serving.state.store import State
from tests.serving.decisions.office import (
    ANN,
    BO,
    EMIL,
    FCR,
    HANDLE,
    KEPT,
    LIN,
    LOCAL,
    MEI,
    OWN,
    POLICY,
    Office,
    inputs,
)


def reloaded(run: RunAdvice) -> RunAdvice:
    """The run as the service has it after a restart."""
    return RunAdvice(LoadedRun(run.run.company, run.run.folder, {}))


def rewrite(run: RunAdvice, table: str, change: Any) -> None:
    results = RunResults(run.run.folder)
    results.write(table, change(results.table(table)))


def test_weights_of_ones_own_are_kept_with_what_is_expected_of_them(office: Office) -> None:
    made = office.propose(move="change", choice=OWN["weights"])
    assert made["choice"]["weights"] == OWN["weights"]["weights"]
    assert made["choice"]["expected_basis"] == "scenario"
    assert made["choice"]["expected_low"] < made["choice"]["expected_effect"] < made["choice"]["expected_high"]


@pytest.mark.parametrize(
    ("weights", "why"),
    [
        ({HANDLE: 10.0, FCR: 45.0, KEPT: 45.0}, f"{HANDLE} moves by -20 points, at most 10 in one cycle; {FCR} moves"),
        ({HANDLE: 25.0, FCR: 30.0}, "sum to 55"),
        ({HANDLE: 25.0, FCR: 30.0, "kept_promise": 45.0}, "kept_promise"),
        ({}, "sum to 0"),
    ],
)
def test_weights_outside_the_limits_are_refused_with_the_limits(
    office: Office, weights: dict[str, float], why: str
) -> None:
    with pytest.raises(DecisionRefused, match=why) as found:
        office.propose(move="change", choice={"weights": weights})
    assert found.value.field == "choice.weights"
    contested = office.move(EMIL, office.move(MEI, office.propose(), "approve"), "contest")
    with pytest.raises(DecisionRefused, match=why):
        office.move(ANN, contested, "change", choice={"weights": weights})


def test_a_choice_is_there_when_it_is_asked_for_and_only_then(office: Office) -> None:
    with pytest.raises(DecisionRefused, match="choice.weights"):
        office.propose(move="change")
    with pytest.raises(DecisionRefused, match="choice.weights"):
        office.propose(move="change", choice={"target": 2.0})
    with pytest.raises(DecisionRefused, match="leave it out"):
        office.propose(move="change", choice={**OWN["weights"], "action": "x"})
    with pytest.raises(DecisionRefused, match="leave it out"):
        office.propose(choice=OWN["weights"])
    made = office.propose()
    with pytest.raises(DecisionRefused, match="leave it out"):
        office.move(MEI, made, "approve", choice=OWN["weights"])
    with pytest.raises(DecisionRefused, match="no such move; there are accept, change, dismiss"):
        office.propose(move="offer")


def test_a_target_is_one_that_its_kpi_can_have(office: Office) -> None:
    assert office.propose(kind="target")["choice"] == {"target": 0.7}
    for value in (1.2, -0.1):
        with pytest.raises(DecisionRefused, match="measured in share"):
            office.propose(BO, "target", "change", team_id="t2", choice={"target": value})
    assert office.propose(BO, "target", "change", team_id="t2", choice={"target": 0.65})["choice"] == {"target": 0.65}


def test_what_is_not_advised_cannot_be_accepted(office: Office, own_run: RunAdvice) -> None:
    rewrite(own_run, "weights", lambda rows: rows.assign(recommended_weight=float("nan")))
    rewrite(own_run, "targets", lambda rows: rows.assign(advised_target=float("nan")))
    office.run = reloaded(own_run)
    for kind in ("weights", "target"):
        with pytest.raises(DecisionRefused, match="nothing is advised"):
            office.propose(kind=kind)
        assert office.propose(kind=kind, move="dismiss")["state"]["key"] == "dismissed"
    with pytest.raises(DecisionRefused, match="nothing is advised"):
        office.propose(kind="coaching", move="offer", action=None)
    offered = office.propose(kind="coaching", move="change", action=None, choice=OWN["coaching"])
    assert offered["choice"] == OWN["coaching"]


def test_a_run_replaced_in_between_changes_no_decision_and_makes_a_new_one_on_old_advice_impossible(
    sqlite: State, own_run: RunAdvice
) -> None:
    office = Office(sqlite, own_run)
    seen = office.asked()
    made = office.propose()
    rewrite(own_run, "weights", lambda rows: rows.assign(recommended_weight=[30.0, 30.0, 40.0] * 2))
    write_json(own_run.run.folder.file("run.json"), {"company": "Hafen", "inputs": {"cases": "def"}})
    office.run = reloaded(own_run)
    kept = office.store.get(LIN, made["id"])
    assert {**kept, "still_advised": True} == made
    assert kept["still_advised"] is False
    office.move(LIN, kept, "withdraw")
    with pytest.raises(Conflict, match="the advice has changed since you saw it"):
        office.store.propose(LIN, seen)
    again = office.propose()
    assert again["advice"]["made_from"]["inputs"] == {"cases": "def"}
    assert again["choice"]["weights"] == {HANDLE: 30.0, FCR: 30.0, KEPT: 40.0}


def test_a_new_run_that_advises_the_same_is_no_other_advice(sqlite: State, own_run: RunAdvice) -> None:
    office = Office(sqlite, own_run)
    seen = office.asked()
    write_json(own_run.run.folder.file("run.json"), {"company": "Hafen", "inputs": {"cases": "def"}})
    office.run = reloaded(own_run)
    assert office.store.propose(LIN, seen)[0] == 201


def test_a_team_that_is_no_more_keeps_its_decisions(sqlite: State, own_run: RunAdvice) -> None:
    office = Office(sqlite, own_run)
    made, other = office.propose(), office.propose(kind="target")
    approved = office.move(MEI, other, "approve")
    contested = office.move(EMIL, approved, "contest")
    for table in ("weights", "targets"):
        rewrite(own_run, table, lambda rows: rows[rows["team_id"] != "t1"])
    pd.DataFrame({"employee_id": ["p-7"], "team_id": ["t2"]}).to_parquet(
        own_run.run.folder.staged / "employees.parquet"
    )
    office.run = reloaded(own_run)
    assert office.store.find(ANN, ListQuestion())["total"] == 2
    assert office.store.get(ANN, made["id"])["still_advised"] is False
    approved = office.move(MEI, made, "approve")
    upheld = office.move(ANN, contested, "uphold")
    assert "nothing on this" in str(upheld["moves"][-1]["detail"]["advice_now"]["unknown"]) or (
        upheld["moves"][-1]["detail"]["advice_now"]["unknown"]["key"] == "decision.no_advice"
    )
    # nobody is measured by its card any more
    with pytest.raises(NotFound):
        office.store.get(EMIL, made["id"])
    with pytest.raises(NotFound):
        office.store.propose(LIN, office.asked(advice="0" * 64))


def test_unknown_and_foreign_get_one_answer(office: Office) -> None:
    made = office.propose(BO, team_id="t2")
    offer = office.propose(kind="coaching", move="offer")
    asked = {"advice": "0" * 64}

    def answer(work: Any) -> tuple[int, str, str]:
        with pytest.raises(DecisionRefused) as found:
            work()
        return found.value.code, str(found.value), found.value.field

    answers = {
        answer(lambda: office.store.get(LIN, made["id"])),
        answer(lambda: office.store.get(LIN, "0" * 32)),
        answer(lambda: office.store.get(LIN, "'; DROP TABLE decisions; --")),
        answer(lambda: office.store.get(MEI, offer["id"])),
        answer(lambda: office.move(LIN, made, "approve")),
        answer(lambda: office.propose(LIN, team_id="t2", **asked)),
        answer(lambda: office.propose(LIN, team_id="t77", **asked)),
        answer(lambda: office.propose(LIN, "coaching", "offer", employee_id="p-7", **asked)),
        answer(lambda: office.propose(LIN, "coaching", "offer", employee_id="p-77", **asked)),
        answer(lambda: office.propose(LIN, "root_cause", team_id="t2", **asked)),
        answer(lambda: office.propose(LIN, "root_cause", team_id="t77", **asked)),
        answer(lambda: office.store.advised(LIN, AdviceQuestion(kind="weights", team_id="t2"))),
        answer(lambda: office.store.advised(LIN, AdviceQuestion(kind="weights", team_id="t77"))),
        answer(lambda: office.store.advised(EMIL, AdviceQuestion(kind="coaching", employee_id="p-7", kpi=HANDLE))),
    }
    assert answers == {(404, "there is no such decision, team or person, or it is not yours to see", "")}
    # a team that is led but not in the run, and whoever may do everything
    for who, team in ((MEI, "t9"), (LOCAL, "t77")):
        with pytest.raises(NotFound, match="no such decision"):
            office.propose(who, "root_cause", team_id=team, advice=office.asked("root_cause").advice)
    # who may decide on nothing at all learns that, whatever they ask for
    for team in ("t1", "t77"):
        with pytest.raises(NotAllowed, match="role"):
            office.propose(ANN, team_id=team, **asked)


def test_nobody_coaches_themselves(office: Office) -> None:
    with pytest.raises(NotAllowed, match="about themselves"):
        office.propose(LIN, "coaching", "offer", employee_id="p-lin")


def test_the_person_reads_what_is_written_for_them(office: Office) -> None:
    offer = office.propose(kind="coaching", move="offer")
    of_lead, of_person = (office.store.get(who, offer["id"])["advice"]["rows"][0] for who in (LIN, EMIL))
    assert "for_lead" in of_lead
    assert set(of_lead) - set(of_person) == {"for_lead"}
    contested = office.move(EMIL, offer, "contest")
    assert "for_lead" not in str(contested)


def test_an_advice_is_shown_with_its_digest_and_the_moves_that_begin(office: Office) -> None:
    shown = office.store.advised(LIN, AdviceQuestion(kind="weights", team_id="t1"))
    assert shown["digest"] == office.asked().advice
    assert shown["role"] == "agent"
    assert [move["key"] for move in shown["next"]] == ["accept", "change", "dismiss"]
    assert office.store.advised(ANN, AdviceQuestion(kind="weights", team_id="t1"))["next"] == []


def test_a_team_with_two_cards_is_asked_which(sqlite: State, own_run: RunAdvice) -> None:
    rewrite(own_run, "weights", lambda rows: pd.concat([rows, rows.assign(role="lead")]))
    given = inputs()
    cards, people = (pd.concat([each, each.assign(role="lead")]) for each in (given.cards, given.headcounts))
    replace(given, cards=cards, headcounts=people).save(own_run.run.folder.advice)
    office = Office(sqlite, reloaded(own_run))
    with pytest.raises(DecisionRefused, match="name one role of agent, lead"):
        office.propose(role=None, advice="0" * 64)
    assert office.propose(role="lead")["role"] == "lead"
    # the lead's card is the lead's to contest
    approved = office.move(MEI, office.propose(BO, role="lead", team_id="t2"), "approve")
    with pytest.raises(NotFound):
        office.move(EMIL, approved, "contest")


def test_counts_of_people_come_in_steps_that_one_person_does_not_change(sqlite: State, own_run: RunAdvice) -> None:
    rewrite(own_run, "weights", lambda rows: rows.assign(rises=13.0, falls=4.0))
    made = Office(sqlite, reloaded(own_run)).propose()
    assert {(row["rises"], row["falls"]) for row in made["advice"]["rows"]} == {(10.0, 0.0)}


def test_a_card_measures_whom_it_measured_where_it_was_solved(own_run: RunAdvice) -> None:
    people = own_run.run.members
    assert people.on_card("p-1", "t1", "agent")
    assert people.on_card("p-lin", "t1", "")
    assert not people.on_card("p-lin", "t1", "agent")
    # a post that nobody has: the whole team
    assert people.on_card("p-1", "t1", "dispatcher")
    assert not people.on_card("p-7", "t1", "")
    assert not people.on_card("p-77", "t1", "")


def test_without_employees_the_cases_say_who_works_where(own_run: RunAdvice) -> None:
    staged = own_run.run.folder.staged
    (staged / "employees.parquet").unlink()
    cases = {"employee_id": ["p-1", "p-1", None], "team_id": ["t2", "t1", "t1"], "opened_at": [1, 2, 3]}
    pd.DataFrame(cases).to_parquet(staged / "cases.parquet")
    people = reloaded(own_run).run.members
    assert people.team_of.get("p-1") == "t1"
    assert "p-77" not in people.team_of


def test_a_run_without_advice_has_nothing_to_decide_on(sqlite: State, own_run: RunAdvice) -> None:
    office = Office(sqlite, own_run)
    asked = office.asked()
    for table in ("weights", "coaching"):
        RunResults(own_run.run.folder).remove(table)
    office.run = reloaded(own_run)
    with pytest.raises(NotFound, match="advises nothing"):
        office.store.propose(LIN, asked)
    with pytest.raises(ArtefactError):
        office.run.run.rows("weights", "team_id", "t1")


def test_another_policy_is_another_limit(office: Office) -> None:
    company = office.run.run.company.model_copy(update={"policy": POLICY.model_copy(update={"max_change": 2.0})})
    office.run = RunAdvice(replace(office.run.run, company=company))
    with pytest.raises(DecisionRefused, match="at most 2 in one cycle"):
        office.propose(move="change", choice=OWN["weights"])


def test_somebody_without_a_role_sees_nothing(office: Office) -> None:
    made = office.propose()
    nobody = Principal("nobody", "nobody")
    assert office.store.find(nobody, ListQuestion())["total"] == 0
    with pytest.raises(NotFound):
        office.store.get(nobody, made["id"])
    with pytest.raises(NotAllowed):
        office.store.propose(nobody, office.asked("target"))
