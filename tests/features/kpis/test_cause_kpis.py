"""Causes become KPIs: which of them, under which names, and what a case without a clear text counts as."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from baton.catalogue.load import load_catalogue
from baton.catalogue.schema import Catalogue, Text
from baton.company import Company, load_company
from features.kpis import evaluate as metrics
from features.kpis.cause_kpis import (
    CauseKpi,
    cause_codes,
    cause_kpis,
    learned_features,
    load_causes,
    longest_only,
    save_causes,
    with_causes,
)
from features.kpis.cause_recency import dated_causes, with_recency
from features.kpis.known_at import known_at
from features.kpis.sampling import Spare
from features.staging import stage as staging
from features.training.attributes import attribute_columns

CASES = """case_id,customer_id,opened_at,closed_at,team_id,text
a,k1,2024-03-01,2024-03-02,north,late again
b,k1,2024-03-05,2024-03-06,north,wrong bill
c,k1,2024-03-09,2024-03-20,south,no idea
d,k2,2024-03-11,2024-03-12,south,late
"""
CAUSES = pa.table({"case_id": ["d", "b", "a"], "text_cause": ["late", "billing", "late"]})  # c: could not be classified
KPIS = [CauseKpi("late", "Late", "Late", "晚到"), CauseKpi("billing", "Billing", "Billing", "账单")]


def plain(cause: str) -> tuple[Text, str]:
    return Text(en=cause, zh=cause), "use"


@pytest.fixture
def company(tmp_path: Path) -> Company:
    (tmp_path / "cases.csv").write_text(CASES, encoding="utf-8")
    (tmp_path / "company.toml").write_text('[tables]\ncases = { path = "cases.csv" }\n', encoding="utf-8")
    return load_company(tmp_path)


@pytest.fixture
def staged(company: Company, tmp_path: Path) -> Path:
    staging.stage(company, load_catalogue(company), tmp_path / "staged")
    staging.with_text_causes(tmp_path / "staged", CAUSES, tmp_path / "cases.parquet")
    return tmp_path


def test_the_cases_keep_their_order_and_columns_beside_their_causes(staged: Path) -> None:
    before, after = (pd.read_parquet(staged / name) for name in ("staged/cases.parquet", "cases.parquet"))
    pd.testing.assert_frame_equal(after.drop(columns="text_cause"), before)
    assert after["text_cause"].fillna("").tolist() == ["late", "billing", "", "late"]


def test_a_share_counts_only_cases_whose_text_could_be_classified(staged: Path, company: Company) -> None:
    catalogue = with_causes(load_catalogue(company), KPIS)
    warehouse = staging.open_warehouse(staged / "staged", cases=staged / "cases.parquet")
    kpis = [catalogue["cause_late"], catalogue["cause_billing"]]
    assert metrics.available(warehouse, kpis, "customer") == kpis
    found = metrics.evaluate(warehouse, kpis, "customer", [datetime(2024, 3, 31)], [40]).to_pandas()
    first = found.set_index("unit_id").loc["k1"]
    assert (first["cause_late__40d"], first["cause_billing__40d"], first["cause_late__n"]) == (0.5, 0.5, 2)
    teams = metrics.evaluate(warehouse, kpis, "team", [datetime(2024, 3, 31)], [40]).to_pandas().set_index("unit_id")
    assert teams["cause_late__40d"].to_dict() == {"north": 0.5, "south": 1.0}


def test_of_a_cause_the_longest_window_alone_is_computed_and_other_kpis_keep_theirs(
    staged: Path, company: Company
) -> None:
    catalogue = with_causes(load_catalogue(company), KPIS)
    warehouse = staging.open_warehouse(staged / "staged", cases=staged / "cases.parquet")
    kpis = [catalogue["cause_late"], catalogue["contacts_per_customer"], catalogue["cause_billing"]]
    brief, moments = longest_only(kpis), [datetime(2024, 3, 9), datetime(2024, 3, 31)]
    assert brief == {"cause_late", "cause_billing"}
    whole, found = (
        metrics.evaluate(warehouse, kpis, "customer", moments, [20, 3], spare=Spare(longest_only=only))
        .to_pandas()
        .sort_values(["unit_id", "as_of"], ignore_index=True)
        for only in ((), brief)
    )
    kept = [
        name
        for name in whole
        if name.endswith(("_id", "_of", "20d", "__n")) or name.startswith("contacts_per_customer")
    ]
    assert sorted(kept) == sorted(found.columns) and len(kept) < len(whole.columns)
    pd.testing.assert_frame_equal(found[kept], whole[kept])
    assert [learned_features(kpi, [20, 3]) for kpi in kpis[:2]] == [
        ("cause_late__20d",),
        tuple(metrics.feature_names("contacts_per_customer", [20, 3])),
    ]


def test_a_cause_counts_from_when_the_case_was_opened_not_from_its_closing(staged: Path, company: Company) -> None:
    catalogue = with_causes(load_catalogue(company), KPIS)
    assert known_at(catalogue["cause_late"]).column == "opened_at"
    warehouse = staging.open_warehouse(staged / "staged", cases=staged / "cases.parquet")
    early = metrics.evaluate(warehouse, [catalogue["cause_late"]], "customer", [datetime(2024, 3, 1, 12)], [30])
    assert early.to_pandas().set_index("unit_id")["cause_late__30d"].to_dict() == {"k1": 1.0}


def test_without_causes_the_cases_are_as_they_were_and_no_cause_can_be_computed(staged: Path, company: Company) -> None:
    warehouse = staging.open_warehouse(staged / "staged")
    catalogue = with_causes(load_catalogue(company), KPIS)
    assert metrics.available(warehouse, [catalogue["cause_late"]], "customer") == []


def test_a_cause_is_no_attribute_of_its_case(staged: Path, company: Company) -> None:
    warehouse = staging.open_warehouse(staged / "staged", cases=staged / "cases.parquet")
    assert "text_cause" not in attribute_columns(company, warehouse, "cases")


def test_rare_causes_are_counted_together_and_the_most_frequent_come_first() -> None:
    named = pd.Series(["Late"] * 50 + ["Bill"] * 60 + [f"rare {n % 7}" for n in range(21)] + [None] * 500)
    found = cause_kpis(named, plain)
    assert [one.kpi for one in found] == ["cause_bill", "cause_late", "cause_other"]
    assert cause_codes(named, found).value_counts().to_dict() == {"bill": 60, "late": 50, "other": 21}
    assert cause_codes(named, found).isna().sum() == 500


def test_at_most_fifteen_causes_and_the_rest_become_kpis() -> None:
    named = pd.Series([f"cause {n:02d}" for n in range(20) for _ in range(31)])
    assert len(cause_kpis(named, plain)) == 16


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (("Late", "late"), ["cause_late", "cause_c_"]),  # two labels, one code
        (("o'clock; DROP TABLE cases", "x"), ["cause_oclock_drop_table_cases", "cause_x"]),
        (("投诉", "2nd bill"), ["cause_c_", "cause_c_"]),  # not sayable as an id
    ],
)
def test_every_label_gets_an_id_of_its_own(labels: tuple[str, str], expected: list[str]) -> None:
    found = cause_kpis(pd.Series([labels[0]] * 40 + [labels[1]] * 35), plain)
    assert all(one.kpi.startswith(start) for one, start in zip(found, expected, strict=True))
    assert len({one.kpi for one in found}) == 2


def test_a_kpi_of_the_company_keeps_its_id() -> None:
    found = cause_kpis(pd.Series(["late"] * 40), plain, taken=["cause_late"])
    assert found[0].kpi != "cause_late"
    assert found[0].cause == "late"


def test_causes_are_outcomes_which_no_weight_follows(company: Company) -> None:
    catalogue: Catalogue = with_causes(load_catalogue(company), KPIS)
    added = [catalogue[one.kpi] for one in KPIS]
    assert {kpi.role for kpi in added} == {"outcome"}
    assert "employee" not in added[0].grains


def test_causes_are_read_as_they_were_written(tmp_path: Path) -> None:
    save_causes(tmp_path / "causes.json", KPIS)
    assert load_causes(tmp_path / "causes.json") == KPIS
    assert load_causes(tmp_path / "nowhere.json") == []


def test_recency_counts_days_since_the_last_case_of_a_cause_and_never_looks_ahead(
    staged: Path, company: Company
) -> None:
    import ibis

    catalogue = with_causes(load_catalogue(company), KPIS)
    warehouse = staging.open_warehouse(staged / "staged", cases=staged / "cases.parquet")
    causes = dated_causes(warehouse, [kpi for kpi in catalogue.values() if kpi.source == "cases"])
    moments = [datetime(2024, 3, 4), datetime(2024, 3, 15), datetime(2025, 6, 1)]
    rows = ibis.memtable(pa.table({"customer_id": ["k1"] * 3, "as_of": pa.array(moments, pa.timestamp("us"))}))
    found = with_recency(warehouse, rows, causes).to_pyarrow().to_pandas().sort_values("as_of")
    assert found["cause_late__since_days"].fillna(-1).tolist() == [3.0, 14.0, -1.0]
    assert found["cause_billing__since_days"].fillna(-1).tolist() == [-1.0, 10.0, -1.0]
    assert with_recency(warehouse, rows, []) is rows


def test_a_text_written_with_the_rating_counts_from_the_rating_and_is_not_dated(staged: Path, company: Company) -> None:
    named = cause_kpis(pd.Series(["late"] * 40), plain, known_at="rated_at")
    catalogue = with_causes(load_catalogue(company), named)
    assert known_at(catalogue["cause_late"]).column == "rated_at"
    warehouse = staging.open_warehouse(staged / "staged", cases=staged / "cases.parquet")
    assert dated_causes(warehouse, [catalogue["cause_late"]]) == []
