"""The list of customers to call says where a chance is hardly known, and who is unlike anybody learned from."""

from __future__ import annotations

import pandas as pd

from baton.catalogue.load import load_catalogue
from baton.company import Company
from pipelines.report.data.results import Results
from pipelines.report.sections.customers import top_customers


def listed(**columns: list[object]) -> tuple[list[str], list[str], str]:
    """Chances, signs and the note of three customers."""
    churn = pd.DataFrame({"customer_id": ["a", "b", "c"], "probability": [0.5, 0.4, 0.3], "drivers": [[], [], []]})
    churn = churn.assign(as_of=pd.Timestamp("2026-01-01"), **columns)
    found = top_customers(Results(Company(), load_catalogue(Company()), tables={"churn": churn}))
    assert found is not None
    return [str(row[1].en) for row in found[3]], [str(row[2].en) for row in found[3]], str(found[1].en)


def test_a_range_stands_beside_a_chance_only_where_it_is_wide() -> None:
    ends = {"probability_low": [0.3, 0.38, None], "probability_high": [0.7, 0.42, None]}
    chances, _, note = listed(**ends)
    assert chances == ["50% (30% to 70%)", "40%", "30%"]
    assert "with 90% certainty" in note


def test_without_a_wide_range_nothing_is_said_of_ranges() -> None:
    for ends in ({}, {"probability_low": [0.45, 0.38, 0.29], "probability_high": [0.55, 0.42, 0.31]}):
        chances, _, note = listed(**ends)
        assert chances == ["50%", "40%", "30%"]
        assert "certainty" not in note


def test_a_customer_unlike_any_learned_from_is_marked_with_what_is_unlike() -> None:
    _, signs, _ = listed(unlike=[["response_seconds", "attribute__plan"], [], None])
    assert signs[0] == (
        "none. Unlike any customer learned from in Response time and plan: check before relying on the chance"
    )
    assert signs[1:] == ["none", "none"]
