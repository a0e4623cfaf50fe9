"""Limits of the policy: what of a card breaks each, by how much, and that programme and sandbox mean the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from baton.company import Policy
from baton.messages.catalogue import catalogue
from baton.messages.message import Message, render
from models.advice.breaches import Breach, Broken
from models.advice.card import Card, Line
from models.advice.limits import SENTENCES, Limit, broken, limits_of
from models.advice.policy import ramp

POLICY = Policy(min_weight=5, max_weight=40, max_change=10, min_share={"customer": 30}, outcome_max=30, fixed=("duty",))


def line(kpi: str, current: float, **changes: Any) -> Line:
    settings = {"role": "lever", "perspective": "customer", "wanted": current, "direction": 0}
    return Line(kpi=kpi, current=current, **(settings | changes))


LINES = (
    line("a", 30),
    line("b", 30, perspective="process", guarded_by=("a", "c")),
    line("c", 10, perspective="process"),
    line("rating", 25, role="outcome", perspective="financial"),
    line("duty", 5, fixed=True, perspective="learning"),
)
TODAY = np.array([each.current for each in LINES])


def reported(points: list[float], before: np.ndarray | None = TODAY) -> list[tuple[Limit, Breach]]:
    return list(broken(limits_of(POLICY), Card(LINES, np.array(points, dtype=float), before)))


def test_todays_card_breaks_nothing() -> None:
    assert reported(list(TODAY)) == []


@pytest.mark.parametrize(
    ("points", "breaches"),
    [
        ([40, 30, 0, 25, 5], []),
        ([40, 27, 3, 25, 5], [Breach(Broken.MIN_WEIGHT, points=2.0, kpi="c")]),
        ([30, 42, 0, 23, 5], [
            Breach(Broken.MAX_WEIGHT, points=2.0, kpi="b"),
            Breach(Broken.MAX_CHANGE, points=2.0, kpi="b"),
            Breach(Broken.GUARD, "c", 12.0, "b"),
        ]),
        ([20, 30, 15, 35, 0], [
            Breach(Broken.FIXED, points=5.0, kpi="duty"),
            Breach(Broken.MIN_SHARE, "customer", 10.0),
            Breach(Broken.OUTCOME_MAX, points=5.0),
        ]),
    ],
)  # fmt: skip
def test_every_limit_names_what_breaks_it_and_by_how_much(points: list[float], breaches: list[Breach]) -> None:
    assert [breach for _, breach in reported(points)] == breaches


def test_a_card_without_one_before_may_move_as_it_likes() -> None:
    assert {breach.limit for _, breach in reported([40, 40, 15, 0, 5], None)} == set()


def test_a_raised_kpi_needs_each_of_its_guards() -> None:
    assert [str(breach) for _, breach in reported([0, 35, 0, 30, 5]) if breach.limit == Broken.GUARD] == [
        "guard.a, c by 5 (b)"
    ]


def test_every_limit_has_its_words_in_both_languages() -> None:
    for limit in limits_of(POLICY):
        assert limit.tried in catalogue()
        assert (limit.key in SENTENCES) == limit.yields
    found = reported([20, 42, 3, 35, 0])
    card = Card(LINES, np.array([20.0, 42, 3, 35, 0]), TODAY)
    sentences = [render(Message(limit.tried, limit.values(breach, card)), "en") for limit, breach in found]
    assert sentences == [
        "b has 42 points, at most 40 are allowed",
        "b moves by +12 points, at most 10 in one cycle",
        "c has 3 points, at least 5 are asked for, or none",
        "duty is mandatory and not up for advice: it keeps its 5 points",
        "perspective customer holds 20 points, at least 30 are asked for",
        "KPIs that only report hold 35 points, at most 30 are allowed",
    ]
    assert [render(Message(limit.tried, limit.values(breach, card)), "zh") for limit, breach in found][1] == (
        "b 变动 +12 分，每个周期最多 10 分"
    )


def test_what_the_programme_proposes_breaks_only_what_it_says() -> None:
    """Over cards made by chance: the limits that may not give way hold, and every other breach is reported."""
    rng = np.random.default_rng(8)
    collided = 0
    for _ in range(15):
        size = int(rng.integers(3, 7))
        points = rng.multinomial(20, np.ones(size) / size) * 5.0
        wanted = rng.dirichlet(np.ones(size)) * 100
        lines = [
            line(
                f"k{at}", points[at], wanted=wanted[at], direction=int(np.sign(wanted[at] - points[at])),
                role=str(rng.choice(["lever", "outcome"])), perspective=str(rng.choice(["customer", "process"])),
                guarded_by=("k0",) if at == 1 else (),
            )
            for at in range(size)
        ]  # fmt: skip
        before = points
        for solved in ramp(lines, POLICY, known=True):
            card = Card(lines, solved.weights, before)
            hard = [breach for limit, breach in broken(limits_of(POLICY), card) if not limit.yields]
            assert hard == []
            soft = broken(limits_of(POLICY), Card(lines, solved.weights, points))
            assert solved.breaches == tuple(breach for limit, breach in soft if limit.yields)
            collided += bool(solved.breaches)
            before = solved.weights
    assert collided
