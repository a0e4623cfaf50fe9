"""Which Pythons are here, and which of them ``start.py`` takes; the standard library is enough."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

MINORS = (14, 13, 12, 11)  # of Python 3, the newest first: every package of the locks has wheels for these
SUPPORTED = "Python 3.11 to 3.14"
INSTALL = (
    "Install 3.{0} from python.org (macOS: brew install python@3.{0}; Debian and Ubuntu: apt install python3.{0}-venv; "
    "Windows: winget install Python.Python.3.{0}), then call start.py again"
)
# what a Python says of itself: version, where it lies outside any environment, and why it cannot be taken
PROBE = """
import sys
import sysconfig
faults = []
if sys.implementation.name != "cpython":
    faults.append("it is " + sys.implementation.name + ", not CPython")
if sys.maxsize < 2**32:
    faults.append("it is a 32-bit build")
if sysconfig.get_config_var("Py_GIL_DISABLED"):
    faults.append("it is a free-threaded build")
if sys.version_info[3] != "final":
    faults.append("it is a pre-release")
try:
    import ensurepip, venv
except ImportError:
    faults.append("its venv module is missing (Debian and Ubuntu: apt install python3.%d-venv)" % sys.version_info[1])
print("%d.%d.%d" % sys.version_info[:3])
print(getattr(sys, "_base_executable", None) or sys.executable)
print(" and ".join(faults))
"""


class SetUpError(Exception):
    """Setting up failed, in words for the person at the keyboard."""


class Python(NamedTuple):
    """An interpreter: where it lies, its version, and why it cannot be taken (empty if it can)."""

    path: str
    version: str
    fault: str


def chosen(asked: str) -> Python:
    """Return the Python that is asked for (a version, a path, or ``this`` one), or the newest that is found."""
    version = re.fullmatch(r"(?:python)?3\.(\d+)", asked)
    if version and int(version[1]) not in MINORS:
        raise SetUpError(f"Baton runs on {SUPPORTED}, and {asked} was asked for; ask for one of these")
    if version:
        commands = [*called(int(version[1])), *kept_by_pyenv(int(version[1]))]
    elif asked:
        commands = [[sys.executable if asked == "this" else asked]]
    else:
        commands = [command for minor in MINORS for command in called(minor)]
    faults = []
    for command in commands:
        python = probed(command)
        if python and not python.fault:
            return python
        if python:
            faults.append(f"{python.path} is Python {python.version}, and {python.fault}")
    nothing = f"{asked} was asked for, and no such Python runs here" if asked else "none was found"
    seen = "; ".join([f"start.py was called by {platform.python_version()}", *dict.fromkeys(faults)])
    raise SetUpError(f"Baton runs on {SUPPORTED}; {nothing} ({seen}). " + INSTALL.format(version[1] if version else 13))


def called(minor: int) -> Iterator[list[str]]:
    """Yield how Python 3.minor may be called: as this one, by its name on the PATH, by Windows' launcher."""
    if sys.version_info[:2] == (3, minor):
        yield [sys.executable]
    for folder in os.get_exec_path():
        program = Path(folder) / f"python3.{minor}{'.exe' if os.name == 'nt' else ''}"
        if program.is_file():
            yield [str(program)]
    if os.name == "nt":
        yield ["py", f"-3.{minor}"]


def kept_by_pyenv(minor: int) -> list[list[str]]:
    """Return the Pythons 3.minor that pyenv has, selected or not."""
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    return [[str(path)] for path in sorted((root / "versions").glob(f"3.{minor}.*/bin/python3.{minor}"))]


def probed(command: list[str]) -> Python | None:
    """Ask a Python what it is; None if it does not run: pyenv's shims stand for versions that are not selected, too."""
    settings = {**os.environ, "PYTHON_MANAGER_AUTOMATIC_INSTALL": "false"}  # asked for a version, Windows' may fetch it
    try:
        done = subprocess.run(
            [*command, "-I", "-c", PROBE], capture_output=True, text=True, timeout=60, check=False, env=settings
        )
        version, path, fault = done.stdout.splitlines()
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None
    if not fault and version.rpartition(".")[0] not in {f"3.{minor}" for minor in MINORS}:
        fault = "Baton does not run on that"
    return Python(path, version, fault)
