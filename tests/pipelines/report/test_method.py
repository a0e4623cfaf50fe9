"""The fold for analysts: what it says in Chinese, and values with their units."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from baton.catalogue.schema import Catalogue
from baton.company import Company
from baton.files import RunFolder
from pipelines.report.data.results import Results, read_results
from pipelines.report.sections.method import method_section


@pytest.fixture
def results(company: Company, catalogue: Catalogue, run_folder: Callable[..., RunFolder]) -> Results:
    return read_results(company, catalogue, run_folder())


def test_metrics_baselines_and_the_split_are_in_chinese(results: Results) -> None:
    (table,) = method_section(results).figures
    assert table.title.en == "Customers leaving: 4,000 rows tested (temporal, purge 90 days)"
    assert table.title.zh == "客户流失：检验 4,000 行（按时间划分，用较早的数据训练、较晚的数据检验）"
    assert [str(name.zh) for name in table.header] == [
        "预测方法",
        "AUC",
        "平均精度",
        "Brier",
        "对数损失",
        "ECE",
        "前 10% 提升倍数",
    ]
    assert [str(row[0].zh) for row in table.rows] == ["Baton", "平均发生率", "逻辑回归"]


def test_estimators_are_named_in_both_languages(results: Results) -> None:
    effects = method_section(results).effects
    assert effects is not None
    assert {(str(row[4].en), str(row[4].zh)) for row in effects.rows} == {("between people", "人员间比较")}


@pytest.mark.parametrize(
    ("kpi", "value", "en", "zh"),
    [
        ("first_contact_resolution", 0.694, "69%", "69%"),
        ("response_seconds", 22819.0, "6.3 h", "6.3 小时"),
        ("cost_per_case", 21.4, "EUR 21.40", "21.40 EUR"),
        ("cost_per_case", 1214.0, "EUR 1,210", "1,210 EUR"),
        ("csat", 3.66, "3.7", "3.7"),
        ("delay_days", 2.25, "2.2 days", "2.2 天"),
        ("tenure_days", 767.0, "767 days", "767 天"),
        ("attribute__seats", 12.0, "12", "12"),
    ],
)
def test_values_have_their_units(results: Results, kpi: str, value: float, en: str, zh: str) -> None:
    shown = results.measured(kpi, value)
    assert (str(shown.en), str(shown.zh)) == (en, zh)
