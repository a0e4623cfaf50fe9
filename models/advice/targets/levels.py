"""What each team delivered in every cycle, free of case mix, and how to say it in the KPI's own unit."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from baton.catalogue.schema import Catalogue, Kpi
from features.cases.table import CaseTable
from features.kpis.columns import kpi_column
from models.advice.coaching.closing import closing_shares
from models.effects.estimators.design import Design, Question, build_design

__all__ = ["CLOSES", "Delivered", "Levels", "cycles_of", "levels_of_cases", "levels_of_months"]

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

MAX_CYCLES = 8
"""Further back a team's past says little about what it changes in a cycle."""
MIN_CASES = 20
"""A team's figure of a cycle rests on at least so many cases."""
MIN_MONTHS = 2
CLOSES = 0.2
"""Share of a gap that closes within a cycle where nothing is known: as of experienced people in coaching."""
NOTHING = 1e-9
"""What stands for nothing where logarithms are taken."""
HALF = 0.5
"""Of what is missing to the best value ever seen: no target asks for more within a cycle."""


@dataclass(frozen=True)
class Levels:
    """One KPI as the teams delivered it, cycle by cycle, the last cycle first.

    Parameters
    ----------
    value : array of shape (cycles, teams)
        Deviations from comparable cases of the same months, more is better, on the scale of the design; NaN unknown.
    noise : array of shape (cycles, teams)
        Sampling variance of ``value``.
    own_share : array of shape (teams,)
        How much of the cases that a team is compared with are its own.
    peers : array of bool, shape (teams, teams)
        Which teams have comparable cases.
    raw : array of shape (teams,)
        The figure of the last cycle as managers know it, in the KPI's own unit.
    count : array of shape (teams,)
        Cases, or months, behind it.
    best : float
        The best single value seen, in the KPI's own unit.
    unit : float
        What one unit of ``value`` is in the KPI's own unit.
    on_logs : bool
    teams : tuple of str
    """

    kpi: Kpi
    value: Floats
    noise: Floats
    own_share: Floats
    peers: NDArray[np.bool_]
    raw: Floats
    count: Floats
    best: float
    unit: float
    on_logs: bool
    teams: tuple[str, ...]

    def own(self, team: int, level: float, /) -> float:
        """Return what a team's figure would be at a level, its cases being what they are.

        Of what separates it from the best value ever seen, at most half is asked for.
        """
        raw, moved = float(self.raw[team]), self.kpi.sign * (level - float(self.value[0, team]))
        if self.on_logs:
            found = raw * float(np.exp(moved))
        else:
            found = raw + moved
        limit = raw + HALF * (self.best - raw)
        return min(found, max(limit, raw)) if self.kpi.sign > 0 else max(found, min(limit, raw))

    def asked(self, team: int, level: float, /) -> float:
        """Return the level that ``own`` stands for: the same, or less where half-way to the best value is less."""
        return min(self.level(team, self.own(team, level)), level)

    def level(self, team: int, own: float, /) -> float:
        """Return the level at which a team's figure would be this."""
        raw = float(self.raw[team])
        if self.on_logs:
            moved = float(np.log(max(own, NOTHING) / max(raw, NOTHING)))
        else:
            moved = own - raw
        return float(self.value[0, team]) + self.kpi.sign * moved


