"""The page says how many stay after how many days, by segment and team, and by when those at risk have left."""

from __future__ import annotations

from typing import Any

import pandas as pd

from baton.catalogue.load import load_catalogue
from baton.charts.drawing import Pen
from baton.company import Company
from pipelines.report.data.results import Results
from pipelines.report.sections.customers import top_customers
from pipelines.report.sections.retention.pictures import segments_staying, staying_figure, teams_staying

DAYS = (90, 180)
TESTED = [
    {"days": 90, "observed": 0.1, "predicted": 0.12},
    {"days": 180, "observed": None, "predicted": None},
]


def retention() -> pd.DataFrame:
    groups = [(None, None, 200.0, 0.9), (None, "firm", 120.0, 0.95), (None, "home", 80.0, 0.8), ("t1", None, 60.0, 0.7)]
    return pd.DataFrame(
        [
            (team, segment, day, size, share - day / 1800, share - day / 1800 - 0.05, share - day / 1800 + 0.04)
            for team, segment, size, share in groups
            for day in DAYS
        ],
        columns=["team_id", "segment", "days", "customers", "staying", "staying_low", "staying_high"],
    )


def curve() -> pd.DataFrame:
    chances = {"a": (0.4, 0.55), "b": (0.26, 0.3), "c": (0.02, 0.04)}
    rows = [(who, day, chance) for who, own in chances.items() for day, chance in zip(DAYS, own, strict=True)]
    frame = pd.DataFrame(rows, columns=["customer_id", "days", "probability"])
    return frame.assign(discounted_value_at_risk=100.0)


def results(without: tuple[str, ...] = (), **changes: Any) -> Results:
    churn = pd.DataFrame({"customer_id": ["a", "b", "c"], "probability": [0.4, 0.26, 0.02], "drivers": [[], [], []]})
    tables = {"churn": churn.assign(as_of=pd.Timestamp("2026-01-01")), "retention": retention(), "churn_curve": curve()}
    tables = {name: table for name, table in tables.items() if name not in without}
    return Results(Company(), load_catalogue(Company()), tables=tables, **changes)


def test_all_customers_are_drawn_with_ends_and_with_what_came_of_earlier_predictions() -> None:
    figure = staying_figure(results(evaluation={"churn": {"curve": TESTED}}), Pen(("en", "zh")))
    assert figure is not None
    assert str(figure.title.en) == "Of 100 customers, about 85 are expected to be there still after 90 days"
    assert "within 90 days 12.0% were expected to leave, and 10.0% left" in str(figure.note.en)
    assert "EUR 300 a year" in str(figure.note.en)
    assert [[str(cell.en) for cell in row] for row in figure.rows] == [
        ["90", "85% (80% to 89%)"],
        ["180", "80% (75% to 84%)"],
    ]
    assert 'class="band"' in figure.drawings[0] and 'class="line own"' in figure.drawings[1]


def test_days_that_were_not_tested_are_said_to_be_so() -> None:
    figure = staying_figure(results(), Pen(("en", "zh")))
    assert figure is not None and "Too few left later to test" in str(figure.note.en)


def test_segments_stand_with_those_that_lose_most_first() -> None:
    found = segments_staying(results())
    assert found is not None
    assert [[str(cell.en) for cell in row[:3]] for row in found[1]] == [
        ["home", "80", "75% (70% to 79%)"],
        ["firm", "120", "90% (85% to 94%)"],
    ]
    assert "<svg" in str(found[1][0][3].en)


def test_a_team_has_its_customers_beside_all_and_is_not_judged_by_them() -> None:
    found = teams_staying(results())
    assert set(found) == {"t1"}
    sentence = str(found["t1"].sentence.en)
    assert (
        "about 65 are expected to be there still after 90 days (90% interval 60 to 69; of all customers 85)" in sentence
    )
    assert "no mark for the team" in sentence


def test_by_when_half_or_a_quarter_have_left_stands_beside_each_customer_at_risk() -> None:
    found = top_customers(results())
    assert found is not None
    assert [str(cell.en) for cell in found[2]][:3] == ["Customer", "Chance", "By when"]
    assert [str(row[2].en) for row in found[3]] == [
        "half of those like this have left within 180 days",
        "a quarter of those like this have left within 90 days",
        "fewer than a quarter have left after 180 days",
    ]


def test_without_days_or_with_a_prediction_that_is_withheld_nothing_is_drawn() -> None:
    for without in (("retention", "churn_curve"), ("churn",)):
        nothing = results(without)
        assert staying_figure(nothing, Pen(("en", "zh"))) is None
        assert segments_staying(nothing) is None
        assert teams_staying(nothing) == {}
    found = top_customers(results(("churn_curve",)))
    assert found is not None and "By when" not in [str(cell.en) for cell in found[2]]


def test_what_rounds_to_all_is_given_with_a_decimal() -> None:
    rows = retention()
    rows[["staying", "staying_low", "staying_high"]] = 0.998, 0.991, 1.0
    loaded = results()
    loaded.tables["retention"] = rows
    figure = staying_figure(loaded, Pen(("en",)))
    assert figure is not None
    assert str(figure.title.en).startswith("Of 100 customers, about 99.8 are")
