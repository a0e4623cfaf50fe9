"""Dirties a simulated company in known ways, one at a time and in pairs, and compares every output with the clean run.

For each way: **equal** (every output is the same), **reported** (another result, with a message that the clean run does
not have and that names the place), **refused** (nothing is computed; the message names the place), **silent** (another
result without a word) or **crash**. ``python -m benchmarks.dirt`` prints the table; it exits 1 if anything is silent or
crashes::

    python -m benchmarks.dirt [--company DIR] [--only WORD] [--pairs N] [--whole | --staged]
                              [--keep FILE [--rest]] [--markdown FILE]

With ``--keep`` findings are kept in a file after each way, in place of those of an earlier trial of the same way; the
table is then made of all that is kept. ``--rest`` tries only what is not kept yet.

What stands in the staged tables decides everything that follows, so the chain is run on only where they differ and
nothing has been said yet; ``--whole`` runs it always; with ``--staged`` what would be run counts as silent.
"""

from __future__ import annotations

import argparse
import itertools
import json
import re
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

import benchmarks.dirt_rows
import benchmarks.dirt_values  # noqa: F401 - both enter their ways of being dirty
from baton.company import Company, load_company
from baton.errors import BatonError
from baton.files import RunFolder
from baton.run_results import RunResults
from benchmarks.dirt_export import Export, read_export
from benchmarks.dirt_kinds import DIRTS, INNOCENT, Change, Dirt
from benchmarks.dirt_record import Finding, counted, page, remember, remembered
from features.quality.faults import CheckReport

__all__ = ["Clean", "Finding", "prepare", "try_dirt"]

CUSTOMERS, MONTHS, SEED = 400, 12, 5
_TOLERANCE = 1e-9
_BAD = ("silent", "crash")
_RESERVED = ("column ", "case column ")


@dataclass(frozen=True)
class Outputs:
    """What one export led to.

    Parameters
    ----------
    messages : tuple of str
    staged : dict of str to pandas.DataFrame
        The cleaned tables.
    cards : str
        What ``diagnose`` says of today's cards, as JSON; empty where the chain was not run.
    results : dict of str to pandas.DataFrame, optional
        Every result table; None where the chain was not run.
    refused : bool
    """

    messages: tuple[str, ...]
    staged: dict[str, pd.DataFrame]
    cards: str = ""
    results: dict[str, pd.DataFrame] | None = None
    refused: bool = False


@dataclass(frozen=True)
class Clean:
    """The clean company and what it led to."""

    export: Export
    outputs: Outputs
    scratch: Path
    wanted: dict[tuple[Change | None, ...], Outputs] = field(default_factory=dict)
    """What other exports led to that dirty ones are compared with."""

    @cached_property
    def whole(self) -> Outputs:
        """What it led to, with the whole chain run once."""
        return _outputs(self.export.copy().write(self.scratch / "whole"), whole=True)


def prepare(company: Path, scratch: Path, /) -> Clean:
    """Run the clean export of a simulated company."""
    from features.staging.pseudonyms import load_key

    load_key(company / "employees.key", outside=scratch / "nowhere")
    export = read_export(company)
    return Clean(export, _outputs(export.copy().write(scratch / "clean"), whole=False), scratch)


def try_dirt(
    clean: Clean, dirts: Sequence[Dirt], /, *, loud: Sequence[Dirt] | None = None, whole: bool | None = None
) -> Finding:
    """Dirty the company and say what came of it.

    Parameters
    ----------
    dirts : sequence of Dirt
        Applied one after the other.
    loud : sequence of Dirt, optional
        Those that must be named where outputs differ; None: all.
    whole : bool, optional
        Run the chain always, or (False) never: then staged tables that differ count as other results. None: where
        staged tables differ and nothing has been said.
    """
    loud = dirts if loud is None else loud
    names = tuple(dirt.name for dirt in dirts)
    with tempfile.TemporaryDirectory(dir=clean.scratch) as folder:
        try:
            place = _changed(clean, [(dirt, dirt.change) for dirt in dirts]).write(Path(folder) / "company")
            found = _outputs(place, whole=bool(whole))
            same = False
            if not found.refused:
                wanted = _wanted(clean, dirts, Path(folder) / "wanted", whole=bool(whole))
                same = _same_input(_renamed(found, dirts), wanted)
                if not same and whole is not False and not _named(loud, found, clean):
                    found = _outputs(place, whole=True)
                    wanted = _wanted(clean, dirts, Path(folder) / "wanted whole", whole=True)
                    same = found.results is not None and _same_results(_renamed(found, dirts), wanted)
        except Exception:
            return Finding(names, "crash", traceback.format_exc().strip().splitlines()[-1])
    messages = _named(loud, found, clean)
    if same:
        return Finding(names, "equal", messages)
    return Finding(names, ("refused" if found.refused else "reported") if messages else "silent", messages)


