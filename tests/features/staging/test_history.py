"""Rows with `valid_from`: the value of the moment, those who came back, and people who changed teams."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pandas as pd
import pytest

from baton.catalogue.schema import Catalogue
from baton.company import Company
from features.cases.build import build_case_table, build_organisation
from features.cases.rows import case_frame
from features.kpis import evaluate as metrics
from features.kpis.unit_rows import source_rows, with_default_team
from features.process.event_log import step_log
from features.process.outcomes import case_outcomes
from features.staging.memberships import memberships
from features.staging.rows_over_time import row_then
from features.training import snapshots

CHURN = Company.model_validate({"outcomes": {"churn": {"rule": "left_at"}}, "snapshots": {"horizon_days": 30}})


def day(text: str) -> datetime:
    return datetime.fromisoformat(f"2024-{text}")


def row(customer: str, since: str | None, joined: str | None, left: str | None = None, **more: Any) -> dict[str, Any]:
    times = {"valid_from": since, "joined_at": joined, "left_at": left}
    return {"customer_id": customer, **{name: None if at is None else day(at) for name, at in times.items()}, **more}


def spans(warehouse: Any) -> list[tuple[Any, ...]]:
    frame = memberships(warehouse).to_pandas().sort_values(["customer_id", "membership"])
    shown = [[None if pd.isna(at) else f"{at:%m-%d}" for at in frame[name]] for name in ("joined_at", "left_at")]
    return list(zip(*shown, strict=True))


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        # left, and joined again
        ([("01-01", "01-01", "03-01"), ("06-01", "06-01", None)], [("01-01", "03-01"), ("06-01", None)]),
        # joined_at stays that of the first time
        ([("01-01", "01-01", "03-01"), ("06-01", "01-01", None)], [("01-01", "03-01"), ("06-01", None)]),
        # a cancellation that was withdrawn before it came
        ([("01-01", "01-01", "09-01"), ("04-01", "01-01", None)], [("01-01", None)]),
        # leaving recorded afterwards
        ([("01-01", "01-01", None), ("06-01", "01-01", "05-20")], [("01-01", "05-20")]),
        # an attribute that changed after leaving
        ([("01-01", "01-01", "03-01"), ("06-01", "01-01", "03-01")], [("01-01", "03-01")]),
        # the end is in every row
        ([("01-01", "01-01", "08-01"), ("03-01", "01-01", "08-01")], [("01-01", "08-01")]),
        # came back twice, the second return announced late
        (
            [("01-01", "01-01", "02-01"), ("03-01", "03-01", "04-01"), ("07-01", "06-01", None)],
            [("01-01", "02-01"), ("03-01", "04-01"), ("06-01", None)],
        ),
        # a row without valid_from has always held
        ([(None, "01-01", "03-01"), ("06-01", "06-01", None)], [("01-01", "03-01"), ("06-01", None)]),
    ],
)
def test_memberships_are_as_read_by_hand(make_warehouse: Any, rows: list[Any], expected: list[Any]) -> None:
    customers = [row("c", since, joined, left) for since, joined, left in rows]
    assert spans(make_warehouse({"customers": customers})) == expected


def moved() -> list[dict[str, Any]]:
    """c left in March and is back since June; d's contract grew in May, and will again in December; e stays."""
    return [
        row("c", "01-01", "01-01", "03-01", value=10.0, kind="small"),
        row("c", "06-01", "06-01", value=20.0, kind="small"),
        row("d", "01-01", "01-01", value=100.0, kind="small"),
        row("d", "05-01", "01-01", value=1000.0, kind="large"),
        row("d", "12-01", "01-01", value=7.0, kind="gone"),
        row("e", "01-01", "01-01", "07-10", value=1.0, kind="small"),
    ]


@pytest.fixture(scope="module")
def company(make_warehouse: Any) -> Any:
    cases = [
        {"case_id": f"{customer}{at}", "customer_id": customer, "opened_at": day(at), "closed_at": day(at)}
        for customer, at in [("c", "02-20"), ("c", "04-10"), ("c", "06-20"), ("d", "04-10"), ("d", "05-10"), ("e", "07-01")]
    ]  # fmt: skip
    ends = [
        {"case_id": name, "customer_id": "x", "opened_at": day(at)} for name, at in [("a", "01-02"), ("z", "10-01")]
    ]
    steps = [{"case_id": case["case_id"], "at": case["opened_at"], "activity": "call"} for case in cases]
    return make_warehouse(
        {"customers": moved(), "cases": [*cases, *ends], "case_steps": steps}, {"customers": day("10-01")}
    )


def test_who_is_away_is_not_at_risk_and_every_leaving_counts(company: Any) -> None:
    moments = [day(at) for at in ("02-15", "04-01", "06-15", "07-01")]
    frame = snapshots.churn_labels(CHURN, company, moments).to_pandas()
    labels = {(line.customer_id, f"{line.as_of:%m-%d}"): line.label for line in frame.itertuples()}
    assert labels == {
        ("c", "02-15"): 1,  # leaves on 1 March
        ("c", "06-15"): 0,
        ("c", "07-01"): 0,
        **{("d", at): 0 for at in ("02-15", "04-01", "06-15", "07-01")},
        ("e", "02-15"): 0,
        ("e", "04-01"): 0,
        ("e", "06-15"): 1,
        ("e", "07-01"): 1,
    }


