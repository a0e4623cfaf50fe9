"""Amounts in another currency than the company's are counted and reported, by sign or by a column beside them."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

from baton.messages.message import render
from features.quality.faults import CheckReport

Check = Callable[..., CheckReport]


def cases(cost: list[str], **more: list[str]) -> pd.DataFrame:
    days = pd.date_range("2025-01-01", periods=len(cost)).strftime("%Y-%m-%d")
    return pd.DataFrame({"case_id": range(len(cost)), "opened_at": days, "cost": cost, **more})


def reported(report: CheckReport) -> list[tuple[str, int, str, str]]:
    kind = "other_currency"
    return [
        (fault.column, fault.count, fault.treatment, fault.message) for fault in report.faults if fault.kind == kind
    ]


@pytest.mark.parametrize(
    ("written", "currency", "sign"),
    [
        (["¥1,234.50", "¥20"], "EUR", "¥"),
        (["USD 12", "13"], "EUR", "USD"),
        (["12 EUR", "13"], "USD", "EUR"),
        (["$12.50", "13"], "GBP", "$"),
        (["5000元", "1.2万元"], "JPY", "CNY"),
    ],
)
def test_a_foreign_sign_is_a_warning_with_count_and_setting(
    checked: Check, written: list[str], currency: str, sign: str
) -> None:
    report = checked({"cases": cases(written * 10)}, settings=f'[company]\ncurrency = "{currency}"')
    count = 20 if written[1] != "13" else 10
    message = (
        f"{count} of 20 amounts are in {sign}, and [company] currency is {currency}; they are counted as {currency}"
    )
    assert reported(report) == [("cost", count, "keep", message)]


@pytest.mark.parametrize(
    ("written", "currency"),
    [("€5", "EUR"), ("5 EUR", "Euro"), ("¥5", "CNY"), ("5元", "RMB"), ("$5", "usd"), ("5", "GBP")],
)
def test_the_companys_own_currency_is_no_fault(checked: Check, written: str, currency: str) -> None:
    assert reported(checked({"cases": cases([written] * 9)}, settings=f'[company]\ncurrency = "{currency}"')) == []


def test_a_column_beside_the_amounts_shows_their_currency(checked: Check) -> None:
    table = cases(["10"] * 30, currency_code=["EUR"] * 18 + ["usd"] * 12)
    report = checked({"cases": table})
    assert [(column, count) for column, count, *_ in reported(report)] == [("cost", 12)]
    sentence = next(fault.as_message() for fault in report.faults if fault.kind == "other_currency")
    assert render(sentence, "zh").startswith("cases.cost：按 currency_code 列，30 个金额中有 12 个以 USD 计")
    assert reported(checked({"cases": cases(["10"] * 30, currency_code=["€"] * 30)})) == []


def test_the_company_file_may_refuse_it(checked: Check) -> None:
    assert checked({"cases": cases(["$5"] * 9)}, settings='[faults]\nother_currency = "stop"').stops
