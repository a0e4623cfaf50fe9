"""Rolling back in a process of its own: what trains and registers models is no part of the service."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from baton.company import Company
from baton.errors import ArtefactError, OutputError
from baton.files import RunFolder
from models.integrity.own_process import run_module

__all__ = ["roll_back_in_process"]

_ROOT = Path(__file__).resolve().parents[2]
_MODULE = "pipelines.retraining.own_process"
_MAX_SECONDS = 300


def roll_back_in_process(company: Company, folder: RunFolder, outcome: str, champion: int, /) -> None:
    """Make the champion before the present one champion again.

    Parameters
    ----------
    champion : int
        The version that was seen: if another is champion meanwhile, nothing is done.

    Raises
    ------
    ArtefactError
        If there is no champion before, another is champion meanwhile, or files are gone.
    OutputError
        If a run or a retraining is writing, or it took too long.
    """
    arguments = [str(company.path), str(folder.path.resolve()), outcome, str(champion)]
    try:
        done = run_module(_ROOT, _MODULE, arguments, seconds=_MAX_SECONDS)
    except subprocess.TimeoutExpired:
        raise OutputError(
            f"{outcome}: rolling back took longer than {_MAX_SECONDS} s; see `baton models list`"
        ) from None
    if done.returncode == 0:
        return
    lines = [line for line in done.stdout.splitlines() if line.startswith('{"error"')]
    raise ArtefactError(
        json.loads(lines[-1])["error"] if lines else f"{outcome}: rolling back failed; `baton models list` says what is"
    )
