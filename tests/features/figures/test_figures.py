"""Plain figures against values that were computed by hand."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pandas as pd
import pytest

from baton.contract.results import cast, result_table
from baton.messages.message import catalogue
from features.figures.definitions import CASE_FIGURES, CUSTOMER_FIGURES, NAMES
from features.figures.measured import MAX_MONTHS, figures
from features.figures.small_groups import hidden

END = datetime(2026, 4, 30, 20)


def case(number: int, opened: datetime, **columns: Any) -> dict[str, Any]:
    return {"case_id": f"c{number}", "opened_at": opened, "customer_id": f"k{number}"} | columns


def measured(make_warehouse: Any, rows: dict[str, Any], *, zone: str = "UTC", group: int = 1) -> pd.DataFrame:
    warehouse = make_warehouse(rows, dict.fromkeys(rows, END))
    return figures(warehouse, dict.fromkeys(rows, zone), group)


def value(found: pd.DataFrame, figure: str, by: str = "all", group: str | None = None) -> float:
    rows = found[(found["figure"] == figure) & (found["by"] == by)]
    rows = rows[rows["group"].isna() if group is None else rows["group"] == group]
    assert len(rows) == 1
    return float(rows["value"].iloc[0])


def test_values_count_in_the_month_in_which_they_became_known(make_warehouse: Any) -> None:
    march, april = datetime(2026, 3, 31, 22), datetime(2026, 4, 2, 8)
    rows = [
        case(1, march, responded_at=march + timedelta(minutes=10), closed_at=april, csat=2.0, rated_at=april),
        case(2, march, responded_at=march + timedelta(minutes=30), closed_at=march + timedelta(hours=1), csat=5.0,
             rated_at=march + timedelta(hours=1)),
        case(3, april, responded_at=april + timedelta(minutes=20), closed_at=None, csat=None, rated_at=None),
    ]  # fmt: skip
    found = measured(make_warehouse, {"cases": rows})
    assert value(found, "cases") == 3
    assert (value(found, "cases", "month", "2026-03"), value(found, "cases", "month", "2026-04")) == (2, 1)
    assert value(found, "time_to_response") == 20 * 60
    assert value(found, "time_to_close", "month", "2026-03") == 3600
    assert value(found, "time_to_close", "month", "2026-04") == 34 * 3600
    assert (value(found, "csat"), value(found, "csat", "month", "2026-04")) == (3.5, 2.0)
    assert (value(found, "open_cases", "month", "2026-03"), value(found, "open_cases", "month", "2026-04")) == (1, 1)
    closed = found[(found["figure"] == "time_to_close") & (found["by"] == "all")]
    assert closed["n"].item() == 2
    assert closed["known_share"].item() == pytest.approx(2 / 3)


def test_a_rating_after_the_last_case_counts_in_a_month_that_is_incomplete(make_warehouse: Any) -> None:
    opened = END - timedelta(hours=1)
    rows = [case(1, opened, csat=1.0, rated_at=opened), case(2, opened, csat=4.0, rated_at=END + timedelta(days=3))]
    found = measured(make_warehouse, {"cases": rows})
    assert value(found, "csat") == 2.5
    months = found[(found["figure"] == "csat") & (found["by"] == "month")].set_index("group")
    assert months["value"].to_dict() == {"2026-04": 1.0, "2026-05": 4.0}
    assert months.loc["2026-05", "partial"]


def test_shares_leave_out_what_is_not_known_and_an_open_overdue_case_breaks_its_promise(make_warehouse: Any) -> None:
    start = datetime(2026, 4, 1, 9)
    rows = [
        case(1, start, closed_at=start + timedelta(days=1), due_at=start + timedelta(days=2), resolved_first=True, reopened=0),
        case(2, start, closed_at=start + timedelta(days=3), due_at=start + timedelta(days=2), resolved_first=False, reopened=2),
        case(3, start, closed_at=None, due_at=start + timedelta(days=2), resolved_first=None, reopened=None),
        case(4, start, closed_at=None, due_at=END + timedelta(days=2), resolved_first=None, reopened=None),
    ]  # fmt: skip
    found = measured(make_warehouse, {"cases": rows})
    assert value(found, "on_time") == pytest.approx(1 / 3)
    assert value(found, "resolved_first") == 0.5
    assert value(found, "reopened") == 0.5
    assert "wait" not in set(found["figure"])


def test_the_net_promoter_score_is_promoters_less_detractors(make_warehouse: Any) -> None:
    start = datetime(2026, 4, 1, 9)
    rows = [case(at, start, nps=nps) for at, nps in enumerate([10.0, 9.0, 8.0, 6.0, None])]
    assert value(measured(make_warehouse, {"cases": rows}), "nps") == 25


def test_hours_are_those_of_the_clock_on_the_wall_in_summer_and_winter(make_warehouse: Any) -> None:
    rows = [
        case(1, datetime(2026, 1, 5, 7, 30)),
        case(2, datetime(2026, 4, 6, 6, 30)),
        case(3, datetime(2026, 3, 31, 22)),
    ]
    found = measured(make_warehouse, {"cases": rows}, zone="Europe/Paris")
    hours = found[(found["figure"] == "cases") & (found["by"] == "hour")]
    assert dict(zip(hours["group"], hours["value"], strict=True)) == {"08": 2, "00": 1}
    assert value(found, "cases", "weekday_hour", "1-08") == 2
    assert value(found, "cases", "month", "2026-04") == 2  # the last of March at 22:00 is April in Paris


def test_dates_without_hours_have_no_hours(make_warehouse: Any) -> None:
    found = measured(make_warehouse, {"cases": [case(at, datetime(2026, 4, at)) for at in (1, 2, 3)]})
    assert not {"hour", "weekday", "weekday_hour"} & set(found["by"])


def test_the_team_is_the_cases_else_its_handlers_and_unknown_teams_are_counted(make_warehouse: Any) -> None:
    start = datetime(2026, 4, 1, 9)
    rows = [
        case(1, start, team_id="north", employee_id="ann"),
        case(2, start, team_id=None, employee_id="ann"),
        case(3, start, team_id=None, employee_id=None),
    ]
    found = measured(make_warehouse, {"cases": rows, "employees": [{"employee_id": "ann", "team_id": "south"}]})
    assert [value(found, "cases", "team", team) for team in ("north", "south", None)] == [1, 1, 1]


def test_topics_are_recorded_causes_else_processes(make_warehouse: Any) -> None:
    start = datetime(2026, 4, 1, 9)
    rows = [case(1, start, root_cause="late", process="orders"), case(2, start, root_cause=None, process="orders")]
    found = measured(make_warehouse, {"cases": rows})
    assert [value(found, "cases", "topic", topic) for topic in ("late", "orders")] == [1, 1]


def test_months_that_the_data_hold_in_part_are_marked(make_warehouse: Any) -> None:
    days = pd.date_range("2026-01-20", "2026-04-30", freq="D")
    rows = [
        case(at, day.to_pydatetime(), closed_at=(day + timedelta(days=20)).to_pydatetime())
        for at, day in enumerate(days)
    ]
    found = measured(make_warehouse, {"cases": rows})
    partial = found[found["partial"]]
    assert set(partial.loc[partial["figure"] == "cases", "group"]) == {"2026-01"}
    # what was opened before the data begin and took long is absent until twenty days later, the ninth of February; what was
    # closed after the last case was opened is not all that was closed in May
    assert set(partial.loc[partial["figure"] == "time_to_close", "group"]) == {"2026-02", "2026-05"}


def test_customers_are_counted_from_when_leaving_is_recorded_and_a_month_without_any_is_zero(
    make_warehouse: Any,
) -> None:
    def person(name: str, joined: tuple[int, int, int], left: tuple[int, int, int] | None) -> dict[str, Any]:
        return {"customer_id": name, "joined_at": datetime(*joined), "left_at": left and datetime(*left)}

    people = [
        person("a", (2020, 1, 1), None),
        person("b", (2020, 1, 1), (2026, 2, 3)),
        person("c", (2026, 4, 2), None),
        person("d", (2026, 4, 3), (2026, 4, 20)),
    ]
    found = measured(make_warehouse, {"customers": people})
    months = found[found["figure"] == "customers"]
    assert dict(zip(months["group"], months["value"], strict=True)) == {"2026-02": 1, "2026-03": 1, "2026-04": 2}
    left = found[found["figure"] == "left"]
    assert list(left["value"]) == [1, 0, 1]
    assert value(found, "joined", "month", "2026-04") == 2


def test_active_customers_are_different_people(make_warehouse: Any) -> None:
    moments = [("a", datetime(2026, 4, 1, 9)), ("a", datetime(2026, 4, 2, 9)), ("b", datetime(2026, 4, 3, 9))]
    found = measured(make_warehouse, {"activity": [{"customer_id": who, "at": at} for who, at in moments]})
    assert value(found, "active_customers", "month", "2026-04") == 2
    assert value(found, "events", "month", "2026-04") == 3


def test_no_more_than_the_latest_months_are_kept(make_warehouse: Any) -> None:
    rows = [case(at, day.to_pydatetime()) for at, day in enumerate(pd.date_range("2022-01-15", END, freq="MS"))]
    found = measured(make_warehouse, {"cases": rows})
    months = found[(found["figure"] == "cases") & (found["by"] == "month")]
    assert len(months) == MAX_MONTHS
    assert months["group"].iloc[-1] == "2026-04"


def test_figures_of_few_people_are_hidden_but_volumes_are_not(make_warehouse: Any) -> None:
    start = datetime(2026, 4, 1, 9)
    staff = {"big": 6, "middle": 5, "small": 2}
    rows = [
        case(10 * at + place, start, team_id=team, employee_id=f"{team}{place}", wait_seconds=60.0)
        for at, (team, people) in enumerate(staff.items())
        for place in range(people)
    ]
    found = measured(make_warehouse, {"cases": rows}, group=5)
    waits = found[(found["figure"] == "wait") & (found["by"] == "team")].set_index("group")
    # the middle one as well: the whole less the two others would be the small one
    assert waits["hidden"].to_dict() == {"big": False, "middle": True, "small": True}
    assert waits["value"].isna().to_dict() == {"big": False, "middle": True, "small": True}
    assert value(found, "cases", "team", "small") == 2


def test_several_hidden_teams_that_are_many_together_give_nobody_away() -> None:
    rows = pd.DataFrame(
        {"figure": "wait", "by": "team", "about_work": True, "people": [9, 3, 3]}, index=["big", "one", "other"]
    )
    assert hidden(rows, 5).to_dict() == {"big": False, "one": True, "other": True}
    assert hidden(rows.assign(by="topic"), 5).to_dict() == {"big": True, "one": True, "other": True}


def test_nothing_is_measured_where_nothing_carries_it(make_warehouse: Any) -> None:
    assert measured(make_warehouse, {"customers": [{"customer_id": "a"}]}).empty


def test_the_table_is_that_of_the_contract_and_every_figure_has_a_name(make_warehouse: Any) -> None:
    found = measured(make_warehouse, {"cases": [case(1, datetime(2026, 4, 1, 9))]})
    table = result_table("figures")
    assert list(found.columns) == list(table.names)
    assert len(cast("figures", found)) == len(found)
    listed = [figure.name for figure in CASE_FIGURES] + [name for name, _ in CUSTOMER_FIGURES]
    assert sorted(NAMES) == sorted(listed)
    assert all(key in catalogue() for key in NAMES.values())
