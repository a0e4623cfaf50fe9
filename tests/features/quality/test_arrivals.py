"""Where a table ends: rows beyond their usual rate are cut off, and tables that merely come seldom are not."""

from __future__ import annotations

import numpy as np
import pytest

from features.quality.observation.arrivals import Arrivals

END = 539


def arrivals(times: np.ndarray | list[float]) -> Arrivals:
    days, counts = np.unique(np.floor(np.asarray(times)).astype(int), return_counts=True)
    return Arrivals(days, counts)


def dense(rate: float = 37.0, *, seed: int = 1) -> list[float]:
    generator = np.random.default_rng(seed)
    return list(generator.uniform(0, END + 1, int(rate * (END + 1))))


def spread(count: int, days: float) -> list[float]:
    return list(END + 1 + np.random.default_rng(2).uniform(0, days, count))


PLANNED = {
    "one row 88 days later": [END + 88],
    "one row 20 days later": [END + 20],
    "a mistyped year": [END + 2000],
    "a handful over the next months, and a mistyped year": [END + 20, END + 41, END + 70, END + 101, END + 1900],
    "one in a hundred over 90 days": spread(200, 90),
    "one in a hundred over 30 days": spread(200, 30),
    "fewer and fewer": list(END + 1 + np.random.default_rng(3).exponential(60, 200)),
    "fifty renewals on one day": [END + 160] * 50,
    "thirty on each first of six months": list(np.repeat(END + 30 * np.arange(1, 7), 30)),
}


@pytest.mark.parametrize("tail", PLANNED.values(), ids=PLANNED.keys())
def test_what_comes_after_the_usual_rate_stops_is_cut_off(tail: list[float]) -> None:
    assert arrivals([*dense(), *tail]).last_regular() == END


def test_a_growing_company_ends_where_its_rows_do() -> None:
    day = np.arange(900)
    rows = np.repeat(day, np.random.default_rng(1).poisson(np.exp(day / 150)))
    assert arrivals(rows).last_regular() == 899
    assert arrivals([*rows, 990]).last_regular() == 899


def seasonal(until: int) -> np.ndarray:
    day = np.arange(until)
    low = (day % 365 > 150) & (day % 365 < 240)
    return np.repeat(day, np.random.default_rng(4).poisson(np.where(low, 1.5, 30)))


def winding_down() -> np.ndarray:
    day = np.arange(900)
    return np.repeat(day, np.random.default_rng(4).poisson(30 * np.exp(-np.clip(day - 300, 0, None) / 60)))


MONTHLY = np.repeat(np.arange(0, 720, 30), 300)
REGULAR = {
    "weekly batches": np.repeat(np.arange(0, 540, 7), 30),
    "a weekly batch that came in part": [*np.repeat(np.arange(0, 540, 7), 30), 546],
    "monthly measures": MONTHLY,
    "a month that came in part": [*MONTHLY, *[720] * 5],
    "quarterly measures": np.repeat(np.arange(0, 900, 91), 20),
    "a low season like the last one": seasonal(600),
    "a business that winds down": winding_down(),
    "one row after the holidays": [*[t for t in dense() if t < END - 10], END],
    "a usual day after three weeks of holidays": [*[t for t in dense() if t < END - 21], *[END] * 40],
    "nothing on weekends": [t for t in dense() if int(t) % 7 < 5],
    "three rows a month": np.random.default_rng(5).uniform(0, 720, 72),
    "one row": [5.0],
    "five rows": [0.0, 3.0, 90.0, 91.0, 300.0],
}


@pytest.mark.parametrize("times", REGULAR.values(), ids=REGULAR.keys())
def test_tables_that_come_seldom_or_in_batches_or_end_are_not_cut(times: np.ndarray | list[float]) -> None:
    found = arrivals(times)
    assert (found.first_regular(), found.last_regular()) == (found.days[0], found.days[-1])


def test_a_month_planned_far_ahead_is_cut_off_a_monthly_table() -> None:
    planned = np.repeat(np.arange(720, 900, 30), 5)
    assert arrivals([*MONTHLY, *planned]).last_regular() == 690


def test_a_mistyped_year_is_found_in_a_table_of_three_rows_a_month() -> None:
    times = np.random.default_rng(5).uniform(0, 720, 72)
    assert arrivals([*times, 2500]).last_regular() == int(times.max())


@pytest.mark.parametrize("stray", [[-20_000], [-45_000, -44_900, -44_000]], ids=["1970", "1901"])
def test_rows_decades_before_the_others_begin_nothing(stray: list[float]) -> None:
    assert arrivals([*stray, *dense()]).first_regular() == 0


def test_a_slow_start_is_the_start() -> None:
    slow = np.random.default_rng(6).uniform(-400, 0, 60)
    assert arrivals([*slow, *dense()]).first_regular() == int(np.floor(slow.min()))


def test_closings_may_trail_behind_the_last_opening() -> None:
    trailing = arrivals([*dense(), *spread(200, 60)])
    assert trailing.last_regular(gaps_alone=True) == trailing.days[-1]
    assert arrivals([*dense(), END + 400]).last_regular(gaps_alone=True) == END
