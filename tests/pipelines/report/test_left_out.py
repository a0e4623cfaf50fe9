"""What is not on the page is explained by what the run has recorded, in both languages, never by a guess."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from baton.catalogue.schema import Catalogue
from baton.charts.drawing import Pen
from baton.company import Company
from baton.files import RunFolder, write_json
from baton.messages.message import Message, render
from baton.wording.journey import measured_kpis
from baton.wording.wording import sentences, verbatim
from models.effects.not_measured import NotMeasured
from pipelines.recommend import _no_card, _no_outcome
from pipelines.report.data.left_out import effects_missing, outcome_left_out, weights_missing
from pipelines.report.data.results import Results, read_results
from pipelines.report.sections.first_screen import _leaned_on
from pipelines.report.sections.trust import _missing
from pipelines.report.sections.units import units_tile
from pipelines.report.sections.why import prediction_shares, why_section
from tests.filled_results import write_filled

Build = Callable[..., RunFolder]
FEW = Message("not_learned.few_cases", {"unit": Message("unit.team"), "cases": 20, "days": 90})


def results_of(company: Company, catalogue: Catalogue, folder: RunFolder, *warnings: Message | str) -> Results:
    if warnings:
        texts = [each.text if isinstance(each, Message) else each for each in warnings]
        messages = [each.as_json() if isinstance(each, Message) else None for each in warnings]
        write_json(folder.steps / "advise.json", {"warnings": texts, "messages": messages})
    return read_results(company, catalogue, folder)


def unmeasured(effects: pd.DataFrame) -> pd.DataFrame:
    why = Message(NotMeasured.PEOPLE_ALIKE)
    methods = np.where(effects["role"] == "lever", why.text, effects["method"])
    nothing = {"effect": np.nan, "low": np.nan, "high": np.nan}
    return effects.assign(**nothing, method=methods, why_key=str(why.key), why_values=why.values_json)


def test_effects_that_were_not_estimated_say_why(
    company: Company, catalogue: Catalogue, run_folder: Build, effects: pd.DataFrame
) -> None:
    results = results_of(company, catalogue, run_folder(effects=unmeasured(effects)))
    reasons = effects_missing(results)
    levers = effects.loc[effects["role"] == "lever", "kpi"].nunique()
    assert reasons.en.startswith(
        f"Effects were not estimated: not measured: people do not differ in it by more than chance ({levers} KPI"
    )
    assert "人员之间的差异不超过偶然" in reasons.zh
    shown = " ".join(str(text.en) for text in why_section(results, Pen(("en", "zh"))).missing)
    assert "by more than chance" in shown
    assert "They need the table" not in shown


def test_where_no_effect_was_estimated_no_test_for_chance_is_reported(
    company: Company, catalogue: Catalogue, run_folder: Build, effects: pd.DataFrame
) -> None:
    why = Message("estimate.nothing_because", {"why": Message(NotMeasured.FEW_PEOPLE), "n": 12})
    for given, expected in ((effects, 0.4), (unmeasured(effects), None)):
        folder = run_folder(effects=given)
        folder.advice.mkdir(parents=True, exist_ok=True)
        write_json(folder.advice / "inputs.json", {"joint_p_value": 0.4})
        assert results_of(company, catalogue, folder, why).joint_p_value == expected


@pytest.mark.parametrize(
    "warning",
    [
        Message("no_advice.no_effects", {"why": Message("no_outcome.no_values", {"metric": "csat"})}),
        Message("no_advice.no_cases"),
    ],
)
def test_a_run_without_effects_repeats_what_it_recorded(
    company: Company, catalogue: Catalogue, run_folder: Build, warning: Message
) -> None:
    results = results_of(company, catalogue, run_folder(without=("effects",)), warning)
    assert warning.text.split(": ", 1)[1] in effects_missing(results).en.replace("&#39;", "'")
    assert effects_missing(results).zh != effects_missing(results).en


def test_a_decline_that_was_asked_for_is_not_asked_for_again(
    company: Company, catalogue: Catalogue, run_folder: Build
) -> None:
    folder = run_folder(without=("decline",))
    name = "decline:team:first_contact_resolution"
    write_json(folder.training / "skipped.json", {name: FEW.as_json()})
    results = results_of(company, catalogue, folder)
    reasons = " ".join(str(text.en) for text in _missing(results))
    assert FEW.text in reasons
    assert "[[outcomes.decline]]" not in reasons
    assert FEW.text in units_tile(results)[2].en
    assert "任何快照的最近 90 天内都没有团队达到 20 张工单" in units_tile(results)[2].zh
    nobody_asked = company.model_copy(update={"outcomes": company.outcomes.model_copy(update={"decline": ()})})
    write_json(folder.training / "skipped.json", {})
    reasons = " ".join(str(text.en) for text in _missing(results_of(nobody_asked, catalogue, folder)))
    assert "a block <code>[[outcomes.decline]]" in reasons


def test_what_training_gave_up_is_a_reason_too(company: Company, catalogue: Catalogue, run_folder: Build) -> None:
    few = Message("not_learned.few_events", {"n": 3, "total": 90, "least": 10})
    why = Message("not_learned.too_little", {"missing": (few,)})
    warning = Message("not_learned.not_learned", {"outcome": "churn", "why": why})
    results = results_of(company, catalogue, run_folder(without=("churn",)), warning)
    reasons = outcome_left_out(results, "churn")
    assert reasons is not None
    assert why.text in reasons.en
    assert "90 行中有 3 行出现该结果" in reasons.zh
    assert any(why.text in str(text.en) for text in _missing(results))


def test_what_an_older_version_has_left_out_is_shown_as_it_stands(
    company: Company, catalogue: Catalogue, run_folder: Build
) -> None:
    folder = run_folder(without=("decline",))
    write_json(folder.training / "skipped.json", {"decline:team:csat": "decline:team:csat: <few> teams"})
    reasons = [text for text in _missing(results_of(company, catalogue, folder, "churn: a note")) if "few" in text.en]
    assert reasons and all("&lt;few&gt; teams" in text.zh for text in reasons)


def test_cards_that_were_not_advised_say_why(company: Company, catalogue: Catalogue, run_folder: Build) -> None:
    cases = SimpleNamespace(frame=pd.DataFrame({"employee_id": [None] * 5, "team_id": ["T1"] * 5}))
    why = _no_card(cases, SimpleNamespace(scorecards=[]))  # type: ignore[arg-type]
    assert why.text.endswith("no KPI differs significantly among 0 people and 1 teams with cases")
    warning = Message("no_advice.no_weights", {"why": why})
    results = results_of(company, catalogue, run_folder(without=("weights",)), warning)
    assert why.text in weights_missing(results).en
    assert "1 个团队" in weights_missing(results).zh


def test_cards_that_all_hold_later_are_reported(company: Company) -> None:
    cards = pd.DataFrame({"valid_from": [pd.Timestamp("2027-01-01")]})
    why = _no_card(SimpleNamespace(), SimpleNamespace(scorecards=cards, as_of=pd.Timestamp("2025-09-30")))  # type: ignore[arg-type]
    assert why.text == "no scorecard is in force on 2025-09-30; the first holds from 2027-01-01 on"
    assert "2027-01-01" in render(Message("no_advice.no_weights", {"why": why}), "zh")


@pytest.mark.parametrize(
    ("outcomes", "customers", "reasons"),
    [
        ({}, ["a"], "the company file names no outcome"),
        ({"churn": {}}, [None], "no case says whose it was"),
        ({"churn": {}}, ["a"], "no case belongs to a customer of whom it is known whether they left"),
        ({"case": {"metric": "csat"}}, ["a"], "no case has a value of csat"),
        ({"churn": {}}, [], "there are no cases"),
    ],
)
def test_an_outcome_that_no_case_knows_says_which_and_why(
    outcomes: dict[str, Any], customers: list[str | None], reasons: str
) -> None:
    cases = SimpleNamespace(frame=pd.DataFrame({"customer_id": customers}))
    why = _no_outcome(Company.model_validate({"outcomes": outcomes}), cases)  # type: ignore[arg-type]
    assert why.text.startswith(reasons)
    sentence = render(Message("no_advice.no_effects", {"why": why}), "zh")
    assert not sentence.isascii()
    assert why.text not in sentence


def test_a_kpi_without_a_value_is_not_what_a_prediction_leans_on(
    company: Company, catalogue: Catalogue, run_folder: Build
) -> None:
    folder = run_folder()
    rows = pd.read_parquet(folder.file("attributions.parquet"))
    empty = rows.iloc[:1].assign(kpi="nps", mean_abs_attribution=0.0, mean_attribution=0.0)
    only = pd.concat([empty, rows[rows["kpi"].isin(["csat"])]], ignore_index=True)
    write_filled(folder, "attributions", only)
    results = results_of(company, catalogue, folder)
    assert "nps" not in _leaned_on(results)
    assert "nps" not in prediction_shares(results, str(rows["outcome"].iloc[0])).index
    measured = measured_kpis({"attributions": only}, results.catalogue, results.staged)
    assert "nps" not in measured and "csat" in measured


def test_reasons_with_commas_of_their_own_stand_as_sentences() -> None:
    reasons = [verbatim("only 7 of 56, at least 10 needed; give more"), verbatim("36 snapshots, at least 50 needed")]
    assert sentences(reasons).en == "only 7 of 56, at least 10 needed; give more. 36 snapshots, at least 50 needed"
