"""A run on newer data sets the advice of its folder aside before it takes its place, and loses nothing if it fails."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from baton.catalogue.schema import Catalogue
from baton.company import Company
from baton.contract.results import cast
from baton.errors import ArtefactError
from baton.files import RunFolder, read_json, write_json
from baton.run_results import RunResults
from models.advice.stability.basis import Basis
from pipelines.before import set_aside as module
from pipelines.before.compared import basis_of, given_before, standing
from pipelines.before.set_aside import another_company, set_aside

JANUARY, FEBRUARY, MARCH = datetime(2026, 2, 1), datetime(2026, 3, 1), datetime(2026, 4, 1)
ROW: dict[str, Any] = {
    "team_id": "t1", "role": "", "kpi": "solved", "current_weight": 20.0, "target_weight": 60.0,
    "recommended_weight": 30.0, "low": 40.0, "high": 80.0, "verdict": "raise", "confidence": 0.9,
    "expected_effect": 3.0, "expected_low": 1.0, "expected_high": 5.0, "reliability": 0.8,
    "reason": {"en": "a", "zh": "甲"}, "cycle_2": 40.0, "cycle_3": 50.0, "expected_basis": "scenario",
    "hypothetical": False, "misaligned": False, "limits": "", "conflict": "", "impact_ratio": 1.0, "impact_low": 0.9,
    "impact_high": 1.1, "impact": "pass", "rises": 1.0, "falls": 1.0, "evidence_share": 1.0, "stress_loses": 0.0,
    "stress": "pass", "direction": 1, "started_from": 20.0, "aim": 60.0, "stands": False,
}  # fmt: skip
KPI: dict[str, Any] = {
    "kpi": "solved", "name_en": "Solved", "name_zh": "解决", "role": "lever", "perspective": "customer", "stage": "use",
    "unit": "share", "better": "higher", "controllable": 0.9, "guards": [], "leads_to": [], "owner": "employee",
    "effect": -0.01, "low": -0.02, "high": -0.005, "refuted": False, "why_key": "", "why_values": "{}",
    "joint_p": 0.001, "icc": 0.2, "between_sd": 0.1,
}  # fmt: skip

Advised = Callable[..., RunFolder]


@pytest.fixture
def company(tmp_path: Path) -> Company:
    return Company(path=tmp_path / "company.toml")


@pytest.fixture
def advised(tmp_path: Path, company: Company) -> Advised:
    """Write the advice of a moment into a folder."""

    def write(as_of: datetime, points: float = 30.0, out: str = "out") -> RunFolder:
        folder = RunFolder(tmp_path / out).create()
        results = RunResults(folder)
        results.write("weights", cast("weights", [ROW | {"recommended_weight": points}]))
        results.write("advice/kpis", cast("advice/kpis", [KPI]))
        results.write("advice/effects_by_team", cast("advice/effects_by_team", []))
        basis_of(company, Catalogue((), ()), pd.Timestamp(as_of), 900).save(folder.advice)
        return folder

    return write


def points_before(folder: RunFolder) -> float:
    return float(RunResults(folder.before).table("weights")["recommended_weight"].iloc[0])


def clear(folder: RunFolder) -> None:
    """What the step does before it works."""
    folder.file("weights.parquet").unlink()
    shutil.rmtree(folder.advice)


def test_the_first_run_has_nothing_to_compare_with(company: Company, tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "out").create()
    assert set_aside(company, folder, JANUARY) == ""
    assert set_aside(company, folder, None) == ""
    assert not folder.before.path.exists()


def test_newer_data_set_the_advice_aside_and_the_same_data_leave_it(company: Company, advised: Advised) -> None:
    folder = advised(JANUARY, 31)
    found = set_aside(company, folder, FEBRUARY)
    assert found and points_before(folder) == 31
    advised(FEBRUARY, 32)
    # advised again, by other settings too: the advice on older data is what it is compared with
    assert set_aside(company, folder, FEBRUARY) == found
    assert points_before(folder) == 31
    assert set_aside(company, folder, MARCH) not in ("", found)
    assert points_before(folder) == 32


def test_a_run_that_fails_half_way_loses_nothing(
    company: Company, advised: Advised, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = advised(JANUARY, 31)
    found = set_aside(company, folder, FEBRUARY)
    clear(folder)
    assert set_aside(company, folder, FEBRUARY) == found
    assert set_aside(company, folder, MARCH) == found
    # and one that is killed while it copies leaves what it copies from
    advised(FEBRUARY, 32)

    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(module.os, "replace", killed)
        set_aside(company, folder, MARCH)
    assert set_aside(company, folder, MARCH)
    assert points_before(folder) == 32


def test_older_data_and_another_company_are_no_comparison(company: Company, advised: Advised) -> None:
    folder = advised(MARCH, 33)
    assert set_aside(company, folder, FEBRUARY) == ""
    other = company.model_copy(update={"company": company.company.model_copy(update={"name": "Other"})})
    advised(JANUARY, 31)
    assert set_aside(other, folder, FEBRUARY) == ""
    assert set_aside(company, folder, FEBRUARY)


def test_what_was_set_aside_is_not_compared_with_older_data(company: Company, advised: Advised) -> None:
    folder = advised(FEBRUARY, 32)
    set_aside(company, folder, MARCH)
    assert set_aside(company, folder, JANUARY) == ""
    now = basis_of(company, Catalogue((), ()), pd.Timestamp(JANUARY), 900)
    assert given_before(folder.before, now) is None


def test_an_advice_of_before_stands_where_kpis_and_outcomes_are_the_same(company: Company, advised: Advised) -> None:
    folder = advised(JANUARY)
    set_aside(company, folder, FEBRUARY)
    now = replace(basis_of(company, Catalogue((), ()), pd.Timestamp(FEBRUARY), 900), kpis={"solved": "a"})
    before = given_before(folder.before, now)
    assert before is not None and before.effect("t1", "solved") == (-0.01, -0.02, -0.005)
    assert standing(before, now).rows.empty  # its definition is another
    same = replace(before, basis=replace(before.basis, kpis={"solved": "a"}))
    rows = standing(same, now).rows
    assert rows[["current", "advised", "aim", "direction"]].to_numpy().tolist() == [[20, 30, 60, 1]]
    assert standing(same, replace(now, settings="b")).rows.empty
    assert standing(None, now).rows.empty


def test_a_damaged_basis_is_named(company: Company, advised: Advised) -> None:
    folder = advised(JANUARY)
    place = folder.advice / "basis.json"
    write_json(place, {key: value for key, value in read_json(place).items() if key != "policy"})
    with pytest.raises(ArtefactError, match=r"basis\.json: not as Baton writes it; delete it and run again"):
        set_aside(company, folder, FEBRUARY)


def test_an_advice_without_a_basis_is_of_an_older_version_and_not_compared(company: Company, advised: Advised) -> None:
    folder = advised(JANUARY)
    (folder.advice / "basis.json").unlink()
    assert Basis.find(folder.advice) is None
    assert set_aside(company, folder, FEBRUARY) == ""


def test_a_company_of_the_same_name_from_elsewhere_is_another_one(company: Company, advised: Advised) -> None:
    folder = advised(JANUARY)
    moved = company.model_copy(update={"path": company.path.parent / "other" / "company.toml"})
    assert set_aside(moved, folder, FEBRUARY) == ""
    why = another_company(moved, folder)
    assert why is not None and why.key == "before.other_sources" and "--previous" in why.text
    # the file was renamed, and the tables are the same: one company
    renamed = company.model_copy(update={"path": company.path.with_name("harbour.toml")})
    assert another_company(renamed, folder) is None and set_aside(renamed, folder, FEBRUARY)
    other = company.model_copy(update={"company": company.company.model_copy(update={"name": "Other"})})
    named = another_company(other, folder)
    assert named is not None and named.key == "before.other_name"
    # an advice of a version that kept no such thing is known by its name
    basis = folder.advice / "basis.json"
    write_json(basis, {name: value for name, value in read_json(basis).items() if name not in ("place", "sources")})
    assert another_company(moved, folder) is None


def test_a_run_that_is_named_is_compared_with_wherever_its_company_lay(
    company: Company, advised: Advised, tmp_path: Path
) -> None:
    folder, earlier = RunFolder(tmp_path / "new").create(), advised(JANUARY, 31)
    moved = company.model_copy(update={"path": tmp_path / "other" / "company.toml"})
    found = set_aside(moved, folder, FEBRUARY, earlier)
    assert found and points_before(folder) == 31
    now = basis_of(moved, Catalogue((), ()), pd.Timestamp(FEBRUARY), 900)
    assert given_before(folder.before, now) is not None
    # and stays what is compared with, unless another is named
    assert set_aside(moved, folder, FEBRUARY) == found


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda advised, out: RunFolder(out / "nothing"), "holds no advice of a run; give the --out folder"),
        (lambda advised, out: advised(MARCH), "its data end on 2026-04-01, not before these"),
    ],
    ids=["none", "newer"],
)
def test_a_folder_that_cannot_be_compared_with_is_refused(
    make: Callable[..., RunFolder], why: str, company: Company, advised: Advised, tmp_path: Path
) -> None:
    named = make(advised, tmp_path)
    folder = RunFolder(tmp_path / "new").create()
    with pytest.raises(ArtefactError, match=why):
        set_aside(company, folder, FEBRUARY, named)
    assert not folder.before.path.exists()
    other = company.model_copy(update={"company": company.company.model_copy(update={"name": "Other"})})
    with pytest.raises(ArtefactError, match="is a run of"):
        set_aside(other, folder, FEBRUARY, advised(JANUARY, out="third"))
