"""The leak audit flags what was written after the fact, and leaves honest features alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from baton.catalogue.schema import Catalogue
from baton.company import Company
from baton.errors import LeakError
from features.training.attributes import as_feature, is_free_text
from features.training.leaks import audit, refuse
from features.training.table import TrainingTable

ROWS = 3000
NO_KPIS = Catalogue((), ())


def table_of(
    columns: dict[str, Any], label: Any, kind: Any = "probability", beside: tuple[str, ...] = ()
) -> TrainingTable:
    rows = [str(number) for number in range(len(label))]
    keys = {"unit_id": rows, "as_of": pd.NaT, "label": np.asarray(label, dtype="float64"), "group": rows}
    frame = pd.DataFrame({**keys, **columns})
    features = tuple(name for name in columns if name not in beside)
    return TrainingTable("churn", kind, "customer", frame, features, {}, None, temporal=False)


@pytest.fixture(scope="module")
def outcome() -> Any:
    return (np.random.default_rng(1).random(ROWS) < 0.2).astype("float64")


def flagged(columns: dict[str, Any], label: Any, **details: Any) -> list[str]:
    return [leak.feature for leak in audit(table_of(columns, label, **details))]


def test_a_score_written_after_the_fact_is_flagged_and_an_honest_one_is_not(outcome: Any) -> None:
    noise = np.random.default_rng(2).normal(size=ROWS)
    columns = {"score": 60 + 30 * outcome + 8 * noise, "honest": outcome + noise}
    assert flagged(columns, outcome) == ["score"]


def test_a_column_filled_in_for_leavers_alone_is_flagged(outcome: Any) -> None:
    reason = pd.Series(np.where(outcome == 1, "price", None)).astype("category")
    assert flagged({"reason": reason, "date": np.where(outcome == 1, 7.0, np.nan)}, outcome) == ["reason", "date"]


def test_a_column_whose_middle_shows_the_outcome_is_flagged(outcome: Any) -> None:
    noise = np.random.default_rng(3).normal(size=ROWS)
    assert flagged({"bent": np.where(outcome == 1, 1.0, 3.0) * noise}, outcome) == []
    sides = np.where(noise > 0, 5.0, -5.0)
    assert flagged({"bent": np.where(outcome == 1, 0.1 * noise, sides)}, outcome) == ["bent"]


def test_ids_do_not_show_the_outcome_of_others(outcome: Any) -> None:
    """In-sample, a category per row would give everything away."""
    ids = pd.Series([f"id{number}" for number in range(ROWS)]).astype("category")
    assert flagged({"id": ids}, outcome) == []


def test_texts_beside_the_features_are_judged_by_their_words(outcome: Any) -> None:
    rng = np.random.default_rng(4)
    words = [["thanks a lot", "很好"], ["never again, refund", "太差了退款"]]
    texts = [f"{words[int(label)][rng.integers(2)]} {number}" for number, label in enumerate(outcome)]
    remarks = pd.Series(texts).where(rng.random(ROWS) < 0.5)
    neutral = pd.Series([f"order {number} {rng.integers(50)}" for number in range(ROWS)])
    columns = {"remarks": remarks, "neutral": neutral}
    assert flagged(columns, outcome, beside=("remarks", "neutral")) == ["remarks"]


def test_a_number_as_outcome_is_judged_by_its_variance() -> None:
    rng = np.random.default_rng(5)
    rating = rng.normal(size=ROWS)
    columns = {"copy": rating * 10 + 0.5 * rng.normal(size=ROWS), "honest": rating + rng.normal(size=ROWS)}
    assert flagged(columns, rating, kind="number") == ["copy"]


def test_the_run_stops_unless_the_company_accepts_the_leak_by_name(outcome: Any) -> None:
    table = table_of({"score": outcome * 2, "flag": outcome}, outcome)
    with pytest.raises(LeakError, match=r'\[accept\] leaks = \["flag"\]') as refused:
        refuse(Company.model_validate({"accept": {"leaks": ["score"]}}), NO_KPIS, table)
    assert "score" not in str(refused.value)
    refuse(Company.model_validate({"accept": {"leaks": ["score", "flag"]}}), NO_KPIS, table)


def test_the_public_telecom_set_leaks_where_its_reference_says(real_data: Path) -> None:
    frame = pd.read_csv(real_data / "telco" / "telco_customer_churn.csv")
    label = (frame.pop("Churn Label") == "Yes").astype("float64")
    columns = {name: frame[name] if is_free_text(frame[name]) else as_feature(frame[name]) for name in frame}
    assert set(flagged(columns, label)) == {"Churn Score", "Churn Value", "Churn Reason"}


def test_the_public_telecom_sets_satisfaction_score_is_flagged(real_data: Path) -> None:
    frame = pd.read_csv(real_data / "telco" / "telco_status.csv")
    label = (frame["Churn Label"] == "Yes").astype("float64")
    columns = {name: as_feature(frame[name]) for name in ("Satisfaction Score", "CLTV")}
    assert flagged(columns, label) == ["Satisfaction Score"]


def test_remarks_written_with_the_rating_are_flagged(real_data: Path) -> None:
    frame = pd.read_csv(real_data / "csat" / "customer_support.csv")
    frame = frame[frame["CSAT Score"].notna()].reset_index(drop=True)
    label = (frame["CSAT Score"] <= 2).astype("float64")
    columns = {"remarks": frame["Customer Remarks"], "tenure": as_feature(frame["Tenure Bucket"])}
    assert flagged(columns, label, beside=("remarks",)) == ["remarks"]


@pytest.mark.parametrize(("rule", "kept"), [("inactive", True), ("left_at", False)])
def test_silence_that_goes_on_is_no_leak_and_is_reported(outcome: Any, make_kpi: Any, rule: str, kept: bool) -> None:
    kpis = Catalogue((make_kpi("active_days", source="activity", expr="value", role="outcome"),), ())
    company = Company.model_validate({"outcomes": {"churn": {"rule": rule}}})
    silent = table_of({"active_days__30d": 1 - outcome, "usage": outcome * 0}, outcome)
    silent = replace(silent, kpi_of={"active_days__30d": "active_days"}, temporal=True)
    if kept:
        (note,) = refuse(company, kpis, silent)
        assert note.text.startswith(
            "churn: active_days__30d alone tells the outcome (AUC 1.000): customers who have been"
        )
        # a column of the company's own is judged as ever
        with pytest.raises(LeakError, match="usage"):
            refuse(company, kpis, table_of({"usage": outcome}, outcome))
    else:
        with pytest.raises(LeakError, match="active_days__30d"):
            refuse(company, kpis, silent)
