"""A run resumes: what has not changed is kept, what was killed or touched is done again."""

from __future__ import annotations

from pathlib import Path

import pytest

from baton.errors import OutputError
from baton.files import RunFolder
from baton.messages.message import Message
from pipelines.steps import Ledger, Outcome, digest


class Kitchen:
    """A step that writes a file and counts how often it was done."""

    def __init__(self, folder: RunFolder) -> None:
        self.folder = folder
        self.done = 0

    @property
    def dish(self) -> Path:
        return self.folder.file("dish.txt")

    def cook(self, outcome: Outcome) -> None:
        self.done += 1
        self.dish.write_text(f"cooked {self.done}", encoding="utf-8")
        outcome.rows["dishes"] = 1
        outcome.warnings.append("hot")


@pytest.fixture
def kitchen(tmp_path: Path) -> Kitchen:
    return Kitchen(RunFolder(tmp_path / "run").create())


def test_an_unchanged_step_is_kept_with_its_rows_and_warnings(kitchen: Kitchen) -> None:
    first = Ledger(kitchen.folder, {"code": 1}).step("cook", {"salt": 1}, [kitchen.dish], kitchen.cook)
    second = Ledger(kitchen.folder, {"code": 1}).step("cook", {"salt": 1}, [kitchen.dish], kitchen.cook)
    assert (first.reused, second.reused, kitchen.done) == (False, True, 1)
    assert (second.rows, second.warnings) == ({"dishes": 1}, ("hot",))


@pytest.mark.parametrize(("code", "salt"), [(2, 1), (1, 2)])
def test_other_code_or_other_settings_do_the_step_again(kitchen: Kitchen, code: int, salt: int) -> None:
    Ledger(kitchen.folder, {"code": 1}).step("cook", {"salt": 1}, [kitchen.dish], kitchen.cook)
    again = Ledger(kitchen.folder, {"code": code}).step("cook", {"salt": salt}, [kitchen.dish], kitchen.cook)
    assert (again.reused, kitchen.done) == (False, 2)


def test_a_file_that_was_touched_or_removed_is_made_again(kitchen: Kitchen) -> None:
    for spoil in (lambda: kitchen.dish.write_text("spat into", encoding="utf-8"), kitchen.dish.unlink):
        Ledger(kitchen.folder, {}).step("cook", {}, [kitchen.dish], kitchen.cook)
        before = kitchen.done
        spoil()
        Ledger(kitchen.folder, {}).step("cook", {}, [kitchen.dish], kitchen.cook)
        assert kitchen.done == before + 1


def test_a_step_that_dies_is_done_again_and_leaves_no_record(kitchen: Kitchen) -> None:
    def die(outcome: Outcome) -> None:
        kitchen.cook(outcome)
        raise KeyboardInterrupt

    Ledger(kitchen.folder, {}).step("cook", {}, [kitchen.dish], kitchen.cook)
    with pytest.raises(KeyboardInterrupt):
        Ledger(kitchen.folder, {}).step("cook", {"salt": 2}, [kitchen.dish], die)
    assert not (kitchen.folder.steps / "cook.json").exists()
    assert Ledger(kitchen.folder, {}).step("cook", {}, [kitchen.dish], kitchen.cook).reused is False


def test_two_runs_in_one_folder_are_refused(kitchen: Kitchen) -> None:
    with (
        Ledger(kitchen.folder, {}).locked(),
        pytest.raises(OutputError, match="another run is writing there"),
        Ledger(kitchen.folder, {}).locked(),
    ):
        pass


def test_the_run_folder_is_readable_by_its_owner_alone(kitchen: Kitchen) -> None:
    assert kitchen.folder.path.stat().st_mode & 0o077 == 0


def test_a_folder_that_cannot_be_made_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(OutputError, match="choose another folder with --out"):
        RunFolder(tmp_path / "file" / "run").create()


def test_fingerprints_do_not_depend_on_the_order_of_keys_but_on_values() -> None:
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1}) != digest({"a": 1, "b": 3})


def test_a_step_tells_the_memory_and_the_processor_time_that_it_took_also_when_it_is_kept(kitchen: Kitchen) -> None:
    import numpy as np

    def cook_much(outcome: Outcome) -> None:
        kitchen.cook(outcome)
        held.append(np.ones(200 * 2**20, dtype=np.uint8))
        np.linalg.svd(np.ones((200, 200)))

    held: list[np.ndarray] = []
    small = Ledger(kitchen.folder, {"code": 0}).step("cook", {}, [kitchen.dish], kitchen.cook)
    large = Ledger(kitchen.folder, {"code": 1}).step("cook", {}, [kitchen.dish], cook_much)
    kept = Ledger(kitchen.folder, {"code": 1}).step("cook", {}, [kitchen.dish], cook_much)
    assert small.peak_memory_mb is not None and large.peak_memory_mb is not None
    assert large.peak_memory_mb - small.peak_memory_mb > 150
    assert large.cpu_seconds is not None and large.cpu_seconds > 0
    assert (kept.reused, kept.peak_memory_mb, kept.cpu_seconds) == (True, large.peak_memory_mb, large.cpu_seconds)


def test_a_warning_keeps_the_message_that_it_was_made_from(tmp_path: Path) -> None:
    said = Message("waiting.orphans", {"n": 1200})

    def work(outcome: Outcome) -> None:
        outcome.warnings.extend([said, "text alone"])

    folder = RunFolder(tmp_path)
    for reused in (False, True):
        ledger = Ledger(folder, {})
        with ledger.locked():
            record = ledger.step("process", {}, [], work)
        assert record.reused == reused
        assert record.warnings == (said.text, "text alone")
        assert record.messages == (said.as_json(), None)
    assert "1,200 steps of cases" in said.text
