"""A change is called by what it is, and what it moves stands beneath it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest

from features.monitoring.series import Periods, Series
from models.monitoring.detection import Alarm
from models.monitoring.naming import findings

WEEKS = 20
END = datetime(2026, 1, 5)
PERIODS = Periods("week", tuple(END - timedelta(weeks=WEEKS - week) for week in range(WEEKS)), END)


def alarm(source: str, column: str, what: str, before: float, now: float, **other: object) -> Alarm:
    values = np.full(WEEKS, before)
    values[-2:] = now
    value, score = str(other.get("value", "")), float(str(other.get("score", 9.0)))
    spread = np.full(WEEKS, 3.0)
    spread[-2:] = float(str(other.get("spread", 3.0)))
    rows = np.full(WEEKS, 100.0)
    series = Series(source, column, what, value, PERIODS, values, rows, 0 * rows, spread)  # type: ignore[arg-type]
    return Alarm(series, WEEKS - 1, before, now, before * 0.9, before * 1.1, score)


@pytest.mark.parametrize(
    ("found", "name"),
    [
        (alarm("activity", "", "rows", 500, 2), "stopped"),
        (alarm("activity", "", "rows", 500, 300), "fewer"),
        (alarm("activity", "", "rows", 500, 900), "more"),
        (alarm("cases", "team_id", "missing", 0.01, 1.0), "column_lost"),
        (alarm("cases", "team_id", "missing", 0.01, 0.3), "missing"),
        (alarm("closed cases", "handle_seconds", "level", 300, 5.1), "unit"),
        (alarm("closed cases", "handle_seconds", "level", 300, 200), "level"),
        (alarm("closed cases", "handle_seconds", "level", 300, 5.1, spread=9.0), "level"),
        (alarm("activity", "item", "share", 0.0, 0.1, value="new"), "new_value"),
        (alarm("cases", "channel", "share", 0.2, 0.0, value="chat"), "gone_value"),
        (alarm("cases", "channel", "share", 0.2, 0.4, value="chat"), "mix"),
        (alarm("people", "team_id", "share", 0.01, 0.3, value="moved"), "reorganised"),
    ],
)
def test_a_change_has_its_name(found: Alarm, name: str) -> None:
    (only,) = findings([found])
    assert only.change == name
    assert only.since == PERIODS.begins[-2]


def test_seconds_that_became_minutes_have_a_factor() -> None:
    (only,) = findings([alarm("closed cases", "handle_seconds", "level", 300, 5.1)])
    assert only.factor == pytest.approx(1 / 60)


def test_what_a_cause_moves_stands_beneath_it() -> None:
    new = alarm("activity", "item", "share", 0.0, 0.1, value="new", score=5)
    other = alarm("activity", "item", "share", 0.5, 0.4, value="old", score=-30)
    elsewhere = alarm("cases", "channel", "share", 0.5, 0.4, value="phone", score=-40)
    first, second = findings([new, other, elsewhere])
    assert (first.change, [one.alarm for one in first.also]) == ("new_value", [other])
    assert (second.change, second.alarm, second.also) == ("mix", elsewhere, ())


def test_new_teams_are_part_of_a_reorganisation_and_a_lost_unit_is_not() -> None:
    moved = alarm("people", "team_id", "share", 0.01, 0.3, value="moved")
    team = alarm("cases", "team_id", "share", 0.0, 0.2, value="T9", score=30)
    unit = alarm("closed cases", "handle_seconds", "level", 300, 5.0, score=50)
    found = findings([moved, team, unit])
    assert [(one.change, len(one.also)) for one in found] == [("reorganised", 1), ("unit", 0)]


def test_two_causes_in_one_table_are_both_named() -> None:
    unit = alarm("closed cases", "handle_seconds", "level", 300, 5.0)
    gone = alarm("cases", "channel", "share", 0.2, 0.0, value="chat")
    assert {one.change for one in findings([unit, gone])} == {"unit", "gone_value"}


def test_a_source_that_stopped_covers_what_follows_from_it() -> None:
    stopped = alarm("cases", "", "rows", 500, 0)
    ratings = alarm("ratings", "", "rows", 100, 5)
    (only,) = findings([ratings, stopped])
    assert only.alarm is stopped
    assert [one.alarm for one in only.also] == [ratings]


def test_since_is_the_first_of_the_periods_that_follow_on_each_other() -> None:
    now = alarm("activity", "", "rows", 500, 300)
    earlier = [replace(now, at=WEEKS - 2), replace(now, at=WEEKS - 6)]
    (only,) = findings([now, *earlier])
    assert only.since == PERIODS.begins[-3]
    assert findings(earlier) == []
