"""Targets from true levels: known teams whose figures carry known noise."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtr

from baton.catalogue.schema import Kpi
from baton.messages.message import render
from models.advice.targets.aims import ADVISED, People, aims_of, judged, own_past_aims
from models.advice.targets.levels import Levels
from models.advice.targets.spread import true_changes, true_spread
from models.advice.targets.standings import _standing
from models.advice.targets.words import aim_sentences

KPI = Kpi.model_validate(
    {"id": "solved", "name": "Solved", "layer": "role", "perspective": "customer", "source": "cases", "expr": "x",
     "better": "higher", "unit": "share", "role": "lever"}
)  # fmt: skip


def seen(true: np.ndarray, noise: float, rng: np.random.Generator, **changes: object) -> Levels:
    """What is measured of true levels (cycles, teams), as deviations from each cycle's mean."""
    value = true + noise * rng.standard_normal(true.shape)
    value = value - value.mean(axis=1, keepdims=True)
    teams = true.shape[1]
    settings: dict[str, object] = {
        "kpi": KPI, "value": value, "noise": np.full(true.shape, noise**2), "own_share": np.full(teams, 1 / teams),
        "peers": np.ones((teams, teams), bool), "raw": 0.5 + value[0], "count": np.full(teams, 100.0), "best": 1.0,
        "unit": 1.0, "on_logs": False, "teams": tuple(f"t{at}" for at in range(teams)),
    }  # fmt: skip
    return Levels(**(settings | changes))  # type: ignore[arg-type]


def test_where_teams_do_not_differ_nobody_is_asked_for_more_than_the_common_level() -> None:
    rng = np.random.default_rng(1)
    advised, best = [], []
    for _ in range(200):
        levels = seen(np.zeros((4, 12)), 0.02, rng)
        aims = aims_of(levels, {}, 0.2)
        advised.append(np.mean([aim.advised for aim in aims if aim is not None]))
        best.append(levels.value[0].max())
    assert np.mean(best) > 0.03  # what the best team of a cycle shows, by chance alone
    assert np.mean(advised) == pytest.approx(0.0, abs=0.002)


def test_the_best_quarter_begins_where_it_truly_begins() -> None:
    rng = np.random.default_rng(2)
    shares, naive = [], []
    for _ in range(200):
        true = np.tile(0.03 * rng.standard_normal(16), (4, 1))
        levels = seen(true, 0.03, rng)
        aim = next(aim for aim in aims_of(levels, {}, 0.2) if aim is not None)
        shares.append(1 - ndtr((aim.peers + true[0].mean()) / 0.03))
        naive.append(1 - ndtr((np.quantile(levels.value[0], 0.75) + true[0].mean()) / 0.03))
    assert np.mean(shares) == pytest.approx(0.25, abs=0.02)
    assert np.mean(naive) < 0.22


def test_the_spread_of_true_levels_is_measured_free_of_noise() -> None:
    rng = np.random.default_rng(3)
    found = [true_spread(seen(np.tile(0.03 * rng.standard_normal(20), (3, 1)), 0.025, rng)) for _ in range(100)]
    assert np.mean([spread.between for spread in found if spread is not None]) == pytest.approx(0.03, abs=0.003)
    assert all(spread is not None and spread.upper >= spread.between for spread in found)


def test_differences_that_chance_explains_are_none() -> None:
    rng = np.random.default_rng(4)
    found = [true_spread(seen(np.zeros((3, 10)), 0.02, rng)) for _ in range(200)]
    assert np.mean([spread is not None and spread.by_chance for spread in found]) == pytest.approx(0.9, abs=0.05)


def test_a_team_holds_its_true_level_and_not_its_luck() -> None:
    true = np.tile(np.linspace(-0.05, 0.05, 11), (4, 1))
    rng = np.random.default_rng(5)
    levels = seen(true, 0.02, rng)
    levels.value[0, 10] += 0.03
    best = aims_of(levels, {}, 0.2)[10]
    assert best is not None and best.holds
    assert best.advised == best.now < levels.value[0, 10]
    assert best.stretch >= best.advised


def test_nobody_is_asked_for_more_than_such_teams_change_in_a_cycle() -> None:
    rng = np.random.default_rng(6)
    steady = np.tile(np.linspace(-0.1, 0.1, 12), (8, 1))
    last = aims_of(seen(steady, 0.005, rng), {}, 0.2)[0]
    moving = steady + 0.08 * rng.standard_normal(steady.shape)
    agile = aims_of(seen(moving, 0.005, rng), {}, 0.2)[int(np.argmin(moving[0]))]
    assert last is not None and agile is not None
    assert last.bounded and last.advised - last.now == pytest.approx(0.2 * (last.peers - last.now), rel=0.35)
    assert agile.advised - agile.now > 2 * (last.advised - last.now)
    assert last.basis == "both"


def test_true_changes_are_free_of_chance() -> None:
    rng = np.random.default_rng(7)
    found = []
    for _ in range(50):
        steps = 0.03 * rng.standard_normal((8, 20))
        found.append(true_changes(seen(np.cumsum(steps, axis=0), 0.03, rng), 0.0).mean())
    assert np.mean(found) == pytest.approx(0.03, rel=0.15)
    assert true_changes(seen(np.zeros((8, 20)), 0.03, rng), 0.0).mean() < 0.012


