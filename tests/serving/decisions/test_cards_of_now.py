"""A card is approved by the limits of now, and of two that were approved the later one holds."""

from __future__ import annotations

from typing import Any

import pytest

from baton.company import Company, Policy
from baton.run_results import RunResults
from models.advice.weights import recommend
from serving.decisions.advice import RunAdvice
from serving.decisions.payloads import ListQuestion
from serving.decisions.refused import Conflict
from serving.loading import LoadedRun
from serving.state.store import State
from tests.serving.decisions.office import ANN, LIN, OWN, Office, inputs


def under(office: Office, **limits: Any) -> Office:
    """The same run under another policy."""
    company = Company(path=office.run.run.company.path, policy=Policy(**limits))
    office.run = RunAdvice(LoadedRun(company, office.run.run.folder, {}))
    return office


LIMITS = {"min_weight": 0, "max_weight": 60, "min_share": {}, "outcome_max": 100, "impact_ratio": 0, "fixed": ()}


def test_what_breaks_limits_by_now_is_not_approved(office: Office) -> None:
    begun = office.propose(move="change", choice=OWN["weights"])
    under(office, **{**LIMITS, "max_weight": 40})
    with pytest.raises(Conflict, match="policy or the card has changed: these weights break limits of the policy"):
        office.move(ANN, begun, "approve")
    assert office.move(ANN, begun, "reject")["state"]["key"] == "rejected"


def test_what_is_within_the_limits_of_now_is_approved(office: Office) -> None:
    begun = office.propose(move="change", choice=OWN["weights"])
    under(office, **{**LIMITS, "max_weight": 50})
    assert office.move(ANN, begun, "approve")["state"]["key"] == "approved"


def test_advice_that_was_accepted_is_tried_too(office: Office) -> None:
    begun = office.propose()
    under(office, **{**LIMITS, "max_weight": 40})
    with pytest.raises(Conflict, match="break limits"):
        office.move(ANN, begun, "approve")


def test_of_two_approved_cards_the_later_holds(state: State, own_run: RunAdvice) -> None:
    office = Office(state, own_run)
    first = office.move(ANN, office.propose(), "approve")
    target = office.move(ANN, office.propose(kind="target"), "approve")
    RunResults(own_run.run.folder).write("weights", recommend(inputs(), Policy(**{**LIMITS, "max_weight": 50})))
    under(office, **{**LIMITS, "max_weight": 50})
    office.clock.advance(days=90)
    second = office.propose(move="change", choice=OWN["weights"])
    assert office.store.get(LIN, first["id"])["superseded_by"] is None
    second = office.move(ANN, second, "approve")
    assert office.store.get(LIN, first["id"])["superseded_by"] == second["id"]
    assert office.store.get(LIN, second["id"])["superseded_by"] is None
    assert office.store.get(LIN, target["id"])["superseded_by"] is None
    rows = office.store.find(LIN, ListQuestion())["rows"]
    assert {row["id"]: row["superseded_by"] for row in rows if row["superseded_by"]} == {first["id"]: second["id"]}
    revoking = office.move(LIN, second, "revoke")
    office.move(ANN, revoking, "confirm")
    assert office.store.get(LIN, first["id"])["superseded_by"] is None
