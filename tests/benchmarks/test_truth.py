"""The truth of the worlds, counted anew by brute force; and one small company through the advice that ships."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.truth import rivals
from benchmarks.truth.__main__ import main
from benchmarks.truth.cases import live
from benchmarks.truth.files import through_files, write
from benchmarks.truth.gaming import answer
from benchmarks.truth.judge import regret, true_card
from benchmarks.truth.kpis import LEVERS, TODAY
from benchmarks.truth.leaving import FLOOR, HORIZON_DAYS
from benchmarks.truth.picture import draw
from benchmarks.truth.story import Story, happen
from benchmarks.truth.summary import table
from benchmarks.truth.tables import Recorded, month_earlier, record, wrong_roles
from benchmarks.truth.worlds import WORLDS, Size

TINY = Size(people=16, teams=4, months=5, customers=700, cases_per_month=30.0)
REPLICAS = 25


def weekly(story: Story, shift: dict[str, float]) -> np.ndarray:
    """The weekly risk of every customer, from the ages of all their cases: array (customers, weeks)."""
    cases, world, customers = story.cases, story.world, story.customers
    harm = live(world, story.people, customers, cases, shift).harm
    first = story.calendar.days[0]
    weeks = int(np.ceil((story.calendar.days[-1] - first) / 7))
    stock = np.zeros((len(customers.joined), weeks))
    for case in np.flatnonzero(cases.day >= customers.joined[cases.customer]):
        begins = int((cases.closed[case] - first) // 7) + world.delay_weeks + 1
        ages = np.arange(weeks - begins)
        if len(ages):
            stock[cases.customer[case], begins:] += harm[case] * world.memory**ages
    if world.shape == "interactions":
        stock = 12 * np.tanh(stock / 12)
    return story.base * np.maximum(np.exp(customers.pull)[:, None] + stock, FLOOR)


def counted(story: Story, shift: dict[str, float]) -> float:
    """Leavers within the horizon, of those who were there: simulated day by day, the same chance each time."""
    risk, first = weekly(story, shift), story.calendar.days[0]
    rng = np.random.default_rng(3)
    left, there = 0, 0
    for day in story.snapshots():
        here = (story.customers.joined < day) & (story.left_day >= day)
        days = np.arange(day, day + HORIZON_DAYS) - first
        within = days < 7 * risk.shape[1]
        daily = risk[here][:, (days[within] // 7)] / 7
        chance = rng.random((REPLICAS, *daily.shape), dtype=np.float32)
        left += int((chance < -np.expm1(-daily)).any(axis=2).sum())
        there += REPLICAS * int(here.sum())
    return left / there


@pytest.mark.parametrize("world", WORLDS)
def test_the_stated_truth_is_what_counting_leavers_finds(world: str) -> None:
    story = happen(WORLDS[world], TINY, 4)
    before = counted(story, {})
    assert before == pytest.approx(story.leaving(story.risk), abs=0.006)
    for kpi in ("solved", "handle_time"):
        effect = counted(story, {kpi: story.spreads[kpi]}) - before
        stated = np.average([group[kpi] for group in story.effects], weights=np.bincount(story.customers.group))
        assert effect == pytest.approx(stated, abs=0.002 + 0.1 * abs(stated))


def test_one_standard_deviation_is_that_of_what_people_really_do_at_the_same_cases() -> None:
    story = happen(WORLDS["linear"], Size(60, 6, 10, 1200), 4)
    at = [lever.kpi for lever in LEVERS].index("response_time")
    rows = story.happened()
    value, person = story.lived.value[at][rows], story.cases.person[rows]
    value = value - LEVERS[at].on_seen * story.cases.seen[rows]
    means = np.bincount(person, weights=value) / np.bincount(person)
    noise = LEVERS[at].case_sd ** 2 / np.bincount(person).mean()
    assert np.sqrt(means.var() - noise) == pytest.approx(story.spreads["response_time"], rel=0.05)


def test_where_nothing_matters_the_truth_is_nothing() -> None:
    (effects,) = happen(WORLDS["null"], TINY, 1).effects
    assert set(effects.values()) == {0.0}


@pytest.fixture(scope="module")
def recorded() -> Recorded:
    return record(happen(WORLDS["linear"], TINY, 2), 2)


def test_no_card_is_worth_more_than_the_true_one_and_only_its_direction_counts(recorded: Recorded) -> None:
    card = true_card(recorded, {"solved": -0.02, "promise_kept": -0.01, "handle_time": 0.01})
    best = card["best"].to_numpy()
    assert best.sum() == pytest.approx(100)
    assert regret(card, best) == pytest.approx(0)
    assert regret(card, 3 * best) == pytest.approx(0)
    rng = np.random.default_rng(1)
    assert all(regret(card, best * rng.uniform(0.5, 1.5, len(best))) >= 0 for _ in range(50))
    assert regret(card, (card.index == "handle_time").astype(float)) == 1


def test_shares_of_explained_variance_add_up_to_it(recorded: Recorded) -> None:
    data = rivals.given(recorded.cases, recorded.catalogue, ["solved", "promise_kept", "handle_time", "script"])
    whole = data.explained((0, 1, 2, 3))
    assert rivals.lmg(data).sum() == pytest.approx(whole)
    assert rivals.johnson(data).sum() == pytest.approx(whole)


FAKE_LEARNER = """
import numpy as np

class LinearDML:
    def __init__(self, **settings):
        assert settings["cv"] == 2
    def fit(self, y, treatment, *, X, W):
        columns = np.column_stack([treatment, np.ones(len(y)), W])
        self.intercept_ = np.linalg.lstsq(columns, y, rcond=None)[0][0]
