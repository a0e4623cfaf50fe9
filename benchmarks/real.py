"""The example companies on real data: how well outcomes are foreseen, what is advised, and whether it holds.

Run from the checkout, for example

    python -m benchmarks.real examples/olist --run /tmp/olist --automl-python /tmp/automl/bin/python

``--automl-python`` is the Python of another environment with ``flaml[automl]`` and ``pyarrow``; without it there is no
AutoML in the tables. The AutoML learns from the same rows, is tested on the same rows, and gets Baton's own time for
the same outcome, or ``--seconds`` where that is more; both use one thread if ``OMP_NUM_THREADS=1``. Printed are metrics
of this run and nothing else.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

from baton.catalogue.load import load_catalogue
from baton.company import load_company
from baton.files import RunFolder
from benchmarks import real_automl, real_trials
from features.cases import build as cases_built
from features.staging import stage
from features.training.table import TrainingTable

PARTS = ("foreseen", "drivers", "advice")


def main(arguments: list[str] | None = None) -> None:
    """Run what is asked for and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("company", type=Path)
    parser.add_argument("--run", type=Path, required=True, help="folder of a run; what of it is undone is done")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--automl-python", default=None)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--halves", type=int, default=3)
    parser.add_argument("--permutations", type=int, default=20)
    chosen = parser.parse_args(arguments)
    from pipelines.run import run

    company, folder = load_company(chosen.company), RunFolder(chosen.run)
    run(company, folder)
    tables = [TrainingTable.load(path) for path in sorted(folder.training.iterdir()) if path.is_dir()]
    seed = company.company.seed
    for table in tables:
        if "foreseen" in chosen.parts:
            say(_foreseen(real_automl.compared(table, seed, chosen.automl_python, chosen.seconds)))
        if "drivers" in chosen.parts:
            say(_drivers(table, range(seed, seed + chosen.halves)))
    if "advice" not in chosen.parts:
        return
    warehouse = stage.open_warehouse(folder.staged)
    if "cases" not in warehouse:
        say("no cases, so no advice")
        return
    catalogue = load_catalogue(company)
    cases, organisation = cases_built.build(company, catalogue, warehouse)
    say("whole: " + _summary(real_trials.advised(company, catalogue, cases, organisation)))
    pairs: dict[str, list[tuple[real_trials.Advised, real_trials.Advised]]] = {}
    for by, at, one, two in real_trials.halves(company, catalogue, cases, organisation, range(chosen.halves)):
        say(f"half of the {by}s, split {at}: {_summary(one)}\n  the other half: {_summary(two)}")
        pairs.setdefault(by, []).append((one, two))
    for by, trial in pairs.items():
        agreed = {name: round(value, 2) for name, value in real_trials.agreement(trial).items()}
        say(f"halves by {by}, {len(trial)} splits: {agreed}")
    trials = []
    for at, trial in real_trials.permutations(company, catalogue, cases, organisation, range(chosen.permutations)):
        trials.append(trial)
        sys.stderr.write(f"permutation {at}: {_summary(trial)}\n")
    if trials:
        say(
            f"permuted outcomes, {len(trials)} times: joint test passed {sum(t.p_value <= 0.05 for t in trials)}, "
            f"companies with a sketched card {sum(t.sketched > 0 for t in trials)}, companies in which a made-up card "
            f"moved {sum(t.moved > 0 for t in trials)} ({sum(t.moved for t in trials)} cards), companies with an offer "
            f"of help {sum(t.coached > 0 for t in trials)}"
        )


def say(text: str, /) -> None:
    """Print at once, since runs are long."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _foreseen(found: real_automl.Compared, /) -> str:
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
            one, two = real_trials.drivers_on_halves(table, seed)
        except TooLittleDataError as error:
            return f"drivers on halves: {error}"
        ranks.append(real_trials.rank_correlation(one, two))
        tops.append(len(set(one.nlargest(5).index) & set(two.nlargest(5).index)))
    return f"drivers on halves: rank correlation {np.round(ranks, 2).tolist()}, of the first five in common {tops}"


def _summary(found: real_trials.Advised, /) -> str:
    effects = ", ".join(f"{kpi} {effect:+.4f}" for kpi, effect in found.effects.items())
    return (
        f"p {found.p_value:.3f}; {found.sketched} cards sketched; {found.moved} made-up cards moved {found.verdicts}; "
        f"{found.coached} offers of help; helpful effects: {effects or 'none'}"
    )


if __name__ == "__main__":
    main()
