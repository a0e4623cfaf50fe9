"""How far people and teams lie behind comparable peers, free of case mix and chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.effects.estimators.design import Design

__all__ = ["GAP_SD", "GROUP_GAP_SD", "Measurements", "Standing", "measurements", "standing"]

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

GAP_SD = 0.75
"""A person's gap is worth acting on from this many between-person standard deviations."""
GROUP_GAP_SD = 0.5
"""A team's or a process's, which concerns many."""
REWEIGHTINGS = 200
MIN_CASES = 10
MIN_PEERS = 8
# between teams, in variances between a team's persons: what is believed before looking, and how many teams it counts
TEAM_PRIOR, TEAM_PRIOR_TEAMS = 0.1, 3.0
MAX_OF_A_TEAM = 0.6
SHOWS_SHARE = 0.5


@dataclass(frozen=True)
class Measurements:
    """One lever as each employee delivered it, deviations from comparable cases, higher is better.

    Parameters
    ----------
    value : array of shape (employees,)
        NaN where too little is known.
    noise : array of shape (employees,)
        Sampling variance of ``value``.
    count : array of shape (employees,)
        Cases behind it.
    team : array of int, shape (employees,)
        -1 unknown.
    """

    value: Floats
    noise: Floats
    count: Floats
    team: Codes


@dataclass(frozen=True)
class Standing:
    """What is believed about true gaps after looking; positive is behind.

    Parameters
    ----------
    spread : float
        Between-person standard deviation, in the unit of the design's column.
    gap, error, probability : arrays of shape (employees,)
        Expected true gap in between-person SDs, how uncertain it is (an SD), and the probability that it exceeds
        ``GAP_SD``; NaN where unknown. For people of a team that is behind as a whole, the gap beyond the team's.
    team_gap, team_probability : arrays of shape (teams,)
        The same for teams, against the people of other teams; the probability that it exceeds ``GROUP_GAP_SD``.
    team_broad : array of bool, shape (teams,)
        Whether most of the team shows the gap.
    reliability : array of shape (employees,)
        Share of the variance of ``value`` that is the person.
    """

    spread: float
    gap: Floats
    error: Floats
    probability: Floats
    team_gap: Floats
    team_probability: Floats
    team_broad: NDArray[np.bool_]
    reliability: Floats


def measurements(design: Design, at: int, team: Codes, rows: NDArray[np.bool_] | None = None, /) -> Measurements:
    """Take one lever's means per employee, and how uncertain they are.

    For a lever that the case carries, chance is the spread of single cases; for one that is the handler's, of months.

    Parameters
    ----------
    at : int
        Position of the lever.
    team : array of int, shape (employees,)
    rows : array of bool, optional
        Cases to use; all if left out.
    """
    known = np.isfinite(design.values[:, at])
    known = known if rows is None else known & rows
    employee, value = design.employee[known], design.values[known, at]
    people = team.size
    cases = np.bincount(employee, minlength=people).astype(np.float64)
    if design.handler_level[at]:
        months = int(design.period.max(initial=0)) + 2
        cell = employee * months + design.period[known] + 1
        filled = np.bincount(cell, minlength=people * months)
        value = np.divide(
            np.bincount(cell, value, people * months), filled, where=filled > 0, out=np.zeros(filled.size)
        )
        employee, value = np.arange(filled.size)[filled > 0] // months, value[filled > 0]
    number = np.bincount(employee, minlength=people).astype(np.float64)
    mean = np.divide(np.bincount(employee, value, people), number, where=number > 0, out=np.zeros(people))
    freedom = float(np.maximum(number - 1, 0).sum())
    within = float(((value - mean[employee]) ** 2).sum()) / freedom if freedom > 0 else np.nan
    enough = (cases >= MIN_CASES) & np.isfinite(within)
    noise = np.divide(within, number, where=number > 0, out=np.full(people, np.nan))
    return Measurements(np.where(enough, _against_others(design, mean, cases, team), np.nan), noise, cases, team)


