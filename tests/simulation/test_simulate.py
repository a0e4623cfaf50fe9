from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from baton.company import load_company
from baton.contract.sources import TABLES
from baton.errors import CompanyFileError, OutputError
from pipelines.simulate import Simulated, simulate
from simulation.scenarios.service.company import make_story
from simulation.scenarios.service.settings import World, load_world, world_names
from simulation.scenarios.service.truth import Story


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Simulated:
    return simulate(tmp_path_factory.mktemp("simulated") / "company", customers=1200, months=9, seed=3, employees=48)


@pytest.fixture(scope="module")
def story() -> Story:
    return make_story(customers=3000, months=9, seed=5, employees=60)


def effects_of(story: Story, outcome: str = "churn") -> dict[str, float]:
    return {row["kpi"]: row["effect"] for row in story.effects() if row["outcome"] == outcome}


def read(company: Simulated, name: str) -> pd.DataFrame:
    path = next(company.folder.rglob(f"{name}.*"))
    return pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path)


def test_the_same_seed_writes_the_same_bytes(company: Simulated, tmp_path: Path) -> None:
    again = simulate(tmp_path / "again", customers=1200, months=9, seed=3, employees=48)
    files = sorted(path.relative_to(company.folder) for path in company.folder.rglob("*") if path.is_file())
    assert len(files) == 12
    for file in files:
        assert (company.folder / file).read_bytes() == (again.folder / file).read_bytes(), file


def test_another_seed_writes_another_company(company: Simulated, tmp_path: Path) -> None:
    other = simulate(tmp_path / "other", customers=1200, months=9, seed=4, employees=48)
    assert not read(other, "cases")["opened_at"].equals(read(company, "cases")["opened_at"])
    assert read(other, "customers")["value"].mean() != read(company, "customers")["value"].mean()


def test_every_table_has_the_contracts_columns_and_unique_keys(company: Simulated) -> None:
    settings = load_company(company.company_file)
    assert {decline.unit for decline in settings.outcomes.decline} == {"employee", "team", "process"}
    assert settings.outcomes.churn is not None
    for name in settings.tables:
        frame, spec = read(company, name), TABLES[name]
        assert set(spec.required) <= set(frame.columns)
        if spec.key:
            assert not frame.duplicated(list(spec.key)).any(), name
        for column, other in spec.references:
            if column in frame:
                assert set(frame[column].dropna()) <= set(read(company, other)[TABLES[other].key[0]]), (name, column)


def test_every_scorecard_sums_to_a_hundred_and_most_changed_under_observation(company: Simulated) -> None:
    cards = read(company, "scorecards")
    assert (cards.groupby(["team_id", "role", "valid_from"])["weight"].sum() == 100).all()
    versions = cards.groupby("team_id")["valid_from"].nunique()
    opened = read(company, "cases")["opened_at"]
    changes = pd.to_datetime(cards.groupby("team_id")["valid_from"].max()).dt.tz_localize(None)
    assert (versions >= 2).all()
    assert ((changes > opened.min()) & (changes < opened.max())).all()


def test_todays_contact_centre_card_pays_for_short_calls_and_low_cost(company: Simulated) -> None:
    cards = read(company, "scorecards").query("role == 'agent'")
    newest = cards[cards["valid_from"] == cards.groupby("team_id")["valid_from"].transform("max")]
    card = newest[newest["team_id"] == "T01"].set_index("kpi")["weight"].to_dict()
    assert card == {
        "handle_seconds": 30, "cost_per_case": 25, "response_seconds": 10, "first_contact_resolution": 10,
        "script_adherence": 10, "csat": 10, "mandatory_training": 5,
    }  # fmt: skip


def test_people_answer_to_a_card_that_pays_for_short_calls(story: Story) -> None:
    handle, first = story.people.values["handle_seconds"], story.calendar.observed
    faster = []
    for team, month, card in story.people.cards.rows:
        if month > 0 and card == story.world.roles["agent"].card and story.people.team_role[team] == "agent":
            posts = story.people.post_team == team
            faster.append(handle[posts, month + 1 : first.stop].mean() - handle[posts, first.start : month].mean())
    assert len(faster) >= 2
    assert np.mean(faster) < -0.01


def test_leaving_is_as_frequent_as_wanted_and_nobody_does_anything_after(company: Simulated) -> None:
    customers, cases = read(company, "customers"), read(company, "cases")
    left = pd.to_datetime(customers.set_index("customer_id")["left_at"]).dt.tz_localize(None)
    joined = pd.to_datetime(customers.set_index("customer_id")["joined_at"]).dt.tz_localize(None)
    day = pd.Timestamp("2026-01-01")
    here = (joined < day) & ~(left < day)
    share = (left[here] <= day + pd.Timedelta(days=90)).mean()
    assert 0.05 < share < 0.13
    for frame, time in ((cases, "opened_at"), (read(company, "activity"), "at")):
        assert (frame[time] >= frame["customer_id"].map(joined)).all()
        assert not (frame[time] > frame["customer_id"].map(left)).any()


