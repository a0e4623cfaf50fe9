"""A pilot's plan as it is kept: what is tried where and when, and by which rule it will be judged."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from baton.company import Company
from baton.errors import ArtefactError, PolicyError
from baton.files import read_json, write_json
from baton.nearest import did_you_mean
from models.pilots.estimate import NEVER, Starts

__all__ = ["Plan", "check_name", "plan_document", "plan_of", "read_plan", "require_same", "write_plan"]

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")
_TAKEN = ("ledger", "policy")
"""What the service answers under these names is no pilot."""
_VERSION = 2
_KNOWN_VERSIONS = (1, 2)  # one of the first version has no more than was drawn


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
    alpha : float
        Of the test, and of guards all together.
    looks : int
        How often a verdict is given: once, after the last month.
    max_shared : float
        Of the customers of teams with the change, how many teams without it may serve too; beyond it no verdict.
    definitions : mapping of str to str
        By KPI the digest of how it was computed when the pilot was planned.
    cards : tuple of dict
        Lines of the cards that are tried: team_id, role, kpi, current, tried (points); empty: something else is tried.
    predicted : mapping or None
        What the outcome should move by: effect, low, high, level, basis; None: nothing was stated.
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
    alpha: float = 0.1
    looks: int = 1
    max_shared: float = 1.0
    definitions: Mapping[str, str] = field(default_factory=dict)
    cards: tuple[dict[str, Any], ...] = ()
    predicted: Mapping[str, Any] | None = None

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


def check_name(company: Company, name: str, /) -> None:
    """Refuse a name that is none, or of a plan that is there.

    Raises
    ------
    PolicyError
    """
    if not _NAME.fullmatch(name):
        raise PolicyError(f"name {name!r}: small letters, digits and hyphens, such as fcr-2026-07")
    if name in _TAKEN:
        raise PolicyError(f"name {name!r}: the service answers something else under it; choose another --name")
    path = _folder(company) / f"{name}.json"
    if path.exists():
        raise PolicyError(f"{path}: there is a pilot of this name; a plan is drawn once, so choose another --name")


def write_plan(company: Company, plan: Plan, /) -> Path:
    """Write a plan beside the company file.

    Raises
    ------
    PolicyError
        If the name is none, or there is a plan of this name.
    """
    check_name(company, plan.name)
    path = _folder(company) / f"{plan.name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, plan_document(plan))
    return path


def plan_document(plan: Plan, /) -> dict[str, Any]:
    """Return a plan as JSON has it."""
    return {"version": _VERSION, **asdict(plan)}


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
    return plan_of(read_json(path), str(path))


def plan_of(document: Mapping[str, Any], where: str, /) -> Plan:
    """Return the plan of a document.

    Raises
    ------
    ArtefactError
        If it is none, or not one that was drawn.
    """
    given = dict(document)
    try:
        if given.pop("version") not in _KNOWN_VERSIONS:
            raise ArtefactError(f"{where}: a plan of another version of Baton")
        plan = Plan(**{key: _tuples(value) for key, value in given.items()})
        if plan.starts != plan.schedules[0] or len(plan.starts) != len(plan.teams):
            raise ValueError("what is carried out was not drawn")
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise ArtefactError(f"{where}: this is no plan that Baton drew ({error}); put it back from a backup") from error
    return plan


def require_same(company: Company, plan: Plan, /) -> None:
    """Refuse where the file of a plan is not what was kept when the pilot was planned; the file may be gone.

    Raises
    ------
    ArtefactError
        If it says something else: a rule does not change once it was stated.
    """
    path = _folder(company) / f"{plan.name}.json"
    if path.exists() and plan_of(read_json(path), str(path)) != plan:
        raise ArtefactError(
            f"{path}: is not the plan that was kept when the pilot was planned, and a plan never changes; put the file "
            "back, or remove it: the plan that was kept holds"
        )


def _tuples(value: Any, /) -> Any:
    return tuple(_tuples(each) for each in value) if isinstance(value, list) else value


def _folder(company: Company, /) -> Path:
    return company.folder / ".baton" / "pilots"
