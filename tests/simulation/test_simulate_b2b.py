"""The simulated B2B company keeps the contract and its story, and its truth comes from the same random numbers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from baton.company import load_company
from baton.contract.sources import TABLES
from baton.errors import CompanyFileError
from pipelines.simulate import Simulated, simulate
from pipelines.validate import validate
from simulation.scenarios.b2b.dealings import live
from simulation.scenarios.b2b.story import B2bStory, make_story

HARMFUL = ("margin_rate", "cost_per_visit", "project_cost", "supplier_price_saving")


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Simulated:
    folder = tmp_path_factory.mktemp("b2b") / "company"
    return simulate(folder, scenario="b2b", customers=150, months=24, seed=3, employees=24)


@pytest.fixture(scope="module")
def truth(company: Simulated) -> dict[str, Any]:
    return json.loads((company.folder / "truth.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def story() -> B2bStory:
    return make_story(customers=400, months=24, seed=5)


def read(company: Simulated, name: str) -> pd.DataFrame:
    path = next(company.folder.rglob(f"{name}.*"))
    return pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path)


def effect_of(truth: dict[str, Any], kpi: str, days: int, kind: str = "effect") -> float:
    found = [row for row in truth["effects_by_horizon"] if (row["kpi"], row["horizon_days"]) == (kpi, days)]
    return found[0][kind]


def test_the_same_seed_writes_the_same_bytes(company: Simulated, tmp_path: Path) -> None:
    again = simulate(tmp_path / "again", scenario="b2b", customers=150, months=24, seed=3, employees=24)
    files = sorted(path.relative_to(company.folder) for path in company.folder.rglob("*") if path.is_file())
    assert len(files) == 11
    for file in files:
        assert (company.folder / file).read_bytes() == (again.folder / file).read_bytes(), file


def test_every_table_has_the_contracts_columns_keys_and_references(company: Simulated) -> None:
    for name in load_company(company.company_file).tables:
        frame, spec = read(company, name), TABLES[name]
        assert set(spec.required) <= set(frame.columns)
        if spec.key:
            assert not frame.duplicated(list(spec.key)).any(), name
        for column, other in spec.references:
            if column in frame:
                assert set(frame[column].dropna()) <= set(read(company, other)[TABLES[other].key[0]]), (name, column)


def test_validation_finds_nothing(company: Simulated) -> None:
    assert not validate(load_company(company.company_file)).faults


def test_suppliers_are_teams_whose_deliveries_nobody_in_the_house_handles(company: Simulated) -> None:
    teams, cases, cards = read(company, "teams"), read(company, "cases"), read(company, "scorecards")
    suppliers = set(teams.loc[teams["department"] == "suppliers", "team_id"])
    deliveries = cases["process"] == "supplier_delivery"
    assert len(suppliers) == 8
    assert set(cases.loc[deliveries, "team_id"]) == suppliers
    assert cases.loc[deliveries, "employee_id"].isna().all()
    assert cases.loc[~deliveries, "employee_id"].notna().all()
    assert not set(cases.loc[~deliveries, "team_id"]) & suppliers
    assert suppliers <= set(cards["team_id"])


def test_accounts_leave_when_their_contract_runs_out_and_do_nothing_after(story: B2bStory, company: Simulated) -> None:
    month = np.searchsorted(story.calendar.month_days, story.left_day, side="right") - 1
    gone = np.flatnonzero(np.isfinite(story.left_day))
    assert story.accounts.expires[gone, month[gone]].mean() > 0.6
    assert story.accounts.expires.mean() < 0.07
    left = pd.to_datetime(read(company, "customers").set_index("customer_id")["left_at"]).dt.tz_localize(None)
    for name, time in (("cases", "opened_at"), ("activity", "at")):
        frame = read(company, name)
        assert not (frame[time] > frame["customer_id"].map(left)).any()


def test_about_one_in_eight_leaves_within_a_year_and_one_account_holds_a_seventh(story: B2bStory) -> None:
    assert 0.10 < story.risk(story.hazard, 12, story.snapshots()) < 0.17
    value = story.accounts.value
    assert value.max() / value.sum() == pytest.approx(0.15, abs=0.001)


def test_nothing_is_recorded_before_it_was_known(company: Simulated) -> None:
    cases, steps, end = read(company, "cases"), read(company, "case_steps"), pd.Timestamp("2026-07-01")
    assert cases["closed_at"].max() < end
    assert steps["at"].max() < end
    assert (cases["closed_at"].dropna() >= cases.loc[cases["closed_at"].notna(), "opened_at"]).all()
    open_cases = cases[cases["closed_at"].isna()]
    assert len(open_cases) > 0
    assert open_cases[["resolved_first", "reopened", "cost", "csat", "root_cause"]].isna().all().all()


def test_steps_run_forward_in_pairs_and_a_defect_makes_a_loop(company: Simulated) -> None:
    cases, steps = read(company, "cases"), read(company, "case_steps")
    opened = cases.set_index("case_id")["opened_at"]
    assert (steps["at"] >= steps["case_id"].map(opened).dt.floor("s")).all()
    assert (steps.groupby("case_id")["at"].diff().dropna() >= pd.Timedelta(0)).all()
    over = set(cases.loc[cases["closed_at"].notna(), "case_id"])
    counted = steps[steps["case_id"].isin(over)].groupby(["case_id", "activity"])["lifecycle"].value_counts().unstack()
    assert (counted["start"] == counted["complete"]).all()
    defects = set(cases.loc[(cases["reopened"] > 0) & (cases["process"] == "supplier_delivery"), "case_id"])
    assert defects
    assert set(steps.loc[steps["activity"] == "sent back", "case_id"]) == defects


def test_scorecards_sum_to_a_hundred_and_turned_to_margin_and_low_prices(company: Simulated) -> None:
    cards = read(company, "scorecards").fillna({"role": ""})
    assert (cards.groupby(["team_id", "role", "valid_from"])["weight"].sum() == 100).all()
    newest = cards[cards["valid_from"] == cards.groupby("team_id")["valid_from"].transform("max")]
    top = newest.loc[newest.groupby("team_id")["weight"].idxmax()].set_index("team_id")["kpi"]
    assert set(top) == {"margin_rate", "project_cost", "cost_per_visit", "supplier_price_saving"}
    assert (cards.groupby("team_id")["valid_from"].nunique() == 2).all()


def test_texts_come_in_both_languages_with_a_recorded_cause(company: Simulated, truth: dict[str, Any]) -> None:
    cases = read(company, "cases")
    written = cases[cases["text"].notna()]
    assert set(written["process"]) == {"enquiry", "repair", "complaint"}
    assert 0.05 < written["text"].str.contains(r"[\u4e00-\u9fff]").mean() < 0.6
    assert {row["cause"] for row in truth["causes"]} == set(written["root_cause"].dropna())


def test_true_effects_have_the_signs_of_the_story(truth: dict[str, Any]) -> None:
    effects = {row["kpi"]: row["effect"] for row in truth["effects"]}
    for kpi in HARMFUL:
        assert effects.pop(kpi) > 0, kpi
    for kpi in ("go_live_follow_up", "csat", "nps", "supplier_score", "renewal_rate", "mandatory_training"):
        assert effects.pop(kpi) == 0, kpi
    effects.pop("quality_score")
    assert all(effect < 0 for effect in effects.values())
    for row in truth["effects"][:3]:
        assert row["effect"] == effect_of(truth, row["kpi"], truth["horizon_days"])


def test_visits_that_begin_today_show_in_two_years_rather_than_in_one(truth: dict[str, Any]) -> None:
    always, now = (
        effect_of(truth, "visits_per_account", 365),
        effect_of(truth, "visits_per_account", 365, "effect_from_now"),
    )
    in_two_years = effect_of(truth, "visits_per_account", 730, "effect_from_now")
    assert always < now < 0
    assert now > 0.35 * always
    assert in_two_years < 1.8 * now


def test_the_truth_is_reached_by_making_every_owner_better_in_the_same_company(story: B2bStory) -> None:
    shift, spread = story.better("supplier_on_time_rate")
    moved = live(story.world, story.owners, story.accounts, story.draws, {"supplier_on_time_rate": shift})
    supply = story.draws.process == list(story.world.processes).index("supplier_delivery")
    assert moved.well[supply].mean() - story.lived.well[supply].mean() == pytest.approx(spread, abs=0.012)
    assert (moved.well[~supply] == story.lived.well[~supply]).all()


def test_pressing_a_supplier_on_price_brings_defects_and_delays(story: B2bStory) -> None:
    shift, _ = story.better("supplier_price_saving")
    moved = live(story.world, story.owners, story.accounts, story.draws, {"supplier_price_saving": shift})
    supply = story.draws.process == list(story.world.processes).index("supplier_delivery")
    assert moved.defect[supply].mean() > story.lived.defect[supply].mean() + 0.005
    assert moved.well[supply].mean() < story.lived.well[supply].mean() - 0.01


def test_where_no_kpi_matters_every_effect_is_zero_and_people_differ_all_the_same() -> None:
    made = make_story(customers=150, months=12, seed=5, world="b2b_null")
    rows = made.effects_by_horizon()
    assert {row["effect"] for row in rows} == {0.0} == {row["effect_from_now"] for row in rows}
    assert all(row["spread"] > 0 for row in rows)


def test_true_weights_sum_to_a_hundred_and_pay_nothing_for_harm(truth: dict[str, Any]) -> None:
    weights = pd.DataFrame(truth["weights"])
    assert weights.groupby(["team_id", "role"])["weight"].sum().to_numpy() == pytest.approx(100)
    assert (weights.loc[weights["kpi"].isin(HARMFUL), "weight"] == 0).all()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [({"world": "b2c"}, "no such world"), ({"employees": 2}, "too few"), ({"months": 1}, "too little")],
)
def test_a_company_that_cannot_be_is_refused_in_one_sentence(
    tmp_path: Path, arguments: dict[str, Any], words: str
) -> None:
    with pytest.raises(CompanyFileError, match=words):
        simulate(tmp_path / "company", **{"scenario": "b2b", "customers": 100, "months": 12, **arguments})
