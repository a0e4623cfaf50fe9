"""An outcome is written in one way, and company files of before go on being read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from baton.company import Company, load_company
from baton.errors import ArtefactError, CompanyFileError
from baton.messages.message import Message, Name, bilingual
from baton.outcomes import Outcome, first_of_kind, kind_of
from pipelines.freshness import settings_digest
from pipelines.run_summary import warnings_of
from pipelines.steps import StepRecord

OLD = '[outcomes.driver]\nmetric = "csat"\nlow = 2\n'
NEW = OLD.replace("driver", "case")


@pytest.mark.parametrize(
    ("key", "outcome", "folder"),
    [
        ("churn", Outcome("churn"), "churn"),
        ("decline:team:csat", Outcome("decline", "team", "csat"), "decline.team.csat"),
        ("decline:team:wait:long", Outcome("decline", "team", "wait:long"), "decline.team.wait.long"),
        ("driver:csat", Outcome("case", metric="csat"), "driver.csat"),
    ],
)
def test_an_outcome_is_read_as_it_is_written(key: str, outcome: Outcome, folder: str) -> None:
    assert Outcome.parse(key) == outcome
    assert str(outcome) == key
    assert outcome.folder == folder
    assert kind_of(key) == outcome.kind


@pytest.mark.parametrize(
    "key", ["", "weather", "churn:csat", "decline", "decline:team", "decline::csat", "driver", "case:x"]
)
def test_what_names_no_outcome_is_refused(key: str) -> None:
    with pytest.raises(ArtefactError, match=re.escape(repr(key))):
        Outcome.parse(key)


def test_an_outcome_lacks_no_part_and_has_none_too_many() -> None:
    for wrong in ({"kind": "decline", "metric": "csat"}, {"kind": "case"}, {"kind": "churn", "metric": "csat"}):
        with pytest.raises(ArtefactError, match="known are churn"):
            Outcome(**wrong)  # type: ignore[arg-type]


def test_outcomes_have_an_order_and_are_keys() -> None:
    team, person = Outcome("decline", "team", "csat"), Outcome("decline", "employee", "csat")
    assert sorted([Outcome("churn"), team, person]) == [Outcome("churn"), person, team]
    assert {team: 1}[Outcome.parse("decline:team:csat")] == 1


def test_root_causes_are_no_outcome_of_a_kind() -> None:
    assert kind_of("root_cause") is None
    assert first_of_kind(["root_cause", "driver:a", "driver:b"], "case") == "driver:a"
    assert first_of_kind(["root_cause"], "churn") is None


@pytest.mark.parametrize(
    ("outcome", "low", "english", "chinese"),
    [
        (Outcome("churn"), None, "Customers leaving", "客户流失"),
        (Outcome("decline", "employee", "csat"), None, "Decline of Rating, person", "评分下滑（员工）"),
        (Outcome("decline", "stage", "csat"), 2.0, "Decline of Rating, journey stage", "评分下滑（旅程阶段）"),
        (Outcome("case", metric="csat"), None, "Rating per case", "每单评分"),
        (Outcome("case", metric="csat"), 2.0, "Rating of 2 or less", "评分不高于 2"),
    ],
)
def test_an_outcome_has_a_title_in_both_languages(
    outcome: Outcome, low: float | None, english: str, chinese: str
) -> None:
    assert bilingual(outcome.title(Name("Rating", "评分"), low)) == {"en": english, "zh": chinese}


def company(folder: Path, text: str) -> Company:
    place = folder / "company.toml"
    place.write_text(text, "utf-8")
    return load_company(place)


def test_a_case_outcome_is_read_by_its_old_name_too(tmp_path: Path) -> None:
    old, new = company(tmp_path, OLD), company(tmp_path, NEW)
    assert old.outcomes.case == new.outcomes.case
    assert new.outcomes.case is not None and new.outcomes.case.metric == "csat"
    assert (old.outcomes.by_old_name, new.outcomes.by_old_name) == (True, False)
    assert old.outcomes.model_copy(update={"churn": None}).by_old_name


def test_the_name_alone_makes_no_run_and_no_registered_model_another_ones(tmp_path: Path) -> None:
    old, new = company(tmp_path, OLD), company(tmp_path, NEW)
    assert settings_digest(old) == settings_digest(new)
    # as it was written before the section had its new name
    assert new.model_dump(mode="json")["outcomes"] == {
        "churn": None,
        "decline": [],
        "driver": {"metric": "csat", "low": 2.0, "scale": None},
    }


def test_both_names_at_once_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CompanyFileError, match=r"outcomes: case and driver are the same.*keep case"):
        company(tmp_path, OLD + NEW)


@pytest.mark.parametrize(("text", "key"), [(OLD, "outcomes.driver.metrik"), (NEW, "outcomes.case.metrik")])
def test_a_fault_is_named_as_the_file_has_it(tmp_path: Path, text: str, key: str) -> None:
    with pytest.raises(CompanyFileError, match=rf"unknown key '{key}'; did you mean 'metric'"):
        company(tmp_path, text.replace("metric", "metrik", 1) + 'metric = "csat"\n')


def test_the_old_name_is_noted_once_and_last(tmp_path: Path) -> None:
    records = [StepRecord("stage", "", False, 0.0, warnings=("3 rows dropped",), messages=(None,))]
    sentence = warnings_of(company(tmp_path, OLD), records)
    first, note = sentence
    assert first == "3 rows dropped"
    assert "[outcomes.driver] of the company file is now called [outcomes.case]" in note
    assert sentence[note] == Message("outcome.old_section").as_json()
    assert list(warnings_of(company(tmp_path, NEW), records)) == ["3 rows dropped"]