def _renamed(found: Outputs, dirts: Sequence[Dirt], /) -> Outputs:
    """Return outputs with a column of a reserved name called as in the export that they are compared with."""
    names = [dirt.column for dirt in dirts if dirt.like is not None and dirt.name.startswith(_RESERVED)]
    if not names:
        return found
    own = {(dirt.table, dirt.column) for dirt in dirts}
    staged = {
        key: _called(table, names).rename(columns={name: INNOCENT for name in names if (key, name) in own})
        for key, table in found.staged.items()
    }
    results = found.results and {key: _called(table, names) for key, table in found.results.items()}
    return replace(found, staged=staged, results=results)


def _called(table: pd.DataFrame, names: Sequence[str], /) -> pd.DataFrame:
    feature = re.compile("|".join(rf"\battribute__{re.escape(name)}(?!\w)" for name in names))
    texts = table.select_dtypes(exclude="number").columns
    return table.assign(
        **{name: table[name].map(lambda value: feature.sub(f"attribute__{INNOCENT}", str(value))) for name in texts}
    )


def _changed(clean: Clean, changes: Sequence[tuple[Dirt, Change | None]], /) -> Export:
    """Return the export with changes, each with the same rows by chance whatever else is changed."""
    export = clean.export.copy()
    for dirt, change in changes:
        if change is not None:
            change(export, np.random.default_rng([SEED, list(DIRTS).index(dirt.name)]))
    return export


def _wanted(clean: Clean, dirts: Sequence[Dirt], folder: Path, /, *, whole: bool) -> Outputs:
    """Return what should come out: of the clean export, or of one with blanks where words for "unknown" stand."""
    likes = tuple(dirt.like for dirt in dirts)
    if not any(likes):
        return clean.whole if whole else clean.outputs
    if whole or likes not in clean.wanted:
        outputs = _outputs(_changed(clean, [(dirt, dirt.like) for dirt in dirts]).write(folder), whole=whole)
        if whole:
            return outputs
        clean.wanted[likes] = outputs
    return clean.wanted[likes]


def _outputs(folder: Path, /, *, whole: bool) -> Outputs:
    """Stage, or run the whole chain if asked for; a refusal is read from ``validate``, which reports every fault."""
    from baton.catalogue.load import load_catalogue
    from features.staging.stage import stage
    from pipelines.run import run
    from pipelines.validate import validate

    place, company, results = RunFolder(folder / "out"), None, None
    try:
        company = load_company(folder / "company.toml")
        if whole:
            summary = run(company, place)
            messages = [*summary.warnings, *summary.skipped.values()]
            results = _results(place)
        else:
            messages = _reported(stage(company, load_catalogue(company), place.create().staged))
    except BatonError as error:
        messages = () if company is None else _reported(validate(company))
        return Outputs((*messages, str(error)), {}, refused=True)
    staged = {path.stem: pd.read_parquet(path) for path in sorted(place.staged.glob("*.parquet"))}
    return Outputs(tuple(messages), staged, _cards(company) if whole else "", results)


def _reported(report: CheckReport, /) -> list[str]:
    faults = [f"{fault.table}.{fault.column}: {fault.as_message().text}" for fault in report.faults]
    return [*faults, *report.notes, *report.left_out]


def _cards(company: Company, /) -> str:
    """What is said of today's cards without a run."""
    from pipelines.diagnosis.diagnose import diagnose

    found = diagnose(company, RunFolder(company.folder / "no run"))
    return json.dumps(found.sections(), sort_keys=True, default=str)


def _results(place: RunFolder, /) -> dict[str, pd.DataFrame]:
    left = RunResults(place)
    found = {name: left.table(name) for name in sorted(left.names) if "/" not in name}
    figures = [
        {"outcome": name, **{key: value for key, value in entry.items() if isinstance(value, int | float)}}
        for name, entry in left.evaluation.items()
    ]
    return {**found, "evaluation": pd.DataFrame(figures)}


def _same_input(one: Outputs, other: Outputs, /) -> bool:
    return one.cards == other.cards and _same_tables(one.staged, other.staged, ordered=True)


def _same_results(one: Outputs, other: Outputs, /) -> bool:
    return one.cards == other.cards and _same_tables(one.results or {}, other.results or {}, ordered=False)


def _same_tables(one: dict[str, pd.DataFrame], other: dict[str, pd.DataFrame], *, ordered: bool) -> bool:
    return one.keys() == other.keys() and all(_same(table, other[name], ordered) for name, table in one.items())


def _same(one: pd.DataFrame, other: pd.DataFrame, ordered: bool, /) -> bool:
    if one.shape != other.shape or set(one.columns) != set(other.columns):
        return False
    columns = list(other.columns)
    left, right = _written(one[columns], ordered), _written(other[columns], ordered)
    for name in columns:
        numbers = pd.to_numeric(left[name], errors="coerce"), pd.to_numeric(right[name], errors="coerce")
        near = np.isclose(*numbers, rtol=_TOLERANCE, atol=_TOLERANCE, equal_nan=False)
        if not (near | (left[name] == right[name]).to_numpy()).all():
            return False
    return True


def _written(table: pd.DataFrame, ordered: bool, /) -> pd.DataFrame:
    text = table.map(lambda value: f"{value:.9g}" if isinstance(value, float) else str(value))
    return text.reset_index(drop=True) if ordered else text.sort_values(list(text.columns)).reset_index(drop=True)


