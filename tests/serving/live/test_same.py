"""The live path and the nightly run give the same figures for the same past: every KPI and every feature."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, NamedTuple

import pandas as pd
import pytest

from baton.company import Company, load_company
from baton.files import RunFolder
from features.kpis import evaluate as metrics
from features.staging.stage import open_warehouse
from features.staging.warehouse import Warehouse
from features.training import churn, snapshots
from pipelines.simulate import simulate
from serving.live.now import Now
from tests.serving.live.days import Kept, day_between, evening, read


class Two(NamedTuple):
    """A company on two evenings, with the events of the day between."""

    before: Company
    after: Company
    events: list[Kept]

    def now(self) -> Now:
        return Now(self.before, RunFolder(self.before.folder / "out"))

    @property
    def nightly(self) -> Warehouse:
        return open_warehouse(self.after.folder / "out" / "staged")


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Two:
    place = tmp_path_factory.mktemp("days")
    made = simulate(place / "source", customers=300, months=6, seed=5, employees=24)
    source = load_company(made.company_file)
    newest = read(source, "cases")["opened_at"].max()
    end = newest.normalize().to_pydatetime() - timedelta(days=12)
    start = end - timedelta(days=1)
    before, after = (evening(source, place / name, day) for name, day in (("before", start), ("after", end)))
    return Two(before, after, day_between(source, before, start, end))


def same(live: Any, nightly: Any) -> bool:
    if pd.isna(live) or pd.isna(nightly):
        return bool(pd.isna(live) and pd.isna(nightly))
    return live == nightly if isinstance(live, str) else abs(live - nightly) <= 1e-9 * max(1.0, abs(nightly))


@pytest.mark.slow  # two evenings are staged, and every KPI is computed in two ways
def test_every_feature_of_customers_with_events_is_that_of_the_next_run(two: Two) -> None:
    now = two.now()
    now.take(two.events)
    now.warm(customers=True)  # the queries are written while nobody has been asked for
    warehouse = two.nightly
    moment = snapshots.latest(warehouse)
    assert moment is not None
    assert now.as_of == moment
    assert {"cases", "case_steps", "activity"} <= {name for name, count in now.state.counted.items() if count}
    kpis = metrics.available(warehouse, now.catalogue.values(), "customer")
    ids = sorted(now.state.by_customer)
    asked = warehouse["customers"].filter(warehouse["customers"].customer_id.isin(ids)).select("customer_id")
    pulled = churn.values_at(two.after, warehouse, asked, kpis, moment).to_pandas()
    nightly = churn.features_at(two.after, warehouse, kpis, pulled)
    live = now.customers(ids)
    assert sorted(live.index) == sorted(nightly.index)
    assert len(live) > 20
    assert set(live.columns) == set(nightly.columns)
    assert len(live.columns) > 100
    wrong = [
        (name, who, live.at[who, name], nightly.at[who, name])
        for name in nightly.columns
        for who in nightly.index
        if not same(live.at[who, name], nightly.at[who, name])
    ]
    assert wrong == []


@pytest.mark.slow  # two evenings are staged, and every KPI is computed in two ways
def test_every_kpi_of_every_team_is_that_of_the_next_run(two: Two) -> None:
    now = two.now()
    now.take(two.events)
    now.warm(customers=False)
    warehouse = two.nightly
    kpis = metrics.available(warehouse, now.catalogue.values(), "team")
    windows = sorted({1, *two.after.snapshots.windows_days})
    expected = metrics.evaluate(warehouse, kpis, "team", [now.as_of], windows).to_pyarrow().to_pylist()
    assert len(expected) > 1
    wrong = []
    for row in expected:
        live = now.team(row["unit_id"])
        wrong += [
            (name, row["unit_id"], live.get(name), row[name])
            for name in row
            if name != "as_of" and not same(live.get(name), row[name])
        ]
    assert wrong == []
