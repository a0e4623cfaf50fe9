"""Causes as a page: what the report says, as data and in both languages; without texts, which table would bring them."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest

from serving.access.principal import Principal
from serving.access.sight import Sight
from serving.pages.asked import Asked, Shown
from serving.pages.causes.page import show_causes
from serving.pages.frame import page_response
from serving.pages.reading.of_run import OfRun
from tests.serving.pages.conftest import Browser
from tests.serving.pages.test_customers import run_of

PRICES = {"cases": 10, "customers": 9, "expected_leavers": 2.0, "value_at_risk": 5000.0}
WIDTHS = {f"{name}_{end}": PRICES[name] for name in ("expected_leavers", "value_at_risk") for end in ("low", "high")}


def page_of(run: Any, language: str = "en") -> str:
    read = OfRun(run)
    kept = SimpleNamespace(since=lambda number: None, of_cases=dict)
    of: Any = SimpleNamespace(
        read=lambda: read, sight=lambda who, run: Sight(who, run.members, 5), named=str, corrections=kept
    )
    asked = Asked(Principal("ana", "analyst"), "/pages/causes", language=language)  # type: ignore[arg-type]
    shown = show_causes(asked, of)
    assert isinstance(shown, Shown)
    return bytes(page_response(asked, shown, is_set_up=True).body).decode()


def run_with_causes(tmp_path: Any, evaluation: dict[str, Any] | None = None) -> Any:
    answers = {"case_id": [f"k{n}" for n in range(30)], "cause": ["<i>late"] * 30, "abstained": [False] * 30}
    trends = {
        "level": "company", "unit_id": "", "cause": "<i>late", "n": 7, "texts": 10, "share": 0.7, "growth": None,
        "growth_low": None, "growth_high": None, "growing": False,
    }  # fmt: skip
    months = pa.Table.from_pylist([{**trends, "month": date(2025, m, 1)} for m in (1, 2, 3)])
    tables = {
        "root_causes": pa.table(answers),
        "cause_trends": months,
        "cause_prices": pa.Table.from_pylist([{"cause": "<i>late", **PRICES, **WIDTHS}]),
    }
    run = run_of(tmp_path, tables, evaluation)
    run.folder = SimpleNamespace(training=tmp_path, texts=tmp_path, staged=tmp_path)
    return run


def test_causes_are_priced_only_where_leaving_is_predicted_better_than_by_guessing(tmp_path: Any) -> None:
    page = page_of(run_with_causes(tmp_path))
    assert "EUR 5,000" in page and "&lt;i&gt;late" in page and "<i>late" not in page
    guessed = {"churn": {"auc": 0.5, "intervals": {"auc": [0.41, 0.58]}, "rows": 900}}
    assert "EUR 5,000" not in page_of(run_with_causes(tmp_path, guessed))


@pytest.mark.parametrize(("language", "words"), [("en", "table of cases"), ("zh", "工单表")])
def test_without_texts_it_says_which_table_brings_them(tmp_path: Any, language: str, words: str) -> None:
    run = run_of(tmp_path, {})
    run.folder = SimpleNamespace(training=tmp_path, texts=tmp_path, staged=tmp_path)
    assert words in page_of(run, language)


def test_the_page_is_small_and_loads_nothing(browser: Browser) -> None:
    browser.sign_in("ana")
    page = browser.open("/pages/causes")
    assert page.status_code == 200 and len(page.content) < 100_000
    assert "&lt;b&gt;" in page.text and " style=" not in page.text
