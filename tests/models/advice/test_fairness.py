"""Fairness: a card under which a protected group would clearly score worse is not proposed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.proportion import confint_proportions_2indep

from models.advice.advise import Advice
from models.advice.fairness import impact, movers, protected_groups, scores
from models.advice.inputs import AdviceInputs
from models.advice.proportions import ratio_interval
from models.advice.weights import recommend


def _people(gap: float, size: int = 200) -> tuple[pd.DataFrame, pd.DataFrame]:
    rng = np.random.default_rng(4)
    ids = [f"e{number}" for number in range(size)]
    member = np.arange(size) % 2
    z = rng.standard_normal(size) + gap * member
    people = pd.DataFrame({"employee_id": ids, "role": "agent", "kpi": "solved", "z": z})
    groups = pd.DataFrame({"employee_id": ids, "attribute": "gender", "group": np.where(member == 1, "a", "b")})
    return people, groups


def test_a_clear_gap_between_groups_fails_and_equal_groups_do_not() -> None:
    for gap, verdict in ((1.5, {"fail"}), (0.0, {"pass", "cannot be told"})):
        people, groups = _people(gap)
        assert impact(people, groups, "agent", {"solved": 40.0}, 0.8, 5).verdict in verdict


def test_groups_that_differ_by_chance_alone_hardly_ever_fail() -> None:
    rng = np.random.default_rng(8)
    failed = 0
    for _ in range(60):
        people, groups = _people(0.0, size=60)
        people["z"] = rng.standard_normal(60)
        thirds = pd.DataFrame({"employee_id": people["employee_id"], "attribute": "age", "group": np.arange(60) % 3})
        both = pd.concat([groups, thirds.astype("str")])
        failed += impact(people, both, "agent", {"solved": 40.0}, 0.8, 5).verdict == "fail"
    # binomial with 60 trials at 5 %: eight or more have a chance of one in a hundred
    assert failed <= 7


def test_the_ratio_is_the_smaller_share_above_the_median_over_the_larger() -> None:
    people, groups = _people(1.0)
    above = people["z"] > people["z"].median()
    shares = above.groupby(groups["group"]).mean()
    found = impact(people, groups, "agent", {"solved": 40.0}, 0.8, 5)
    assert found.ratio == pytest.approx(shares.min() / shares.max())
    assert found.attribute == "gender"


def test_the_ratio_has_the_interval_of_its_two_groups() -> None:
    people, groups = _people(1.0)
    above = (people["z"] > people["z"].median()).groupby(groups["group"]).sum()
    found = impact(people, groups, "agent", {"solved": 40.0}, 0.8, 5)
    assert (found.low, found.high) == pytest.approx(
        confint_proportions_2indep(
            above.min(), 100, above.max(), 100, compare="ratio", method="score", alpha=0.1, correction=False
        )
    )
    assert found.low < found.ratio < found.high


def test_the_interval_is_that_of_a_published_example() -> None:
    """Koopman 1984: 36 of 40 against 16 of 80, at 95 %."""
    assert ratio_interval(36, 40, 16, 80, level=0.95) == pytest.approx((2.940, 7.152), abs=5e-4)


@pytest.mark.parametrize(
    ("counts", "low", "high"),
    [
        # both groups whole: z² over 10, 1 + z² over 10, by hand
        ((10, 10, 10, 10), 1 / (1 + 2.705543 / 10), 1 + 2.705543 / 10),
        # nobody of one: by a search over ratios and shares
        ((0, 10, 5, 10), 0.0, 0.450),
        ((5, 10, 10, 10), 0.269, 0.731),
    ],
)
def test_the_interval_holds_where_a_whole_group_is_above_or_below(
    counts: tuple[int, int, int, int], low: float, high: float
) -> None:
    assert ratio_interval(*counts) == pytest.approx((low, high), abs=2e-3)


def test_people_who_cross_the_median_are_counted_both_ways() -> None:
    people = pd.DataFrame(
        [(f"e{at}", "agent", kpi, z) for kpi, zs in (("solved", (3, 2, 1, 0, -1, -2)), ("handle", (3, -9, 1, 9, -1, -2)))
         for at, z in enumerate(zs)] + [("x", "lead", "solved", 9.0)],
        columns=["employee_id", "role", "kpi", "z"],
    )  # fmt: skip
    # today e0, e1 and e2 stand above; with handling time e1 falls and e3 rises
    today, proposed = {"solved": 100.0}, {"solved": 50.0, "handle": 50.0}
    assert movers(people, "agent", today, proposed, 5) == (1, 1)
    assert movers(people, "agent", today, today, 5) == (0, 0)
    assert np.isnan(movers(people, "agent", today, proposed, 7)).all()
    assert np.isnan(movers(people, "clerk", today, proposed, 1)).all()


def test_few_people_cannot_be_judged_which_is_no_pass() -> None:
    people, groups = _people(1.5, size=12)
    assert impact(people, groups, "agent", {"solved": 40.0}, 0.8, 5).verdict == "cannot be told"


def test_points_on_other_kpis_do_not_count() -> None:
    people, groups = _people(1.5)
    assert impact(people, groups, "agent", {"cost": 40.0}, 0.8, 5).verdict == "cannot be told"


@pytest.fixture(scope="module")
def inputs(advice: Advice) -> AdviceInputs:
    return advice.inputs


def test_an_unfair_card_is_not_proposed_and_the_reason_says_so(inputs: Any, known: Any) -> None:
    solved, groups = _people(1.5)
    noise = 3 * np.random.default_rng(2).standard_normal(len(solved))
    # today's points on handling time, on which the groups do not differ, hide the gap
    people = pd.concat([solved, solved.assign(kpi="handle", z=noise)])
    found = recommend(replace(inputs, scores=people, groups=groups), known.policy, "t1")
    assert (found["verdict"] == "keep").all()
    assert (found["impact"] == "fail").all()
    assert "protected group" in found.set_index("kpi").loc["solved", "reason"]["en"]
    fair = recommend(replace(inputs, scores=_people(0.0)[0], groups=groups), known.policy, "t1")
    assert (fair["verdict"] != "keep").any()


def test_a_card_that_is_no_less_fair_than_todays_is_not_blocked(inputs: Any, known: Any) -> None:
    people, groups = _people(1.5)
    found = recommend(replace(inputs, scores=people, groups=groups), known.policy, "t1")
    assert (found["impact"] == "no worse than today").all()
    assert (found["verdict"] != "keep").any()
    assert (found["impact_low"] < found["impact_ratio"]).all()
    assert (found["impact_ratio"] < found["impact_high"]).all()
    # one KPI is scored, and by any points of its own the order stays
    assert (found["rises"] == 0).all()
    assert (found["falls"] == 0).all()


def test_people_are_scored_over_the_last_cycle_only_and_turned_by_better(known: Any) -> None:
    panel = pd.DataFrame(
        {
            "unit": "employee",
            "unit_id": ["e1", "e1", "e2", "e2"],
            "team_id": "t1",
            "from": pd.to_datetime(["2025-01-01", "2025-11-01", "2025-01-01", "2025-11-01"]),
            "to": pd.to_datetime(["2025-02-01", "2025-12-01", "2025-02-01", "2025-12-01"]),
            "kpi": "handle",
            "value": [9999.0, 300.0, 0.0, 500.0],
            "n": 10.0,
        }
    )
    found = scores(replace(known.organisation, panel=panel), known.catalogue, 90).set_index("employee_id")["z"]
    # shorter is better on paper
    assert found["e1"] > 0 > found["e2"]
    # figures that all are older than a cycle score nobody
    later = replace(known.organisation, panel=panel, as_of=pd.Timestamp("2027-01-01"))
    assert scores(later, known.catalogue, 90).empty


def test_protected_numbers_are_cut_into_thirds_and_absent_columns_are_skipped(known: Any) -> None:
    people = known.organisation.employees.assign(birth_year=np.arange(120) + 1900)
    groups = protected_groups(replace(known.organisation, employees=people), ("birth_year", "gender"))
    assert set(groups["attribute"]) == {"birth_year"}
    assert groups["group"].value_counts().tolist() == [40, 40, 40]
