"""The front door: help at once, one line and exit 2 on a user's error, JSON where asked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from baton.files import RunFolder
from pipelines.steps import Ledger

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
        timeout=900,
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


def test_a_log_of_json_says_in_one_document_why_a_command_ends(tmp_path: Path) -> None:
    done = baton("--log-format", "json", "run", tmp_path / "none")
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    event = json.loads(line)
    assert (event["level"], event["event"], event["code"]) == ("error", "stopped", 2)
    assert "no such file; `baton init` writes one" in event["message"]


def test_a_folder_that_another_run_writes_to_is_busy_and_the_code_says_to_come_back(tmp_path: Path) -> None:
    path = company(tmp_path, '[tables]\nsnapshots = { path = "flat.csv" }\n')
    flat = {"customer_id": [f"c{at}" for at in range(40)], "churned": [at % 2 for at in range(40)]}
    pd.DataFrame(flat | {"usage": [at % 7 for at in range(40)]}).to_csv(tmp_path / "flat.csv", index=False)
    with Ledger(RunFolder(tmp_path / "out"), {}).locked():
        done = baton("run", path)
    assert done.returncode == 75, done.stderr
    assert "another run is writing there; wait for it" in done.stderr.strip().splitlines()[-1]


def test_exports_from_nowhere_are_asked_for_and_not_taken_from_this_folder(tmp_path: Path) -> None:
    (tmp_path / "cases.csv").write_text("case_id,opened_at\n1,2025-01-01\n", encoding="utf-8")
    refused(baton("init", "new", "--from", " ", cwd=tmp_path), "--from: names no place")
    assert not (tmp_path / "new").exists()


DEFECT = """
import sys
from baton import cli

@cli.app.command()
def broken() -> None:
    raise KeyError("customer c0017")

sys.argv = ["baton", "broken"]
cli.main()
"""


def test_a_defect_in_a_log_of_json_names_its_places_and_nothing_of_the_data() -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "BATON_LOG_FORMAT": "json"}
    done = subprocess.run(
        [sys.executable, "-c", DEFECT], env=environment, capture_output=True, text=True, encoding="utf-8", check=False
    )
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    event = json.loads(line)
    assert (event["code"], event["error"]) == (1, "KeyError")
    assert event["places"][-1].endswith(":7")
    assert "c0017" not in line


COMMANDS = (
    "init",
    "simulate",
    "validate",
    "kpis",
    "kpi",
    "diagnose",
    "run",
    "train",
    "score",
    "recommend",
    "models",
    "serve",
    "audit",
)


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
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=900, check=True
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


CUSTOMERS = "customer_id,joined_at,left_at\nC1,2023-01-05,\nC2,2023-02-05,2024-05-01\n"
CASES = "case_id,customer_id,opened_at,closed_at\nK1,C1,2024-01-02,2024-01-03\nK2,C2,2024-02-02,2024-02-03\n"


def here(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str | Path) -> Any:
    """Call the command line within this process, which spares the start of another."""
    from baton.cli import main

    monkeypatch.setattr(sys, "argv", ["baton", *map(str, words)])
    with pytest.raises(SystemExit) as stopped:
        main()
    printed = capsys.readouterr()
    return subprocess.CompletedProcess(words, int(stopped.value.code or 0), printed.out, printed.err)


def shop(folder: Path, cases: str | bytes = CASES, *, name: str = "cases.csv", kpi: str = "") -> tuple[Path, Path]:
    """Write a small company with this table of cases and this KPI; return its file and a folder for its output."""
    text = '[tables]\ncustomers = { path = "customers.csv" }\n' + f'cases = {{ path = "{name}" }}\n'
    text += '[outcomes.churn]\nrule = "left_at"\n'
    if kpi:
        text += '[kpis]\nfiles = ["kpis.toml"]\n'
    path = company(folder, text)
    (folder / "customers.csv").write_text(CUSTOMERS, encoding="utf-8")
    (folder / name).write_bytes(cases if isinstance(cases, bytes) else cases.encode())
    (folder / "kpis.toml").write_text(
        '[[kpi]]\nid = "mine"\nname = { en = "Mine", zh = "我的" }\nlayer = "role"\nperspective = "customer"\n'
        f'source = "cases"\nknown_at = "closed_at"\nbetter = "higher"\nunit = "share"\nrole = "lever"\nexpr = {kpi!r}\n',
        encoding="utf-8",
    )
    return path, folder / "out"


@pytest.mark.parametrize(
    ("name", "cases", "printed"),
    [
        ("cases.csv", CASES.splitlines()[0] + "\n", "no row"),
        ("cases.csv", "", "empty"),
        ("cases.csv", "\n".join(CASES.splitlines()[:2]) + "\n", "single row"),
        ("cases.csv", CASES.replace("2024-01-02", "03/04/2024").replace("2024-02-02", "05/06/2024"), "both ways"),
        ("cases.parquet", b"PAR1" + b"x" * 300, "no whole Parquet file"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused_with_nothing_written(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
    cases: str | bytes,
    printed: str,
) -> None:
    path, out = shop(tmp_path, cases, name=name)
    refused(here(monkeypatch, capsys, "run", path, "--out", out), "cases", printed)
    assert not [file for file in out.rglob("*") if file.is_file() and file.name != "lock"]


@pytest.mark.parametrize(
    ("expr", "printed"),
    [
        ("case when 1 > 0 then", "syntax error"),
        ("length((select content from read_text('/etc/hostname')))", "query of its own"),
        ("1; attach 'other.db'", "statement's end"),
    ],
)
def test_an_expression_that_is_no_plain_expression_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], expr: str, printed: str
) -> None:
    path, out = shop(tmp_path, kpi=expr)
    refused(here(monkeypatch, capsys, "run", path, "--out", out), "KPI mine", printed)
    assert not out.exists() or not [file for file in out.rglob("*") if file.is_file() and file.name != "lock"]


def test_a_database_that_is_down_is_named_without_its_password(tmp_path: Path) -> None:
    text = '[sources]\nerp = "postgresql://me:opensesame@127.0.0.1:1/x"\n'
    path = company(tmp_path, text + '[tables]\ncases = { source = "erp", table = "cases" }\n')
    result = baton("run", path, "--out", tmp_path / "out")
    refused(result, "tables.cases", "erp", "is it running?")
    assert "opensesame" not in result.stderr


def test_a_reason_why_nothing_can_be_learned_names_the_outcome_once(tmp_path: Path) -> None:
    path, out = shop(tmp_path)
    result = baton("run", path, "--out", out)
    refused(result, "nothing can be learned: churn: ")
    assert "churn: churn:" not in result.stderr


@pytest.mark.skipif(os.name == "nt", reason="needs a limit on the size of files, which stands for a full disk")
def test_a_full_disk_is_reported_in_one_line_and_leaves_no_part(tmp_path: Path) -> None:
    path, out = shop(tmp_path)
    script = (
        "import resource, runpy, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (200, 200));"
        f"sys.argv = ['baton', 'run', {str(path)!r}, '--out', {str(out)!r}];"
        "runpy.run_module('baton.cli', run_name='__main__')"
    )
    result = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=900, check=False
    )
    refused(result, "cannot be written")
    assert not list(out.rglob("*.part"))
