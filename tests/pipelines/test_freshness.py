"""What data mean has a digest of its own: the mapping and the definitions, not where files lie."""

from __future__ import annotations

from typing import Any

import pytest

from baton.catalogue.load import load_catalogue
from baton.company import Company
from pipelines.freshness import meaning_digest

PLAIN: dict[str, Any] = {
    "tables": {"activity": {"path": "a.csv"}, "customers": {"path": "c.csv"}},
    "outcomes": {"churn": {"rule": "inactive"}},
}


def meaning(changes: dict[str, Any], scales: dict[str, Any] | None = None) -> str:
    company = Company.model_validate({**PLAIN, **changes})
    return meaning_digest(company, load_catalogue(company), scales or {})


@pytest.mark.parametrize(
    "changes",
    [
        {"tables": {**PLAIN["tables"], "activity": {"path": "a.csv", "sql": "select * from raw where kind = 'use'"}}},
        {"tables": {**PLAIN["tables"], "activity": {"path": "a.csv", "timezone": "Asia/Shanghai"}}},
        {"tables": {**PLAIN["tables"], "activity": {"path": "a.csv", "day_first": True}}},
        {"outcomes": {"churn": {"rule": "inactive", "inactive_days": 30}}},
        {"snapshots": {"windows_days": [30]}},
        {"snapshots": {"horizon_days": 30}},
        {"kpis": {"presets": ["b2b"]}},
    ],
)
def test_a_mapping_or_a_setting_that_changes_the_meaning_changes_its_digest(changes: dict[str, Any]) -> None:
    assert meaning(changes) != meaning({})


def test_scales_of_ratings_change_the_meaning() -> None:
    assert meaning({}, {"cases": {"csat": [1, 7]}}) != meaning({}, {"cases": {"csat": [1, 5]}})


def test_where_files_lie_and_until_when_they_were_observed_changes_nothing() -> None:
    moved = {"activity": {"path": "b.csv", "observed_until": "2026-01-01"}, "customers": {"path": "x/c.csv"}}
    assert meaning({"tables": moved}) == meaning({})
    assert meaning({"policy": {"step": 1}, "company": {"name": "Other"}}) == meaning({})
