"""How employees differ: covariances between people, free of the noise of single cases.

Products are taken over pairs of different cases of one employee, never of one customer (nor of one measurement of a
handler's measure), so that noise shared by a pair does not enter: the errors-in-variables correction by construction.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from models.effects.estimators.arithmetic import sums_by
from models.effects.estimators.design import Design

__all__ = ["Moments", "bayesian_weights", "between_moments"]

Floats = NDArray[np.float64]

KEPT_DRAWS = 100
"""Of the people, for the sampling error of correlations."""


@dataclass(frozen=True)
class Moments:
    """Per employee the products of levers and outcome over pairs of cases.

    Parameters
    ----------
    products : array of shape (employees, size, size)
        Mean product over pairs; zero where an employee has no pair. The last row and column are the outcome.
    weights : array of shape (employees, size, size)
        How much an employee counts: about the number of cases.
    means : array of shape (employees, size)
        Means of the adjusted values; zero where unknown.
    counts : array of shape (employees, size)
        Cases with a known value.
    scale : array of shape (size,)
        Standard deviation of single adjusted values.
    team, process : arrays of int, shape (employees,)
        Where each employee's cases mostly lie.
    """

    products: Floats
    weights: Floats
    means: Floats
    counts: Floats
    scale: Floats
    team: NDArray[np.int64]
    process: NDArray[np.int64]

    @property
    def employees(self) -> int:
        """Number of employees."""
        return len(self.means)

    def covariance(self, draws: Floats, /) -> Floats:
        """Between-employee covariance under weights on employees.

        Parameters
        ----------
        draws : array of shape (draws, employees)

        Returns
        -------
        array of shape (draws, size, size)
        """
        size = self.means.shape[1]
        flat = (len(self.means), size * size)
        weighted = (self.weights * self.products).reshape(flat)
        total = draws @ self.weights.reshape(flat)
        out = np.divide(draws @ weighted, total, out=np.zeros_like(total), where=total > 0)
        return out.reshape(len(draws), size, size)

    @cached_property
    def kept(self) -> Floats:
        """Share of each correlation between people's true values that is kept, shape (size, size).

        What is not clearly more than its own sampling error is shrunk: with few people, estimated correlations of a
        dozen levers would otherwise decide what the effects are.

        Source: Schäfer & Strimmer 2005 (shrinkage of correlations by their sampling variances).
        """
        draws = self.covariance(bayesian_weights(KEPT_DRAWS, self.employees, KEPT_DRAWS))
        whole = self.covariance(np.ones((1, self.employees)))[0]
        spread = np.sqrt(np.clip(np.diagonal(whole), 0.0, None))
        scale = np.outer(spread, spread)
        known = scale > 0
        square = np.divide(whole, scale, out=np.zeros_like(whole), where=known) ** 2
        noise = np.divide(draws.std(axis=0), scale, out=np.ones_like(whole), where=known) ** 2
        share = np.clip(1.0 - noise / np.maximum(square, 1e-300), 0.0, 1.0)
        np.fill_diagonal(share, 1.0)
        return share


def bayesian_weights(draws: int, units: int, seed: int, /) -> Floats:
    """Weights of the Bayesian bootstrap: one row per draw, one column per unit, mean one."""
    gamma = np.random.default_rng(seed).standard_exponential((draws, units))
    return gamma / gamma.mean(axis=1, keepdims=True)


def between_moments(design: Design, values: Floats | None = None, /) -> Moments:
    """Gather the products over pairs of cases of each employee.

    Parameters
    ----------
    values : array of shape (rows, size), optional
        Instead of the design's adjusted values.
    """
    matrix = design.values if values is None else values
    known = np.isfinite(matrix)
    filled = np.where(known, matrix, 0.0)
    people = int(design.employee.max(initial=-1)) + 1
    sums = sums_by(filled, design.employee, people)
    counts = sums_by(known.astype(np.float64), design.employee, people)
    products, pairs = _independent_pairs(design, filled, known, sums, counts)
    scale = np.sqrt(
        np.divide((filled**2).sum(axis=0), known.sum(axis=0), out=np.ones(matrix.shape[1]), where=known.any(axis=0))
    )
    return Moments(
        products=products,
        weights=np.sqrt(pairs),
        means=np.divide(sums, counts, out=np.zeros_like(sums), where=counts > 0),
        counts=counts,
        scale=np.where(scale > 0, scale, 1.0),
        team=_mode(design.employee, design.team, people),
        process=_mode(design.employee, design.process, people),
    )


def _mode(employee: NDArray[np.int64], group: NDArray[np.int64], people: int, /) -> NDArray[np.int64]:
    table = np.zeros((people, int(group.max(initial=-1)) + 2))
    np.add.at(table, (employee, group + 1), 1.0)
    return table.argmax(axis=1) - 1


def _groups(*codes: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Code of the combination per row, and the first code of each combination."""
    first, second = codes
    wide = first * (int(second.max(initial=0)) + 2) + second + 1
    unique, inverse = np.unique(wide, return_inverse=True)
    return inverse.astype(np.int64), (unique // (int(second.max(initial=0)) + 2)).astype(np.int64)


def _independent_pairs(
    design: Design, filled: Floats, known: NDArray[np.bool_], sums: Floats, counts: Floats, /
) -> tuple[Floats, Floats]:
    """Products over pairs of cases that share no noise, and the number of such pairs."""
    people, size = sums.shape
    products, pairs = np.zeros((people, size, size)), np.zeros((people, size, size))
    handler = np.append(design.handler_level, False) if size == design.size + 1 else np.zeros(size, dtype=bool)
    by_customer = _groups(design.employee, design.customer)
    by_period = _groups(design.employee, design.period)
    cache = {id(group): _group_sums(filled, known, group[0]) for group in (by_customer, by_period)}
    for one in range(size):
        for two in range(one, size):
            group = by_period if handler[one] and handler[two] else by_customer
            grouped, grouped_n = cache[id(group)]
            owner = group[1]
            alike = np.bincount(owner, weights=grouped[:, one] * grouped[:, two], minlength=people)
            alike_n = np.bincount(owner, weights=grouped_n[:, one] * grouped_n[:, two], minlength=people)
            if one == two and handler[one]:
                alike, alike_n = _same_measurement(design, filled[:, one], known[:, one], people)
            number = counts[:, one] * counts[:, two] - alike_n
            total = sums[:, one] * sums[:, two] - alike
            if number.sum() <= 0:  # one measurement per person: its noise cannot be distinguished from the person
                number, total = counts[:, one] * counts[:, two], sums[:, one] * sums[:, two]
            mean = np.divide(total, number, out=np.zeros(people), where=number > 0)
            products[:, one, two] = products[:, two, one] = mean
            pairs[:, one, two] = pairs[:, two, one] = np.maximum(number, 0.0)
    return products, pairs


def _group_sums(filled: Floats, known: NDArray[np.bool_], codes: NDArray[np.int64], /) -> tuple[Floats, Floats]:
    number = int(codes.max(initial=-1)) + 1
    return sums_by(filled, codes, number), sums_by(known.astype(np.float64), codes, number)


def _same_measurement(
    design: Design, column: Floats, known: NDArray[np.bool_], people: int, /
) -> tuple[Floats, Floats]:
    """Sums over pairs of cases of one month, which carry the same measurement of a handler."""
    months = int(design.period.max(initial=0)) + 2
    flat = design.employee * months + design.period + 1
    sums = np.bincount(flat, weights=column, minlength=people * months).reshape(people, months)
    number = np.bincount(flat, weights=known.astype(np.float64), minlength=people * months).reshape(people, months)
    return (sums * sums).sum(axis=1), (number * number).sum(axis=1)
