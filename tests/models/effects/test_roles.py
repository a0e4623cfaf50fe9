"""Roles and arrows that the data contradict: planted in companies whose truth is known, and not found elsewhere."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest

from baton.catalogue.schema import Catalogue, Kpi, Stage
from baton.company import Policy
from baton.messages.message import render
from benchmarks.truth.judge import OPEN, regret, true_card
from benchmarks.truth.kpis import ECHOES
from benchmarks.truth.story import happen
from benchmarks.truth.tables import record
from benchmarks.truth.worlds import WORLDS, Size
from features.cases.table import CaseTable, Organisation
from models.advice.advise import advise
from models.advice.settings import Settings
from models.effects.estimate import estimate
from models.effects.estimators.design import Question, build_design
from models.effects.roles import single_cases
from models.effects.roles.check import check_roles
from models.effects.roles.findings import Roles
from models.effects.roles.single_cases import SingleCases

PEOPLE, EACH = 80, 150
LEVERS = ("quick", "solved", "kept", "careful", "polite")
EFFECTS = (0.02, 0.06, 0.05, 0.04, 0.03)


def values(seed: int, difficulty: float = 0.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Who handled each case, what was done in it (cases, levers), and whether the customer left."""
    rng = np.random.default_rng(seed)
    person = np.repeat(np.arange(PEOPLE), EACH)
    hard = rng.standard_normal((len(person), 1))
    # people's levels are unrelated exactly, not just but for chance
    level = np.sqrt(PEOPLE) * np.linalg.qr(rng.standard_normal((PEOPLE, len(LEVERS))))[0]
    done = level[person] + 2.0 * rng.standard_normal((len(person), len(LEVERS))) - difficulty * hard
    risk = 0.3 - done @ np.array(EFFECTS) + 0.02 * hard[:, 0]
    return person, done, (rng.random(len(person)) < risk).astype(float)


def table(person: np.ndarray, left: np.ndarray, **columns: np.ndarray) -> CaseTable:
    opened = pd.Timestamp("2025-01-01") + pd.to_timedelta(np.tile(np.arange(EACH), PEOPLE) * 24, unit="h")
    frame = pd.DataFrame(
        {
            "case_id": np.arange(len(person)).astype(str), "customer_id": np.arange(len(person)).astype(str),
            "employee_id": person.astype(str), "team_id": (person % 8).astype(str), "process": "p",
            "priority": "normal", "channel": "phone", "opened_at": opened, "closed_at": opened,
            "period": opened.to_period("M").to_timestamp(), "y:churn": left,
        }
    )  # fmt: skip
    frame = frame.assign(**{f"kpi:{name}": value for name, value in columns.items()})
    monthly = {name for name in columns if name.startswith("monthly")}
    kinds = {"churn": "probability"}
    return CaseTable(frame, frozenset(set(columns) - monthly), 90, 1.0, 1000, kinds, {"churn": "lower"})


def kpi(name: str, role: str = "lever", **changes: object) -> Kpi:
    named = {"en": name.capitalize(), "zh": name}
    settings = {"id": name, "name": named, "layer": "role", "perspective": "customer", "source": "cases",
                "expr": name, "better": "higher", "unit": "number", "role": role}  # fmt: skip
    return Kpi.model_validate(settings | changes)


def catalogue(*others: Kpi, **roles: str) -> Catalogue:
    stage = Stage.model_validate({"id": "use", "name": "Use"})
    return Catalogue((*(kpi(name, roles.get(name, "lever")) for name in LEVERS), *others), (stage,))


def found(cases: CaseTable, declared: Catalogue) -> Roles:
    employees = pd.DataFrame({"employee_id": [], "hired_at": []})
    return check_roles(cases, employees, declared, (), "churn", 1)


@dataclass(frozen=True)
class Made:
    """A company, with reports of what was done beside it."""

    person: np.ndarray
    done: np.ndarray
    left: np.ndarray

    @property
    def levers(self) -> dict[str, np.ndarray]:
        return dict(zip(LEVERS, self.done.T, strict=True))

    def report(self, noise: float = 4.0) -> np.ndarray:
        chance = np.random.default_rng(9).standard_normal(len(self.person))
        return self.done.sum(axis=1) + noise * chance


@pytest.fixture(scope="module")
def made() -> Made:
    return Made(*values(1))


def test_right_roles_are_left_alone(made: Made) -> None:
    assert found(table(made.person, made.left, **made.levers), catalogue()) == Roles()


