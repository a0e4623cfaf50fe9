"""Speed, beside what a user would pick instead: features, training, attribution; time, growth and memory.

Run from the checkout, for example ``python -m benchmarks.speed --sizes 1e5 1e6``. Printed are figures of this run and
nothing else. Each measurement is a process of its own; contestants take turns, and the fastest of their turns counts.
What has to be imported is imported before the clock starts.

- **features**: ten KPIs of the service preset per customer over 7, 30 and 90 days at six month ends, from staged cases,
  against DuckDB SQL written by hand for the same table (both ways that one would write the join; the faster counts),
  and against plain pandas. All three read the same Parquet file and write their table to Parquet.
- **staging**: checks, pseudonyms and writing of the same cases, as every run does once.
- **training**: ``ChurnPredictor.fit`` against a bare ``lightgbm.train`` of the same parameters on the same matrix, with
  the same rows held out for early stopping.
- **attribution**: ``contributions`` against ``shap.TreeExplainer`` on the same model and rows.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import speed_contestants as contestants

TURNS = {100_000: 4, 1_000_000: 3}
MIN_TURNS = 2
PANDAS_UP_TO = 1_000_000


def main(arguments: list[str] | None = None) -> None:
    """Run the benchmark and print its tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", nargs="*", type=float, default=[1e5, 1e6, 1e7], help="numbers of cases")
    parser.add_argument("--rows", nargs="*", type=float, default=[2e4, 2e5], help="rows of the training matrix")
    parser.add_argument("--turns", type=int, default=None, help="turns per contestant (default: fewer for more cases)")
    parser.add_argument("--folder", type=Path, default=None, help="where the data lie (default: a temporary folder)")
    parser.add_argument("--one", nargs=3, metavar=("WHAT", "SIZE", "FOLDER"), help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    if chosen.one is not None:
        what, size, folder = chosen.one
        say(json.dumps(measured(what, int(size), Path(folder))))
        return
    with tempfile.TemporaryDirectory(prefix="baton-speed-", dir=chosen.folder) as folder:
        features([int(size) for size in chosen.sizes], Path(folder), chosen.turns)
        learning([int(rows) for rows in chosen.rows], Path(folder), chosen.turns or MIN_TURNS)


def say(text: str = "") -> None:
    """Print a line of results."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def measured(what: str, size: int, folder: Path) -> dict[str, float]:
    """Do one thing in this process and report its seconds, those of all its threads, and the process's peak memory."""
    work: Callable[[], Any] = contestants.prepared(what, size, folder)
    before, worked = time.perf_counter(), time.process_time()
    work()
    seconds = time.perf_counter() - before
    return {"seconds": seconds, "cpu_seconds": time.process_time() - worked, "peak_gib": peak_gib()}


def peak_gib() -> float:
    """Return this process's peak memory in GiB; nan where the system does not report it."""
    try:
        import resource
    except ImportError:
        return float("nan")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**30 if sys.platform == "darwin" else 2**20)


def turn(what: str, size: int, folder: Path) -> dict[str, float]:
    """Measure one thing in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.speed", "--one", what, str(size), str(folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ)
    return json.loads(done.stdout.strip().splitlines()[-1])


def race(names: list[str], size: int, folder: Path, turns: int) -> dict[str, dict[str, float]]:
    """Let contestants take turns; return the fastest turn's seconds of each, and the highest peak."""
    found: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    for _ in range(turns):
        for name in names:
            found[name].append(turn(name, size, folder))
    return {
        name: {
            "seconds": min(one["seconds"] for one in all_turns),
            "cpu_seconds": min(one["cpu_seconds"] for one in all_turns),
            "peak_gib": max(one["peak_gib"] for one in all_turns),
        }
        for name, all_turns in found.items()
    }


def ratio(ours: dict[str, float], other: dict[str, float]) -> str:
    """Return how many times another's time ours is: on the clock and (in brackets) in processor time."""
    return f"{ours['seconds'] / other['seconds']:.2f} ({ours['cpu_seconds'] / other['cpu_seconds']:.2f})"


def features(sizes: list[int], folder: Path, turns: int | None) -> None:
    """Print the table of feature building."""
    if not sizes:
        return
    say(f"{os.cpu_count()} cores")
    say()
    say("Ratios are of seconds on the clock and, in brackets, of processor seconds.")
    say()
    say("| cases | staging s | peak GiB | features s | peak GiB | by hand s | ratio | pandas s | features / pandas |")
    say("|---|---|---|---|---|---|---|---|---|")
    seconds: dict[int, float] = {}
    for size in sizes:
        contestants.generate(size, folder)
        staging = turn("stage", size, folder)
        names = ["baton", "sql_range", "sql_days"] + (["pandas"] if size <= PANDAS_UP_TO else [])
        found = race(names, size, folder, turns or TURNS.get(size, MIN_TURNS))
        contestants.compare(size, folder)
        ours, pandas = found["baton"], found.get("pandas")
        hand = min((found["sql_range"], found["sql_days"]), key=lambda one: one["seconds"])
        seconds[size] = ours["seconds"]
        say(
            f"| {size:,} | {staging['seconds']:.1f} | {staging['peak_gib']:.2f} | {ours['seconds']:.2f} "
            f"| {ours['peak_gib']:.2f} | {hand['seconds']:.2f} | {ratio(ours, hand)} "
            + ("| – | – |" if pandas is None else f"| {pandas['seconds']:.1f} | {ratio(ours, pandas)} |")
        )
    say()
    ordered = sorted(seconds)
    for small, large in zip(ordered, ordered[1:], strict=False):
        say(f"{large / small:g} times the cases took {seconds[large] / seconds[small]:.1f} times as long.")
    say()


def learning(rows: list[int], folder: Path, turns: int) -> None:
    """Print the tables of training and attribution."""
    if not rows:
        return
    say("| training rows | fit s | bare LightGBM s | ratio |")
    say("|---|---|---|---|")
    for size in rows:
        found = race(["fit", "bare"], size, folder, turns)
        ours, bare = found["fit"], found["bare"]
        say(f"| {size:,} | {ours['seconds']:.2f} | {bare['seconds']:.2f} | {ratio(ours, bare)} |")
    say()
    size = 10_000
    found = race(["contributions", "shap"], size, folder, turns)
    ours, other = found["contributions"], found["shap"]
    say("| rows explained | contributions s | shap.TreeExplainer s | ratio |")
    say("|---|---|---|---|")
    say(f"| {size:,} | {ours['seconds']:.2f} | {other['seconds']:.2f} | {ratio(ours, other)} |")


if __name__ == "__main__":
    main()
