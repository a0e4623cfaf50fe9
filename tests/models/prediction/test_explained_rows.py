"""Which rows stand in the sample by which predictions are explained."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from features.training.table import TrainingTable
from models.prediction.explained_rows import MAX_ROWS, MIN_ROWS, explained_rows


def explained(count: int, unit: str = "customer", min_group: int = 5) -> pd.DataFrame:
    table = TrainingTable("churn", "probability", unit, pd.DataFrame(), (), {}, None)
    prediction = np.linspace(1, 0, count)
    summed = pd.DataFrame({"csat": prediction - 0.5, "plan": 0.25, "bias": -1.0})
    values = pd.DataFrame({"csat": np.where(np.arange(count) % 2, np.inf, 4.0), "plan": ["fibre"] * count})
    return explained_rows(table, summed, values, prediction, min_group)


def test_rows_are_taken_evenly_from_the_lowest_to_the_highest_prediction() -> None:
    found = explained(10 * MAX_ROWS)
    rows = found.drop_duplicates("row")
    assert len(rows) == MAX_ROWS
    assert np.diff(rows["prediction"]) == pytest.approx(1 / (MAX_ROWS - 1), abs=1e-3)
    assert (rows["prediction"].min(), rows["prediction"].max()) == (0, 1)


def test_each_row_has_every_kpi_with_its_value_or_its_word() -> None:
    found = explained(MIN_ROWS)
    last = found[found["row"] == MIN_ROWS - 1].set_index("kpi")  # the first of the table
    assert last["attribution"].to_dict() == {"csat": 0.5, "plan": 0.25}
    assert (last.loc["csat", "value"], last.loc["plan", "label"], last.loc["csat", "bias"]) == (4, "fibre", -1)
    assert pd.isna(last.loc["plan", "value"]) and pd.isna(last.loc["csat", "label"])
    assert not np.isinf(found["value"].astype(float)).any()


@pytest.mark.parametrize(
    ("count", "unit", "min_group"),
    [(MIN_ROWS - 1, "customer", 5), (50, "customer", 51), (500, "employee", 5), (500, "team", 5)],
    ids=["too few", "under the group", "employees", "teams"],
)
def test_nothing_is_kept_of_few_rows_or_of_people(count: int, unit: str, min_group: int) -> None:
    assert explained(count, unit, min_group).empty
