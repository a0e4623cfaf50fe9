"""Nothing leaks: whatever happens after a moment, the features of that moment stay the same.

Each example plants rows, and fills in values, that are known only after the latest snapshot or between snapshots, with
absurd numbers; features must not move by a digit.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from baton.company import Company
from features.cases.rows import case_frame
from features.kpis import evaluate as metrics
from features.training.churn import churn_table

AS_OF = datetime(2024, 4, 1)
ABSURD = 1e9
MOMENTS = st.integers(min_value=1, max_value=60 * 86400).map(lambda seconds: AS_OF + timedelta(seconds=seconds))
PAST = st.integers(min_value=0, max_value=80 * 86400).map(lambda seconds: AS_OF - timedelta(seconds=seconds))
QUIET = settings(
    max_examples=6, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip


def base() -> dict[str, list[dict[str, Any]]]:
    cases = []
    for number in range(40):
        opened = AS_OF - timedelta(days=2 * number, hours=number)
        cases.append({"case_id": f"k{number}", "customer_id": f"c{number % 5}", "employee_id": f"e{number % 3}",
                      "team_id": f"t{number % 2}", "stage": "use", "process": "billing", "opened_at": opened,
                      "responded_at": opened, "closed_at": opened, "rated_at": opened, "csat": float(number % 5),
                      "resolved_first": number % 2 == 0, "cost": 1.0, "handle_seconds": 5.0})  # fmt: skip
    work = [{"employee_id": f"e{number}", "from": AS_OF - timedelta(days=60), "to": AS_OF - timedelta(days=30),
             "occupancy": 0.5} for number in range(3)]  # fmt: skip
    measures = [{"unit": "employee", "unit_id": f"e{number}", "from": AS_OF - timedelta(days=60), "to": AS_OF - timedelta(days=40),
                 "kpi": "kept", "value": 0.25, "n": 4.0} for number in range(3)]  # fmt: skip
    activity = [
        {"customer_id": f"c{number}", "at": AS_OF - timedelta(days=number), "amount": 2.0} for number in range(5)
    ]
    people = [{"employee_id": f"e{number}", "team_id": f"t{number % 2}"} for number in range(3)]
    return {"cases": cases, "work": work, "measures": measures, "activity": activity, "employees": people}


def kpis(make_kpi: Any) -> list[Any]:
    return [
        make_kpi("opened", expr="case_id", aggregate="count"),
        make_kpi("answer", expr="date_diff('second', opened_at, responded_at)"),
        make_kpi("idle", expr="date_diff('second', responded_at, closed_at)"),
        make_kpi("fcr", expr="resolved_first"),
        make_kpi("rate", expr="cost", denominator="handle_seconds", aggregate="ratio"),
        make_kpi("csat", expr="csat", role="outcome"),
        make_kpi("best", expr="csat", aggregate="max", role="outcome"),
        make_kpi("responded", expr="csat is not null", aggregate="share"),
        make_kpi("occupancy", source="work", expr="occupancy"),
        make_kpi("kept", source="measures", expr="value"),
        make_kpi("spend", source="activity", expr="amount", aggregate="sum"),
    ]


def features(warehouse: Any, wanted: list[Any], grain: Any) -> pd.DataFrame:
    usable = metrics.available(warehouse, wanted, grain)
    frame = metrics.evaluate(warehouse, usable, grain, [AS_OF - timedelta(days=31), AS_OF], [90]).to_pandas()
    return frame.sort_values(["unit_id", "as_of"], ignore_index=True)


@QUIET
@given(
    opened=PAST, later=st.lists(MOMENTS, min_size=4, max_size=4), grain=st.sampled_from(["customer", "employee", "team", "process"]),
    field=st.sampled_from(["responded_at", "closed_at", "rated_at"]),
)  # fmt: skip
def test_rows_known_later_change_no_feature(
    make_warehouse: Any, make_kpi: Any, opened: datetime, later: list[datetime], grain: str, field: str
) -> None:
    """A case opened before the snapshot is answered, closed or rated after it; rows of every other table come later."""
    open_case = {"case_id": "planted", "customer_id": "c0", "employee_id": "e0", "team_id": "t0", "stage": "use",
                 "process": "billing", "opened_at": opened}  # fmt: skip
    steps = ["responded_at", "closed_at", "rated_at"]
    before = steps[: steps.index(field)]
    known = dict.fromkeys(before, opened)
    if "closed_at" in known:
        known |= {"resolved_first": True, "cost": 3.0, "handle_seconds": 2.0, "rated_at": None}
    then = {name: later[index] for index, name in enumerate(steps) if name not in before}
    absurd = {"csat": ABSURD}
    if "closed_at" not in known:
        absurd |= {"cost": ABSURD, "handle_seconds": 1 / ABSURD, "resolved_first": True}
    truth, planted = base(), base()
    truth["cases"].append(open_case | known | ({"rated_at": later[2]} if field == "rated_at" else {}))
    planted["cases"].append(open_case | known | then | absurd)
    planted["cases"].append(open_case | then | absurd | {"case_id": "new", "opened_at": later[3]})
    planted["work"].append({"employee_id": "e0", "from": opened, "to": later[0], "occupancy": ABSURD})
    planted["measures"].append(
        {"unit": "employee", "unit_id": "e0", "from": opened, "to": later[1], "kpi": "kept", "value": ABSURD}
    )
    planted["activity"].append({"customer_id": "c0", "at": later[2], "amount": ABSURD})
    wanted = kpis(make_kpi)
    pd.testing.assert_frame_equal(
        features(make_warehouse(truth), wanted, grain),
        features(make_warehouse(planted), wanted, grain),
        check_exact=True,
    )


@QUIET
@given(later=MOMENTS, opened=PAST)
def test_a_handlers_later_figures_do_not_reach_back_to_a_customers_earlier_case(
    make_warehouse: Any, make_kpi: Any, later: datetime, opened: datetime
) -> None:
    """Known before the snapshot, but after the case was opened: not what served this customer."""
    truth = base()
    truth["cases"] = [case for case in truth["cases"] if case["opened_at"] <= opened]
    planted = {name: list(rows) for name, rows in truth.items()}
    moment = opened + (later - AS_OF)
    planted["work"].append({"employee_id": "e0", "from": opened, "to": moment, "occupancy": ABSURD})
    planted["measures"].append(
        {"unit": "employee", "unit_id": "e1", "from": opened, "to": moment, "kpi": "kept", "value": ABSURD}
    )
    wanted = [kpi for kpi in kpis(make_kpi) if kpi.source in ("work", "measures")]
    pd.testing.assert_frame_equal(
        features(make_warehouse(truth), wanted, "customer"),
        features(make_warehouse(planted), wanted, "customer"),
        check_exact=True,
    )


def company() -> Company:
    return Company.model_validate(
        {"snapshots": {"horizon_days": 20, "windows_days": [7, 30]}, "outcomes": {"churn": {"rule": "left_at"}}}
    )


def story() -> dict[str, list[dict[str, Any]]]:
    rows = base()
    start = AS_OF - timedelta(days=120)
    rows["customers"] = [
        {
            "customer_id": f"c{number}",
            "joined_at": start,
            "left_at": AS_OF - timedelta(days=60 - number) if number % 2 else None,
        }
        for number in range(60)
    ]
    rows["cases"] += [
        {"case_id": f"x{number}", "customer_id": f"c{number}", "opened_at": start + timedelta(days=number), "team_id": "t0",
         "employee_id": "e0"}
        for number in range(60)
    ]  # fmt: skip
    return rows


def test_a_training_row_does_not_move_with_what_comes_after_it(make_warehouse: Any, make_kpi: Any) -> None:
    """The last month is rewritten with absurd figures: rows of earlier snapshots stay as they were."""
    from baton.catalogue.schema import Catalogue

    catalogue = Catalogue(tuple(kpis(make_kpi)), ())
    truth, planted = story(), story()
    turn = AS_OF - timedelta(days=31)
    for case in planted["cases"]:
        if case["opened_at"] > turn:
            case |= {"csat": ABSURD, "cost": ABSURD, "stage": "renewal", "process": "other"}
    planted["work"].append({"employee_id": "e0", "from": turn, "to": AS_OF, "occupancy": ABSURD})
    planted["measures"].append(
        {"unit": "employee", "unit_id": "e0", "from": turn, "to": AS_OF, "kpi": "kept", "value": ABSURD}
    )
    tables = [churn_table(company(), catalogue, make_warehouse(rows)) for rows in (truth, planted)]
    early = [table.frame[table.frame["as_of"] <= turn][list(table.features)].reset_index(drop=True) for table in tables]
    assert len(early[0]) > 50
    assert tables[0].features == tables[1].features
    pd.testing.assert_frame_equal(*early, check_exact=True)
    late = [table.current[list(table.features)].reset_index(drop=True) for table in tables]
    assert not late[0].equals(late[1])


def test_a_cases_history_holds_only_earlier_cases(make_warehouse: Any, make_kpi: Any) -> None:
    from baton.catalogue.schema import Catalogue

    catalogue = Catalogue(tuple(kpi for kpi in kpis(make_kpi) if kpi.source != "activity"), ())
    truth, planted = story(), story()
    for number in range(30):
        planted["cases"].append({"case_id": f"new{number}", "customer_id": f"c{number % 5}", "employee_id": "e0", "team_id": "t0",
                                 "opened_at": AS_OF - timedelta(hours=1), "csat": ABSURD})  # fmt: skip
    frames = []
    for rows in (truth, planted):
        frame, _, _ = case_frame(company(), catalogue, make_warehouse(rows))
        history = [name for name in frame.columns if name.startswith("x:") or name in ("kpi:kept", "kpi:occupancy")]
        frames.append(
            frame[frame["opened_at"] < AS_OF - timedelta(hours=1)].sort_values("case_id")[["case_id", *history]]
        )
    pd.testing.assert_frame_equal(*(frame.reset_index(drop=True) for frame in frames), check_exact=True)
