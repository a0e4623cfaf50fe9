"""How many of a group stay: the mean of its members' curves, with ends that hold what comes as often as they say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from models.prediction.survival.curve import Curve, Doubt, Times, fit_curve
from models.prediction.survival.doubt import between_snapshots, learn_doubt
from models.prediction.survival.retention import groups_of, retention_rows

DAYS = (30, 90, 180)


def learned(rows: int, seed: int = 0) -> tuple[Curve, np.ndarray]:
    random = np.random.default_rng(seed)
    chance = 1 / (1 + np.exp(2.0 - random.normal(size=rows)))
    left = random.exponential(-90 / np.log1p(-chance))
    observed = random.choice([95.0, 400.0], rows)
    times = Times(np.where(left <= observed, left, np.nan), observed, np.arange(rows))
    as_of = pd.Series(pd.Timestamp("2025-01-01"), index=range(rows))
    doubt = learn_doubt(chance, (left <= 90).astype(float), times.group, as_of, 90)
    return replace(fit_curve(chance, times, DAYS, 90), doubt=doubt), chance


def everybody(rows: int) -> pd.DataFrame:
    return groups_of(pd.DataFrame({"unit_id": [f"c{n}" for n in range(rows)]}), pd.DataFrame())


def test_of_a_group_stays_what_its_members_chances_leave_and_the_ends_lie_around_it() -> None:
    curve, chance = learned(2000)
    found = retention_rows(curve, chance[:200], everybody(200), 0)
    assert found["days"].tolist() == list(DAYS)
    assert found["staying"].to_numpy() == pytest.approx(1 - curve.chances(chance[:200]).mean(axis=0), abs=1e-6)
    assert (found["staying_low"] < found["staying"]).all() and (found["staying"] < found["staying_high"]).all()
    assert found["staying"].is_monotonic_decreasing


def test_the_ends_are_wider_for_few_customers_for_few_learned_from_and_for_snapshots_that_differ() -> None:
    curve, _ = learned(4000)

    def width(curve: Curve, rows: int) -> float:
        found = retention_rows(curve, np.full(rows, 0.15), everybody(rows), 0)
        return float((found["staying_high"] - found["staying_low"])[found["days"] == 90].iloc[0])

    assert width(curve, 40) > 1.5 * width(curve, 4000)
    assert width(learned(150)[0], 4000) > 1.3 * width(curve, 4000)
    assert curve.doubt is not None
    assert width(replace(curve, doubt=replace(curve.doubt, between=0.25)), 4000) > 1.5 * width(curve, 4000)


def test_single_customers_alone_make_ends_as_wide_as_a_binomial_count() -> None:
    curve = Curve(90, doubt=Doubt((0.0, 0.0, 0.0), 0.0))
    found = retention_rows(curve, np.full(400, 0.2), everybody(400), 0)
    half = 1.645 * np.sqrt(0.2 * 0.8 / 400)
    assert found["staying_low"][0] == pytest.approx(0.8 - half, abs=0.004)
    assert found["staying_high"][0] == pytest.approx(0.8 + half, abs=0.004)


def test_teams_count_customers_by_their_share_and_groups_under_thirty_are_left_out() -> None:
    curve, chance = learned(2000)
    rows = pd.DataFrame({"unit_id": [f"c{n}" for n in range(100)]})
    rows["attribute__segment"] = pd.Categorical(["firm"] * 60 + ["home"] * 29 + [None] * 11)
    shares = pd.DataFrame(
        [
            (f"c{n}", team, share)
            for n in range(100)
            for team, share in (("north", 0.5), ("north", 0.2), ("small", 0.3))
        ],
        columns=["unit_id", "team_id", "share"],
    )
    shares = shares[(shares["team_id"] == "north") | (shares["unit_id"] < "c5")]
    found = retention_rows(curve, chance[:100], groups_of(rows, shares), 0)
    names = found[["team_id", "segment"]].drop_duplicates().to_numpy().tolist()
    assert sorted(names, key=str) == [["north", None], [None, "firm"], [None, None]]
    sizes = found.drop_duplicates(["team_id", "segment"]).set_index("segment")["customers"]
    assert sizes["firm"] == 60
    assert found.loc[found["team_id"] == "north", "customers"].iloc[0] == pytest.approx(70)


def test_what_snapshots_differ_by_is_found_where_it_is_there() -> None:
    random = np.random.default_rng(0)
    as_of = pd.Series(np.repeat(pd.date_range("2015-01-01", periods=30, freq="90D"), 3000))
    for spread in (0.0, 0.5):
        score = random.normal(-1.5, 0.5, len(as_of))
        shift = np.repeat(random.normal(0, spread, 30), 3000)
        chance, came = 1 / (1 + np.exp(-score)), 1 / (1 + np.exp(-score - shift))
        label = (random.random(len(as_of)) < came).astype(float)
        found = between_snapshots(chance, label, as_of, 90)
        assert np.sqrt(found) == pytest.approx(max(spread, 0.07), abs=0.12)


def test_the_ends_hold_what_comes_about_as_often_as_they_say() -> None:
    held = []
    for seed in range(60):
        curve, _ = learned(600, seed)
        curve = replace(curve, doubt=replace(curve.doubt, between=0.0)) if curve.doubt is not None else curve
        random = np.random.default_rng(1000 + seed)
        chance = 1 / (1 + np.exp(2.0 - random.normal(size=300)))
        left = random.exponential(-90 / np.log1p(-chance))
        found = retention_rows(curve, chance, everybody(300), seed)
        came = [(left > day).mean() for day in found["days"]]
        held.append(((found["staying_low"] <= came) & (came <= found["staying_high"])).mean())
    assert 0.84 <= np.mean(held) <= 0.97


def test_without_doubt_learned_there_is_an_expectation_without_ends() -> None:
    found = retention_rows(Curve(90), np.full(50, 0.2), everybody(50), 0)
    assert found["staying"].tolist() == pytest.approx([0.8])
    assert found[["staying_low", "staying_high"]].isna().all(axis=None)


def test_a_doubt_that_is_kept_comes_back_the_same() -> None:
    curve, _ = learned(2000)
    assert Curve.from_json(curve.to_json()) == curve
    with pytest.raises(ValueError, match="cannot be"):
        Curve.from_json({**curve.to_json(), "doubt": {"covariance": [0.1, 0.0, 0.1], "between": float("nan")}})
