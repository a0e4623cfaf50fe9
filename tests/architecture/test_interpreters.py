"""Which Python is taken: the newest that runs, or the one that is asked for."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import interpreters
import start
from interpreters import SetUpError, chosen, probed

HERE = f"3.{sys.version_info[1]}"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Place a Python on an otherwise empty PATH, which says of itself what is wanted; return its path."""
    if os.name == "nt":
        pytest.skip("the programs of this test are shell scripts")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    monkeypatch.delenv("BATON_PYTHON", raising=False)
    monkeypatch.setattr(interpreters.sys, "version_info", (3, 10, 4, "final", 0))  # the one that runs this is none

    def write(name: str, version: str = "", *, fault: str = "", folder: Path = tmp_path) -> Path:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        answer = f"printf '%s\\n' '{version}' '{path}' '{fault}'" if version else f"echo 'pyenv: {name}?' >&2; exit 127"
        path.write_text(f"#!/bin/sh\n{answer}\n", encoding="utf-8")
        path.chmod(0o755)
        return path

    return write


def test_the_newest_is_taken(place: Callable[..., Path]) -> None:
    place("python3.11", "3.11.9")
    newest = place("python3.13", "3.13.2")
    place("python3.12", "3.12.7")
    place("python3.15", "3.15.0")
    assert chosen("") == (str(newest), "3.13.2", "")


def test_a_shim_that_does_not_run_and_one_that_cannot_be_used_are_passed_over(
    place: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place("python3.14")
    place("python3.13", "3.13.2", fault="its venv module is missing")
    behind = place("python3.12", "3.12.7", folder=tmp_path / "further")
    place("python3.12")
    monkeypatch.setenv("PATH", os.pathsep.join([str(tmp_path), str(tmp_path / "further")]))
    assert chosen("").path == str(behind)


def test_the_one_that_is_asked_for_is_taken(place: Callable[..., Path], tmp_path: Path) -> None:
    place("python3.13", "3.13.2")
    older = place("python3.11", "3.11.9")
    elsewhere = place("my python", "3.12.1", folder=tmp_path / "own")
    for asked in ("3.11", "python3.11", str(older)):
        assert chosen(asked).path == str(older)
    assert chosen(str(elsewhere)).version == "3.12.1"


def test_pyenv_is_looked_into_for_a_version_that_is_asked_for_and_not_otherwise(
    place: Callable[..., Path], tmp_path: Path
) -> None:
    kept = place("python3.13", "3.13.0", folder=tmp_path / "pyenv" / "versions" / "3.13.0" / "bin")
    place("python3.13")
    place("python3.11", "3.11.9")
    assert chosen("3.13").path == str(kept)
    assert chosen("").version == "3.11.9"


@pytest.mark.parametrize("asked", ["3.10", "3.15", "python3.9"])
def test_a_version_that_is_not_supported_is_refused_with_those_that_are(asked: str) -> None:
    with pytest.raises(SetUpError, match=f"Python 3.11 to 3.14, and {asked} was asked for"):
        chosen(asked)


def test_where_there_is_none_it_says_what_was_seen_and_what_to_install(place: Callable[..., Path]) -> None:
    place("python3.12", "3.12.7", fault="its venv module is missing (apt install python3.12-venv)")
    with pytest.raises(
        SetUpError, match=r"none was found .*3\.12\.7, and its venv module is missing.*Install 3\.13 from"
    ):
        chosen("")
    with pytest.raises(SetUpError, match=r"3\.14 was asked for, and no such Python runs here .*Install 3\.14 from"):
        chosen("3.14")
    old = place("python3.8", "3.8.1")
    with pytest.raises(SetUpError, match=r"is Python 3\.8\.1, and Baton does not run on that"):
        chosen(str(old))


def test_a_python_is_asked_what_it_is() -> None:
    found = probed([sys.executable])
    assert found is not None
    assert found.version == ".".join(map(str, sys.version_info[:3]))
    # of an environment, the one that made it: the environment may be about to be cleared
    assert Path(found.path).exists() and not Path(found.path).is_relative_to(sys.prefix)
    assert probed([sys.executable, "no-such-file.py"]) is None
    assert chosen("this") == found == chosen(HERE)


def test_the_option_goes_before_the_variable_and_not_to_pytest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BATON_PYTHON", "3.11")
    assert start.asked_for(["test", "-k", "churn", "-x"]) == ("3.11", ["test", "-k", "churn", "-x"])
    assert start.asked_for(["test", "--python", "3.12", "--fast"]) == ("3.12", ["test", "--fast"])
    assert start.asked_for(["--python=3.12", "demo"]) == ("3.12", ["demo"])


def test_which_prints_the_python_that_would_be_taken(
    place: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    newest = place("python3.12", "3.12.7")
    assert start.main(["which"]) == 0
    assert capsys.readouterr().out == f"{newest}\n"
    assert start.main(["which", "--python", "3.14"]) == 2
    assert "no such Python runs here" in capsys.readouterr().err
