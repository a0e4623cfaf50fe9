"""What customers write stands in the reason of the KPI that measures its step, and moves no point."""

from __future__ import annotations

import pandas as pd

from baton.catalogue.schema import Catalogue
from baton.contract.results import cast
from baton.evidence.strongest_causes import strongest
from models.advice.diagnosis.cause_reasons import with_causes
from models.advice.diagnosis.causes import CauseTables

CAUSES = CauseTables(pd.DataFrame(), pd.DataFrame(), names={"late": ("Late parcels", "包裹迟到")})
WEIGHTS = pd.DataFrame(
    {
        "team_id": ["T1", "T1", "T2"],
        "kpi": ["punctual", "solved", "punctual"],
        "recommended_weight": [20.0, 30.0, 15.0],
        "reason": [{"en": "It stays.", "zh": "保持不变。"}] * 3,
    }
)


def evidence(*rows: dict[str, object]) -> pd.DataFrame:
    whole = {
        "cause": "late", "kpi": "punctual", "team_id": None, "points": 20.0, "share_before": 0.05, "share": 0.09,
        "since": pd.Timestamp("2025-02-01"), "growth": 1.1, "growth_low": 1.05, "growth_high": 1.15, "growing": True,
        "customers": 200.0, "excess_customers": 12.0, "excess_low": 8.0, "excess_high": 16.0, "value_at_risk": None,
        "costly": True, "price_basis": "excess", "effect": "helps", "verdict": "supports",
    }  # fmt: skip
    return cast("cause_evidence", [whole | row for row in rows])


def reasons(shop: Catalogue, *rows: dict[str, object]) -> list[dict[str, str]]:
    after = with_causes(WEIGHTS, evidence(*rows), CAUSES, shop)
    pd.testing.assert_frame_equal(after.drop(columns="reason"), WEIGHTS.drop(columns="reason"))
    return list(after["reason"])


def test_a_growing_cause_is_said_on_the_kpi_of_its_step_alone(shop: Catalogue) -> None:
    first, other, elsewhere = reasons(shop, {})
    assert first["en"] == (
        "It stays. In the company's texts “Late parcels” grew from 5.0% to 9.0% since 2025-02, and “Punctual” measures "
        "that process step; of 200 customers who wrote of it, about 12.0 more leave than of comparable ones (8.0 to "
        "16.0): an association. This speaks for weight here and is for you to weigh: no point moves by it."
    )
    assert first["zh"].startswith("保持不变。在全公司的文本中，“包裹迟到”自 2025-02 以来由 5.0% 增至 9.0%")
    assert other == {"en": "It stays.", "zh": "保持不变。"}
    assert elsewhere == first


def test_a_teams_own_texts_come_before_the_companys(shop: Catalogue) -> None:
    first, _, elsewhere = reasons(shop, {}, {"team_id": "T1", "share_before": 0.02, "share": 0.2})
    assert "In this team's texts “Late parcels” grew from 2.0% to 20.0%" in first["en"]
    assert "In the company's texts" not in first["en"]
    assert "5.0% to 9.0%" in elsewhere["en"]


def test_each_verdict_has_its_words_and_none_is_not_said(shop: Catalogue) -> None:
    assert "no evidence for weight" in reasons(shop, {"verdict": "contradicted", "effect": "harms"})[0]["en"]
    assert "no cost shows so far" in reasons(shop, {"verdict": "watch", "costly": False})[0]["en"]
    assert "does not grow (9.0% lately), but of 200" in reasons(shop, {"verdict": "costly"})[0]["en"]
    assert reasons(shop, {"verdict": "none"})[0] == {"en": "It stays.", "zh": "保持不变。"}
    assert "what it costs is not known" in reasons(shop, {"price_basis": "growth"})[0]["en"]


def test_at_most_two_causes_stand_beside_a_weight_and_none_that_fell(shop: Catalogue) -> None:
    rows = [{"cause": f"c{number}", "excess_customers": float(number)} for number in range(4)]
    found = strongest(evidence(*rows, {"cause": "fell", "share": 0.01, "excess_customers": 99.0}), "T1", "punctual")
    assert [row["cause"] for row in found] == ["c3", "c2"]


def test_without_texts_nothing_is_added(shop: Catalogue) -> None:
    assert reasons(shop) == list(WEIGHTS["reason"])
