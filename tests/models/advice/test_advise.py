"""One call from cases to advice: what the pipeline writes, a benchmark judges and the sandbox solves again."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from baton.company import Company, Policy
from models.advice.advise import Advice, advise
from models.advice.settings import Settings
from models.advice.weights import recommend


@pytest.fixture(scope="module")
def small(make_company: Any) -> Any:
    """A company that is advised several times."""
    company = make_company(2, 40, 4_000)
    people = company.organisation.employees.assign(gender=["w", "m"] * 20)
    return replace(company, organisation=replace(company.organisation, employees=people))


@pytest.fixture(scope="module")
def plain(small: Any) -> Advice:
    return of(small)


def of(company: Any, **settings: Any) -> Advice:
    return advise(
        company.cases,
        company.organisation,
        company.catalogue,
        Settings(**({"policy": company.policy, "seed": 7, "learners": False} | settings)),
    )


def test_every_table_of_the_advice_is_there_and_speaks_of_the_same_cards(advice: Advice, known: Any) -> None:
    assert list(advice.tables) == [
        "effects", "effect_draws", "effects_by_method", "reliability", "diagnosis", "weights", "targets", "okrs",
        "coaching", "controllability",
    ]  # fmt: skip
    # no card of this company has ever changed
    assert all(len(table) for name, table in advice.tables.items() if name not in ("okrs", "controllability"))
    keys = ["team_id", "role", "kpi"]
    carded = set(known.organisation.current_cards[keys].itertuples(index=False, name=None))
    assert set(advice.diagnosis[keys].itertuples(index=False, name=None)) == carded
    assert carded <= set(advice.weights[keys].itertuples(index=False, name=None))


def test_weights_solved_again_from_the_inputs_are_those_of_the_advice(advice: Advice, known: Any) -> None:
    pd.testing.assert_frame_equal(advice.weights, recommend(advice.inputs, known.policy))


def test_nobody_is_coached_towards_what_harms(advice: Advice, known: Any) -> None:
    harmful = {kpi for kpi, effect in known.truth.items() if effect > 0}
    assert "solved" in set(advice.coaching["kpi"])
    assert not harmful & set(advice.coaching["kpi"])


def test_double_machine_learning_stands_beside_and_changes_nothing(small: Any, plain: Advice) -> None:
    learned = of(small, learners=True)
    assert "double_ml" in set(learned.effects.by_method["method"])
    for name in ("effects", "effect_draws", "reliability", "diagnosis", "weights", "targets", "okrs", "coaching"):
        pd.testing.assert_frame_equal(plain.tables[name], learned.tables[name])


def test_settings_reach_the_place_that_they_are_for(small: Any, plain: Advice) -> None:
    reported = of(small, policy=small.policy.model_copy(update={"cycle_days": 30}), currency="CNY")
    assert reported.inputs.currency == "CNY"
    assert set(reported.inputs.groups["attribute"]) == {"gender"}
    assert reported.reliability["n"].sum() == pytest.approx(plain.reliability["n"].sum() / 3)


def test_a_company_file_gives_its_settings() -> None:
    company = Company.model_validate(
        {"company": {"name": "A", "seed": 11, "currency": "EUR"}, "policy": {"max_change": 4},
         "privacy": {"protected": ["religion"]}}
    )  # fmt: skip
    settings = Settings.of(company)
    assert (settings.seed, settings.currency, settings.learners) == (11, "EUR", True)
    assert settings.policy == Policy(max_change=4)
    assert settings.privacy.protected == ("religion",)


def test_progress_shows_each_part_once(small: Any) -> None:
    heard: list[tuple[str, int, int]] = []
    advise(
        small.cases, small.organisation, small.catalogue, Settings(small.policy, 7, learners=False),
        progress=lambda *reported: heard.append(reported),
    )  # fmt: skip
    assert [(done, of_all) for _, done, of_all in heard] == [(0, 4), (1, 4), (2, 4), (3, 4)]


@pytest.mark.parametrize("room", ["pipelines", "serving", "benchmarks"])
def test_nobody_writes_the_chain_out_by_hand(room: str) -> None:
    parts = re.compile(
        r"models\.effects\.(estimate|reliability) import|models\.advice\.coaching\.coach import|import .*\bgather\b"
    )
    places = (Path(__file__).resolve().parents[3] / room).rglob("*.py")
    assert [place.name for place in places if parts.search(place.read_text("utf-8"))] == []
