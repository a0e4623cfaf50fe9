"""The example companies on real data, from the command line.

Run from the checkout, for example

    python -m benchmarks.real examples/olist --run /tmp/olist --automl-python /tmp/automl/bin/python

``--automl-python`` is the Python of another environment with ``flaml[automl]`` and ``pyarrow``; without it there is no
AutoML in the tables. The AutoML learns from the same rows, is tested on the same rows, and gets Baton's own time for
the same outcome, or ``--seconds`` where that is more; both use one thread if ``OMP_NUM_THREADS=1``. Printed are metrics
of this run and nothing else. ``--parts advice`` takes effects, the joint test, cards and offers of help: of the whole,
of halves (``--halves`` splits of customers and of people), over time (``--steps`` moments), and where outcomes were
permuted (``--permutations`` times; cards are solved in the first ``--solved`` of them and wherever the joint test is
significant, since without it no card moves on evidence).
"""

from __future__ import annotations

import argparse
import sys
from itertools import chain
from pathlib import Path

import numpy as np

from baton.catalogue.load import load_catalogue
from baton.company import load_company
from baton.files import RunFolder
from benchmarks.real import automl, trials
from benchmarks.real.advised import Advised, Question, rank_correlation
from benchmarks.real.agreement import agreement, by_chance
from features.cases import build as cases_built
from features.cases.table import CaseTable, Organisation
from features.staging import stage
from features.training.table import TrainingTable

PARTS = ("foreseen", "drivers", "advice")


def main(arguments: list[str] | None = None) -> None:
    """Run what is asked for and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("company", type=Path)
    parser.add_argument("--run", type=Path, required=True, help="folder of a run; what of it is undone is done")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--automl-python", default=None)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--drivers", type=int, default=3, help="splits on which drivers are compared")
    parser.add_argument("--halves", type=int, default=8)
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--permutations", type=int, default=100)
    parser.add_argument("--first-permutation", type=int, default=0, help="to go on where an earlier call stopped")
    parser.add_argument("--cards", type=int, default=12, help="of how many teams; advice is asked for again and again")
    parser.add_argument("--solved", type=int, default=20)
    chosen = parser.parse_args(arguments)
    from pipelines.run import run

    company, folder = load_company(chosen.company), RunFolder(chosen.run)
    run(company, folder)
    tables = [TrainingTable.load(path) for path in sorted(folder.training.iterdir()) if path.is_dir()]
    seed = company.company.seed
    for table in tables:
        if "foreseen" in chosen.parts:
            say(_foreseen(automl.compared(table, seed, chosen.automl_python, chosen.seconds)))
        if "drivers" in chosen.parts:
            say(_drivers(table, range(seed, seed + chosen.drivers)))
    if "advice" not in chosen.parts:
        return
    warehouse = stage.open_warehouse(folder.staged)
    if "cases" not in warehouse:
        say("no cases, so no advice")
        return
    catalogue = load_catalogue(company)
    _advice(Question(company, catalogue, chosen.cards), *cases_built.build(company, catalogue, warehouse), chosen)


def say(text: str, /) -> None:
    """Print at once, since runs are long."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _advice(question: Question, cases: CaseTable, organisation: Organisation, chosen: argparse.Namespace, /) -> None:
    say("whole: " + question.ask(cases, organisation).summary)
    pairs: dict[str, list[tuple[Advised, Advised]]] = {}
    asked = (question, cases, organisation)
    for kind, where, (one, two) in chain(
        trials.halves(*asked, range(chosen.halves)), trials.over_time(*asked, chosen.steps) if chosen.steps else ()
    ):
        say(f"{kind}, {where}: {one.summary}\n  and: {two.summary}")
        pairs.setdefault(kind, []).append((one, two))
    for kind, trial in pairs.items():
        say(f"{kind}: {agreement(trial)}")
    first = chosen.first_permutation
    found = []
    for at, trial in trials.permutations(*asked, range(first, first + chosen.permutations), chosen.solved):
        found.append(trial)
        sys.stderr.write(f"permutation {at}: {trial.summary}\n")
    if found:
        say(f"permuted outcomes, {len(found)} times: {by_chance(found)}")


def _foreseen(found: automl.Compared, /) -> str:
    lines = [f"\n### {found.outcome}: {found.rows} rows, {found.events} events; {found.split}"]
    lines += [found.table.round(4).to_string()]
    took = ", ".join(f"{name} {seconds:.0f} s" for name, seconds in found.seconds.items())
    lines.append(f"took: {took}; chosen: {', '.join(found.chosen)}")
    if found.difference:
        span = {name: round(value, 4) for name, value in found.difference.items()}
        lines.append(f"mean loss, Baton minus AutoML: {span}")
    return "\n".join(lines)


def _drivers(table: TrainingTable, seeds: range, /) -> str:
    from baton.errors import TooLittleDataError

    ranks, tops = [], []
    for seed in seeds:
        try:
            one, two = trials.drivers_on_halves(table, seed)
        except TooLittleDataError as error:
            return f"drivers on halves: {error}"
        ranks.append(rank_correlation(one, two))
        tops.append(len(set(one.nlargest(5).index) & set(two.nlargest(5).index)))
    return f"drivers on halves: rank correlation {np.round(ranks, 2).tolist()}, of the first five in common {tops}"


if __name__ == "__main__":
    main()
