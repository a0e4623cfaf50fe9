"""KPIs in conflict: planted ones are found, and their aligned twins are not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from baton.catalogue.schema import Catalogue
from baton.company import Policy
from models.advice.diagnosis.alignment import diagnosis_table
from models.advice.diagnosis.conflict_findings import conflict_findings
from models.advice.diagnosis.conflicts import Conflict, Organised, conflicts
from models.advice.inputs import AdviceInputs

HARMS, HELPS = (0.02, 0.01, 0.03), (-0.02, -0.03, -0.01)
HANDOFFS = pd.DataFrame({"source_team": ["T1", "T2"], "team_id": ["T2", "T1"], "cases": [250, 3]})
PEOPLE = 80


@pytest.fixture
def found(
    inputs_of: Callable[..., AdviceInputs], shop: Catalogue, teams: pd.DataFrame
) -> Callable[..., list[Conflict]]:
    def find(
        effects: dict[str, tuple[float, float, float]] | None = None,
        panel: pd.DataFrame | None = None,
        catalogue: Catalogue = shop,
        cards: dict[str, dict[str, float]] | None = None,
        departments: tuple[str, str] = ("Service", "Operations"),
    ) -> list[Conflict]:
        inputs = inputs_of(**({"cards": cards} if cards else {}), effects=effects, catalogue=catalogue)
        organised = Organised(
            teams.assign(department=list(departments)), pd.DataFrame() if panel is None else panel, HANDOFFS
        )
        return conflicts(diagnosis_table(inputs, Policy()), inputs, catalogue, organised, 7)[0]

    return find


def skills(seed: int, link: float) -> dict[str, np.ndarray]:
    """People's true values: cheaper (lower cost) goes with solving less where the link is negative."""
    rng = np.random.default_rng(seed)
    thrift, own = rng.standard_normal((2, PEOPLE))
    return {"cost": -thrift, "solved": link * thrift + np.sqrt(1 - link**2) * own}


def test_one_department_is_paid_for_what_harms_and_another_for_what_helps(
    found: Callable[..., list[Conflict]],
) -> None:
    (one,) = found({"cost": HARMS, "solved": HELPS})
    assert (one.kind, one.evidence, one.pushed, one.harmed) == ("between", "effects", "cost", ("solved",))
    assert (one.pushing, one.paying, one.points) == ((("T1", ""),), (("T2", ""),), 60.0)
    assert (one.link, one.handed) == ("handoffs", 250)


@pytest.mark.parametrize(
    "effects",
    [{"cost": HELPS, "solved": HELPS}, {"cost": HARMS, "solved": HARMS}, {"cost": (0.0, -0.01, 0.01), "solved": HELPS}],
    ids=["both help", "both harm", "nothing shown"],
)
def test_cards_that_do_not_point_two_ways_are_in_no_conflict(
    found: Callable[..., list[Conflict]], effects: dict[str, tuple[float, float, float]]
) -> None:
    assert found(effects) == []


def test_a_card_that_pays_for_both_balances_them_itself(found: Callable[..., list[Conflict]]) -> None:
    cards = {"T1": {"cost": 60.0, "solved": 40.0}, "T2": {"cost": 30.0, "solved": 70.0}}
    assert found({"cost": HARMS, "solved": HELPS}, cards=cards) == []


def test_teams_of_one_department_are_no_conflict_between_departments(found: Callable[..., list[Conflict]]) -> None:
    assert found({"cost": HARMS, "solved": HELPS}, departments=("Service", "Service")) == []


def test_people_who_do_better_on_one_and_worse_on_the_other_are_found_and_the_aligned_twin_is_not(
    found: Callable[..., list[Conflict]], months_of: Callable[..., pd.DataFrame]
) -> None:
    (one,) = found(panel=months_of(1000, skills(1, -0.6)))
    assert (one.kind, one.evidence, one.units) == ("between", "units", PEOPLE)
    assert one.high < 0 and -0.75 < one.association < -0.2
    assert found(panel=months_of(1000, skills(1, 0.6))) == []


def test_pairs_without_a_link_are_rarely_called_a_conflict(
    inputs_of: Callable[..., AdviceInputs], shop: Catalogue, teams: pd.DataFrame, months_of: Callable[..., pd.DataFrame]
) -> None:
    """One-sided at 10 % over the pairs of a company: of twenty companies two are expected."""
    inputs, called = inputs_of(), 0
    table = diagnosis_table(inputs, Policy())
    for seed in range(20):
        rating = np.random.default_rng(seed + 100).standard_normal(PEOPLE)
        panel = months_of(seed + 1000, skills(seed, 0.0) | {"csat": rating}, months=4)
        called += bool(conflicts(table, inputs, shop, Organised(teams, panel), seed)[0])
    assert called <= 5


def test_customers_who_answer_worse_are_found_though_the_rating_is_on_the_card(
    found: Callable[..., list[Conflict]], months_of: Callable[..., pd.DataFrame]
) -> None:
    true = skills(3, 0.0)
    true["csat"] = 0.6 * true["cost"] + 0.8 * np.random.default_rng(4).standard_normal(PEOPLE)
    (one,) = (one for one in found(panel=months_of(1003, true)) if one.kind == "customers")
    assert (one.pushed, one.harmed, one.points) == ("cost", ("csat",), 60.0)


def test_a_guard_that_nobody_is_paid_for_is_named_by_the_catalogue_alone(
    found: Callable[..., list[Conflict]], shop: Catalogue
) -> None:
    guarded = [one.model_copy(update={"guards": ("cost",)}) if one.id == "punctual" else one for one in shop.values()]
    (one,) = found(catalogue=Catalogue(tuple(guarded), shop.stages))
    assert (one.kind, one.evidence, one.pushed, one.harmed) == ("unguarded", "catalogue", "cost", ("punctual",))


def test_words_name_both_sides_how_sure_and_what_to_do(
    found: Callable[..., list[Conflict]],
    inputs_of: Callable[..., AdviceInputs],
    shop: Catalogue,
    teams: pd.DataFrame,
) -> None:
    inputs = inputs_of(effects={"cost": HARMS, "solved": HELPS})
    table = diagnosis_table(inputs, Policy())
    conflict = found({"cost": HARMS, "solved": HELPS})
    (one,) = conflict_findings(conflict, table, inputs, shop, Organised(teams))
    words = one.as_json()
    assert words["what"]["en"] == (
        "Cost earns points on the cards of Front and works against the customer; "
        "Solved earn points on the cards of Back and serve the customer."
    )
    assert words["where"]["en"] == "60 points (30% of all) on Cost; 250 cases went from the one side to the other"
    assert "指标cost" in words["what"]["zh"] and "fewer points on Cost" in words["next"]["en"]
    assert words["association"] is None