"""


def test_econml_is_asked_in_an_environment_of_its_own(
    recorded: Recorded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = rivals.given(recorded.cases, recorded.catalogue, ["solved", "promise_kept", "handle_time"])
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (tmp_path / "econml").mkdir()
    (tmp_path / "econml" / "__init__.py").write_text("")
    (tmp_path / "econml" / "dml.py").write_text(FAKE_LEARNER)
    found = rivals.weigh(data, sys.executable)
    assert list(found) == [*rivals.RULES, rivals.ECONML]
    # all levers jointly and the case mix: near what single cases say
    plain = np.array(list(found["single cases"].values()))
    asked = np.array(list(found[rivals.ECONML].values()))
    assert np.corrcoef(asked, plain)[0, 1] > 0.95
    assert list(rivals.weigh(data)) == list(rivals.RULES)
    (tmp_path / "econml" / "dml.py").write_text("raise ImportError('no such learner')")
    with pytest.raises(RuntimeError, match="no such learner"):
        rivals.econml(data, sys.executable)


def test_a_rival_that_was_not_asked_is_named_and_never_averaged_in() -> None:
    line = {"size": "tiny", "roles": "right", "world": "linear", "rank": 1.0, "flagged": [], "harmful": [], "moves": []}
    line |= {
        "covered": 9,
        "measured": 9,
        "moved": False,
        "gain": 0.0,
        "near_random": True,
        "effects": {},
        "coached": [],
    }
    line |= {"directions": [], "seconds": {"advise": 1.0}}
    rules = dict.fromkeys([*rivals.RULES, "Baton", "recommended"], 0.2)
    without = line | {"seed": 1, "regret": rules}
    asked = line | {"seed": 2, "regret": rules | {"Baton": 0.1, rivals.ECONML: 0.3}}
    assert "EconML was not asked" in table([without], "tiny", "right")
    both = table([without, asked], "tiny", "right")
    assert "0.300 (1 of 2)" in both
    assert "| linear | 1 | 0.100 | 0.300 | -0.200 (nan) |" in both


def test_a_month_before_less_was_known(recorded: Recorded) -> None:
    before = month_earlier(recorded)
    now, then = recorded.cases.frame, before.cases.frame
    assert len(then) < len(now)
    assert then["y:churn"].notna().sum() < now["y:churn"].notna().sum()
    known = then["y:churn"].notna()
    assert (then["closed_at"][known] <= before.organisation.as_of - np.timedelta64(HORIZON_DAYS, "D")).all()


def test_a_third_of_the_roles_is_wrong(recorded: Recorded) -> None:
    wrong = record(happen(WORLDS["linear"], TINY, 2), 2, wrong_roles(2)).catalogue
    changed = [kpi for kpi in wrong if wrong[kpi].role != recorded.catalogue[kpi].role]
    assert len(changed) == pytest.approx(len(wrong) / 3, abs=1)
    assert {"rating", "quality_score"} < set(changed)


def test_the_tables_are_those_that_staging_and_metrics_make_of_the_same_company_as_files(tmp_path: Path) -> None:
    story = happen(WORLDS["turnover"], TINY, 2)
    short = record(story, 2)
    write(story, short, tmp_path)
    cases, organisation = through_files(tmp_path)
    mine, theirs = (each.frame.set_index("case_id").sort_index() for each in (short.cases, cases))
    # times are written to the second: who left in the same second may have left a second later
    label = mine.pop("y:churn").fillna(-1) == theirs.pop("y:churn").fillna(-1)
    assert label.mean() > 0.999
    pd.testing.assert_frame_equal(mine, theirs[mine.columns], check_dtype=False, check_categorical=False, rtol=1e-5)
    assert short.cases.cases_per_customer == pytest.approx(cases.cases_per_customer)
    for name in ("case_level", "horizon_days", "customers_at_risk", "kinds", "better"):
        assert getattr(short.cases, name) == getattr(cases, name), name
    assert organisation.as_of == short.organisation.as_of
    keys = ["unit_id", "kpi", "from"]
    panels = [each.panel.query("unit == 'employee'") for each in (short.organisation, organisation)]
    both = panels[0].merge(panels[1], on=keys, how="outer", suffixes=("", "_long"))
    assert both["value"].to_numpy() == pytest.approx(both["value_long"].to_numpy())


def test_nobody_answers_to_the_card_that_they_have_and_speed_cuts_corners() -> None:
    same = answer(dict(TODAY), 1.0)
    assert not same.real.any()
    assert not same.record.any()
    at = [lever.kpi for lever in LEVERS].index("solved")
    assert answer(TODAY | {"handle_time": 45.0}, 1.0).real[at] < 0
    paid = answer(TODAY | {"solved": 50.0}, 1.0)
    assert 0 < paid.record[at] < paid.real[at]


def test_regret_is_drawn(tmp_path: Path) -> None:
    row = {"size": "tiny", "world": "linear", "regret": dict.fromkeys([*rivals.RULES, "Baton", "today's card"], 0.5)}
    draw([row], tmp_path / "regret.svg")
    assert (tmp_path / "regret.svg").stat().st_size > 5000


def test_companies_are_judged_once_and_stand_in_one_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["--worlds", "linear", "--size", "tiny", "--seeds", "1", "--results", str(tmp_path)]
    main(asked)
    first = capsys.readouterr().out
    (line,) = (tmp_path / "companies.jsonl").read_text("utf-8").splitlines()
    found = json.loads(line)
    assert 0 <= found["regret"]["Baton"] < found["regret"]["today's card"]
    assert 5 <= found["measured"] <= len(LEVERS)
    main(asked)
    again = capsys.readouterr()
    assert again.out == first
    assert again.err == ""
    assert "| linear | 1 |" in first
