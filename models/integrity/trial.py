"""Loads models and asks them, in a process that may end badly: ``python -m models.integrity.trial FOLDER…``.

Writes a line per folder as it begins and as it has ended, so that who started it knows which one it died of.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from baton.errors import BatonError, DamagedModelError
from models.integrity.model_file import model_file

__all__ = ["main"]

MAX_BYTES = 8 << 30  # address space, not memory in use: threads and libraries reserve more than they touch
MAX_CPU_SECONDS = 60  # per model; sixteen rows take milliseconds
# LightGBM looks for these when it is imported, which takes seconds, and does without them
_NOT_NEEDED = ("pandas", "sklearn", "dask", "dask.dataframe", "matplotlib", "graphviz", "pyarrow", "cffi", "polars")


def main(folders: list[str]) -> int:
    """Try models; returns 0 where all answer as they did when they were trained.

    Parameters
    ----------
    folders : list of str
    """
    if any(_is_texts(Path(folder)) for folder in folders):
        import models.complaints.root_cause  # noqa: F401  what it imports is not to count
    else:
        for name in _NOT_NEEDED:
            sys.modules.setdefault(name, None)  # type: ignore[arg-type]
    for folder in folders:
        _report({"begun": folder})
        _bound()
        try:
            fault = _try_texts(Path(folder)) if _is_texts(Path(folder)) else _try_predictor(Path(folder))
        except BatonError as error:
            fault = str(error)
        except Exception as error:
            fault = f"{folder}: cannot be read ({type(error).__name__}: {' '.join(str(error).split())[:200]})"
        _report({"ended": folder, "fault": fault})
    return 0


def _is_texts(folder: Path, /) -> bool:
    return not model_file(folder).exists()


def _try_predictor(folder: Path, /) -> str:
    from models.integrity.manifest import verify_manifest
    from models.integrity.probe import PROBE_FILE, differs, read_probe
    from models.prediction.fitted_model import read_model

    manifest = verify_manifest(folder)
    probe = read_probe(manifest.text(PROBE_FILE), folder / PROBE_FILE)
    model = read_model(manifest, probe[0].shape[1])
    found = differs(model, probe)
    return f"{folder / model.file}: {found}" if found else ""


def _try_texts(folder: Path, /) -> str:
    from models.complaints.root_cause import RootCauseModel

    probabilities = RootCauseModel.load(folder).model.probabilities(["the line is down again", "电话打不通"])
    if abs(probabilities.sum(axis=1) - 1).max() < 1e-3:  # NaN fails, too
        return ""
    raise DamagedModelError(f"{folder}: its probabilities do not sum to 1")


def _bound() -> None:
    """Bound memory and processor time, where the system can."""
    try:
        import resource
    except ImportError:  # Windows: the time limit of who started this must do
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = int(used.ru_utime + used.ru_stime) + MAX_CPU_SECONDS
    for kind, wanted in ((resource.RLIMIT_AS, MAX_BYTES), (resource.RLIMIT_CPU, seconds)):
        hard = resource.getrlimit(kind)[1]
        resource.setrlimit(kind, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


def _report(what: dict[str, str], /) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
