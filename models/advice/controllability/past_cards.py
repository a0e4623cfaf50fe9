"""What past changes of cards moved: people whose points on a KPI changed, against those whose points did not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.cases.table import cards_in_force
from models.advice.coaching.gaps import measurements
from models.effects.estimators.design import Design

__all__ = ["Changes", "Responses", "compared", "responses"]

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

MAX_CHANGES = 12
"""Days on which cards changed: the latest are looked at."""
MIN_SEEN = 0.5
"""Cycles that a card must have been in force before and after a change for it to be compared."""
SETTLING = 1 / 6
"""Cycles after a change that are not counted: people take a while to answer."""
MIN_PEOPLE = 3
MIN_TEAMS = 3
"""Teams whose points changed, and teams whose points did not: fewer are single fates."""
PLACEBO_LEVEL = 0.05


@dataclass(frozen=True)
class Changes:
    """What is needed beside the design to compare.

    Parameters
    ----------
    scorecards : pandas.DataFrame
        The whole history: team_id, role, kpi, weight, valid_from.
    card : array of int, shape (people,)
        Which card each person works under, as a position in ``cards``; -1 none.
    cards : tuple of (str, str)
        Team and role.
    opened : pandas.Series
        When each of the design's cases was opened.
    cycle_days : int
    """

    scorecards: pd.DataFrame
    card: Codes
    cards: tuple[tuple[str, str], ...]
    opened: pd.Series
    cycle_days: int


@dataclass(frozen=True)
class Responses:
    """What the record of past cards shows.

    Parameters
    ----------
    verdict : {"none", "few", "differed", "learned"}
        ``none``: no card changed while others did not; ``few``: too few teams; ``differed``: KPIs already moved
        otherwise where points were to change, so that cards followed the figures and not the other way round.
    estimate : array of shape (levers,)
        Between-person standard deviations per point; NaN where nothing is known.
    covariance : array of shape (levers, levers)
        Of their errors; infinite on the diagonal where nothing is known.
    teams : array of int, shape (levers,)
        Teams whose points on the KPI changed.
    freedom : int
        Degrees of freedom: teams less one.
    """

    verdict: str
    estimate: Floats
    covariance: Floats
    teams: Codes
    freedom: int = 1


def compared(design: Design, changes: Changes, /) -> pd.DataFrame:
    """Set each card's figures before and after a change beside those of cards that did not change then.

    Parameters
    ----------
    design : Design
        Of all levers that people own.

    Returns
    -------
    pandas.DataFrame
        One row per day of a change, card and lever: ``cohort``, ``card``, ``team``, ``lever`` (position), ``points``
        (by how many they rose), ``after``, ``before``, ``recent`` (the last third of before), ``earlier`` (the cycle
        before that; NaN where unknown), all in between-person standard deviations, and ``people``.
    """
    changes = replace(changes, scorecards=_without_repeats(changes.scorecards, MIN_SEEN * changes.cycle_days))
    days = sorted(pd.Timestamp(day) for day in changes.scorecards["valid_from"].dropna().unique())
    first, last = changes.opened.min(), changes.opened.max()
    parts = [
        part for day in days[-MAX_CHANGES:] if first < day < last for part in _cohort(design, changes, day, first, last)
    ]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _cohort(
    design: Design, changes: Changes, day: pd.Timestamp, first: pd.Timestamp, last: pd.Timestamp, /
) -> Iterator[pd.DataFrame]:
    cycle = pd.Timedelta(days=changes.cycle_days)
    one, other = (_points(changes.scorecards, moment) for moment in (day - pd.Timedelta(seconds=1), day))
    begin, end = _in_force(changes, day, cycle, first, last)
    usable = np.array(
        [
            name in one and name in other and day - begin[at] >= MIN_SEEN * cycle and end[at] - day >= MIN_SEEN * cycle
            for at, name in enumerate(changes.cards)
        ],
        dtype=bool,
    )
    moved = {name: _moved(one[name], other[name]) for at, name in enumerate(changes.cards) if usable[at]}
    if not any(moved.values()) or not any(not change for change in moved.values()):
        return
    card = changes.card[design.employee]
    inside = (card >= 0) & usable[np.maximum(card, 0)]
    opened = changes.opened.to_numpy("datetime64[us]").astype(np.int64)
    starts, ends = (
        np.array([moment.to_datetime64() for moment in moments], "datetime64[us]").astype(np.int64)[np.maximum(card, 0)]
        for moments in (begin, end)
    )
    now, settled = (np.datetime64(moment, "us").astype(np.int64) for moment in (day, day + SETTLING * cycle))
    third = now - (now - starts) // 3
    width = np.int64(cycle / pd.Timedelta(microseconds=1))
    windows = {
        "before": inside & (opened >= starts) & (opened < now),
        "recent": inside & (opened >= third) & (opened < now),
        "earlier": inside & (opened >= starts - width) & (opened < starts),
        "after": inside & (opened >= settled) & (opened < ends),
    }
    for lever in range(design.size):
        found = _of_cards(design, changes, lever, windows)
        if found is None:
            continue
        names = [changes.cards[at] for at in found["card"]]
        kpi = design.levers[lever]
        found["points"] = [other[name].get(kpi, 0.0) - one[name].get(kpi, 0.0) for name in names]
        yield found.assign(cohort=str(day), team=[name[0] for name in names], lever=lever)


def _of_cards(
    design: Design, changes: Changes, lever: int, windows: dict[str, NDArray[np.bool_]], /
) -> pd.DataFrame | None:
    """Means over the people of each card who are known before and after, in between-person standard deviations."""
    team = np.array([changes.card[at] for at in range(changes.card.size)], np.int64)
    found = {name: measurements(design, lever, team, rows) for name, rows in windows.items()}
    before = found["before"]
    known = np.isfinite(before.value)
    spread = float(np.var(before.value[known]) - before.noise[known].mean()) if known.sum() > MIN_PEOPLE else 0.0
    both = known & np.isfinite(found["after"].value) & (changes.card >= 0)
    if spread <= 0 or not both.any():
        return None
    frame = pd.DataFrame({name: each.value / np.sqrt(spread) for name, each in found.items()})[both]
    grouped = frame.groupby(changes.card[both])
    means = grouped.mean().assign(people=grouped.size())
    means.index.name = "card"
    return means[means["people"] >= MIN_PEOPLE].reset_index()


def _without_repeats(scorecards: pd.DataFrame, min_days: float, /) -> pd.DataFrame:
    """Leave out cards that were issued again with the points that they had.

    Cards of every month have not changed every month, even where each month has targets of its own: those that are set
    anew at shorter intervals than two cards can be compared over are routine, and part of what every card does. A
    target that stands for longer counts as a change of its card.
    """
    issues = scorecards.dropna(subset=["valid_from"]).assign(role=lambda rows: rows["role"].fillna(""))
    kept = []
    for _, card in issues.groupby(["team_id", "role"], sort=False):
        given = list(card.groupby("valid_from"))
        points = _changes(given, ["kpi", "weight"])
        both = _changes(given, ["kpi", "weight", "target"])
        days = np.diff([given[at][0].value for at in both]) / pd.Timedelta(days=1).value
        chosen = points if len(both) > len(points) and np.median(days) < min_days else both
        kept += [given[at][1] for at in chosen]
    return pd.concat(kept, ignore_index=True) if kept else issues


def _changes(given: Sequence[tuple[pd.Timestamp, pd.DataFrame]], columns: list[str], /) -> list[int]:
    """Return the places of the issues of a card that differ from the one before; the first does."""
    stood, found = None, []
    for at, (_, rows) in enumerate(given):
        now = rows.reindex(columns=columns).sort_values("kpi").reset_index(drop=True)
        if stood is None or not now.equals(stood):
            found.append(at)
        stood = now
    return found


def _points(scorecards: pd.DataFrame, moment: pd.Timestamp, /) -> dict[tuple[str, str], dict[str, float]]:
    """Return the points of every card that is in force."""
    found: dict[tuple[str, str], dict[str, float]] = {}
    rows = cards_in_force(scorecards, moment)
    for row in rows[["team_id", "role", "kpi", "weight"]].itertuples(index=False):
        found.setdefault((str(row[0]), str(row[1])), {})[str(row[2])] = float(row[3])
    return found


def _moved(one: dict[str, float], other: dict[str, float], /) -> bool:
    return any(abs(one.get(kpi, 0.0) - other.get(kpi, 0.0)) > 1e-9 for kpi in {*one, *other})


def _in_force(
    changes: Changes, day: pd.Timestamp, cycle: pd.Timedelta, first: pd.Timestamp, last: pd.Timestamp, /
) -> tuple[list[pd.Timestamp], list[pd.Timestamp]]:
    """Return per card since when and until when nothing else changed, at most a cycle around a day."""
    rows = changes.scorecards.assign(role=changes.scorecards["role"].fillna(""))
    days = {key: sorted(set(own["valid_from"])) for key, own in rows.groupby(["team_id", "role"])}
    begin, end = [], []
    for name in changes.cards:
        own = [pd.Timestamp(each) for each in days.get(name, [])]
        begin.append(max([first, day - cycle, *(each for each in own[1:] if each < day)]))
        end.append(min([last, day + cycle, *(each for each in own if each > day)]))
    return begin, end


def responses(rows: pd.DataFrame, levers: int, declared: Floats, /) -> Responses:
    """Estimate by how much a KPI moves per point, as far as past changes of cards show it.

    Cards that changed are compared with those that did not by what both showed before: two cycles, and the last third
    of the latter, each with a coefficient that all KPIs share. A card that was changed because a figure was bad by
    chance is so expected to recover as others do who were as bad (regression to the mean). Errors leave out one team at
    a time, and are never smaller than what the spread of single cards explains. Where KPIs had already moved before
    their points did, nothing is believed.

    Parameters
    ----------
    rows : pandas.DataFrame
        Of ``compared``.
    declared : array of shape (levers,)
        The catalogue's controllability, by which levers count in the test of what was before.

    Source
    ------
    Card & Krueger 1994 and Ashenfelter 1978 (differences in differences, and the dip before a programme); Chabé-Ferret
    2015 (conditioning on outcomes before); MacKinnon, Nielsen & Webb 2023 (cluster jackknife).
    """
    nothing = np.full(levers, np.nan), np.diag(np.full(levers, np.inf)), np.zeros(levers, np.int64)
    if rows.empty:
        return Responses("none", *nothing)
    kept, teams = _enough(rows, levers)
    if not kept.any():
        return Responses("few", nothing[0], nothing[1], teams)
    rows = rows[kept[rows["lever"].to_numpy()]].reset_index(drop=True)
    groups = int(rows["team"].nunique())
    asked = np.flatnonzero(kept)
    checked = rows[rows["earlier"].notna()].reset_index(drop=True)
    still = _enough(checked, levers)[0] if len(checked) else np.zeros(levers, bool)
    if not still[asked].any():
        return Responses("few", nothing[0], nothing[1], teams)
    if _moved_before(checked[still[checked["lever"].to_numpy()]].reset_index(drop=True), declared):
        return Responses("differed", nothing[0], nothing[1], teams, groups - 1)
    known = rows["earlier"].notna().to_numpy()
    history = np.column_stack(
        [rows["before"], rows["recent"].fillna(rows["before"]), np.where(known, rows["earlier"], 0.0), known]
    )
    lever = rows["lever"].to_numpy()
    points = np.where(lever[:, None] == asked, rows["points"].to_numpy(float)[:, None], 0.0)
    slopes, errors = _slopes(rows, points, rows["after"].to_numpy(float), history)
    estimate, covariance = nothing[0].copy(), nothing[1].copy()
    estimate[asked] = slopes
    covariance[np.ix_(asked, asked)] = errors
    return Responses("learned", estimate, covariance, teams, groups - 1)


def _enough(rows: pd.DataFrame, levers: int, /) -> tuple[NDArray[np.bool_], Codes]:
    """Which levers enough teams changed their points on, while enough others did not; and how many changed."""
    kept, teams = np.zeros(levers, bool), np.zeros(levers, np.int64)
    for lever, own in rows.groupby("lever"):
        changed = own["points"].abs() > 1e-9
        beside = own[~changed & own["cohort"].isin(set(own.loc[changed, "cohort"]))]
        teams[lever] = own.loc[changed, "team"].nunique()
        enough = min(teams[lever], beside["team"].nunique()) >= MIN_TEAMS
        kept[lever] = enough and own["team"].nunique() >= 2 * MIN_TEAMS
    return kept, teams


def _moved_before(rows: pd.DataFrame, declared: Floats, /) -> bool:
    """Whether KPIs had moved with the points that were to come, all levers together."""
    from scipy.stats import t

    move = (rows["before"] - rows["earlier"]).to_numpy(float)
    points = rows["points"].to_numpy(float) * declared[rows["lever"].to_numpy()]
    slope, error = _slopes(rows, points[:, None], move, np.zeros((len(rows), 0)))
    pooled = float(slope[0]) / float(np.sqrt(error[0, 0]))
    return 2 * float(t.sf(abs(pooled), max(rows["team"].nunique() - 1, 1))) < PLACEBO_LEVEL


def _slopes(rows: pd.DataFrame, points: Floats, outcome: Floats, history: Floats, /) -> tuple[Floats, Floats]:
    """Regress on points, a column per slope, and on a history whose coefficients all levers share, within cohorts."""
    cell = pd.factorize(rows["cohort"].astype(str) + " " + rows["lever"].astype(str))[0]
    asked = points.shape[1]
    table = np.column_stack([points, history, outcome])
    weight = rows["people"].to_numpy(float)
    team, names = pd.factorize(rows["team"])

    def fit(chosen: NDArray[np.bool_]) -> tuple[Floats, Floats, Floats]:
        root = np.sqrt(weight[chosen])
        inside = _demeaned(table[chosen], cell[chosen], weight[chosen]) * root[:, None]
        known, y = inside[:, :-1], inside[:, -1]
        found = np.linalg.lstsq(known, y, rcond=None)[0]
        return found[:asked], known, y - known @ found

    everyone = np.ones(len(rows), bool)
    slopes, known, residual = fit(everyone)
    freedom = max(len(rows) - int(cell.max()) - 1 - known.shape[1], 1)
    plain = float(residual @ residual) / freedom * np.linalg.pinv(known.T @ known)[:asked, :asked]
    without = np.array([fit(team != at)[0] for at in range(len(names))])
    off = without - slopes
    clustered = (len(names) - 1) / len(names) * off.T @ off
    # whichever is larger, since few teams can agree by chance; what errors of KPIs have in common so few teams do not
    # show, and a KPI that answers far more than believed would pull others along by it
    return slopes, np.diag(np.maximum(np.diag(plain), np.diag(clustered)))


def _demeaned(table: Floats, cell: Codes, weight: Floats, /) -> Floats:
    total = np.bincount(cell, weight)
    total = np.where(total > 0, total, 1.0)
    means = np.column_stack([np.bincount(cell, weight * column) / total for column in table.T])
    return table - means[cell]
