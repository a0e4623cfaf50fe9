"""How far a predictor can be trusted: metrics on rows it has not seen, their uncertainty, and what others reach."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from baton.informative import is_informative
from features.training.table import TrainingTable
from models.prediction.baselines import Asked, baseline_predictions, strongest_feature
from models.prediction.encoding import Encoding
from models.prediction.metrics import (
    NumberMetrics,
    ProbabilityMetrics,
    bootstrap_intervals,
    log_losses,
    paired_differences,
    plain,
)
from models.prediction.out_of_fold import OutOfFold, out_of_fold
from models.prediction.predictor import predictor_class
from models.prediction.splits import SplitKind, TimeSplit, split_in_time
from models.prediction.survival.by_day import metrics_by_day
from models.prediction.survival.learned import times_of

__all__ = ["Evaluation", "evaluate"]


@dataclass(frozen=True)
class Evaluation:
    """An outcome's entry in ``evaluation.json`` and the predictions behind it.

    Parameters
    ----------
    entry : dict
        Ready for JSON: metrics, intervals, baselines, calibration curve.
    predictions : pandas.DataFrame
        unit_id, as_of, group, label, prediction, and one column per baseline: the rows tested on.
    out_of_fold : OutOfFold or None
        Where the rows were tested on in cross-validation.
    """

    entry: dict[str, Any]
    predictions: pd.DataFrame
    out_of_fold: OutOfFold | None = None


def evaluate(table: TrainingTable, seed: int, /) -> Evaluation:
    """Test an outcome's predictor on what it has not seen, beside its baselines.

    Parameters
    ----------
    seed : int
        Of models, folds and bootstrap; the same seed gives the same metrics.

    Returns
    -------
    Evaluation
        Tested on the last snapshots where time allows, else in grouped cross-validation, which ``split`` says.

    Raises
    ------
    TooLittleDataError
        If there are too few rows, events or groups.
    """
    split = split_in_time(table)
    if split is None:
        tested, crossed, description = _across(table, seed)
    else:
        tested, crossed, description = _later(table, split, seed), None, split.description
    rows = tested.rows
    prediction, baselines = tested.prediction, tested.baselines
    group = np.unique(rows["group"].astype(str), return_inverse=True)[1]
    label = rows["label"].to_numpy(dtype=np.float64)
    of = ProbabilityMetrics if table.kind == "probability" else NumberMetrics
    main = of(label, prediction, group)
    replicates = 300 if len(label) <= 100_000 else 200
    losses = {name: _loss(label, values, table.kind) for name, values in baselines.items()}
    entry = {
        "rows": len(label),
        "train_rows": tested.train_rows,
        "groups": int(group.max()) + 1,
        "base_rate": float(label.mean()),
        "split": description,
        "split_kind": str(SplitKind.CROSS_VALIDATION if split is None else SplitKind.IN_TIME),
        **main.metrics(),
        "intervals": bootstrap_intervals(main.metrics, group, seed=seed, replicates=replicates),
        "baselines": {name: of(label, values, group).metrics() for name, values in baselines.items()},
        "differences": {
            "figure": "log_loss" if table.kind == "probability" else "squared_error",
            **paired_differences(_loss(label, prediction, table.kind), losses, group, seed=seed),
        },
        "last_value_feature": tested.single,
        "reliability": main.reliability(),
        "ece_method": "15 bins of equal mass at most, cleared of sampling noise as in Kumar, Liang & Ma (2019)",
        "test_fingerprint": _fingerprint(rows),
        "notes": [note.text for note in table.notes],
    }
    if table.kind == "number":
        del entry["ece_method"]
    if tested.curve is not None:
        entry["curve"] = tested.curve
    keys = rows[["unit_id", "as_of", "group", "label"]].reset_index(drop=True)
    entry = plain(entry)
    entry["informative"] = is_informative(entry)
    return Evaluation(entry, keys.assign(prediction=prediction, **baselines), crossed)


@dataclass(frozen=True)
class _Tested:
    rows: pd.DataFrame
    prediction: np.ndarray
    baselines: dict[str, np.ndarray]
    single: str
    train_rows: int
    curve: list[dict[str, Any]] | None = None


def _later(table: TrainingTable, split: TimeSplit, seed: int, /) -> _Tested:
    """Learn from the past, test on what came after."""
    rows = table.labelled
    train, test = rows[split.train], rows[split.test]
    predictor = predictor_class(table.outcome).fit(replace(table, frame=train, times=table.known_by(split.start)), seed)
    features = list(table.features)
    encoding = predictor.encoding
    matrix, label = encoding.matrix(train[features]), train["label"].to_numpy(dtype=np.float64)
    single = _single(table, matrix, label, encoding)
    baselines = baseline_predictions(
        matrix,
        label,
        encoding.matrix(test[features]),
        asked=Asked(encoding, table.kind, single, seed, _forecast(table, encoding)),
    )
    prediction = predictor.predict(test[features])
    curve = None
    if predictor.curve is not None:
        learned = times_of(replace(table, times=table.known_by(split.start)), train)
        curve = metrics_by_day(predictor.curve, prediction, times_of(table, test), learned, seed=seed)
    return _Tested(test, prediction, baselines, encoding.features[single], len(train), curve)


def _across(table: TrainingTable, seed: int, /) -> tuple[_Tested, OutOfFold, str]:
    """Let every row be tested by models of the other groups' rows."""
    crossed = out_of_fold(table, seed)
    rows, features = table.labelled, list(table.features)
    encoding = Encoding.learn(rows, table.features)
    matrix, label = encoding.matrix(rows[features]), rows["label"].to_numpy(dtype=np.float64)
    single = _single(table, matrix, label, encoding)
    folds = np.unique(crossed.part)
    found: dict[str, np.ndarray] = {}
    for fold in folds:
        inside = crossed.part == fold
        predicted = baseline_predictions(
            matrix[~inside],
            label[~inside],
            matrix[inside],
            asked=Asked(encoding, table.kind, single, seed, _forecast(table, encoding)),
        )
        for name, values in predicted.items():
            found.setdefault(name, np.empty(len(label)))[inside] = values
    # one constant for all: means that differ by fold would order rows against their own fold's outcomes
    found["base_rate"] = np.full(len(label), label.mean())
    times = f"{crossed.repeats} times " if crossed.repeats > 1 else ""
    why = ", since the labelled time is too short for a split in time" if table.temporal else ""
    description = f"stratified cross-validation, {times}{len(folds)} folds, groups kept together{why}"
    train_rows = round(len(label) * (1 - 1 / len(folds)))
    return _Tested(rows, crossed.prediction, found, encoding.features[single], train_rows), crossed, description


def _single(table: TrainingTable, matrix: np.ndarray, label: np.ndarray, encoding: Encoding, /) -> int:
    if table.baseline in encoding.features:
        return encoding.features.index(str(table.baseline))
    return strongest_feature(matrix, label, encoding)


def _forecast(table: TrainingTable, encoding: Encoding, /) -> int | None:
    return encoding.features.index(table.forecast) if table.forecast in encoding.features else None


def _loss(label: np.ndarray, prediction: np.ndarray, kind: str, /) -> np.ndarray:
    if kind == "number":
        return (label - prediction) ** 2
    return log_losses(label, prediction)


def _fingerprint(rows: pd.DataFrame, /) -> str:
    """Tell whether two models were tested on the same rows."""
    columns = [rows[name].astype("object").map(str) for name in ("unit_id", "as_of", "label")]
    lines = sorted("|".join(values) for values in zip(*columns, strict=True))
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
