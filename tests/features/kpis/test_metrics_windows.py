"""Windows, known-at and gaps of the metric layer, on rows that can be counted by eye."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pandas as pd
import pytest

from baton.errors import CatalogueError
from features.kpis import evaluate as metrics
from features.kpis.known_at import known_at

APRIL = datetime(2024, 4, 1)
TICK = timedelta(microseconds=1)


def cases(*closed: datetime | None, **more: list[Any]) -> list[dict[str, Any]]:
    return [
        {
            "case_id": f"k{number}", "opened_at": datetime(2023, 1, 1), "closed_at": moment, "process": "billing",
            **{name: values[number] for name, values in more.items()},
        }
        for number, moment in enumerate(closed)
    ]  # fmt: skip


def only_row(warehouse: Any, kpis: list[Any], windows: tuple[int, ...] = (7, 30)) -> dict[str, Any]:
    frame = metrics.evaluate(warehouse, kpis, "process", [APRIL], windows).to_pandas()
    assert len(frame) == 1
    return frame.iloc[0].to_dict()


def test_a_window_is_open_at_its_start_and_closed_at_its_end(make_warehouse: Any, make_kpi: Any) -> None:
    week = timedelta(days=7)
    month = timedelta(days=30)
    rows = cases(
        APRIL, APRIL + TICK, APRIL - week, APRIL - week + TICK, APRIL - month, cost=[1.0, 10.0, 100.0, 1000.0, 1e5]
    )
    found = only_row(make_warehouse({"cases": rows}), [make_kpi("cost", expr="cost", aggregate="sum")])
    assert found["cost__7d"] == 1001
    assert found["cost__30d"] == 1101
    assert found["cost__n"] == 3


def test_a_window_without_rows_is_null_and_counts_nothing(make_warehouse: Any, make_kpi: Any) -> None:
    kpis = [make_kpi("cost", expr="cost"), make_kpi("closed", expr="closed_at", aggregate="count")]
    rows = cases(APRIL - timedelta(days=20), cost=[5.0])
    found = only_row(make_warehouse({"cases": rows}), kpis)
    assert pd.isna(found["cost__7d"])
    assert pd.isna(found["cost__trend"])
    assert (found["cost__30d"], found["closed__7d"], found["closed__30d"]) == (5, 0, 1)


def test_an_open_case_is_not_known(make_warehouse: Any, make_kpi: Any) -> None:
    rows = cases(None, APRIL, cost=[1000.0, 5.0])
    assert only_row(make_warehouse({"cases": rows}), [make_kpi("cost", expr="cost")])["cost__30d"] == 5


def test_a_rating_without_a_time_is_known_a_week_after_the_close(make_warehouse: Any, make_kpi: Any) -> None:
    rows = cases(
        APRIL - timedelta(days=7), APRIL - timedelta(days=7) + TICK, APRIL - timedelta(days=20),
        csat=[1.0, 5.0, 3.0], rated_at=[None, None, APRIL + TICK],
    )  # fmt: skip
    found = only_row(make_warehouse({"cases": rows}), [make_kpi("csat", expr="csat")])
    assert (found["csat__7d"], found["csat__n"]) == (1, 1)


def test_a_time_inside_the_expression_counts_only_once_it_has_come(make_warehouse: Any, make_kpi: Any) -> None:
    """A dirty row answers after it was closed: the answer is news then, whatever the usual order of steps."""
    kpi = make_kpi("idle", expr="date_diff('second', responded_at, closed_at)")
    rows = cases(
        APRIL - timedelta(days=2), APRIL - timedelta(days=2), responded_at=[APRIL + TICK, APRIL - timedelta(days=3)]
    )
    found = only_row(make_warehouse({"cases": rows}), [kpi])
    assert (found["idle__7d"], found["idle__n"]) == (86400, 1)


def test_division_by_zero_is_unknown(make_warehouse: Any, make_kpi: Any) -> None:
    rows = cases(APRIL, APRIL, cost=[8.0, 6.0], handle_seconds=[0.0, 2.0])
    found = only_row(make_warehouse({"cases": rows}), [make_kpi("rate", expr="cost / handle_seconds")])
    assert (found["rate__7d"], found["rate__n"]) == (3, 1)


def test_a_share_counts_yes_among_the_known(make_warehouse: Any, make_kpi: Any) -> None:
    rows = cases(APRIL, APRIL, APRIL, APRIL, resolved_first=[True, False, None, True])
    found = only_row(make_warehouse({"cases": rows}), [make_kpi("fcr", expr="resolved_first", aggregate="share")])
    assert (round(found["fcr__7d"], 6), found["fcr__n"]) == (0.666667, 3)


def test_the_team_of_a_case_wins_over_the_team_of_its_handler(make_warehouse: Any, make_kpi: Any) -> None:
    rows = cases(
        APRIL, APRIL, APRIL, team_id=["north", None, None], employee_id=["ann", "ann", "bob"], cost=[1.0, 2.0, 4.0]
    )
    people = [{"employee_id": "ann", "team_id": "south"}, {"employee_id": "bob", "team_id": None}]
    warehouse = make_warehouse({"cases": rows, "employees": people})
    frame = metrics.evaluate(warehouse, [make_kpi("cost", expr="cost")], "team", [APRIL], [7]).to_pandas()
    assert dict(zip(frame["unit_id"], frame["cost__7d"], strict=True)) == {"north": 1, "south": 2}


def test_measures_are_weighted_by_the_cases_behind_them(make_warehouse: Any, make_kpi: Any) -> None:
    row = {"unit": "process", "unit_id": "billing", "from": datetime(2024, 2, 1), "kpi": "kept"}
    measures = [row | {"to": APRIL, "value": 0.5, "n": 30.0}, row | {"to": APRIL, "value": 1.0, "n": 10.0}]
    measures += [row | {"to": APRIL, "value": 9.0, "n": 50.0, "kpi": "other"}]
    kept = make_kpi("kept", source="measures", expr="value")
    found = only_row(make_warehouse({"measures": measures}), [kept])
    assert (found["kept__30d"], found["kept__n"]) == (0.625, 40)


def test_columns_with_odd_names_and_any_case_work(make_warehouse: Any, make_kpi: Any) -> None:
    rows = cases(APRIL, select=[4.0])
    found = only_row(
        make_warehouse({"cases": rows}), [make_kpi("odd", expr='"select" * 2'), make_kpi("cap", expr='"SELECT"')]
    )
    assert (found["odd__7d"], found["cap__7d"]) == (8, 4)


@pytest.mark.parametrize(
    ("details", "column", "message"),
    [
        ({"expr": "resolved_first", "known_at": "opened_at"}, "resolved_first", "only known at closed_at"),
        ({"expr": "csat", "known_at": "closed_at"}, "csat", "only known at rated_at"),
        ({"expr": "wait_seconds", "known_at": "opened_at"}, "wait_seconds", "only known at responded_at"),
        ({"expr": "occupancy", "known_at": "from", "source": "work"}, "occupancy", "only known at to"),
        (
            {"expr": "left_at is null", "known_at": "joined_at", "source": "customers"},
            "left_at",
            "only known at left_at",
        ),
        ({"expr": "cost", "known_at": "channel"}, "channel", "is no time column of cases"),
    ],
)
def test_a_kpi_that_claims_to_be_known_too_early_is_refused(
    make_kpi: Callable[..., Any], details: dict[str, Any], column: str, message: str
) -> None:
    with pytest.raises(CatalogueError, match=message) as refused:
        known_at(make_kpi("early", **details))
    assert column in str(refused.value)


def test_a_kpi_may_claim_to_be_known_later(make_kpi: Callable[..., Any]) -> None:
    assert known_at(make_kpi("late", expr="resolved_first", known_at="rated_at")).column == "rated_at"


def test_an_expression_that_gives_no_number_is_refused(make_warehouse: Any, make_kpi: Any) -> None:
    warehouse = make_warehouse({"cases": cases(APRIL)})
    with pytest.raises(CatalogueError, match="needs a number"):
        metrics.evaluate(warehouse, [make_kpi("gap", expr="closed_at - opened_at")], "process", [APRIL], [7])


def test_kpis_whose_columns_are_missing_are_not_available(make_warehouse: Any, make_kpi: Any) -> None:
    warehouse = make_warehouse({"cases": [{"case_id": "k", "opened_at": APRIL, "process": "billing", "cost": 1.0}]})
    kpis = [
        make_kpi("opened", expr="process", aggregate="count"),
        make_kpi("cost", expr="cost"),  # closed_at, at which it is known, is missing
        make_kpi("csat", expr="csat"),
        make_kpi("kept", source="measures", expr="value"),
    ]
    assert [kpi.id for kpi in metrics.available(warehouse, kpis, "process")] == ["opened"]
    assert metrics.available(warehouse, kpis, "employee") == []


def test_measures_of_people_count_for_a_team_only_where_a_table_says_who_is_in_it(
    make_warehouse: Any, make_kpi: Any
) -> None:
    case = {"case_id": "k", "opened_at": APRIL, "customer_id": "c", "employee_id": "e", "team_id": "t"}
    month = {"kpi": "skill", "unit": "employee", "unit_id": "e", "from": APRIL, "to": APRIL, "value": 1.0}
    step = {"case_id": "k", "at": APRIL, "activity": "open", "employee_id": "e"}
    skill = make_kpi("skill", source="measures", expr="value", grains=["team", "employee", "customer"])
    steps = make_kpi("steps", source="case_steps", expr="1", grains=["customer", "employee"])
    rows = {"cases": [case], "measures": [month], "case_steps": [step]}
    for staff, teams in (({}, []), ({"employees": [{"employee_id": "e", "team_id": "t"}]}, [skill])):
        warehouse = make_warehouse(rows | staff)
        assert metrics.available(warehouse, [skill], "team") == teams
        assert metrics.available(warehouse, [skill, steps], "employee") == [skill, steps]
        assert metrics.available(warehouse, [skill, steps], "customer") == [skill, steps]
    assert metrics.available(make_warehouse({"case_steps": [step]}), [steps], "customer") == []


def test_customers_with_a_history_of_attributes_count_once(make_warehouse: Any, make_kpi: Any) -> None:
    rows = cases(APRIL, APRIL, cost=[1.0, 3.0], customer_id=["ann", "ann"])
    ann = {"customer_id": "ann", "joined_at": datetime(2023, 1, 1)}
    history = [
        ann | {"kind": kind, "valid_from": datetime(2023, month, 1)}
        for kind, month in (("partner", 6), ("external", 1))
    ]
    warehouse = make_warehouse({"cases": rows, "customers": history})
    kpis = [make_kpi("cost", expr="cost", aggregate="sum")]
    frame = metrics.evaluate(warehouse, kpis, "customer_kind", [APRIL], [7]).to_pandas()
    assert frame[["unit_id", "cost__7d", "cost__n"]].to_numpy().tolist() == [["external", 4, 2]]
    retained = [make_kpi("kept", source="customers", metric="retention_rate")]
    found = metrics.evaluate(warehouse, retained, "customer", [APRIL], [7]).to_pandas()
    assert found[["unit_id", "kept__7d", "kept__n"]].to_numpy().tolist() == [["ann", 1, 1]]
