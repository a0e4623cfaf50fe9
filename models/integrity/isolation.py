"""Has models tried in a process of their own before they may answer: one that crashes takes nothing else with it."""

from __future__ import annotations

import hashlib
import json
import platform
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from baton.errors import ArtefactError, DamagedModelError, OutputError
from baton.files import read_json, write_json
from models.integrity.manifest import REMEDY, Manifest, verify_manifest
from models.integrity.model_file import MODEL_FILES, model_file
from models.integrity.own_process import run_module

__all__ = ["require_sound"]

MAX_SECONDS = 180  # for all models together; importing may take ten seconds on a busy machine
_ROOT = Path(__file__).resolve().parents[2]
_PREDICTOR = frozenset({*MODEL_FILES, "predictor.json", "probe.json"})  # the same in a run and in the registry
_MAX_KEPT = 1000  # verdicts; some per run


def require_sound(folders: Sequence[Path], verdicts: Path, /) -> None:
    """Refuse models that are not as they were trained, or that crash, hang or answer otherwise when they are loaded.

    Parameters
    ----------
    folders : sequence of pathlib.Path
    verdicts : pathlib.Path
        File of the digests of models that were found sound before: each is tried once per machine.

    Raises
    ------
    DamagedModelError
        Naming the first model that is not sound, and why.
    """
    key_of = {folder: _key(verify_manifest(folder)) for folder in folders}
    known = _known(verdicts)
    untried = [folder for folder, key in key_of.items() if key not in known and _needs_trial(folder)]
    if not untried:
        return
    # models of texts need other libraries, and are tried apart
    predictors = [folder for folder in untried if model_file(folder).exists()]
    for some in (predictors, [folder for folder in untried if folder not in predictors]):
        if some:
            _try(some)
    kept = list(dict.fromkeys([*known, *(key_of[folder] for folder in untried)]))[-_MAX_KEPT:]
    try:
        write_json(verdicts, {"sound": kept})
    except OutputError:
        return  # a copied run may lie where nothing can be written: its models are tried each time


def _try(folders: list[Path], /) -> None:
    places = [str(folder.resolve()) for folder in folders]
    try:
        done = run_module(_ROOT, "models.integrity.trial", places, seconds=MAX_SECONDS, cwd=_ROOT)
        lines, code = done.stdout.splitlines(), done.returncode
    except subprocess.TimeoutExpired as error:
        out: Any = error.stdout or b""
        lines, code = (out if isinstance(out, str) else out.decode("utf-8", "replace")).splitlines(), None
    except OSError as error:
        raise DamagedModelError(
            f"{folders[0]}: cannot be tried in a process of its own ({error}); try again"
        ) from error
    answers = [json.loads(line) for line in lines if line.startswith("{")]
    for line in answers:
        if line.get("fault"):
            raise DamagedModelError(f"{line['fault']}; the model is not used: {REMEDY}")
    ended = [line["ended"] for line in answers if "ended" in line]
    if len(ended) < len(folders) or code != 0:
        how = "does not come to an end" if code is None else f"ends the process that loads it (code {code})"
        at = min(len(ended), len(folders) - 1)
        raise DamagedModelError(f"{folders[at]}: loading it {how}; the model is not used: {REMEDY}")


def _needs_trial(folder: Path, /) -> bool:
    """Predictors must answer as they did; ONNX is read by native code; all else is checked as it is read."""
    return model_file(folder).exists() or any(folder.rglob("*.onnx"))


def _known(verdicts: Path, /) -> list[str]:
    try:
        found = read_json(verdicts)
    except ArtefactError:
        return []
    sound = found.get("sound") if isinstance(found, dict) else None
    return [str(key) for key in sound] if isinstance(sound, list) else []


def _key(manifest: Manifest, /) -> str:
    """What a verdict holds for: these files, read by these libraries on such a machine."""
    own = {name: digest for name, digest in manifest.files.items() if name in _PREDICTOR}
    files = json.dumps(own if own.keys() & set(MODEL_FILES) else dict(manifest.files), sort_keys=True)
    about = [files, version("lightgbm"), version("onnxruntime"), platform.machine(), sys.version]
    return hashlib.sha256("|".join(about).encode()).hexdigest()
