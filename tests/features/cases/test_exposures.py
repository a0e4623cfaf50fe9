"""Who was exposed to which team, on tables made by hand."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from baton.catalogue.schema import Catalogue
from baton.company import Company
from features.cases.build import build
from features.cases.exposures import ExposureTable, build_exposures

END = datetime(2024, 7, 1)


def act(customer: str, month: int, team: str | None, amount: float = 1.0, kind: str = "use") -> dict[str, Any]:
    return {"customer_id": customer, "at": datetime(2024, month, 10), "kind": kind, "amount": amount, "team_id": team}


def tables() -> dict[str, list[dict[str, Any]]]:
    activity = [
        act("stays", 1, "search", 4.0),
        act("stays", 2, "search", 2.0),
        act("stays", 2, "mail", 1.0),
        act("stays", 3, None),
        act("stays", 5, "mail", 3.0),
        act("leaves", 1, "mail", 7.0),
        act("leaves", 3, "mail", 5.0),
        {"customer_id": "stays", "at": END, "kind": "login"},
    ]
    measures = [
        {"unit": "team", "unit_id": team, "from": datetime(2024, 2, 1), "to": datetime(2024, 3, 1), "kpi": "on_time",
         "value": value}
        for team, value in (("search", 0.9), ("mail", 0.5))
    ]  # fmt: skip
    customers = [
        {"customer_id": "stays", "joined_at": datetime(2023, 1, 1), "left_at": None, "segment": "home", "seats": 3.0},
        {"customer_id": "leaves", "joined_at": datetime(2024, 1, 1), "left_at": datetime(2024, 4, 20),
         "segment": "shop", "seats": 9.0},
    ]  # fmt: skip
    return {"activity": activity, "customers": customers, "measures": measures}


def company(**details: Any) -> Company:
    standing = {"snapshots": {"horizon_days": 90}, "outcomes": {"churn": {"rule": "left_at"}}}
    return Company.model_validate(standing | details)


@pytest.fixture(scope="module")
def catalogue(make_kpi: Any) -> Catalogue:
    own = {"grains": ("customer", "team")}
    return Catalogue(
        (
            make_kpi("amount", source="activity", expr="amount", **own),
            make_kpi("on_time", source="measures", expr="value", grains=("team",)),
            make_kpi("mood", source="activity", expr="amount", role="outcome", **own),
            make_kpi("personal", source="activity", expr="amount", grains=("customer", "employee", "team")),
        ),
        (),
    )


@pytest.fixture(scope="module")
def met(make_warehouse: Any, catalogue: Catalogue) -> ExposureTable:
    found = build_exposures(company(), catalogue, make_warehouse(tables()))
    assert found is not None
    return found


def test_a_row_is_a_customer_who_was_there_and_whether_they_left_within_a_month(met: ExposureTable) -> None:
    rows = met.frame.set_index(["customer_id", "as_of"])["y:churn"]
    assert rows["stays"].to_dict() == {datetime(2024, month, 1): 0.0 for month in (2, 3, 4, 5, 6)}
    assert rows["leaves"].to_dict() == {datetime(2024, 2, 1): 0, datetime(2024, 3, 1): 0, datetime(2024, 4, 1): 1}
    assert met.label_days == 30
    # three months ahead, and who has left cannot leave again: 3 · (1 − 1/8)²
    assert met.rows_per_horizon == pytest.approx(3 * (7 / 8) ** 2)


def test_shares_are_those_of_the_three_months_before(met: ExposureTable) -> None:
    frame = met.frame
    shares = met.shares.assign(customer=frame["customer_id"].to_numpy()[met.shares["row"]],
                               month=frame["as_of"].dt.month.to_numpy()[met.shares["row"]])  # fmt: skip
    found_shares = shares.set_index(["customer", "month", "team_id"])["share"].to_dict()
    assert found_shares == {
        ("stays", 2, "search"): 1.0,
        ("stays", 3, "search"): pytest.approx(2 / 3),
        ("stays", 3, "mail"): pytest.approx(1 / 3),
        ("stays", 4, "search"): pytest.approx(2 / 3),
        ("stays", 4, "mail"): pytest.approx(1 / 3),
        ("stays", 5, "search"): pytest.approx(1 / 2),
        ("stays", 5, "mail"): pytest.approx(1 / 2),
        ("stays", 6, "mail"): 1.0,
        ("leaves", 2, "mail"): 1.0,
        ("leaves", 3, "mail"): 1.0,
        ("leaves", 4, "mail"): 1.0,
    }


def test_each_half_of_the_customers_describes_the_teams_by_itself(met: ExposureTable) -> None:
    half = met.frame.drop_duplicates("customer_id").set_index("customer_id")["half"]
    values = met.values[met.values["kpi"] == "amount"].set_index(["team_id", "month"])
    stays, leaves = f"value_{half['stays']}", f"value_{half['leaves']}"
    assert half["stays"] != half["leaves"]
    assert values.loc[("search", datetime(2024, 1, 1)), stays] == 4.0
    assert values.loc[("mail", datetime(2024, 1, 1)), leaves] == 7.0
    assert values.loc[("mail", datetime(2024, 2, 1)), stays] == 1.0
    assert values.loc[("mail", datetime(2024, 3, 1)), leaves] == 5.0
    assert values[stays].isna().sum() == 2  # January and March of mail: nobody of that half
    assert met.split == {"amount"}


def test_a_measure_of_teams_is_given_twice_and_attributes_come_along(met: ExposureTable) -> None:
    rows = met.values[met.values["kpi"] == "on_time"].set_index("team_id")
    assert rows[["value_0", "value_1"]].to_numpy().tolist() == [[0.5, 0.5], [0.9, 0.9]]
    assert rows["month"].eq(datetime(2024, 2, 1)).all()
    assert set(met.values["kpi"]) == {"amount", "on_time"}  # no outcome, nothing that a person owns
    first = met.frame[met.frame["customer_id"] == "stays"].iloc[0]
    assert (first["x:segment"], first["x:attribute__seats"], first["x:tenure_days"]) == ("home", 3.0, 396.0)


def test_without_activity_of_teams_or_without_churn_there_is_nothing(make_warehouse: Any, catalogue: Catalogue) -> None:
    bare = tables()
    bare["activity"] = [{name: value for name, value in row.items() if name != "team_id"} for row in bare["activity"]]
    assert build_exposures(company(), catalogue, make_warehouse(bare)) is None
    assert build_exposures(company(outcomes={}), catalogue, make_warehouse(tables())) is None


def test_who_is_inactive_is_known_after_the_whole_time_of_inactivity(make_warehouse: Any, catalogue: Catalogue) -> None:
    lapse = company(outcomes={"churn": {"rule": "inactive", "inactive_days": 60}})
    rows = tables()
    rows["activity"] += [act("leaves", 2, "mail")] + [act("stays", month, "mail") for month in (3, 4, 6)]
    found = build_exposures(lapse, catalogue, make_warehouse(rows))
    assert found is not None and found.label_days == 60 and found.rows_per_horizon == 1.0
    found_shares = found.frame.set_index(["customer_id", "as_of"])["y:churn"]
    assert found_shares[("leaves", datetime(2024, 4, 1))] == 1
    assert found_shares[("stays", datetime(2024, 4, 1))] == 0


def test_a_company_of_activity_and_measures_alone_has_exposures_and_nobody_to_name(
    make_warehouse: Any, catalogue: Catalogue
) -> None:
    table, organisation = build(company(), catalogue, make_warehouse(tables()))
    assert table.exposures is not None and table.frame.empty
    assert table.kinds == {"churn": "probability"}
    assert table.customers_at_risk == 1
    assert organisation.as_of == END + timedelta(days=0)
