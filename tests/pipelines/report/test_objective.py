"""What the advice serves, and what outcomes are called."""

from __future__ import annotations

import pandas as pd
import pytest

from baton.catalogue.load import load_catalogue
from baton.company import Company
from pipelines.report.data.objective import objective_of, outcome_name
from pipelines.report.data.results import Results


@pytest.fixture
def priced() -> Results:
    """Poor ratings are an outcome, and recommendations have a price beside them."""
    settings = {
        "company": {"name": "Priced", "currency": "EUR"},
        "outcomes": {"case": {"metric": "csat", "low": 2}},
        "policy": {"worth": {"csat": 8, "nps": 1}},
    }
    company = Company.model_validate(settings)
    return Results(company, load_catalogue(company))


def test_only_the_outcome_that_has_a_threshold_is_called_poor(priced: Results) -> None:
    assert "2 or" in outcome_name(priced, "driver:csat").en
    assert outcome_name(priced, "driver:nps").en == "Net promoter score per case"


@pytest.mark.parametrize(
    ("outcome", "kind", "factor"), [("driver:csat", "low", -1000.0), ("driver:nps", "number", 1.0)]
)
def test_effects_are_counted_per_1000_cases_only_where_the_outcome_has_a_threshold(
    priced: Results, outcome: str, kind: str, factor: float
) -> None:
    priced.tables["effects"] = pd.DataFrame({"outcome": [outcome], "effect": [0.5]})
    found = objective_of(priced)
    assert found is not None
    assert (found.kind, found.factor) == (kind, factor)
