"""The simulated product company: its tables, its story, and a truth that is recomputed here by another way."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from baton.catalogue.load import load_catalogue
from baton.company import load_company
from baton.contract.sources import TABLES
from baton.errors import CompanyFileError
from pipelines.simulate import Simulated, simulate
from simulation.scenarios.product.settings import load_world, world_names
from simulation.scenarios.product.story import ProductStory, make_story

HELPFUL = (
    "new_function_adoption", "defect_rate", "defect_repair_days", "suggestion_adoption_rate", "request_answer_days",
    "setup_completion_rate", "test_coverage", "customer_interviews", "first_contact_resolution", "response_seconds",
)  # fmt: skip
HARMFUL = ("release_on_time_rate", "features_shipped", "development_cost")


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Simulated:
    folder = tmp_path_factory.mktemp("product") / "company"
    return simulate(folder, scenario="product", customers=900, months=9, seed=3, employees=16)


@pytest.fixture(scope="module")
def story() -> ProductStory:
    return make_story(customers=1500, months=9, seed=5)


@pytest.fixture(scope="module")
def tiny() -> ProductStory:
    return make_story(customers=70, months=4, seed=9)


def effects_of(story: ProductStory) -> dict[str, float]:
    return {row["kpi"]: row["effect"] for row in story.effects()}


def read(company: Simulated, name: str) -> pd.DataFrame:
    path = next(company.folder.rglob(f"{name}.*"))
    frame = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path, keep_default_na=False)
    for column in ("joined_at", "left_at", "valid_from", "from", "to"):
        if column in frame:
            frame[column] = pd.to_datetime(frame[column].replace("", None)).dt.tz_localize(None)
    return frame


def test_the_same_seed_writes_the_same_bytes(company: Simulated, tmp_path: Path) -> None:
    again = simulate(tmp_path / "again", scenario="product", customers=900, months=9, seed=3, employees=16)
    files = sorted(path.relative_to(company.folder) for path in company.folder.rglob("*") if path.is_file())
    assert len(files) == 11
    for file in files:
        assert (company.folder / file).read_bytes() == (again.folder / file).read_bytes(), file


def test_another_seed_shows_another_story(story: ProductStory) -> None:
    other = make_story(customers=1500, months=9, seed=6)
    assert effects_of(other)["new_function_adoption"] != effects_of(story)["new_function_adoption"]


def test_every_table_has_the_contracts_columns_and_unique_keys(company: Simulated) -> None:
    settings = load_company(company.company_file)
    assert settings.presets == ("product",)
    assert {(decline.unit, decline.metric) for decline in settings.outcomes.decline} >= {
        ("team", "new_function_adoption"), ("employee", "csat"),
    }  # fmt: skip
    for name in settings.tables:
        frame, spec = read(company, name), TABLES[name]
        assert set(spec.required) <= set(frame.columns), name
        if spec.key:
            assert not frame.duplicated(list(spec.key)).any(), name
        for column, other in spec.references:
            if column in frame:
                used = set(frame[column].dropna()) - {""}
                assert used <= set(read(company, other)[TABLES[other].key[0]]), (name, column)


def test_validation_finds_nothing_but_the_planted_dirt(company: Simulated) -> None:
    from pipelines.validate import validate

    report = validate(load_company(company.company_file))
    assert {(fault.table, fault.kind, fault.severity) for fault in report.faults} == {
        ("cases", "negative_duration", "warning")
    }


def test_every_lever_of_product_teams_can_be_measured_by_team_and_month(company: Simulated) -> None:
    catalogue = load_catalogue(load_company(company.company_file))
    activity, measures = read(company, "activity"), read(company, "measures")
    teams = set(read(company, "teams").query("department == 'Product'")["team_id"])
    assert len(teams) == 8
    for kpi in load_world("product").levers:
        assert catalogue[kpi].owner == "team", kpi
        if catalogue[kpi].source == "measures":
            rows = measures[(measures["kpi"] == kpi) & (measures["unit"] == "team")]
            assert rows.groupby("unit_id").size().to_dict() == dict.fromkeys(teams, 9), kpi
    for kinds in (
        {"key_feature_use"}, {"error"}, {"update_ignored"}, {"update_adopted"}, {"suggestion"}, {"setup_started"}, {"request_answered"},
    ):  # fmt: skip
        rows = activity[activity["kind"].isin(kinds)]
        cells = set(zip(rows["team_id"], rows["at"].dt.to_period("M"), strict=True))
        # suggestions and set-ups are few in so small a company
        assert len(cells) > 0.9 * len(teams) * 9, kinds
        assert set(rows["team_id"]) == teams


def test_the_log_shows_the_true_adoption_and_defect_rate_of_teams(story: ProductStory) -> None:
    from simulation.scenarios.product.activity import activity

    log = activity(story, 5)
    log = log[log["team_id"].notna()]
    values, observed = story.values(), story.calendar.observed
    count = log.pivot_table(index="team_id", columns="kind", values="at", aggfunc="count")
    total = log.pivot_table(index="team_id", columns="kind", values="amount", aggfunc="sum")
    seen = {
        "new_function_adoption": count["update_adopted"] / (count["update_adopted"] + count["update_ignored"]),
        "defect_rate": total["error"] / (total["feature_use"] + total["key_feature_use"]),
    }
    for kpi, numbers in seen.items():
        truth = values[kpi][:, observed].mean(axis=1)
        assert np.corrcoef(numbers, truth)[0, 1] > 0.75, kpi
        assert numbers.mean() == pytest.approx(truth.mean(), rel=0.15), kpi


def test_a_customers_rows_follow_its_use_of_teams(story: ProductStory) -> None:
    from simulation.scenarios.product.activity import activity

    log = activity(story, 5)
    log = log[log["team_id"].notna()]
    rows = log.groupby(["customer_id", "team_id"]).size()
    shares = (rows / rows.groupby("customer_id").transform("sum"))[rows.groupby("customer_id").transform("sum") > 100]
    accounts = story.accounts
    true = pd.Series(
        accounts.share,
        index=pd.MultiIndex.from_arrays(
            [[f"C{number + 1:06d}" for number in accounts.account], [f"P{number + 1:02d}" for number in accounts.team]]
        ),
    )
    assert np.corrcoef(shares, true.reindex(shares.index))[0, 1] > 0.95


def test_nobody_does_anything_before_joining_or_after_leaving(company: Simulated) -> None:
    customers = read(company, "customers").set_index("customer_id")
    for frame, time in ((read(company, "cases"), "opened_at"), (read(company, "activity"), "at")):
        assert (frame[time] >= frame["customer_id"].map(customers["joined_at"])).all()
        assert not (frame[time] > frame["customer_id"].map(customers["left_at"])).any()
        assert frame[time].max() < pd.Timestamp("2026-07-01")
    day = pd.Timestamp("2026-01-01")
    here = (customers["joined_at"] < day) & ~(customers["left_at"] < day)
    assert 0.05 < (customers.loc[here, "left_at"] <= day + pd.Timedelta(days=90)).mean() < 0.14


def test_who_is_about_to_leave_uses_less(company: Simulated) -> None:
    customers, log = read(company, "customers").set_index("customer_id"), read(company, "activity")
    day = pd.Timestamp("2026-02-01")
    here = customers[(customers["joined_at"] < day - pd.Timedelta(days=120)) & ~(customers["left_at"] < day)]
    recent = log[(log["at"] < day) & (log["at"] >= day - pd.Timedelta(days=60))]
    use = recent[recent["kind"].isin(["feature_use", "key_feature_use"])].groupby("customer_id").size()
    use = use.reindex(here.index).fillna(0)
    leaves = here["left_at"] <= day + pd.Timedelta(days=90)
    assert use[leaves].mean() < 0.93 * use[~leaves].mean()


def test_cards_sum_to_a_hundred_and_turn_to_shipping(company: Simulated) -> None:
    cards = read(company, "scorecards")
    assert (cards.groupby(["team_id", "role", "valid_from"])["weight"].sum() == 100).all()
    product = cards[cards["team_id"].str.startswith("P")]
    assert set(product["role"]) == {""}
    newest = product[product["valid_from"] == product.groupby("team_id")["valid_from"].transform("max")]
    for _, card in newest.groupby("team_id"):
        points = card.set_index("kpi")["weight"]
        assert points["release_on_time_rate"] + points["features_shipped"] == 65
        assert points["new_function_adoption"] == 10


def test_teams_answer_to_a_card_that_pays_for_shipping(story: ProductStory) -> None:
    values, last = story.values(), story.calendar.observed.stop
    turns = {team: month for team, month, _ in story.teams.cards if month >= 0}
    for kpi, direction in (("release_on_time_rate", 1), ("features_shipped", 1), ("new_function_adoption", -1)):
        moves = [
            values[kpi][team, turn + 1 : last].mean() - values[kpi][team, story.calendar.observed.start : turn].mean()
            for team, turn in turns.items()
        ]
        assert direction * np.mean(moves) > 0, kpi


def test_teams_differ_between_each_other_and_over_their_months(story: ProductStory) -> None:
    for kpi, value in story.values().items():
        seen = value[:, story.calendar.observed]
        between, within = seen.mean(axis=1).std(), seen.std(axis=1).mean()
        assert 0.3 < within / between < 3, kpi


def test_true_effects_have_the_signs_of_the_story(story: ProductStory) -> None:
    churn = effects_of(story)
    for kpi in HELPFUL:
        assert churn[kpi] < -0.0005, kpi
    for kpi in HARMFUL:
        assert churn[kpi] > 0.001, kpi
    for kpi in ("csat", "nps", "quality_score", "mandatory_training"):
        assert churn[kpi] == 0, kpi
    assert -0.03 < churn["new_function_adoption"] < -0.004


def by_hand(
    story: ProductStory, lived: Callable[[float, float, float], float], better: Callable[[int, int], float]
) -> float:
    """Mean change of the risk within 90 days, by loops over set-ups: another way than the engine's."""
    accounts, setups, support = story.accounts, story.draws.setups, story.support
    memory, weeks = support.world.leaving.memory_per_week, story.calendar.week_count
    added = [[0.0] * weeks for _ in range(accounts.customers.count)]
    for pair, month, day, chance in zip(setups.pair, setups.month, setups.day, setups.chance, strict=True):
        team, week = int(accounts.team[pair]), int((day + 3.0) // 7)
        if week < weeks:
            added[accounts.account[pair]][week] += lived(chance, better(team, month), better(team, month))
    before, after, count = 0.0, 0.0, 0
    for day in support.snapshots():
        for number in range(accounts.customers.count):
            if not (support.customers.joined[number] < day <= support.left_day[number]):
                continue
            count += 1
            stock, hazard, changed = 0.0, [], []
            for week in range(weeks):
                odds = support.intercept + support.customers.pull[number, week] + story.case_stock[number, week]
                hazard.append(math.log1p(math.exp(odds)))
                changed.append(math.log1p(math.exp(odds + stock)))
                stock = memory * (stock + added[number][week])
            before += 1 - math.exp(-_over(hazard, day))
            after += 1 - math.exp(-_over(changed, day))
    return (after - before) / count


def _over(hazard: list[float], day: float) -> float:
    """Hazard of the 90 days after a day: each week's, by the part of the week that lies in them."""
    total = 0.0
    for week, value in enumerate(hazard):
        inside = min(day + 90, 7 * week + 7) - max(day, 7 * week)
        total += value * max(inside, 0.0) / 7
    return total


def test_the_truth_is_what_one_sd_better_would_have_changed_with_the_same_chance(tiny: ProductStory) -> None:
    adoption = next(row for row in tiny.effects() if row["kpi"] == "setup_completion_rate")
    lever = tiny.world.levers["setup_completion_rate"]
    level = tiny.values()["setup_completion_rate"]
    first, last = tiny.calendar.observed.start, tiny.calendar.observed.stop
    means = [sum(level[team, first:last]) / (last - first) for team in range(tiny.teams.count)]
    centre = sum(means) / len(means)
    spread = math.sqrt(sum((mean - centre) ** 2 for mean in means) / len(means))
    assert adoption["spread"] == pytest.approx(spread)

    def moved(chance: float, team: float, _: float) -> float:
        was, then = int(chance < team), int(chance < min(team + spread, 0.98))
        return lever.on_leaving * (then - was)

    effect = by_hand(tiny, moved, lambda team, month: float(level[team, month]))
    assert effect < 0
    assert adoption["effect"] == pytest.approx(effect, rel=1e-4)


def test_what_a_lever_leads_to_is_part_of_its_truth(story: ProductStory) -> None:
    from simulation.scenarios.product.teams import levels

    shift, spread = story.better("release_on_time_rate")
    assert shift == pytest.approx(np.full_like(shift, spread))
    moved, was = levels(story.world, story.teams, {"release_on_time_rate": shift}), levels(story.world, story.teams)
    hasty = moved["release_on_time_rate"] - was["release_on_time_rate"]
    arrow = story.world.arrows["defect_rate"]["release_on_time_rate"]
    assert moved["defect_rate"] - was["defect_rate"] == pytest.approx(arrow * hasty)
    assert (moved["new_function_adoption"] <= was["new_function_adoption"]).all()
    assert moved["setup_completion_rate"] == pytest.approx(was["setup_completion_rate"])


def test_one_sd_better_is_one_sd_in_the_kpis_own_unit(story: ProductStory) -> None:
    from simulation.scenarios.product.teams import levels, own_unit

    shift, spread = story.better("defect_repair_days")
    then = own_unit(story.world, levels(story.world, story.teams, {"defect_repair_days": shift}))["defect_repair_days"]
    saved = story.values()["defect_repair_days"] - then
    # a month that took hardly a day cannot get better by two
    assert np.isclose(saved, spread).mean() > 0.97
    assert saved.max() <= spread * 1.000001


def test_in_the_null_world_no_kpi_matters_though_accounts_leave_and_haste_still_breaks_things() -> None:
    null = make_story(customers=400, months=6, seed=5, world="product_null")
    effects = null.effects()
    assert {row["effect"] for row in effects} == {0.0}
    weights = null.weights(effects)
    assert {row["weight"] for row in weights if row["kpi"] != "mandatory_training"} == {None}
    assert (null.support.left_day < np.inf).mean() > 0.2
    values = {kpi: value[:, null.calendar.observed].ravel() for kpi, value in null.values().items()}
    assert np.corrcoef(values["release_on_time_rate"], values["defect_rate"])[0, 1] > 0.2


def test_true_weights_sum_to_a_hundred_and_pay_nothing_for_haste(company: Simulated) -> None:
    truth = json.loads((company.folder / "truth.json").read_text(encoding="utf-8"))
    weights = pd.DataFrame(truth["weights"])
    assert weights.groupby(["team_id", "role"])["weight"].sum().to_numpy() == pytest.approx(100)
    product = weights[weights["role"] == ""]
    assert product["team_id"].nunique() == 8
    assert (product[product["kpi"].isin(HARMFUL)]["weight"] == 0).all()
    assert (weights[weights["kpi"] == "mandatory_training"]["weight"] == 5).all()
    catalogue = load_catalogue(load_company(company.company_file))
    assert truth["roles"] == {kpi: catalogue[kpi].role for kpi in truth["roles"]}
    assert {row["kpi"] for row in truth["effects"]} <= set(catalogue)
    assert sum(row["share"] for row in truth["causes"]) == pytest.approx(1, abs=0.01)
    assert {row["unit"] for row in truth["decline"]} <= {"employee", "team"}


def test_the_steps_of_a_case_lie_between_its_opening_and_its_closing(company: Simulated) -> None:
    steps, cases = read(company, "case_steps"), read(company, "cases").set_index("case_id")
    at, case = steps["at"], steps["case_id"]
    assert set(steps["lifecycle"]) == {"start", "complete"}
    assert (at >= case.map(cases["opened_at"])).all()
    assert not (at > case.map(cases["closed_at"])).any()
    closing = steps[steps["activity"] == "close"].set_index("case_id")["at"]
    assert closing.sort_index().equals(cases["closed_at"].dropna().sort_index().reindex(closing.sort_index().index))
    assert len(closing) == cases["closed_at"].notna().sum()
    mended = steps[steps["activity"] == "mend in product team"]
    assert mended["team_id"].str.startswith("P").all()
    assert not cases.loc[mended["case_id"], "resolved_first"].fillna(False).any()
    for _, path in steps.groupby(["case_id", "activity"], sort=False):
        if len(path) == 2:
            assert list(path["lifecycle"]) == ["start", "complete"]


def test_texts_come_in_both_languages_with_a_cause_that_is_sometimes_recorded_wrongly(company: Simulated) -> None:
    cases = read(company, "cases")
    written = cases[cases["text"].notna()]
    assert 0.2 < len(written) / len(cases) < 0.4
    assert written["text"].str.contains(r"[\u4e00-\u9fff]").mean() > 0.1
    assert written["root_cause"].nunique() == 9
    # what is wrong with an invoice does not come up where a defect is reported, but by a slip
    slips = written[(written["process"] == "defect_report") & (written["root_cause"] == "wrong_invoice")]
    assert len(slips) < 0.03 * len(written)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [({"world": "service"}, "no such world; choose one of product, product_null"), ({"employees": 1}, "too few")],
)
def test_a_company_that_cannot_be_is_refused_in_one_sentence(
    tmp_path: Path, arguments: dict[str, object], words: str
) -> None:
    with pytest.raises(CompanyFileError, match=words):
        simulate(tmp_path / "company", scenario="product", **{"customers": 200, "months": 5, **arguments})  # type: ignore[arg-type]
    assert not (tmp_path / "company").exists()


def test_the_worlds_are_named() -> None:
    assert {"product", "product_null"} <= set(world_names())
    assert load_world("product_null").support.null
