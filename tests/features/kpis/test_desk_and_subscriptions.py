"""Presets beside the scenarios: calls, backlog, complaints and subscriptions, on rows that can be counted by eye."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pandas as pd
import pytest

from baton.catalogue.load import load_catalogue
from baton.catalogue.schema import Catalogue
from baton.company import Company
from features.kpis import evaluate as metrics

APRIL = datetime(2024, 4, 1)


def catalogue_of(*presets: str) -> Catalogue:
    return load_catalogue(Company.model_validate({"kpis": {"presets": presets}}))


@pytest.fixture(scope="module")
def desk() -> Catalogue:
    return catalogue_of("desk")


def ago(days: float) -> datetime:
    return APRIL - timedelta(days=days)


def case(number: int, team: str, opened: float, closed: float | None, process: str = "billing") -> dict[str, Any]:
    return {
        "case_id": f"k{number}", "opened_at": ago(opened), "closed_at": None if closed is None else ago(closed),
        "team_id": team, "process": process,
    }  # fmt: skip


def by_team(warehouse: Any, kpis: list[Any], moments: list[datetime], windows: tuple[int, ...]) -> pd.DataFrame:
    return metrics.evaluate(warehouse, kpis, "team", moments, windows).to_pandas().set_index(["unit_id", "as_of"])


def test_open_cases_and_their_age_are_those_of_the_moment(make_warehouse: Any, desk: Catalogue) -> None:
    rows = [
        case(1, "north", 10, None), case(2, "north", 4, -1), case(3, "north", 50, 35), case(4, "north", -1, None),
        case(5, "south", 20, 10), case(6, "south", 40, 30),
    ]  # fmt: skip
    kpis = [desk["open_cases"], desk["open_case_age_days"]]
    found = by_team(make_warehouse({"cases": rows}), kpis, [APRIL, ago(38)], (7, 30))
    now, before = found.loc["north"].loc[APRIL], found.loc["north"].loc[ago(38)]
    assert (now["open_cases__7d"], now["open_cases__30d"], now["open_cases__n"]) == (2, 2, 2)
    assert now["open_case_age_days__30d"] == pytest.approx((10 + 4) / 2)
    assert (before["open_cases__30d"], before["open_case_age_days__30d"]) == (1, 12)
    south = found.loc["south"].loc[APRIL]
    assert south["open_cases__30d"] == 0
    assert pd.isna(south["open_case_age_days__30d"])
    assert found.loc["south"].loc[ago(38)]["open_cases__30d"] == 1


def test_an_export_of_closed_cases_alone_has_no_backlog(make_warehouse: Any, desk: Catalogue) -> None:
    warehouse = make_warehouse({"cases": [case(1, "north", 10, 5), case(2, "north", 4, 1)]})
    assert metrics.available(warehouse, [desk["open_cases"]], "team") == []


def test_complaints_are_counted_per_thousand_customers_and_thirty_days(make_warehouse: Any, desk: Catalogue) -> None:
    # 40 customers there 60 days ago, 50 there 30 days ago; one has left before
    joined = [ago(100)] * 40 + [ago(45)] * 10 + [ago(2)] * 5
    people = [{"customer_id": f"c{n}", "joined_at": when, "left_at": None} for n, when in enumerate(joined)]
    people.append({"customer_id": "gone", "joined_at": ago(100), "left_at": ago(70)})
    rows = [
        case(1, "north", 5, None, "Complaint handling"), case(2, "north", 20, None, "投诉处理"),
        case(3, "north", 50, None, "complaint"), case(4, "north", 1, None), case(5, "south", 3, None),
    ]  # fmt: skip
    warehouse = make_warehouse({"cases": rows, "customers": people})
    found = by_team(warehouse, [desk["complaints_per_1000_customers"]], [APRIL], (30, 60))
    north, south = found.loc["north"].loc[APRIL], found.loc["south"].loc[APRIL]
    assert north["complaints_per_1000_customers__30d"] == pytest.approx(1000 * 2 / 50)
    assert north["complaints_per_1000_customers__60d"] == pytest.approx(1000 * 3 / 40 / 2)
    assert north["complaints_per_1000_customers__n"] == 4
    assert south["complaints_per_1000_customers__30d"] == 0
    without = make_warehouse({"cases": [case(1, "north", 5, None)], "customers": people})
    assert metrics.available(without, [desk["complaints_per_1000_customers"]], "team") == []


def test_calls_are_answered_or_abandoned_as_their_steps_say(make_warehouse: Any, desk: Catalogue) -> None:
    cases = [case(n, "north" if n < 5 else "south", 3, 3) for n in range(1, 8)]
    words = ["Call answered", "call_answered", "电话接通", "call abandoned", "电话放弃", "电话接通", "answer"]
    steps = [
        {"case_id": f"k{n}", "at": ago(2), "activity": word, "team_id": "north" if n < 5 else "south"}
        for n, word in enumerate(words, start=1)
    ]
    kpis = [desk["answered_call_share"], desk["abandoned_call_share"]]
    found = by_team(make_warehouse({"cases": cases, "case_steps": steps}), kpis, [APRIL], (7,))
    north, south = found.loc["north"].loc[APRIL], found.loc["south"].loc[APRIL]
    assert (north["answered_call_share__7d"], north["abandoned_call_share__7d"]) == (0.75, 0.25)
    assert (south["answered_call_share__7d"], south["answered_call_share__n"]) == (0.5, 2)


def test_subscriptions_grow_and_shrink(make_warehouse: Any) -> None:
    kpis = list(catalogue_of("subscriptions").values())
    moves = [("upgrade", 300.0), ("Downgrade", -120.0), ("降级", 30.0), ("login", 1.0), ("upgrade", None)]
    rows = [{"customer_id": "c1", "at": ago(3), "kind": kind, "amount": amount} for kind, amount in moves]
    frame = metrics.evaluate(make_warehouse({"activity": rows}), kpis, "customer", [APRIL], [30]).to_pandas()
    found = frame.iloc[0]
    assert found["expansion_revenue__30d"] == 300
    assert found["contraction_revenue__30d"] == 150
    assert found["net_expansion_revenue__30d"] == 150
    assert found["downgrade_count__30d"] == 2


@pytest.mark.parametrize("scenario", ["service", "product", "b2b"])
def test_both_go_with_every_scenario_and_change_none_of_its_kpis(scenario: str) -> None:
    alone, together = catalogue_of(scenario), catalogue_of(scenario, "desk", "subscriptions")
    changed = {
        name
        for name in alone
        if alone[name].model_dump(exclude={"leads_to"}) != together[name].model_dump(exclude={"leads_to"})
    }
    assert not changed
    names = [kpi.name.en for kpi in together.values()] + [kpi.name.zh for kpi in together.values()]
    assert len(names) == len(set(names))
