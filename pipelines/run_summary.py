"""What a run did, and with which versions of what it stands on."""

from __future__ import annotations

import platform
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

from pipelines.steps import StepRecord

__all__ = ["RunSummary", "versions"]

_NOTED_PACKAGES = ("bentoml", "duckdb", "ibis-framework", "lightgbm", "mlflow", "pandas", "scikit-learn", "shap")


@dataclass(frozen=True)
class RunSummary:
    """What a run did.

    Parameters
    ----------
    folder : Path
        Where the results lie.
    steps : tuple of StepRecord
    skipped : dict of str to str
        Outcomes that were not learned, and why.
    warnings : tuple of str
        What a reader of the results must know.
    """

    folder: Path
    steps: tuple[StepRecord, ...]
    skipped: dict[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages on which numbers depend."""
    return {"python": platform.python_version(), **{name: version(name) for name in _NOTED_PACKAGES}}
