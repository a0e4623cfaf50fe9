"""Causes month by month, and what they cost, by hand-made tables and planted truths."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from models.complaints.cost import Customers, price_causes
from models.complaints.trends import cause_trends


def texts_of(shares: dict[str, list[float]], per_month: int, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Texts over as many months as shares are given; what is left of a month is about something else."""
    rng = np.random.default_rng(seed)
    months = len(next(iter(shares.values())))
    rows = []
    for month in range(months):
        names = [*shares, "rest"]
        weights = np.array([shares[name][month] for name in shares])
        drawn = rng.choice(names, per_month, p=[*weights, 1 - weights.sum()])
        days = (
            pd.Timestamp("2025-01-01")
            + pd.DateOffset(months=month)
            + pd.to_timedelta(rng.integers(0, 28, per_month), "D")
        )
        rows.append(
            pd.DataFrame(
                {"cause": drawn, "opened_at": days, "stage": "use", "team_id": rng.choice(["A", "B"], per_month)}
            )
        )
    frame = pd.concat(rows, ignore_index=True)
    frame["opened_at"] = frame["opened_at"].astype("datetime64[us]")
    # first and last days, so that no month is cut off
    frame.loc[0, "opened_at"], frame.loc[1, "opened_at"] = (
        pd.Timestamp("2025-01-01"),
        pd.Timestamp("2025-01-01") + pd.DateOffset(months=months) - pd.Timedelta(days=1),
    )
    frame.insert(0, "case_id", [f"K{number}" for number in range(len(frame))])
    return frame[["case_id", "cause"]].assign(abstained=False), frame.drop(columns="cause")


def test_a_cause_that_grows_is_reported_and_one_that_does_not_is_not() -> None:
    covered = 0
    for seed in range(12):
        answers, cases = texts_of(
            {"late": [0.05 * 1.15**month for month in range(10)], "bill": [0.2] * 10}, 400, seed=seed
        )
        trends = cause_trends(answers, cases.drop(columns=["stage", "team_id"]))
        company = trends.drop_duplicates("cause").set_index("cause")
        assert company.loc["late", "growing"]
        # the odds of a share that grows by 15 % a month grow by 16.8 %
        covered += company.loc["late", "growth_low"] < 1.168 < company.loc["late", "growth_high"]
    assert covered >= 9


def test_stages_and_teams_have_trends_of_their_own() -> None:
    answers, cases = texts_of({"late": [0.2] * 5}, 100, seed=1)
    trends = cause_trends(answers, cases)
    assert set(trends["level"]) == {"company", "stage", "team"}
    assert set(trends.loc[trends["level"] == "team", "unit_id"]) == {"A", "B"}
    by_team = trends[trends["level"] == "team"].groupby(["cause", "month"])["n"].sum()
    company = trends[trends["level"] == "company"].groupby(["cause", "month"])["n"].sum()
    assert (by_team == company).all()


def test_few_of_many_steady_years_are_called_growing() -> None:
    called = 0
    for seed in range(20):
        answers, cases = texts_of({"a": [0.1] * 8, "b": [0.2] * 8, "c": [0.15] * 8}, 150, seed=seed)
        trends = cause_trends(answers, cases)
        called += bool(trends[(trends["level"] == "company")]["growing"].any())
    assert called <= 4  # 10 % of false discoveries among what is called


def test_counts_are_those_of_the_texts_and_unclear_ones_count_for_no_cause() -> None:
    answers = pd.DataFrame({"case_id": list("abcdef"), "cause": ["x"] * 6, "abstained": [False] * 5 + [True]})
    at = pd.to_datetime(["2025-01-01", "2025-01-05", "2025-01-31", "2025-02-01", "2025-02-28", "2025-02-27"])
    trends = cause_trends(answers, pd.DataFrame({"case_id": list("abcdef"), "opened_at": at}))
    assert trends[["n", "texts"]].to_numpy().tolist() == [[3, 3], [2, 3]]
    assert trends["growth"].isna().all()


