"""A run on newer data advises with what it finds in its folder, and what it writes says what has changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from baton.catalogue.load import load_catalogue
from baton.company import Company, Policy
from baton.contract.results import cast
from baton.files import RunFolder
from baton.run_results import RunResults
from models.advice import advise as advising
from models.advice.controllability.learned import Controllability
from models.advice.inputs import AdviceInputs, catalogue_rows
from models.advice.settings import Settings
from models.advice.weights import recommend as weigh
from models.effects import strategy_map
from pipelines.before.set_aside import set_aside
from pipelines.recommend import recommend

DRAWS = 400
MONTHS = [datetime(2026, month, 1) for month in (2, 3, 4)]
FCR, HANDLE, KEPT = "first_contact_resolution", "handle_seconds", "promise_kept"


@dataclass(frozen=True)
class Advice:
    """As much of an advice as the pipeline writes."""

    inputs: AdviceInputs
    weights: pd.DataFrame
    effects: Any
    controllability: Controllability = field(default_factory=Controllability)

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        return {"weights": self.weights, "effects": cast("effects", [])}


def inputs_of(settings: Settings, sure: float) -> AdviceInputs:
    """Handling time harms for certain; solving at once helps in a share of the draws."""
    draws = pd.DataFrame({HANDLE: np.full(DRAWS, 0.02), KEPT: np.full(DRAWS, -0.004)})
    draws[FCR] = np.where(np.arange(DRAWS) < round(sure * DRAWS), -0.010, 0.0)
    kpis = catalogue_rows(load_catalogue(Company())).set_index("kpi", drop=False)
    for kpi in draws:
        kpis.loc[kpi, ["effect", "low", "high"]] = [draws[kpi].mean(), *draws[kpi].quantile([0.05, 0.95])]
    of_card: dict[str, Any] = {"team_id": "t1", "role": ""}
    cards = [{**of_card, "kpi": kpi, "weight": weight} for kpi, weight in ((HANDLE, 30), (FCR, 25), (KEPT, 45))]
    people = [{**of_card, "kpi": kpi, "n_per_day": 5.0, "people": 20, "share": 1.0} for kpi in draws]
    return AdviceInputs(
        kpis=kpis.assign(joint_p=0.001, icc=0.2, between_sd=0.1).reset_index(drop=True), draws=draws,
        cards=pd.DataFrame(cards).astype({"weight": float}), headcounts=pd.DataFrame(people), outcome="churn",
        helpful=-1, kind="probability", horizon_days=90, customers_at_risk=9_000, joint_p_value=0.001,
        before=settings.before.rows, before_policy=settings.before.policy,
    )  # fmt: skip


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., pd.DataFrame]:
    """Advise on data until a moment, as a run does, with a probability that solving at once helps; return changes."""
    policy = Policy(min_weight=0, max_weight=100, min_share={}, outcome_max=100, impact_ratio=0, fixed=())
    company = Company(path=tmp_path / "company.toml", policy=policy)
    catalogue, folder = load_catalogue(company), RunFolder(tmp_path / "out").create()
    monkeypatch.setattr(strategy_map, "strategy_arrows", lambda *_: cast("advice/arrows", []))

    def advised(as_of: datetime, sure: float, **policy: Any) -> pd.DataFrame:
        asked = company.model_copy(update={"policy": company.policy.model_copy(update=policy)})

        def advise(_cases: Any, _organisation: Any, _catalogue: Any, settings: Settings, *_: Any) -> Advice:
            inputs = inputs_of(settings, sure)
            nothing = SimpleNamespace(primary=None, table=cast("effects", []))
            return Advice(inputs, weigh(inputs, settings.policy), nothing)

        monkeypatch.setattr(advising, "advise", advise)
        monkeypatch.setattr("pipelines.recommend._warnings", lambda *_: ())
        set_aside(asked, folder, as_of)
        cases = SimpleNamespace(frame=range(900))
        organisation = SimpleNamespace(
            as_of=pd.Timestamp(as_of), panel=cast("advice/panel", []), teams=pd.DataFrame(), scorecards=pd.DataFrame()
        )
        recommend(asked, catalogue, folder, cases, organisation)  # type: ignore[arg-type]
        return RunResults(folder).table("advice_changes").set_index("kpi")

    return advised


def weights_of(tmp_path: Path) -> pd.DataFrame:
    return RunResults(RunFolder(tmp_path / "out")).table("weights").set_index("kpi")


def test_a_small_wobble_changes_no_advice_and_a_large_one_says_why(
    run: Callable[..., pd.DataFrame], tmp_path: Path
) -> None:
    assert run(MONTHS[0], 0.85).empty
    first = weights_of(tmp_path)
    wobbled = run(MONTHS[1], 0.74)
    assert (wobbled["change"] == "same").all()
    assert weights_of(tmp_path).loc[FCR, "stands"]
    pd.testing.assert_series_equal(weights_of(tmp_path)["cycle_3"], first["cycle_3"])
    left = run(MONTHS[2], 0.60)
    assert left.loc[FCR, "change"] == "withdrawn"
    assert "The data until 2026-04-01 moved its effect." in left.loc[FCR, "reason"]["en"]
    assert set(left["as_of_before"]) == {pd.Timestamp(MONTHS[1])}


def test_the_same_data_again_give_the_same_advice_exactly(run: Callable[..., pd.DataFrame], tmp_path: Path) -> None:
    run(MONTHS[0], 0.85)
    changes, weights = run(MONTHS[1], 0.74), weights_of(tmp_path)
    again = run(MONTHS[1], 0.74)
    pd.testing.assert_frame_equal(again, changes)
    pd.testing.assert_frame_equal(weights_of(tmp_path), weights)


def test_what_is_saved_gives_the_advice_again(run: Callable[..., pd.DataFrame], tmp_path: Path) -> None:
    run(MONTHS[0], 0.85)
    run(MONTHS[1], 0.74)
    inputs = AdviceInputs.load(RunFolder(tmp_path / "out").advice)
    policy = Policy(min_weight=0, max_weight=100, min_share={}, outcome_max=100, impact_ratio=0, fixed=())
    pd.testing.assert_frame_equal(weigh(inputs, policy).set_index("kpi"), weights_of(tmp_path))
    # a run of before this was kept knows of none
    (RunFolder(tmp_path / "out").advice / "before.parquet").unlink()
    assert AdviceInputs.load(RunFolder(tmp_path / "out").advice).before.empty
    assert not replace(inputs, before_policy={}).before.empty


def test_another_policy_decides_anew_and_is_named(run: Callable[..., pd.DataFrame]) -> None:
    run(MONTHS[0], 0.85)
    found = run(MONTHS[1], 0.74, risk_aversion=0.9)
    assert found.loc[FCR, "change"] == "withdrawn"
    assert found.loc[FCR, "why"].startswith("policy")