def _against_others(design: Design, mean: Floats, cases: Floats, team: Codes, /) -> Floats:
    """Measure against other teams' people: what a whole team suffers must not become the yardstick.

    Values are deviations from all cases of a process, the team's own included; its share of them is adjusted for.
    """
    teams = int(team.max(initial=-1)) + 1
    if teams < 2:
        return mean
    processes = int(design.process.max(initial=-1)) + 2
    own_team = team[design.employee]
    belongs = own_team >= 0
    table = np.zeros((teams, processes))
    np.add.at(table, (own_team[belongs], design.process[belongs] + 1), 1.0)
    share_of_process = table / np.maximum(table.sum(axis=0), 1.0)
    share = (share_of_process * table).sum(axis=1) / np.maximum(table.sum(axis=1), 1.0)
    inside = team >= 0
    weight = np.where(inside, cases, 0.0)
    total = np.bincount(np.maximum(team, 0), weight * mean, teams)
    centre = total / np.maximum(np.bincount(np.maximum(team, 0), weight, teams), 1.0)
    # a team that has a queue for itself has no peers elsewhere
    lift = np.where(share < 0.95, share / np.maximum(1 - share, 0.05), 0.0) * centre
    return mean + np.where(inside, lift[np.maximum(team, 0)], 0.0)


def standing(found: Measurements, min_group: int, rng: np.random.Generator, /) -> Standing | None:
    """Tell true gaps from chance, and people's from their team's.

    Parameters
    ----------
    min_group : int
        Teams with fewer people are not judged.
    rng : numpy.random.Generator
        For the uncertainty of how much people and teams differ.

    Returns
    -------
    Standing or None
        None where differences between people are not significant.

    Source
    ------
    Adams 2009 (reliability); Spiegelhalter 2005 (common against special causes); normal-normal shrinkage in two levels.
    """
    rows = np.flatnonzero(np.isfinite(found.value))
    if rows.size < MIN_PEERS:
        return None
    value, noise = found.value[rows], np.maximum(found.noise[rows], 1e-12)
    # people without a team are a team of their own each: nothing is shared
    codes = np.where(found.team[rows] >= 0, found.team[rows], found.team.max(initial=-1) + 1 + np.arange(rows.size))
    groups = np.unique(codes, return_inverse=True)[1]
    person, team = _components(value, noise, groups, np.ones((1, rows.size)))
    if person[0] + team[0] <= 0:
        return None
    spread = float(np.sqrt(person[0] + team[0]))
    weights = rng.exponential(size=(REWEIGHTINGS, rows.size))
    persons, teams = _components(value, noise, groups, weights)
    floor = 0.05 * spread**2
    persons = np.maximum(persons, floor)
    believed = np.sqrt(persons + teams)[:, None]
    tau_mean, tau_variance, reliability = _posterior_of_teams(value, noise, groups, persons, teams)
    size = np.bincount(groups)
    # a few who are far behind pull their team down; most show it only if most lie at least half as far behind
    shows = np.bincount(groups, value < SHOWS_SHARE * tau_mean.mean(axis=0)[groups]) / size
    team_probability = _below(tau_mean, tau_variance, GROUP_GAP_SD * believed).mean(axis=0)
    broad = (shows >= MAX_OF_A_TEAM) & (size >= min_group)
    common = broad[groups] & (team_probability[groups] > 0.5)
    own_mean = reliability * (value - tau_mean[:, groups])
    own_variance = (1 - reliability) * persons[:, None] + reliability**2 * tau_variance[:, groups]
    all_mean = reliability * value + (1 - reliability) * tau_mean[:, groups]
    all_variance = (1 - reliability) * persons[:, None] + (1 - reliability) ** 2 * tau_variance[:, groups]
    mean, variance = np.where(common, own_mean, all_mean), np.where(common, own_variance, all_variance)
    gap, error, probability, trust = (np.full(found.value.size, np.nan) for _ in range(4))
    gap[rows] = -mean.mean(axis=0) / spread
    error[rows] = np.sqrt(variance.mean(axis=0) + mean.var(axis=0)) / spread
    probability[rows] = _below(mean, variance, GAP_SD * believed).mean(axis=0)
    trust[rows] = reliability.mean(axis=0)
    number = np.full(size.size, -1)
    number[groups] = found.team[rows]
    count = int(found.team.max(initial=-1)) + 1
    behind = _by_team(number, count, -tau_mean.mean(axis=0) / spread, team_probability, broad)
    return Standing(spread, gap, error, probability, *behind, trust)