def test_causes_met_by_fewer_than_the_least_group_are_not_shown() -> None:
    answers, cases = texts_of({"rare": [0.002] * 4}, 200, seed=3)
    trends = cause_trends(answers, cases, min_group=5)
    assert "rare" not in set(trends["cause"])


def test_where_no_cause_can_be_predicted_there_are_no_trends() -> None:
    answers, cases = texts_of({"rare": [0.1] * 4}, 50, seed=3)
    trends = cause_trends(answers.assign(abstained=True), cases)
    assert trends.empty and trends["growing"].dtype == bool


def lived(seed: int, harm: float) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Customers with one case each of two causes; who writes about "bad" leaves more often by ``harm``."""
    rng = np.random.default_rng(seed)
    count = 4000
    ids = np.array([f"C{number}" for number in range(count)])
    bad = rng.random(count) < 0.4
    loyal = rng.random(count) < 0.5
    bad = np.where(loyal, rng.random(count) < 0.2, bad)  # loyal customers write about it less, and leave less
    left = rng.random(count) < np.where(loyal, 0.05, 0.25) + harm * bad
    as_of = pd.Timestamp("2025-06-30")
    cases = pd.DataFrame({"case_id": ids, "customer_id": ids, "opened_at": as_of - pd.Timedelta(days=10)})
    answers = pd.DataFrame({"case_id": ids, "cause": np.where(bad, "bad", "plain"), "abstained": False})
    past = pd.DataFrame(
        {"unit_id": ids, "as_of": as_of, "label": left.astype(float), "segment": np.where(loyal, "L", "N")}
    )
    current = pd.DataFrame({"customer_id": ids, "as_of": as_of, "probability": 0.1, "value_at_risk": 12.0})
    return answers, cases, current, past


def test_the_excess_is_compared_within_segments_and_covers_the_truth() -> None:
    covered, naive = 0, []
    for seed in range(30):
        answers, cases, current, past = lived(seed, harm=0.08)
        row = price_causes(answers, cases, Customers(current, past), window_days=90).set_index("cause").loc["bad"]
        covered += row["excess_low"] <= 0.08 <= row["excess_high"]
        plain = past["label"].groupby(answers["cause"]).mean()
        naive.append(plain["bad"] - plain["plain"])
    assert covered >= 24  # 27 of 30 expected
    assert np.mean(naive) > 0.11  # what it would be without comparing like with like


def test_prices_add_up_by_hand() -> None:
    at = pd.Timestamp("2025-06-30")
    answers = pd.DataFrame(
        {"case_id": list("abcd"), "cause": ["x", "x", "x", "y"], "abstained": [False, False, True, False]}
    )
    cases = pd.DataFrame(
        {"case_id": list("abcd"), "customer_id": list("ABAB"), "opened_at": [at, at, at, at - pd.Timedelta(days=200)]}
    )
    current = pd.DataFrame(
        {"customer_id": list("AB"), "as_of": at, "probability": [0.2, 0.5], "value_at_risk": [20.0, 100.0]}
    )
    past = pd.DataFrame({"unit_id": ["A"], "as_of": [at - pd.Timedelta(days=100)], "label": [0.0]})
    priced = price_causes(answers, cases, Customers(current, past), window_days=90, min_group=2)
    assert priced["cause"].tolist() == ["x"]  # y lies before the window
    row = priced.iloc[0]
    assert (row["cases"], row["customers"], row["value_at_risk"]) == (2, 2, 120.0)
    assert row["expected_leavers"] == pytest.approx(0.7)
    assert row["value_at_risk_low"] < 120 < row["value_at_risk_high"] and np.isnan(row["excess"])


def test_without_values_there_is_no_money() -> None:
    answers, cases, current, past = lived(1, harm=0.0)
    priced = price_causes(answers, cases, Customers(current.drop(columns="value_at_risk"), past), window_days=90)
    assert priced["value_at_risk"].isna().all() and priced["expected_leavers"].notna().all()
