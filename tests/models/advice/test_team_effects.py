"""Effects of levers that teams own, on companies whose truth is known."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from baton.messages.message import Message
from features.cases.placebo import halved, permuted
from models.advice.advise import Advice
from models.effects.estimate import estimate
from models.effects.estimators.team_cells import met_again
from models.effects.findings import Effects
from models.effects.not_measured import NotMeasured
from models.effects.team_effects import METHOD, estimate_teams


def effects_of(company: Any) -> Effects:
    return estimate(company.cases, company.organisation, company.catalogue, company.policy, 7, learners=False)


@pytest.fixture(scope="module")
def strong(make_team_company: Any) -> Any:
    """A company whose teams matter much."""
    return make_team_company(seed=4, customers=6000, strength=2.0)


@pytest.fixture(scope="module")
def reported(strong: Any, advice_of: Any) -> Advice:
    return advice_of(strong)


@pytest.fixture(scope="module")
def found(reported: Advice) -> Effects:
    return reported.effects


def test_levers_of_teams_get_effects_of_the_right_sign_and_size(strong: Any, found: Effects) -> None:
    table = found.table.set_index("kpi")
    assert (table["method"] == METHOD).all()
    for kpi in ("adoption", "defects", "speed"):
        assert np.sign(table.loc[kpi, "effect"]) == np.sign(strong.truth[kpi])
    inside = [table.loc[kpi, "low"] <= true <= table.loc[kpi, "high"] for kpi, true in strong.truth.items()]
    assert sum(inside) >= 3
    assert table.loc["adoption", "clear"] == "helps"
    assert table["effect_per_case"].isna().all()
    assert set(found.by_method["method"]) == {METHOD, "teams_within", "teams_between"}
    assert set(found.draws["kpi"]) == set(strong.truth)


def test_intervals_cover_and_a_comparison_between_teams_alone_would_not_where_customers_choose_teams(
    make_team_company: Any,
) -> None:
    """Eight companies in which the restless use what good teams make."""
    reported: dict[str, list[bool]] = {METHOD: [], "teams_between": []}
    for seed in range(8):
        company = make_team_company(seed=seed, customers=2000, confounded=1.0)
        teams = estimate_teams(company.cases, company.organisation, company.catalogue, (), "churn", 7)
        for method, inside in reported.items():
            answer = teams.estimates[method]
            low, high = np.quantile(answer.draws, [0.05, 0.95], axis=0)
            inside += [bool(low[at] <= company.truth[kpi] <= high[at]) for at, kpi in enumerate(answer.levers)]
    assert np.mean(reported[METHOD]) >= 0.75  # 32 intervals of 90 %
    assert np.mean(reported[METHOD]) > np.mean(reported["teams_between"]) + 0.1


def test_noise_in_teams_values_does_not_shrink_effects(make_team_company: Any) -> None:
    points = []
    for noise in (0.0, 1.0):
        company = make_team_company(seed=4, customers=6000, strength=2.0, noise=noise)
        teams = estimate_teams(company.cases, company.organisation, company.catalogue, (), "churn", 7)
        points.append(teams.estimates["teams_between"].point[teams.levers.index("adoption")])
    assert points[1] == pytest.approx(points[0], rel=0.25)


def test_where_no_kpi_matters_nothing_moves_and_nothing_is_called_clear(make_team_company: Any, advice_of: Any) -> None:
    advice = advice_of(make_team_company(seed=3, strength=0.0, confounded=0.5))
    assert advice.effects.outcomes["churn"].p_values["team"] > 0.05
    assert set(advice.effects.table["clear"]) == {"unclear"}
    assert set(advice.weights["verdict"]) == {"keep"}


def test_on_permuted_outcomes_nothing_is_advised(strong: Any, found: Effects, advice_of: Any) -> None:
    assert found.outcomes["churn"].p_values["team"] <= 0.05
    advice = advice_of(replace(strong, cases=permuted(strong.cases, 3)))
    assert advice.effects.outcomes["churn"].p_values["team"] > 0.05
    assert set(advice.weights["verdict"]) == {"keep"}


def test_halves_of_the_customers_hold_their_own_exposures(strong: Any) -> None:
    one, two = (half.exposures for half in halved(strong.cases, 5))
    assert one is not None and two is not None and strong.cases.exposures is not None
    assert len(one.frame) + len(two.frame) == len(strong.cases.exposures.frame)
    assert not set(one.frame["customer_id"]) & set(two.frame["customer_id"])
    for part in (one, two):
        sums = part.shares.groupby("row")["share"].sum()
        assert np.allclose(sums, 1.0)
        assert list(sums.index) == list(range(len(part.frame)))


def test_few_teams_are_not_compared_and_the_reason_says_how_many_there_are(make_team_company: Any) -> None:
    effects = effects_of(make_team_company(teams=6, customers=500))
    assert effects.table["effect"].isna().all()
    assert set(effects.table["method"]) == {"not measured: 6 teams have it, not enough to compare (8 are needed)"}


def test_two_levers_that_move_together_are_not_distinguished(strong: Any) -> None:
    met = strong.cases.exposures
    twin = met.values[met.values["kpi"] == "adoption"].assign(kpi="idle")
    values = pd.concat([met.values[met.values["kpi"] != "idle"], twin], ignore_index=True)
    cases = replace(strong.cases, exposures=replace(met, values=values))
    teams = estimate_teams(cases, strong.organisation, strong.catalogue, (), "churn", 7)
    assert teams.why_not == {"idle": Message(NotMeasured.NOT_SEPARATE, {"other": "adoption"})}


def test_a_lever_that_never_changes_is_compared_between_teams_and_says_so(make_team_company: Any) -> None:
    company = make_team_company(seed=4, customers=3000, moving=0.0, noise=0.0)
    teams = estimate_teams(company.cases, company.organisation, company.catalogue, (), "churn", 7)
    assert np.isnan(teams.estimates["teams_within"].point).all()
    assert all("does not change within them" in note.text for note in teams.notes.values())
    assert set(teams.notes) == set(company.truth)


def test_team_cards_move_by_what_teams_own_and_have_no_people_to_be_fair_to(reported: Advice) -> None:
    rows, inputs = reported.weights, reported.inputs
    card = rows[rows["team_id"] == "p00"].set_index("kpi")
    assert card["recommended_weight"].sum() == pytest.approx(100)
    assert card.loc["adoption", "verdict"] == "raise"
    assert card.loc["speed", "verdict"] in ("lower", "drop", "keep")
    assert (card["impact"] == "cannot be told").all()
    assert card["reliability"].min() > 0.5
    assert card["expected_effect"].notna().all()
    assert "Where teams are" in card.loc["adoption", "reason"]["en"]
    assert "团队" in card.loc["adoption", "reason"]["zh"]
    assert inputs.headcounts["share"].groupby(inputs.headcounts["team_id"]).first().sum() == pytest.approx(1.0)
    diagnosis = reported.diagnosis.set_index(["team_id", "kpi"])
    assert diagnosis.loc[("p00", "adoption"), "alignment"] == "aligned"


def test_two_owners_share_the_chance_of_a_false_move(advice: Advice, found: Effects) -> None:
    people = advice.effects.outcomes["churn"]
    assert people.p_values == {"employee": people.joint.p_value}
    both = replace(
        people, levers=(*people.levers, *found.outcomes["churn"].levers), teams=found.outcomes["churn"].teams
    )
    smaller, larger = sorted((people.joint.p_value, both.teams.joint.p_value))
    assert sorted(both.p_values.values()) == [2 * smaller, max(2 * smaller, larger)]


def test_cases_show_what_their_teams_do_where_no_person_owns_it(known: Any, make_team_company: Any) -> None:
    """Twelve teams of cases, of which one week's wait costs customers."""
    rng = np.random.default_rng(3)
    cases, teams = 30_000, 12
    team, period = rng.integers(0, teams, cases), rng.integers(0, 12, cases)
    level = rng.standard_normal(teams)[team] + 0.8 * rng.standard_normal((teams, 12))[team, period]
    frame = known.cases.frame.iloc[:cases].assign(
        team_id=[f"t{number}" for number in team],
        employee_id=None,
        period=pd.Timestamp("2025-01-01") + pd.to_timedelta(period * 30, unit="D"),
        opened_at=pd.Timestamp("2025-01-02") + pd.to_timedelta(period * 30, unit="D"),
    )
    frame["kpi:adoption"] = level + 2.0 * rng.standard_normal(cases)
    frame["y:churn"] = (rng.random(cases) < 0.1 - 0.03 * level).astype(float)
    catalogue = make_team_company(teams=8, customers=50).catalogue
    table = replace(known.cases, frame=frame, case_level=frozenset({"adoption"}))
    teams_found = estimate_teams(table, known.organisation, catalogue, (), "churn", 7)
    assert teams_found.levers == ("adoption",)
    assert -0.05 < teams_found.per_row[0] < -0.015
    assert teams_found.point[0] == pytest.approx(teams_found.per_row[0] * table.cases_per_customer)
    # the same cases in the hands of a tenth of the customers: each meets a team again, and feels it each time
    fewer = frame.assign(customer_id=[f"c{number % 1500}" for number in range(cases)])
    sticky = estimate_teams(replace(table, frame=fewer), known.organisation, catalogue, (), "churn", 7)
    assert 1.2 < teams_found.point[0] / sticky.point[0] < 3.0
    assert teams_found.joint.p_value < 0.05
    assert teams_found.why_not["defects"] == Message(NotMeasured.NO_TEAM_VALUES)


def test_a_customer_who_meets_a_team_again_within_the_horizon_is_counted() -> None:
    start = pd.Timestamp("2025-01-01")
    frame = pd.DataFrame(
        {
            "customer_id": ["a", "a", "a", "a", "b", None],
            "team_id": ["t", "t", "u", "t", "t", "t"],
            "opened_at": [start + pd.Timedelta(days=day) for day in (0, 40, 41, 120, 1, 2)],
        }
    )
    assert met_again(frame, 90, "team_id").tolist() == [2, 2, 1, 1, 1, 1]