def _named(dirts: Sequence[Dirt], found: Outputs, clean: Clean, /) -> str:
    """Return a message per dirt that names it, or nothing where one is not named.

    Where a run is refused, the fault that stops it is enough: what lies behind it is looked at once it is mended.
    """
    known = (clean.outputs if found.results is None else clean.whole).messages
    new = [message for message in dict.fromkeys(found.messages) if message not in known]
    messages = [next((message for message in new if _names(message, dirt)), "") for dirt in dirts]
    enough = any(messages) if found.refused else all(messages)
    return " | ".join(filter(None, messages)) if enough else ""


def _names(message: str, dirt: Dirt, /) -> bool:
    text = message.casefold()
    place = all(
        re.search(rf"(?<![a-z]){re.escape(word.casefold())}", text) for word in (dirt.table, dirt.column) if word
    )
    return place and (not dirt.words or any(word.casefold() in text for word in dirt.words))


def _pairs(count: int, singles: dict[str, Finding], /) -> list[tuple[Dirt, Dirt]]:
    """Draw pairs; of two that are equal alone, or of which one is refused alone, nothing new is learned."""
    useful = [DIRTS[name] for name, finding in singles.items() if finding.verdict in ("equal", "reported")]
    pairs = [
        pair
        for pair in itertools.combinations(useful, 2)
        if "reported" in {singles[dirt.name].verdict for dirt in pair}
    ]
    order = np.random.default_rng(SEED).permutation(len(pairs))[:count]
    return [pairs[place] for place in sorted(order)]


def _pair_finding(clean: Clean, pair: tuple[Dirt, Dirt], singles: dict[str, Finding], whole: bool | None, /) -> Finding:
    """Try a pair; what alone changes results must be named."""
    loud = [dirt for dirt in pair if singles[dirt.name].verdict == "reported"]
    return try_dirt(clean, pair, loud=loud, whole=whole)


def main(arguments: list[str] | None = None) -> int:
    """Try every way, print the table, and return 1 if anything is silent or crashes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--company", type=Path, help="a simulated company; default: a small one is made")
    parser.add_argument("--only", default="", help="ways whose name fits this pattern")
    parser.add_argument("--pairs", type=int, default=0, help="how many pairs are tried too")
    chain = parser.add_mutually_exclusive_group()
    chain.add_argument("--whole", action="store_true", default=None, help="run the whole chain for every way")
    chain.add_argument("--staged", action="store_false", dest="whole", help="compare staged tables alone")
    parser.add_argument("--keep", type=Path, help="where findings are kept from run to run, as JSON")
    parser.add_argument("--rest", action="store_true", help="try only ways that are not kept yet")
    parser.add_argument(
        "--markdown", type=Path, help="where the tables are written, between the page's marks if it has any"
    )
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="baton-dirt-") as folder:
        scratch, company = Path(folder), chosen.company
        if company is None:
            from pipelines.simulate import simulate

            company = scratch / "company"
            simulate(company, scenario="service", customers=CUSTOMERS, months=MONTHS, seed=SEED)
        keep = chosen.keep or scratch / "findings.json"
        kept = set(remembered(keep)) if chosen.rest else set()
        clean = prepare(company, scratch)
        for name, dirt in DIRTS.items():
            if re.search(chosen.only, name) and (name,) not in kept:
                _tried(keep, lambda dirt=dirt: try_dirt(clean, [dirt], whole=chosen.whole))
        # rows are cut by times as the clean export writes them, before these are written in another way
        known = remembered(keep)
        singles = {name: known[name,] for name in DIRTS if (name,) in known}
        for pair in _pairs(chosen.pairs, singles):
            if tuple(dirt.name for dirt in pair) not in kept:
                _tried(keep, lambda pair=pair: _pair_finding(clean, pair, singles, chosen.whole))
        found = list(remembered(keep).values())
    for what, number in (("alone", 1), ("in pairs", 2)):
        print(f"{what}: {counted([one for one in found if len(one.names) == number])}")
    if chosen.markdown:
        text = chosen.markdown.read_text(encoding="utf-8") if chosen.markdown.exists() else ""
        chosen.markdown.write_text(page(text, found, _described(clean.export)), encoding="utf-8")
    return 1 if any(finding.verdict in _BAD for finding in found) else 0


def _described(export: Export, /) -> str:
    described = load_company(export.company).company
    rows = {name: len(export.tables[name]) for name in ("customers", "employees", "cases", "activity")}
    counts = ", ".join(
        f"{count:,} {'rows of activity' if name == 'activity' else name}" for name, count in rows.items()
    )
    return f"`baton simulate`, scenario {described.scenario}, seed {described.seed}: {counts}"


def _tried(keep: Path, work: Callable[[], Finding], /) -> None:
    started = time.monotonic()
    finding = replace(work(), date=datetime.now(UTC).date().isoformat())
    remember(keep, [finding])
    seconds, name = time.monotonic() - started, " + ".join(finding.names)
    print(f"{finding.verdict:8} {name:40} {seconds:5.1f} s  {finding.message[:200]}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
