"""Several outcomes with prices: effects are added up in money, never silently in part."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from baton.catalogue.load import load_catalogue
from baton.company import Company
from models.effects.estimators.by_team import TeamDifferences
from models.effects.estimators.omnibus import JointTest
from models.effects.estimators.protocol import Estimate
from models.effects.estimators.routing import Routing
from models.effects.findings import Effects, OutcomeEffects
from models.effects.worth import with_worth

CASES: Any = SimpleNamespace(cases_per_customer=2.0)
CATALOGUE = load_catalogue(Company())
PRICES = {"churn": 600.0, "csat": 5.0}


def part(outcome: str, helpful: int, levers: tuple[str, ...], point: list[float], **other: Any) -> OutcomeEffects:
    draws = np.array(point) + 0.01 * np.random.default_rng(len(outcome)).standard_normal((400, len(levers)))
    estimate = Estimate("combined", levers, np.array(point), draws, np.ones(len(levers)), 50.0)
    made = OutcomeEffects(
        outcome=outcome, kind="probability", helpful=helpful, levers=levers, point=np.array(point), low=draws.min(axis=0),
        high=draws.max(axis=0), draws=draws, scale=1.0, primary="combined", estimates={"combined": estimate},
        joint=JointTest(0.02, 99, 50, np.zeros(len(levers))), routing=Routing(True, 0.0, 1.0), why_not={},
    )  # fmt: skip
    return replace(made, **other)


@pytest.fixture
def found() -> dict[str, OutcomeEffects]:
    return {
        "churn": part("churn", -1, ("quick", "solved"), [0.01, -0.02]),
        "driver:csat": part("driver:csat", 1, ("solved", "quick"), [0.3, -0.1]),
    }


def test_effects_add_up_to_money_of_a_customer(found: dict[str, OutcomeEffects]) -> None:
    worth = with_worth(found, PRICES, CASES, CATALOGUE)["worth"]
    assert dict(zip(worth.levers, worth.point, strict=True)) == pytest.approx(
        # a customer kept is worth 600, a point in each of two cases 5
        {"quick": -600 * 0.01 - 2 * 5 * 0.1, "solved": 600 * 0.02 + 2 * 5 * 0.3}
    )
    assert (worth.kind, worth.helpful) == ("money", 1)
    assert worth.estimates["combined"].point * worth.scale == pytest.approx(worth.point)


def test_outcomes_of_the_same_people_may_err_together(found: dict[str, OutcomeEffects]) -> None:
    worth = with_worth(found, PRICES, CASES, CATALOGUE)["worth"]
    churn, csat = found["churn"].draws.std(axis=0), found["driver:csat"].draws.std(axis=0)[::-1]
    assert worth.draws.std(axis=0) == pytest.approx(600 * churn + 10 * csat)
    assert worth.draws.mean(axis=0) == pytest.approx(
        -600 * found["churn"].draws.mean(axis=0) + 10 * found["driver:csat"].draws.mean(axis=0)[::-1]
    )


def test_any_of_two_tests_counts_each_twice(found: dict[str, OutcomeEffects]) -> None:
    found["driver:csat"] = replace(found["driver:csat"], joint=JointTest(0.5, 99, 50, np.zeros(2)))
    assert with_worth(found, PRICES, CASES, CATALOGUE)["worth"].p_values == {"employee": pytest.approx(0.04)}


def test_a_lever_that_one_outcome_does_not_know_is_not_added_up(found: dict[str, OutcomeEffects]) -> None:
    found["driver:csat"] = part("driver:csat", 1, ("solved",), [0.3])
    worth = with_worth(found, PRICES, CASES, CATALOGUE)["worth"]
    assert worth.levers == ("solved",)
    assert worth.why_not["quick"].text == (
        "not added up: its effect on Service rating is not known, and a sum without it would mislead"
    )


def test_without_one_of_the_outcomes_nothing_is_added_up_and_a_note_names_it(found: dict[str, OutcomeEffects]) -> None:
    known = with_worth(found, PRICES | {"value": 1.0}, CASES, CATALOGUE)
    assert "worth" not in known
    effects: Any = SimpleNamespace(outcomes=known)
    primary = Effects.primary.fget(effects)  # type: ignore[attr-defined]
    assert primary.outcome == "churn"
    assert (
        "nothing is known about effects on the value of customers who leave: this is on customers leaving alone"
        in primary.notes[-1].text
    )


def test_without_prices_nothing_changes(found: dict[str, OutcomeEffects]) -> None:
    assert with_worth(found, {}, CASES, CATALOGUE) == found


def test_teams_that_differ_in_one_outcome_differ_in_what_customers_are_worth(found: dict[str, OutcomeEffects]) -> None:
    own = TeamDifferences(
        ("a", "b"), ("quick", "solved"), np.array([[0.01, 0], [0, -0.01]]), np.full((2, 2), 0.1), 0.01
    )
    found["churn"] = replace(found["churn"], by_team=own)
    by_team = with_worth(found, PRICES, CASES, CATALOGUE)["worth"].by_team
    assert by_team.point == pytest.approx(np.array([[-6, 0], [0, 6]]))
    assert by_team.sd == pytest.approx(np.full((2, 2), 60.0))
