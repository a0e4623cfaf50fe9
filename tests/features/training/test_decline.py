"""Training tables of decline: the label's definition, on figures worked out by hand."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from baton.catalogue.schema import Catalogue
from baton.company import Company
from baton.errors import CompanyFileError, TooLittleDataError
from baton.outcome_settings import Decline
from features.kpis.calendar_periods import windows_of
from features.staging.warehouse import Warehouse
from features.training import build as matrix
from features.training.decline import decline_table
from features.training.decline_labels import decline_labels, unit_baselines
from features.training.table import TrainingTable
from features.training.unit_moments import unit_moments

Moments = tuple[pd.DataFrame, pd.DataFrame]  # before and after each moment
APRIL, MAY = pd.Timestamp("2024-04-01"), pd.Timestamp("2024-05-01")


def moments(
    past: dict[str, tuple[float, float]], later: dict[str, tuple[float, float]], variance: float = 1.0
) -> Moments:
    """Means and counts of units: {unit: (mean, n)}."""

    def table(units: dict[str, tuple[float, float]], as_of: pd.Timestamp) -> pd.DataFrame:
        rows = [
            {"unit_id": unit, "as_of": as_of, "n": n, "mean": mean, "variance": variance}
            for unit, (mean, n) in units.items()
        ]
        return pd.DataFrame(rows)

    return table(past, APRIL), table(later, APRIL)


def labelled(found: Moments, make_kpi: Any, better: str = "higher", **settings: Any) -> dict[str, float]:
    wanted = Decline.model_validate({"unit": "team", "metric": "csat", "min_cases": 20} | settings)
    past, later = unit_baselines(found[0], wanted), found[1]
    frame = decline_labels(past, later, make_kpi("csat", expr="csat", better=better), wanted, MAY)
    return dict(zip(frame["unit_id"], frame["label"], strict=True))


def test_one_unit_alone_is_compared_with_its_own_past(make_kpi: Any) -> None:
    """No peers: no group to shrink towards and no season. Least drop 0.25 SD; noise 0.84·√(1/400) = 0.04."""
    past = {"a": (4.0, 400)}
    assert labelled(moments(past, {"a": (3.7, 400)}), make_kpi) == {"a": 1}
    assert labelled(moments(past, {"a": (3.8, 400)}), make_kpi) == {"a": 0}
    assert labelled(moments(past, {"a": (4.3, 400)}), make_kpi) == {"a": 0}
    assert labelled(moments(past, {"a": (4.3, 400)}), make_kpi, better="lower") == {"a": 1}


def test_a_drop_within_sampling_noise_is_no_decline(make_kpi: Any) -> None:
    """With 21 cases the noise is 0.84·√(4/21) = 0.37 for an SD of 2, though 0.1 SD is but 0.2."""
    past = {"a": (4.0, 10_000)}
    assert labelled(moments(past, {"a": (3.7, 21)}, 4.0), make_kpi, drop_sd=0.1) == {"a": 0}
    assert labelled(moments(past, {"a": (3.6, 21)}, 4.0), make_kpi, drop_sd=0.1) == {"a": 1}


def test_a_drop_may_be_given_in_the_metrics_own_unit(make_kpi: Any) -> None:
    found = moments({"a": (4.0, 1e6)}, {"a": (3.9, 1e6)}, 9.0)
    assert labelled(found, make_kpi) == {"a": 0}
    assert labelled(found, make_kpi, drop=0.05) == {"a": 1}


def test_units_with_few_cases_in_either_window_are_left_out(make_kpi: Any) -> None:
    past = {"a": (4.0, 19), "b": (4.0, 50), "c": (4.0, 50)}
    later = {"a": (4.0, 50), "b": (4.0, 19), "c": (4.0, 50)}
    assert set(labelled(moments(past, later), make_kpi)) == {"c"}


def test_a_lucky_unit_that_falls_back_to_its_peers_has_not_declined(make_kpi: Any) -> None:
    """Regression to the mean: all units are the same, one was lucky in 25 cases; shrinkage expects the fall."""
    past = {f"u{number}": (4.0, 400.0) for number in range(8)} | {"lucky": (4.4, 25.0)}
    later = {f"u{number}": (4.0, 400.0) for number in range(8)} | {"lucky": (4.0, 400.0)}
    assert labelled(moments(past, later), make_kpi)["lucky"] == 0


def test_a_unit_that_was_truly_better_and_falls_has_declined(make_kpi: Any) -> None:
    past = {f"u{number}": (3.0 + number / 4, 400.0) for number in range(9)}
    later = past | {"u8": (4.0, 400.0)}
    found = labelled(moments(past, later), make_kpi)
    assert found.pop("u8") == 1
    assert set(found.values()) == {0}


def test_what_happens_to_all_alike_is_season(make_kpi: Any) -> None:
    past = {f"u{number}": (4.0 + number / 10, 400.0) for number in range(8)}
    later = {unit: (mean - 1.0, n) for unit, (mean, n) in past.items()}
    assert set(labelled(moments(past, later), make_kpi).values()) == {0}
    worse = later | {"u0": (2.0, 400.0)}
    assert labelled(moments(past, worse), make_kpi)["u0"] == 1


def test_without_numbers_of_cases_there_is_no_noise_and_no_minimum(make_kpi: Any) -> None:
    found = moments({"a": (4.0, np.nan)}, {"a": (3.7, np.nan)}, 1.0)
    assert labelled(found, make_kpi) == {"a": 1}


def test_moments_are_the_cases_count_mean_and_variance(make_warehouse: Any, make_kpi: Any) -> None:
    values = [1.0, 2.0, 5.0, 4.0]
    cases = [
        {"case_id": f"k{number}", "opened_at": datetime(2024, 3, 1), "closed_at": datetime(2024, 3, 20), "process": "p", "cost": value}
        for number, value in enumerate(values)
    ]  # fmt: skip
    found = unit_moments(
        make_warehouse({"cases": cases}),
        make_kpi("cost", expr="cost"),
        "process",
        windows_of([datetime(2024, 4, 1)], [30]),
    )
    row = found.iloc[0]
    assert (row["n"], row["mean"]) == (4, np.mean(values))
    np.testing.assert_allclose(row["variance"], np.var(values, ddof=1))


def test_moments_of_measures_show_the_cases_variance_from_the_rows(make_warehouse: Any, make_kpi: Any) -> None:
    """Means over n cases scatter by s²/n, so n times their squared deviation estimates s²."""
    rng = np.random.default_rng(3)
    rows = [
        {"unit": "team", "unit_id": "t", "from": datetime(2024, 1, 1), "to": datetime(2024, 1, 1) + timedelta(hours=number),
         "kpi": "kept", "value": 5 + rng.normal() * 2 / np.sqrt(25), "n": 25.0}
        for number in range(400)
    ]  # fmt: skip
    kept = make_kpi("kept", source="measures", expr="value")
    found = unit_moments(make_warehouse({"measures": rows}), kept, "team", windows_of([datetime(2024, 2, 1)], [60]))
    assert found["n"].item() == 10_000
    np.testing.assert_allclose(found["variance"].item(), 4.0, rtol=0.15)


def decline_company(**settings: Any) -> Company:
    decline = {"unit": "employee", "metric": "csat", "min_cases": 5, "horizon_days": 30} | settings
    return Company.model_validate({"snapshots": {"windows_days": [7, 60]}, "outcomes": {"decline": [decline]}})


@pytest.fixture(scope="module")
def shop(make_warehouse: Any) -> Any:
    """Twelve people; from the second quarter on each has a bad month in turn."""
    rng = np.random.default_rng(8)
    cases = []
    for person in range(12):
        for day in range(0, 300, 3):
            opened = datetime(2024, 1, 1) + timedelta(days=day, hours=person)
            bad = (day // 30) % 6 == person % 6 and day > 90
            rating = int(np.clip(rng.integers(3, 6) - 2 * bad, 1, 5))
            cases.append({"case_id": f"k{person}-{day}", "opened_at": opened, "closed_at": opened, "rated_at": opened,
                          "csat": float(rating), "employee_id": f"e{person}", "team_id": "ab"[person % 2]})  # fmt: skip
    people = [
        {
            "employee_id": f"e{number}",
            "team_id": "ab"[number % 2],
            "hired_at": datetime(2023, 1, 1),
            "gender": "f",
            "sick_days": 3.0,
        }
        for number in range(12)
    ]
    return make_warehouse({"cases": cases, "employees": people})


@pytest.fixture
def catalogue(make_kpi: Any) -> Catalogue:
    return Catalogue((make_kpi("csat", expr="csat", better="higher", role="outcome"),), ())


def test_the_table_has_units_at_moments_with_what_was_known(shop: Any, catalogue: Catalogue) -> None:
    table = matrix.build(decline_company(), catalogue, shop).tables["decline:employee:csat"]
    assert (table.unit, table.baseline, table.horizon_days) == ("employee", "csat__60d", 30)
    assert table.forecast == "csat__decline_odds"
    assert len(table.current) == 12
    assert table.current["label"].isna().all()
    assert 0.05 < table.labelled["label"].mean() < 0.5
    assert {
        "csat__7d",
        "csat__60d",
        "csat__trend",
        "csat__n",
        "csat__baseline",
        "csat__above_group",
        "csat__forecast",
        "csat__forecast_sd",
        "csat__decline_odds",
        "tenure_days",
    } == set(table.features)
    assert set(table.shares["team_id"]) == {"a", "b"}


def test_a_bad_month_is_labelled_before_it_comes(shop: Any, catalogue: Catalogue) -> None:
    table = decline_table(decline_company(), catalogue, shop, decline_company().outcomes.decline[0])
    ahead = table.labelled[table.labelled["as_of"] == pd.Timestamp("2024-04-25")].set_index("unit_id")["label"]
    # the third bad month starts on day 120 for e4 and e10; snapshots lie on the 25th of each month
    assert (ahead["e4"], ahead["e10"]) == (1, 1)
    assert ahead.drop(["e4", "e10"]).mean() <= 0.3  # one in five is worse by chance


def test_people_are_compared_with_the_team_that_they_were_in_then(make_warehouse: Any, catalogue: Catalogue) -> None:
    """Everybody of the first team moves to the other in September: no earlier baseline or label knows of it."""
    rng = np.random.default_rng(9)
    moved, rows = datetime(2024, 9, 1), []
    for person, day in np.ndindex(12, 90):
        opened = datetime(2024, 1, 1) + timedelta(days=3 * day, hours=person)
        rating = float(np.clip(rng.integers(1, 4) + 2 * (person % 2), 1, 5))
        rows.append({"case_id": f"k{person}-{day}", "opened_at": opened, "closed_at": opened, "rated_at": opened,
                     "csat": rating, "employee_id": f"e{person}"})  # fmt: skip
    before = [{"employee_id": f"e{person}", "team_id": "ab"[person % 2], "valid_from": None} for person in range(12)]
    after = [{"employee_id": f"e{person}", "team_id": "b", "valid_from": moved} for person in range(0, 12, 2)]
    settings = decline_company().outcomes.decline[0]
    tables = {}
    for name, people in {"then": before, "since": before + after}.items():
        warehouse = make_warehouse({"cases": rows, "employees": people})
        tables[name] = decline_table(decline_company(), catalogue, warehouse, settings)
    known, same = (table.frame[table.frame["as_of"] < pd.Timestamp(moved)] for table in tables.values())
    assert len(known) > 50
    pd.testing.assert_frame_equal(known, same)
    now, then = (table.current.set_index("unit_id")["csat__above_group"] for table in tables.values())
    assert not np.allclose(now, then)
    assert not tables["since"].notes


def test_where_no_table_tells_who_was_where_it_is_said(shop: Any, catalogue: Catalogue) -> None:
    table = decline_table(decline_company(), catalogue, shop, decline_company().outcomes.decline[0])
    assert [note.key for note in table.notes] == ["learned.teams_of_today"]
    alone = Warehouse({"cases": shop["cases"]}, shop.present)
    assert not decline_table(decline_company(), catalogue, alone, decline_company().outcomes.decline[0]).notes


@pytest.mark.parametrize(
    "details", [{"aggregate": "count"}, {"aggregate": "max"}, {"aggregate": "median", "source": "measures"}]
)
def test_a_metric_without_sampling_noise_is_refused(shop: Any, make_kpi: Any, details: dict[str, str]) -> None:
    catalogue = Catalogue((make_kpi("csat", **{"expr": "csat", "source": "cases"} | details),), ())
    with pytest.raises(CompanyFileError, match="how far it varies by chance"):
        matrix.build(decline_company(), catalogue, shop)


@pytest.mark.parametrize("how", [{"aggregate": "median"}, {"aggregate": "ratio", "denominator": "1.0"}])
def test_declines_of_medians_and_ratios_are_labelled_and_forecast(
    shop: Any, make_kpi: Any, how: dict[str, str]
) -> None:
    catalogue = Catalogue((make_kpi("csat", expr="csat", better="higher", role="outcome", **how),), ())
    table = decline_table(decline_company(), catalogue, shop, decline_company().outcomes.decline[0])
    rows = table.labelled
    assert 0.05 < rows["label"].mean() < 0.5
    assert rows["csat__decline_odds"].notna().mean() > 0.8
    ahead = rows[rows["as_of"] == pd.Timestamp("2024-04-25")].set_index("unit_id")["label"]
    assert (ahead["e4"], ahead["e10"]) == (1, 1)  # their bad month begins then


def test_a_metric_that_means_nothing_for_the_unit_is_refused(shop: Any, make_kpi: Any) -> None:
    catalogue = Catalogue((make_kpi("csat", expr="csat", grains=["team"]),), ())
    with pytest.raises(CompanyFileError, match="means nothing for a employee"):
        matrix.build(decline_company(), catalogue, shop)


def test_too_few_cases_leave_the_outcome_out(shop: Any, catalogue: Catalogue) -> None:
    with pytest.raises(TooLittleDataError, match="lower min_cases"):
        decline_table(decline_company(), catalogue, shop, Decline(unit="employee", metric="csat", min_cases=500))


def test_a_table_without_employees_still_sees_teams(make_warehouse: Any, catalogue: Catalogue, shop: Any) -> None:
    del make_warehouse
    built = matrix.build(decline_company(unit="team"), catalogue, shop)
    assert "at least 50 are needed" in built.skipped["decline:team:csat"].text
    assert not [table for table in built.tables.values() if isinstance(table, TrainingTable)]
