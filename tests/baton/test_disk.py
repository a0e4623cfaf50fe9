"""Full disks are distinguished from other failures, and the folder that is full is named."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest

from baton.disk import explaining_full_disks, is_full_disk
from baton.errors import OutputError, SourceError
from baton.files import write_atomically
from pipelines.steps import Ledger, Outcome, RunFolder, Step

MESSAGES = [
    OSError(28, "No space left on device"),
    OSError(122, "Disk quota exceeded"),
    RuntimeError("(sqlite3.OperationalError) database or disk is full"),
    RuntimeError("IO Error: Could not write file: No space left on device"),
    RuntimeError("Out of Memory Error: failed to offload data block (this limit was set by max_temp_directory_size)"),
    FileNotFoundError(2, "No usable temporary directory found in ['/tmp', '/var/tmp']"),
    OSError("131072 requested and 65536 written"),
]


@pytest.mark.parametrize("error", MESSAGES, ids=str)
def test_what_libraries_say_of_a_full_disk_is_one_sentence(tmp_path: Path, error: Exception) -> None:
    with pytest.raises(OutputError, match="no space left; free some") as found, explaining_full_disks(tmp_path):
        raise error
    assert found.value.__cause__ is error


@pytest.mark.parametrize(
    "error", [PermissionError(13, "Permission denied"), KeyError("x"), SourceError("disk is full")]
)
def test_other_failures_stay_what_they_are(tmp_path: Path, error: Exception) -> None:
    with pytest.raises(type(error)) as found, explaining_full_disks(tmp_path):
        raise error
    assert found.value is error


def test_a_full_disk_behind_another_error_is_seen() -> None:
    outer = RuntimeError("could not log")
    outer.__cause__ = OSError(28, "No space left on device")
    assert is_full_disk(outer)
    assert not is_full_disk(RuntimeError("could not log"))


def test_the_folder_that_is_named_in_the_error_is_named(tmp_path: Path) -> None:
    inner = tmp_path / "registry"
    error = OSError(28, "No space left on device", str(inner / "a.db"))
    with (
        pytest.raises(
            OutputError, match=r"registry: no space left; free some and run again: what is finished is kept$"
        ),
        explaining_full_disks(tmp_path, inner),
    ):
        raise error


def test_a_full_folder_for_temporary_files_names_the_variable_that_moves_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "scratch"))
    error = OSError(28, "No space left on device", str(tmp_path / "scratch" / "spill"))
    with pytest.raises(OutputError, match="scratch: no space left; .*TMPDIR"), explaining_full_disks(tmp_path):
        raise error


def test_a_step_that_filled_the_disk_is_no_step_and_is_done_again(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "out").create()
    ledger, done, step = Ledger(folder, {}), [], Step("texts", makes=("vectors.npy",))

    def work(outcome: Outcome) -> None:
        done.append(1)
        if len(done) == 1:
            with (folder.path / "vectors.npy").open("wb") as file:
                np.save(file, np.zeros(3))
                raise OSError("131072 requested and 65536 written")

    with ledger.locked(), pytest.raises(OutputError, match="no space left"):
        ledger.step(step, {}, work)
    with ledger.locked():
        assert not ledger.step(step, {}, work).reused
        assert ledger.step(step, {}, work).reused
    assert len(done) == 2


def test_a_path_below_a_file_is_refused_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match="cannot be written"), write_atomically(tmp_path / "file" / "a.json"):
        pytest.fail("nothing can be written there")
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]
