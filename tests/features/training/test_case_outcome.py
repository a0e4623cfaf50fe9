"""Training tables of drivers: a case's row holds what was known when it was closed, and no more."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pandas as pd
import pytest

from baton.catalogue.schema import CONTEXT, Catalogue
from baton.company import Company
from baton.errors import CompanyFileError
from features.kpis import evaluate as metrics
from features.training import build as matrix
from features.training.table import TrainingTable

START = datetime(2024, 1, 1)


def company(**settings: Any) -> Company:
    details = {"snapshots": {"windows_days": [7, 30]}, "outcomes": {"case": {"metric": "csat", "low": 2} | settings}}
    return Company.model_validate(details)


@pytest.fixture(scope="module")
def warehouse(make_warehouse: Any) -> Any:
    cases = []
    for number in range(200):
        opened = START + timedelta(hours=7 * number)
        rated = number % 2 == 0
        rated_hours = 10 if number == 10 else 40  # one was rated in the moment it was closed
        cases.append(
            {
                "case_id": f"k{number}", "opened_at": opened, "responded_at": opened + timedelta(hours=number % 5),
                "closed_at": opened + timedelta(hours=10), "rated_at": opened + timedelta(hours=rated_hours) if rated else None,
                "csat": float(1 + number % 4) if rated else None, "nps": 9.0, "handle_seconds": 10.0 * number,
                "employee_id": f"e{number % 4}", "team_id": f"t{number % 2}", "stage": "use", "process": "billing",
                "text": f"text {number}", "shift": "night" if number % 3 else "day",
                "customer_id": None if number else "c0",  # rows of two people alone could not be learned
            }
        )  # fmt: skip
    people = [
        {"employee_id": f"e{number}", "team_id": "t0", "hired_at": datetime(2023, 1, 1), "band": "new", "gender": "f",
         "age_group": "old"}
        for number in range(4)
    ]  # fmt: skip
    return make_warehouse({"cases": cases, "employees": people})


@pytest.fixture(scope="module")
def catalogue(make_kpi: Any) -> Catalogue:
    return Catalogue(
        (
            make_kpi("csat", expr="csat", role="outcome", better="higher"),
            make_kpi("low_rating", expr="csat <= 2", role="outcome"),
            make_kpi("nps", expr="nps", role="outcome"),
            make_kpi("answer", expr="date_diff('second', opened_at, responded_at)"),
            make_kpi("handling", expr="handle_seconds"),
        ),
        (),
    )


@pytest.fixture(scope="module")
def rated(warehouse: Any, catalogue: Catalogue) -> TrainingTable:
    return matrix.build(company(), catalogue, warehouse).tables["driver:csat"]


def test_the_label_is_a_low_rating_and_unrated_cases_have_none(rated: TrainingTable) -> None:
    labels = rated.frame.set_index("unit_id")["label"]
    assert (labels["k0"], labels["k2"]) == (1, 0)
    assert pd.isna(labels["k199"])
    assert (rated.kind, rated.unit, rated.baseline) == ("probability", "case", "csat__handler_30d")


def test_without_a_limit_the_number_itself_is_the_outcome(warehouse: Any, catalogue: Catalogue) -> None:
    table = matrix.build(company(low=None), catalogue, warehouse).tables["driver:csat"]
    assert table.kind == "number"
    assert set(table.labelled["label"]) == {1, 3}


def test_nothing_that_was_written_with_the_rating_is_a_feature(rated: TrainingTable) -> None:
    own = {name for name in rated.features if name.endswith("__case")}
    assert own == {"answer__case", "handling__case"}
    assert not {name for name in rated.frame if "text" in name}


def test_unrated_cases_outside_the_latest_window_are_left_out(rated: TrainingTable) -> None:
    unrated = rated.frame[rated.frame["label"].isna()]
    assert (unrated["as_of"] > rated.latest - timedelta(days=30)).all()
    assert len(rated.labelled) == 100


def test_the_handlers_figures_are_those_of_the_last_look_before_the_case_was_opened(
    rated: TrainingTable, warehouse: Any, catalogue: Catalogue
) -> None:
    row = rated.frame.set_index("unit_id").loc["k100"]
    midnight = (START + timedelta(hours=700)).replace(hour=0)
    people = metrics.evaluate(
        warehouse, [catalogue["csat"], catalogue["handling"]], "employee", [midnight], [7, 30]
    ).to_pandas()
    expected = people.set_index("unit_id").loc["e0"]
    assert row["csat__handler_30d"] == pytest.approx(expected["csat__30d"], rel=1e-6)
    assert row["handling__handler_7d"] == pytest.approx(expected["handling__7d"], rel=1e-6)
    teams = metrics.evaluate(warehouse, [catalogue["csat"]], "team", [midnight], [30]).to_pandas().set_index("unit_id")
    assert row["csat__team_30d"] == pytest.approx(teams.loc["t0", "csat__30d"], rel=1e-6)


def test_context_is_what_stood_beside_the_case_and_no_proxy_of_protected_attributes(rated: TrainingTable) -> None:
    context = {name for name, kpi in rated.kpi_of.items() if kpi == CONTEXT}
    assert {
        "hour",
        "weekday",
        "process",
        "stage",
        "attribute__shift",
        "employee__band",
        "employee__tenure_days",
    } == context
    assert rated.frame.set_index("unit_id").loc["k2", "hour"] == 14


def test_a_metric_without_a_value_per_case_is_refused(warehouse: Any, make_kpi: Any) -> None:
    catalogue = Catalogue((make_kpi("csat", expr="case_id", aggregate="count"),), ())
    with pytest.raises(CompanyFileError, match="no value per case"):
        matrix.build(company(), catalogue, warehouse)
