"""Months of people and teams in a run: one's own beside the middle of comparable others, none of whom is shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from serving.loading import LoadedRun

__all__ = ["Course", "Months"]

_MIN_MONTHS, _MAX_MONTHS = 3, 24
_MIN_TEAMS = 3


@dataclass(frozen=True)
class Course:
    """A KPI of somebody month by month.

    Parameters
    ----------
    months : tuple of str
        Such as 2026-05.
    own : ndarray of float
        NaN where nothing is known.
    middle : ndarray of float
        Median of the others; NaN where they are too few.
    others : ndarray of int
        How many others have a value.
    """

    months: tuple[str, ...]
    own: NDArray[np.float64]
    middle: NDArray[np.float64]
    others: NDArray[np.int64]

    @property
    def has_middle(self) -> bool:
        """Whether others may be shown in any month."""
        return bool(np.isfinite(self.middle).any())


class _Table(NamedTuple):
    """Values of one KPI: a row per id, a column per month."""

    place: Mapping[str, int]
    months: tuple[str, ...]
    values: NDArray[np.float64]


class Months:
    """The months of a run's people and teams.

    Parameters
    ----------
    run : LoadedRun
        Whose months they are.
    """

    def __init__(self, run: LoadedRun, /) -> None:
        self._run = run
        self._of_team: dict[tuple[str, str], Course | None] = {}

    def of_person(self, person: str, kpi: str, min_group: int, /) -> Course | None:
        """Return somebody's months beside people of the same role, at least ``min_group`` of them."""
        role_of = self._run.members.role_of
        role = role_of.get(person)

        def is_colleague(other: str) -> bool:
            return role is not None and role_of.get(other) == role

        return self._course("employee", person, kpi, is_colleague, min_group)

    def of_team(self, team: str, kpi: str, /) -> Course | None:
        """Return a team's months beside the middle of other teams, at least three of them."""
        if (team, kpi) not in self._of_team:
            self._of_team[team, kpi] = self._course("team", team, kpi, lambda other: True, _MIN_TEAMS)
        return self._of_team[team, kpi]

    def has_teams(self, kpi: str, /) -> bool:
        """Whether months of teams are known of a KPI."""
        return ("team", kpi) in self._by_kpi

    def _course(
        self, unit: str, unit_id: str, kpi: str, is_comparable: Callable[[str], bool], min_others: int, /
    ) -> Course | None:
        table = self._by_kpi.get((unit, kpi))
        if table is None or unit_id not in table.place:
            return None
        place = table.place[unit_id]
        known = np.flatnonzero(np.isfinite(table.values[place]))
        if len(known) < _MIN_MONTHS:
            return None
        first = max(known[0], known[-1] + 1 - _MAX_MONTHS)
        values = table.values[:, first : known[-1] + 1]
        others = values[[at for name, at in table.place.items() if at != place and is_comparable(name)]]
        counts = np.isfinite(others).sum(axis=0)
        enough = counts >= min_others
        middle = np.full(values.shape[1], np.nan)
        middle[enough] = np.nanmedian(others[:, enough], axis=0)
        return Course(table.months[first : known[-1] + 1], values[place], middle, counts)

    @cached_property
    def _by_kpi(self) -> Mapping[tuple[str, str], _Table]:
        panel = self._run.table("advice/panel")
        if panel is None:
            return {}
        frame = panel.select(["unit", "unit_id", "kpi", "from", "value"]).to_pandas()
        frame = frame[frame["unit"].isin(["employee", "team"])].drop_duplicates(["unit", "unit_id", "kpi", "from"])
        found = {}
        for (unit, kpi), rows in frame.groupby(["unit", "kpi"], observed=True):
            wide = rows.pivot(index="unit_id", columns="from", values="value").sort_index(axis=1)
            months = tuple(f"{month:%Y-%m}" for month in wide.columns)
            place = {str(name): at for at, name in enumerate(wide.index)}
            found[str(unit), str(kpi)] = _Table(place, months, wide.to_numpy(dtype=float))
        return found
