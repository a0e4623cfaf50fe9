"""How well causes are predicted from texts: every model on the same splits, beside what is to be reached.

    python -m benchmarks.text --data ../shared/data --out text.json --keep /tmp/text-runs

Finished runs lie in the folder of ``--keep``; a later call with other models or more repeats goes on from there.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.text_contestants import CHEAP, CONTESTANTS, FEW
from benchmarks.text_runs import Store, few_rows, mixed, parts, run_once, time_parts
from benchmarks.text_sets import OTHER_SETS, SETS, TextTask, load_task
from benchmarks.text_tables import confidence_rows, few_table, main_table, pooled, time_table
from models.complaints.classifiers.ngrams import counted_once
from models.encoders.encoders import read_once

_EACH = 10
MIXTURES = (("tfidf", "finetune"), ("tfidf", "encoder", "finetune"))


def say(text: str = "") -> None:
    """Print a line of the results."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--sets", nargs="+", default=list(SETS), choices=[*SETS, *OTHER_SETS])
    parser.add_argument("--models", nargs="+", default=list(CHEAP), choices=list(CONTESTANTS))
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="one repeat, no few labels, no split in time")
    parser.add_argument("--parts", nargs="+", default=["full", "time", "few"], choices=["full", "time", "few"])
    parser.add_argument("--keep", type=Path, default=Path("text-runs"))
    parser.add_argument("--out", type=Path)
    chosen = parser.parse_args(arguments)
    repeats = 1 if chosen.quick else chosen.repeats
    wanted = ["full"] if chosen.quick else chosen.parts
    store, results = Store(chosen.keep), {}
    for name in chosen.sets:
        task = load_task(name, chosen.data)
        with read_once(), counted_once():
            results[name] = measured(task, store, chosen.models, repeats, wanted)
        if chosen.out:
            chosen.out.write_text(json.dumps(results, ensure_ascii=False, indent=2), encoding="utf-8")


def measured(
    task: TextTask, store: Store, models: Sequence[str], repeats: int, wanted: Sequence[str]
) -> dict[str, Any]:
    """Run what is not yet there, print its tables, and return the metrics."""
    found: dict[str, Any] = {"title": task.title, "rows": len(task.texts)}
    splits = parts(task, repeats)
    if "full" in wanted:
        runs = {}
        for model in models:
            if model == "described":
                continue
            runs[model] = [
                _run(task, store, model, train, test, number, "part", str(number))
                for number, (train, test) in enumerate(splits)
            ]
        for members in MIXTURES:
            if len(splits) > 1 and all(model in runs for model in members):
                runs[" + ".join(members)] = mixed(task, [runs[model] for model in members])
        found["full"] = {model: pooled(task, some) for model, some in runs.items()}
        say(main_table(task, found["full"]))
        if task.name.startswith("tweets"):
            found["confidence"] = {model: confidence_rows(task, some) for model, some in runs.items()}
            say(f"By annotators' confidence: {json.dumps(found['confidence'])}\n")
    if "time" in wanted and task.texts.frame["at"].notna().all():
        train, test = time_parts(task)
        inside = {
            m: _run(task, store, m, train, test, 0, "time") for m in models if m not in ("zero_shot", "described")
        }
        found["time"] = {model: {**run.metrics, "rows": len(run.test)} for model, run in inside.items()}
        say(time_table(task, found["time"]))
    if "few" in wanted and task.words:
        few: dict[str, list[dict[str, float]]] = {}
        for number, (train, test) in enumerate(splits):
            rows = few_rows(task, train, _EACH, number)
            for model in FEW:
                run = _run(task, store, model, rows, test, number, "few", str(number))
                few.setdefault(model, []).append(run.metrics)
            run = _run(task, store, "zero_shot", rows, test, number, "few", str(number))
            few.setdefault("zero_shot (no labels)", []).append(run.metrics)
        whole = max((one["macro_f1"] for one in found.get("full", {}).values()), default=np.nan)
        found["few"] = few
        say(few_table(task, few, whole))
    return found


def _run(task: TextTask, store: Store, model: str, train: np.ndarray, test: np.ndarray, seed: int, *key: str) -> Any:
    run = store.get(task.name, model, *key)
    if run is None:
        run = run_once(task, model, train, test, seed)
        store.put(run, task.name, model, *key)
        sys.stderr.write(f"{task.name} {model} {' '.join(key)}: macro-F1 {run.metrics['macro_f1']:.3f}\n")
    return run


if __name__ == "__main__":
    main()
