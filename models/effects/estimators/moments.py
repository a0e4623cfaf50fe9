"""How employees differ: covariances between people, free of the noise of single cases.

Products are taken over pairs of different cases of one employee, never of one customer (nor of one measurement of a
handler's measure), so that noise shared by a pair does not enter: the errors-in-variables correction by construction.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from models.effects.estimators.arithmetic import sums_by
from models.effects.estimators.design import Design

__all__ = ["Moments", "bayesian_weights", "between_moments"]

Floats = NDArray[np.float64]

KEPT_DRAWS = 100
"""Of the people, for the sampling error of correlations."""
MAX_HELD = 2_000_000
"""Products of two columns that are held at once, over people: 16 MB, however many people there are."""


@dataclass(frozen=True)
class Moments:
    """Per employee the products of levers and outcome over pairs of cases.

    Parameters
    ----------
    weighted : array of shape (employees, size · (size + 1) / 2)
        Mean product over pairs times its weight, for each two of levers and outcome in the order of
        ``numpy.triu_indices``; zero where an employee has no pair. The outcome comes last.
    weights : array of shape (employees, size · (size + 1) / 2)
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

    weighted: Floats
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

    @property
    def outcome_weights(self) -> Floats:
        """How much an employee counts in products with the outcome, shape (employees, size)."""
        size = self.means.shape[1]
        return self.weights[:, np.cumsum(np.arange(size, 0, -1)) - 1]

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
        total = draws @ self.weights
        found = np.divide(draws @ self.weighted, total, out=np.zeros_like(total), where=total > 0)
        rows, columns = np.triu_indices(size)
        out = np.empty((len(draws), size, size))
        out[:, rows, columns] = out[:, columns, rows] = found
        return out

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
    weighted, weights = _independent_pairs(design, filled, known, sums, counts)
    scale = np.sqrt(
        np.divide((filled**2).sum(axis=0), known.sum(axis=0), out=np.ones(matrix.shape[1]), where=known.any(axis=0))
    )
    return Moments(
        weighted=weighted,
        weights=weights,
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


def _independent_pairs(
    design: Design, filled: Floats, known: NDArray[np.bool_], sums: Floats, counts: Floats, /
) -> tuple[Floats, Floats]:
    """Products over pairs of cases that share no noise times their weight, and that weight, for each two columns."""
    people, size = sums.shape
    handler = np.append(design.handler_level, False) if size == design.size + 1 else np.zeros(size, dtype=bool)
    theirs = np.flatnonzero(handler)
    of_customer = _Grouped.of(filled, known, design.employee, design.customer)
    # two of a handler's figures share a month's noise, not a customer's
    of_month = _Grouped.of(filled[:, theirs], known[:, theirs], design.employee, design.period)
    same = [_same_measurement(design, filled[:, at], known[:, at], people) for at in theirs]
    rows, columns = np.triu_indices(size)
    total, number = np.empty((2, people, rows.size))
    some = max(MAX_HELD // max(size**2, 1), 1)
    for begin in range(0, people, some):
        mine = slice(begin, min(begin + some, people))
        alike = of_customer.products(mine)
        if theirs.size:
            alike[:, :, theirs[:, None], theirs] = of_month.products(mine)
            for at, own in zip(theirs, same, strict=True):
                alike[:, :, at, at] = own[:, mine]
        for at, (left, both) in enumerate(((total, sums[mine]), (number, counts[mine]))):
            left[mine] = (both[:, :, None] * both[:, None, :] - alike[at])[:, rows, columns]
    # one measurement per person: its noise cannot be distinguished from the person
    for at in np.flatnonzero(number.sum(axis=0) <= 0):
        total[:, at] = sums[:, rows[at]] * sums[:, columns[at]]
        number[:, at] = counts[:, rows[at]] * counts[:, columns[at]]
    # in place: with hundreds of KPIs these two are gigabytes
    weight = np.sqrt(np.maximum(number, 0.0, out=number), out=number)
    weighted = np.divide(total, weight, out=total, where=weight > 0)
    weighted[weight == 0] = 0.0
    return weighted, weight


@dataclass(frozen=True)
class _Grouped:
    """Sums and counts of each column by groups of a person's cases, in the order of their owners.

    ``ends`` says where each person's groups end.
    """

    sums: Floats
    counts: Floats
    ends: NDArray[np.int64]

    @classmethod
    def of(
        cls, filled: Floats, known: NDArray[np.bool_], employee: NDArray[np.int64], within: NDArray[np.int64], /
    ) -> _Grouped:
        """Group the cases of each person by what they have in common."""
        if not filled.shape[1]:
            return cls(filled[:0], filled[:0], np.zeros(1, dtype=np.int64))
        wide = int(within.max(initial=0)) + 2
        unique, code = np.unique(employee * wide + within + 1, return_inverse=True)
        people = int(employee.max(initial=-1)) + 1
        ends = np.searchsorted(unique // wide, np.arange(people + 1))
        return cls(sums_by(filled, code, unique.size), sums_by(known.astype(np.float64), code, unique.size), ends)

    def products(self, people: slice, /) -> Floats:
        """Sums over groups of products of sums, then of counts, shape (2, people, columns, columns)."""
        ends = self.ends[people.start : people.stop + 1]
        out = np.empty((2, len(ends) - 1, self.sums.shape[1], self.sums.shape[1]))
        for at, (begin, end) in enumerate(pairwise(ends)):
            sums, counts = self.sums[begin:end], self.counts[begin:end]
            np.matmul(sums.T, sums, out=out[0, at])
            np.matmul(counts.T, counts, out=out[1, at])
        return out


def _same_measurement(design: Design, column: Floats, known: NDArray[np.bool_], people: int, /) -> Floats:
    """Sums over pairs of cases of one month, which carry the same measurement of a handler, and the pairs' number."""
    months = int(design.period.max(initial=0)) + 2
    flat = design.employee * months + design.period + 1
    sums = np.bincount(flat, weights=column, minlength=people * months).reshape(people, months)
    number = np.bincount(flat, weights=known.astype(np.float64), minlength=people * months).reshape(people, months)
    return np.stack([(sums * sums).sum(axis=1), (number * number).sum(axis=1)])