def test_value_is_that_of_the_moment_not_the_oldest_nor_next_years(company: Any) -> None:
    then = row_then(company, "customers", day("10-01")).to_pandas().set_index("customer_id")["value"]
    assert then.to_dict() == {"c": 20.0, "d": 1000.0, "e": 1.0}
    table = build_case_table(CHURN, Catalogue((), ()), company, pd.Timestamp(day("10-02")))
    assert table.customers_at_risk == 2


def test_a_case_knows_the_customer_as_they_were_when_it_opened(company: Any) -> None:
    frame = case_frame(CHURN, Catalogue((), ()), company)[0].set_index("case_id")
    assert frame["x:value"].dropna().to_dict() == {
        "c02-20": 10, "c04-10": 10, "c06-20": 20, "d04-10": 100, "d05-10": 1000, "e07-01": 1
    }  # fmt: skip
    assert frame["y:churn"].dropna().to_dict() == {"c02-20": 1, "c06-20": 0, "d04-10": 0, "d05-10": 0, "e07-01": 1}
    assert frame["x:tenure_days"].dropna().to_dict() == {
        "c02-20": 50, "c06-20": 19, "d04-10": 100, "d05-10": 130, "e07-01": 182
    }  # fmt: skip


def test_what_followed_a_wait_is_given_by_the_membership_of_the_case(company: Any) -> None:
    log = step_log(company)
    assert case_outcomes(CHURN, Catalogue((), ()), company, log) == "churn"
    reported = log.frame("SELECT case_id, outcome FROM step_outcomes JOIN step_cases USING (case_number) ORDER BY ALL")
    assert dict(zip(reported["case_id"], reported["outcome"], strict=True)) == {
        "c02-20": 1, "c06-20": 0, "d04-10": 0, "d05-10": 0, "e07-01": 1
    }  # fmt: skip


def test_named_metrics_take_values_of_the_moment_and_count_returns(company: Any, make_kpi: Any) -> None:
    kpis = [
        make_kpi(name, "customers", metric=name, grains=["customer"]) for name in ("churn_rate", "key_revenue_share")
    ]
    found = metrics.evaluate(company, kpis, "customer", [day("03-15"), day("04-15"), day("07-15")], [30]).to_pandas()
    rate = {(line.unit_id, f"{line.as_of:%m-%d}"): line.churn_rate__30d for line in found.itertuples()}
    assert {key: value for key, value in rate.items() if value == value} == {
        ("c", "03-15"): 1, ("d", "03-15"): 0, ("e", "03-15"): 0,
        ("d", "04-15"): 0, ("e", "04-15"): 0,
        ("c", "07-15"): 0, ("d", "07-15"): 0, ("e", "07-15"): 1,
    }  # fmt: skip


def test_a_kind_of_customer_has_the_cases_of_those_who_were_of_it_then(company: Any) -> None:
    rows = source_rows(company, "cases", "customer_kind").to_pandas().set_index("case_id")["unit_id"]
    assert (rows["d04-10"], rows["d05-10"], rows["c06-20"]) == ("small", "large", "small")
    assert len(rows) == 8


def test_work_goes_to_the_team_that_somebody_was_in_for_most_of_the_time(make_warehouse: Any, make_kpi: Any) -> None:
    staff = [
        {"employee_id": "p", "team_id": "north", "valid_from": day("01-01")},
        {"employee_id": "p", "team_id": "south", "valid_from": day("03-10")},
        {"employee_id": "p", "team_id": "moon", "valid_from": day("12-01")},
        {"employee_id": "q", "team_id": "north", "valid_from": day("01-01")},
    ]
    cases = [
        {"case_id": name, "employee_id": "p", "team_id": team, "opened_at": day(at), "customer_id": "c"}
        for name, at, team in [("1", "03-01", None), ("2", "03-11", None), ("3", "03-12", "east"), ("4", "06-01", None)]
    ]
    work = [
        {"employee_id": "p", "from": day(start), "to": day(end), "hours": hours}
        for start, end, hours in [("02-01", "03-01", 10.0), ("03-01", "04-01", 20.0), ("04-01", "05-01", 40.0)]
    ]
    measures = [
        {"unit": "employee", "unit_id": "p", "from": day("03-01"), "to": day("04-01"), "kpi": "skill", "value": 3.0}
    ]
    company = make_warehouse({"employees": staff, "cases": cases, "work": work, "measures": measures})
    teams = with_default_team(company).to_pandas().set_index("case_id")["team_id"].to_dict()
    assert teams == {"1": "north", "2": "south", "3": "east", "4": "south"}
    hours = make_kpi("hours", "work", expr="hours", aggregate="sum", grains=["team"])
    skill = make_kpi("skill", "measures", expr="value", grains=["team"])
    months = metrics.panel(company, [hours, skill], "team", [day("02-01"), day("03-01"), day("04-01")]).to_pandas()
    reported = {(line.unit_id, line.kpi, f"{line.to:%m-%d}"): line.value for line in months.itertuples()}
    assert reported == {
        ("north", "hours", "03-01"): 10,
        ("south", "hours", "04-01"): 20,  # in the south from the 10th
        ("south", "hours", "05-01"): 40,
        ("south", "skill", "04-01"): 3,
    }
    people = build_organisation(Catalogue((), ()), company).employees.set_index("employee_id")["team_id"]
    assert people.to_dict() == {"p": "south", "q": "north"}
