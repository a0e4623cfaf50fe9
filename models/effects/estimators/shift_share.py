"""Effects of what teams own: a team against itself over the months, and teams against each other.

Within teams everything that stays with a team, its kind of customers above all, drops out, but only change is left to
learn from. Between teams more is seen and nothing protects against who uses what. Each half of the customers is judged
by how the other half lived the same teams, which corrects once for noise in the teams' values and keeps a customer's
own doing off one side of the comparison. Errors come from leaving out one team at a time.

Source: Borusyak, Hull & Jaravel 2022; Adão, Kolesár & Morales 2019 (errors by shock); Angrist, Imbens & Krueger 1999
(split samples as instruments); Hansen 2025 (jackknife standard errors with few clusters).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.effects.estimators.employee_means import MIN_EIGENVALUE
from models.effects.estimators.team_cells import TeamCells

__all__ = [
    "Comparison",
    "Shocks",
    "between_teams",
    "compare",
    "prior_variance",
    "shocks_of",
    "team_spread",
    "within_teams",
]

Floats = NDArray[np.float64]

MIN_LEFT = 0.2
"""Least share of all change that is taken to be left when one team is left out."""

SWEEPS = 4
SEEN_AGAIN = 2.0
"""How many standard errors the agreement of the two halves about teams must lie above chance."""


@dataclass(frozen=True)
class Shocks:
    """Teams' values made comparable: what an exposure is made of.

    Parameters
    ----------
    values : array of shape (2, months, teams, levers)
        Deviations from what all teams have in common in a month: of the team's months from its own mean, or of that.
    nuisance : array of shape (teams, columns)
        What is adjusted for along with them: every team by itself, or which KPIs a team has.
    usable : array of bool, shape (levers,)
        Levers in which there is something to compare.
    """

    values: Floats
    nuisance: Floats
    usable: NDArray[np.bool_]


@dataclass(frozen=True)
class Comparison:
    """Effects of one SD better, on the scale of a row's exposure.

    Parameters
    ----------
    point : array of shape (levers,)
        NaN where there is nothing to compare.
    left_out : array of shape (teams, levers)
        What the effect changes by without each team.
    """

    point: Floats
    left_out: Floats

    @property
    def covariance(self) -> Floats:
        """Jackknife covariance over teams; zero rows where there is no effect."""
        counted = self.left_out[(self.left_out != 0).any(axis=1)]
        if len(counted) < 2:
            return np.full((len(self.point), len(self.point)), 0.0)
        centred = counted - counted.mean(axis=0)
        return (len(counted) - 1) / len(counted) * centred.T @ centred

    @property
    def variance(self) -> Floats:
        """Variances of the effects: array of shape (levers,)."""
        return np.clip(np.diagonal(self.covariance), 0.0, None)


def times(contacts: Floats, columns: Floats, /) -> Floats:
    """Multiply each half's and month's contacts, whole matrices or diagonals, with columns over teams."""
    return contacts[..., None] * columns if contacts.ndim == 3 else contacts @ columns


def shocks_of(cells: TeamCells, /) -> tuple[Floats, Floats]:
    """Take apart what teams are and how they change.

    Returns
    -------
    typical : array of shape (2, teams, levers)
        Each team's mean over the months, as a deviation from the mean over teams.
    moved : array of shape (2, months, teams, levers)
        Deviations of the months from it, adjusted for what all teams have in common in a month; 0 where unknown.
    """
    known = np.isfinite(cells.values)
    weight = np.where(known, cells.volume.mean(axis=0)[None, :, :, None], 0.0)
    left = np.where(known, np.nan_to_num(cells.values), 0.0)
    typical = np.zeros((2, len(cells.teams), cells.size))
    for _ in range(SWEEPS):
        own = _weighted(left, weight, 1)
        typical, left = typical + own[:, 0], np.where(known, left - own, 0.0)
        left = np.where(known, left - _weighted(left, weight, 2), 0.0)
    typical = typical - _weighted(typical, weight.sum(axis=1), 1)
    return np.where(known.any(axis=1), typical, 0.0), left


def _weighted(values: Floats, weight: Floats, axis: int, /) -> Floats:
    total = weight.sum(axis=axis, keepdims=True)
    mean = (weight * values).sum(axis=axis, keepdims=True)
    return np.divide(mean, total, out=np.zeros_like(total), where=total > 0)


def team_spread(cells: TeamCells, /) -> tuple[Floats, NDArray[np.bool_]]:
    """Between-team standard deviation of the true values, and whether teams differ by more than chance.

    Returns
    -------
    spread : array of shape (levers,)
    differ : array of bool, shape (levers,)
    """
    typical, _ = shocks_of(cells)
    known = np.isfinite(cells.values).any(axis=1).all(axis=0)
    spread, differ = np.zeros(cells.size), np.zeros(cells.size, dtype=bool)
    for at in range(cells.size):
        one, two = typical[0, known[:, at], at], typical[1, known[:, at], at]  # pyright: ignore[reportIndexIssue]
        if len(one) < 3:
            continue
        shared = float(np.mean((one - one.mean()) * (two - two.mean())))
        spread[at] = np.sqrt(max(shared, 0.0))
        noise = float(one.std() * two.std())
        differ[at] = shared * np.sqrt(len(one)) > SEEN_AGAIN * max(noise, 1e-300)
    return spread, differ


def within_teams(cells: TeamCells, /) -> Shocks:
    """Each team against itself: every team has an intercept of its own."""
    _, moved = shocks_of(cells)
    largest = np.nanmax(np.abs(np.where(np.isfinite(cells.values), cells.values, 0.0)), axis=(0, 1, 2), initial=0.0)
    usable = np.zeros(cells.size, dtype=bool)
    seen = cells.volume.min(axis=0) > 0
    for at in range(cells.size):
        known = seen & np.isfinite(cells.values[..., at]).all(axis=0)
        one, two = moved[0, ..., at][known], moved[1, ..., at][known]
        size = float(np.sqrt(np.mean(one**2) * np.mean(two**2))) if len(one) else 0.0
        again = float(np.mean(one * two)) * np.sqrt(len(one)) if len(one) else 0.0
        usable[at] = size > 1e-9 * (1e-300 + largest[at]) and again > SEEN_AGAIN * size
    return Shocks(moved, np.eye(len(cells.teams)), usable)


def between_teams(cells: TeamCells, /) -> Shocks:
    """Teams against each other, at their means over the months; teams with the same KPIs share an intercept."""
    typical, moved = shocks_of(cells)
    typical = np.broadcast_to(typical[:, None], moved.shape)
    known = np.isfinite(cells.values).any(axis=(0, 1))
    kinds, kind = np.unique(known, axis=0, return_inverse=True)
    nuisance = np.eye(len(kinds))[kind.ravel()]
    room = len(cells.teams) - nuisance.shape[1] - cells.size
    return Shocks(typical, nuisance, np.full(cells.size, room >= 3))


def compare(
    cells: TeamCells, shocks: Shocks, spread: Floats, contacts: Floats, answers: Floats, /, *, errors: bool = True
) -> Comparison:
    """Regress answers on exposures, all levers jointly, each half by what the other half lived.

    Parameters
    ----------
    spread : array of shape (levers,)
        By which coefficients are multiplied.
    contacts, answers : arrays
        The cells' own, or those to compare with.
    errors : bool
        Whether to leave out teams one by one.
    """
    point = np.full(cells.size, np.nan)
    left_out = np.zeros((len(cells.teams), cells.size))
    # one scale for all levers, whatever their units
    unit = np.maximum(np.sqrt(np.mean(shocks.values**2, axis=(0, 1, 2))), 1e-300)
    values, step = shocks.values / unit, spread / unit
    instruments, inverse = _cleaned(contacts, values, shocks.nuisance)
    exposed = times(contacts, values)
    inner = np.einsum("htjk,htjl->jkl", instruments, exposed)
    outer = np.einsum("htjk,htj->jk", instruments, answers)
    for at, lever in enumerate(cells.levers):
        if not shocks.usable[at]:
            continue
        chosen = [other for other in cells.controls(lever) if shocks.usable[other]]
        whole = inner[:, chosen][:, :, chosen]
        slope = _solved(whole.sum(axis=0)[None], outer[:, chosen].sum(axis=0)[None])[0]
        point[at] = slope[0] * step[at]
        if errors:
            rest = answers - exposed[..., chosen] @ slope
            level = inverse @ (shocks.nuisance.T @ rest.sum(axis=(0, 1)))
            rest = rest - times(contacts, (shocks.nuisance @ level)[:, None])[..., 0]
            score = np.einsum("htjk,htj->jk", instruments[..., chosen], rest)
            left_out[:, at] = -_solved(whole.sum(axis=0) - whole, score, whole.sum(axis=0))[:, 0] * step[at]
    return Comparison(point, left_out)


def prior_variance(within: Floats, between: Floats, within_error: Floats, between_error: Floats, /) -> Floats:
    """How far the comparison between teams may be off, per lever, as a variance.

    Estimated from what the two comparisons differ by beyond their errors, over all levers, and never less than the
    typical size of what the one between teams finds.

    Parameters
    ----------
    within, between : arrays of shape (levers,)
        NaN where there is nothing to compare.
    within_error, between_error : arrays of shape (levers,)
        Variances.

    Source
    ------
    Green & Strawderman 1991, on combining an unbiased estimate with a possibly biased one.
    """
    across = np.isfinite(between)
    both = np.isfinite(within) & across
    discrepancy = (within - between)[both] ** 2 - within_error[both] - between_error[both]
    typical = float(np.mean(between[across] ** 2)) if across.any() else 0.0
    return max(float(discrepancy.mean()) if both.any() else 0.0, typical, 1e-300) + between_error


def _cleaned(contacts: Floats, values: Floats, nuisance: Floats, /) -> tuple[Floats, Floats]:
    """The other half's values residualised on the nuisance, and the inverse of the nuisance's own products."""
    total = contacts.sum(axis=(0, 1))
    total = np.diag(total) if total.ndim == 1 else total
    # shares that sum to one for everybody leave nothing of an intercept: that is no number to divide by
    own, vectors = np.linalg.eigh(_symmetric(nuisance.T @ total @ nuisance))
    kept = own > 1e-7 * max(float(np.trace(total)), 1e-300)
    inverse = (vectors[:, kept] / own[kept]) @ vectors[:, kept].T
    other = values[::-1]
    mean = inverse @ (nuisance.T @ times(contacts, other).sum(axis=(0, 1)))
    return other - (nuisance @ mean)[None, None], inverse


def _solved(inner: Floats, outer: Floats, measure: Floats | None = None, /) -> Floats:
    """Solve stacks of normal equations, made symmetric and kept away from singular ones.

    ``measure`` gives the scale instead of each equation's own: without a team that carries nearly all of the change,
    what is left is little, not nothing.
    """
    inner = _symmetric(inner)
    scale = np.sqrt(np.clip(np.diagonal(inner if measure is None else measure[None], axis1=1, axis2=2), 0.0, None))
    scale = np.maximum(scale, 1e-3 * scale.max(axis=1, keepdims=True))
    scale = np.where(scale > 0, scale, 1.0)
    values, vectors = np.linalg.eigh(inner / (scale[:, :, None] * scale[:, None, :]))
    floor = MIN_EIGENVALUE if measure is None else MIN_LEFT
    inverse = (vectors / np.maximum(values, floor)[:, None, :]) @ vectors.transpose(0, 2, 1)
    return np.einsum("nkl,nl->nk", inverse, outer / scale) / scale


def _symmetric(matrix: Floats, /) -> Floats:
    return (matrix + np.swapaxes(matrix, -1, -2)) / 2
