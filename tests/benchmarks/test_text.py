"""The benchmark of texts goes on from finished runs, and its rivals answer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.text_contestants import CONTESTANTS
from benchmarks.text_runs import Store, run_once
from benchmarks.text_sets import TextTask
from benchmarks.text_tables import main_table, pooled
from features.text.text_set import TextSet


@pytest.fixture
def task() -> TextTask:
    spoken = {"late": "the parcel came late", "bill": "charged twice, wrong bill", "rude": "the agent was rude"}
    rows = [(f"{words} order {number}", label) for number in range(20) for label, words in spoken.items()]
    frame = pd.DataFrame(rows, columns=["text", "label"]).astype({"label": object})
    names = np.arange(len(frame)).astype(str)
    frame = frame.assign(text_id=names, language="en", mixed=False, weight=1.0, at=pd.NaT, group=names)
    return TextTask("made", "made", TextSet(frame), {})


@pytest.mark.parametrize("model", ["majority", "sklearn TF-IDF + LR", "sklearn words + characters", "tfidf"])
def test_a_finished_run_is_read_again_as_it_was(task: TextTask, model: str, tmp_path: Path) -> None:
    assert model in CONTESTANTS
    rows = np.arange(len(task.texts))
    run = run_once(task, model, rows[12:], rows[:12], 0)
    Store(tmp_path).put(run, "made", model)
    again = Store(tmp_path).get("made", model)
    assert again is not None
    assert again.metrics == run.metrics
    np.testing.assert_array_equal(again.probabilities, run.probabilities)
    given = run.probabilities[
        np.arange(12), [["bill", "late", "rude"].index(str(name)) for name in task.texts.labels[:12]]
    ]
    assert run.metrics["log_loss"] == pytest.approx(-np.log(given).mean(), abs=1e-5)
    assert run.metrics["macro_f1"] == (1.0 if model != "majority" else pytest.approx(1 / 6, abs=0.01))


def test_the_table_names_each_goal_and_whether_it_is_met(task: TextTask) -> None:
    rows = np.arange(len(task.texts))
    goals = {"macro_f1": 0.9, "ece": -1.0}
    aimed = TextTask("made", "made", task.texts, goals)
    run = run_once(aimed, "sklearn TF-IDF + LR", rows[12:], rows[:12], 0)
    lines = main_table(aimed, {"plain": pooled(aimed, [run])}).splitlines()
    assert "goals: macro f1 ≥ 0.9, ece ≤ -1" in lines[0]
    assert lines[-1].endswith("| macro f1 met, ece missed |") or lines[-2].endswith("| macro f1 met, ece missed |")
    assert len({line.count("|") for line in lines if line.startswith("|")}) == 1
