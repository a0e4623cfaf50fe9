"""Single runs of the benchmark of texts: fitted on one part, tested on another, kept so that a stopped run goes on."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from baton.files import write_atomically
from benchmarks.text_contestants import CONTESTANTS
from benchmarks.text_sets import TextTask
from models.complaints.calibration import ScoreScale
from models.complaints.classifiers.text_model import onto_classes
from models.complaints.evaluation import CauseMetrics
from models.folds import group_folds

__all__ = ["Store", "TestRun", "few_rows", "mixed", "parts", "run_once", "time_parts"]

_SPEED_TEXTS = 200


@dataclass(frozen=True)
class TestRun:
    """One contestant on one split.

    Parameters
    ----------
    metrics : dict of str to float
    train_seconds, texts_per_second : float
        Of processor time, so that what else runs on the machine does not count; the latter on 200 texts never
        read before, while training may find vectors that another contestant's encoder has read.
    test : numpy.ndarray of int
        Positions of the texts tested on.
    probabilities : numpy.ndarray, shape (texts tested, labels in order)
    """

    __test__ = False

    metrics: dict[str, float]
    train_seconds: float
    texts_per_second: float
    test: np.ndarray
    probabilities: np.ndarray


def labels_of(task: TextTask, /) -> tuple[str, ...]:
    """Return a task's labels in the order of the columns."""
    return tuple(sorted(set(task.texts.labels.astype(str))))


def parts(task: TextTask, repeats: int, /) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return train and test positions: fifths of the groups, each tested once, then dealt anew."""
    groups, found = task.texts.frame["group"].to_numpy(dtype=object), []
    for repeat in range(repeats):
        fold = group_folds(groups, task.texts.labels, 5, repeat // 5, classes=True)
        found.append((np.flatnonzero(fold != repeat % 5), np.flatnonzero(fold == repeat % 5)))
    return found


def time_parts(task: TextTask, /) -> tuple[np.ndarray, np.ndarray]:
    """Return the earlier three quarters, and later texts that repeat none of them."""
    frame = task.texts.frame
    later = (frame["at"] >= frame["at"].quantile(0.75)).to_numpy()
    repeats = frame["group"].isin(set(frame["group"][~later])).to_numpy()
    return np.flatnonzero(~later), np.flatnonzero(later & ~repeats)


def mixed(task: TextTask, members: Sequence[Sequence[TestRun]], /) -> list[TestRun]:
    """Average contestants' log probabilities on texts that none has seen, each split calibrated on the other splits.

    Parameters
    ----------
    members : sequence of sequences of TestRun
        Per contestant its runs, on the same splits.
    """
    labels = labels_of(task)
    scores = [
        np.mean([np.log(np.maximum(run.probabilities.astype(np.float64), 1e-6)) for run in runs], axis=0)
        for runs in zip(*members, strict=True)
    ]
    truth = [np.searchsorted(labels, task.texts.labels[run.test].astype(str)) for run in members[0]]
    found = []
    for number, run in enumerate(members[0]):
        others = [other for other in range(len(scores)) if other != number]
        held_out = np.concatenate([scores[other] for other in others])
        scale = ScoreScale.fit(held_out, np.concatenate([truth[other] for other in others]), shift=False, beta=True)
        predicted, texts = scale.apply(scores[number]), task.texts.rows(run.test)
        groups = texts.frame["group"].to_numpy(dtype=object)
        metrics = _metrics(texts.labels, predicted, labels, groups)
        seconds = sum(runs[number].train_seconds for runs in members)
        speed = 1.0 / sum(1.0 / runs[number].texts_per_second for runs in members)
        found.append(TestRun(metrics, seconds, speed, run.test, predicted.astype(np.float32)))
    return found


def few_rows(task: TextTask, train: np.ndarray, each: int, seed: int, /) -> np.ndarray:
    """Draw as many texts per label from the training part."""
    generator, labels = np.random.default_rng(seed), task.texts.labels
    drawn = [generator.permutation(train[labels[train] == name])[:each] for name in labels_of(task)]
    return np.sort(np.concatenate(drawn))


def run_once(task: TextTask, model: str, train: np.ndarray, test: np.ndarray, seed: int, /) -> TestRun:
    """Fit a contestant and test it."""
    visible, held_out, labels = task.texts.rows(train), task.texts.rows(test), labels_of(task)
    start = time.process_time()
    fitted = CONTESTANTS[model](task, visible, seed)
    trained = time.process_time()
    found = onto_classes(fitted.probabilities(held_out.texts), fitted.classes, labels)
    # the speed is that of texts that no memory knows
    fresh = [f"{text} ({model})" for text in held_out.texts[:_SPEED_TEXTS]]
    begun = time.process_time()
    fitted.probabilities(fresh)
    answered = time.process_time()
    groups = held_out.frame["group"].to_numpy(dtype=object)
    metrics = _metrics(held_out.labels, found, labels, groups)
    speed = len(fresh) / max(answered - begun, 1e-9)
    return TestRun(metrics, trained - start, speed, test, found.astype(np.float32))


def _metrics(truth: np.ndarray, found: np.ndarray, labels: Sequence[str], groups: np.ndarray, /) -> dict[str, float]:
    """Return the metrics that runs report, and log loss: rivals are judged by both."""
    given = found[np.arange(len(truth)), np.searchsorted(labels, truth.astype(str))]
    log_loss = -float(np.log(np.maximum(given, 1e-12)).mean())
    return {**CauseMetrics(truth, found, labels, groups).metrics(), "log_loss": log_loss}


class Store:
    """Finished runs in a folder, one file each."""

    def __init__(self, folder: Path, /) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def get(self, *key: str) -> TestRun | None:
        """Return a finished run, if it is there."""
        path = self._path(key)
        if not path.exists():
            return None
        with np.load(path, allow_pickle=False) as file:
            about: dict[str, Any] = json.loads(str(file["about"]))
            return TestRun(**about, test=file["test"], probabilities=file["probabilities"])

    def put(self, run: TestRun, *key: str) -> None:
        """Keep a run."""
        about = {
            "metrics": run.metrics,
            "train_seconds": run.train_seconds,
            "texts_per_second": run.texts_per_second,
        }
        with write_atomically(self._path(key)) as temporary, temporary.open("wb") as file:
            np.savez_compressed(
                file,
                allow_pickle=False,
                about=np.array(json.dumps(about)),
                test=run.test,
                probabilities=run.probabilities,
            )

    def _path(self, key: tuple[str, ...], /) -> Path:
        return self.folder / ("-".join(part.replace(" ", "_").replace("+", "and") for part in key) + ".npz")
