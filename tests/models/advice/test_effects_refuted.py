"""When cases are not dealt by chance, when nothing matters, and when an effect should not be believed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from models.effects.estimate import estimate
from models.effects.estimators.design import Question, build_design
from models.effects.estimators.employee_means import employee_means
from models.effects.estimators.moments import between_moments
from models.effects.estimators.omnibus import joint_test
from models.effects.estimators.refutation import reasons_against, refute
from models.effects.estimators.routing import routing_test

LEVERS = ("solved", "handle", "promise", "script", "cost")


def test_where_nothing_matters_the_joint_test_is_hardly_ever_significant(make_company: Any) -> None:
    values = []
    for seed in range(60):
        company = make_company(seed, 40, 6_000, null=True)
        design = build_design(company.cases, company.catalogue, Question("churn", LEVERS))
        values.append(joint_test(design, between_moments(design), permutations=199, seed=seed).p_value)
    # binomial with 60 trials at 5 %: seven or more have a chance of two in a hundred
    assert sum(value <= 0.05 for value in values) <= 6
    assert 0.3 < np.median(values) < 0.7


def test_where_levers_matter_the_joint_test_is_significant(known: Any) -> None:
    design = build_design(known.cases, known.catalogue, Question("churn", LEVERS))
    assert joint_test(design, between_moments(design), permutations=199, seed=1).p_value <= 0.01


def test_too_few_people_give_no_joint_test(make_company: Any) -> None:
    company = make_company(1, 8, 2_000)
    design = build_design(company.cases, company.catalogue, Question("churn", LEVERS))
    assert joint_test(design, between_moments(design), permutations=99, seed=1).p_value == 1.0


def test_routing_by_chance_passes_and_routing_by_skill_is_noticed(make_company: Any) -> None:
    for strength, expected in ((0.0, True), (0.6, False)):
        company = make_company(3, 80, 20_000, skill_routing=strength)
        design = build_design(company.cases, company.catalogue, Question("churn", LEVERS))
        routing = routing_test(design, between_moments(design), permutations=20, seed=1)
        assert routing.near_random is expected, strength


def test_routing_by_process_within_a_team_is_noticed_although_people_are_compared_within_processes(known: Any) -> None:
    rng = np.random.default_rng(4)
    people = sorted(known.cases.frame["employee_id"].unique())
    for routed in (False, True):
        frame = known.cases.frame.copy()
        senior = frame["employee_id"].isin(people[::2]) if routed else rng.random(len(frame)) < 0.5
        hard = rng.random(len(frame)) < np.where(senior, 0.8, 0.2)
        frame["process"] = pd.Categorical(np.where(hard, "fraud", "address"))
        frame["y:churn"] = np.where(rng.random(len(frame)) < 0.1 * hard, 1.0, frame["y:churn"])
        cases = replace(known.cases, frame=frame)
        design = build_design(cases, known.catalogue, Question("churn", LEVERS))
        assert routing_test(design, between_moments(design), permutations=50, seed=1).near_random is not routed


def test_routing_by_skill_lowers_confidence(make_company: Any) -> None:
    widths = []
    for strength in (0.0, 0.6):
        company = make_company(3, 80, 20_000, skill_routing=strength)
        found = estimate(company.cases, company.organisation, company.catalogue, company.policy, 7, learners=False)
        primary = found.outcomes["churn"]
        at = primary.levers.index("solved")
        sampling = primary.estimates["employee_means"].error[at] * primary.scale
        widths.append((primary.high[at] - primary.low[at]) / sampling)
    assert widths[1] > 1.2 * widths[0]


def test_a_lever_that_only_marks_easy_cases_fails_the_placebo(known: Any) -> None:
    frame = known.cases.frame.copy()
    easy = frame.groupby("employee_id")["kpi:solved"].transform("mean")
    # customers of people with a high share of solved cases were never going to leave, as was known before
    frame["x:difficulty"] = frame["x:difficulty"] - 40 * (easy - easy.mean())
    frame["y:churn"] = (
        np.random.default_rng(1).random(len(frame)) < np.clip(0.08 + 0.02 * frame["x:difficulty"], 0, 1)
    ).astype(float)
    cases = replace(known.cases, frame=frame)
    found = estimate(cases, known.organisation, known.catalogue, known.policy, 7, learners=False)
    assert "placebo" in found.outcomes["churn"].refuted["solved"].text


def test_true_effects_survive_their_refutations(known: Any) -> None:
    design = build_design(known.cases, known.catalogue, Question("churn", LEVERS))
    moments = between_moments(design)
    means = employee_means(design, draws=200, seed=1, moments=moments)
    joint = joint_test(design, moments, permutations=199, seed=1)
    assert reasons_against(refute(design, moments, means, joint.single, 1)) == {}


def test_an_effect_carried_by_one_team_is_refuted(known: Any) -> None:
    design = build_design(known.cases, known.catalogue, Question("churn", LEVERS))
    moments = between_moments(design)
    means = employee_means(design, draws=100, seed=1, moments=moments)
    table = refute(design, moments, means, np.zeros(5), 1)
    table.loc[table["kpi"] == "solved", "flips"] = 1
    assert "without a single team" in reasons_against(table)["solved"].text


def test_levers_that_move_together_are_not_distinguished(known: Any) -> None:
    frame = known.cases.frame.assign(**{"kpi:promise": 3 * known.cases.frame["kpi:script"] + 1})
    cases = replace(known.cases, frame=frame)
    found = estimate(cases, known.organisation, known.catalogue, known.policy, 7, learners=False).table.set_index("kpi")
    # the one on a card stays
    assert found.loc["script", "method"] == "combined"
    assert "moves together with script" in found.loc["promise", "method"]


def test_a_lever_in_which_people_do_not_differ_has_no_effect(known: Any) -> None:
    noise = np.random.default_rng(5).standard_normal(len(known.cases.frame))
    cases = replace(known.cases, frame=known.cases.frame.assign(**{"kpi:cost": noise}))
    found = estimate(cases, known.organisation, known.catalogue, known.policy, 7, learners=False).table.set_index("kpi")
    assert "do not differ" in found.loc["cost", "method"]


def test_where_routing_is_not_by_chance_the_interval_reaches_the_other_estimator(make_company: Any) -> None:
    company = make_company(3, 80, 20_000, skill_routing=0.6)
    found = estimate(company.cases, company.organisation, company.catalogue, company.policy, 7, learners=False)
    primary = found.outcomes["churn"]
    assert not primary.routing.near_random
    other = primary.estimates["case_level"].point * primary.scale
    assert (primary.low <= other).all()
    assert (other <= primary.high).all()
    assert (primary.low < primary.point).all()
    assert (primary.point < primary.high).all()
