"""Labels of values that come by calendar periods look ahead by whole periods."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from baton.catalogue.schema import Catalogue
from baton.company import Company
from baton.months import months_later
from features.training.decline import decline_table
from features.training.label_horizon import LabelHorizon
from features.training.table import TrainingTable

MONTHS, UNITS = 13, 16


def measures(months: int = MONTHS, spoiled_from: int | None = None) -> list[dict[str, Any]]:
    """A figure per team and month; from one month on all are other ones."""
    rng = np.random.default_rng(5)
    values = rng.normal(size=(MONTHS, UNITS))
    if spoiled_from is not None:
        values[spoiled_from:] = 100 * rng.normal(size=values[spoiled_from:].shape)
    rows = []
    for month in range(months):
        start, end = (months_later(datetime(2023, 1, 1), month + more) for more in (0, 1))
        for unit in range(UNITS):
            rows.append({"unit": "team", "unit_id": f"t{unit}", "from": start, "to": end, "kpi": "kept",
                         "value": values[month, unit], "n": 40.0})  # fmt: skip
    return rows


@pytest.fixture(scope="module")
def kept(make_kpi: Any) -> Any:
    return make_kpi("kept", source="measures", expr="value", better="higher", grains=["team"], role="outcome")


@pytest.fixture(scope="module")
def table_of(make_warehouse: Any, kept: Any) -> Callable[..., TrainingTable]:
    def of(rows: list[dict[str, Any]], horizon_days: int = 30) -> TrainingTable:
        decline = {"unit": "team", "metric": "kept", "min_cases": 5, "horizon_days": horizon_days}
        snapshots = {"every": "1mo", "windows_days": [31, 92]}
        company = Company.model_validate({"snapshots": snapshots, "outcomes": {"decline": [decline]}})
        warehouse = make_warehouse({"measures": rows})
        return decline_table(company, Catalogue((kept,), ()), warehouse, company.outcomes.decline[0])

    return of


@pytest.fixture(scope="module")
def table(table_of: Callable[..., TrainingTable]) -> TrainingTable:
    return table_of(measures())


def test_every_month_has_its_label_however_long_it_is(table: TrainingTable) -> None:
    found = table.labelled.groupby("as_of").size()
    # a shortest window after the first figure comes the first snapshot; the latest has no future yet
    assert found.index.tolist() == pd.date_range("2023-04-01", "2024-01-01", freq="MS").tolist()
    assert set(found) == {UNITS}
    assert table.horizon_days == 31  # nothing that a later part is tested on may overlap


def test_a_label_is_that_of_the_next_month_and_of_none_beyond(
    table: TrainingTable, table_of: Callable[..., TrainingTable]
) -> None:
    """What comes after the labelled month changes neither the label nor a feature."""
    honest, spoiled = table.frame, table_of(measures(spoiled_from=10)).frame
    known = honest["as_of"] + pd.DateOffset(months=1) <= pd.Timestamp("2023-11-01")
    pd.testing.assert_frame_equal(honest[known], spoiled[known])
    then = honest["as_of"] == pd.Timestamp("2023-11-01")  # its label is of November, the first month that was changed
    pd.testing.assert_frame_equal(honest[then].drop(columns="label"), spoiled[then].drop(columns="label"))
    assert (honest[then]["label"] != spoiled[then]["label"]).any()


@pytest.mark.parametrize("hours", [-8, 5], ids=["Shanghai", "New York"])
def test_months_of_another_time_zone_have_the_same_labels(
    table: TrainingTable, table_of: Callable[..., TrainingTable], hours: int
) -> None:
    """Midnight there is another hour in UTC, on another day and often in another month."""
    there = [row | {name: row[name] + timedelta(hours=hours) for name in ("from", "to")} for row in measures()]
    found = table_of(there)
    assert found.labelled["as_of"].nunique() == table.labelled["as_of"].nunique()
    assert found.labelled["label"].tolist() == table.labelled["label"].tolist()
    assert found.frame["kept__31d"].tolist() == table.frame["kept__31d"].tolist()


@pytest.mark.parametrize("start", [datetime(2024, month, 1) for month in range(1, 13)])
def test_a_horizon_of_ninety_days_over_months_is_three_of_them(make_warehouse: Any, kept: Any, start: datetime) -> None:
    horizon = LabelHorizon.of(make_warehouse({"measures": measures(3)}), kept, 90)
    assert horizon.end(start) == months_later(start, 3)


def periods(*, days: int = 0, months: int = 0, count: int = 6) -> list[dict[str, Any]]:
    def bound(at: int) -> datetime:
        return (
            months_later(datetime(2024, 1, 1), months * at) if months else datetime(2024, 1, 1) + timedelta(days * at)
        )

    return [{"from": bound(at), "to": bound(at + 1)} for at in range(count)]


WHAT = {"unit": "team", "unit_id": "t", "kpi": "kept", "value": 1.0, "n": 9.0}


@pytest.mark.parametrize(
    ("rows", "months"),
    [
        (periods(months=1), 1),
        (periods(months=3), 3),
        (periods(months=12), 12),
        (periods(days=7), 0),
        (periods(days=28, count=13), 0),  # thirteen periods a year
        ([*periods(months=1, count=12), {"from": datetime(2024, 5, 20), "to": datetime(2024, 6, 1)}], 1),
    ],
    ids=["months", "quarters", "years", "weeks", "four weeks", "one who joined within a month"],
)
def test_only_calendar_periods_are_counted(
    make_warehouse: Any, kept: Any, rows: list[dict[str, Any]], months: int
) -> None:
    warehouse = make_warehouse({"measures": [WHAT | row for row in rows]})
    assert LabelHorizon.of(warehouse, kept, 30).months == months


def test_hours_worked_by_months_are_counted_in_months_and_cases_in_days(make_warehouse: Any, make_kpi: Any) -> None:
    work = [{"employee_id": "e", **row} for row in periods(months=1)]
    cases = [{"case_id": "k", "opened_at": datetime(2024, 1, 1), "closed_at": datetime(2024, 2, 1), "cost": 1.0}]
    warehouse = make_warehouse({"work": work, "cases": cases})
    busy = make_kpi("busy", source="work", expr='epoch("to" - "from")', grains=["employee"])
    assert LabelHorizon.of(warehouse, busy, 30).months == 1
    assert LabelHorizon.of(warehouse, make_kpi("cost", expr="cost"), 30).months == 0
