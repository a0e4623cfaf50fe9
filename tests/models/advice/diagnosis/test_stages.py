"""Stages of the journey that nobody answers for."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from baton.catalogue.schema import Catalogue
from baton.company import Policy
from models.advice.diagnosis.alignment import diagnosis_table
from models.advice.diagnosis.finding import Finding
from models.advice.diagnosis.stages import stage_findings
from models.advice.inputs import AdviceInputs

SERVED = pd.DataFrame(
    {"stage": ["use", "delivery", "delivery", "delivery"], "team_id": ["T1", "T2", "T1", None], "n": [600, 380, 4, 16]}
)


def found(inputs: AdviceInputs, catalogue: Catalogue, served: pd.DataFrame) -> list[Finding]:
    return stage_findings(diagnosis_table(inputs, Policy()), inputs, catalogue, served)


def test_a_stage_without_a_kpi_is_named_with_its_cases_and_who_serves_them(
    inputs_of: Callable[..., AdviceInputs], shop: Catalogue
) -> None:
    (one,) = found(inputs_of(), shop, SERVED)
    assert (one.kind, one.values["cases"], one.values["share"]) == ("whole_journey", 400, 0.4)
    assert one.values["teams"] == ["T2"]  # four cases are helping out
    assert "paid for the customer only through Csat, Solved" in one.what.text
    assert one.where.text == "400 cases (40% of all), served by Back"
    assert "Punctual" in one.next.text


def test_a_stage_that_a_card_measures_is_not_named(inputs_of: Callable[..., AdviceInputs], shop: Catalogue) -> None:
    cards = {"T1": {"cost": 100.0}, "T2": {"punctual": 100.0}}
    assert found(inputs_of(cards), shop, SERVED) == []


def test_whose_teams_have_nothing_of_the_customer_nobody_answers(
    inputs_of: Callable[..., AdviceInputs], shop: Catalogue
) -> None:
    (one,) = found(inputs_of({"T1": {"solved": 100.0}, "T2": {"cost": 100.0}}), shop, SERVED)
    assert one.kind == "unanswered" and "Nobody answers for the stage Delivery" in one.what.text


def test_without_cases_nothing_is_said_of_who_works_there(
    inputs_of: Callable[..., AdviceInputs], shop: Catalogue
) -> None:
    (one,) = found(inputs_of(), shop, SERVED.iloc[:0])
    assert one.what.text == "Nobody answers for the stage Delivery: no card has a KPI of it."
    assert one.where.text == "no case is recorded at this stage"
