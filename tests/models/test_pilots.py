"""Effects of pilots: against least squares written out, against all schedules, and by the rule of the plan."""

from __future__ import annotations

import numpy as np
import pytest

from models.pilots.estimate import NEVER, Floats, Starts, effects, event_study
from models.pilots.inference import Measured, measure, trend_before
from models.pilots.power import power_of
from models.pilots.schedules import Wave, alike, draw_schedules
from models.pilots.verdict import Rule, harmed, verdict_of

STARTS = np.array([6, 6, 8, 8, NEVER, NEVER, NEVER, 7])


def panel(seed: int = 0, teams: int = 8, periods: int = 10) -> Floats:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(teams, 1)) + rng.normal(size=(1, periods)) + 0.3 * rng.normal(size=(teams, periods))


def written_out(values: Floats, starts: Starts) -> float:
    """The imputation estimator by least squares over the cells without the change."""
    teams, periods = values.shape
    with_change = np.arange(periods)[None, :] >= starts[:, None]
    rows = [(i, j) for i in range(teams) for j in range(periods) if np.isfinite(values[i, j]) and not with_change[i, j]]
    design = np.zeros((len(rows), teams + periods))
    for place, (i, j) in enumerate(rows):
        design[place, i] = design[place, teams + j] = 1.0
    fitted = np.linalg.lstsq(design, np.array([values[cell] for cell in rows]), rcond=None)[0]
    gaps = values - fitted[:teams, None] - fitted[None, teams:]
    return float(np.nanmean(gaps[with_change]))


@pytest.mark.parametrize("gaps", [(), ((1, 2), (5, 7), (7, 9))])
def test_the_effect_is_that_of_least_squares_on_cells_without_the_change(gaps: tuple[tuple[int, int], ...]) -> None:
    values = panel()
    for cell in gaps:
        values[cell] = np.nan
    assert effects(values, STARTS[None])[0] == pytest.approx(written_out(values, STARTS), abs=1e-12)


def test_an_effect_that_is_there_is_found_whole_and_levels_and_seasons_are_none() -> None:
    values = np.add.outer(np.arange(8.0), np.sin(np.arange(10)))
    with_change = np.arange(10)[None, :] >= STARTS[:, None]
    assert effects(values + 0.5 * with_change, STARTS[None])[0] == pytest.approx(0.5)
    study = event_study(values + 0.5 * with_change, STARTS)
    assert {lag: round(gap, 9) for lag, gap in study.items()} == {lag: 0.5 * (lag >= 0) for lag in range(-8, 4)}


def test_a_growing_effect_is_not_turned_around_by_teams_that_began_earlier() -> None:
    # two-way regression takes those that began earlier for controls, whose growth makes the effect of later ones small
    since = np.arange(10)[None, :] - np.where(STARTS == NEVER, 99, STARTS)[:, None]
    values = np.add.outer(np.arange(8.0), np.arange(10.0)) + np.maximum(since + 1, 0)
    assert effects(values, STARTS[None])[0] == pytest.approx(np.maximum(since + 1, 0)[since >= 0].mean())


def test_periods_in_which_everybody_has_begun_cannot_be_compared() -> None:
    starts = np.array([3, 3, 5, 5])
    values = panel(teams=4, periods=8)
    assert effects(values, starts[None])[0] == pytest.approx(effects(values[:, :5], np.minimum(starts, 5)[None])[0])
    assert np.isnan(effects(values, np.zeros((1, 4), dtype=np.int64)))[0]


def test_schedules_leave_groups_alike_and_are_drawn_once_each() -> None:
    rng = np.random.default_rng(5)
    traits = rng.normal(size=(12, 3))
    drawn = draw_schedules(traits, [Wave(4, 3), Wave(7, 3)], rng)
    assert len(np.unique(drawn, axis=0)) == len(drawn) > 500
    assert all(sorted(row) == [4] * 3 + [7] * 3 + [NEVER] * 6 for row in drawn.tolist())
    other = np.stack([rng.permutation(drawn[0]) for _ in range(500)])
    assert alike(traits, drawn).mean() < 0.6 * alike(traits, other).mean()


def test_without_an_effect_few_are_called_one_and_intervals_hold_what_is_true() -> None:
    alarms, covered = [], []
    for seed in range(100):
        rng = np.random.default_rng(seed)
        values = panel(seed, 10, 12)
        schedules = draw_schedules(values[:, :8].mean(axis=1, keepdims=True), [Wave(8, 5)], rng)[:150]
        carried_out = schedules[0]
        alarms.append(measure(values, carried_out, schedules).p_value <= 0.1)
        found = measure(values + 0.4 * (np.arange(12)[None, :] >= carried_out[:, None]), carried_out, schedules)
        covered.append(found.low <= 0.4 <= found.high)
    assert np.mean(alarms) <= 0.16
    assert 0.83 <= np.mean(covered) <= 0.96


