"""How long the steps of a run will take: as an earlier run here took, else roughly by the number of rows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from baton.company import Company
from baton.errors import BatonError
from baton.files import RunFolder, read_json
from baton.progress import about

__all__ = ["Expected", "expected", "of_rows", "rows_on_disk"]

# seconds of a step: at least, and per root of a thousand rows; measured on companies of 400 to 9.3 million rows with
# two cores to themselves (docs/speed.md)
_COSTS: Mapping[str, tuple[float, float]] = {
    "stage": (1.0, 0.35),
    "figures": (0.5, 0.1),
    "texts": (0.2, 0.0),
    "features": (0.2, 1.0),
    "train": (2.5, 1.3),
    "score": (0.1, 0.15),
    "price": (0.1, 0.02),
    "process": (0.1, 0.05),
    "advise": (1.0, 0.7),
    "what_if": (0.1, 0.05),
    "register": (7.0, 0.0),
    "report": (1.0, 0.02),
}
_WITH_TEXTS = (12.0, 1.2)
_OTHERS = (1.0, 0.0)
_BYTES_PER_ROW: Mapping[str, int] = {".parquet": 25, ".csv": 80, ".tsv": 80, ".txt": 80}
_BYTES_OF_SHEET = 50


@dataclass(frozen=True)
class Expected:
    """What a run is expected to take.

    Parameters
    ----------
    seconds : dict of str to float
        Per step; empty where nothing is known.
    basis : {"before", "rows", ""}
        An earlier run in the same folder, a rough rule by the number of rows, or nothing.
    rows : int
        Of all tables, then; 0: not known.
    """

    seconds: Mapping[str, float]
    basis: Literal["before", "rows", ""]
    rows: int = 0

    @property
    def text(self) -> str:
        """In English; empty where nothing is known.

        Examples
        --------
        >>> Expected({"stage": 20.0, "train": 70.0}, "before").text
        'expected: about 2 minutes, as the last run here took; steps whose inputs are unchanged take no time'
        """
        if not self.seconds:
            return ""
        whole = about(sum(self.seconds.values()))
        if self.basis == "before":
            return f"expected: {whole}, as the last run here took; steps whose inputs are unchanged take no time"
        return f"expected: {whole}, twice that on a slow or busy machine: a rough estimate from the size of the tables"


def expected(company: Company, folder: RunFolder, steps: Sequence[str], /) -> Expected:
    """Return what a run is expected to take, before anything is read.

    Parameters
    ----------
    steps : sequence of str
        Names of the steps, in their order.
    """
    before, rows = _before(folder, steps)
    if set(before) == set(steps):
        return Expected(before, "before", rows)
    found = rows_on_disk(company)
    if found is None:
        return Expected({}, "")
    return Expected(of_rows(found, steps, texts=False), "rows", found)


def of_rows(rows: int, steps: Sequence[str], /, *, texts: bool) -> dict[str, float]:
    """Return the seconds that steps take by a rough rule.

    Parameters
    ----------
    rows : int
        Of all tables.
    texts : bool
        Whether there are texts to read.

    Examples
    --------
    >>> {name: round(seconds) for name, seconds in of_rows(100_000, ["stage", "train"], texts=False).items()}
    {'stage': 4, 'train': 16}
    """
    root = math.sqrt(max(rows, 0) / 1000)
    costs = {**_COSTS, "texts": _WITH_TEXTS if texts else _COSTS["texts"]}
    return {name: least + per_root * root for name in steps for least, per_root in [costs.get(name, _OTHERS)]}


def rows_on_disk(company: Company, /) -> int | None:
    """Return roughly how many rows the files of all tables have, by their size; None where a table is no file."""
    total = 0.0
    for source in company.tables.values():
        if source.path is None:
            return None
        try:
            files = _files(company.resolve(source.path))
            total += sum(
                path.stat().st_size / _BYTES_PER_ROW.get(path.suffix.lower(), _BYTES_OF_SHEET) for path in files
            )
        except (OSError, ValueError, BatonError):  # whoever reads the table says what is wrong with it
            return None
    return round(total)


def _files(place: Path, /) -> list[Path]:
    if place.is_dir():
        return [path for path in place.rglob("*") if path.is_file()]
    if place.is_file():
        return [place]
    return [path for path in place.parent.glob(place.name) if path.is_file()]


def _before(folder: RunFolder, steps: Sequence[str], /) -> tuple[dict[str, float], int]:
    """Return what steps took when they were last done here, and the rows that there were."""
    found: dict[str, float] = {}
    rows = 0
    for name in steps:
        place = folder.steps / f"{name}.json"
        if not place.exists():
            continue
        try:
            record = read_json(place)
        except BatonError:  # a record that was cut off: the step is done again
            continue
        found[name] = max(float(record.get("seconds") or 0.0), 0.0)
        if name == "stage":
            rows = sum((record.get("rows") or {}).values())
    return found, rows