def test_a_third_of_the_cases_is_rated_and_a_few_rows_are_dirty(company: Simulated) -> None:
    cases = read(company, "cases")
    assert 0.28 < cases["csat"].notna().mean() < 0.42
    assert 0 < cases["nps"].notna().mean() < 0.1
    assert 0 < (cases["responded_at"] < cases["opened_at"]).mean() < 0.02
    assert 0 < cases["handle_seconds"].isna().mean() < 0.05
    assert set(cases["csat"].dropna()) <= {1, 2, 3, 4, 5}


def test_nothing_is_recorded_before_it_was_known(company: Simulated) -> None:
    cases, end = read(company, "cases"), pd.Timestamp("2026-07-01")
    assert cases["closed_at"].max() < end
    assert cases["rated_at"].max() < end
    unfinished = cases[cases["closed_at"].isna()]
    assert len(unfinished) > 0
    assert unfinished[["resolved_first", "handle_seconds", "cost", "csat", "root_cause", "reopened"]].isna().all().all()
    assert (cases["rated_at"].dropna() > cases.loc[cases["rated_at"].notna(), "closed_at"]).all()


def test_employees_come_and_leave_and_handle_cases_only_while_they_are_there(company: Simulated) -> None:
    employees, cases = read(company, "employees").set_index("employee_id"), read(company, "cases")
    hired = pd.to_datetime(employees["hired_at"]).dt.tz_localize(None)
    left = pd.to_datetime(employees["left_at"]).dt.tz_localize(None)
    assert left.notna().sum() >= 2
    assert (hired > pd.Timestamp("2025-10-01")).sum() >= 2
    assert (cases["opened_at"] >= cases["employee_id"].map(hired)).all()
    assert not (cases["opened_at"] > cases["employee_id"].map(left)).any()
    assert (cases["employee_id"].map(employees["team_id"]) == cases["team_id"]).all()


def test_newcomers_solve_less_at_first_contact(story: Story) -> None:
    tenure = np.arange(story.calendar.month_count)[None, :] - story.people.hired[story.people.person]
    solved = story.people.values["first_contact_resolution"]
    assert solved[tenure < 2].mean() < solved[tenure > 12].mean() - 0.03


def test_winter_brings_more_cases_than_summer() -> None:
    months = make_story(customers=3000, months=12, seed=5).draws
    per_month = np.bincount(months.month)
    # months 4 to 6 of the calendar's 19 are July to September, 9 to 11 December to February
    assert per_month[8:11].sum() > 1.1 * per_month[3:6].sum()


def test_true_effects_have_the_signs_of_the_story(story: Story) -> None:
    churn, csat = effects_of(story), effects_of(story, "driver:csat")
    for kpi in ("first_contact_resolution", "promise_kept", "response_seconds", "transfer_rate", "knowledge_use"):
        assert churn[kpi] < 0 < csat[kpi], kpi
    for kpi in ("handle_seconds", "cost_per_case"):
        assert csat[kpi] < 0 < churn[kpi], kpi
    for kpi in ("script_adherence", "csat", "nps", "quality_score", "mandatory_training"):
        assert churn[kpi] == csat[kpi] == 0, kpi
    assert -0.025 < churn["first_contact_resolution"] < -0.005


def test_the_truth_is_reached_by_making_everybody_better_in_the_same_company(story: Story) -> None:
    from simulation.scenarios.service.cases import live

    spread = next(row["spread"] for row in story.effects() if row["kpi"] == "first_contact_resolution")
    better = {"first_contact_resolution": np.full(story.people.person.shape, spread)}
    moved = live(story.world, story.people, story.draws, better)
    gained = moved.resolved.mean() - story.lived.resolved.mean()
    assert gained == pytest.approx(spread, rel=0.1)
    assert not (story.lived.resolved & ~moved.resolved).any()


def test_no_kpi_matters_in_the_null_world_though_hard_cases_still_drive_customers_away() -> None:
    null = make_story(customers=800, months=6, seed=5, world="null")
    assert set(effects_of(null).values()) == {0.0}
    assert set(effects_of(null, "driver:csat").values()) == {0.0}
    assert {row["weight"] for row in null.weights(null.effects()) if row["kpi"] != "mandatory_training"} == {None}
    assert np.corrcoef(null.draws.difficulty, null.lived.harm)[0, 1] > 0.2
    assert np.corrcoef(null.draws.difficulty, null.lived.resolved)[0, 1] < -0.05


