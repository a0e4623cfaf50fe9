"""Sums and deviations by group, slopes within groups, and draws from a covariance."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["covariance_root", "demean", "dense", "joint_normal", "sums_by", "within_slope"]

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

MIN_WIDE = 6
"""Columns from which all are summed in one pass over the rows instead of one by one."""
MAX_SPAN = 8
"""Possible codes per row up to which a table of them takes less time than sorting the rows."""


def sums_by(matrix: Floats, codes: Codes, size: int = 0, /) -> Floats:
    """Return the sums of each column over the rows of each code, at least ``size`` of them."""
    size = max(size, int(codes.max(initial=-1)) + 1)
    if matrix.shape[1] < MIN_WIDE:
        columns = [np.bincount(codes, weights=matrix[:, at], minlength=size) for at in range(matrix.shape[1])]
        # of no rows it counts in whole numbers
        return np.column_stack(columns).astype(np.float64, copy=False)
    from scipy import sparse

    rows = len(codes)
    member = sparse.csr_array((np.ones(rows), codes, np.arange(rows + 1)), shape=(rows, size))
    return np.asarray(member.T @ np.ascontiguousarray(matrix), dtype=np.float64)


def dense(codes: Codes, /) -> Codes:
    """Return the codes renumbered from 0 without gaps."""
    first = int(codes.min(initial=0))
    span = int(codes.max(initial=0)) - first + 1
    if span > MAX_SPAN * (len(codes) + 1):
        return np.unique(codes, return_inverse=True)[1].astype(np.int64)
    there = np.zeros(span, dtype=np.int64)
    there[codes - first] = 1
    return (np.cumsum(there) - 1)[codes - first]


def demean(matrix: Floats, codes: Codes, /) -> Floats:
    """Return deviations from the means of each code."""
    count = np.maximum(np.bincount(codes), 1)
    means = sums_by(matrix, codes) / count[:, None]
    out = np.take(means, codes, axis=0)
    return np.subtract(matrix, out, out=out)


def within_slope(around: Floats, target: Floats, /, *groups: Codes) -> Floats:
    """Return coefficients within all groups at once, with a little ridge against collinear columns.

    Parameters
    ----------
    around : array of shape (rows, columns)
        What explains.
    target : array of shape (rows, answers)
    *groups : arrays of int, shape (rows,)
        Of several, deviations from each are formed twice in turn.

    Returns
    -------
    array of shape (columns, answers)
    """
    both, columns = np.hstack([around, target]), around.shape[1]
    for _ in range(2 if len(groups) > 1 else 1):
        for codes in groups:
            both = demean(both, codes)
    products = both[:, :columns].T @ both
    gram = products[:, :columns]
    ridge = 1e-6 * max(float(np.trace(gram)) / max(len(gram), 1), 1e-12)
    return np.linalg.solve(gram + ridge * np.eye(len(gram)), products[:, columns:])  # pyright: ignore[reportReturnType]


def covariance_root(covariance: Floats, /) -> Floats:
    """Return a square root of a covariance that may be slightly indefinite, as two-way clustered ones are."""
    values, vectors = np.linalg.eigh((covariance + covariance.T) / 2)
    return vectors * np.sqrt(np.clip(values, 0.0, None))


def joint_normal(point: Floats, covariance: Floats, draws: int, seed: int, /) -> Floats:
    """Draw from a normal, shape (draws, columns)."""
    chance = np.random.default_rng(seed).standard_normal((draws, len(point)))
    return point + chance @ covariance_root(covariance).T
