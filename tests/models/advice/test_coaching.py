from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from baton.company import Policy
from baton.contract.results import result_table
from features.cases.table import Organisation
from models.advice.coaching.coach import coach
from models.advice.settings import Settings
from tests.coached_shop import AS_OF, CATALOGUE, SOLVED, Shop, effects, help_for


def people_of(table: pd.DataFrame) -> set[str]:
    return set(table.loc[table["level"] == "employee", "employee_id"])


def test_planted_gaps_are_found() -> None:
    planted = {3: -0.25, 14: -0.25, 25: -0.22, 36: -0.22, 47: -0.25, 58: -0.22}
    table = help_for(Shop(gaps=planted))
    assert len(people_of(table) & {f"E{person:02d}" for person in planted}) >= 5
    assert (table["gap_sd"] > 0.75).all()
    assert list(table.columns) == list(result_table("coaching").names)


@pytest.mark.parametrize("lever", ["solved", "promise"])
def test_of_all_flags_at_most_a_tenth_is_false(lever: str) -> None:
    false, all_flags, true_gaps, found = 0, 0, 0, 0
    for seed in range(25):
        shop = Shop(seed=seed, typical_cases=150, team_gaps={0: -0.02, 1: 0.02})
        cases, organisation, gap = shop.make()
        table = coach(cases, organisation, CATALOGUE, effects(**{lever: -0.01}), Settings(Policy(), 7))
        behind = {f"E{person:02d}" for person in np.flatnonzero(gap - gap.mean() > 0.75 * gap.std())}
        names = people_of(table)
        false += len(names - behind)
        all_flags += len(names)
        true_gaps += len(behind)
        found += len(names & behind)
    assert all_flags > 100
    assert false / all_flags <= 0.10
    assert found / true_gaps > 0.3


def test_where_people_differ_by_chance_alone_hardly_anybody_is_flagged() -> None:
    tables = [help_for(Shop(seed=seed, spread=0.0)) for seed in range(10)]
    assert sum(len(table) for table in tables) <= 0.005 * 10 * 60


def test_what_a_whole_team_shows_goes_to_the_team_and_is_pinned_on_nobody() -> None:
    table = help_for(Shop(team_gaps={2: -0.15}))
    teams = table[table["level"] == "team"]
    assert set(teams["team_id"]) == {"T2"}
    assert teams["employee_id"].isna().all()
    members = [f"E{person:02d}" for person in range(60) if person % 5 == 2]
    assert len(people_of(table) & set(members)) <= 2
    assert "not of single people" in teams["reason"].iloc[0]["en"]


def test_somebody_far_behind_a_team_that_is_behind_is_still_offered_help() -> None:
    table = help_for(Shop(team_gaps={2: -0.12}, gaps={7: -0.22}))
    assert "E07" in people_of(table)
    reason = table[(table["employee_id"] == "E07")]["reason"].iloc[0]["en"]
    assert "beyond what the whole team shows" in reason


def test_one_person_far_behind_does_not_make_it_the_teams_matter() -> None:
    table = help_for(Shop(gaps={7: -0.45}))
    assert "E07" in people_of(table)
    assert not (table["level"] == "team").any()


def test_a_few_far_behind_do_not_make_it_the_teams_matter_either() -> None:
    far = dict.fromkeys((0, 8, 16, 24, 32), -0.35)
    table = help_for(Shop(people=96, teams=8, gaps=far, spread=0.03, typical_cases=150))
    assert people_of(table) >= {"E00", "E08", "E16", "E24", "E32"}
    assert not (table["level"] == "team").any()


def test_a_team_is_measured_against_other_teams_and_not_against_itself() -> None:
    table = help_for(Shop(people=24, teams=2, team_gaps={1: -0.2}, spread=0.04))
    teams = table[table["level"] == "team"]
    assert set(teams["team_id"]) == {"T1"}
    assert len(people_of(table)) <= 2
    found_number = re.search(r"about (\d+) percentage points", teams["reason"].iloc[0]["en"])
    assert found_number is not None
    assert 14 <= int(found_number[1]) <= 24


