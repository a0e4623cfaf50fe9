"""Training tables of churn and flat tables: what becomes a feature, and what is refused."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from baton.catalogue.schema import CONTEXT, Catalogue
from baton.company import Company
from baton.errors import CompanyFileError, TooLittleDataError
from features.kpis import evaluate as metrics
from features.training import build as matrix
from features.training.table import TrainingTable

START = datetime(2024, 1, 1)
CUSTOMERS = 60


def company(**details: Any) -> Company:
    standing = {"snapshots": {"horizon_days": 30, "windows_days": [7, 30]}, "outcomes": {"churn": {"rule": "left_at"}}}
    return Company.model_validate(standing | details)


def tables(**more: Any) -> dict[str, list[dict[str, Any]]]:
    """Sixty customers over half a year; a third of them leaves."""
    customers, cases = [], []
    for number in range(CUSTOMERS):
        left = START + timedelta(days=60 + 2 * number) if number % 3 == 0 else None
        customers.append(
            {
                "customer_id": f"c{number}", "joined_at": START - timedelta(days=number + 1), "left_at": left,
                "segment": "ab"[number % 2], "value": 10.0 * number, "gender": "f", "city": f"town {number}",
                "contract": "year" if number % 4 else "month",
            }
        )  # fmt: skip
        for visit in range(6):
            opened = START + timedelta(days=30 * visit + number % 20, hours=number)
            cases.append(
                {
                    "case_id": f"k{number}-{visit}", "customer_id": f"c{number}", "opened_at": opened,
                    "closed_at": opened + timedelta(hours=5), "team_id": "ab"[visit % 2], "cost": float(number + visit),
                    "stage": "use",
                }
            )  # fmt: skip
    cases.append({"case_id": "last", "opened_at": datetime(2024, 7, 1), "closed_at": datetime(2024, 7, 1)})
    return {"customers": customers, "cases": cases} | more


@pytest.fixture
def catalogue(make_kpi: Any) -> Catalogue:
    return Catalogue((make_kpi("cost", expr="cost"), make_kpi("contacts", expr="case_id", aggregate="count")), ())


@pytest.fixture
def churn(make_warehouse: Any, catalogue: Catalogue) -> TrainingTable:
    return matrix.build(company(), catalogue, make_warehouse(tables())).tables["churn"]


def test_a_customers_row_holds_what_the_metric_layer_says_at_that_moment(
    make_warehouse: Any, catalogue: Catalogue, churn: TrainingTable
) -> None:
    values = metrics.evaluate(make_warehouse(tables()), catalogue.values(), "customer", [datetime(2024, 4, 1)], [7, 30])
    expected = values.to_pandas().set_index("unit_id")
    rows = churn.frame[churn.frame["as_of"] == datetime(2024, 4, 1)].set_index("unit_id")
    assert len(rows) > 40
    for name in ("cost__7d", "cost__30d", "cost__trend"):
        pd.testing.assert_series_equal(rows[name], expected[name].reindex(rows.index), check_names=False, rtol=1e-6)
    assert (rows["contacts__30d"] == expected["contacts__30d"].reindex(rows.index).fillna(0)).all()


def test_labels_and_groups_stand_beside_the_features(churn: TrainingTable) -> None:
    assert churn.latest == pd.Timestamp("2024-07-01")
    assert churn.current["label"].isna().all()
    assert len(churn.current) == CUSTOMERS - 20
    april = churn.frame[churn.frame["as_of"] == datetime(2024, 4, 1)]
    # those who leave on days 91 to 121 of the year: numbers 18, 21, ... 30
    assert set(april.loc[april["label"] == 1, "unit_id"]) == {"c18", "c21", "c24", "c27", "c30"}
    assert (churn.frame["group"] == churn.frame["unit_id"]).all()
    assert list(churn.frame.columns[:4]) == ["unit_id", "as_of", "label", "group"]


def test_attributes_are_context_and_protected_ones_stay_out(churn: TrainingTable) -> None:
    attributes = {name for name in churn.features if name.startswith("attribute__")}
    assert attributes == {"attribute__segment", "attribute__value", "attribute__city", "attribute__contract"}
    assert {churn.kpi_of[name] for name in attributes} == {CONTEXT}
    assert isinstance(churn.frame["attribute__segment"].dtype, pd.CategoricalDtype)
    assert churn.kpi_of["cost__7d"] == "cost"
    april = churn.frame[(churn.frame["as_of"] == datetime(2024, 4, 1)) & (churn.frame["unit_id"] == "c10")]
    assert april["tenure_days"].item() == (datetime(2024, 4, 1) - (START - timedelta(days=11))).days


def test_customers_split_over_teams_by_their_cases_of_the_longest_window(churn: TrainingTable) -> None:
    shares = churn.shares
    assert set(shares.columns) == {"unit_id", "team_id", "stage", "share"}
    np.testing.assert_allclose(shares.groupby("unit_id")["share"].sum(), 1)


def test_attributes_with_a_history_are_taken_as_they_stood(make_warehouse: Any, catalogue: Catalogue) -> None:
    rows = tables()
    dated = [customer | {"valid_from": START - timedelta(days=400)} for customer in rows["customers"]]
    dated += [customer | {"valid_from": datetime(2024, 3, 15), "segment": "moved"} for customer in rows["customers"]]
    warehouse = make_warehouse(rows | {"customers": dated})
    table = matrix.build(company(), catalogue, warehouse).tables["churn"]
    assert not table.frame.duplicated(["unit_id", "as_of"]).any()
    moved = table.frame.groupby("as_of")["attribute__segment"].agg(lambda values: (values == "moved").mean())
    assert moved[datetime(2024, 3, 1)] == 0
    assert moved[datetime(2024, 4, 1)] == 1


def test_an_attribute_emptied_for_leavers_is_reported(make_warehouse: Any, catalogue: Catalogue) -> None:
    rows = tables()
    rows["customers"] = [customer | {"plan": None if customer["left_at"] else "gold"} for customer in rows["customers"]]
    table = matrix.build(company(), catalogue, make_warehouse(rows)).tables["churn"]
    notes = [note.text for note in table.notes]
    assert any("attribute__plan looks overwritten later" in note for note in notes)
    assert not any("contract" in note for note in notes)


def test_a_kpi_that_stopped_arriving_is_no_feature_and_is_named(make_warehouse: Any, catalogue: Catalogue) -> None:
    rows = tables()
    end = max(case["opened_at"] for case in rows["cases"])
    for case in rows["cases"]:
        case["cost"] = None if case["opened_at"] > end - timedelta(days=40) else case.get("cost")
    table = matrix.build(company(), catalogue, make_warehouse(rows)).tables["churn"]
    assert not [name for name in table.features if table.kpi_of[name] == "cost"]
    assert [name for name in table.features if table.kpi_of[name] == "contacts"]
    assert any("cost__30d" in note.text and "no longer arrive" in note.text for note in table.notes)


def test_a_company_that_nobody_leaves_is_refused(make_warehouse: Any, catalogue: Catalogue) -> None:
    rows = tables()
    rows["customers"] = [customer | {"left_at": None} for customer in rows["customers"]]
    with pytest.raises(TooLittleDataError, match="have the same outcome"):
        matrix.build(company(), catalogue, make_warehouse(rows))


def test_too_few_leavers_leave_churn_out_with_a_sentence(make_warehouse: Any, catalogue: Catalogue) -> None:
    rows = tables()
    for number, customer in enumerate(rows["customers"]):
        customer["left_at"] = datetime(2024, 4, 10) if number == 3 else None
    built = matrix.build(company(), catalogue, make_warehouse(rows))
    assert built.tables == {}
    assert "at least 10 needed" in built.skipped["churn"].text


def test_a_history_shorter_than_the_horizon_leaves_churn_out(make_warehouse: Any, catalogue: Catalogue) -> None:
    built = matrix.build(company(snapshots={"horizon_days": 400}), catalogue, make_warehouse(tables()))
    assert "no snapshot has 400 days of observed future" in built.skipped["churn"].text


def test_a_decline_of_an_unknown_metric_is_refused(make_warehouse: Any, catalogue: Catalogue) -> None:
    outcomes = {"decline": [{"unit": "team", "metric": "csta"}]}
    with pytest.raises(CompanyFileError, match="'csta' is no KPI"):
        matrix.build(company(outcomes=outcomes), catalogue, make_warehouse(tables()))


FLAT = [
    {
        "customer_id": f"c{number}", "churned": number % 3 == 0, "tenure": float(number), "cost__30d": 1.0 + number % 7,
        "contract": "year" if number % 2 else "month", "Gender": "m",
    }
    for number in range(90)
]  # fmt: skip


def test_a_flat_table_needs_no_outcomes_and_no_time(make_warehouse: Any, catalogue: Catalogue, make_kpi: Any) -> None:
    declared = Catalogue((*catalogue.values(), make_kpi("loyalty", source="snapshots", expr="tenure")), ())
    warehouse = make_warehouse({"snapshots": FLAT})
    table = matrix.build(Company(), declared, warehouse).tables["churn"]
    assert (table.temporal, table.latest) == (False, None)
    assert table.kpi_of == {"tenure": "loyalty", "cost__30d": "cost", "contract": CONTEXT}
    assert table.frame["label"].sum() == 30
    assert "Gender" in table.notes[0].text


def test_a_flat_table_with_dates_has_time(make_warehouse: Any, catalogue: Catalogue) -> None:
    rows = [row | {"as_of": datetime(2024, 1 + number % 3, 1)} for number, row in enumerate(FLAT)]
    table = matrix.build(Company(), catalogue, make_warehouse({"snapshots": rows})).tables["churn"]
    assert table.temporal
    assert table.latest == pd.Timestamp("2024-03-01")
    one_date = [row | {"as_of": datetime(2024, 1, 1)} for row in FLAT]
    assert not matrix.build(Company(), catalogue, make_warehouse({"snapshots": one_date})).tables["churn"].temporal


def test_a_flat_table_may_have_a_number_as_outcome(make_warehouse: Any, catalogue: Catalogue) -> None:
    rows = [{"customer_id": row["customer_id"], "outcome": row["tenure"] / 2, "tenure": row["tenure"]} for row in FLAT]
    table = matrix.build(Company(), catalogue, make_warehouse({"snapshots": rows})).tables["driver:outcome"]
    assert (table.kind, table.unit) == ("number", "customer")


def test_free_text_stands_beside_the_features_for_the_audit(make_warehouse: Any, catalogue: Catalogue) -> None:
    rows = [row | {"customer_id": f"{turn}-{row['customer_id']}", "remarks": f"remark {turn} {number}"}
            for turn in range(3) for number, row in enumerate(FLAT)]  # fmt: skip
    table = matrix.build(Company(), catalogue, make_warehouse({"snapshots": rows})).tables["churn"]
    assert "remarks" in table.frame
    assert "remarks" not in table.features


def test_a_table_that_is_saved_comes_back_the_same(churn: TrainingTable, tmp_path: Any) -> None:
    churn.save(tmp_path)
    loaded = TrainingTable.load(tmp_path)
    pd.testing.assert_frame_equal(loaded.frame, churn.frame)
    assert (loaded.features, loaded.kpi_of, loaded.latest) == (churn.features, churn.kpi_of, churn.latest)
