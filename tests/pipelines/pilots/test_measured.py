"""What an evaluation leaves is what the next run reads, and what was changed since is named and left out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from baton.catalogue.load import load_catalogue
from baton.company import Company, load_company
from baton.errors import ArtefactError
from baton.files import RunFolder
from baton.messages.message import render
from models.advice.inputs import AdviceInputs
from pipelines.pilots.measured import measured_files, read_measured, write_measured
from pipelines.pilots.planned import Plan
from pipelines.pilots.tried import definition_of, expected_of
from tests.serving.decisions.office import FCR, write_run

CATALOGUE = load_catalogue(Company())
EFFECT = {"effect": 0.03, "low": 0.01, "high": 0.05}


@pytest.fixture
def company(tmp_path: Path) -> Company:
    path = tmp_path / "company.toml"
    path.write_text('[company]\nname = "acme"\n', encoding="utf-8")
    return load_company(path)


def plan(definition: str = definition_of(CATALOGUE[FCR])) -> Plan:
    cards = tuple(
        {"team_id": team, "role": "agent", "kpi": FCR, "current": 20.0, "tried": points}
        for team, points in (("a", 30.0), ("b", 34.0), ("c", 50.0))
    )
    return Plan(
        "first", "acme", FCR, (), ("a", "b", "c"), ("2026-01-01",), 0, (0, 0, -1), ((0, 0, -1),), 1, 0.02, 0.02, 0.1, 7,
        definitions={FCR: definition}, cards=cards, predicted={"low": 0.0, "high": 0.02, "level": 0.9, "basis": "scenario"},
    )  # fmt: skip


def test_what_was_measured_is_read_by_the_next_run(company: Company) -> None:
    path = write_measured(company, plan(), {"verdict": "stop", "effect": EFFECT})
    assert path is not None and measured_files(company) == [path]
    ((tried,), notes) = read_measured(company, CATALOGUE)
    assert (tried.pilot, tried.kpi, tried.effect, tried.low, tried.high) == ("first", FCR, 0.03, 0.01, 0.05)
    assert (tried.points, tried.teams, notes) == (12.0, 2, ())  # of the teams that began
    assert tried.predicted is not None and tried.predicted["basis"] == "scenario"


@pytest.mark.parametrize(
    "outcome",
    [
        {"verdict": None, "effect": EFFECT},
        {"verdict": "extend", "effect": {**EFFECT, "high": None}},
        {"verdict": None, "effect": None},
    ],
    ids=["no verdict", "an interval without an end", "nothing measured"],
)
def test_what_was_not_measured_leaves_nothing(outcome: dict[str, object], company: Company) -> None:
    assert write_measured(company, plan(), outcome) is None
    assert read_measured(company, CATALOGUE) == ((), ())


def test_a_pilot_of_a_kpi_that_is_computed_otherwise_now_is_named_and_not_counted(company: Company) -> None:
    write_measured(company, plan("another"), {"verdict": "adopt", "effect": EFFECT})
    tried, (note,) = read_measured(company, CATALOGUE)
    assert tried == ()
    assert note.text.startswith("Pilot first is not counted: ") and "计算方式" in render(note, "zh")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("baton.measured/1", "other"),
        ('"low"', '"lower"'),
        ("0.01", '"much"'),
        ("0.01", "0.07"),
        ('"effect"', '"effects"'),
    ],
)
def test_a_file_that_was_changed_by_hand_is_named(old: str, new: str, company: Company) -> None:
    path = write_measured(company, plan(), {"verdict": "adopt", "effect": EFFECT})
    assert path is not None
    path.write_text(path.read_text("utf-8").replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ArtefactError, match=r"first\.json: .*remove it, and `baton pilot evaluate first`"):
        read_measured(company, CATALOGUE)


def test_the_next_pilot_is_expected_to_move_as_the_last_one_did(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "out")
    write_run(run)
    lines = [{"team_id": "t1", "role": "agent", "kpi": FCR, "current": 25.0, "tried": 35.0}]
    measured = {"response": 0.04, "low": 0.03, "high": 0.05, "pilots": 1.0}
    replace(AdviceInputs.load(run.advice), piloted={FCR: measured}, widths={"pilots": 1.5}).save(run.advice)
    found = expected_of(run, CATALOGUE[FCR], lines, ["t1"])
    assert found is not None
    assert (found["effect"], found["low"], found["high"]) == pytest.approx((0.04, 0.03, 0.05))  # ten points of 0.1 each
    assert (found["basis"], found["width"]) == ("pilots", 1.5)
