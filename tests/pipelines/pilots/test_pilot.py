"""A pilot from its plan to its verdict, on a company of ten teams whose cases are solved at once or not."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from baton.catalogue.load import load_catalogue
from baton.cli import app
from baton.company import Company, load_company
from baton.errors import ArtefactError, PolicyError
from baton.files import RunFolder
from baton.months import months_later
from baton.terminal.pilot_words import outcome_words
from features.staging.stage import stage
from models.pilots.power import Power
from pipelines.pilots.evaluate import evaluate_pilot
from pipelines.pilots.history import open_history
from pipelines.pilots.measured import measured_files, read_measured
from pipelines.pilots.plan import Asked, plan_pilot
from pipelines.pilots.planned import Plan, check_name, read_plan, write_plan
from pipelines.pilots.upset import shared_before
from serving.access.granting import Request, give

BEGIN = datetime(2024, 1, 1)
PAST, PILOT = 18, 6
TEAMS = tuple(f"t{number}" for number in range(10))
KPI = "first_contact_resolution"
COMPANY = """
[company]
name = "Hafen"
currency = "EUR"
[tables]
cases = { path = "cases.csv" }
[privacy]
pseudonymise = false
"""


def write_cases(folder: Path, months: int, lift: Mapping[str, float]) -> None:
    """Write thirty cases a team and month; from month ``PAST`` on a team solves more by its ``lift``."""
    rng = np.random.default_rng(8)
    rows = []
    for month in range(PAST + PILOT):
        first = months_later(BEGIN, month)
        for number, team in enumerate(TEAMS):
            chance = 0.55 + 0.02 * (number % 4) + (lift.get(team, 0.0) if month >= PAST else 0.0)
            for case in range(30):
                at = first + timedelta(hours=float(rng.uniform(0, 27 * 24)))
                solved, rating = rng.random() < chance, int(rng.integers(1, 6))
                rows.append((f"k{month}-{number}-{case}", team, at, at + timedelta(hours=1), int(solved), rating))
    cases = pd.DataFrame(rows, columns=["case_id", "team_id", "opened_at", "closed_at", "resolved_first", "csat"])
    last = months_later(BEGIN, months)
    cases = cases[cases["opened_at"] < last]
    # the last day has a case, so that the month is known whole
    end = pd.DataFrame(
        [("end", "t0", last - timedelta(hours=2), last - timedelta(hours=1), 1, 3)], columns=cases.columns
    )
    pd.concat([cases, end]).assign(rated_at=lambda all_cases: all_cases["closed_at"]).to_csv(
        folder / "cases.csv", index=False
    )


@pytest.fixture
def staged(tmp_path: Path) -> Callable[[int, Mapping[str, float]], tuple[Company, RunFolder]]:
    (tmp_path / "company.toml").write_text(COMPANY)

    def after(months: int, lift: Mapping[str, float]) -> tuple[Company, RunFolder]:
        write_cases(tmp_path, months, lift)
        company = load_company(tmp_path)
        folder = RunFolder(tmp_path / "out").create()
        stage(company, load_catalogue(company), folder.staged)
        return company, folder

    return after


@pytest.fixture
def planned(staged: Callable[..., tuple[Company, RunFolder]]) -> tuple[Company, RunFolder, Plan]:
    company, folder = staged(PAST, {})
    plan = plan_pilot(company, folder, Asked("fcr", guards=("csat",))).plan
    write_plan(company, plan)
    return company, folder, plan


def test_a_plan_says_who_begins_and_what_could_be_seen(planned: tuple[Company, RunFolder, Plan]) -> None:
    company, folder, plan = planned
    assert (plan.kpi, plan.guards, plan.name) == (KPI, ("csat",), "first-contact-resolution-2025-07")
    assert len(plan.begins) == 5
    assert set(plan.begins) < set(plan.teams) == set(TEAMS)
    assert (plan.months[0], plan.months[plan.begin], plan.months[-1]) == ("2024-07-01", "2025-07-01", "2025-12-01")
    # 30 cases a month, five teams against five: about 2.5 standard errors of 0.019 each
    assert plan.smallest is not None
    assert 0.02 < plan.smallest < 0.09
    assert plan.false_alarms == pytest.approx(0.1, abs=0.04)
    assert read_plan(company, plan.name) == plan
    again = plan_pilot(company, folder, Asked(KPI, guards=("csat",)))
    assert again.plan == plan
    assert set(again.by_cycles) == {1, 2, 3, 4}


def test_until_its_months_are_known_a_pilot_has_no_verdict(
    planned: tuple[Company, RunFolder, Plan], staged: Callable[..., tuple[Company, RunFolder]]
) -> None:
    plan = planned[2]
    company, folder = staged(PAST + 4, dict.fromkeys(plan.begins, 0.25))
    found = evaluate_pilot(company, folder, plan)
    assert (found.verdict, found.effect, found.months_known, found.months_planned) == (None, None, 4, 6)
    assert found.by_month[0] > 0.1  # how it goes is shown, without a verdict


@pytest.mark.parametrize(("lift", "verdict"), [(0.25, "adopt"), (0.0, "stop"), (-0.25, "stop")])
def test_what_was_tried_is_judged_by_what_it_brought(
    planned: tuple[Company, RunFolder, Plan],
    staged: Callable[..., tuple[Company, RunFolder]],
    lift: float,
    verdict: str,
) -> None:
    plan = planned[2]
    company, folder = staged(PAST + PILOT, dict.fromkeys(plan.begins, lift))
    found = evaluate_pilot(company, folder, plan)
    assert found.effect is not None
    assert found.effect.low <= lift <= found.effect.high
    # without a change nothing worth having is in the interval, or it is still open
    assert found.verdict == verdict or (lift == 0.0 and found.verdict == "extend")
    assert set(found.guards) == {"csat"}
    assert found.harmed == ()


def test_a_team_that_is_gone_is_named(
    planned: tuple[Company, RunFolder, Plan], staged: Callable[..., tuple[Company, RunFolder]], tmp_path: Path
) -> None:
    plan = planned[2]
    company, folder = staged(PAST + PILOT, dict.fromkeys(plan.begins, 0.25))
    gone = plan.begins[-1]
    cases = pd.read_csv(tmp_path / "cases.csv", parse_dates=["opened_at"])
    late = (cases["opened_at"] >= months_later(BEGIN, PAST)) & (cases["team_id"] == gone)
    cases[~late].to_csv(tmp_path / "cases.csv", index=False)
    stage(company, load_catalogue(company), folder.staged)
    found = evaluate_pilot(company, folder, plan)
    assert found.missing == (gone,)
    assert found.verdict == "adopt"


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (Asked("first_contact_resolutin"), "it cannot be measured for teams here; did you mean"),
        (Asked(KPI, teams=("t1", "t2", "t77")), "nothing was measured of t77; known: t0, t1"),
        (Asked(KPI, teams=("t1", "t2", "t3")), "3 teams measured by first_contact_resolution"),
        (Asked(KPI, teams=("t1",)), "1 team measured by first_contact_resolution .* compares at least 4"),
        (Asked(KPI, teams=("t1", "t2", "t3", "t4")), "only 6 ways to draw them"),
        (Asked(KPI, begin=10), "from 1 to 9 of the 10 teams"),
        (Asked(KPI, begin=2, waves=3), "2 teams begin, so there are at most as many waves"),
        (Asked(KPI, cycles=6), "18 whole months are known; 6 cycles of 3 months"),
        (Asked(KPI, worthwhile=-1.0), "worthwhile: a size of an effect above 0"),
        (Asked(KPI, name="../x"), "small letters, digits and hyphens"),
    ],
)
def test_what_cannot_be_planned_is_refused_with_what_to_do(
    staged: Callable[..., tuple[Company, RunFolder]], asked: Asked, words: str
) -> None:
    company, folder = staged(PAST, {})
    with pytest.raises(PolicyError, match=words):
        write_plan(company, plan_pilot(company, folder, asked).plan)


def test_a_plan_is_drawn_once_and_one_changed_by_hand_is_refused(planned: tuple[Company, RunFolder, Plan]) -> None:
    company, _, plan = planned
    with pytest.raises(PolicyError, match="a plan is drawn once"):
        write_plan(company, plan)
    with pytest.raises(ArtefactError, match=r"there is none; did you mean 'first-contact-resolution-2025-07'"):
        read_plan(company, "first-contact-resolution-2025-08")
    place = company.folder / ".baton" / "pilots" / f"{plan.name}.json"
    document = json.loads(place.read_text())
    # somebody would like the best team among those that begin
    document["starts"] = [-1 if start >= 0 else plan.begin for start in document["starts"][:-1]] + [-1]
    place.write_text(json.dumps(document))
    with pytest.raises(ArtefactError, match="what is carried out was not drawn"):
        read_plan(company, plan.name)


def test_where_both_groups_serve_the_same_customers_there_is_no_verdict(
    planned: tuple[Company, RunFolder, Plan], staged: Callable[..., tuple[Company, RunFolder]], tmp_path: Path
) -> None:
    plan = planned[2]
    company, folder = staged(PAST + PILOT, dict.fromkeys(plan.begins, 0.25))
    cases = pd.read_csv(tmp_path / "cases.csv")
    # every other case is of one of a hundred customers whom any team serves
    own, anybody = cases["case_id"], "c" + cases.index.astype(str).str[-2:]
    cases["customer_id"] = np.where(cases.index % 2 == 0, anybody, own)
    # and in three months nobody worked
    at = pd.to_datetime(cases["opened_at"], format="ISO8601")
    cases[(at < "2025-08-01") | (at >= "2025-11-01")].to_csv(tmp_path / "cases.csv", index=False)
    stage(company, load_catalogue(company), folder.staged)
    found = evaluate_pilot(company, folder, replace(plan, max_shared=0.01))
    assert (found.verdict, found.upset.shared, found.empty) == (None, 50, ("2025-08", "2025-09", "2025-10"))
    assert found.effect is not None
    words = " ".join(message.text for message in outcome_words(company, found))
    assert "No verdict: of" in words
    assert "No team was measured in 2025-08, 2025-09, 2025-10" in words
    assert evaluate_pilot(company, folder, replace(plan, max_shared=0.9)).verdict == "adopt"
    others = set(plan.teams) - set(plan.begins)
    shared, served = shared_before(open_history(company, folder), plan.begins, others, PILOT)
    assert (shared, served) == (found.upset.shared, found.upset.served)  # its last months are those of the pilot
    changed = dict.fromkeys(plan.definitions, "0" * 16)
    with pytest.raises(PolicyError, match=f"'{KPI}': its definition is another one than when pilot .* was planned"):
        evaluate_pilot(company, folder, replace(plan, definitions=changed))


@pytest.mark.parametrize("stray", ["stops half-way", "begins on its own"])
def test_teams_that_do_not_keep_to_the_plan_make_the_effect_smaller_never_larger(
    planned: tuple[Company, RunFolder, Plan], staged: Callable[..., tuple[Company, RunFolder]], stray: str
) -> None:
    plan = planned[2]
    lift = dict.fromkeys(plan.begins, 0.25)
    if stray == "stops half-way":
        lift[plan.begins[0]] = 0.125  # over its months on average
    else:
        lift[next(team for team in plan.teams if team not in plan.begins)] = 0.25
    company, folder = staged(PAST + PILOT, lift)
    found = evaluate_pilot(company, folder, plan)
    assert found.effect is not None
    assert 0.15 < found.effect.effect < 0.25
    assert found.verdict == "adopt"


def test_a_pilot_runs_through_its_commands_with_a_second_person(
    staged: Callable[..., tuple[Company, RunFolder]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    company, _ = staged(PAST, {})
    tokens = {name: give(company, Request(name, "analyst")).token for name in ("ana", "ben")}
    monkeypatch.setattr("pipelines.pilots.plan.power_of", no_power)

    def asks(user: str, *words: str, code: int = 0) -> str:
        company_given = () if words[0] == "plan" else ("--company", str(tmp_path))
        done = CliRunner().invoke(app, ["pilot", *words, *company_given], env={"BATON_TOKEN": tokens.get(user, "")})
        assert done.exit_code == code, done.output
        return done.output if code == 0 else str(done.exception or done.output)

    why = ("--reason", "as planned")
    plan_words = ("plan", str(tmp_path), "--kpi", "fcr", "--worthwhile", "0.1", "--name", "try")
    assert "holds no valid token" in asks("", *plan_words, code=1)
    assert "Then a second person: baton pilot approve try" in asks("ana", *plan_words)
    assert "second person" in asks("ana", "approve", "try", *why, code=1)
    asks("ben", "approve", "try", *why)
    asks("ana", "start", "try", *why)
    plan = read_plan(company, "try")
    staged(PAST + 4, dict.fromkeys(plan.begins, 0.25))
    assert "4 of 6 months are known" in asks("ana", "evaluate", "try")
    assert json.loads(asks("ben", "status", "try", "--json"))["state"]["key"] == "running"
    staged(PAST + PILOT, dict.fromkeys(plan.begins, 0.25))
    # who would like another rule after having looked
    place = company.folder / ".baton" / "pilots" / "try.json"
    kept = place.read_text()
    place.write_text(kept.replace('"worthwhile": 0.1', '"worthwhile": 0.01'))
    assert "a plan never changes" in asks("ana", "evaluate", "try", code=1)
    place.unlink()
    assert "Adopt: it is better" in asks("ana", "evaluate", "try")
    staged(PAST + PILOT, {})
    assert "what was found then holds" in (again := asks("ben", "evaluate", "try"))
    assert "Adopt: it is better" in again
    comes_back_for_the_next_run(company, lambda: asks("ana", "evaluate", "try"))
    asks("ana", "adopt", "try", "--reason", "it held", "--valid-from", "2026-03-01")
    shown = json.loads(asks("ben", "confirm", "try", *why, "--json"))
    assert (shown["state"]["key"], shown["choice"]["valid_from"]) == ("adopted", "2026-03-01")
    assert "adopted" in asks("ana", "list")
    assert "Nothing was predicted and measured yet" in asks("ana", "ledger")
    asks("ana", "roll-back", "try", *why)
    assert json.loads(asks("ben", "confirm", "try", *why, "--json"))["state"]["key"] == "rolled_back"


def comes_back_for_the_next_run(company: Company, evaluate: Callable[[], str]) -> None:
    """What the database keeps of an evaluation lies in a file that the next run reads; where it is lost, it comes back."""
    (left,) = measured_files(company)
    first = left.read_text("utf-8")
    left.unlink()
    evaluate()
    assert left.read_text("utf-8") == first
    ((tried,), _) = read_measured(company, load_catalogue(company))
    assert (tried.pilot, tried.kpi, tried.points) == ("try", KPI, 0.0) and tried.low <= tried.effect <= tried.high


def no_power(*_: Any, **__: Any) -> Power:
    """What could be seen is not asked here, and takes long."""
    return Power(np.zeros(1), np.array([0.1]), 0.05, 1, 1)


def test_the_commands_say_it_in_words(staged: Callable[..., tuple[Company, RunFolder]], tmp_path: Path) -> None:
    staged(PAST, {})
    run = CliRunner()
    out = run.invoke(app, ["pilot", "plan", str(tmp_path), "--kpi", "fcr", "--worthwhile", "0.1", "--name", "try"])
    assert out.exit_code == 0, out.output
    assert "5 of 10 teams begin in 2025-07, drawn by chance" in out.output
    assert "It will probably show a change of First-contact resolution of" in out.output
    assert "percentage points or more" in out.output
    plan = read_plan(load_company(tmp_path), "try")
    early = run.invoke(app, ["pilot", "evaluate", "try", "--company", str(tmp_path), "--language", "zh"])
    assert "6 个月中已有 0 个月的数据" in early.output
    staged(PAST + PILOT, dict.fromkeys(plan.begins, 0.25))
    late = run.invoke(app, ["pilot", "evaluate", "try", "--company", str(tmp_path)])
    assert "Adopt: it is better, and no guard became worse." in late.output
    assert "Nothing of this is recorded: the pilot was not started." in late.output
    document = json.loads(run.invoke(app, ["pilot", "evaluate", "try", "--company", str(tmp_path), "--json"]).stdout)
    assert document["verdict"] == "adopt"
    assert document["effect"]["low"] <= 0.25 <= document["effect"]["high"]


@pytest.mark.parametrize("name", ["Try It", "", "ledger", "policy"])
def test_a_name_that_could_not_be_asked_for_is_refused_before_anything_is_drawn(tmp_path: Path, name: str) -> None:
    (tmp_path / "company.toml").write_text('[company]\nname = "c"\nscenario = "service"\n', "utf-8")
    with pytest.raises(PolicyError, match=re.escape(f"name {name!r}: ")):
        check_name(load_company(tmp_path), name)


def test_a_company_with_monthly_figures_alone_can_plan(tmp_path: Path) -> None:
    rows = [
        (team, months_later(BEGIN, month), months_later(BEGIN, month + 1), 0.5 + number / 100, 30)
        for month in range(8)
        for number, team in enumerate(TEAMS)
    ]
    measures = pd.DataFrame(rows, columns=["unit_id", "from", "to", "value", "n"]).assign(unit="team", kpi="csat")
    measures.to_csv(tmp_path / "measures.csv", index=False)
    (tmp_path / "company.toml").write_text(COMPANY.replace("cases", "measures"))
    company, folder = load_company(tmp_path), RunFolder(tmp_path / "out").create()
    stage(company, load_catalogue(company), folder.staged)
    history = open_history(company, folder)
    assert history.months == tuple(months_later(BEGIN, month) for month in range(8))
    values = history.values([history.kpi("csat")], history.months)["csat"]
    assert list(values.loc["t3"]) == pytest.approx([0.53] * len(history.months))
