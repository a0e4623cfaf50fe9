"""Attributions keep their sums: over features, KPIs, teams and stages."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from models.prediction.attribution import attribution_rows, drivers, kpi_values, per_kpi, value_feature

KPI_OF = {"csat__7d": "csat", "csat__90d": "csat", "csat__trend": "csat", "wait__90d": "wait", "segment": "_context"}


def explained(rows: int = 200, seed: int = 0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Contributions and the feature values behind them; wait's attribution is 0.3 per unit of wait."""
    generator = np.random.default_rng(seed)
    frame = pd.DataFrame({name: generator.normal(size=rows) for name in KPI_OF if name != "segment"})
    frame["wait__90d"] = 5 + 2 * frame["wait__90d"]
    frame["segment"] = pd.Categorical(generator.choice(["home", "firm"], rows))
    shap = pd.DataFrame({name: generator.normal(size=rows) for name in KPI_OF})
    shap["wait__90d"] = 0.3 * (frame["wait__90d"] - 5)
    shap["bias"] = -1.5
    return shap, frame


def rows_of(shares: pd.DataFrame, by: str = "team_id", rows: int = 200) -> tuple[pd.DataFrame, pd.DataFrame]:
    shap, frame = explained(rows)
    ids = pd.Series([f"c{number}" for number in range(rows)])
    return attribution_rows("churn", ids, per_kpi(shap, KPI_OF), kpi_values(frame, KPI_OF), shares, by=by), shap


SHARES = pd.DataFrame(
    [(f"c{number}", team, share) for number in range(150) for team, share in (("north", 0.75), ("south", 0.25))],
    columns=["unit_id", "team_id", "share"],
)


def test_a_kpis_attribution_is_the_sum_over_its_features() -> None:
    shap, _ = explained()
    summed = per_kpi(shap, KPI_OF)
    assert list(summed.columns) == ["csat", "wait", "_context", "bias"]
    np.testing.assert_allclose(summed["csat"], shap["csat__7d"] + shap["csat__90d"] + shap["csat__trend"])
    np.testing.assert_allclose(summed.sum(axis=1), shap.sum(axis=1))


def test_features_that_are_no_kpi_keep_their_names_on_request() -> None:
    shap, _ = explained()
    assert list(per_kpi(shap, KPI_OF, name_context=True).columns) == ["csat", "wait", "segment", "bias"]


def test_a_kpis_value_is_that_of_its_longest_window_whatever_the_order() -> None:
    assert value_feature("csat", ["csat__trend", "csat__90d", "csat__7d", "csat__365d", "csat__n"]) == "csat__365d"
    assert value_feature("csat", ["csat__n", "csat__case"]) == "csat__case"
    assert value_feature("csat", ["csat__handler_7d", "csat__team_90d", "csat__case"]) == "csat__case"
    assert value_feature("csat", ["csat__handler_7d", "csat__handler_90d"]) == "csat__handler_90d"
    assert value_feature("csat", ["Contract"]) == "Contract"


def test_sums_over_teams_and_kpis_and_the_bias_are_the_mean_raw_score() -> None:
    found, shap = rows_of(SHARES)
    weighted = (found["mean_attribution"] * found["n"]).sum() / 200
    bias = found.drop_duplicates("team_id")
    assert weighted + (bias["bias"] * bias["n"]).sum() / 200 == pytest.approx(shap.sum(axis=1).mean(), abs=1e-12)
    assert bias["n"].sum() == pytest.approx(200)


def test_customers_are_split_over_teams_by_their_shares_and_those_without_cases_have_no_team() -> None:
    found, _ = rows_of(SHARES)
    n = found.drop_duplicates("team_id").set_index("team_id")["n"]
    assert n["north"] == pytest.approx(112.5)
    assert n["south"] == pytest.approx(37.5)
    assert found[found["team_id"].isna()]["n"].unique() == pytest.approx([50.0])


def test_a_teams_mean_is_over_its_own_customers() -> None:
    shares = SHARES.assign(share=1.0, team_id=["north", "south"] * 150).drop_duplicates("unit_id")
    shares["team_id"] = np.where(np.arange(150) < 30, "north", "south")
    found, shap = rows_of(shares)
    north = found[found["team_id"] == "north"].set_index("kpi")
    np.testing.assert_allclose(north.loc["wait", "mean_attribution"], shap["wait__90d"][:30].mean())
    np.testing.assert_allclose(north.loc["wait", "mean_abs_attribution"], shap["wait__90d"][:30].abs().mean())


