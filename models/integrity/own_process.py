"""A module of Baton run in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

__all__ = ["run_module"]


def run_module(
    root: Path, module: str, arguments: Sequence[str], /, *, seconds: float, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run ``python -m module`` with this interpreter, and return what it printed and how it ended.

    Parameters
    ----------
    root : Path
        The folder that has Baton's packages: they are found first, whatever PYTHONPATH says.
    seconds : float
        Within which it must end.
    cwd : Path, optional
        Where it works; None: where this process does.

    Raises
    ------
    subprocess.TimeoutExpired
        If it does not end in time; it is killed.
    OSError
        If no process can be started.
    """
    path = os.pathsep.join(filter(None, [str(root), os.environ.get("PYTHONPATH", "")]))
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        timeout=seconds,
        check=False,
        env={**os.environ, "PYTHONPATH": path},
        cwd=cwd,
    )
