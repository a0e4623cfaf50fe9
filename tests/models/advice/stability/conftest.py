"""A card of three levers: cost harms for certain, and solving cases helps in as large a share of draws as is asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from baton.catalogue.schema import Catalogue
from baton.company import Policy
from models.advice.inputs import AdviceInputs, catalogue_rows

TODAY = {"cost": 30.0, "solved": 25.0, "script": 45.0}
DRAWS = 400


@pytest.fixture
def policy() -> Policy:
    """Cards move by ten points a cycle, and nothing else binds."""
    return Policy(min_weight=0, max_weight=100, min_share={}, outcome_max=100, impact_ratio=0, fixed=("duty",))


@pytest.fixture
def made(catalogue: Catalogue) -> Callable[..., AdviceInputs]:
    """Make what weights are solved from: ``made(sure, solved=-0.010, card=…)``.

    ``graded`` gives shares of draws and what solving does in them, in place of ``sure``.
    """

    def make(
        sure: float,
        /,
        *,
        solved: float = -0.010,
        card: dict[str, float] | None = None,
        joint_p: float = 0.001,
        graded: dict[float, float] | None = None,
    ) -> AdviceInputs:
        draws = pd.DataFrame({"cost": np.full(DRAWS, 0.02), "script": np.full(DRAWS, -0.004)})
        shares = graded or {sure: solved}
        counts = [round(share * DRAWS) for share in shares]
        effects = np.repeat(list(shares.values()), counts)
        draws["solved"] = np.concatenate([effects, np.zeros(DRAWS - len(effects))])
        kpis = catalogue_rows(catalogue).set_index("kpi", drop=False)
        for kpi in draws:
            kpis.loc[kpi, ["effect", "low", "high"]] = [draws[kpi].mean(), *draws[kpi].quantile([0.05, 0.95])]
        kpis = kpis.assign(joint_p=joint_p, icc=0.2, between_sd=1.0)
        of_card: dict[str, Any] = {"team_id": "t1", "role": "agent"}
        cards = [{**of_card, "kpi": kpi, "weight": weight} for kpi, weight in (card or TODAY).items()]
        people = [{**of_card, "kpi": kpi, "n_per_day": 5.0, "people": 20, "share": 1.0} for kpi in draws]
        return AdviceInputs(
            kpis=kpis.reset_index(drop=True), draws=draws, cards=pd.DataFrame(cards),
            headcounts=pd.DataFrame(people), outcome="churn", helpful=-1, kind="probability", horizon_days=90,
            customers_at_risk=10_000, joint_p_value=joint_p,
        )  # fmt: skip

    return make