def test_slope_is_what_one_standard_deviation_of_the_kpi_adds() -> None:
    found, _ = rows_of(SHARES)
    _, frame = explained()
    slopes = found.set_index(["team_id", "kpi"])["slope"]
    assert slopes["north", "wait"] == pytest.approx(0.3 * frame["wait__90d"].std(ddof=0))
    assert slopes["south", "wait"] == pytest.approx(0.3 * frame["wait__90d"].std(ddof=0))
    assert np.isnan(slopes["north", "_context"])


def test_slope_is_unknown_where_rows_are_few_or_values_unknown() -> None:
    shap, frame = explained()
    ids = pd.Series([f"c{number}" for number in range(200)])
    frame.loc[5:, "wait__90d"] = np.nan
    found = attribution_rows("churn", ids, per_kpi(shap, KPI_OF), kpi_values(frame, KPI_OF), SHARES)
    assert found.set_index("kpi")["slope"]["wait"].isna().all()
    assert found.set_index("kpi")["slope"]["csat"].notna().all()


def test_rows_whose_value_is_unknown_do_not_bend_the_slope() -> None:
    shap, frame = explained()
    ids = pd.Series([f"c{number}" for number in range(200)])
    shap.loc[120:, "wait__90d"] = 9.0
    frame.loc[120:, "wait__90d"] = np.nan
    high = frame["wait__90d"].gt(5) | frame["wait__90d"].isna()
    shares = pd.DataFrame({"unit_id": ids, "team_id": np.where(high, "north", "south"), "share": 1.0})
    found = attribution_rows("churn", ids, per_kpi(shap, KPI_OF), kpi_values(frame, KPI_OF), shares)
    wait = found[found["kpi"] == "wait"].set_index("team_id")["slope"]
    assert wait["north"] == pytest.approx(0.3 * frame["wait__90d"].std(ddof=0))


def test_stages_split_like_teams() -> None:
    both = SHARES.assign(stage=["use", "renewal"] * 150)
    found, shap = rows_of(both, by="stage")
    assert set(found["stage"].dropna()) == {"use", "renewal"}
    bias = found.drop_duplicates("stage")
    total = (found["mean_attribution"] * found["n"]).sum() + (bias["bias"] * bias["n"]).sum()
    assert total / 200 == pytest.approx(shap.sum(axis=1).mean(), abs=1e-12)


def test_without_shares_everything_is_under_no_team() -> None:
    found, shap = rows_of(SHARES.iloc[:0])
    assert found["team_id"].isna().all()
    assert found["mean_attribution"].sum() == pytest.approx((shap.sum(axis=1) - shap["bias"]).mean())


def test_shares_of_units_that_are_not_scored_do_not_count() -> None:
    other = pd.DataFrame({"unit_id": ["gone"], "team_id": ["west"], "share": [1.0]})
    found, _ = rows_of(pd.concat([SHARES, other], ignore_index=True))
    assert "west" not in set(found["team_id"])


def test_drivers_are_the_strongest_first_with_value_or_label() -> None:
    shap = pd.DataFrame(
        {"csat__90d": [0.2, -0.1], "wait__90d": [-0.9, 0.05], "segment": [0.5, 0.7], "bias": [-1.0, -1.0]}
    )
    frame = pd.DataFrame(
        {"csat__90d": [4.0, np.nan], "wait__90d": [60.0, 5.0], "segment": pd.Categorical(["home", None])}
    )
    kpi_of = {"csat__90d": "csat", "wait__90d": "wait", "segment": "_context"}
    found = drivers(per_kpi(shap, kpi_of, name_context=True), kpi_values(frame, kpi_of), top=2).to_pylist()
    assert found == [
        [
            {"kpi": "wait", "value": 60.0, "label": None, "attribution": -0.9},
            {"kpi": "segment", "value": None, "label": "home", "attribution": 0.5},
        ],
        [
            {"kpi": "segment", "value": None, "label": None, "attribution": 0.7},
            {"kpi": "csat", "value": None, "label": None, "attribution": -0.1},
        ],
    ]


def test_no_rows_have_no_drivers() -> None:
    shap, frame = explained()
    none = drivers(per_kpi(shap.head(0), KPI_OF, name_context=True), kpi_values(frame.head(0), KPI_OF))
    assert none.to_pylist() == []
