"""The chart of risk says in words where nobody's chance is high, and counts those above the line elsewhere."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pandas as pd
import pytest

from baton.charts.drawing import Pen
from baton.outcomes import CASE_TABLE
from pipelines.report.data.results import Results
from pipelines.report.sections.customers import risk_bands


def title_of(table: str, chances: list[float]) -> tuple[str, str]:
    company = SimpleNamespace(snapshots=SimpleNamespace(horizon_days=90))
    tables = {table: pd.DataFrame({"probability": chances})}
    results: Any = SimpleNamespace(get=tables.get, company=company, flat=False)
    figure = risk_bands(cast(Results, results), Pen(("en", "zh")))
    assert figure is not None
    return str(figure.title.en), str(figure.title.zh)


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("churn", ("No customer has a chance of leaving above 20%; the highest is 13%",
                   "没有客户的流失可能性高于 20%，最高为 13%")),
        (CASE_TABLE, ("No case has a chance of a poor result above 20%; the highest is 13%",
                      "没有工单的不满意可能性高于 20%，最高为 13%")),
    ],
)  # fmt: skip
def test_where_nobody_stands_above_the_line_no_zero_is_shown(table: str, words: tuple[str, str]) -> None:
    assert title_of(table, [0.02, 0.13, 0.1]) == words


def test_those_above_the_line_are_counted_with_their_share() -> None:
    english, chinese = title_of("churn", [0.1, 0.3])
    assert english == "75% of the expected leavers come from the 1 customer with a chance above 20%"
    assert chinese == "预计流失的客户中，75% 集中在流失可能性高于 20% 的 1 位客户里"


def test_more_than_one_are_counted_among_the_others() -> None:
    assert title_of("churn", [0.1, 0.3, 0.3])[0] == (
        "86% of the expected leavers are among the 2 customers with a chance above 20%"
    )
