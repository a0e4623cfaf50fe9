"""The front door: help at once, one line and exit 2 on a user's error, JSON where asked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def baton(*words: str | Path, cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    """Call the command line as a user would, in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "baton.cli", *map(str, words)],
        cwd=cwd or ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )


def refused(result: subprocess.CompletedProcess[str], *parts: str) -> None:
    """Assert exit 2 and one line that holds these parts; nothing on stdout."""
    line = result.stderr.strip().splitlines()[-1] if result.stderr.strip() else ""
    assert result.returncode == 2, result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""
    for part in parts:
        assert part in line, line


def company(folder: Path, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "company.toml"
    path.write_text(text, encoding="utf-8")
    return path


COMMANDS = ("init", "simulate", "validate", "diagnose", "run", "train", "score", "recommend", "models", "serve")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_a_help_with_an_example(command: str) -> None:
    from typer.main import get_command

    from baton.cli import app

    group = get_command(app)
    found = group.commands[command]  # type: ignore[attr-defined]
    parts = found.commands.values() if hasattr(found, "commands") else [found]
    for part in parts:
        assert part.help
        assert "Example: `baton" in (part.epilog or "")


def test_help_comes_without_loading_the_heavy_libraries() -> None:
    script = (
        "import sys; from typer.testing import CliRunner; from baton.cli import app;"
        "assert CliRunner().invoke(app, ['run', '--help']).exit_code == 0;"
        "print([name for name in ('pandas', 'ibis', 'lightgbm', 'mlflow', 'bentoml', 'shap') if name in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=120, check=True
    )
    assert result.stdout.strip() == "[]"


def test_a_company_file_that_is_not_there_says_how_to_make_one(tmp_path: Path) -> None:
    refused(baton("run", tmp_path / "nowhere.toml"), "nowhere.toml", "no such file", "baton init")


def test_a_typo_in_the_company_file_names_the_nearest_key(tmp_path: Path) -> None:
    path = company(tmp_path, "[policy]\nmin_weigth = 3\n")
    refused(baton("validate", path), "policy.min_weigth", "did you mean 'min_weight'")


def test_toml_that_cannot_be_read_says_where(tmp_path: Path) -> None:
    refused(baton("run", company(tmp_path, "[company\n")), "company.toml", "no valid TOML", "line 1")


def test_a_run_without_any_table_says_which_is_needed(tmp_path: Path) -> None:
    path = company(tmp_path, '[company]\nname = "Empty"\n')
    result = baton("run", path, "--out", tmp_path / "out")
    refused(result, "cases", "measures", "snapshots")


def test_a_table_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    path = company(tmp_path, '[tables]\ncases = { path = "case.csv" }\n')
    (tmp_path / "cases.csv").write_text("case_id,opened_at\n", encoding="utf-8")
    refused(baton("run", path, "--out", tmp_path / "out"), "case.csv", "cases.csv")


@pytest.mark.skipif(os.name == "nt" or not Path("/proc").exists(), reason="needs a folder nobody can write to: /proc")
def test_a_folder_without_permission_is_refused_before_any_work(tmp_path: Path) -> None:
    path = company(tmp_path, '[tables]\ncases = { path = "cases.csv" }\n')
    (tmp_path / "cases.csv").write_text("case_id,opened_at\n1,2024-01-01\n", encoding="utf-8")
    refused(baton("run", path, "--out", "/proc/baton"), "/proc/baton", "cannot write there", "--out")


def test_init_writes_a_company_file_that_loads_and_never_overwrites(tmp_path: Path) -> None:
    first = baton("init", tmp_path / "mine", "--json")
    assert first.returncode == 0, first.stderr
    written = [Path(path) for path in json.loads(first.stdout)["written"]]
    assert {path.name for path in written} >= {"company.toml", "kpis.toml"}
    refused(baton("init", tmp_path / "mine"), "company.toml")