def test_the_p_value_counts_schedules_and_the_interval_is_where_it_passes_its_level() -> None:
    values = panel(3, 8, 12)
    schedules = draw_schedules(np.zeros((8, 1)), [Wave(8, 4)], np.random.default_rng(1))
    carried_out = schedules[0]
    values = values + 0.5 * (np.arange(12)[None, :] >= carried_out[:, None])
    found = measure(values, carried_out, schedules)
    counted = np.abs(effects(values, schedules)) >= abs(found.effect) - 1e-9
    assert found.p_value == pytest.approx(counted.mean())
    for end, inward in ((found.low, 1), (found.high, -1)):
        for supposed, kept in ((end + inward * 0.01, True), (end - inward * 0.01, False)):
            rest = values - supposed * (np.arange(12)[None, :] >= carried_out[:, None])
            assert (measure(rest, carried_out, schedules).p_value > 0.1) == kept


def test_what_was_not_drawn_is_refused() -> None:
    schedules = draw_schedules(np.zeros((8, 1)), [Wave(8, 4)], np.random.default_rng(1))
    with pytest.raises(ValueError, match="none of the schedules"):
        measure(panel(3, 8, 12), np.full(8, NEVER), schedules)


def test_few_teams_give_no_interval_rather_than_a_narrow_one() -> None:
    schedules = draw_schedules(np.zeros((4, 1)), [Wave(8, 2)], np.random.default_rng(1))
    found = measure(panel(3, 4, 12), schedules[0], schedules)
    assert (len(schedules), found.low, found.high) == (6, -np.inf, np.inf)
    assert found.p_value >= 2 / 6


def test_who_rose_before_is_named() -> None:
    values = panel(4, 10, 14) * 0.1
    schedules = draw_schedules(np.zeros((10, 1)), [Wave(10, 5)], np.random.default_rng(2))
    rising = values + 0.3 * np.outer(schedules[0] < NEVER, np.arange(14))
    assert trend_before(rising, schedules[0], schedules)[0] == pytest.approx(0.3, abs=0.05)
    assert trend_before(rising, schedules[0], schedules)[1] < 0.02
    assert np.isnan(trend_before(values, np.array([2] * 5 + [NEVER] * 5), schedules)[1])


def test_power_grows_with_the_effect_and_is_the_level_without_one() -> None:
    past = panel(6, 12, 30)
    rng = np.random.default_rng(3)

    def draw(before: Floats) -> Starts:
        return draw_schedules(before.mean(axis=1, keepdims=True), [Wave(10, 6)], rng)

    power = power_of(past, draw, rng, before=10, after=6, alpha=0.1)
    assert power.shares[0] == pytest.approx(0.1, abs=0.03)
    assert power.shares[-1] > 0.99
    # twelve teams: (1.812 + 0.879) / (1.645 + 0.842) times what 80 of 100 trials showed
    assert np.interp(power.smallest / 1.0821, power.sizes, power.shares) == pytest.approx(0.8, abs=0.01)
    with pytest.raises(ValueError, match="30 periods are known, and the panel has 40"):
        power_of(past, draw, rng, before=30, after=10, alpha=0.1)


def found(effect: float, low: float, high: float, p: float = 0.01) -> Measured:
    return Measured(effect, low, high, p, 900)


@pytest.mark.parametrize(
    ("effect", "better", "verdict"),
    [
        (found(0.3, 0.1, 0.5), 1, "adopt"),
        (found(0.3, 0.1, 0.5), -1, "stop"),
        (found(-0.3, -0.5, -0.1), -1, "adopt"),
        (found(0.3, -0.1, 0.7), 1, "extend"),
        (found(0.02, -0.1, 0.15), 1, "stop"),  # at best less than what is worth having
        (found(0.3, -np.inf, np.inf), 1, "extend"),
    ],
)
def test_the_verdict_follows_from_the_interval(effect: Measured, better: int, verdict: str) -> None:
    assert verdict_of(Rule(better, worthwhile=0.2), effect, {}) == verdict


def test_a_guard_that_became_worse_stops_a_pilot_and_chance_among_many_does_not() -> None:
    rule, good = Rule(1, worthwhile=0.2), found(0.3, 0.1, 0.5)
    worse, better = (1, found(-0.2, -0.3, -0.1, 0.004)), (-1, found(-0.2, -0.3, -0.1, 0.004))
    assert verdict_of(rule, good, {"csat": worse}) == "stop"
    assert verdict_of(rule, good, {"handle_seconds": better}) == "adopt"
    nearly = {f"k{number}": (1, found(-0.1, -0.2, 0.01, 0.04)) for number in range(5)}
    assert harmed(rule, nearly) == []
    assert harmed(rule, {**nearly, "csat": worse}) == ["csat"]
