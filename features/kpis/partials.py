"""Partial results that a run keeps for the next: days of units, and windows of customers at earlier moments.

A pass (rows of one source with their unit, the moment each was known, and the KPIs' values) is fingerprinted by the day
on which its rows were known: their number and the sum of their hashes. What an earlier run has kept stands as long as
the days that it saw have the same fingerprints, and the KPIs the same definition. So an appended month leaves earlier
days as they are; a corrected past, a rating that comes late, or a person who changed teams is noticed where it counts.

``days`` keeps one file per month of daily sums, counts and extremes, from which any window is put together. ``windows``
keeps the finished windows of each moment, where days cannot be added up (quantiles, distinct counts) or would be hardly
fewer than the rows (customers, employees).
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.types as ir

from baton.errors import OutputError
from baton.files import read_json, write_json
from features.kpis.sampling import Population
from features.kpis.sql import Span

__all__ = ["Partials", "Pass", "made_by"]

_INDEX = "index.json"
_MAKERS = ("aggregates.py", "partials.py", "row_pass.py", "sql.py")


def made_by() -> str:
    """Return a fingerprint of the code and the engine that make partial results out of a pass's rows.

    What makes the rows themselves is not in it: other rows have other fingerprints.
    """
    import duckdb

    summary = hashlib.blake2b(duckdb.__version__.encode(), digest_size=12)
    for name in _MAKERS:
        summary.update((Path(__file__).parent / name).read_bytes())
    return summary.hexdigest()


@dataclass(frozen=True)
class Pass:
    """The rows of a pass, and what they mean.

    Parameters
    ----------
    grain, source : str
    defined : tuple
        How rows reach their unit, when they are known, and the KPIs: anything that JSON can say.
    rows : ibis Table
        ``unit_id``, ``known_at_``, ``day_`` (the day that ends with the first midnight not before ``known_at_``) and
        values.
    """

    grain: str
    source: str
    defined: tuple[Any, ...]
    rows: ir.Table = field(repr=False)


class Partials:
    """The partial results of one run folder, for one state of the staged tables.

    Parameters
    ----------
    folder : Path
        Made where something is kept.
    made_by : str
        Fingerprint of code and engine (``made_by``): another version computes again.
    """

    def __init__(self, folder: Path, made_by: str) -> None:
        self.folder = folder
        self._made_by = made_by
        self._asked: dict[Path, set[str]] = {}
        self._prints: dict[str, dict[str, list[Any]]] = {}
        self.computed: dict[str, int] = {"months": 0, "windows": 0}
        self.kept: dict[str, int] = {"months": 0, "windows": 0}

    def days(self, of: Pass, make: Callable[[ir.Table], ir.Table], /) -> ir.Table:
        """Return a pass's daily parts; months whose rows are as they were are read, the others made.

        Parameters
        ----------
        make : callable
            From rows to one row per ``unit_id`` and ``day_``.

        Returns
        -------
        ibis Table
            What ``make`` gives, of all days.

        Raises
        ------
        OutputError
            If the disk is full or the folder cannot be written.
        """
        place = self._place("days", of)
        months: dict[str, dict[str, list[Any]]] = {}
        for day, print_ in self._fingerprints(of).items():
            months.setdefault(day[:7], {})[day] = print_
        wanted = {month: _digest(days) for month, days in months.items()}
        self._asked.setdefault(place, set()).update(wanted)
        index = _Index(place)
        changed = sorted(month for month, key in wanted.items() if index.entries.get(month) != key)
        self.computed["months"] += len(changed)
        self.kept["months"] += len(wanted) - len(changed)
        index.drop({*changed, *(index.entries.keys() - wanted.keys())})
        if changed:
            fresh = make(of.rows.filter(of.rows.day_.cast("string").left(7).isin(changed)))
            _write(fresh.mutate(part_=fresh.day_.cast("string").left(7)), place)
            index.add({month: wanted[month] for month in changed})
        found = _read(of.rows, place, wanted)
        return make(of.rows) if found is None else found

    def windows(
        self,
        of: Pass,
        spans: Sequence[Span],
        labels: Sequence[str],
        population: Population | None,
        make: Callable[[ir.Table, Sequence[Span]], ir.Table],
        /,
    ) -> ir.Table:
        """Return a pass's windows; those of moments whose rows are as they were are read, the others made.

        Parameters
        ----------
        spans, labels
            Windows that begin and end at midnight, and their names.
        population : Population or None
            The units asked for; a moment kept for more of them serves too.
        make : callable
            From rows and spans to one row per ``unit_id`` and ``as_of``.

        Returns
        -------
        ibis Table
            What ``make`` gives, of all spans.

        Raises
        ------
        OutputError
            If the disk is full or the folder cannot be written.
        """
        place = self._place("windows", of, list(labels))
        prints = self._fingerprints(of)
        index = _Index(place)
        share, seed = (1.0, None) if population is None else (population.share, population.seed)
        wanted: dict[str, list[Any]] = {}
        changed: list[Span] = []
        for span in spans:
            name, key = f"{span.as_of:%Y-%m-%d}", _digest([_seen(span, prints), [str(start) for start in span.starts]])
            known = index.entries.get(name)
            if known is not None and known[0] == key and (known[1] == 1 or (known[1] >= share and known[2] == seed)):
                wanted[name] = known
            else:
                wanted[name] = [key, share, seed if share < 1 else None]
                changed.append(span)
        self.computed["windows"] += len(changed)
        self.kept["windows"] += len(spans) - len(changed)
        names = {f"{span.as_of:%Y-%m-%d}" for span in changed}
        self._asked.setdefault(place, set()).update(wanted)
        index.drop(names)
        if changed:
            earliest = min(start for span in changed for start in span.starts)
            rows = of.rows.filter(of.rows.known_at_ > ibis.literal(earliest, type="timestamp(6)"))
            fresh = make(rows if population is None else population.of(rows), changed)
            _write(fresh.mutate(part_=fresh.as_of.cast("date").cast("string")), place)
            index.add({name: wanted[name] for name in names})
        found = _read(of.rows, place, wanted)
        return make(of.rows, spans) if found is None else found

    def tidy(self) -> None:
        """Remove what nobody has asked for since this was opened: KPIs that are gone or defined anew, other moments."""
        for place in self.folder.glob("*/*"):
            if place not in self._asked:
                shutil.rmtree(place, ignore_errors=True)
        for place, names in self._asked.items():
            index = _Index(place)
            index.drop(index.entries.keys() - names)

    def _fingerprints(self, of: Pass, /) -> dict[str, list[Any]]:
        """Return number of rows and sum of their hashes per day on which they were known; asked for once in a run."""
        key = _digest([of.grain, of.source, of.defined])
        if key not in self._prints:
            backend: Any = of.rows.get_backend()
            listed = ", ".join(f'"{name}"' for name in of.rows.columns if name != "day_")
            found = backend.con.cursor().execute(
                f"SELECT CAST(day_ AS VARCHAR), count(*), CAST(sum(hash({listed})) AS VARCHAR) "
                f"FROM ({backend.compile(of.rows)}) GROUP BY day_ ORDER BY day_"
            )
            self._prints[key] = {day: [count, total] for day, count, total in found.fetchall()}
        return self._prints[key]

    def _place(self, kind: str, of: Pass, /, *more: Any) -> Path:
        key = _digest([self._made_by, kind, of.grain, of.source, of.defined, *more])
        return self.folder / kind / f"{of.grain}-{of.source}-{key[:12]}"


class _Index:
    """What of a pass lies in its folder; what is being written is not in it."""

    def __init__(self, place: Path, /) -> None:
        self._path = place / _INDEX
        self._place = place
        self.entries: dict[str, Any] = read_json(self._path) if self._path.exists() else {}

    def drop(self, names: set[str], /) -> None:
        gone = names & self.entries.keys()
        if gone:
            self.entries = {name: entry for name, entry in self.entries.items() if name not in gone}
            write_json(self._path, self.entries)
        for name in names:
            shutil.rmtree(self._place / f"part_={name}", ignore_errors=True)

    def add(self, entries: Mapping[str, Any], /) -> None:
        self.entries = dict(sorted({**self.entries, **entries}.items()))
        write_json(self._path, self.entries)


def _seen(span: Span, prints: Mapping[str, list[Any]], /) -> dict[str, list[Any]]:
    """Fingerprints of the days in a moment's longest window."""
    day, end = min(span.starts).date(), span.as_of.date()
    days: list[date] = [day + timedelta(days=step) for step in range((end - day).days)]
    return {str(day): prints[str(day)] for day in days if str(day) in prints}


def _write(table: ir.Table, place: Path, /) -> None:
    backend: Any = table.get_backend()
    try:
        place.mkdir(parents=True, exist_ok=True)
        backend.to_parquet(table, place, partition_by="part_", overwrite_or_ignore=True, compression="zstd")
    except Exception as error:
        import duckdb

        if isinstance(error, OSError | duckdb.IOException):
            raise OutputError(f"{place}: cannot be written ({error}); free space or choose --out") from error
        raise


def _read(rows: ir.Table, place: Path, names: Mapping[str, Any], /) -> ir.Table | None:
    """Return what is kept under the names; None where none of them has rows."""
    files = [path for name in sorted(names) for path in sorted((place / f"part_={name}").glob("*.parquet"))]
    if not files:
        return None
    backend: Any = rows.get_backend()
    return backend.read_parquet(files, hive_partitioning=False)


def _digest(value: Any, /) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()
