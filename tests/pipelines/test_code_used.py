"""What a change of the code does again: the steps that stand on it, and no others."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pipelines import code_used
from pipelines.code_used import ROOT, digest_of, files_used, fingerprint_of
from pipelines.run_steps import REPORT, SCORE, STEPS, TRAIN

EVERY = frozenset(step.name for step in STEPS)
NONE: frozenset[str] = frozenset()


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The rooms, to be edited."""
    folder = tmp_path_factory.mktemp("copy")
    for room in ("baton", "features", "models", "pipelines"):
        shutil.copytree(ROOT / room, folder / room, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@pytest.fixture(scope="module")
def unedited(copy: Path) -> dict[str, str]:
    return fingerprints(copy)


def fingerprints(root: Path) -> dict[str, str]:
    return {step.name: digest_of(files_used(step, root), root) for step in STEPS}


@pytest.mark.parametrize(
    ("edited", "again"),
    [
        ("pipelines/report/templates/report.css", {"report"}),
        ("pipelines/report/templates/report.html.jinja", {"report"}),
        ("baton/wording/texts.toml", {"report"}),
        ("pipelines/report/sections/teams.py", {"report"}),
        ("baton/messages/texts/advice.toml", {"advise", "report"}),
        ("baton/catalogue/presets/service_actions.toml", NONE),
        ("baton/cli.py", NONE),
        ("baton/display.py", NONE),
        ("models/advice/weights.py", {"advise"}),
        ("models/advice/coaching/coach.py", {"advise"}),
        ("models/registry/champions.py", {"register"}),
        ("pipelines/bottlenecks.py", {"process"}),
        ("pipelines/recommend.py", {"advise"}),
        ("features/quality/row_rules.py", EVERY),
        ("baton/privacy/meanings.toml", EVERY),
        ("pipelines/steps.py", EVERY),
        ("pipelines/run_steps.py", EVERY),
        ("pipelines/run.py", EVERY),
        ("baton/outcomes.py", EVERY),
        ("pipelines/score.py", {"score"}),
        ("pipelines/what_if/find.py", {"what_if"}),
        ("models/prediction/what_if/changes.py", {"what_if"}),
    ],
)
def test_a_change_does_again_what_stands_on_it_and_nothing_else(
    copy: Path, unedited: dict[str, str], edited: str, again: frozenset[str]
) -> None:
    before = unedited
    place = copy / edited
    kept = place.read_bytes()
    place.write_bytes(kept + b"\n# changed\n")
    try:
        after = fingerprints(copy)
    finally:
        place.write_bytes(kept)
    assert {name for name in EVERY if before[name] != after[name]} == set(again)


def test_training_stands_on_every_predictor_and_text_model_though_they_are_found_by_name() -> None:
    for step in (TRAIN, SCORE):
        files = {path.relative_to(ROOT).as_posix() for path in files_used(step, ROOT)}
        assert {"models/prediction/churn.py", "models/complaints/classifiers/finetune.py"} <= files


def test_a_new_import_makes_a_step_stand_on_more(copy: Path) -> None:
    place = copy / "pipelines" / "train.py"
    kept = place.read_text("utf-8")
    assert copy / "models" / "advice" / "weights.py" not in files_used(TRAIN, copy)
    place.write_text(kept + "\n\ndef later() -> None:\n    import models.advice.weights\n", "utf-8")
    try:
        assert copy / "models" / "advice" / "weights.py" in files_used(TRAIN, copy)
    finally:
        place.write_text(kept, "utf-8")


def test_a_process_keeps_the_fingerprint_of_the_code_that_it_has_loaded(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = fingerprint_of(REPORT)
    place = copy / "pipelines" / "report" / "write.py"
    kept = place.read_bytes()
    monkeypatch.setattr(code_used, "ROOT", copy)
    place.write_bytes(kept + b"\n# changed\n")
    try:
        assert fingerprint_of.__wrapped__(REPORT) != before
        assert fingerprint_of(REPORT) == before
    finally:
        place.write_bytes(kept)
