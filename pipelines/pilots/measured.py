"""What evaluated pilots measured, beside the company file, for the next run to count with."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from baton.catalogue.schema import Catalogue
from baton.company import Company
from baton.errors import ArtefactError
from baton.files import read_json, write_json
from baton.messages.message import Message, Name
from models.advice.controllability.tried import Tried
from pipelines.pilots.planned import Plan
from pipelines.pilots.tried import definition_of, points_moved

__all__ = ["measured_files", "read_measured", "write_measured"]

_FORMAT = "baton.measured/1"


def write_measured(company: Company, plan: Plan, outcome: Mapping[str, Any], /) -> Path | None:
    """Write what a pilot measured, from its outcome as it is kept; whatever its verdict.

    Parameters
    ----------
    outcome : mapping
        ``verdict`` and ``effect`` (``effect``, ``low``, ``high``; None: without an end).

    Returns
    -------
    Path or None
        None where nothing was measured that counts: no verdict, or an interval without an end.
    """
    effect = outcome.get("effect") or {}
    ends = [effect.get(name) for name in ("effect", "low", "high")]
    if outcome.get("verdict") is None or not all(_finite(end) for end in ends):
        return None
    found = Tried(
        plan.name, plan.kpi, float(ends[0] or 0.0), float(ends[1] or 0.0), float(ends[2] or 0.0),
        points_moved(plan.kpi, plan.cards, plan.begins), len(plan.begins),
        None if plan.predicted is None else dict(plan.predicted),
    )  # fmt: skip
    path = _folder(company) / f"{plan.name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    definition = plan.definitions.get(plan.kpi)
    write_json(path, {"format": _FORMAT, "definition": definition, "verdict": outcome["verdict"], **asdict(found)})
    return path


def read_measured(company: Company, catalogue: Catalogue, /) -> tuple[tuple[Tried, ...], tuple[Message, ...]]:
    """Return what pilots measured of KPIs that are computed as they were then, and which pilots do not count.

    Raises
    ------
    ArtefactError
        If a file is none that an evaluation has left.
    """
    found, notes = [], []
    for path in measured_files(company):
        tried, definition = _read(path)
        kpi = catalogue.get(tried.kpi)
        if kpi is None or (definition is not None and definition != definition_of(kpi)):
            called = tried.kpi if kpi is None else Name(kpi.name.en, kpi.name.zh)
            notes.append(Message("controllability.other_definition", {"pilot": tried.pilot, "kpi": called}))
            continue
        found.append(tried)
    return tuple(found), tuple(notes)


def measured_files(company: Company, /) -> list[Path]:
    """Return the files of what pilots measured, by name."""
    return sorted(_folder(company).glob("*.json"))


def _read(path: Path, /) -> tuple[Tried, str | None]:
    given = dict(read_json(path))
    try:
        if given.pop("format") != _FORMAT:
            raise ValueError("of another version of Baton")
        definition, _ = given.pop("definition"), given.pop("verdict")
        tried = Tried(**given)
        numbers = (tried.effect, tried.low, tried.high, tried.points)
        if not all(_finite(number) for number in numbers) or tried.low > tried.high:
            raise ValueError("an interval that is none")
        if not isinstance(tried.predicted, dict | None):
            raise ValueError("a prediction that is none")
    except (KeyError, TypeError, ValueError) as error:
        raise ArtefactError(
            f"{path}: this is not what an evaluation has left ({error}); remove it, and `baton pilot evaluate "
            f"{path.stem}` writes it again"
        ) from error
    return tried, definition


def _finite(value: Any, /) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _folder(company: Company, /) -> Path:
    return company.folder / ".baton" / "pilots" / "measured"
