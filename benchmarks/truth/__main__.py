"""Advice against the truth: ``python -m benchmarks.truth`` from the checkout.

``--worlds linear routing --size small --seeds 5 --results DIR`` judges five companies per world and prints one Markdown
table per size. Each company is one JSON line in the folder; a later call skips what is there, so that a run that was
stopped goes on. ``--end-to-end`` writes the companies of ``baton simulate`` as files and goes through the whole chain.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.truth import end_to_end
from benchmarks.truth.gaming import play
from benchmarks.truth.judge import judge
from benchmarks.truth.summary import table
from benchmarks.truth.worlds import SIZES, WORLDS

FILE = "companies.jsonl"
GAMING = "gaming"
"""Not a form but a sequel: people answer to the cards of four cycles."""


def main(arguments: list[str] | None = None) -> None:
    """Run the benchmark and print its tables."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if "--end-to-end" in arguments:
        end_to_end.main([each for each in arguments if each != "--end-to-end"])
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    worlds = [*WORLDS, GAMING]
    parser.add_argument("--worlds", nargs="+", choices=worlds, default=worlds, metavar="WORLD")
    parser.add_argument("--size", nargs="+", choices=sorted(SIZES), default=["small"])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first-seed", type=int, default=100)
    parser.add_argument("--roles", choices=("right", "wrong"), default="right")
    parser.add_argument("--again", action="store_true", help="ask for advice a month earlier too")
    parser.add_argument(
        "--econml-python", help="the Python of an environment with EconML, LightGBM and PyArrow, for one rival more"
    )
    parser.add_argument("--results", type=Path, help="folder of results, to be gone on with")
    parser.add_argument("--picture", type=Path, help="file for a picture of regret by world and rule")
    parser.add_argument(
        "--version", default="now", help="of the code that is judged: companies of another are judged anew"
    )
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as place:
        results = _run(chosen, Path(place) if chosen.results is None else chosen.results)
    if chosen.picture is not None:
        from benchmarks.truth.picture import draw

        draw(results, chosen.picture)
    for size in chosen.size:
        sys.stdout.write(table(results, size, chosen.roles) + "\n")


def _run(chosen: argparse.Namespace, folder: Path, /) -> list[dict[str, Any]]:
    """Judge what is not there yet; seeds outside, so that a run that is stopped has all worlds."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / FILE
    known = [json.loads(line) for line in file.read_text("utf-8").splitlines()] if file.exists() else []
    found = {_key(row): row for row in known}
    asked = []
    for seed in range(chosen.first_seed, chosen.first_seed + chosen.seeds):
        for size in chosen.size:
            for world in chosen.worlds:
                if world != GAMING or chosen.roles == "right":
                    asked.append((world, size, seed, chosen.roles, chosen.version))
    for at, key in enumerate(asked, 1):
        if key in found:
            continue
        world, size, seed = key[:3]
        if world == GAMING:
            row = play(size, seed)
        else:
            row = judge(world, size, seed, roles=chosen.roles, again=chosen.again, econml_python=chosen.econml_python)
        row |= {"version": chosen.version}
        with file.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(row) + "\n")
        found[key] = row
        regret = row.get("regret", {}).get("Baton")
        sys.stderr.write(f"{at} of {len(asked)}: {world}, {size}, seed {seed}: regret {regret}, {row['seconds']} s\n")
    return [found[key] for key in asked]


def _key(row: dict[str, Any], /) -> tuple[str, str, int, str, str]:
    return row["world"], row["size"], row["seed"], row["roles"], row["version"]


if __name__ == "__main__":
    main()
