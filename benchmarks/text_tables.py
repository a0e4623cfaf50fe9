"""The metrics of the benchmark of texts, pooled over its splits, and its tables in Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from benchmarks.text_runs import TestRun, labels_of
from benchmarks.text_sets import TextTask
from models.complaints.evaluation import CauseMetrics
from models.prediction.metrics import bootstrap_intervals

__all__ = ["confidence_rows", "few_table", "main_table", "pooled", "time_table"]

_BANDS = ((0.0, 0.5), (0.5, 0.7), (0.7, 1.0), (1.0, 1.01))


def pooled(task: TextTask, runs: Sequence[TestRun], /) -> dict[str, Any]:
    """Return each metric's mean and spread over the splits; calibration error over all texts."""
    found: dict[str, Any] = {"repeats": len(runs)}
    for name in ("macro_f1", "log_loss", "accuracy", "accuracy_at_70"):
        values = [run.metrics[name] for run in runs]
        found[name] = float(np.mean(values))
        found[f"{name}_sd"] = float(np.std(values, ddof=1)) if len(values) > 1 else None
    # the first five parts test every text once
    first = runs[:5]
    rows = np.concatenate([run.test for run in first])
    texts = task.texts.rows(rows)
    metrics = CauseMetrics(
        texts.labels,
        np.concatenate([run.probabilities for run in first]).astype(np.float64),
        labels_of(task),
        texts.frame["group"].to_numpy(dtype=object),
    )
    low, high = bootstrap_intervals(metrics.metrics, metrics.group, seed=0, replicates=100)["ece"]
    found |= {"ece": metrics.metrics()["ece"], "ece_low": low, "ece_high": high}
    found["train_seconds"] = float(np.median([run.train_seconds for run in runs]))
    found["texts_per_second"] = float(np.median([run.texts_per_second for run in runs]))
    return found


def confidence_rows(task: TextTask, runs: Sequence[TestRun], /) -> dict[str, dict[str, float]]:
    """Return metrics of texts of which annotators were less or more sure."""
    first, found = runs[:5], {}
    rows = np.concatenate([run.test for run in first])
    probabilities = np.concatenate([run.probabilities for run in first]).astype(np.float64)
    weight = task.texts.weights[rows]
    for low, high in _BANDS:
        inside = (weight >= low) & (weight < high)
        if inside.sum() < 50:
            continue
        texts = task.texts.rows(rows[inside])
        groups = texts.frame["group"].to_numpy(dtype=object)
        metrics = CauseMetrics(texts.labels, probabilities[inside], labels_of(task), groups).metrics()
        name = "1" if low >= 1 else f"{low:g}-{high:g}"
        found[name] = {"macro_f1": metrics["macro_f1"], "accuracy": metrics["accuracy"], "n": int(inside.sum())}
    return found


def main_table(task: TextTask, found: Mapping[str, Mapping[str, Any]], /) -> str:
    """Return the table of all labels."""
    goals = task.goals
    shown = ", ".join(
        f"{name.replace('_', ' ')} {'≤' if name == 'ece' else '≥'} {goal:g}" for name, goal in goals.items()
    )
    lines = [
        f"### {task.title} ({len(task.texts)} texts; goals: {shown or 'none'})",
        "",
        "| model | repeats | macro-F1 | log loss | accuracy | ECE (95 %) | surest 70 % | train, s | texts/s | goals |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for model, one in found.items():
        lines.append(
            f"| {model} | {one['repeats']} | {_spread(one, 'macro_f1')} | {_spread(one, 'log_loss')} | "
            f"{_spread(one, 'accuracy')} | "
            f"{one['ece']:.3f} ({_number(one['ece_low'])}–{_number(one['ece_high'])}) | "
            f"{_spread(one, 'accuracy_at_70')} | {one['train_seconds']:.1f} | {one['texts_per_second']:.0f} | "
            f"{_met(one, goals)} |"
        )
    return "\n".join([*lines, ""])


def time_table(task: TextTask, found: Mapping[str, Mapping[str, Any]], /) -> str:
    """Return the table of the split in time."""
    lines = [
        "| model, tested on the last quarter in time | macro-F1 | accuracy | surest 70 % | texts |",
        "|---|---|---|---|---|",
    ]
    for model, one in found.items():
        lines.append(
            f"| {model} | {one['macro_f1']:.3f} | {one['accuracy']:.3f} | {one['accuracy_at_70']:.3f} | {one['rows']} |"
        )
    return "\n".join([*lines, ""])


def few_table(task: TextTask, found: Mapping[str, Sequence[Mapping[str, float]]], whole: float, /) -> str:
    """Return the table of ten labels a class; the goal lies half-way between chance and the best with all labels."""
    chance = 1 / len(labels_of(task))
    goal = (chance + whole) / 2
    lines = [
        f"| 10 labels a class (goal ≥ {goal:.3f}: half of the way from {chance:.3f} to {whole:.3f}) | macro-F1 | met |",
        "|---|---|---|",
    ]
    for model, runs in found.items():
        values = [run["macro_f1"] for run in runs]
        spread = float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
        met = "yes" if np.mean(values) >= goal else "no"
        lines.append(f"| {model} | {np.mean(values):.3f} ± {spread:.3f} | {met} |")
    return "\n".join([*lines, ""])


def _spread(one: Mapping[str, Any], name: str, /) -> str:
    spread = one[f"{name}_sd"]
    return f"{one[name]:.3f}" + ("" if spread is None else f" ± {spread:.3f}")


def _number(value: float | None, /) -> str:
    return "?" if value is None else f"{value:.3f}"


def _met(one: Mapping[str, Any], goals: Mapping[str, float], /) -> str:
    met = {name: one[name] <= goal if name == "ece" else one[name] >= goal for name, goal in goals.items()}
    return ", ".join(f"{name.replace('_', ' ')} {'met' if reached else 'missed'}" for name, reached in met.items())
