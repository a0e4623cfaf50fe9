"""The employee-means (examiner) design: whose customers stay, compared between people who get the same cases.

Where cases of a queue reach people much as chance has it, the person who takes a case is an instrument for how it is
treated. Outcome means of people are regressed on their means of all levers jointly; products over pairs of different
cases correct once for the errors in those means.

Source: Fuller 1987, Measurement Error Models, section 2.2 (moments corrected by the known sampling covariance);
Angrist, Imbens & Krueger 1999 (jackknife instruments); Rubin 1981 (Bayesian bootstrap, here over employees).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.effects.estimators.design import Design
from models.effects.estimators.moments import Moments, bayesian_weights, between_moments
from models.effects.estimators.protocol import Estimate

__all__ = ["MIN_EIGENVALUE", "descents", "employee_means", "solve_total", "spreads"]

Floats = NDArray[np.float64]

MIN_EIGENVALUE = 0.05
"""Smallest eigenvalue allowed in the correlation of people's true values: below it levers cannot be distinguished."""


def employee_means(design: Design, /, *, draws: int, seed: int, moments: Moments | None = None) -> Estimate:
    """Estimate effects per case by comparing employees.

    Parameters
    ----------
    draws : int
        Bootstrap draws over employees.
    moments : Moments, optional
        The design's moments, if they are already there.

    Returns
    -------
    Estimate
    """
    moments = between_moments(design) if moments is None else moments
    weights = np.vstack([np.ones((1, moments.employees)), bayesian_weights(draws, moments.employees, seed)])
    covariance = moments.covariance(weights)
    effects = solve_total(design, covariance, moments.kept)
    point = effects[0]
    people = float((moments.counts[:, -1] > 0).sum())
    freedom = max(people - design.size - 1.0, 1.0)
    # the bootstrap does not know how many coefficients were fitted
    wider = np.sqrt(people / freedom)
    return Estimate(
        method="employee_means",
        levers=design.targets,
        point=point,
        draws=point + wider * (effects[1:] - point),
        spread=spreads(covariance[0])[: design.asked],
        freedom=freedom,
    )


def spreads(covariance: Floats, /) -> Floats:
    """Between-employee standard deviations; zero where people do not differ."""
    return np.sqrt(np.clip(np.diagonal(covariance, axis1=-2, axis2=-1), 0.0, None))


def solve_total(design: Design, covariance: Floats, kept: Floats, /) -> Floats:
    """Total effects of one standard deviation of each lever, from covariances between employees.

    Parameters
    ----------
    covariance : array of shape (draws, levers + 1, levers + 1)
    kept : array of shape (levers + 1, levers + 1)
        Share of each correlation that is kept, from ``Moments.kept``.

    Returns
    -------
    array of shape (draws, levers)
    """
    size = design.size
    correlation, safe, spread = _correlations(design, covariance, kept)
    answer = covariance[:, :size, size] / safe
    out = np.zeros((len(covariance), design.asked))
    for at, lever in enumerate(design.targets):
        chosen = design.controls(lever)
        solved = np.linalg.solve(correlation[:, chosen][:, :, chosen], answer[:, chosen][:, :, None])
        out[:, at] = solved[:, 0, 0] * (spread[:, at] > 0)
    return out


def descents(design: Design, covariance: Floats, kept: Floats, /) -> Floats:
    """How much better people are in what a lever leads to, per standard deviation better in the lever, others equal.

    Parameters
    ----------
    covariance : array of shape (draws, levers + 1, levers + 1)
    kept : array of shape (levers + 1, levers + 1)
        Share of each correlation that is kept, from ``Moments.kept``.

    Returns
    -------
    array of shape (draws, asked, levers)
        In standard deviations between people; zero for what the lever does not lead to.
    """
    correlation, _, spread = _correlations(design, covariance, kept)
    out = np.zeros((len(covariance), design.asked, design.size))
    for at, lever in enumerate(design.targets):
        chosen = design.controls(lever)
        below = [other for other in range(design.size) if other not in chosen]
        if below:
            solved = np.linalg.solve(correlation[:, chosen][:, :, chosen], correlation[:, chosen][:, :, below])
            out[:, at, below] = solved[:, 0] * (spread[:, at] > 0)[:, None]
    return out


def _correlations(design: Design, covariance: Floats, kept: Floats, /) -> tuple[Floats, Floats, Floats]:
    """Correlations of people's true values, the spreads that they are of, and the spreads as estimated."""
    size = design.size
    spread = spreads(covariance)[:, :size]
    floor = 1e-12 + 0.05 * np.median(spread, axis=0)
    safe = np.maximum(spread, floor)
    correlation = covariance[:, :size, :size] / (safe[:, :, None] * safe[:, None, :])
    return _positive(correlation * kept[:size, :size]), safe, spread


def _positive(correlation: Floats, /) -> Floats:
    """Return the nearest matrices whose eigenvalues are not below the floor, with ones on the diagonal."""
    values, vectors = np.linalg.eigh(correlation)
    lifted = (vectors * np.maximum(values, MIN_EIGENVALUE)[:, None, :]) @ vectors.transpose(0, 2, 1)
    scale = np.sqrt(np.diagonal(lifted, axis1=1, axis2=2))
    return lifted / (scale[:, :, None] * scale[:, None, :])
