"""Small companies made by hand: two departments with cards, and months of their people."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest

from baton.catalogue.schema import Catalogue, Kpi, Stage
from models.advice.inputs import AdviceInputs, catalogue_rows

CARDS = {"T1": {"cost": 60.0, "csat": 40.0}, "T2": {"solved": 70.0, "csat": 30.0}}
"""Service is paid for cost, the back office for solving; both for a rating."""


def kpi(kpi_id: str, **changes: object) -> Kpi:
    settings: dict[str, object] = {
        "id": kpi_id,
        "name": {"en": kpi_id.capitalize(), "zh": f"指标{kpi_id}"},
        "layer": "role",
        "perspective": "customer",
        "stage": "use",
        "source": "cases",
        "expr": kpi_id,
        "better": "higher",
        "unit": "share",
        "role": "lever",
    }
    return Kpi.model_validate(settings | changes)


@pytest.fixture(scope="session")
def shop() -> Catalogue:
    """Two levers against each other, a rating, a KPI of nobody, one that people hardly control, one of delivery."""
    stages = (("use", "使用"), ("delivery", "交付"))
    return Catalogue(
        (
            kpi("cost", better="lower", perspective="financial", unit="money"),
            kpi("solved"),
            kpi("csat", role="outcome", unit="points"),
            kpi("revenue", role="outcome", grains=("customer",), perspective="financial"),
            kpi("weather", controllable=0.2),
            kpi("punctual", stage="delivery"),
        ),
        tuple(Stage.model_validate({"id": name, "name": {"en": name.capitalize(), "zh": zh}}) for name, zh in stages),
    )


@pytest.fixture(scope="session")
def inputs_of(shop: Catalogue) -> Callable[..., AdviceInputs]:
    """Make inputs: ``inputs_of(cards, effects)``; effects are (effect, low, high) on leaving, per KPI."""

    def make(
        cards: Mapping[str, Mapping[str, float]] = CARDS,
        effects: Mapping[str, tuple[float, float, float]] | None = None,
        catalogue: Catalogue = shop,
        people: Mapping[str, int] | None = None,
    ) -> AdviceInputs:
        kpis = catalogue_rows(catalogue).set_index("kpi", drop=False)
        found, draws = effects or {}, {}
        for name, (effect, low, high) in found.items():
            kpis.loc[name, ["effect", "low", "high", "joint_p", "icc"]] = [effect, low, high, 0.001, 0.1]
            kpis.loc[name, "why_key"] = ""
            draws[name] = np.linspace(low, high, 20)
        rows = [
            {"team_id": team, "role": "", "kpi": name, "weight": weight}
            for team, card in cards.items()
            for name, weight in card.items()
        ]
        headcounts = [
            {"team_id": team, "role": "", "kpi": name, "n_per_day": 1.0, "people": (people or {}).get(team, 20)}
            for team, card in cards.items()
            for name in card
        ]
        return AdviceInputs(
            kpis=kpis.reset_index(drop=True),
            draws=pd.DataFrame(draws),
            cards=pd.DataFrame(rows),
            headcounts=pd.DataFrame(headcounts).assign(share=0.5),
            outcome="churn" if found else None,
            helpful=-1,
            kind="probability",
            horizon_days=90,
            customers_at_risk=1000,
            joint_p_value=0.001 if found else 1.0,
            team_names={"T1": "Front", "T2": "Back"},
        )

    return make


@pytest.fixture(scope="session")
def teams() -> pd.DataFrame:
    """Two teams of two departments."""
    return pd.DataFrame({"team_id": ["T1", "T2"], "name": ["Front", "Back"], "department": ["Service", "Operations"]})


@pytest.fixture(scope="session")
def months_of() -> Callable[..., pd.DataFrame]:
    """Make a panel of people by month whose true values are given: ``months_of(seed, values)``."""

    def make(seed: int, true: Mapping[str, np.ndarray], months: int = 8, noise: float = 0.7) -> pd.DataFrame:
        rng = np.random.default_rng(seed)
        parts: list[Any] = []
        for name, values in true.items():
            for month in range(months):
                parts.append(
                    pd.DataFrame(
                        {
                            "unit": "employee",
                            "unit_id": [f"E{number:03}" for number in range(len(values))],
                            "team_id": np.where(np.arange(len(values)) % 2 == 0, "T1", "T2"),
                            "from": pd.Timestamp("2025-01-01") + pd.DateOffset(months=month),
                            "kpi": name,
                            "value": values + noise * rng.standard_normal(len(values)),
                            "n": 10.0,
                        }
                    )
                )
        return pd.concat(parts, ignore_index=True)

    return make