def cycles_of(moments: pd.Series, as_of: pd.Timestamp, cycle_days: int, /) -> Codes:
    """Return how many whole cycles before now something was; -1 for what is too old, or in a cycle that began late."""
    age = ((as_of - moments).dt.total_seconds() / 86_400.0).to_numpy(dtype=np.float64)
    found = np.floor(np.maximum(age, 0.0) / cycle_days)
    whole = max(min(int(np.nanmax(age, initial=0.0) // cycle_days), MAX_CYCLES), 1)
    return np.where(found < whole, found, -1).astype(np.int64)


@dataclass(frozen=True)
class Delivered:
    """What teams delivered, KPI by KPI, and how gaps usually close.

    Parameters
    ----------
    levels : dict of str to Levels
        Per KPI.
    closing : float
        Share of a gap between teams that usually closes within a cycle.
    """

    levels: dict[str, Levels]
    closing: float = CLOSES


def levels_of_cases(
    cases: CaseTable,
    catalogue: Catalogue,
    kpis: tuple[str, ...],
    as_of: pd.Timestamp,
    cycle_days: int,
    /,
    *,
    against_peers: bool = True,
) -> Delivered:
    """Take the teams' levels from their cases.

    Parameters
    ----------
    cases : CaseTable
        Of the people who are compared.
    kpis : tuple of str
        With a column in the cases.
    against_peers : bool
        Whether months are compared each by itself; else a team is compared with itself over time.

    Returns
    -------
    Delivered
    """
    if not kpis or not cases.frame["team_id"].notna().any():
        return Delivered({})
    design = build_design(cases, catalogue, Question(None, kpis), unit="team", period=against_peers)
    frame = cases.frame.iloc[design.rows]
    if not against_peers:
        design = replace(design, period=pd.factorize(frame["period"])[0].astype(np.int64))
    opened = frame["opened_at"]
    cycle = cycles_of(opened, as_of, cycle_days)
    names = tuple(str(name) for name in pd.factorize(frame["team_id"])[1])
    levels = {
        kpi: _of_design(design, at, catalogue[kpi], frame[kpi_column(kpi)], cycle, names) for at, kpi in enumerate(kpis)
    }
    if not against_peers:
        return Delivered({kpi: _alone(found) for kpi, found in levels.items()})
    span = opened.max() - opened.min()
    teams = np.arange(len(names))
    late = (opened > opened.min() + span / 2).to_numpy()
    cycles = max(span.days / 2, 1) / cycle_days
    closing = closing_shares(design, teams, np.zeros(len(names), dtype=bool), late, cycles)[False]
    return Delivered(levels, closing)


def _alone(levels: Levels, /) -> Levels:
    """Return levels that say nothing about other teams."""
    count = len(levels.teams)
    return replace(levels, own_share=np.zeros(count), peers=np.eye(count, dtype=bool))


def _of_design(design: Design, at: int, kpi: Kpi, own: pd.Series, cycle: Codes, names: tuple[str, ...], /) -> Levels:
    number = own.to_numpy(dtype=np.float64, na_value=np.nan)
    known = np.isfinite(design.values[:, at])
    use = known & (cycle >= 0)
    cycles, teams = int(cycle.max(initial=0)) + 1, len(names)
    cell = cycle[use] * teams + design.employee[use]
    value, customer = design.values[use, at], design.customer[use]
    if design.handler_level[at]:
        # a month has one figure, whatever the number of cases that carry it
        months = int(design.period.max(initial=0)) + 2
        fine, cell_of = np.unique(cell * months + design.period[use] + 1, return_inverse=True)
        value = np.bincount(cell_of, value) / np.bincount(cell_of)
        cell = fine // months
        customer = np.arange(len(cell))
    mean, noise, count = _cells(value, cell, customer, cycles * teams)
    enough = count >= (MIN_MONTHS if design.handler_level[at] else MIN_CASES)
    last = known & (cycle == 0)
    return Levels(
        kpi=kpi,
        value=np.where(enough, mean, np.nan).reshape(cycles, teams),
        noise=noise.reshape(cycles, teams),
        own_share=_own_share(design, known, teams),
        peers=_peers(design, known, teams),
        raw=_raw(kpi, number[last], design.employee[last], teams),
        count=count[:teams],
        best=float(np.nanmax(number) if kpi.sign > 0 else np.nanmin(number)) if known.any() else np.nan,
        unit=float(design.unit[at]),
        on_logs=bool(design.unit[at] != 1.0),
        teams=names,
    )


def _cells(value: Floats, cell: Codes, customer: Codes, size: int, /) -> tuple[Floats, Floats, Floats]:
    """Means per cell, their sampling variances (cases of one customer go together), and counts."""
    count = np.bincount(cell, minlength=size).astype(np.float64)
    mean = np.divide(np.bincount(cell, value, size), count, where=count > 0, out=np.zeros(size))
    rest = value - mean[cell]
    square = float((rest**2).sum())
    freedom = float(np.maximum(count - 1, 0).sum())
    together = np.unique(cell * (int(customer.max(initial=0)) + 1) + customer, return_inverse=True)[1]
    clustered = float((np.bincount(together, rest) ** 2).sum()) if len(rest) else 0.0
    inflated = max(clustered / square, 1.0) if square > 0 else 1.0
    within = square / freedom * inflated if freedom > 0 else np.nan
    return mean, np.divide(within, count, where=count > 0, out=np.full(size, np.nan)), count


def _raw(kpi: Kpi, number: Floats, team: Codes, teams: int, /) -> Floats:
    """The teams' figures as managers know them."""
    grouped = pd.Series(number).groupby(team)
    if kpi.aggregate == "median":
        found = grouped.median()
    elif kpi.aggregate == "p90":
        found = grouped.quantile(0.9)
    else:
        found = grouped.mean()
    return found.reindex(range(teams)).to_numpy(dtype=np.float64)


def _own_share(design: Design, known: NDArray[np.bool_], teams: int, /) -> Floats:
    cells = design.process[known] * (int(design.period.max(initial=0)) + 2) + design.period[known] + 1
    team, cell = design.employee[known], np.unique(cells, return_inverse=True)[1]
    pair, which = np.unique(cell * teams + team, return_inverse=True)
    count = np.bincount(which).astype(np.float64)
    share = count / np.bincount(cell)[pair // teams]
    total = np.bincount(pair % teams, count, teams)
    return np.divide(np.bincount(pair % teams, count * share, teams), total, where=total > 0, out=np.ones(teams))


def _peers(design: Design, known: NDArray[np.bool_], teams: int, /) -> NDArray[np.bool_]:
    """Which teams share a process that is at least a tenth of what each does."""
    process = np.unique(design.process[known], return_inverse=True)[1]
    table = np.zeros((teams, int(process.max(initial=0)) + 1))
    np.add.at(table, (design.employee[known], process), 1.0)
    part = table >= 0.1 * np.maximum(table.sum(axis=1, keepdims=True), 1.0)
    part = part[:, part.sum(axis=0) > 1].astype(np.float32)
    return (part @ part.T) > 0


def levels_of_months(
    months: pd.DataFrame,
    kpi: Kpi,
    as_of: pd.Timestamp,
    cycle_days: int,
    /,
    *,
    against_peers: bool = True,
) -> Levels:
    """Take the teams' levels from monthly figures, which carry no case mix.

    Parameters
    ----------
    months : pandas.DataFrame
        team_id, month (its first), value (own unit).
    against_peers : bool
        As in ``levels_of_cases``.

    Returns
    -------
    Levels
    """
    rows = months.dropna(subset=["value"])
    team, names = pd.factorize(rows["team_id"].astype("str"), sort=True)
    middle = pd.to_datetime(rows["month"]) + pd.Timedelta(days=15)
    cycle = cycles_of(middle, as_of, cycle_days)
    number = rows["value"].to_numpy(dtype=np.float64)
    common = rows.groupby("month" if against_peers else "team_id")["value"].transform("mean")
    turned = kpi.sign * (number - common.to_numpy(dtype=np.float64))
    use = cycle >= 0
    cycles, count = int(cycle.max(initial=0)) + 1, len(names)
    cell = cycle[use] * count + team[use]
    mean, noise, seen = _cells(turned[use], cell, np.arange(len(cell)), cycles * count)
    last = cycle == 0
    found = Levels(
        kpi=kpi,
        value=np.where(seen >= MIN_MONTHS, mean, np.nan).reshape(cycles, count),
        noise=noise.reshape(cycles, count),
        own_share=np.full(count, 1.0 / max(count, 1)),
        peers=np.ones((count, count), dtype=bool),
        raw=_raw(kpi, number[last], team[last], count),
        count=seen[:count],
        best=float(number.max() if kpi.sign > 0 else number.min()) if len(number) else np.nan,
        unit=1.0,
        on_logs=False,
        teams=tuple(str(name) for name in names),
    )
    return found if against_peers else _alone(found)
