"""A feature that stops arriving is noticed before anything is learned from it, and only then."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.training.stopped import stopped_features, without_stopped
from features.training.table import TrainingTable

UNITS, MONTHS = 40, 6


def table(unit: str = "customer", months: int = MONTHS) -> TrainingTable:
    """Forty units, six months, the last of them without outcomes."""
    generator = np.random.default_rng(0)
    rows = UNITS * months
    month = np.arange(rows) // UNITS
    frame = pd.DataFrame({"unit_id": [f"u{number % UNITS}" for number in range(rows)]})
    frame["as_of"] = pd.date_range("2025-01-31", periods=months, freq="ME", tz="UTC")[month]
    frame["label"] = np.where(month < months - 1, generator.integers(0, 2, rows), np.nan)
    frame["group"] = frame["unit_id"]
    frame["wait"], frame["csat"] = generator.normal(size=rows), generator.normal(size=rows)
    frame["plan"] = pd.Categorical(np.where(generator.random(rows) < 0.5, "a", "b"))
    names = ("wait", "csat", "plan")
    kpi_of = {"wait": "first_response_time", "csat": "csat"}
    latest = frame["as_of"].max()
    return TrainingTable("churn", "probability", unit, frame, names, kpi_of, latest, baseline="csat")


def lacking(given: TrainingTable, name: str, rows: Any) -> TrainingTable:
    return replace(given, frame=given.frame.assign(**{name: given.frame[name].mask(rows)}))


@pytest.mark.parametrize("name", ["csat", "plan"], ids=["number", "category"])
def test_what_the_rows_to_be_scored_lack_is_left_out_and_named(name: str) -> None:
    given = lacking(table(), name, table().frame["as_of"] == table().latest)
    found = without_stopped(given, 90)
    assert found.features == tuple(kept for kept in given.features if kept != name)
    assert name not in found.frame.columns and name not in found.kpi_of
    assert found.baseline == (None if name == "csat" else "csat")
    assert [note.text for note in found.notes] == [
        f"1 feature no longer arrives and was left out, since the rows to be scored lack what the rows learned from had: "
        f"{name}; look whether an export has stopped"
    ]


def test_a_few_late_entries_are_no_stream() -> None:
    given = table()
    now = np.flatnonzero(given.frame["as_of"] == given.latest)
    assert stopped_features(lacking(given, "csat", np.isin(np.arange(len(given.frame)), now[3:])), 90) == ("csat",)
    assert stopped_features(lacking(given, "csat", np.isin(np.arange(len(given.frame)), now[4:])), 90) == ()


def test_where_no_value_of_a_kpi_arrives_its_count_goes_too() -> None:
    given = table()
    names = (*given.features, "csat__n", "csat__trend")
    frame = given.frame.assign(csat__n=1.0, csat__trend=given.frame["wait"])
    given = replace(
        given, frame=frame, features=names, kpi_of=dict.fromkeys(("csat", "csat__n", "csat__trend"), "csat")
    )
    now = given.frame["as_of"] == given.latest
    one = lacking(given, "csat", now)
    assert stopped_features(one, 90) == ("csat",)
    assert stopped_features(lacking(one, "csat__trend", now), 90) == ("csat", "csat__n", "csat__trend")


def test_what_was_missing_before_or_is_seldom_known_stays() -> None:
    given = table()
    month = given.frame["as_of"].rank(method="dense").to_numpy()
    assert without_stopped(given, 90) is given
    assert stopped_features(lacking(given, "csat", month <= 3), 90) == ()
    seldom = lacking(given, "csat", (month == MONTHS) | (np.arange(len(given.frame)) % 5 != 0))  # eight of forty
    assert stopped_features(seldom, 90) == ()


@pytest.mark.parametrize("unit", ["customer", "case"])
def test_what_pauses_every_third_month_has_a_rhythm_and_has_not_stopped(unit: str) -> None:
    given = table(unit, 13)
    month = given.frame["as_of"].rank(method="dense").to_numpy()
    pausing = lacking(given, "csat", month % 3 == 1)
    assert stopped_features(pausing, 25) == ()
    assert stopped_features(lacking(pausing, "csat", month > 9), 25) == ("csat",)  # for longer than ever
    # a single outage is no rhythm
    assert stopped_features(lacking(given, "csat", np.isin(month, [5, 13])), 25) == ("csat",)


def test_a_table_without_time_has_nothing_that_stops_and_none_is_left_without_features() -> None:
    given = table()
    flat = replace(given, temporal=False, latest=None)
    assert stopped_features(lacking(flat, "csat", given.frame["as_of"] == given.latest), 90) == ()
    bare = given
    for name in given.features:
        bare = lacking(bare, name, given.frame["as_of"] == given.latest)
    assert without_stopped(bare, 90) is bare


def test_of_cases_the_latest_window_counts() -> None:
    given = table("case")
    late = given.frame["as_of"] > given.latest - pd.Timedelta(days=60)
    assert stopped_features(lacking(given, "csat", late), 60) == ("csat",)
    assert stopped_features(lacking(given, "csat", given.frame["as_of"] == given.latest), 60) == ()