def test_true_weights_sum_to_a_hundred_and_pay_nothing_for_harm(company: Simulated) -> None:
    truth = json.loads((company.folder / "truth.json").read_text(encoding="utf-8"))
    weights = pd.DataFrame(truth["weights"])
    assert weights.groupby(["team_id", "role"])["weight"].sum().to_numpy() == pytest.approx(100)
    assert (weights[weights["kpi"].isin(["handle_seconds", "cost_per_case", "script_adherence"])]["weight"] == 0).all()
    assert (weights[weights["kpi"] == "mandatory_training"]["weight"] == 5).all()
    assert truth["roles"]["csat"] == "outcome"
    assert {row["unit"] for row in truth["decline"]} <= {"employee", "team"}
    assert sum(row["share"] for row in truth["causes"]) == pytest.approx(1, abs=0.01)


def test_routing_within_a_queue_is_random_but_for_the_world_of_skill_routing() -> None:
    def link(world: str) -> float:
        made = make_story(customers=1500, months=4, seed=5, world=world)
        skill = made.people.values["first_contact_resolution"][made.draws.post, made.draws.month]
        inside = made.draws.process == 0
        return float(np.corrcoef(skill[inside], made.draws.difficulty[inside])[0, 1])

    assert abs(link("service")) < 0.05
    assert link("skill_routing") > 0.3


def test_in_the_drifting_world_promises_come_to_matter_more_and_quick_answers_no_more() -> None:
    still, drifting = (
        effects_of(make_story(customers=1500, months=8, seed=5, world=name)) for name in ("service", "drifting")
    )
    assert drifting["promise_kept"] < 1.5 * still["promise_kept"] < 0
    assert drifting["response_seconds"] > 0.3 * still["response_seconds"]


def test_where_troubles_add_up_a_broken_promise_is_worse_in_an_unsolved_case() -> None:
    made = make_story(customers=1500, months=5, seed=5, world="interactions")
    harm, lived = made.lived.harm, made.lived
    unsolved, solved = (
        harm[rows & ~lived.promise_kept].mean() - harm[rows & lived.promise_kept].mean()
        for rows in (~lived.resolved, lived.resolved)
    )
    assert unsolved - solved == pytest.approx(1.5, abs=0.1)


@pytest.mark.parametrize("name", world_names())
def test_every_world_can_be_lived_through(name: str) -> None:
    made = make_story(customers=300, months=5, seed=2, world=name)
    assert isinstance(load_world(name), World)
    assert np.isfinite([row["effect"] for row in made.effects()]).all()


def test_planted_falls_of_service_are_reported_and_felt() -> None:
    made = make_story(customers=2000, months=12, seed=5, employees=120)
    assert {slump.unit for slump in made.people.slumps} == {"employee", "team"}
    kept = made.lived.promise_kept[made.happened()]
    post, month = made.draws.post[made.happened()], made.draws.month[made.happened()]
    slumping, warned = np.zeros(made.people.person.shape, bool), []
    for slump in made.people.slumps:
        if slump.unit == "employee":
            slumping[slump.number, slump.first : slump.after] = True
            warned.append(made.people.occupancy[slump.number, slump.first - 1] - made.people.occupancy.mean())
    assert np.mean(warned) > 0.05
    inside = slumping[post, month]
    before_and_after = slumping.any(axis=1)[post] & ~inside
    assert kept[inside].mean() < kept[before_and_after].mean() - 0.04


def test_validation_finds_nothing_but_the_planted_dirt(company: Simulated) -> None:
    from pipelines.validate import validate

    report = validate(load_company(company.company_file))
    assert {(fault.table, fault.kind, fault.severity) for fault in report.faults} == {
        ("cases", "negative_duration", "warning"),
        ("case_steps", "step_tie", "warning"),  # some steps fall into the same second
    }


def test_texts_come_in_both_languages_with_a_recorded_cause(company: Simulated) -> None:
    cases = read(company, "cases")
    written = cases[cases["text"].notna()]
    assert 0.2 < len(written) / len(cases) < 0.4
    assert written["text"].str.contains(r"[\u4e00-\u9fff]").mean() > 0.1
    assert written["root_cause"].nunique() == 10
    assert cases.loc[cases["text"].isna(), "root_cause"].isna().all()


