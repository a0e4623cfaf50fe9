"""A run that is stopped says so and leaves nothing behind that is half written; secrets stay out of messages."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from baton.catalogue.load import load_catalogue
from baton.company import load_company
from baton.errors import BatonError, SourceError
from baton.files import RunFolder, owner_only, remove_unfinished, write_atomically
from baton.filled_in import hiding
from features.quality.checks import check

STOPPED = """
import os, signal, sys
from pathlib import Path
from baton import cli
from baton.files import write_atomically

@cli.app.command()
def slow(place: Path) -> None:
    with write_atomically(place) as temporary:
        temporary.write_text("half")
        os.kill(os.getpid(), signal.SIGTERM)
        while True:
            pass

sys.argv = ["baton", "slow", sys.argv[1]]
cli.main()
"""


FINALIZER = """
import os, signal, sys, time
from baton.terminal.stopping import end_when_terminated

class Stopped:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(5)

class Broken:
    def __del__(self):
        raise KeyError(1)

end_when_terminated()
broken = Broken()
gone = Stopped()
del gone
time.sleep(60)
print("went on")
"""


@pytest.mark.skipif(os.name == "nt", reason="no SIGTERM there")
def test_a_signal_within_a_finalizer_ends_the_command_in_one_sentence() -> None:
    done = subprocess.run([sys.executable, "-c", FINALIZER], capture_output=True, text=True, check=False, timeout=50)
    assert (done.returncode, done.stdout) == (128 + signal.SIGTERM, "")
    assert done.stderr.startswith("baton: stopped by a signal (SIGTERM); what is finished is kept")
    assert done.stderr.count("\n") == 1


@pytest.mark.skipif(os.name == "nt", reason="no SIGTERM there")
def test_a_terminated_command_says_so_and_leaves_nothing_half_written(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", STOPPED, str(tmp_path / "result.json")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 128 + signal.SIGTERM
    assert done.stderr.count("\n") == 1
    assert "stopped by a signal (SIGTERM); what is finished is kept" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_run_had_begun_is_removed_and_nothing_else(tmp_path: Path) -> None:
    gone = 2**22 + 17  # above the largest process number
    (tmp_path / "staged").mkdir()
    (tmp_path / "staged" / f".cases.parquet.{gone}.part").write_text("half")
    kept = {f".mine.json.{os.getpid()}.part", "notes.part", ".settings.part"}
    for name in kept:
        (tmp_path / name).write_text("whole")
    remove_unfinished(tmp_path)
    assert {path.name for path in tmp_path.rglob("*") if path.is_file()} == kept


@pytest.mark.skipif(os.name == "nt", reason="no such permissions there")
def test_files_of_a_run_are_their_owners_alone(tmp_path: Path) -> None:
    with owner_only():
        with write_atomically(tmp_path / "inner" / "a.json") as temporary:
            temporary.write_text("{}")
        (tmp_path / "b.parquet").write_text("x")
    (tmp_path / "c.txt").write_text("x")
    modes = {name: stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("inner/a.json", "b.parquet", "inner")}
    assert modes == {"inner/a.json": 0o600, "b.parquet": 0o600, "inner": 0o700}
    assert stat.S_IMODE((tmp_path / "c.txt").stat().st_mode) != 0o600


def test_what_is_filled_in_from_the_environment_is_in_no_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXPORT_TOKEN", "s3cr3t-t0ken")
    monkeypatch.setenv("TINY", "a")
    (tmp_path / "company.toml").write_text('[tables]\ncases = { path = "${EXPORT_TOKEN}/${TINY}.csv" }\n')
    company = load_company(tmp_path)
    faults = check(company, load_catalogue(company)).faults
    assert [fault.kind for fault in faults] == ["unreadable_table"]
    assert "s3cr3t" not in faults[0].message
    assert "${EXPORT_TOKEN}/a.csv: no such file" in faults[0].message
    with pytest.raises(SourceError, match=r"^no \$\{EXPORT_TOKEN\} here$"), hiding(company):
        raise SourceError("no s3cr3t-t0ken here")


def test_no_verb_shows_what_is_filled_in_whoever_calls_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pipelines.analysis import diagnose_company, faults_of, run_company
    from pipelines.tracking import promote
    from serving.serve import serve

    monkeypatch.setenv("EXPORT_TOKEN", "s3cr3t-t0ken")
    (tmp_path / "company.toml").write_text(
        '[tables]\ncases = { path = "${EXPORT_TOKEN}/c.csv" }\nscorecards = { path = "${EXPORT_TOKEN}/s.csv" }\n'
        '[kpis]\nfiles = ["${EXPORT_TOKEN}/own.toml"]\n'
    )
    company, out = load_company(tmp_path), RunFolder(tmp_path / "s3cr3t-t0ken")
    calls: list[Callable[[], object]] = [
        lambda: faults_of(tmp_path),
        lambda: diagnose_company(tmp_path),
        lambda: run_company(tmp_path, tmp_path / "out"),
        lambda: promote(company, "s3cr3t-t0ken", 1),
        lambda: serve(company, out),
    ]
    for call in calls:
        with pytest.raises(BatonError) as found:
            call()
        assert "s3cr3t" not in str(found.value)
