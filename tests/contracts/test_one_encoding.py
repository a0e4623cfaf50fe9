"""The same features give the same numbers, to the last bit, whichever way they come in and whatever is asked beside."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from baton.company import Company
from baton.errors import TableError
from baton.files import RunFolder
from features.training.table import KEYS, TrainingTable
from models.prediction.linear import fit_linear
from serving.access.principal import LOCAL
from serving.access.sight import Sight
from serving.answering.payloads import ChurnRequest
from serving.answering.predictions import answer_churn
from serving.loading import LoadedRun, Served
from serving.standing import Standing

NUMBER = st.none() | st.floats(-3, 3)
ROW = st.fixed_dictionaries(
    {},
    optional={
        "csat__90d": NUMBER,
        "csat__7d": NUMBER,
        "noise": NUMBER,
        "segment": st.sampled_from([None, "home", "firm", "小店", "never seen"]),
    },
)
ROWS = st.lists(ROW, min_size=1, max_size=5)
TRIED = settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


@pytest.fixture(params=["as fitted", "linear"])
def either(request: pytest.FixtureRequest, kind: str, table: TrainingTable, fitted: Any) -> Any:
    """The predictor as it was fitted, and with a linear model in the place of its own."""
    if request.param == "as fitted":
        return fitted
    if kind == "number":
        pytest.skip("linear models are of probabilities")
    rows = table.labelled
    matrix, label = fitted.encoding.matrix(rows[list(table.features)]), rows["label"].to_numpy(dtype=np.float64)
    model = fit_linear(matrix, label, categorical=fitted.encoding.categorical, weight=0.1)
    return replace(fitted, model=model)


def as_table(rows: list[dict[str, Any]], names: tuple[str, ...]) -> pd.DataFrame:
    numbers = {name: np.array([row.get(name) for row in rows], dtype=np.float64) for name in names if name != "segment"}
    return pd.DataFrame({**numbers, "segment": pd.Categorical([row.get("segment") for row in rows])})


def served(predictor: Any) -> LoadedRun:
    outcome = Served(
        "churn", Standing("churn/1", "churn/1"), predictor, None, pd.DataFrame(index=pd.Index([], dtype="str"))
    )
    return LoadedRun(Company(path=Path("company.toml")), RunFolder(Path("out")), {"churn": outcome})


def test_training_knew_every_number_so_that_medians_stand_in(predictor: Any, kind: str, fitted: Any) -> None:
    assert set(fitted.encoding.medians) == {"csat__90d", "csat__7d", "noise"}


@pytest.mark.parametrize("name", KEYS)
def test_what_a_table_has_beside_its_features_is_no_feature(predictor: Any, kind: str, fitted: Any, name: str) -> None:
    with pytest.raises(TableError, match=f"feature '{name}': the model was trained without it"):
        fitted.predict([{"csat__7d": 1.0, name: 1.0}])
    assert fitted.predict(pd.DataFrame({"csat__7d": [1.0], name: [1.0]})) == fitted.predict([{"csat__7d": 1.0}])


def test_any_subset_of_features_predicts_the_same_by_every_way_in(predictor: Any, kind: str, either: Any) -> None:
    @TRIED
    @given(rows=ROWS)
    def agree(rows: list[dict[str, Any]]) -> None:
        batch = either.predict(as_table(rows, either.encoding.features)).tolist()
        whole = [{name: row.get(name) for name in either.encoding.features} for row in rows]
        assert either.predict(rows).tolist() == batch
        assert either.predict(whole).tolist() == batch
        assert [float(either.predict([row])[0]) for row in rows] == batch
        by_name = either.contributions(rows)
        pd.testing.assert_frame_equal(
            by_name, either.contributions(as_table(rows, either.encoding.features)), check_exact=True
        )

    agree()


def test_the_service_answers_the_same_explained_or_not_alone_or_in_a_batch(
    predictor: Any, kind: str, either: Any
) -> None:
    if kind == "number":
        pytest.skip("the service answers probabilities")
    run = served(either)

    def answered(rows: list[dict[str, Any]], explain: bool) -> list[float]:
        request = ChurnRequest.model_validate({"rows": [{"features": row} for row in rows], "explain": explain})
        return [row["probability"] for row in answer_churn(run, request, Sight(LOCAL, run.members, 5))["rows"]]

    @TRIED
    @given(rows=ROWS)
    def agree(rows: list[dict[str, Any]]) -> None:
        batch = either.predict(as_table(rows, either.encoding.features)).tolist()
        assert answered(rows, explain=False) == batch
        assert answered(rows, explain=True) == batch
        assert [answered([row], explain=explain)[0] for row in rows for explain in (False, True)] == [
            value for value in batch for _ in range(2)
        ]

    agree()
