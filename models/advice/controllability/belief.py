"""What is believed of controllability, and how a record changes it."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

__all__ = ["Z_90", "Believed", "Responding", "learned_from", "shipped"]

Floats = NDArray[np.float64]

GRID = 241
Z_90 = 1.645


@dataclass(frozen=True)
class Responding:
    """The belief of ``responding.toml``.

    Parameters
    ----------
    sd_per_point : float
        Between-person standard deviations that one more point moves a fully controllable KPI by.
    points : tuple of float
        Of a company's own responsiveness, as a multiple of what is believed: standard deviation, and largest.
    selection : float
        Standard deviation of what a measured responsiveness may be off by, since cards are not changed by lot.
    error : float
        Standard deviation of a KPI's controllability around the catalogue's.
    least : float
        The smallest controllability that anything is believed to have.
    """

    sd_per_point: float
    points: tuple[float, float]
    selection: float
    error: float
    least: float


@cache
def shipped() -> Responding:
    """Return the belief that ships.

    Examples
    --------
    >>> shipped().sd_per_point
    0.025
    """
    found = tomllib.loads((Path(__file__).parent / "responding.toml").read_text(encoding="utf-8"))
    points, kpi = found["points"], found["kpi"]
    return Responding(
        points["sd_per_point"], (points["error"], points["most"]), points["selection"], kpi["error"], kpi["least"],
    )  # fmt: skip


@dataclass(frozen=True)
class Believed:
    """What is believed of KPIs' controllability, and of how a company responds.

    Parameters
    ----------
    mean : array of shape (kpis,)
    covariance : array of shape (kpis, kpis)
    common : tuple of float
        Responsiveness that all KPIs share, as a multiple of the belief: mean, standard deviation, and the ends of its
        90 % interval.
    answers, answers_sd : array of shape (kpis,), optional
        What each KPI answers, as a multiple of a fully controllable one's belief: responsiveness times controllability;
        None where no record was seen.
    """

    mean: Floats
    covariance: Floats
    common: tuple[float, float, float, float] = (1.0, float("nan"), float("nan"), float("nan"))
    answers: Floats | None = None
    answers_sd: Floats | None = None

    def ends(self) -> tuple[Floats, Floats]:
        """Return the ends of 90 % intervals of each KPI's controllability, from the least to 1."""
        reach, least = Z_90 * np.sqrt(np.diag(self.covariance)), shipped().least
        return np.clip(self.mean - reach, least, 1.0), np.clip(self.mean + reach, least, 1.0)


def learned_from(believed: Believed, estimate: Floats, covariance: Floats, common: tuple[float, float], /) -> Believed:
    """Blend what is believed with what a record shows, each by its precision.

    The record shows a product: how far this company's people respond at all, and how far each KPI can be moved. The
    first is averaged over a grid. Where everything answers little, the first is small and KPIs keep their order; where
    nothing answers, nothing is learned of single KPIs.

    Parameters
    ----------
    estimate : array of shape (kpis,)
        Each KPI's response, in responses of a fully controllable one; where nothing is known any number.
    covariance : array of shape (kpis, kpis)
        Of their errors; infinite on the diagonal where nothing is known.
    common : tuple of float
        Standard deviation and largest of what all share, believed around 1.

    Source
    ------
    Gelman & Hill 2007, Data Analysis Using Regression and Multilevel/Hierarchical Models, chapters 12 and 18.
    """
    known = np.flatnonzero(np.isfinite(np.diag(covariance)))
    if not known.size:
        return believed
    x, noise = estimate[known], covariance[np.ix_(known, known)]
    prior, spread = believed.mean[known], believed.covariance[np.ix_(known, known)]
    across = believed.covariance[:, known]
    grid = np.linspace(-common[1] / 3, common[1], GRID)  # people may do the reverse
    log_weight, means, left = np.empty(GRID), np.empty((GRID, believed.mean.size)), []
    for at, shared in enumerate(grid):
        total = noise + shared**2 * spread
        off = x - shared * prior
        solved = np.linalg.solve(total, np.column_stack([off, across.T]))
        log_weight[at] = -0.5 * (off @ solved[:, 0] + np.linalg.slogdet(total)[1] + ((shared - 1) / common[0]) ** 2)
        means[at] = believed.mean + shared * (across @ solved[:, 0])
        left.append(believed.covariance - shared**2 * (across @ solved[:, 1:]))
    weight = np.exp(log_weight - log_weight.max())
    weight /= weight.sum()
    mean = weight @ means
    around = means - mean
    spread_left = np.einsum("g,gij->ij", weight, np.array(left)) + (weight[:, None] * around).T @ around
    middle = float(weight @ grid)
    below = np.cumsum(weight)
    low, high = (float(np.interp(share, below, grid)) for share in (0.05, 0.95))
    sd = float(np.sqrt(max(weight @ (grid - middle) ** 2, 0.0)))
    answers = grid[:, None] * means
    mean_answer = weight @ answers
    of_answers = weight @ (
        grid[:, None] ** 2 * np.array([np.diag(each) for each in left]) + (answers - mean_answer) ** 2
    )
    return Believed(mean, spread_left, (middle, sd, low, high), mean_answer, np.sqrt(np.maximum(of_answers, 0.0)))