def _by_team(
    number: Codes, count: int, gap: Floats, probability: Floats, broad: NDArray[np.bool_], /
) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Turn what is known of groups into what is known of so many teams; a group without a number is no team."""
    inside, which = number >= 0, number[number >= 0]
    team_gap, team_chance, team_broad = np.full(count, np.nan), np.zeros(count), np.zeros(count, bool)
    team_gap[which], team_chance[which], team_broad[which] = gap[inside], probability[inside], broad[inside]
    return team_gap, team_chance, team_broad


def _below(mean: Floats, variance: Floats, threshold: Floats, /) -> Floats:
    """Probability that a normal value lies below minus the threshold."""
    from scipy.special import ndtr

    return ndtr((-threshold - mean) / np.sqrt(np.maximum(variance, 1e-15)))


def _components(value: Floats, noise: Floats, groups: Codes, draws: Floats, /) -> tuple[Floats, Floats]:
    """Variances between the persons of a team and between teams, per draw of weights on people.

    Parameters
    ----------
    draws : array of shape (draws, employees)

    Returns
    -------
    tuple of arrays of shape (draws,)
    """
    count = int(groups.max()) + 1
    start = max(float(np.var(value) - noise.mean()), 0.1 * float(noise.mean()), 1e-12)
    weight = 1.0 / (noise + start)
    total = np.bincount(groups, weight, count)
    centre = np.bincount(groups, weight * value, count) / total
    leverage = weight / total[groups]
    single = leverage > 0.999
    unbiased = np.where(single, 0.0, (value - centre[groups]) ** 2 / np.where(single, 1.0, 1 - leverage) - noise)
    use = np.where(single, 0.0, weight)
    if use.sum() <= 0:
        # everybody is a team of one: all differences are the person's
        middle = float((weight * value).sum() / weight.sum())
        person = (draws * weight * ((value - middle) ** 2 - noise)).sum(axis=1) / (draws * weight).sum(axis=1)
        return np.maximum(person, 0.0), np.zeros(len(draws))
    person = np.maximum((draws * use * unbiased).sum(axis=1) / (draws * use).sum(axis=1), 0.0)
    between_teams = np.zeros(len(draws))
    if count > 1:
        trust = total / (1 + total * start)
        middle = float((trust * centre).sum() / trust.sum())
        share = trust / trust.sum()
        moved = (centre - middle) ** 2 / (1 - share) - 1.0 / total
        crowd = np.zeros((len(draws), count))
        np.add.at(crowd.T, groups, draws.T)
        crowd /= np.bincount(groups)
        between_teams = np.maximum((crowd * trust * moved).sum(axis=1) / (crowd * trust).sum(axis=1), 0.0)
    known = count - 1.0
    return person, (known * between_teams + TEAM_PRIOR_TEAMS * TEAM_PRIOR * person) / (known + TEAM_PRIOR_TEAMS)


def _posterior_of_teams(
    value: Floats, noise: Floats, groups: Codes, persons: Floats, teams: Floats, /
) -> tuple[Floats, Floats, Floats]:
    """Mean and variance of teams' true deviations (draws, teams), and people's reliability (draws, employees)."""
    count = int(groups.max()) + 1
    weight = 1.0 / (noise[None, :] + persons[:, None])
    total, pulled = np.zeros((len(persons), count)), np.zeros((len(persons), count))
    np.add.at(total.T, groups, weight.T)
    np.add.at(pulled.T, groups, (weight * value).T)
    prior = 1.0 / np.maximum(teams, 1e-9 * persons)[:, None]
    variance = 1.0 / (total + prior)
    return pulled * variance, variance, persons[:, None] / (persons[:, None] + noise[None, :])