def test_products_of_levers_are_held_for_a_few_people_at_once(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    cases = table(made.person, made.left, **made.levers)
    design = build_design(cases, catalogue(), Question("churn", LEVERS))
    at_once = SingleCases(design, 1).correlations
    monkeypatch.setattr(single_cases, "MAX_HELD", 3 * len(LEVERS) ** 2)
    assert SingleCases(design, 1).correlations == pytest.approx(at_once, abs=1e-12)
    # that of the first two levers, as it would be said without any draw
    within = [pd.Series(column) - pd.Series(column).groupby(made.person).transform("mean") for column in made.done.T]
    assert at_once[0, 0, 1] == pytest.approx(np.corrcoef(within[0], within[1])[0, 1], abs=0.02)


@pytest.mark.parametrize("difficulty", [0.5, 1.5])
def test_levers_that_a_hidden_difficulty_moves_together_are_no_reports(difficulty: float) -> None:
    person, done, left = values(2, difficulty)
    names = dict(zip(LEVERS, done.T, strict=True))
    assert np.corrcoef(done.T)[0, 1] > 0.03
    assert not found(table(person, left, **names), catalogue()).reports


def test_a_declared_lever_that_follows_all_others_case_by_case_is_a_report(made: Made) -> None:
    cases = table(made.person, made.left, **made.levers, delight=made.report())
    roles = found(cases, catalogue(kpi("delight")))
    assert set(roles.reports) == {"delight"}
    note = roles.notes(catalogue(kpi("delight")))
    assert "5 of the 5 levers" in note[0].text
    assert "Quick, Solved, Kept, Careful, Polite" in note[0].text
    assert "被列为杠杆指标" in render(note[0], "zh")


def test_a_monthly_figure_without_a_part_of_its_own_is_a_report_and_one_with_it_is_not(made: Made) -> None:
    month = np.tile(np.arange(EACH) // 30, PEOPLE)
    by_person = np.zeros((PEOPLE, 6))
    np.add.at(by_person, (made.person, month), made.report() / 30)
    chance = np.random.default_rng(4)
    own = chance.standard_normal((PEOPLE, 1)) + 0.3 * chance.standard_normal((PEOPLE, 6))
    columns = {"monthly_score": by_person[made.person, month], "monthly_hours": own[made.person, month]}
    others = (kpi("monthly_score"), kpi("monthly_hours"))
    roles = found(table(made.person, made.left, **made.levers, **columns), catalogue(*others))
    assert set(roles.reports) == {"monthly_score"}
    assert roles.reports["monthly_score"].key == "roles.not_its_own"


def test_a_rating_declared_as_a_lever_is_known_for_what_it_is_without_a_test(made: Made) -> None:
    cases = table(made.person, made.left, **made.levers, low=np.random.default_rng(1).random(len(made.person)))
    roles = found(cases, catalogue(kpi("low", expr="csat <= 2")))
    assert roles.reports["low"].key == "roles.judgement"


@pytest.mark.parametrize("role", ["outcome", "mediator"])
def test_a_lever_declared_as_something_else_is_found(made: Made, role: str) -> None:
    roles = found(table(made.person, made.left, **made.levers), catalogue(solved=role))
    assert set(roles.acts) == {"solved"}
    (note,) = roles.notes(catalogue(solved=role))
    assert f"declared as {'an outcome' if role == 'outcome' else 'a mediator'}" in note.text
    assert roles.applied(catalogue(solved=role))["solved"].role == "lever"


def test_true_outcomes_and_mediators_are_no_levers(made: Made) -> None:
    chance = np.random.default_rng(5).standard_normal((3, len(made.person)))
    columns = {
        "thanks": made.report(),  # reports all of them
        "twice": made.done[:, 1] + 0.2 * chance[0],  # is another's shadow
        "luck": chance[1],  # people do not differ in it
    }
    others = [kpi(name, "outcome") for name in columns]
    assert found(table(made.person, made.left, **made.levers, **columns), catalogue(*others)).acts == {}


def test_a_faint_report_of_what_is_mostly_not_measured_is_no_lever(made: Made) -> None:
    measured = {name: value for name, value in made.levers.items() if name not in ("solved", "kept")}
    chance = np.random.default_rng(9).standard_normal(len(made.person))
    thanks = made.done @ [0.4, 2.0, 2.0, 0.4, 0.4] + 8.0 * chance
    cases = table(made.person, made.left, **measured, thanks=thanks)
    declared = Catalogue((*(kpi(name) for name in measured), kpi("thanks", "outcome")), ())
    assert found(cases, declared) == Roles()


def test_what_may_be_a_judgement_or_is_known_for_some_cases_alone_is_never_taken_for_a_lever(made: Made) -> None:
    points = catalogue(solved="outcome")
    points = Catalogue((points["solved"].model_copy(update={"unit": "points"}), *list(points.values())[2:]), ())
    assert found(table(made.person, made.left, **made.levers), points).acts == {}
    partly = made.levers | {"solved": np.where(np.arange(len(made.person)) % 2, made.done[:, 1], np.nan)}
    assert found(table(made.person, made.left, **partly), catalogue(solved="outcome")).acts == {}


def test_where_no_lever_matters_nothing_is_taken_for_one(made: Made) -> None:
    left = (np.random.default_rng(3).random(len(made.person)) < 0.3).astype(float)
    assert found(table(made.person, left, **made.levers), catalogue(solved="outcome")).acts == {}


def test_an_arrow_between_what_has_nothing_to_do_with_each_other_is_named(made: Made) -> None:
    with_arrows = catalogue()
    moved = made.done[:, 1] + 0.5 * made.done[:, 0]
    kpis = [
        each.model_copy(update={"leads_to": ("solved",)}) if each.id in ("quick", "kept") else each
        for each in with_arrows.values()
    ]
    cases = table(made.person, made.left, **made.levers | {"solved": moved})
    many = replace(cases, frame=pd.concat([cases.frame, cases.frame.assign(
        employee_id="z" + cases.frame["employee_id"], customer_id="z" + cases.frame["customer_id"])]))  # fmt: skip
    arrows = found(many, Catalogue(tuple(kpis), ())).arrows
    assert [each.text.split(",")[0] for each in arrows] == ["Kept is declared to lead to Solved"]


def test_effects_and_cards_follow_what_was_found_and_say_it(made: Made) -> None:
    cases = table(made.person, made.left, **made.levers, delight=made.report())
    declared = catalogue(kpi("delight"), solved="outcome")
    people = pd.DataFrame({"employee_id": np.arange(PEOPLE).astype(str)})
    people = people.assign(team_id=(np.arange(PEOPLE) % 8).astype(str), role="agent", hired_at=pd.NaT, left_at=pd.NaT)
    teams = pd.DataFrame({"team_id": [str(team) for team in range(8)], "name": "t", "department": "d"})
    start = pd.Timestamp("2024-12-01")
    card = [{"kpi": name, "weight": 25.0} for name in ("quick", "kept", "solved", "delight")]
    cards = pd.DataFrame([{"team_id": str(t), "role": "agent", "valid_from": start} | line for t in range(8)
                          for line in card]).assign(target=np.nan)  # fmt: skip
    panel = pd.DataFrame(columns=["unit", "unit_id", "team_id", "from", "to", "kpi", "value", "n"])
    organisation = Organisation(people, teams, cards, panel, pd.Timestamp("2025-06-01"))
    advice = advise(cases, organisation, declared, Settings(OPEN, 1, learners=False))
    rows = advice.effects.table.set_index("kpi")
    assert rows.loc["delight", "effect"] is None or np.isnan(rows.loc["delight", "effect"])
    assert rows.loc["delight", "why_key"] == "roles.moved_by"
    assert rows.loc["solved", ["role", "clear"]].to_list() == ["outcome", "helps"]
    assert "behaves as a lever" in rows.loc["solved", "evidence"]
    weights = advice.weights[advice.weights["team_id"] == "0"].set_index("kpi")
    assert weights.loc["solved", "target_weight"] > 20
    assert weights.loc[["solved", "delight"], "recommended_weight"].to_list() == [25.0, 25.0]
    assert 'give it role = "lever"' in weights.loc["solved", "reason"]["en"]
    assert "follows Quick" in weights.loc["delight", "reason"]["en"]
    assert {note.key for note in advice.inputs.notes} >= {"roles.reports", "roles.found_to_act"}


def test_with_wrong_roles_a_small_company_of_the_benchmark_is_advised_as_with_right_ones() -> None:
    story = happen(WORLDS["linear"], Size(60, 6, 6, 6_000), 102)
    wrong = {echo.kpi: "lever" for echo in ECHOES} | {"solved": "mediator", "script": "outcome"}
    company = record(story, 102, wrong)
    effects = estimate(company.cases, company.organisation, company.catalogue, Policy(), 102, learners=False)
    roles = effects.outcomes["churn"].roles
    assert "rating" in roles.reports
    assert set(roles.acts) == {"solved"}
    card = true_card(company, story.effects[0])
    paid = -effects.table.set_index("kpi")["effect"].reindex(card.index).fillna(0.0).clip(upper=0.0) * card["c2"]
    assert regret(card, (paid / card["D"]).to_numpy()) < 0.1
