"""What every predictor promises, tried on each that there is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from baton.errors import ArtefactError, BatonError, TableError, TooLittleDataError
from features.training.table import TrainingTable
from models.integrity.manifest import write_manifest
from models.integrity.model_file import model_file
from models.prediction.fitted_model import TreeModel
from models.prediction.predictor import load_predictor, predictor_class

SEED = 7
MakeTable = Callable[..., TrainingTable]


def features_of(table: TrainingTable) -> pd.DataFrame:
    return table.frame[list(table.features)]


def test_there_are_predictors_for_churn_decline_and_case_outcomes() -> None:
    names = [predictor_class(outcome).name for outcome in ("churn", "decline:team:csat", "driver:csat")]
    assert names == ["churn", "decline", "driver"]


def test_two_fits_predict_the_same(predictor: Any, kind: str, make_table: MakeTable) -> None:
    table = make_table()
    first, second = (predictor.fit(table, SEED).predict(features_of(table)) for _ in range(2))
    np.testing.assert_allclose(first, second, rtol=0, atol=1e-9)


def test_predictions_know_the_outcome_better_than_its_mean(predictor: Any, kind: str, make_table: MakeTable) -> None:
    fresh = make_table(seed=1)
    rows = fresh.labelled
    predicted = predictor.fit(make_table(seed=0), SEED).predict(rows[list(fresh.features)])
    error = np.mean((predicted - rows["label"]) ** 2)
    assert error < 0.9 * np.var(rows["label"])


def test_probabilities_lie_between_0_and_1(predictor: Any, kind: str, make_table: MakeTable) -> None:
    table = make_table()
    predicted = predictor.fit(table, SEED).predict(features_of(table))
    assert np.isfinite(predicted).all()
    assert kind == "number" or ((predicted > 0) & (predicted < 1)).all()


def test_what_is_saved_predicts_the_same_when_loaded(
    predictor: Any, kind: str, table: TrainingTable, fitted: Any, tmp_path: Path
) -> None:
    fitted.save(tmp_path)
    loaded = load_predictor(tmp_path)
    assert type(loaded) is predictor
    assert (loaded.outcome, loaded.kind, loaded.unit) == (table.outcome, kind, table.unit)
    assert loaded.kpi_of == dict(table.kpi_of)
    np.testing.assert_array_equal(loaded.predict(features_of(table)), fitted.predict(features_of(table)))
    pd.testing.assert_frame_equal(loaded.contributions(features_of(table)), fitted.contributions(features_of(table)))
    ours = {"predictor.json", "probe.json", "manifest.json"}
    assert {path.name for path in tmp_path.iterdir()} == {model_file(tmp_path).name} | ours


def test_contributions_add_up_to_the_raw_score(predictor: Any, kind: str, table: TrainingTable, fitted: Any) -> None:
    contributions = fitted.contributions(features_of(table))
    assert list(contributions.columns) == [*table.features, "bias"]
    np.testing.assert_allclose(contributions.sum(axis=1), fitted.raw(features_of(table)), rtol=0, atol=1e-6)
    assert contributions["csat__90d"].abs().mean() > 3 * contributions["noise"].abs().mean()


def test_contributions_are_those_of_shap(predictor: Any, kind: str, table: TrainingTable, fitted: Any) -> None:
    import shap

    sample = features_of(table).iloc[:25]
    if not isinstance(fitted.model, TreeModel):
        pytest.skip("linear and blended models are compared in tests/models/prediction")
    explained = shap.TreeExplainer(fitted.model.booster).shap_values(fitted.encoding.matrix(sample))
    np.testing.assert_allclose(fitted.contributions(sample)[list(table.features)], explained, rtol=0, atol=1e-6)


def test_calibration_keeps_the_order_of_scores(predictor: Any, kind: str, table: TrainingTable, fitted: Any) -> None:
    order = np.argsort(fitted.raw(features_of(table)))
    assert (np.diff(fitted.predict(features_of(table))[order]) >= 0).all()


def test_the_input_is_left_as_it_was(predictor: Any, kind: str, make_table: MakeTable) -> None:
    table = make_table()
    before = table.frame.copy(deep=True)
    fitted = predictor.fit(table, SEED)
    fitted.predict(features_of(table))
    fitted.contributions(features_of(table))
    pd.testing.assert_frame_equal(table.frame, before)


def test_rows_in_another_order_and_columns_too_get_the_same_predictions(
    predictor: Any, kind: str, table: TrainingTable, fitted: Any
) -> None:
    median = pd.Series(fitted.predict(features_of(table)), index=table.frame.index)
    turned = table.frame.iloc[::-1][list(table.features)[::-1]]
    np.testing.assert_array_equal(fitted.predict(turned), median.loc[turned.index])


def test_a_value_never_seen_counts_as_unknown(predictor: Any, kind: str, table: TrainingTable, fitted: Any) -> None:
    new = features_of(table).head(5).assign(segment=pd.Categorical(["moon"] * 5))
    unknown = new.assign(segment=pd.Categorical([None] * 5, categories=["home"]))
    np.testing.assert_array_equal(fitted.predict(new), fitted.predict(unknown))


def test_an_absent_feature_counts_as_unknown(predictor: Any, kind: str, table: TrainingTable, fitted: Any) -> None:
    absent = features_of(table).drop(columns="csat__90d")
    unknown = features_of(table).assign(csat__90d=np.nan)
    np.testing.assert_array_equal(fitted.predict(absent), fitted.predict(unknown))


def test_an_unknown_number_counts_as_a_usual_one_and_not_as_zero(
    predictor: Any, kind: str, make_table: MakeTable
) -> None:
    table = make_table()
    far = table.frame["csat__90d"] + 100
    fitted = predictor.fit(replace(table, frame=table.frame.assign(csat__90d=far)), SEED)
    rows = features_of(table).head(20)
    median = far[table.frame["label"].notna()].median()
    np.testing.assert_array_equal(
        fitted.predict(rows.assign(csat__90d=np.nan)), fitted.predict(rows.assign(csat__90d=median))
    )
    assert (fitted.predict(rows.assign(csat__90d=np.nan)) != fitted.predict(rows.assign(csat__90d=0.0))).any()


def test_a_feature_that_the_model_does_not_know_is_refused_by_name(
    predictor: Any, kind: str, make_table: MakeTable
) -> None:
    table = make_table()
    with pytest.raises(TableError, match="'csat__91d'.*did you mean 'csat__90d'"):
        predictor.fit(table, SEED).predict(features_of(table).assign(csat__91d=1.0))


def test_a_text_where_a_number_belongs_is_refused_by_name(predictor: Any, kind: str, make_table: MakeTable) -> None:
    table = make_table()
    with pytest.raises(TableError, match="'noise'.*numbers"):
        predictor.fit(table, SEED).predict(features_of(table).assign(noise="loud"))


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param({"noise": np.nan}, id="a column of nulls"),
        pytest.param({"noise": 4.0}, id="a constant"),
        pytest.param({"segment": pd.NA}, id="a category without values"),
        pytest.param({"csat__90d": 4.0, "csat__7d": np.nan, "noise": 1.0, "segment": "home"}, id="nothing that varies"),
    ],
)
def test_columns_that_say_nothing_do_no_harm(
    predictor: Any, kind: str, make_table: MakeTable, spoil: dict[str, Any]
) -> None:
    table = make_table()
    frame = table.frame.assign(**spoil)
    frame["segment"] = frame["segment"].astype("category")
    fitted = predictor.fit(replace(table, frame=frame), SEED)
    sample = frame[list(table.features)].head(7)
    contributions = fitted.contributions(sample)
    np.testing.assert_allclose(contributions.sum(axis=1), fitted.raw(sample), rtol=0, atol=1e-6)
    assert np.isfinite(fitted.predict(sample)).all()
    assert all(contributions[name].eq(0).all() for name in spoil)


def test_one_feature_is_enough(predictor: Any, kind: str, make_table: MakeTable) -> None:
    table = make_table(features=("csat__90d",))
    fitted = predictor.fit(table, SEED)
    low, high = fitted.predict(pd.DataFrame({"csat__90d": [-2.0, 2.0]}))
    assert low < high


def test_no_rows_give_no_predictions(predictor: Any, kind: str, table: TrainingTable, fitted: Any) -> None:
    none = features_of(table).head(0)
    assert fitted.predict(none).shape == (0,)
    assert list(fitted.contributions(none).columns) == [*table.features, "bias"]


def test_an_unknown_kind_of_outcome_is_refused(predictor: Any, kind: str, make_table: MakeTable) -> None:
    with pytest.raises(TableError, match="'ranking'"):
        predictor.fit(replace(make_table(), kind="ranking"), SEED)


def test_too_little_data_is_reported_and_what_is_missing(predictor: Any, kind: str, make_table: MakeTable) -> None:
    table = make_table()
    with pytest.raises(TooLittleDataError, match="30 rows with a known outcome, 50 are needed"):
        predictor.fit(replace(table, frame=table.labelled.head(30)), SEED)
    with pytest.raises(TooLittleDataError, match="2 independent units, 3 are needed"):
        predictor.fit(replace(table, frame=table.frame[table.frame["unit_id"].isin(["u00", "u01"])]), SEED)
    with pytest.raises(TooLittleDataError, match="the same in every row" if kind == "number" else "0 of 560 rows"):
        predictor.fit(replace(table, frame=table.frame.assign(label=table.frame["label"] * 0)), SEED)


def test_another_predictors_folder_is_refused(predictor: Any, kind: str, make_table: MakeTable, tmp_path: Path) -> None:
    predictor.fit(make_table(), SEED).save(tmp_path)
    described = (tmp_path / "predictor.json").read_text("utf-8")
    (tmp_path / "predictor.json").write_text(
        described.replace(f'"predictor": "{predictor.name}"', '"predictor": "weather"'), "utf-8"
    )
    write_manifest(tmp_path)
    with pytest.raises(ArtefactError):
        predictor.load(tmp_path)
    with pytest.raises(ArtefactError, match="weather"):
        load_predictor(tmp_path)


def test_a_damaged_model_is_refused_in_one_sentence(
    predictor: Any, kind: str, make_table: MakeTable, tmp_path: Path
) -> None:
    predictor.fit(make_table(), SEED).save(tmp_path)
    model = model_file(tmp_path)
    model.write_text(model.read_text("utf-8")[:200], "utf-8")
    with pytest.raises(BatonError, match="was changed after training.*train again"):
        predictor.load(tmp_path)
    write_manifest(tmp_path)
    with pytest.raises(BatonError, match="is damaged.*train again"):
        predictor.load(tmp_path)
