"""Limits that collide: the smallest sets that no card can keep together, and nothing else, are named."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from baton.company import Policy
from models.advice.card import Line
from models.advice.conflict import conflict_name, conflicts, conflicts_of_ramp
from models.advice.policy import ramp


def _line(kpi: str, current: float, **changes: Any) -> Line:
    settings = {"role": "lever", "perspective": "customer", "wanted": current, "direction": 0}
    return Line(kpi=kpi, current=current, **(settings | changes))


def _policy(**changes: Any) -> Policy:
    settings = {"min_weight": 5, "max_weight": 60, "max_change": 30, "min_share": {}, "outcome_max": 50, "fixed": ()}
    return Policy(**(settings | changes))


FIVES = np.array(
    [(*card, 100 - sum(card)) for card in itertools.product(range(0, 101, 5), repeat=3) if sum(card) <= 100], float
)


def _named(lines: list[Line], policy: Policy, *, known: bool = True) -> list[str]:
    steps = ramp(lines, policy, known=known)
    return [conflict_name(found) for found in conflicts_of_ramp(lines, policy, steps, known=known)]


FOUR = [_line("a", 40), _line("b", 30), _line("c", 20, perspective="process"), _line("d", 10, perspective="process")]


def test_nothing_is_named_where_a_card_keeps_all_limits() -> None:
    policy = _policy(min_share={"process": 40})
    assert _named(FOUR, policy) == []
    assert conflicts(FOUR, policy, start=np.array([40.0, 30, 20, 10]), reach=90) == ()


def test_exactly_the_two_limits_that_collide_are_named() -> None:
    """Two KPIs of one perspective hold 80 points at most, which are fewer than it must have; four limits are innocent."""
    assert _named(FOUR, _policy(max_weight=40, min_share={"process": 85, "customer": 5})) == [
        "max_weight 40 + min_share.process 85"
    ]


def test_a_limit_that_is_impossible_alone_is_named_alone() -> None:
    assert _named(FOUR, _policy(min_share={"financial": 10})) == ["min_share.financial 10"]
    assert _named([_line("a", 50), _line("b", 50)], _policy(max_weight=40)) == ["max_weight 40"]


def test_conflicts_that_have_nothing_in_common_are_named_each() -> None:
    lines = [_line("rating", 60, role="outcome"), _line("a", 40)]
    assert sorted(_named(lines, _policy(max_weight=45, min_share={"financial": 10}))) == [
        "max_weight 45",
        "min_share.financial 10",
    ]


def test_mandatory_kpis_and_the_cap_on_change_collide_too_with_the_value_of_the_policy() -> None:
    mandatory = [_line("duty", 70, fixed=True, perspective="learning"), _line("a", 30)]
    assert _named(mandatory, _policy(max_weight=100, min_share={"customer": 40})) == ["fixed + min_share.customer 40"]
    assert _named(FOUR, _policy(max_change=5, min_share={"process": 65})) == ["max_change 5 + min_share.process 65"]


def test_without_a_card_of_today_no_cap_on_change_is_named() -> None:
    lines = [_line("a", 0, direction=1, wanted=60), _line("b", 0, direction=1, wanted=40, perspective="process")]
    assert _named(lines, _policy(max_weight=50, max_change=5, min_share={"process": 55}), known=False) == [
        "max_weight 50 + min_share.process 55"
    ]


@pytest.mark.parametrize("seed", range(6))
def test_sets_are_irreducible(seed: int) -> None:
    """Against all subsets of limits, tried one by one through the policy: each set cannot hold, each of its parts can."""
    rng = np.random.default_rng(seed)
    points = rng.multinomial(20, np.ones(4) / 4) * 5.0
    roles, views = ["lever", "outcome"], ["customer", "process"]
    lines = [
        _line(f"k{at}", points[at], role=str(rng.choice(roles)), perspective=str(rng.choice(views))) for at in range(4)
    ]
    bounds = {
        "max_weight": float(rng.choice([25, 30, 40])), "min_weight": float(rng.choice([5, 20])),
        "max_change": float(rng.choice([5, 10])), "outcome_max": float(rng.choice([10, 30])),
        "customer": float(rng.choice([30, 70])), "process": float(rng.choice([20, 60])),
    }  # fmt: skip
    expected = _irreducible(lines, bounds)
    found = conflicts(lines, _bounded(bounds, set(bounds)), start=points, reach=3 * bounds["max_change"])
    named = [
        frozenset(limit.perspective if limit.key == "min_share" else str(limit.key) for limit in each) for each in found
    ]
    assert set(named) <= expected
    assert bool(named) == bool(expected)


def _bounded(bounds: dict[str, float], kept: set[str]) -> Policy:
    free = {"max_weight": 100.0, "min_weight": 0.0, "max_change": 100.0, "outcome_max": 100.0}
    settings = {name: bounds[name] if name in kept else loose for name, loose in free.items()}
    return Policy(
        min_share={name: bounds[name] for name in ("customer", "process") if name in kept}, fixed=(), **settings
    )


def _irreducible(lines: list[Line], bounds: dict[str, float]) -> set[frozenset[str]]:
    impossible: set[frozenset[str]] = set()
    for size in range(1, len(bounds) + 1):
        for kept in itertools.combinations(bounds, size):
            if not any(each <= set(kept) for each in impossible) and not _some_card(lines, bounds, set(kept)):
                impossible.add(frozenset(kept))
    return impossible


def _some_card(lines: list[Line], bounds: dict[str, float], kept: set[str]) -> bool:
    """Try every card of four KPIs in steps of five."""
    cards = FIVES
    today = np.array([line.current for line in lines])
    outcome = np.array([line.role == "outcome" for line in lines])
    good = (cards[:, outcome] <= today[outcome]).all(axis=1)
    tests = {
        "max_weight": (cards <= bounds["max_weight"]).all(axis=1),
        "min_weight": ((cards == 0) | (cards >= bounds["min_weight"])).all(axis=1),
        "max_change": (np.abs(cards - today) <= 3 * bounds["max_change"]).all(axis=1),
        "outcome_max": cards[:, outcome].sum(axis=1) <= bounds["outcome_max"],
    }
    for view in ("customer", "process"):
        mine = np.array([line.perspective == view for line in lines])
        tests[view] = cards[:, mine].sum(axis=1) >= bounds[view]
    for name in kept:
        good &= tests[name]
    return bool(good.any())
