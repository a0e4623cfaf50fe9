"""The whole chain: how long and how much memory each step takes, and what a second run with one more month costs.

Run from the checkout, for example ``python -m benchmarks.whole --customers 100000 --months 20``. A company of one more
month is simulated and cut back to the day on which that month began, as its systems would have exported it then
(``benchmarks/exports.py``). Three runs follow, each in a process of its own: the first on the earlier export; the
second into the same folder after the month has come in; and one of the same data into an empty folder. Printed are
figures of these runs and nothing else. Processor time counts all threads; on a machine that others use as well it is
the fairer figure.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from baton.run_results import RunResults
from benchmarks.exports import as_exported

_CHILD = """
import sys
from baton.company import load_company
from baton.files import RunFolder
from pipelines.run import run
run(load_company(sys.argv[1]), RunFolder(sys.argv[2]))
"""


@dataclass(frozen=True)
class Whole:
    """One run of the chain.

    Parameters
    ----------
    steps : dict of str to dict
        ``seconds``, ``cpu_seconds`` and ``peak_memory_mb`` per step.
    seconds, cpu_seconds : float
        Of the whole process, its start and imports included.
    peak_gib : float
        The most memory that the process held.
    """

    steps: dict[str, dict[str, float]]
    seconds: float
    cpu_seconds: float
    peak_gib: float


def main(arguments: list[str] | None = None) -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--months", type=int, default=20, help="months of the first run; the second has one more")
    parser.add_argument("--folder", type=Path, default=None, help="where the data lie (default: a temporary folder)")
    parser.add_argument("--company", type=Path, default=None, help="a simulated company of months + 1, made before")
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="baton-whole-", dir=chosen.folder) as folder:
        measure(Path(folder), chosen.company, chosen.customers, chosen.months)


def say(text: str = "") -> None:
    """Print a line of results."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def measure(folder: Path, source: Path | None, customers: int, months: int) -> None:
    """Simulate, run three times, print."""
    from pipelines.simulate import simulate

    if source is None:
        source = simulate(folder / "simulated", customers=customers, months=months + 1).folder
    company = folder / "company"
    rows = as_exported(source, company, last_month(source))
    first = whole(company, folder / "run")
    grown = as_exported(source, company, datetime(9999, 1, 1))
    second = whole(company, folder / "run")
    scratch = whole(company, folder / "scratch")
    say(f"{os.cpu_count()} cores. Rows: " + ", ".join(f"{name} {rows[name]:,} → {grown[name]:,}" for name in rows))
    say()
    say("Seconds on the clock (processor seconds), MiB at the peak.")
    say()
    say("| step | first run | MiB | a month more | MiB | the same from nothing | MiB | ratio |")
    say("|---|---|---|---|---|---|---|---|")
    for name in first.steps:
        cells = [
            f"{shown(run.steps[name])} | {run.steps[name]['peak_memory_mb']:,.0f}" for run in (first, second, scratch)
        ]
        say(f"| {name} | {' | '.join(cells)} | {ratio(second.steps[name], scratch.steps[name])} |")
    cells = [
        f"{run.seconds:.0f} ({run.cpu_seconds:.0f}) | {run.peak_gib * 1024:,.0f}" for run in (first, second, scratch)
    ]
    say(f"| all | {' | '.join(cells)} | {second.cpu_seconds / scratch.cpu_seconds:.2f} |")
    say()
    say("The ratio is of processor time, with a month more to from nothing.")


def shown(step: dict[str, float]) -> str:
    """Return a step's seconds in words."""
    return f"{step['seconds']:.1f} ({step['cpu_seconds']:.1f})"


def ratio(one: dict[str, float], other: dict[str, float]) -> str:
    """Return how much of another's processor time one took."""
    return f"{one['cpu_seconds'] / max(other['cpu_seconds'], 1e-9):.2f}"


def last_month(source: Path) -> datetime:
    """Return the first moment of the last month in which a simulated company's cases were opened."""
    import duckdb

    cases = source / "service_desk" / "cases.parquet"
    newest = duckdb.connect().execute("SELECT max(opened_at) FROM read_parquet(?)", [str(cases)]).fetchall()[0][0]
    return datetime(newest.year, newest.month, 1)


def whole(company: Path, out: Path) -> Whole:
    """Run the chain in a process of its own."""
    import time

    started = time.perf_counter()
    child = subprocess.Popen([sys.executable, "-c", _CHILD, str(company), str(out)])
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - started
    if child.returncode:
        raise SystemExit(f"the run in {out} ended with {child.returncode}")
    left = RunResults(out)
    return Whole(
        {step["name"]: step for step in left.recorded("steps")},
        seconds,
        used.ru_utime + used.ru_stime,
        used.ru_maxrss / (2**30 if sys.platform == "darwin" else 2**20),
    )


if __name__ == "__main__":
    main()
