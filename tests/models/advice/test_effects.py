"""Effects: the truth is found where chance deals the cases, and what cannot be known is said."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from models.advice.advise import Advice
from models.effects.estimate import estimate
from models.effects.estimators.case_level import case_level
from models.effects.estimators.design import Question, build_design
from models.effects.estimators.employee_means import descents, employee_means
from models.effects.estimators.moments import between_moments
from models.effects.findings import Effects
from models.effects.tables import beside_attributions

LEVERS = ("solved", "handle", "promise", "script", "cost")


@pytest.fixture(scope="module")
def effects(advice: Advice) -> Effects:
    return advice.effects


def test_employee_means_find_the_true_effects(known: Any, effects: Any) -> None:
    rows = effects.table.set_index("kpi")
    for lever in LEVERS:
        error = (rows.loc[lever, "high"] - rows.loc[lever, "low"]) / 3.29
        assert abs(rows.loc[lever, "effect_per_case"] * 1.5 - known.truth[lever] * 1.5) < 3 * error, lever


def test_an_effect_counts_the_cases_of_a_customer_and_meeting_the_same_person_again_once(
    known: Any, effects: Any
) -> None:
    rows = effects.table[effects.table["effect"].notna()]
    cases = known.cases.frame[["customer_id", "employee_id", "opened_at"]]
    pairs = cases.merge(cases, on=["customer_id", "employee_id"], suffixes=("", "_after"))
    days = (pairs["opened_at_after"] - pairs["opened_at"]).dt.total_seconds() / 86_400
    again = ((days >= 0) & (days <= known.cases.horizon_days)).sum() / len(cases)
    assert again > 1.005
    # nobody knows who left later: what is left after a horizon is as believed
    lasting = 1 / (1 - np.exp(-known.cases.horizon_days / 60))
    assert np.allclose(rows["effect"], 1.5 / again * lasting * rows["effect_per_case"], rtol=3e-3)


def test_the_signs_of_helpful_and_harmful_levers_are_sure(effects: Any) -> None:
    rows = effects.table.set_index("kpi")
    assert (rows.loc[["solved", "promise"], "high"] < 0).all()
    assert (rows.loc[["handle", "cost"], "low"] > 0).all()
    assert rows.loc["script", "low"] < 0 < rows.loc["script", "high"]


def test_what_a_lever_leads_to_is_part_of_its_effect(known: Any) -> None:
    arrowless = [kpi.model_copy(update={"leads_to": ()}) for kpi in known.catalogue.values()]
    without = type(known.catalogue)(tuple(arrowless), known.catalogue.stages)
    design = build_design(known.cases, known.catalogue, Question("churn", LEVERS))
    total = employee_means(design, draws=50, seed=1).point[1]
    direct = employee_means(build_design(known.cases, without, Question("churn", LEVERS)), draws=50, seed=1).point[1]
    assert total == pytest.approx(known.truth["handle"], abs=0.004)
    assert direct == pytest.approx(0.004, abs=0.003)
    assert total > direct + 0.002


def test_noise_in_a_measure_does_not_shrink_its_effect(make_company: Any) -> None:
    points = []
    for seed in range(4):
        company = make_company(seed, 150, 40_000)
        design = build_design(company.cases, company.catalogue, Question("churn", LEVERS))
        points.append(employee_means(design, draws=2, seed=1).point[2])
    # uncorrected, three or more noisy monthly measurements would take a good part of it
    assert np.mean(points) == pytest.approx(-0.006, abs=0.0015)


def test_hidden_difficulty_fools_the_case_level_regression_but_not_employee_means(known: Any) -> None:
    design = build_design(known.cases, known.catalogue, Question("churn", LEVERS))
    means = employee_means(design, draws=50, seed=1)
    plain = case_level(design, draws=50, seed=1, moments=between_moments(design))
    cost = LEVERS.index("cost")
    assert plain.point[cost] < 0.001
    assert means.point[cost] == pytest.approx(0.008, abs=0.004)


def test_what_a_lever_leads_to_is_part_of_its_effect_in_single_cases_too(known: Any) -> None:
    design = build_design(known.cases, known.catalogue, Question("churn", LEVERS))
    moments = between_moments(design)
    assert design.children["handle"] == {"solved"}
    alone = case_level(replace(design, children={}), draws=2, seed=1, moments=moments).point
    whole = case_level(design, draws=2, seed=1, moments=moments).point
    through = descents(design, moments.covariance(np.ones((1, moments.employees))), moments.kept)[0]
    at, child = LEVERS.index("handle"), LEVERS.index("solved")
    # slower people solve more; "better" is faster here
    assert through[at, child] < -0.2
    assert whole[at] == pytest.approx(alone[at] + through[at, child] * alone[child])
    assert np.delete(whole, at) == pytest.approx(np.delete(alone, at))


def test_correlations_that_chance_alone_would_give_are_not_kept(known: Any) -> None:
    moments = between_moments(build_design(known.cases, known.catalogue, Question("churn", LEVERS)))
    kept, covariance = moments.kept, moments.covariance(np.ones((1, moments.employees)))[0]
    assert (np.diagonal(kept) == 1).all()
    handle, solved, cost, script = (LEVERS.index(name) for name in ("handle", "solved", "cost", "script"))
    assert kept[handle, solved] > 0.5
    assert kept[cost, script] < 0.5
    assert np.allclose(kept, kept.T)
    assert covariance[handle, solved] < 0


def test_the_same_seed_gives_the_same_draws(known: Any, effects: Any) -> None:
    again = estimate(known.cases, known.organisation, known.catalogue, known.policy, 7, learners=False)
    pd.testing.assert_frame_equal(effects.table, again.table)
    pd.testing.assert_frame_equal(effects.draws, again.draws)


def test_draws_are_joint_and_complete(effects: Any) -> None:
    counts = effects.draws.groupby(["outcome", "kpi"])["draw"].agg(["count", "nunique"])
    assert (counts == 400).all().all()
    assert set(effects.draws.columns) == {"outcome", "kpi", "draw", "effect"}


def test_outcomes_and_unmeasured_levers_have_no_effect_and_say_why(effects: Any) -> None:
    rows = effects.table.set_index("kpi")
    assert np.isnan(rows.loc["rating", "effect"])
    assert "reports" in rows.loc["rating", "method"]
    assert np.isnan(rows.loc["duty", "effect"])
    assert "mandatory" in rows.loc["duty", "method"]


def test_the_table_has_the_contracts_columns(effects: Any) -> None:
    needed = ["outcome", "kpi", "role", "effect", "low", "high", "method", "attribution_effect", "agrees", "refuted",
              "effect_per_case", "robustness"]  # fmt: skip
    assert set(needed) <= set(effects.table.columns)
    assert effects.table.groupby("outcome")["kpi"].nunique().eq(7).all()


def test_attribution_stands_beside_the_effect_and_disagreement_is_reported(known: Any) -> None:
    attributions = pd.DataFrame(
        {"outcome": "churn", "team_id": ["t1", "t1"], "kpi": ["cost", "solved"], "slope": [0.4, -0.3], "n": [100, 100]}
    )
    found = estimate(known.cases, known.organisation, known.catalogue, known.policy, 7, learners=False)
    found = beside_attributions(found, known.cases, known.catalogue, attributions).table.set_index("kpi")
    # dearer cases look dangerous to the model: better, that is cheaper, would look helpful
    assert found.loc["cost", "attribution_effect"] < 0 < found.loc["cost", "effect"]
    assert not found.loc["cost", "agrees"]
    assert found.loc["solved", "agrees"]
    assert pd.isna(found.loc["script", "agrees"])


def test_double_machine_learning_is_reported_beside_the_others_whatever_the_cores(
    known: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    for threads in ("1", "3"):
        monkeypatch.setenv("OMP_NUM_THREADS", threads)
        found.append(estimate(known.cases, known.organisation, known.catalogue, known.policy, 7).by_method)
    by_method = found[0]
    pd.testing.assert_frame_equal(found[1], by_method, check_exact=True)
    methods = by_method.groupby("method")["primary"].all()
    assert set(methods.index) == {"combined", "employee_means", "case_level", "double_ml"}
    assert methods["combined"]
    assert not methods["double_ml"]


def test_without_any_outcome_nothing_is_claimed(known: Any) -> None:
    from dataclasses import replace

    bare = replace(known.cases, frame=known.cases.frame.drop(columns="y:churn"))
    found = estimate(bare, known.organisation, known.catalogue, known.policy, 7)
    assert found.primary is None
    assert found.table.empty
    assert found.draws.empty


def test_an_outcome_that_is_always_the_same_gives_no_effects(known: Any) -> None:
    from dataclasses import replace

    flat = replace(known.cases, frame=known.cases.frame.assign(**{"y:churn": 0.0}))
    found = estimate(flat, known.organisation, known.catalogue, known.policy, 7)
    assert found.table["effect"].isna().all()
    assert found.outcomes["churn"].joint.p_value == 1.0


def test_the_joint_tests_are_taken_together_once(effects: Any) -> None:
    found = effects.outcomes["churn"]
    assert found.p_values is found.p_values
