"""Causes beside the KPIs that measure their step: growing and costly ones are found, steady and cheap ones are not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from baton.catalogue.schema import Catalogue
from models.advice.diagnosis.cause_findings import evidence_findings, new_causes, unmeasured_causes
from models.advice.diagnosis.causes import CauseTables, cause_evidence
from models.complaints.trends import cause_trends

CARDS = pd.DataFrame(
    {"team_id": ["T1", "T2"], "role": "", "kpi": ["solved", "cost"], "weight": [30.0, 100.0]},
)
MONTHS, TEXTS = 10, 400


def texts(seed: int, monthly_growth: float) -> pd.DataFrame:
    """Trends of texts of which 5 % are late at first, and a fifth about the bill."""
    rng, rows = np.random.default_rng(seed), []
    for month in range(MONTHS):
        late = 0.05 * monthly_growth**month
        drawn = rng.choice(["late", "bill", "rest"], TEXTS, p=[late, 0.2, 0.8 - late])
        first = pd.Timestamp("2025-01-01") + pd.DateOffset(months=month)
        at = first + pd.to_timedelta(rng.integers(0, first.days_in_month, TEXTS), unit="D")
        rows.append(pd.DataFrame({"cause": drawn, "opened_at": at, "team_id": rng.choice(["T1", "T2"], TEXTS)}))
    frame = pd.concat(rows, ignore_index=True)
    frame["opened_at"] = frame["opened_at"].astype("datetime64[us]")
    frame.insert(0, "case_id", [f"K{number}" for number in range(len(frame))])
    return cause_trends(frame[["case_id", "cause"]].assign(abstained=False), frame.drop(columns="cause"))


def tables(trends: pd.DataFrame, excess: dict[str, tuple[float, float, float]] | None = None) -> CauseTables:
    diagnosis = pd.DataFrame(
        {
            "cause": ["late", "bill", "rest"],
            "process": ["order", "billing", None],
            "stage": ["delivery", "use", None],
            "owner": ["Logistics", "Billing", None],
            "kpis": [["punctual"], ["solved", "not_of_the_catalogue"], []],
        }
    )
    prices = pd.DataFrame(
        [
            {"cause": cause, "customers": 200, "value_at_risk": 9000.0}
            | dict(zip(("excess", "excess_low", "excess_high"), ends, strict=True))
            | dict(
                zip(
                    ("excess_customers", "excess_customers_low", "excess_customers_high"),
                    [200 * end for end in ends],
                    strict=True,
                )
            )
            for cause, ends in (excess or {}).items()
        ]
    )
    names = {"late": ("Late", "迟到"), "bill": ("Bill", "账单")}
    return CauseTables(diagnosis, trends, prices, names=names)


DEAR, FREE = (0.06, 0.04, 0.08), (0.0, -0.02, 0.02)


def test_a_growing_cause_without_a_kpi_on_a_card_is_found_and_a_steady_one_is_not(shop: Catalogue) -> None:
    causes = tables(texts(1, 1.15))
    found = unmeasured_causes(cause_evidence(causes, CARDS, {}, shop), causes, shop)
    (one,) = found
    assert (one.kind, one.values["cause"]) == ("growing_unmeasured", "late")
    assert one.values["share"] > 1.8 * one.values["share_before"]
    words = one.as_json()
    assert words["what"]["en"] == "Late is written about more and more, and no card has a KPI of its process step."
    assert "process order, stage Delivery, owner: Logistics" in words["where"]["en"]
    assert "what it costs is not known" in words["sure"]["en"] and "Punctual" in words["next"]["en"]
    assert "迟到" in words["what"]["zh"]


def test_steady_causes_are_rarely_called_growing(shop: Catalogue) -> None:
    called = 0
    for seed in range(20):
        causes = tables(texts(seed, 1.0))
        called += bool(unmeasured_causes(cause_evidence(causes, CARDS, {}, shop), causes, shop))
    assert called <= 4  # at most a tenth of those called is expected to be chance


@pytest.mark.parametrize(
    ("growth", "excess", "clear", "verdict"),
    [
        (1.15, DEAR, "unclear", "supports"),
        (1.15, None, "unclear", "supports"),
        (1.15, DEAR, "harms", "contradicted"),
        (1.15, FREE, "unclear", "watch"),
        (1.0, DEAR, "unclear", "costly"),
        (1.0, FREE, "unclear", "none"),
    ],
)
def test_a_verdict_needs_growth_and_a_price(
    shop: Catalogue, growth: float, excess: tuple[float, float, float] | None, clear: str, verdict: str
) -> None:
    causes = tables(texts(1, growth), None if excess is None else {"late": excess})
    cards = pd.concat([CARDS, pd.DataFrame([{"team_id": "T1", "role": "", "kpi": "punctual", "weight": 20.0}])])
    rows = cause_evidence(causes, cards, {"punctual": clear}, shop)
    late = rows[(rows["cause"] == "late") & rows["team_id"].isna()].iloc[0]
    assert (late["verdict"], late["kpi"], late["points"]) == (verdict, "punctual", 20.0)
    assert late["price_basis"] == ("growth" if excess is None else "excess")


def test_the_evidence_stands_beside_the_weight_and_moves_no_point(shop: Catalogue) -> None:
    causes = tables(texts(1, 1.15), {"late": DEAR})
    cards = pd.concat([CARDS, pd.DataFrame([{"team_id": "T1", "role": "", "kpi": "punctual", "weight": 20.0}])])
    rows = cause_evidence(causes, cards, {}, shop)
    (one,) = evidence_findings(rows, causes, shop)
    assert "evidence for more weight on it" in one.what.text
    assert (
        "of 200 customers who wrote of it, about 12.0 more leave than of comparable ones (8.0 to 16.0)" in one.sure.text
    )
    assert "no point moves by itself" in one.next.text
    assert unmeasured_causes(rows, causes, shop) == []


def test_teams_have_rows_of_their_own_where_their_card_has_the_kpi(shop: Catalogue) -> None:
    rows = cause_evidence(tables(texts(1, 1.0)), CARDS, {}, shop)
    assert set(rows.loc[rows["kpi"] == "solved", "team_id"].dropna()) == {"T1"}
    assert rows.loc[rows["cause"] == "rest", "kpi"].isna().all()
    assert "not_of_the_catalogue" not in set(rows["kpi"].dropna())


def test_few_of_ten_causes_that_cost_nothing_are_called_costly(shop: Catalogue) -> None:
    """At a tenth over all causes together; ten separate intervals would call one in four of such companies."""
    rng, called = np.random.default_rng(2), 0
    for _ in range(30):
        excess = {
            f"c{number}": (mean, mean - 0.0329, mean + 0.0329) for number, mean in enumerate(rng.normal(0, 0.02, 10))
        }
        diagnosis = pd.DataFrame({"cause": list(excess)}).assign(process="p", stage="use", owner="o")
        diagnosis["kpis"] = [[] for _ in excess]
        trends = pd.DataFrame(
            {"level": "company", "unit_id": "", "cause": list(excess), "month": pd.Timestamp("2025-01-01"), "n": 1,
             "texts": 10, "growth": 1.0, "growth_low": 0.9, "growth_high": 1.1, "growing": False}
        )  # fmt: skip
        causes = CauseTables(diagnosis, trends, tables(trends, excess).prices)
        called += bool(cause_evidence(causes, CARDS, {}, shop)["costly"].any())
    assert called <= 7  # three expected


def test_something_new_is_named_by_its_words(shop: Catalogue) -> None:
    new = pd.DataFrame(
        [{"cause": "new_1", "words": ["fibre", "modem"], "first_week": pd.Timestamp("2025-05-05"), "texts": 23,
          "share": 0.04, "p_value": 0.002, "nearest_cause": "late"}]
    )  # fmt: skip
    (one,) = new_causes(CauseTables(pd.DataFrame(), pd.DataFrame(), emerging=new, names={"late": ("Late", "迟到")}))
    assert one.what.text == "Something new that no KPI measures: since 2025-05-05 23 texts speak of fibre, modem."
    assert "nearest known cause: Late" in one.where.text and one.kind == "new_unmeasured"