def test_the_same_gap_weighs_less_where_few_cases_show_it() -> None:
    few = help_for(Shop(gaps={3: -0.2, 14: -0.2}, cases_each={3: 14}))
    assert "E14" in people_of(few)
    assert "E03" not in people_of(few)


def test_a_process_that_fell_for_everybody_goes_to_the_process() -> None:
    table = help_for(Shop(fall=("billing", 0.15)), policy=Policy(cycle_days=45))
    process = table[table["level"] == "process"]
    assert set(process["process"]) == {"billing"}
    assert process["action"].tolist() == ["solved_process"]
    assert process["employee_id"].isna().all()
    assert not (help_for(Shop(), policy=Policy(cycle_days=45))["level"] == "process").any()


def test_hard_cases_are_nobodys_gap() -> None:
    table = help_for(Shop(hard={3: 2.5, 14: 2.5}, gaps={3: 0.0, 14: 0.0}))
    assert not people_of(table) & {"E03", "E14"}


@pytest.mark.parametrize("table", [effects(solved=0.01), effects(rating=-0.01), effects()])
def test_without_a_lever_that_surely_helps_there_is_no_coaching(table: pd.DataFrame) -> None:
    out = help_for(Shop(gaps={3: -0.3, 14: -0.3}), table)
    assert out.empty
    assert list(out.columns) == list(result_table("coaching").names)


def test_a_reason_says_how_sure_it_is_and_never_that_it_is_certain() -> None:
    reason = help_for(Shop(gaps={3: -0.3}))["reason"].iloc[0]
    assert reason["en"].endswith("We are more than 99% confident that doing better here serves customers.")
    assert "100%" not in reason["en"] + reason["zh"]


def test_a_team_smaller_than_the_smallest_group_is_never_judged() -> None:
    shop = Shop(people=20, teams=5, team_gaps={1: -0.25}, typical_cases=400, spread=0.03)
    table = help_for(shop)
    assert not (table["level"] == "team").any()
    assert people_of(table) >= {"E01", "E06", "E11", "E16"}
    assert (help_for(shop, policy=Policy(min_group=3))["level"] == "team").any()


def test_who_has_too_few_peers_to_be_compared_with_is_left_out() -> None:
    alone = dict.fromkeys((3, 14, 25, 36), "rare")
    shop = Shop(gaps={3: -0.4}, own_process=alone)
    assert "E03" not in people_of(help_for(shop))
    assert "E03" in people_of(help_for(shop, policy=Policy(min_group=3)))


def test_who_has_left_gets_no_coaching() -> None:
    cases, organisation, _ = Shop(gaps={3: -0.3, 14: -0.3}).make()
    organisation.employees.loc[3, "left_at"] = AS_OF - pd.Timedelta(days=5)
    assert people_of(coach(cases, organisation, CATALOGUE, SOLVED, Settings(Policy(), 7))) >= {"E14"}
    assert "E03" not in people_of(coach(cases, organisation, CATALOGUE, SOLVED, Settings(Policy(), 7)))


def test_protected_columns_change_nothing() -> None:
    cases, organisation, _ = Shop(gaps={3: -0.3}).make()
    before = coach(cases, organisation, CATALOGUE, SOLVED, Settings(Policy(), 7))
    organisation.employees["gender"] = "x"
    organisation.employees["absence_days"] = 30.0
    pd.testing.assert_frame_equal(before, coach(cases, organisation, CATALOGUE, SOLVED, Settings(Policy(), 7)))


def test_evidence_is_the_persons_own_recent_unsolved_cases_of_different_customers() -> None:
    cases, organisation, _ = Shop(gaps={3: -0.3, 14: -0.3}).make()
    table = coach(cases, organisation, CATALOGUE, SOLVED, Settings(Policy(), 7))
    frame = cases.frame.set_index("case_id")
    assert "E03" in people_of(table)
    for row in table[table["level"] == "employee"].to_dict("records"):
        shown = frame.loc[list(row["evidence"])]
        assert len(shown) == 5
        assert (shown["employee_id"] == row["employee_id"]).all()
        assert (shown["kpi:solved"] == 0).all()
        assert shown["customer_id"].is_unique
        assert (shown["opened_at"] > AS_OF - pd.Timedelta(days=180)).all()


