"""Putting another model in a run's folder, so that the next ``baton score`` asks it."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from baton.files import RunFolder, read_json
from baton.outcomes import outcome_folder
from baton.run_results import EVALUATION, MODELS, RunResults
from models.integrity.manifest import sha256_of, write_manifest
from models.integrity.model_file import MODEL_FILES, model_file
from models.integrity.probe import PROBE_FILE
from models.registry.retrainings import Retrainings
from pipelines import run_steps
from pipelines.steps import Ledger, Outcome

__all__ = ["Chosen", "install", "registered", "scratch_of"]

_PREDICTOR = "predictor.json"
_BESIDE = "out_of_fold.parquet"


@dataclass(frozen=True)
class Chosen:
    """A model that is to answer.

    Parameters
    ----------
    version : int
        In the registry.
    place : Path
        Its folder: as trained, or the registry's.
    entry : mapping
        Of ``evaluation.json``.
    meaning : str
        Fingerprint of what its data mean.
    """

    version: int
    place: Path
    entry: Mapping[str, Any]
    meaning: str = ""


def scratch_of(folder: RunFolder, /) -> RunFolder:
    """Return where challengers are trained and models are put together."""
    return RunFolder(folder.path / "retraining" / "work")


def registered(log: Retrainings, outcome: str, version: int, /) -> Chosen:
    """Return a version as the registry keeps it.

    Raises
    ------
    ArtefactError
        If there is no such version, or its files are gone or not as they were registered.
    """
    place = log.registry.sound(outcome, version)
    known = next(found for found in log.registry.versions(outcome) if found.version == version)
    return Chosen(version, place, read_json(place.parent / EVALUATION), known.meaning)


def install(folder: RunFolder, ledger: Ledger, chosen: Mapping[str, Chosen], /) -> None:
    """Put models in the place of those of a run; those of other outcomes stay.

    It is recorded as the step that trains, so that scores are made anew by the next command that needs them.

    Parameters
    ----------
    ledger : Ledger
        Of the folder, locked.
    chosen : mapping of str to Chosen
        By outcome.
    """
    if not chosen:
        return
    results, scratch = RunResults(folder), scratch_of(folder)
    together = scratch.path / "together"
    shutil.rmtree(together, ignore_errors=True)
    for place in sorted(folder.models.iterdir()) if folder.models.exists() else ():
        if place.is_dir() and place.name != "root_cause":
            shutil.copytree(place, together / place.name)
    evaluation = dict(results.document(EVALUATION, {}))
    for outcome, model in chosen.items():
        _take(model.place, outcome_folder(together, outcome))
        evaluation[outcome] = dict(model.entry)

    def work(_: Outcome) -> None:
        shutil.copytree(together, folder.models, dirs_exist_ok=True)
        results.write_document(EVALUATION, evaluation)

    answers = {outcome: sha256_of(model_file(outcome_folder(together, outcome))) for outcome in chosen}
    ledger.step(run_steps.TRAIN, {"installed": answers}, work)
    documented = dict(results.document(MODELS, {}))
    for outcome, model in chosen.items():
        name = f"{outcome}/{model.version}"
        documented[outcome] = {
            "model": name, "champion": name, "meaning": model.meaning, "sha256": answers[outcome],
        }  # fmt: skip
    results.write_document(MODELS, documented)
    shutil.rmtree(together, ignore_errors=True)


def _take(source: Path, place: Path, /) -> None:
    """Copy what a predictor consists of; MLflow's own files in the registry are none of it."""
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    for name in (*MODEL_FILES, _PREDICTOR, PROBE_FILE, _BESIDE):
        if (source / name).exists():
            shutil.copyfile(source / name, place / name)
    write_manifest(place)
