"""The limits of a policy, one by one and against each other."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from baton.company import Policy
from models.advice.breaches import Breach, Broken
from models.advice.card import Line
from models.advice.policy import check_policy, ramp, solve


def _line(kpi: str, current: float, wanted: float, **changes: Any) -> Line:
    direction = int(np.sign(wanted - current))
    return Line(**({"kpi": kpi, "role": "lever", "perspective": "customer", "current": current, "wanted": wanted,
                    "direction": direction} | changes))  # fmt: skip


def _free(**changes: Any) -> Policy:
    settings = {"min_weight": 5, "max_weight": 100, "max_change": 100, "min_share": {}, "outcome_max": 100, "fixed": ()}
    return Policy(**(settings | changes))


def _card(lines: Any, policy: Any) -> dict[str, float]:
    start = np.array([line.current for line in lines])
    weights = solve(lines, policy, start=start, reach=policy.max_change, strict=True).weights
    return dict(zip([line.kpi for line in lines], weights, strict=True))


def test_the_nearest_card_is_found_as_by_trying_all() -> None:
    lines = [_line("a", 50, 12), _line("b", 30, 33), _line("c", 20, 55)]
    policy = _free(max_weight=45)
    options = [np.arange(0, 50, 5)] * 3
    best = min(
        (card for card in itertools.product(*options) if sum(card) == 100),
        key=lambda card: sum((weight - line.wanted) ** 2 for weight, line in zip(card, lines, strict=True)),
    )
    found = _card(lines, policy)
    assert sum((found[line.kpi] - line.wanted) ** 2 for line in lines) == pytest.approx(
        sum((weight - line.wanted) ** 2 for weight, line in zip(best, lines, strict=True))
    )


def test_a_weight_is_at_least_the_minimum_or_nothing() -> None:
    lines = [_line("a", 50, 3), _line("b", 50, 97)]
    assert _card(lines, _free(min_weight=10))["a"] in (0, 10)


def test_no_weight_is_above_the_maximum() -> None:
    lines = [_line("a", 30, 90), _line("b", 35, 5), _line("c", 35, 5)]
    assert _card(lines, _free(max_weight=40))["a"] == 40


def test_no_weight_moves_further_than_allowed() -> None:
    lines = [_line("a", 30, 90), _line("b", 70, 10)]
    assert _card(lines, _free(max_change=10)) == {"a": 40, "b": 60}


def test_a_perspective_keeps_its_share() -> None:
    lines = [_line("a", 50, 10), _line("b", 50, 90, perspective="financial")]
    assert _card(lines, _free(min_share={"customer": 30}))["a"] == 30


def test_outcomes_hold_no_more_than_their_cap_and_are_never_raised() -> None:
    lines = [_line("rating", 50, 80, role="outcome"), _line("a", 50, 50)]
    assert _card(lines, _free(outcome_max=30))["rating"] == 30
    assert _card(lines, _free())["rating"] == 50


def test_a_pushed_kpi_never_stands_without_its_guard() -> None:
    lines = [_line("fast", 20, 60, guarded_by=("solved",)), _line("solved", 0, 0), _line("other", 80, 40)]
    found = _card(lines, _free())
    assert found["solved"] > 0 or found["fast"] <= 20


def test_a_kpi_whose_guard_cannot_be_there_is_not_raised() -> None:
    lines = [_line("fast", 20, 60, guarded_by=("solved",), guard_missing=True), _line("other", 80, 40)]
    assert _card(lines, _free())["fast"] <= 20


def test_mandatory_kpis_keep_their_points_whatever_the_limits() -> None:
    lines = [_line("duty", 3, 50, fixed=True), _line("a", 47, 60), _line("b", 50, 37)]
    found = _card(lines, _free())
    assert found["duty"] == 3
    assert sum(found.values()) == pytest.approx(100)


def test_kept_kpis_stay_while_others_move() -> None:
    lines = [_line("a", 40, 70), _line("b", 40, 10), _line("kept", 20, 20)]
    assert _card(lines, _free())["kept"] == 20


def test_points_that_are_no_multiple_of_the_step_are_handled() -> None:
    lines = [_line("a", 33, 60), _line("b", 33, 10), _line("c", 34, 34)]
    found = _card(lines, _free(max_change=10))
    assert sum(found.values()) == pytest.approx(100)
    assert all(
        weight % 5 == 0 or (weight - line.current) % 5 == 0 for line, weight in zip(lines, found.values(), strict=True)
    )


def test_limits_that_todays_card_breaks_bind_at_the_end_of_the_ramp_and_are_not_broken_further() -> None:
    lines = [_line("a", 70, 70, direction=0), _line("b", 30, 30, direction=0), _line("c", 0, 0, direction=0)]
    policy = _free(max_weight=50, max_change=10)
    cards = [solved.weights for solved in ramp(lines, policy, known=True)]
    path = [70.0, *(card[0] for card in cards)]
    assert path[-1] == 50
    assert all(later <= earlier for earlier, later in itertools.pairwise(path))
    assert all(abs(later - earlier) <= 10 for earlier, later in itertools.pairwise(path))


def test_colliding_limits_are_named_with_their_size() -> None:
    lines = [_line("a", 50, 50, direction=0), _line("b", 50, 50, direction=0)]
    solved = ramp(lines, _free(max_weight=40), known=True)[-1]
    assert solved.weights.sum() == 100
    assert Breach(Broken.MAX_WEIGHT, points=10.0, kpi="a") in solved.breaches


def test_a_kpi_that_other_limits_raise_without_its_guard_is_named() -> None:
    lines = [
        _line("fast", 20, 20, guarded_by=("solved",)),
        _line("solved", 0, 0, perspective="process", fixed=True),
        _line("other", 80, 80, perspective="process"),
    ]
    solved = ramp(lines, _free(min_share={"customer": 60}), known=True)[-1]
    assert solved.weights.tolist() == [60, 0, 40]
    assert solved.breaches == (Breach(Broken.GUARD, "solved", 40.0, "fast"),)


def test_random_cards_always_sum_to_one_hundred_and_change_within_reach() -> None:
    rng = np.random.default_rng(3)
    for _ in range(25):
        size = int(rng.integers(3, 9))
        points = rng.multinomial(20, np.ones(size) / size) * 5.0
        wanted = rng.dirichlet(np.ones(size)) * 100
        lines = [
            _line(f"k{at}", points[at], wanted[at], role=rng.choice(["lever", "lever", "outcome"]),
                  perspective=rng.choice(["customer", "process", "financial"]))
            for at in range(size)
        ]  # fmt: skip
        before = points
        for solved in ramp(lines, Policy(fixed=()), known=True):
            assert solved.weights.sum() == pytest.approx(100)
            assert np.abs(solved.weights - before).max() <= 10 + 1e-9
            before = solved.weights


def test_a_sound_policy_is_accepted() -> None:
    check_policy(Policy())
