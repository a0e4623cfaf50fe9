from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from baton.catalogue.schema import Catalogue, Kpi, Role, Text
from baton.company import Policy
from features.cases.table import CaseTable
from models.advice.coaching.coach import flagged, helpful_levers


def kpi(name: str, role: Role = "lever") -> Kpi:
    return Kpi(
        id=name, name=Text(en=name, zh=name), layer="role", perspective="customer", source="cases", expr="value",
        better="higher", unit="share", role=role,
    )  # fmt: skip


CATALOGUE = Catalogue((kpi("solved"), kpi("handling"), kpi("promise"), kpi("rating", "outcome"), kpi("training")), ())
CASES = CaseTable(
    pd.DataFrame({f"kpi:{name}": [0.0] for name in CATALOGUE}), frozenset(CATALOGUE), 90, 2.0, 5000,
    {"churn": "probability"}, {"churn": "lower"},
)  # fmt: skip


def effects(**found: float) -> pd.DataFrame:
    rows = [
        {
            "outcome": "churn",
            "kpi": name,
            "effect": value,
            "low": value - 0.002,
            "high": value + 0.002,
        }
        for name, value in found.items()
    ]
    table = pd.DataFrame(rows, columns=["outcome", "kpi", "effect", "low", "high"])
    clear = np.select([table["high"] < 0, table["low"] > 0], ["helps", "harms"], "unclear")
    return table.assign(clear=clear, joint_p=0.001)


@pytest.mark.parametrize(
    ("table", "policy", "coached"),
    [
        (effects(solved=-0.01), Policy(), True),
        (effects(solved=0.01), Policy(), False),
        (effects(solved=-0.0002), Policy(), False),
        (effects(solved=-0.01).assign(clear="unclear"), Policy(), False),
        (effects(solved=-0.01).assign(joint_p=0.04), Policy(), True),
        (effects(solved=-0.01).assign(joint_p=0.06), Policy(), False),
        (effects(solved=-0.01).assign(joint_p=0.06), Policy(false_moves=0.1), True),
        (effects(rating=-0.01), Policy(), False),
        (effects(training=-0.01), Policy(fixed=("training",)), False),
        (effects(training=-0.01), Policy(), True),
        (effects(), Policy(), False),
    ],
    ids=[
        "helps",
        "harms",
        "unsure",
        "refuted or unclear",
        "seen beside chance",
        "by chance",
        "more allowed",
        "reports only",
        "fixed duty",
        "no duty",
        "nothing known",
    ],
)
def test_only_levers_that_surely_help_are_coached(table: pd.DataFrame, policy: Policy, coached: bool) -> None:
    assert bool(helpful_levers(table, CASES, CATALOGUE, policy)) is coached


def test_a_lever_that_lowers_a_low_rating_and_one_that_raises_a_rating_both_help() -> None:
    table = effects(solved=0.05).assign(outcome="driver:csat", clear="helps")
    for better, expected in (("higher", {"solved"}), ("lower", set())):  # "lower" would have been called harmful
        turned = CaseTable(CASES.frame, CASES.case_level, 0, 0.0, 0, {"driver:csat": "number"}, {"driver:csat": better})
        assert set(helpful_levers(table, turned, CATALOGUE, Policy())) == expected


def test_an_unsure_effect_promises_less() -> None:
    table = effects(solved=-0.01, promise=-0.01, handling=0.001)
    table.loc[table["kpi"] == "promise", ["low", "high"]] = [-0.0195, -0.0005]
    found = helpful_levers(table, CASES, CATALOGUE, Policy())
    assert found["solved"].gain == pytest.approx(0.01, rel=0.1)
    assert found["promise"].gain < 0.8 * found["solved"].gain
    assert 0.9 < found["promise"].sure < 0.97
    assert found["solved"].false < 0.001 < found["promise"].false < 0.1


def test_flags_stop_where_the_expected_share_of_false_ones_is_reached() -> None:
    probability = np.array([0.95, 0.4, 0.99, np.nan, 0.8, 0.85])
    chosen = flagged(probability)
    assert chosen.tolist() == [True, False, True, False, False, True]
    assert 1 - probability[chosen].mean() <= 0.10
    assert not flagged(np.array([0.85])).any()
    assert not flagged(np.zeros(0)).any()


def test_of_the_levers_that_are_coached_few_do_nothing() -> None:
    """Of sixteen levers four help; among twelve that do nothing some look helpful by chance, one interval in twenty."""
    names = [f"lever{at:02d}" for at in range(16)]
    catalogue = Catalogue(tuple(kpi(name) for name in names), ())
    frame = pd.DataFrame({f"kpi:{name}": [0.0] for name in names})
    cases = CaseTable(frame, frozenset(names), 90, 2.0, 5000, {"churn": "probability"}, {"churn": "lower"})
    true = np.where(np.arange(16) < 4, -0.004, 0.0)
    rng = np.random.default_rng(5)
    coached = useless = 0
    for _ in range(200):
        table = effects(**dict(zip(names, true + rng.normal(0.0, 0.004 / 3.29, 16), strict=True)))
        found = helpful_levers(table, cases, catalogue, Policy())
        coached += len(found)
        useless += sum(int(name[5:]) >= 4 for name in found)
    assert coached > 0.85 * 4 * 200
    assert useless / coached < 0.10
