"""The case table and the small tables about people and cards."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pandas as pd
import pytest

from baton.catalogue.schema import Catalogue
from baton.company import Company
from baton.errors import TableError
from features.cases import build as cases_built
from features.cases import rows as case_rows
from features.cases.cards import in_points
from features.cases.table import CaseTable, Organisation

START = datetime(2024, 1, 1)
END = datetime(2024, 7, 1)


def company(**details: Any) -> Company:
    standing = {
        "snapshots": {"horizon_days": 30},
        "outcomes": {"churn": {"rule": "left_at"}, "case": {"metric": "csat", "low": 2}},
    }
    return Company.model_validate(standing | details)


def tables() -> dict[str, list[dict[str, Any]]]:
    def case(number: int, customer: str | None, day: int, **more: Any) -> dict[str, Any]:
        opened = START + timedelta(days=day)
        standing = {
            "employee_id": "ann",
            "team_id": None,
            "stage": "use",
            "process": "billing",
            "priority": "high",
            "channel": "mail",
        }
        return standing | {"case_id": f"k{number}", "customer_id": customer, "opened_at": opened,
                           "closed_at": opened + timedelta(days=1), "cost": float(number), "difficulty": 2.0} | more  # fmt: skip

    cases = [
        case(0, "stays", 10, csat=1.0),
        case(1, "stays", 40, csat=5.0),
        case(2, "leaves", 50, team_id="south"),
        case(3, "leaves", 20),
        case(4, "leaves", 90, closed_at=START + timedelta(days=100)),
        case(5, None, 60, employee_id=None),
        case(6, "stays", 170),
        case(7, "stays", 60, closed_at=None),
        {"case_id": "end", "opened_at": END},
    ]
    customers = [
        {
            "customer_id": "stays",
            "joined_at": START - timedelta(days=100),
            "left_at": None,
            "value": 100.0,
            "segment": "home",
            "plan": "a",
        },
        {
            "customer_id": "leaves",
            "joined_at": START,
            "left_at": START + timedelta(days=70),
            "value": 50.0,
            "segment": "shop",
            "plan": "b",
        },
    ]
    employees = [
        {"employee_id": "ann", "team_id": "north", "role": "agent", "hired_at": START, "gender": "f", "left_at": None}
    ]
    first, second, third = START, START + timedelta(days=30), START + timedelta(days=60)
    work = [
        {"employee_id": "ann", "from": first, "to": second, "training_hours": 3.0},
        {"employee_id": "ann", "from": second, "to": third, "training_hours": 7.0},
    ]
    cards = [
        {
            "team_id": "north",
            "role": None,
            "kpi": "cost",
            "weight": weight,
            "valid_from": START + timedelta(days=day),
            "target": None,
        }
        for weight, day in ((40.0, 0), (60.0, 31), (10.0, 400))
    ]
    return {"cases": cases, "customers": customers, "employees": employees, "work": work, "scorecards": cards}


@pytest.fixture(scope="module")
def catalogue(make_kpi: Any) -> Catalogue:
    return Catalogue(
        (
            make_kpi("cost", expr="cost"),
            make_kpi("csat", expr="csat", role="outcome", better="higher"),
            make_kpi("training", source="work", expr="training_hours", aggregate="sum"),
            make_kpi("contacts", expr="case_id", aggregate="count"),
            make_kpi("kept", source="measures", expr="value"),
        ),
        (),
    )


@pytest.fixture(scope="module")
def built(make_warehouse: Any, catalogue: Catalogue) -> tuple[CaseTable, Organisation]:
    return cases_built.build(company(), catalogue, make_warehouse(tables()))


@pytest.fixture(scope="module")
def rows(built: tuple[CaseTable, Organisation]) -> pd.DataFrame:
    return built[0].frame.set_index("case_id")


def test_each_case_has_its_own_kpis_and_its_handlers_of_the_time_in_which_it_opened(
    rows: pd.DataFrame, built: Any
) -> None:
    assert rows.loc["k3", "kpi:cost"] == 3
    # nothing is known of after day 60
    assert rows["kpi:training"].dropna().to_dict() == {"k0": 3, "k3": 3, "k1": 7, "k2": 7}
    assert built[0].case_level == {"cost", "csat"}
    assert "kpi:contacts" not in rows
    assert "kpi:kept" not in rows


def test_a_customers_leaving_within_the_horizon_after_the_close_is_the_outcome(rows: pd.DataFrame) -> None:
    churn = rows["y:churn"]
    assert churn["k2"] == 1  # closed on day 51, left on day 70
    assert churn["k3"] == 0  # closed on day 21: more than 30 days before
    assert churn["k0"] == 0
    assert (
        churn[["k4", "k5", "k6", "k7", "end"]].isna().all()
    )  # gone before the close, nobody, horizon not over, still open


def test_leaving_in_the_horizon_after_the_next_is_known_of_those_who_were_still_there(rows: pd.DataFrame) -> None:
    later = rows["later:churn"]
    assert later["k3"] == 1  # closed on day 21: at risk from day 51, left on day 70
    assert later["k0"] == 0
    assert later[["k2", "k4", "k5", "k6", "k7", "end"]].isna().all()  # k2's customer left within the first


def test_ratings_are_the_drivers_outcome(rows: pd.DataFrame, built: Any) -> None:
    assert rows["y:driver:csat"].dropna().to_dict() == {"k0": 1, "k1": 0}
    assert built[0].kinds == {"churn": "probability", "driver:csat": "probability"}
    assert built[0].better == {"churn": "lower", "driver:csat": "lower"}


def test_the_customers_history_ends_where_the_case_begins(rows: pd.DataFrame) -> None:
    assert rows["x:cases_before"].dropna().to_dict() == {"k0": 0, "k1": 1, "k2": 1, "k3": 0, "k4": 2, "k6": 0, "k7": 2}
    assert rows.loc["k4", "x:days_since_case"] == 40
    assert pd.isna(rows.loc["k0", "x:days_since_case"])
    assert rows.loc["k6", "x:days_since_case"] == 110
    assert (rows.loc["k0", "x:tenure_days"], rows.loc["k0", "x:segment"], rows.loc["k0", "x:customer__plan"]) == (
        110,
        "home",
        "a",
    )
    assert rows.loc["k0", "x:attribute__difficulty"] == 2


def test_the_team_is_the_cases_else_the_handlers(rows: pd.DataFrame) -> None:
    assert (rows.loc["k2", "team_id"], rows.loc["k3", "team_id"]) == ("south", "north")
    assert pd.isna(rows.loc["k5", "team_id"])
    assert rows.loc["k1", "period"] == datetime(2024, 2, 1)
    assert isinstance(rows["process"].dtype, pd.CategoricalDtype)


def test_the_scale_of_effects_is_reported(built: tuple[CaseTable, Organisation]) -> None:
    table = built[0]
    assert (table.horizon_days, table.customers_at_risk) == (30, 1)
    # 30 days each from days 152, 122, 92, 62 and 32: at risk 1 + 1 + 1 + 2 + 2, their cases 1 + 0 + 0 + 1 + 3
    assert table.cases_per_customer == pytest.approx(5 / 7)
    assert table.sampled_share == 1


def test_todays_card_is_the_last_one_in_force(built: tuple[CaseTable, Organisation]) -> None:
    organisation = built[1]
    assert organisation.as_of == pd.Timestamp(END)
    assert organisation.current_cards["weight"].tolist() == [60]
    assert organisation.teams["team_id"].tolist() == ["north", "south"]
    assert "attribute__gender" in organisation.employees


def test_cards_that_share_out_one_are_read_in_points_and_said(make_warehouse: Any, catalogue: Catalogue) -> None:
    given = tables()
    given["scorecards"] = [card | {"weight": card["weight"] / 100} for card in given["scorecards"]]
    cases, found = cases_built.build(company(), catalogue, make_warehouse(given))
    assert found.scorecards["weight"].tolist() == pytest.approx([40, 60, 10])
    assert [note.values for note in cases.notes if note.key == "sample.cards_of_one"] == [{"n": 3}]


def test_a_card_of_few_points_beside_whole_ones_stays_as_it_is(built: tuple[CaseTable, Organisation]) -> None:
    cards = pd.concat([built[1].scorecards, built[1].scorecards.assign(team_id="south", weight=1.0)])
    assert in_points(cards)[0]["weight"].tolist() == [40, 60, 10, 1, 1, 1]
    assert not [note for note in built[0].notes if note.key == "sample.cards_of_one"]


def test_the_panel_has_months_of_people_and_teams(built: tuple[CaseTable, Organisation]) -> None:
    panel = built[1].panel
    assert list(panel.columns) == ["unit", "unit_id", "team_id", "from", "to", "kpi", "value", "n"]
    ann = panel[(panel["unit"] == "employee") & (panel["kpi"] == "cost") & (panel["from"] == datetime(2024, 2, 1))]
    # closed in February: k1 on day 41 and k2 on day 51
    assert (ann["value"].item(), ann["n"].item(), ann["team_id"].item()) == (1.5, 2, "north")
    south = panel[(panel["unit"] == "team") & (panel["unit_id"] == "south") & (panel["kpi"] == "cost")]
    assert south["team_id"].tolist() == ["south"]


def test_whole_customers_are_sampled_the_same_way_every_time(
    make_warehouse: Any, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(case_rows, "MAX_CASES", 400)
    many = tables()
    many["cases"] = [
        {"case_id": f"k{number}-{turn}", "customer_id": f"c{number}", "opened_at": START + timedelta(days=turn)}
        for number in range(400)
        for turn in range(5)
    ]
    samples = [cases_built.build(company(), catalogue, make_warehouse(many))[0] for _ in range(2)]
    assert samples[0].sampled_share == 0.2
    assert "20.0% of the customers" in samples[0].notes[0].text
    assert set(samples[0].frame.groupby("customer_id").size()) == {5}
    assert 250 < len(samples[0].frame) < 550
    pd.testing.assert_frame_equal(samples[0].frame, samples[1].frame)


def test_the_inactive_are_inferred_from_what_they_do_next(make_warehouse: Any, catalogue: Catalogue) -> None:
    rows = tables()
    acts = {"stays": range(0, 181, 10), "leaves": range(0, 60, 10)}
    rows["activity"] = [
        {"customer_id": name, "at": START + timedelta(days=day)} for name, days in acts.items() for day in days
    ]
    del rows["customers"]
    settings = company(outcomes={"churn": {"rule": "inactive", "inactive_days": 30}})
    churn = cases_built.build(settings, catalogue, make_warehouse(rows))[0].frame.set_index("case_id")["y:churn"]
    assert churn[["k0", "k2", "k3"]].to_dict() == {"k0": 0, "k2": 1, "k3": 0}


def test_without_cases_there_is_a_panel_and_a_sentence(make_warehouse: Any, catalogue: Catalogue) -> None:
    measures = [
        {"unit": "team", "unit_id": "north", "from": START, "to": datetime(2024, 2, 1), "kpi": "kept", "value": 0.5}
    ]
    table, organisation = cases_built.build(company(), catalogue, make_warehouse({"measures": measures}))
    assert len(table.frame) == 0
    assert "the table cases would bring them" in table.notes[0].text
    assert organisation.panel[["unit", "unit_id", "kpi", "value"]].to_numpy().tolist() == [
        ["team", "north", "kept", 0.5]
    ]


def test_a_company_without_times_gets_no_advice(make_warehouse: Any, catalogue: Catalogue) -> None:
    with pytest.raises(TableError, match="neither cases nor measures"):
        cases_built.build(company(), catalogue, make_warehouse({"customers": tables()["customers"]}))


def test_outcomes_with_a_price_are_known_of_each_case(make_warehouse: Any, catalogue: Catalogue) -> None:
    priced = company(policy={"worth": {"churn": 600, "value": 1, "csat": 5, "cost": 1}})
    customers = [row | {"value": 250.0} for row in tables()["customers"]]
    table = cases_built.build(priced, catalogue, make_warehouse(tables() | {"customers": customers}))[0]
    rows = table.frame.set_index("case_id")
    assert rows["y:value"].dropna().to_dict() == (250 * rows["y:churn"].dropna()).to_dict()
    assert rows.loc["k2", "y:value"] == 250
    assert rows.loc["k3", "later:value"] == 250
    assert rows["y:driver:csat"].dropna().to_dict() == {"k0": 1, "k1": 0}  # a low rating, as [outcomes.case] says
    assert rows.loc["k3", "y:driver:cost"] == 3
    assert table.kinds == {
        "churn": "probability", "value": "number", "driver:csat": "probability", "driver:cost": "number"
    }  # fmt: skip
    assert table.better["driver:cost"] == "lower"


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ((None, None), "customers.value is empty or zero"),
        ((-5.0, 250.0), "customers.value is below zero in"),
        ((None, 250.0), "customers.value is unknown for 0.0% of the cases of customers who left and"),
    ],
)
def test_a_value_that_would_mislead_does_not_count_and_a_note_says_why(
    make_warehouse: Any, catalogue: Catalogue, values: tuple[float | None, float], words: str
) -> None:
    priced = company(policy={"worth": {"value": 1}})
    others, leaver = values
    customers = [row | {"value": leaver if row["left_at"] is not None else others} for row in tables()["customers"]]
    if leaver is None:
        customers[0] |= {"value": 0.0}
    table = cases_built.build(priced, catalogue, make_warehouse(tables() | {"customers": customers}))[0]
    assert "y:value" not in table.frame
    assert any(words in note.text for note in table.notes), [note.text for note in table.notes]
