"""Set Baton up in a local environment, and try or test it; the standard library is enough.

``python start.py demo`` simulates a company and runs the whole chain on it; ``python start.py test`` passes the tests
(further arguments go to pytest). Each first makes ``.venv`` beside this file, once per state of ``requirements.lock``.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
ENVIRONMENT = ROOT / ".venv"
LOCK = ROOT / "requirements.lock"
STAMP = ENVIRONMENT / "baton-set-up"
BIN = ENVIRONMENT / ("Scripts" if os.name == "nt" else "bin")
SUFFIX = ".exe" if os.name == "nt" else ""
PYTHON = BIN / f"python{SUFFIX}"
UV = "uv==0.13.9"
NEEDED_GB = 4
# what installers say, and what that means to somebody who has never seen an installer
CAUSES = (
    (("No space left", "not enough space", "os error 28", "os error 112"), "the disk is full: free 4 GB and try again"),
    (
        ("Permission denied", "Access is denied", "os error 13"),
        "this folder may not be written: copy Baton to a folder of your own",
    ),
    (
        (
            "name resolution",
            "dns error",
            "NewConnectionError",
            "Failed to establish",
            "error sending request",
            "Could not connect",
            "getaddrinfo",
            "No matching distribution",
            "timed out",
            "Network is unreachable",
        ),
        "packages cannot be fetched: check the network, or set HTTPS_PROXY or PIP_INDEX_URL as your company asks for",
    ),
)


class SetUpError(Exception):
    """Setting up failed, in words for the person at the keyboard."""


def main(arguments: list[str]) -> int:
    """Do what is asked for and return the exit code."""
    verbs = {"demo": demo, "test": test}
    if not arguments or arguments[0] not in verbs:
        print("usage: python start.py demo | test [pytest's arguments]", file=sys.stderr)
        return 2
    try:
        set_up()
        return verbs[arguments[0]](arguments[1:])
    except SetUpError as error:
        print(f"start.py: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def set_up() -> None:
    """Make the environment, unless it is there and fits the lock."""
    if sys.version_info[:2] != (3, 11):
        raise SetUpError(
            f"Baton needs Python 3.11, and this is {platform.python_version()}; install 3.11 from python.org and call "
            f"it by name: {'py -3.11' if os.name == 'nt' else 'python3.11'} start.py"
        )
    if sys.platform == "darwin" and platform.machine() == "x86_64":
        raise SetUpError("Macs with Intel chips are not supported by the libraries that Baton builds on; use Docker")
    wanted = fingerprint()
    if PYTHON.exists() and STAMP.exists() and STAMP.read_text(encoding="utf-8") == wanted:
        return
    free_gb = shutil.disk_usage(ROOT).free / 1e9
    if free_gb < NEEDED_GB:
        raise SetUpError(f"{ROOT}: only {free_gb:.1f} GB are free and setting up needs {NEEDED_GB}; free some")
    started = time.monotonic()
    note("setting up .venv (once; some minutes)")
    STAMP.unlink(missing_ok=True)
    try:
        if not PYTHON.exists():
            venv.create(ENVIRONMENT, with_pip=True, clear=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise SetUpError(
            f"{ENVIRONMENT}: cannot be made ({error}); is the folder yours, and is Python's venv module installed "
            "(Debian and Ubuntu: apt install python3.11-venv)?"
        ) from error
    install()
    STAMP.write_text(wanted, encoding="utf-8")
    note(f"set up in {time.monotonic() - started:.0f} s")


def fingerprint() -> str:
    """Return what the environment was made from: the lock, the project's file, the Python."""
    made_from = LOCK.read_bytes() + (ROOT / "pyproject.toml").read_bytes() + UV.encode() + str(ROOT).encode()
    return hashlib.sha256(made_from + sys.version.encode()).hexdigest()


def install() -> None:
    """Install the lock by uv, or by pip where uv cannot; then the project itself."""
    pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    uv = [str(PYTHON), "-m", "uv", "pip", "install", "--python", str(PYTHON)]
    output = attempt([*pip, UV]) or attempt([*uv, "--requirements", str(LOCK)])
    if output is not None:
        note("uv could not install the packages; trying pip (slower)")
        output = attempt([*pip, "--no-deps", "--requirement", str(LOCK)])
    if output is None:
        project = ["--no-deps", "--editable", str(ROOT)]
        output = attempt([*uv, *project])
        if output is not None:
            output = attempt([*pip, *project])
    if output is not None:
        cause = next((words for signs, words in CAUSES if any(sign.lower() in output.lower() for sign in signs)), None)
        raise SetUpError(cause or "the packages cannot be installed; the lines above say why")


def attempt(command: list[str]) -> str | None:
    """Run an installer, showing what it says; return None if it went well, else its output."""
    lines = []
    # an installer that inherits a virtual environment would install into that one
    clean = {name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "PYTHONPATH")}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8", errors="replace",
        cwd=ROOT, env=clean,
    ) as process:  # fmt: skip
        for line in process.stdout or ():
            lines.append(line)
            sys.stderr.write(line)
    return "".join(lines) if process.returncode else None


def demo(arguments: list[str]) -> int:
    """Simulate the demo company unless it is there, run the chain on it, and say where the page lies."""
    if arguments:
        raise SetUpError("demo takes no arguments; `baton simulate --help` shows what can be chosen")
    company, baton = ROOT / "demo", str(BIN / f"baton{SUFFIX}")
    if not (company / "company.toml").exists() or not (company / "truth.json").exists():
        code = call([baton, "simulate", "demo"])
        if code:
            return code
    code = call([baton, "run", "demo", "--out", str(Path("demo") / "out")])
    if code:
        return code
    shown = BIN.relative_to(ROOT) / "baton"
    print(f"\nThe report: {company / 'out' / 'report.html'}")
    print(f"To serve it with the API: {shown} serve demo, then open http://127.0.0.1:3000/")
    return 0


def test(arguments: list[str]) -> int:
    """Check style, types and import direction, then run doctests and tests; pytest's summary comes last."""
    failed = []
    checks = {
        "ruff check": [tool("ruff"), "check", "."],
        "ruff format": [tool("ruff"), "format", "--check", "."],
        "pyright": [tool("pyright")],
        "import direction": [tool("lint-imports")],
    }
    for name, command in {} if arguments else checks.items():
        note(name)
        if call(command):
            failed.append(name)
    note("pytest")
    if failed:
        note(f"FAILED before the tests: {', '.join(failed)} (see above)")
    pytest = [str(PYTHON), "-m", "pytest", *(arguments or ["--numprocesses", "2"])]
    # two processes, so one thread each
    return call(pytest, OMP_NUM_THREADS="1") or (1 if failed else 0)


def tool(name: str) -> str:
    """Return the path of a command of the environment."""
    return str(BIN / f"{name}{SUFFIX}")


def call(command: list[str], **more: str) -> int:
    """Run a command of the environment in this folder, its output shown as it comes."""
    settings = {"PYTHONUTF8": "1", "BENTOML_DO_NOT_TRACK": "True", "MLFLOW_DISABLE_TELEMETRY": "true"}
    return subprocess.run(command, cwd=ROOT, env={**os.environ, **settings, **more}, check=False).returncode


def note(text: str) -> None:
    """Say on stderr what is being done."""
    print(f"== {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
