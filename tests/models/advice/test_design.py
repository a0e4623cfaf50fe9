"""What effects are estimated beside: the handler's time in the company, where it is known."""

from __future__ import annotations

import pandas as pd
import pytest

from models.effects.estimators.design import tenure_bands

CASES = pd.DataFrame(
    {
        "employee_id": ["E1", "E2", "E1"],
        "opened_at": pd.to_datetime(["2024-01-10", "2024-06-01", "2026-01-01"]),
    }
)


@pytest.mark.parametrize("hired", [[], [None, None]])
def test_a_company_that_does_not_know_when_people_were_hired_has_no_tenure(hired: list[None]) -> None:
    people = pd.DataFrame({"employee_id": ["E1", "E2"][: len(hired)], "hired_at": pd.to_datetime(pd.Series(hired))})
    assert tenure_bands(CASES, people).shape == (3, 0)


def test_tenure_is_told_apart_where_it_is_known() -> None:
    people = pd.DataFrame({"employee_id": ["E1", "E2"], "hired_at": pd.to_datetime(["2024-01-01", "2010-01-01"])})
    bands = tenure_bands(CASES, people)
    assert bands.shape[1] > 0
    assert not (bands[0] == bands[2]).all()
