"""The Python API that notebooks call, on a finished small run."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from baton.errors import ArtefactError, BatonError, PolicyError, UnknownIdError
from pipelines import analysis, plots
from pipelines.analysis import Results, open_run


@pytest.fixture(scope="module")
def results(small_run: Path, small_company: Path) -> Results:
    return open_run(small_run, small_company)


def card_of(results: Results) -> tuple[str, pd.Series]:
    rows = results.weights()
    team = str(rows["team_id"].iloc[0])
    return team, rows[rows["team_id"] == team].set_index("kpi")["current_weight"]


def team_that_moves(results: Results) -> str:
    """The team whose card changes most where much is risked."""
    bold = results.weights(false_moves=0.99, confidence=0.5)
    moved = (bold["recommended_weight"] - bold["current_weight"]).abs()
    return str(moved.groupby(bold["team_id"]).max().idxmax())


def test_the_names_are_these_and_no_others() -> None:
    assert analysis.__all__ == [
        "Results", "diagnose_company", "faults_of", "open_run", "run_company", "train_company",
    ]  # fmt: skip
    assert plots.__all__ == [
        "attribution_beside_effect", "beeswarm", "calibration", "cards", "comparison", "drivers", "effects",
        "interactions", "waterfall",
    ]  # fmt: skip


def test_every_public_name_is_documented(checkout: Path) -> None:
    page = (checkout / "docs" / "python-api.md").read_text(encoding="utf-8")
    members = [name for name in vars(Results) if not name.startswith("_")]
    named = set(re.findall(r"`(?:results\.|plots\.)?([a-z_]+)", page)) | set(re.findall(r"`([A-Z]\w+)`", page))
    missing = [name for name in (*analysis.__all__, *members, *plots.__all__) if name not in named]
    assert not missing, missing


def test_importing_it_loads_no_heavy_library() -> None:
    code = "import sys, pipelines.analysis, pipelines.plots; print([m for m in sys.modules if '.' not in m])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"lightgbm", "sklearn", "mlflow", "matplotlib", "bentoml", "shap"} & set(ast.literal_eval(done.stdout))


def test_a_folder_without_a_finished_run_is_refused(tmp_path: Path, small_company: Path) -> None:
    with pytest.raises(ArtefactError, match=r"run\.json: not there; `baton run"):
        open_run(tmp_path, small_company)


def test_figures_stand_beside_those_of_the_baselines(results: Results) -> None:
    figures = results.figures("churn")
    assert next(iter(figures.index)) == "baton"
    assert {"base_rate", "logistic_regression", "plain_lightgbm"} <= set(figures.index)
    assert figures.loc["base_rate", "auc"] == 0.5
    assert figures.loc["baton", "auc"] == results.evaluation["churn"]["auc"]


def test_an_outcome_that_was_not_learned_says_why(results: Results) -> None:
    for name, why in results.left_out.items():
        with pytest.raises(ArtefactError, match=re.escape(why[:30])):
            results.figures(name)
    with pytest.raises(ArtefactError, match=r"'chrn': no such outcome in this run; did you mean 'churn'"):
        results.figures("chrn")


def test_a_table_that_is_not_there_names_the_nearest(results: Results) -> None:
    with pytest.raises(ArtefactError, match="did you mean 'weights'"):
        results.table("weight")


def test_the_truth_of_a_simulated_company_is_beside_its_file(results: Results) -> None:
    truth = results.truth()
    assert truth is not None
    assert truth["first_contact_resolution"] < 0 < truth["handle_seconds"]
    assert truth["csat"] == 0


def test_the_attribution_is_the_case_weighted_mean_over_teams(results: Results) -> None:
    rows = results.table("attributions").query("outcome == 'churn' and kpi == 'first_contact_resolution'")
    expected = np.average(rows["mean_abs_attribution"], weights=rows["n"])
    assert results.attribution()["first_contact_resolution"] == pytest.approx(expected)


def test_a_customer_is_explained_and_an_unknown_one_is_not(results: Results) -> None:
    first = results.churn.iloc[0]
    assert list(results.explain(first["customer_id"])["kpi"]) == [driver["kpi"] for driver in first["drivers"]]
    with pytest.raises(UnknownIdError, match="'nobody' is not at risk"):
        results.explain("nobody")


def test_weights_are_solved_again_under_other_limits(results: Results) -> None:
    team = team_that_moves(results)
    bold = results.weights(team, false_moves=0.99, confidence=0.5)
    moved = (bold["recommended_weight"] - bold["current_weight"]).abs()
    assert moved.max() > 0
    slow = results.weights(team, false_moves=0.99, confidence=0.5, max_change=5)
    assert (slow["recommended_weight"] - slow["current_weight"]).abs().max() <= 5
    with pytest.raises(PolicyError, match="did you mean 'max_change'"):
        results.weights(team, max_chnge=5)


def test_today_s_card_changes_nothing_in_the_sandbox(results: Results) -> None:
    team, card = card_of(results)
    tried = results.try_card(team, card[card > 0].to_dict())
    assert (tried.expected, tried.low, tried.high) == (0, 0, 0)
    assert tried.basis == "scenario"


def test_the_sandbox_agrees_with_the_advice_on_the_advised_card(results: Results) -> None:
    team = team_that_moves(results)
    advised = results.weights(team, false_moves=0.99, confidence=0.5)
    card = advised.set_index("kpi")["recommended_weight"]
    tried = results.try_card(team, card[card > 0].to_dict(), false_moves=0.99, confidence=0.5)
    assert tried.expected == pytest.approx(advised["expected_effect"].iloc[0])
    assert (tried.low, tried.high) == pytest.approx((advised["expected_low"].iloc[0], advised["expected_high"].iloc[0]))


def test_the_sandbox_names_every_limit_that_a_card_breaks(results: Results) -> None:
    team, card = card_of(results)
    card = card[card > 0]
    mandatory, level = card["mandatory_training"], card["handle_seconds"]
    broken = card.to_dict() | {"handle_seconds": level + mandatory + 20, "mandatory_training": 0.0}
    broken["first_contact_resolution"] = card["first_contact_resolution"] - 8
    broken["cost_per_case"] = card["cost_per_case"] - 12
    breaches = "; ".join(results.try_card(team, broken).breaches)
    for words in ("mandatory", "at most 40", "at most 10 in one cycle", "at least 5"):
        assert words in breaches
    assert "customer holds" in breaches


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"handle_secs": 10.0}, "did you mean 'handle_seconds'"),
        ({"handle_seconds": 0.0}, "sum to"),
        ({"handle_seconds": -10.0}, "0 or more"),
    ],
)
def test_a_card_that_is_none_is_refused(results: Results, change: dict[str, float], words: str) -> None:
    team, card = card_of(results)
    with pytest.raises(PolicyError, match=words):
        results.try_card(team, card[card > 0].to_dict() | change)


def test_an_unknown_team_or_role_is_refused_by_name(results: Results) -> None:
    team, card = card_of(results)
    with pytest.raises(UnknownIdError, match="'T0'"):
        results.try_card("T0", card.to_dict())
    with pytest.raises(UnknownIdError, match="role 'pilot'"):
        results.try_card(team, card.to_dict(), role="pilot")


class _Constant:
    """Says the training rate of everybody."""

    def fit(self, X: np.ndarray, y: np.ndarray) -> _Constant:
        self.rate = float(np.mean(y))
        return self

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        return np.column_stack([np.full(len(X), 1 - self.rate), np.full(len(X), self.rate)])


def test_a_model_of_one_s_own_is_tested_on_the_same_rows(results: Results) -> None:
    outcome = next(name for name in results.outcomes if name == "churn")
    found = results.compare(outcome, {"constant": _Constant})
    known = results.evaluation[outcome]
    assert found.test_fingerprint == known["test_fingerprint"]
    assert found.figures.loc["constant", "auc"] == 0.5
    # a constant learned on the training rows is the base rate's own rule
    assert found.figures.loc["constant", "log_loss"] == pytest.approx(found.figures.loc["base_rate", "log_loss"])
    assert found.figures.loc["baton", "auc"] == pytest.approx(known["auc"])
    assert {"baton", "constant"} == set(found.intervals["model"])


def test_every_plot_draws_what_it_is_about(results: Results) -> None:
    team, _ = card_of(results)
    pictures = {
        "calibration": plots.calibration(results),
        "drivers": plots.drivers(results, most=5),
        "effects": plots.effects(results),
        "both": plots.attribution_beside_effect(results),
        "cards": plots.cards(results, team),
    }
    assert len(pictures["drivers"].axes[0].patches) == 5
    truth = [line for line in pictures["effects"].axes[0].lines if line.get_label() == "truth"]
    assert len(truth) == 1
    shown = results.effects.query("outcome == 'churn' and effect.notna()").sort_values("effect", ascending=False)["kpi"]
    assert np.allclose(truth[0].get_xdata(), 100 * results.truth().reindex(shown).to_numpy())  # type: ignore[union-attr]
    bins = results.calibration("churn")
    dots = pictures["calibration"].axes[0].containers[0].lines[0]
    assert np.allclose(dots.get_ydata(), 100 * bins["observed"])
    assert pictures["cards"].axes[0].get_title(loc="left").startswith("The card of")


def test_an_explanation_sums_to_the_score_and_is_of_the_customers_scored(results: Results) -> None:
    found, predictor = results.explanation(), results.predictor("churn")
    assert found.instance_names == results.training("churn").current["unit_id"].tolist()
    scores = predictor.calibrate(found.values.sum(axis=1) + found.base_values)
    named = results.churn.set_index("customer_id")["probability"].loc[found.instance_names]
    assert np.allclose(scores, named, atol=1e-6)
    one = results.explanation("churn", unit_id=found.instance_names[3])
    assert np.array_equal(one.values, found.values[3:4])
    with pytest.raises(UnknownIdError, match="'nobody' is not among the latest rows of churn"):
        results.explanation(unit_id="nobody")


def test_shap_s_pictures_show_features_by_their_kpis_names(results: Results) -> None:
    swarm = plots.beeswarm(results, most=4)
    names = [label.get_text() for label in swarm.axes[0].get_yticklabels()]
    strongest = np.abs(results.explanation().values).mean(axis=0).argsort()[::-1]
    feature = results.explanation().feature_names[strongest[0]]
    kpi = results.predictor("churn").kpi_of[feature]
    shown = results.catalogue[kpi].name.en if kpi in results.catalogue else feature.split("__")[-1].replace("_", " ")
    assert len(names) == 4 and names[-1].startswith(shown) and names[0].startswith("Sum of")
    customer = str(results.churn["customer_id"].iloc[0])
    assert plots.waterfall(results, customer, most=4).get_suptitle() == f"Why {customer}: log-odds of churn"


def test_interactions_are_of_pairs_of_kpis_and_stand_in_a_picture(results: Results) -> None:
    found = results.interactions("churn", most=3)
    assert found.pairs["mean_abs_interaction"].is_monotonic_decreasing
    owners = set(results.predictor("churn").kpi_of) | set(results.predictor("churn").kpi_of.values())
    assert set(found.pairs["kpi"]) | set(found.pairs["other_kpi"]) <= owners
    for pair, rows in zip(found.pairs.to_dict("records"), found.rows, strict=True):
        assert rows["interaction"].abs().mean() == pytest.approx(pair["mean_abs_interaction"])
    figure = plots.interactions(results)
    strongest = found.pairs.iloc[0]
    name = results.catalogue[strongest["kpi"]].name.en if strongest["kpi"] in results.catalogue else ""
    assert len(figure.axes) == 4  # two panels, each with its bar of colours
    assert not name or figure.axes[0].get_xlabel() == name


def test_a_prediction_no_better_than_guessing_has_no_interactions(
    results: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(analysis, "is_informative", lambda entry: False)
    with pytest.raises(ArtefactError, match="no better than guessing"):
        results.interactions()


def test_every_error_is_of_the_house(results: Results) -> None:
    assert all(issubclass(kind, BatonError) for kind in (ArtefactError, PolicyError, UnknownIdError))
    assert all(inspect.getdoc(member) for name, member in vars(Results).items() if not name.startswith("_"))
