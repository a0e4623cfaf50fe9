"""A run resumes: what has not changed is kept, what was killed or touched is done again."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from baton.contract.results import result_tables
from baton.errors import OutputError
from baton.files import RunFolder
from baton.messages.message import Message
from pipelines.run_steps import REPORT, STEPS, TEXTS, TRAIN
from pipelines.steps import Ledger, Outcome, Step, digest

COOK = Step("cook", makes=("dish.txt",))


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
        outcome.warnings.append(Message.verbatim("hot"))


@pytest.fixture
def kitchen(tmp_path: Path) -> Kitchen:
    return Kitchen(RunFolder(tmp_path / "run").create())


def test_an_unchanged_step_is_kept_with_its_rows_and_warnings(kitchen: Kitchen) -> None:
    first = Ledger(kitchen.folder, {"code": 1}).step(COOK, {"salt": 1}, kitchen.cook)
    second = Ledger(kitchen.folder, {"code": 1}).step(COOK, {"salt": 1}, kitchen.cook)
    assert (first.reused, second.reused, kitchen.done) == (False, True, 1)
    assert (second.rows, second.warnings) == ({"dishes": 1}, ("hot",))


@pytest.mark.parametrize(("code", "salt"), [(2, 1), (1, 2)])
def test_other_code_or_other_settings_do_the_step_again(kitchen: Kitchen, code: int, salt: int) -> None:
    Ledger(kitchen.folder, {"code": 1}).step(COOK, {"salt": 1}, kitchen.cook)
    again = Ledger(kitchen.folder, {"code": code}).step(COOK, {"salt": salt}, kitchen.cook)
    assert (again.reused, kitchen.done) == (False, 2)


def test_a_file_that_was_touched_or_removed_is_made_again(kitchen: Kitchen) -> None:
    for spoil in (lambda: kitchen.dish.write_text("spat into", encoding="utf-8"), kitchen.dish.unlink):
        Ledger(kitchen.folder, {}).step(COOK, {}, kitchen.cook)
        before = kitchen.done
        spoil()
        Ledger(kitchen.folder, {}).step(COOK, {}, kitchen.cook)
        assert kitchen.done == before + 1


def test_a_step_that_dies_is_done_again_and_leaves_no_record(kitchen: Kitchen) -> None:
    def die(outcome: Outcome) -> None:
        kitchen.cook(outcome)
        raise KeyboardInterrupt

    Ledger(kitchen.folder, {}).step(COOK, {}, kitchen.cook)
    with pytest.raises(KeyboardInterrupt):
        Ledger(kitchen.folder, {}).step(COOK, {"salt": 2}, die)
    assert not (kitchen.folder.steps / "cook.json").exists()
    assert Ledger(kitchen.folder, {}).step(COOK, {}, kitchen.cook).reused is False


def test_two_runs_in_one_folder_are_refused(kitchen: Kitchen) -> None:
    with (
        Ledger(kitchen.folder, {}).locked(),
        pytest.raises(OutputError, match="another run is writing there"),
        Ledger(kitchen.folder, {}).locked(),
    ):
        pass


HOLDS = """
import sys, time
from pathlib import Path
from baton.files import RunFolder
from pipelines.steps import Ledger

with Ledger(RunFolder(Path(sys.argv[1])), {}).locked():
    print("held", flush=True)
    time.sleep(300)
