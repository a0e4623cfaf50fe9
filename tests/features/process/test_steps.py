"""Waiting, work, hand-overs and rework of small logs whose numbers were worked out by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pandas as pd
import pytest

from baton.errors import TableError
from features.process.event_log import StepLog, step_log
from features.process.flows import flows, hand_overs, mark_long_waits, processes, steps
from features.staging.warehouse import Warehouse

Make = Callable[..., Warehouse]
HOUR = 3600.0


def at(hour: float) -> datetime:
    return datetime(2025, 1, 1, int(hour), round(hour % 1 * 60))


def row(
    hour: float, activity: str, team: str | None = None, person: str | None = None, life: str | None = None
) -> dict:
    return {
        "case_id": "1",
        "at": at(hour),
        "activity": activity,
        "team_id": team,
        "employee_id": person,
        "lifecycle": life,
    }


def both(start: float, end: float, activity: str, team: str | None = None, person: str | None = None) -> list[dict]:
    return [row(start, activity, team, person, "START "), row(end, activity, team, person, "complete")]


def one_case(
    make_warehouse: Make, log: list[dict[str, Any]], *, opened: float = 8, closed: float | None = 18
) -> StepLog:
    case = {"case_id": "1", "process": "repair", "opened_at": at(opened), "handle_seconds": 2 * HOUR}
    case["closed_at"] = None if closed is None else at(closed)
    if not any(step["lifecycle"] for step in log):
        log = [{name: value for name, value in step.items() if name != "lifecycle"} for step in log]
    warehouse = make_warehouse({"cases": [case], "case_steps": log})
    found = step_log(warehouse)
    mark_long_waits(found, warehouse, 1)
    return found


def visits(log: StepLog) -> list[tuple[Any, ...]]:
    frame = log.frame(
        "SELECT step, wait / 3600 AS wait, work / 3600 AS work, elapsed / 3600 AS elapsed FROM step_visits ORDER BY place"
    )
    return [tuple(None if pd.isna(value) else value for value in line) for line in frame.itertuples(index=False)]


def test_starts_and_completes_distinguish_waiting_from_work(make_warehouse: Make) -> None:
    log = one_case(
        make_warehouse,
        [*both(9, 10, "look", "t1", "anna"), *both(13, 15, "mend", "t2", "bob"), *both(15, 17, "look", "t2", "bob")],
    )
    assert visits(log) == [("look", 1, 1, 2), ("mend", 3, 2, 5), ("look", 0, 2, 2)]
    whole = processes(log).iloc[0]
    assert whole["waiting_share"] == pytest.approx(4 / 9)
    assert whole["work_share"] == pytest.approx(5 / 9)
    assert whole["explained_share"] == pytest.approx(9 / 10)  # the last hour, until 18, is nobody's
    assert whole["handle_share"] == pytest.approx(2 / 10)
    assert (whole["handoffs_per_case"], whole["rework_cases_share"]) == (1, 1)
    assert whole["ends_early_cases"] == 1
    assert list(whole["disagreeing_case_ids"]) == ["1"]


def test_steps_at_one_time_count_the_time_once(make_warehouse: Make) -> None:
    log = one_case(make_warehouse, [*both(9, 13, "test"), *both(10, 11, "ask"), *both(12, 14, "mend")])
    assert visits(log) == [("test", 1, 4, 5), ("ask", 0, 1, 0), ("mend", 0, 2, 1)]


def test_a_start_without_a_complete_waits_and_shows_no_work(make_warehouse: Make) -> None:
    log = one_case(make_warehouse, [row(10, "look", life="start"), row(12, "close", life="complete")], closed=None)
    assert visits(log) == [("look", 2, None, 2), ("close", None, None, 2)]
    found = steps(log, 1).set_index("step")
    assert found.loc["close", "open_cases"] == 1
    assert found.loc["look", "open_cases"] == 0


def test_one_time_per_step_gives_elapsed_time_that_the_next_step_ends(make_warehouse: Make) -> None:
    log = one_case(
        make_warehouse,
        [
            row(9, "new", "t1"),
            row(12, "work", "t1"),
            row(13, "ask", "t2"),
            row(17, "work", "t1"),
            row(18, "done", "t1"),
        ],
    )
    assert visits(log) == [
        ("new", None, None, 1),
        ("work", None, None, 3),
        ("ask", None, None, 1),
        ("work", None, None, 4),
        ("done", None, None, 1),
    ]
    found = steps(log, 1).query("team_id.isna()").set_index("step")
    assert found.loc["work", "share_of_time"] == pytest.approx(7 / 10)
    assert found.loc["work", "rework_share"] == 1 / 2
    assert found.loc["work", "team_handoff_share"] == 1 / 2
    assert found.loc["work", "elapsed_seconds_mean"] == 3.5 * HOUR
    assert pd.isna(found.loc["work", "wait_seconds_mean"])
    assert list(found.loc["work", "case_ids"]) == ["1"]
    ways = {
        (a, b): mean
        for a, b, mean in flows(log)[["source", "target", "wait_seconds_mean"]].itertuples(index=False)
        if isinstance(a, str)
    }
    assert ways["ask", "work"] == 4 * HOUR
    assert ways["work", "ask"] == HOUR
    pairs = hand_overs(log).set_index(["source_team", "team_id"])["wait_seconds_total"].to_dict()
    assert pairs == {("t1", "t2"): HOUR, ("t2", "t1"): 4 * HOUR}


def test_the_same_step_again_at_once_is_no_rework(make_warehouse: Make) -> None:
    log = one_case(make_warehouse, [row(9, "work"), row(10, "work"), row(11, "done")])
    assert steps(log, 1).set_index("step").loc["work", "rework_share"] == 0


def test_a_step_of_few_people_is_hidden_and_a_small_team_left_out(make_warehouse: Make) -> None:
    log = [row(9, "new", "t1", f"p{number}") for number in range(5)] + [
        row(10, "sign", "t2", "boss"),
        row(11, "new", "t2", "boss"),
    ]
    warehouse = make_warehouse(
        {"cases": [{"case_id": "1", "opened_at": at(8), "closed_at": at(12)}], "case_steps": log}
    )
    found = step_log(warehouse)
    mark_long_waits(found, warehouse, 5)
    reported = steps(found, 5)
    assert reported.loc[reported["hidden"], "step"].tolist() == ["sign"]
    assert reported["team_id"].dropna().tolist() == ["t1"]
    ways = flows(found)
    assert ways.loc[ways["target"] == "sign", "wait_seconds_mean"].isna().all()
    assert hand_overs(found).empty


def test_a_log_of_other_cases_is_refused(make_warehouse: Make) -> None:
    warehouse = make_warehouse({"cases": [{"case_id": "2", "opened_at": at(8)}], "case_steps": [row(9, "new")]})
    with pytest.raises(TableError, match="no step belongs to a case"):
        step_log(warehouse)
