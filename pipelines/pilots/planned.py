"""A pilot's plan as it is kept: what is tried where and when, and by which rule it will be judged."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from baton.company import Company
from baton.errors import ArtefactError, PolicyError
from baton.files import read_json, write_json
from baton.nearest import did_you_mean
from models.pilots.estimate import NEVER, Starts

__all__ = ["Plan", "read_plan", "write_plan"]

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")
_VERSION = 1


@dataclass(frozen=True)
class Plan:
    """What was drawn and stated before a pilot began; it never changes.

    Parameters
    ----------
    name, company : str
    kpi : str
        The outcome.
    guards : tuple of str
        KPIs that must not become worse.
    teams : tuple of str
        All that are compared.
    months : tuple of str
        First days of the months of the panel, ISO 8601.
    begin : int
        The place of the first month of the pilot among them.
    starts : tuple of int
        By team the place of the month in which it begins; -1: it does not begin.
    schedules : tuple of tuple of int
        All that might have been drawn, in the same form; the first is the one that was.
    better : int
        1 where more of the outcome is better, else -1.
    worthwhile, smallest : float or None
        In the outcome's unit: what would be worth having, and what is seen with a probability of 0.8; None: nothing is.
    false_alarms : float
        In trials on the past without any effect, how many were taken for one.
    seed : int
    """

    name: str
    company: str
    kpi: str
    guards: tuple[str, ...]
    teams: tuple[str, ...]
    months: tuple[str, ...]
    begin: int
    starts: tuple[int, ...]
    schedules: tuple[tuple[int, ...], ...]
    better: int
    worthwhile: float
    smallest: float | None
    false_alarms: float
    seed: int

    @property
    def sees_enough(self) -> bool:
        """Whether an effect that is worth having would probably be seen."""
        return self.smallest is not None and self.smallest <= self.worthwhile

    @property
    def begins(self) -> tuple[str, ...]:
        """The teams that begin at some time."""
        return tuple(team for team, start in zip(self.teams, self.starts, strict=True) if start >= 0)

    @property
    def dates(self) -> tuple[datetime, ...]:
        """The firsts of the months."""
        return tuple(datetime.fromisoformat(month) for month in self.months)

    def as_starts(self) -> tuple[Starts, Starts]:
        """Return what was drawn, and all schedules, as the estimators take them."""
        return _never(np.array(self.starts)), _never(np.array(self.schedules))


def _never(starts: np.ndarray, /) -> Starts:
    return np.where(starts < 0, NEVER, starts).astype(np.int64)


def write_plan(company: Company, plan: Plan, /, *, overwrite: bool = False) -> Path:
    """Keep a plan beside the company file.

    Raises
    ------
    PolicyError
        If the name is none, or there is a pilot of this name.
    """
    if not _NAME.fullmatch(plan.name):
        raise PolicyError(f"name {plan.name!r}: small letters, digits and hyphens, such as fcr-2026-07")
    path = _folder(company) / f"{plan.name}.json"
    if path.exists() and not overwrite:
        raise PolicyError(f"{path}: there is a pilot of this name; a plan is drawn once, so choose another --name")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, {"version": _VERSION, **asdict(plan)})
    return path


def read_plan(company: Company, name: str, /) -> Plan:
    """Read a plan.

    Raises
    ------
    ArtefactError
        If there is none of this name, or the file was changed by hand so that it is none.
    """
    folder = _folder(company)
    path = folder / f"{name}.json"
    if not _NAME.fullmatch(name) or not path.exists():
        known = [each.stem for each in folder.glob("*.json")]
        raise ArtefactError(f"pilot {name!r}: there is none{did_you_mean(name, known)}; `baton pilot plan` makes one")
    document: dict[str, Any] = read_json(path)
    try:
        if document.pop("version") != _VERSION:
            raise ArtefactError(f"{path}: a plan of another version of Baton")
        plan = Plan(**{key: _tuples(value) for key, value in document.items()})
        if plan.starts != plan.schedules[0] or len(plan.starts) != len(plan.teams):
            raise ValueError("what is carried out was not drawn")
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise ArtefactError(f"{path}: this is no plan that Baton drew ({error}); put it back from a backup") from error
    return plan


def _tuples(value: Any, /) -> Any:
    return tuple(_tuples(each) for each in value) if isinstance(value, list) else value


def _folder(company: Company, /) -> Path:
    return company.folder / ".baton" / "pilots"