"""


@pytest.mark.skipif(os.name == "nt", reason="no SIGKILL there")
def test_a_run_that_was_killed_holds_no_folder(tmp_path: Path) -> None:
    holder = subprocess.Popen([sys.executable, "-c", HOLDS, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    with holder:
        assert holder.stdout.readline() == "held\n"
        ledger = Ledger(RunFolder(tmp_path), {})
        with pytest.raises(OutputError, match="another run is writing there"), ledger.locked():
            pass
        holder.kill()
        holder.wait(60)
        assert (tmp_path / ".steps" / "lock").exists()
        with ledger.locked():
            pass


def test_the_run_folder_is_readable_by_its_owner_alone(kitchen: Kitchen) -> None:
    assert kitchen.folder.path.stat().st_mode & 0o077 == 0


def test_a_folder_that_cannot_be_made_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(OutputError, match="choose another folder with --out"):
        RunFolder(tmp_path / "file" / "run").create()


def test_fingerprints_do_not_depend_on_the_order_of_keys_but_on_values() -> None:
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1}) != digest({"a": 1, "b": 3})


def test_a_step_shows_the_memory_and_the_processor_time_that_it_took_also_when_it_is_kept(kitchen: Kitchen) -> None:
    import numpy as np

    def cook_much(outcome: Outcome) -> None:
        kitchen.cook(outcome)
        held.append(np.ones(200 * 2**20, dtype=np.uint8))
        np.linalg.svd(np.ones((200, 200)))

    held: list[np.ndarray] = []
    small = Ledger(kitchen.folder, {"code": 0}).step(COOK, {}, kitchen.cook)
    large = Ledger(kitchen.folder, {"code": 1}).step(COOK, {}, cook_much)
    kept = Ledger(kitchen.folder, {"code": 1}).step(COOK, {}, cook_much)
    assert small.peak_memory_mb is not None and large.peak_memory_mb is not None
    assert large.peak_memory_mb - small.peak_memory_mb > 150
    assert large.cpu_seconds is not None and large.cpu_seconds > 0
    assert (kept.reused, kept.peak_memory_mb, kept.cpu_seconds) == (True, large.peak_memory_mb, large.cpu_seconds)


def test_a_warning_keeps_the_message_that_it_was_made_from(tmp_path: Path) -> None:
    message = Message("waiting.orphans", {"n": 1200})

    def work(outcome: Outcome) -> None:
        outcome.warnings.append(message)

    folder = RunFolder(tmp_path)
    for reused in (False, True):
        ledger = Ledger(folder, {})
        with ledger.locked():
            record = ledger.step(Step("say"), {}, work)
        assert record.reused == reused
        assert record.warnings == (message.text,)
        assert record.messages == (message.as_json(),)
    assert "1,200 steps of cases" in message.text


def written(folder: RunFolder, *places: str) -> None:
    for place in places:
        path = folder.path / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(place, encoding="utf-8")


def left(folder: RunFolder) -> set[str]:
    files = (path for path in folder.path.rglob("*") if path.is_file())
    return {path.relative_to(folder.path).as_posix() for path in files if ".steps" not in path.parts}


def test_what_an_earlier_run_left_of_a_step_is_gone_before_it_works_and_nothing_else(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    mine = ("flows.parquet", "plates/blue/one.txt", "plates/two.txt", "dish.txt")
    others = ("churn.parquet", "plates/lent/three.txt", "knife.txt", "dish.txt.bak")
    written(folder, *mine, *others)
    step = Step("process", makes=("plates/", "dish.txt"), keeps=("knife.txt",), besides=("plates/lent/",))
    seen: list[set[str]] = []

    def work(outcome: Outcome) -> None:
        seen.append(left(folder))
        written(folder, "plates/green/four.txt", "knife.txt")

    Ledger(folder, {}).step(step, {}, work)
    assert seen == [set(others)]
    assert not (tmp_path / "plates" / "blue").exists()
    assert left(folder) == {*others, "plates/green/four.txt"}
    # known again: what it makes and what it keeps, not what is another step's
    written(folder, "plates/lent/three.txt", "churn.parquet")
    assert Ledger(folder, {}).step(step, {}, work).reused
    written(folder, "knife.txt")
    assert not Ledger(folder, {}).step(step, {}, work).reused


def test_a_step_that_is_kept_leaves_its_files_alone(kitchen: Kitchen) -> None:
    Ledger(kitchen.folder, {}).step(COOK, {}, kitchen.cook)
    Ledger(kitchen.folder, {}).step(COOK, {}, kitchen.cook)
    assert kitchen.dish.read_text("utf-8") == "cooked 1"


def test_a_step_needs_only_steps_before_it_and_the_report_all() -> None:
    names = [step.name for step in STEPS]
    assert len(set(names)) == len(names)
    assert all(set(step.needs) <= set(names[:at]) for at, step in enumerate(STEPS))
    assert set(REPORT.needs) == set(names) - {"report"}


def test_every_table_of_the_contract_is_a_steps() -> None:
    assert {table.step for table in result_tables().values()} <= {step.name for step in STEPS}


def test_every_file_of_a_run_is_one_steps_and_the_model_of_texts_is_kept_when_predictors_are_trained(
    tmp_path: Path,
) -> None:
    folder = RunFolder(tmp_path)
    tables = [table.file for table in result_tables().values()]
    written(folder, *tables, "evaluation.json", "models.json", "report.html", "staged/cases.parquet")
    written(folder, "texts/causes.json", "training/churn/table.json", "models/churn/model.lgb", "advice/inputs.json")
    written(folder, "models/root_cause/model.json")
    owners = {name: [step.name for step in STEPS if folder.path / name in step.files(folder)] for name in left(folder)}
    assert {name: steps for name, steps in owners.items() if len(steps) != 1} == {}
    TRAIN.clear(folder)
    assert (folder.models / "root_cause" / "model.json").exists() and not (folder.models / "churn").exists()
    TEXTS.clear(folder)
    assert (folder.models / "root_cause" / "model.json").exists() and list(folder.texts.iterdir()) == []


def test_the_folders_of_the_steps_are_those_of_a_run(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    known = {folder.staged, folder.texts, folder.training, folder.models, folder.advice}
    named = {folder.path / place for step in STEPS for place in (*step.makes, *step.keeps) if place.endswith("/")}
    of_earlier_versions = {folder.path / "partials"}  # removed, and made by none
    assert known | of_earlier_versions == {place for place in named if place.parent == folder.path}
