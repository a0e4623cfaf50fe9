"""Funnel plots: limits by volume, widened by what teams differ beyond chance."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from baton.catalogue.schema import Catalogue
from baton.company import Policy
from models.advice.diagnosis.funnel import LEVELS, Funnel, funnels


def months(rng: np.random.Generator, true: np.ndarray, n: np.ndarray, spread: float = 1.0) -> pd.DataFrame:
    """Twelve months of teams whose cases scatter by one around the team's true value."""
    parts = [
        pd.DataFrame({"unit": "team", "unit_id": f"t{at}", "team_id": f"t{at}", "kpi": "solved", "n": float(size),
                      "value": value + spread * rng.standard_normal(12) / np.sqrt(size)})
        for at, (value, size) in enumerate(zip(true, n, strict=True))
    ]  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def of(panel: pd.DataFrame, catalogue: Catalogue) -> Funnel:
    (one,) = funnels(panel, ["solved"], catalogue, Policy())
    return one


def test_teams_that_differ_by_chance_alone_lie_within_the_limits(shop: Catalogue) -> None:
    rng, outside, dispersions = np.random.default_rng(1), 0, []
    for _ in range(100):
        one = of(months(rng, np.full(20, 5.0), rng.integers(20, 400, 20)), shop)
        outside += int((one.teams["outside"] > 0).sum())
        dispersions.append(one.dispersion)
    assert 0.02 <= outside / 2000 <= 0.06  # at most 5 % expected: where chance looks like scatter, limits are wider
    assert np.mean(dispersions) == pytest.approx(0.95, abs=0.1)  # 19 of 20, since the middle is estimated


def test_what_all_teams_differ_by_widens_the_limits_and_the_odd_one_stays_outside(shop: Catalogue) -> None:
    rng = np.random.default_rng(2)
    true = 5.0 + 0.5 * rng.standard_normal(40)
    true[0] = 9.0
    one = of(months(rng, true, np.full(40, 300)), shop)
    assert one.dispersion > 100 and one.between == pytest.approx(0.5, abs=0.15)
    assert (one.teams["z"].abs() > LEVELS[1]).mean() > 0.8  # nearly all, were chance the only scatter
    assert one.teams.loc[one.teams["outside"] == 99.8, "team_id"].tolist() == ["t0"]


def test_limits_close_with_the_volume(shop: Catalogue) -> None:
    one = Funnel("solved", pd.DataFrame(), centre=5.0, variance=4.0, dispersion=1.0, between=0.0)
    low, high = one.limits(np.array([100.0, 400.0]), LEVELS[0])
    assert high - 5.0 == pytest.approx([1.959964 * 0.2, 1.959964 * 0.1])
    assert 5.0 - low == pytest.approx(high - 5.0)


def test_fewer_than_five_teams_and_teams_of_few_people_are_not_compared(shop: Catalogue) -> None:
    rng = np.random.default_rng(3)
    panel = months(rng, np.full(5, 5.0), np.full(5, 100))
    assert len(funnels(panel, ["solved"], shop, Policy())) == 1
    assert funnels(panel[panel["unit_id"] != "t0"], ["solved"], shop, Policy()) == []
    people = pd.DataFrame({"unit": "employee", "unit_id": ["a", "b"], "team_id": "t0", "kpi": "solved", "n": 1.0})
    assert funnels(pd.concat([panel, people.assign(value=1.0)]), ["solved"], shop, Policy(min_group=5)) == []