def test_the_event_log_shows_the_same_story_as_the_cases(company: Simulated) -> None:
    steps, cases = read(company, "case_steps"), read(company, "cases").set_index("case_id")
    assert 5 < len(steps) / len(cases) < 8
    assert steps["at"].max() < pd.Timestamp("2026-07-01")
    assert (steps["at"] >= steps["case_id"].map(cases["opened_at"])).all()
    assert steps.groupby("case_id")["at"].apply(lambda at: at.is_monotonic_increasing).all()
    closed = steps[steps["activity"] == "close"].set_index("case_id")["at"]
    assert closed.eq(cases["closed_at"].dropna()).all()
    answered = steps[(steps["activity"] == "answer") & (steps["lifecycle"] == "start")].set_index("case_id")["at"]
    made = cases["responded_at"][cases["responded_at"] >= cases["opened_at"]]
    assert answered.reindex(made.index).eq(made).all()


def test_work_in_the_event_log_adds_up_to_the_handling_time(company: Simulated) -> None:
    steps, cases = read(company, "case_steps"), read(company, "cases").set_index("case_id")
    seconds = (steps["at"] - steps["at"].min()).dt.total_seconds()
    paired = steps.groupby(["case_id", "activity"])["lifecycle"].transform("nunique") == 2
    signed = seconds.where(steps["lifecycle"] == "complete", -seconds)[paired]
    work = signed.groupby(steps["case_id"]).sum()
    handled = cases.loc[cases["closed_at"].notna(), "handle_seconds"].dropna()
    assert (work.reindex(handled.index) - handled).abs().max() <= 8


def test_transfers_hand_over_to_another_team_and_re_openings_come_back(company: Simulated) -> None:
    steps, cases = read(company, "case_steps"), read(company, "cases").set_index("case_id")
    over = cases[cases["closed_at"].notna()]
    taken = steps[steps["activity"] == "take over"]
    assert set(taken["case_id"]) >= set(over.index[over["transferred"] > 0])
    contact_centre = taken[taken["case_id"].map(cases["process"]) == "billing"]
    assert (contact_centre["team_id"] != contact_centre["case_id"].map(cases["team_id"])).all()
    again = set(over.index[over["reopened"] > 0])
    assert set(steps.loc[steps["activity"] == "re-open", "case_id"]) >= again
    completed = steps[steps["lifecycle"] == "complete"].groupby("case_id")["activity"]
    assert completed.apply(lambda names: names.duplicated().any()).loc[sorted(again)].all()


def test_the_truth_names_the_step_that_every_process_waits_for_longest(company: Simulated) -> None:
    truth = json.loads((company.folder / "truth.json").read_text(encoding="utf-8"))
    steps, cases = read(company, "case_steps"), read(company, "cases").set_index("case_id")
    made = {row["process"]: row["activity"] for row in truth["bottlenecks"]}
    assert set(made) == set(cases["process"])
    assert made["installation"] == "visit"
    assert made["billing"] == "approve the credit"
    # by hand: from the end of the step before (or the opening) to the start of the step
    steps = steps[steps["case_id"].isin(cases.index[cases["closed_at"].notna()])]
    before = steps.groupby("case_id")["at"].shift().fillna(steps["case_id"].map(cases["opened_at"]))
    waits = (steps["at"] - before).dt.total_seconds()
    reached = (steps["lifecycle"] == "start") | steps["activity"].isin(["close", "re-open"])
    total = waits[reached].groupby([steps["case_id"].map(cases["process"]), steps["activity"]]).sum()
    assert {process: part.idxmax()[1] for process, part in total.groupby(level=0)} == made
    hours = total["repair", made["repair"]] / 3600 / ((cases["process"] == "repair") & cases["closed_at"].notna()).sum()
    row = next(row for row in truth["bottlenecks"] if row["process"] == "repair")
    assert row["waiting_hours"] == pytest.approx(hours, rel=0.01)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"world": "servise"}, "no such world"),
        ({"scenario": "b2c"}, "no such scenario"),
        ({"customers": 10}, "too little"),
        ({"months": 1}, "too little"),
        ({"employees": 2}, "too few"),
    ],
)
def test_a_company_that_cannot_be_is_refused_in_one_sentence(
    tmp_path: Path, arguments: dict[str, object], words: str
) -> None:
    with pytest.raises(CompanyFileError, match=words):
        simulate(tmp_path / "company", **{"customers": 200, "months": 5, **arguments})  # type: ignore[arg-type]
    assert not (tmp_path / "company").exists()


def test_a_folder_with_a_company_is_left_alone(company: Simulated) -> None:
    before = company.company_file.read_bytes()
    with pytest.raises(OutputError, match="already"):
        simulate(company.folder, customers=200, months=5)
    assert company.company_file.read_bytes() == before
