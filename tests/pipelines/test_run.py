"""The whole chain on a small simulated company: what it leaves, that it resumes, and that it reports trouble."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from baton.company import load_company
from baton.errors import BatonError, OutputError
from baton.files import RunFolder, read_json
from models.integrity.model_file import model_file
from pipelines.run import run, score

FILES = (
    "evaluation.json churn.parquet decline.parquet attributions.parquet effects.parquet effect_draws.parquet "
    "diagnosis.parquet weights.parquet coaching.parquet report.html run.json"
).split()


def test_a_run_leaves_every_file_of_the_contract(small_run: Path) -> None:
    assert [name for name in FILES if not (small_run / name).exists()] == []
    assert small_run.stat().st_mode & 0o077 == 0


def test_recommended_weights_sum_to_100_on_every_card_and_keep_to_the_policy(
    small_run: Path, small_company: Path
) -> None:
    policy = load_company(small_company).policy
    weights = pd.read_parquet(small_run / "weights.parquet")
    assert len(weights) > 0
    sums = weights.groupby(["team_id", "role"], dropna=False)["recommended_weight"].sum()
    assert sums.round(6).eq(100).all()
    moved = (weights["recommended_weight"] - weights["current_weight"]).abs()
    assert moved.max() <= policy.max_change + 1e-9
    mandatory = weights[weights["kpi"].isin(policy.fixed)]
    assert mandatory["recommended_weight"].eq(mandatory["current_weight"]).all()
    assert {reason["zh"] != reason["en"] for reason in weights["reason"]} == {True}


def test_no_real_id_of_an_employee_leaves_a_run(small_run: Path, small_company: Path) -> None:
    employees = pd.read_csv(small_company / "hr" / "employees.csv", dtype=str)["employee_id"]
    known = {name.encode() for name in employees}
    for name in FILES:
        path = small_run / name
        if path.suffix == ".parquet":
            text = pd.read_parquet(path).to_csv().encode()
        else:
            text = path.read_bytes()
        assert not [one for one in known if b">" + one + b"<" in text or b'"' + one + b'"' in text], name
        if path.suffix == ".parquet" and "employee_id" in pd.read_parquet(path).columns:
            assert not set(pd.read_parquet(path)["employee_id"].dropna()) & set(employees), name


def test_attributions_and_predictions_speak_of_kpis_of_the_catalogue(small_run: Path) -> None:
    drivers = pd.read_parquet(small_run / "churn.parquet")["drivers"]
    names = {driver["kpi"] for row in drivers.head(200) for driver in row}
    assert "first_contact_resolution" in names
    attributed = pd.read_parquet(small_run / "attributions.parquet")
    assert {"_context", "first_contact_resolution"} <= set(attributed["kpi"])


def test_sensitive_and_protected_columns_are_nowhere_a_feature(small_run: Path, small_company: Path) -> None:
    privacy = load_company(small_company).privacy
    for table in (small_run / "training").glob("*/table.json"):
        features = read_json(table)["features"]
        assert features
        assert not [
            name for name in features for word in (*privacy.sensitive, *privacy.protected) if word in name.split("__")
        ]
    shown = set(pd.read_parquet(small_run / "explanations.parquet")["kpi"])
    assert shown
    assert not [name for name in shown for word in (*privacy.sensitive, *privacy.protected) if word in name.split("__")]


@pytest.fixture
def copied(small_run: Path, small_company: Path, tmp_path: Path) -> tuple[Path, Path]:
    """A company and a run of its own, to be changed; times of change are kept, so that steps count as unchanged."""
    company = shutil.copytree(small_company, tmp_path / "company")
    folder = shutil.copytree(small_run, tmp_path / "run")
    return company, folder


def test_an_unchanged_run_is_kept_and_a_lost_file_alone_is_made_again(copied: tuple[Path, Path]) -> None:
    company, folder = copied
    before = (folder / "weights.parquet").read_bytes()
    again = run(load_company(company), RunFolder(folder))
    kept = {step.name: step.reused for step in again.steps}
    assert kept["stage"] and kept["features"] and kept["train"] and kept["score"] and kept["advise"]
    (folder / "report.html").unlink()
    third = run(load_company(company), RunFolder(folder))
    assert [step.name for step in third.steps if not step.reused] == ["report"]
    assert (folder / "weights.parquet").read_bytes() == before


@dataclass(frozen=True)
class GoneOn:
    """A run that was ended in its advice under another policy, and went on."""

    folder: Path
    unfinished: list[Path]
    reused: dict[str, bool]


@pytest.fixture(scope="module")
def gone_on(small_run: Path, small_company: Path, tmp_path_factory: pytest.TempPathFactory) -> GoneOn:
    """The run after that; made once, since to advise takes long."""
    from pipelines import recommend

    place = tmp_path_factory.mktemp("gone-on")
    company, folder = shutil.copytree(small_company, place / "company"), shutil.copytree(small_run, place / "run")
    path = company / "company.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("max_change = 10", "max_change = 5"), encoding="utf-8")

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recommend, "recommend", killed)
        with pytest.raises(KeyboardInterrupt):
            run(load_company(company), RunFolder(folder))
    unfinished = list(folder.rglob("*.part"))
    steps = run(load_company(company), RunFolder(folder)).steps
    return GoneOn(folder, unfinished, {step.name: step.reused for step in steps})


def test_a_changed_policy_advises_again_without_training_again(gone_on: GoneOn) -> None:
    assert [gone_on.reused[step] for step in ("train", "advise", "report")] == [True, False, False]
    weights = pd.read_parquet(gone_on.folder / "weights.parquet")
    assert (weights["recommended_weight"] - weights["current_weight"]).abs().max() <= 5


def test_a_run_that_is_killed_goes_on_where_it_was(gone_on: GoneOn) -> None:
    assert not gone_on.unfinished
    assert (gone_on.reused["train"], gone_on.reused["advise"]) == (True, False)
    assert (gone_on.folder / "weights.parquet").exists()


def test_score_uses_the_models_that_were_trained_before(copied: tuple[Path, Path]) -> None:
    company, folder = copied
    model = model_file(folder / "models" / "churn").read_bytes()
    (folder / "churn.parquet").unlink()
    score(load_company(company), RunFolder(folder))
    assert (folder / "churn.parquet").exists()
    assert model_file(folder / "models" / "churn").read_bytes() == model


def test_score_without_models_says_what_makes_them_before_it_does_anything(small_company: Path, tmp_path: Path) -> None:
    with pytest.raises(BatonError, match="baton train"):
        score(load_company(small_company), RunFolder(tmp_path / "run"))
    assert not (tmp_path / "run").exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full: /dev/full")
def test_a_full_disk_is_one_sentence(tmp_path: Path) -> None:
    from baton.files import write_atomically

    target = tmp_path / "result.json"
    with pytest.raises(OutputError, match="No space left"), write_atomically(target) as part:
        os.symlink("/dev/full", part)
        part.write_text("x" * 100_000, encoding="utf-8")
    assert not target.exists()
    assert not list(tmp_path.glob("*.part"))


def test_run_json_shows_inputs_versions_seeds_and_timings(small_run: Path) -> None:
    recorded = json.loads((small_run / "run.json").read_text(encoding="utf-8"))
    assert set(recorded["inputs"]) == {
        "customers",
        "activity",
        "cases",
        "case_steps",
        "employees",
        "work",
        "measures",
        "teams",
        "scorecards",
    }
    assert recorded["seed"] == 11
    assert {"duckdb", "lightgbm", "python"} <= set(recorded["versions"])
    assert [step["name"] for step in recorded["steps"]] == [
        "stage", "figures", "texts", "features", "train", "score", "price", "process", "advise", "what_if", "register", "report",
    ]  # fmt: skip
    assert all(step["seconds"] >= 0 and step["cpu_seconds"] >= 0 for step in recorded["steps"])
    assert all(step["peak_memory_mb"] > 10 for step in recorded["steps"])