def test_every_row_says_why_in_both_languages_and_what_must_be_provided() -> None:
    table = help_for(Shop(gaps={3: -0.3}, team_gaps={2: -0.15}))
    for row in table.to_dict("records"):
        assert row["reason"]["en"].endswith(".")
        assert row["reason"]["zh"].endswith("。")
        assert {"en": "an hour", "zh": "一小时"} in list(row["needs"])
        assert {"en": "a knowledge base", "zh": "知识库"} in list(row["needs"])
        assert row["action"] == f"solved_{row['level']}"
    person = table[table["employee_id"] == "E03"].iloc[0]
    assert "percentage points below people with comparable cases" in person["reason"]["en"]
    assert "offer of help, not a mark" in person["reason"]["en"]


def test_a_kpi_without_an_action_is_still_reported() -> None:
    table = help_for(Shop(gaps={3: -0.3}), effects(training=-0.01))
    assert table["action"].isna().all()


def test_the_most_useful_help_comes_first() -> None:
    table = help_for(Shop(gaps={3: -0.15, 14: -0.35}), effects(solved=-0.02, promise=-0.003))
    assert table["priority"].is_monotonic_decreasing
    assert table["priority"].iloc[0] == 100
    both = table[table["employee_id"] == "E14"].set_index("kpi")
    assert both.loc["solved", "expected_effect"] > 5 * both.loc["promise", "expected_effect"]


def test_gaps_of_newcomers_that_close_are_expected_to_close() -> None:
    cases, organisation, _ = Shop(people=60, spread=0.05).make()
    rng = np.random.default_rng(5)
    new = {f"E{person:02d}" for person in range(24)}
    frame = cases.frame
    early = frame["employee_id"].isin(new) & (frame["opened_at"] < pd.Timestamp("2026-04-01"))
    lost = dict(zip(sorted(new), rng.uniform(0.2, 0.9, 24), strict=True))
    unlucky = rng.random(len(frame)) < frame["employee_id"].map(lost).fillna(0)
    frame.loc[early & unlucky, "kpi:solved"] = 0.0
    people = organisation.employees
    people.loc[people["employee_id"].isin(new), "hired_at"] = pd.Timestamp("2026-01-01")
    from models.advice.coaching.scene import build_scene

    scene = build_scene(cases, organisation, CATALOGUE, ("solved",), Policy())
    assert scene is not None
    assert scene.closing[True] > 0.5
    assert scene.closing[False] < 0.4


def test_the_same_seed_advises_the_same_and_survives_the_file(tmp_path: Path) -> None:
    one, two = (help_for(Shop(gaps={3: -0.3}, team_gaps={2: -0.15})) for _ in range(2))
    pd.testing.assert_frame_equal(one, two)
    one.to_parquet(tmp_path / "coaching.parquet")
    again = pd.read_parquet(tmp_path / "coaching.parquet")
    assert again["reason"].iloc[0]["zh"] == one["reason"].iloc[0]["zh"]
    help_for(Shop(), effects()).to_parquet(tmp_path / "empty.parquet")
    assert list(pd.read_parquet(tmp_path / "empty.parquet").columns) == list(result_table("coaching").names)


def test_without_a_table_of_employees_the_cases_show_the_teams() -> None:
    cases, organisation, _ = Shop(gaps={3: -0.3}, team_gaps={2: -0.15}).make()
    bare = Organisation(
        organisation.employees.iloc[:0], organisation.teams, organisation.scorecards, organisation.panel, AS_OF
    )
    table = coach(cases, bare, CATALOGUE, SOLVED, Settings(Policy(), 7))
    assert "E03" in people_of(table)
    assert set(table.loc[table["level"] == "team", "team_id"]) == {"T2"}


def test_a_team_that_only_had_cases_handed_to_it_is_nobodys_own_and_disturbs_nothing() -> None:
    shop = Shop(team_gaps={1: -0.2})
    cases, organisation, _ = shop.make()
    frame = cases.frame.copy()
    frame.loc[frame.index[2000::50], "team_id"] = "T9"
    found = coach(replace(cases, frame=frame), organisation, CATALOGUE, SOLVED, Settings(Policy(), 7))
    assert set(found.loc[found["level"] == "team", "team_id"]) == {"T1"}