def test_one_cycle_shows_no_past() -> None:
    aims = aims_of(seen(np.linspace(-0.1, 0.1, 9)[None, :], 0.01, np.random.default_rng(8)), {}, 0.2)
    assert {aim.basis for aim in aims if aim is not None} == {"peers"}


def test_for_want_of_teams_people_are_compared() -> None:
    levels = seen(np.zeros((4, 1)), 0.01, np.random.default_rng(9), own_share=np.ones(1))
    assert aims_of(levels, {}, 0.2) == [None]
    aim = aims_of(levels, {"t0": People(0.08, 16)}, 0.2)[0]
    assert aim is not None and aim.by_people
    assert aim.peers == pytest.approx(ADVISED * 0.08 / 4)


def test_a_team_with_cases_of_its_own_is_not_compared() -> None:
    own = np.full(10, 0.1)
    own[3] = 0.95
    levels = seen(np.tile(np.linspace(-0.1, 0.1, 10), (3, 1)), 0.01, np.random.default_rng(10), own_share=own)
    aims = aims_of(levels, {}, 0.2)
    assert aims[3] is None and sum(aim is not None for aim in aims) == 9


def test_a_team_alone_goes_as_far_as_its_own_cycles_do() -> None:
    rng = np.random.default_rng(11)
    value = 0.05 * rng.standard_normal((8, 1)) + 0.002 * rng.standard_normal((8, 1))
    levels = seen(np.zeros((8, 1)), 0.002, rng, value=value, own_share=np.zeros(1))
    aim = own_past_aims(levels)[0]
    assert aim is not None and aim.basis == "own_past"
    assert 0.01 < aim.advised - aim.now < 0.08
    assert own_past_aims(seen(np.zeros((3, 1)), 0.002, rng, own_share=np.zeros(1))) == [None]


@pytest.mark.parametrize(("level", "verdict"), [(-0.06, "too_easy"), (0.02, "fine"), (0.4, "out_of_reach")])
def test_todays_target_is_judged_by_true_levels(level: float, verdict: str) -> None:
    levels = seen(np.tile(np.linspace(-0.08, 0.08, 15), (4, 1)), 0.01, np.random.default_rng(12))
    aim = aims_of(levels, {}, 0.2)[7]
    assert aim is not None
    assert judged(aim, level, float(levels.value[0, 7]), float(levels.noise[0, 7]))[0] == verdict


def test_a_target_is_not_too_easy_because_of_one_lucky_cycle() -> None:
    levels = seen(np.zeros((3, 12)), 0.03, np.random.default_rng(13))
    levels.value[0, 0] = 0.05
    aim = aims_of(levels, {}, 0.2)[0]
    assert aim is not None
    assert judged(aim, 0.02, 0.05, 0.03**2)[0] == "fine"


def test_figures_at_a_level_stay_possible() -> None:
    rng = np.random.default_rng(14)
    high = seen(np.zeros((2, 6)), 0.001, rng, raw=np.full(6, 0.98))
    assert high.own(0, float(high.value[0, 0]) + 0.3) == pytest.approx(0.99)
    fewer = KPI.model_copy(update={"better": "lower"})
    low = seen(np.zeros((2, 6)), 0.001, rng, kpi=fewer, raw=np.full(6, 0.04), best=0.0)
    assert low.own(0, float(low.value[0, 0]) + 0.3) == pytest.approx(0.02)
    assert low.own(0, float(low.value[0, 0]) + 0.01) == pytest.approx(0.03)
    logs = seen(np.zeros((2, 6)), 0.001, rng, kpi=fewer, raw=np.full(6, 400.0), best=5.0, on_logs=True)
    assert logs.own(0, float(logs.value[0, 0]) + 0.1) == pytest.approx(400 * np.exp(-0.1))
    assert logs.level(0, 400 * np.exp(-0.1)) == pytest.approx(float(logs.value[0, 0]) + 0.1)


def test_where_the_best_quarter_is_beyond_half_of_the_way_the_reason_says_so_and_counts_teams_at_the_target() -> None:
    # most teams take minutes, one takes a day: the normal quarter begins beyond nothing
    figures = np.array([600.0, 700.0, 800.0, 900.0, 1000.0, 1300.0, 90_000.0])
    seconds = KPI.model_copy(update={"unit": "seconds", "better": "lower"})
    levels = seen(np.tile(-figures, (3, 1)), 1e-3, np.random.default_rng(4), kpi=seconds, raw=figures, best=0.0)
    found = _standing(levels, aims_of(levels, {}, 0.9), None, [True] * 7)
    quick, slow = found["t4"], found["t6"]
    assert quick.aim is not None
    assert quick.own(quick.aim.advised) == pytest.approx(500.0)
    assert quick.reached == (0, 6)
    assert found["t5"].reached == (1, 6)  # half of 1,300 seconds
    assert slow.reached == (6, 6)
    words = [render(each, "en") for each in aim_sentences(quick, "", (), routed=False)]
    assert "half of the way to the best value ever seen" in words[0]
    assert "best quarter of comparable teams would be at" not in words[0]
    fine = seen(np.tile([[0.1, 0.2, 0.25, 0.3, 0.35, 0.4]], (3, 1)), 1e-3, np.random.default_rng(4))
    plain = _standing(fine, aims_of(fine, {}, 0.2), None, [True] * 6)["t0"]
    assert "the best quarter of comparable teams would be at" in aim_sentences(plain, "", (), routed=False)[0].text
