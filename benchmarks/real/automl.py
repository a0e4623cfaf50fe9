"""Baton's predictors beside their baselines, regression to the mean and an AutoML, on the same rows and splits."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from baton.outcomes import Outcome, kind_of
from features.training.table import TrainingTable
from models.prediction.encoding import Encoding
from models.prediction.evaluation import Evaluation, evaluate
from models.prediction.metrics import NumberMetrics, ProbabilityMetrics, bootstrap_intervals, paired_differences
from models.prediction.splits import split_in_time

METRICS = {"probability": ("auc", "average_precision", "brier", "ece", "log_loss"), "number": ("rmse", "mae", "r2")}
Floats = np.ndarray


@dataclass(frozen=True)
class Compared:
    """One outcome's contestants.

    Parameters
    ----------
    outcome, kind, split : str
    rows, events : int
        Tested on.
    table : pandas.DataFrame
        One row per contestant: metrics, and low and high (95 %) of the first.
    seconds : dict of str to float
        What Baton and the AutoML took.
    chosen : tuple of str
        What the AutoML chose, per fit.
    difference : dict of str to float
        Baton's mean loss minus the AutoML's on the same rows, and its 95 % interval.
    """

    outcome: str
    kind: str
    split: str
    rows: int
    events: int
    table: pd.DataFrame
    seconds: dict[str, float]
    chosen: tuple[str, ...]
    difference: dict[str, float]


def compared(table: TrainingTable, seed: int, python: str | None, seconds: float, /) -> Compared:
    """Test Baton, its baselines and, where a Python with FLAML is given, an AutoML.

    Parameters
    ----------
    python : str or None
        Of the other environment.
    seconds : float
        What the AutoML gets at least; it gets Baton's own time where that is longer. Over folds it is shared.
    """
    begun = time.perf_counter()
    ours = evaluate(table, seed)
    spent = time.perf_counter() - begun
    tested = ours.predictions
    predicted: dict[str, Floats] = {"baton": tested["prediction"].to_numpy(float)}
    predicted |= {name: tested[name].to_numpy(float) for name in ours.entry["baselines"]}
    parts = _parts(table, ours)
    if kind_of(table.outcome) == "decline":
        predicted["regression_to_mean"] = _shrunk(table, parts, seed)
    chosen: tuple[str, ...] = ()
    took = {"baton": spent}
    if python is not None:
        budget = max(seconds, spent)
        predicted["flaml"], chosen, took["flaml"] = _automl(table, parts, python, budget, seed)
    label = tested["label"].to_numpy(float)
    group = np.unique(tested["group"].astype(str), return_inverse=True)[1]
    difference: dict[str, float] = {}
    if "flaml" in predicted:
        losses = {name: _loss(label, values, table.kind) for name, values in predicted.items()}
        difference = paired_differences(losses["baton"], {"flaml": losses["flaml"]}, group, seed=seed)["flaml"]
    return Compared(
        outcome=table.outcome, kind=table.kind, split=str(ours.entry["split"]), rows=len(label),
        events=int(label.sum()) if table.kind == "probability" else len(label),
        table=_metrics(predicted, label, group, table.kind, seed), seconds=took, chosen=chosen, difference=difference,
    )  # fmt: skip


def _parts(table: TrainingTable, ours: Evaluation, /) -> list[tuple[Floats, Floats]]:
    """Rows to learn from and to test on, as Baton's own test has them."""
    split = split_in_time(table)
    if split is not None:
        return [(split.train, split.test)]
    if ours.out_of_fold is None:
        raise RuntimeError(f"{table.outcome}: neither a split in time nor folds")
    part = ours.out_of_fold.part
    return [(part != fold, part == fold) for fold in np.unique(part)]


def _shrunk(table: TrainingTable, parts: list[tuple[Floats, Floats]], seed: int, /) -> Floats:
    """Regression to the mean: a line through the unit's shrunk past and its distance from the group alone."""
    metric = Outcome.parse(table.outcome).metric
    names = [f"{metric}__baseline", f"{metric}__above_group"]
    return _fitted(table, parts, names, seed)


def _fitted(table: TrainingTable, parts: list[tuple[Floats, Floats]], names: list[str], seed: int, /) -> Floats:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    rows = table.labelled
    values, label = rows[names].to_numpy(float), rows["label"].to_numpy(float)
    predicted = np.full(len(rows), np.nan)
    for train, test in parts:
        model = make_pipeline(StandardScaler(), LogisticRegression(C=1.0, random_state=seed))
        predicted[test] = model.fit(values[train], label[train]).predict_proba(values[test])[:, 1]
    return predicted[np.isfinite(predicted)]


def _automl(
    table: TrainingTable, parts: list[tuple[Floats, Floats]], python: str, budget: float, seed: int, /
) -> tuple[Floats, tuple[str, ...], float]:
    rows, features = table.labelled, list(table.features)
    predicted, chosen, took = np.full(len(rows), np.nan), [], 0.0
    script = Path(__file__).with_name("flaml_fit.py")
    for train, test in parts:
        known = rows[train]
        # categories as FLAML takes them: those of the training rows, named by number
        encoding = Encoding.learn(known, table.features)
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            frame = _frame(encoding, known[features])
            frame["label__"], frame["group__"] = known["label"].to_numpy(float), known["group"].astype(str).to_numpy()
            frame.to_parquet(folder / "train.parquet", index=False)
            _frame(encoding, rows.loc[test, features]).to_parquet(folder / "test.parquet", index=False)
            given = [python, str(script), place, f"{budget / len(parts):.0f}", str(seed)]
            done = subprocess.run(given, capture_output=True, text=True, check=False)
            if done.returncode != 0:
                sys.stderr.write(done.stderr[-3000:])
                raise RuntimeError(f"{table.outcome}: the AutoML failed")
            result = json.loads((folder / "predicted.json").read_text())
        predicted[test] = result["predicted"]
        chosen.append(result["chosen"])
        took += result["seconds"]
    return predicted[np.isfinite(predicted)], tuple(chosen), took


def _frame(encoding: Encoding, rows: pd.DataFrame, /) -> pd.DataFrame:
    frame = pd.DataFrame(encoding.matrix(rows), columns=list(encoding.features))
    for name in encoding.categories:
        frame[name] = frame[name].fillna(-1).astype("int64").astype("category")
    return frame


def _metrics(predicted: dict[str, Floats], label: Floats, group: Floats, kind: str, seed: int, /) -> pd.DataFrame:
    of = ProbabilityMetrics if kind == "probability" else NumberMetrics
    rows = {}
    for name, values in predicted.items():
        found = of(label, values, group)
        rows[name] = {metric: found.metrics()[metric] for metric in METRICS[kind]}
        if name in ("baton", "flaml"):
            span = bootstrap_intervals(found.metrics, group, seed=seed)[METRICS[kind][0]]
            rows[name] |= {"low": span[0], "high": span[1]}
    return pd.DataFrame.from_dict(rows, orient="index")


def _loss(label: Floats, predicted: Floats, kind: str, /) -> Floats:
    if kind == "number":
        return (label - predicted) ** 2
    clipped = np.clip(predicted, 1e-6, 1 - 1e-6)
    return -np.where(label > 0, np.log(clipped), np.log1p(-clipped))
