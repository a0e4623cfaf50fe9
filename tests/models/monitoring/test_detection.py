"""An alarm needs a change that is sure, larger than any before, large enough to matter, and lasting."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pytest

from features.monitoring.series import Periods, Series, What
from models.monitoring.detection import alarms

WEEKS = 120
END = datetime(2026, 1, 5)
PERIODS = Periods("week", tuple(END - timedelta(weeks=WEEKS - week) for week in range(WEEKS)), END)


def series(
    values: np.ndarray, what: What = "level", rows: float = 400.0, error: float = 1.0, column: str = "cost"
) -> Series:
    count, none = np.full(WEEKS, rows), np.full(WEEKS, 3.0 if what == "level" else np.nan)
    errors = np.full(WEEKS, error) if what == "level" else np.zeros(WEEKS)
    return Series("cases", column, what, "", PERIODS, values, count, errors, none)


def counts(values: np.ndarray) -> Series:
    return Series("cases", "", "rows", "", PERIODS, values, values, np.zeros(WEEKS), np.full(WEEKS, np.nan))


def level(rng: np.random.Generator, error: float = 1.0) -> np.ndarray:
    return rng.normal(50, error, WEEKS)


def drifting(rng: np.random.Generator) -> np.ndarray:
    """A level that wanders, with noise of heavy tails: real figures are not as well-behaved as their standard error."""
    return 50 + np.cumsum(rng.normal(0, 0.4, WEEKS)) + rng.standard_t(3, WEEKS)


def test_where_nothing_changes_a_year_of_two_hundred_figures_has_at_most_one_false_alarm() -> None:
    rng = np.random.default_rng(5)
    figures = [series(level(rng), column=f"a{n}") for n in range(80)]
    figures += [series(drifting(rng), column=f"b{n}") for n in range(60)]
    figures += [counts(rng.poisson(300 * np.exp(rng.normal(0, 0.05, WEEKS))).astype(float)) for _ in range(60)]
    found = alarms(figures, all_periods=True)
    assert len({id(alarm.series) for alarm in found if alarm.at >= WEEKS - 52}) <= 1


@pytest.mark.parametrize("rate", [0.25, 6.0])
def test_the_rate_that_is_asked_for_moves_the_limit(rate: float) -> None:
    rng = np.random.default_rng(6)
    values = level(rng)
    values[-2:] = 53.6  # a good four of the spread of errors of two weeks
    assert bool(alarms([series(values)] * 40, false_alarms=rate)) is (rate > 1)


def test_a_change_is_found_once_it_has_lasted_two_periods() -> None:
    rng = np.random.default_rng(7)
    values = level(rng)
    values[-2:] += 20
    (alarm,) = alarms([series(values)])
    assert alarm.at == WEEKS - 1
    assert alarm.before == pytest.approx(50, abs=1)
    assert alarm.now == pytest.approx(70, abs=2)
    assert alarm.low < alarm.before < alarm.high < alarm.now


def test_a_single_odd_week_is_no_alarm() -> None:
    rng = np.random.default_rng(8)
    for odd in (-1, -2):
        values = level(rng)
        values[odd] += 60  # sixty standard errors; the week beside it as ever
        assert alarms([series(values)]) == []


def test_a_sure_but_small_change_is_no_alarm_however_many_rows_there_are() -> None:
    rng = np.random.default_rng(9)
    values = rng.normal(50, 0.001, WEEKS)
    values[-2:] += 0.1  # a hundred standard errors, and a fifth of a per cent
    assert alarms([series(values, rows=1e6, error=0.001)]) == []
    values[-2:] += 1.0
    assert len(alarms([series(values, rows=1e6, error=0.001)])) == 1


def test_a_source_that_stops_is_found_by_its_rows() -> None:
    rng = np.random.default_rng(10)
    values = rng.poisson(40, WEEKS).astype(float)
    values[-2:] = 0
    (alarm,) = alarms([counts(values)])
    assert alarm.now == pytest.approx(0, abs=0.01)


def test_a_source_that_stopped_within_a_week_is_found_the_week_after() -> None:
    rng = np.random.default_rng(12)
    values = rng.poisson(1800, WEEKS).astype(float)
    values[-2:] = 260, 0
    assert len(alarms([counts(values)])) == 1


def test_a_change_that_goes_on_is_known_since_when_and_does_not_hide_the_next() -> None:
    rng = np.random.default_rng(11)
    values = level(rng)
    values[60:] += 15
    values[100:] += 15
    at = sorted(alarm.at for alarm in alarms([series(values)], all_periods=True))
    assert at[0] == 61
    assert any(place == 101 for place in at)


def test_a_figure_with_too_short_a_past_is_not_judged() -> None:
    values = np.full(WEEKS, np.nan)
    values[-8:-2], values[-2:] = 50.0, 90.0
    assert alarms([series(values)]) == []
