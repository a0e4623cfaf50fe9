"""Sums and deviations by group, slopes within groups, and draws from a covariance."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["covariance_root", "demean", "dense", "joint_normal", "sums_by", "within_slope"]

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]


def sums_by(matrix: Floats, codes: Codes, size: int = 0, /) -> Floats:
    """Return the sums of each column over the rows of each code, at least ``size`` of them."""
    columns = [np.bincount(codes, weights=matrix[:, at], minlength=size) for at in range(matrix.shape[1])]
    # of no rows it counts in whole numbers
    return np.column_stack(columns).astype(np.float64, copy=False)


def dense(codes: Codes, /) -> Codes:
    """Return the codes renumbered from 0 without gaps."""
    return np.unique(codes, return_inverse=True)[1].astype(np.int64)


def demean(matrix: Floats, codes: Codes, /) -> Floats:
    """Return deviations from the means of each code."""
    counts = np.bincount(codes)
    counts = np.where(counts == 0, 1, counts)
    out = np.empty(matrix.shape, order="F")  # whole columns are read and written
    for at in range(matrix.shape[1]):
        out[:, at] = matrix[:, at] - (np.bincount(codes, weights=matrix[:, at]) / counts)[codes]
    return out


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
    for _ in range(2 if len(groups) > 1 else 1):
        for codes in groups:
            around, target = demean(around, codes), demean(target, codes)
    gram = around.T @ around
    ridge = 1e-6 * max(float(np.trace(gram)) / max(len(gram), 1), 1e-12)
    return np.linalg.solve(gram + ridge * np.eye(len(gram)), around.T @ target)  # pyright: ignore[reportReturnType]


def covariance_root(covariance: Floats, /) -> Floats:
    """Return a square root of a covariance that may be slightly indefinite, as two-way clustered ones are."""
    values, vectors = np.linalg.eigh((covariance + covariance.T) / 2)
    return vectors * np.sqrt(np.clip(values, 0.0, None))


def joint_normal(point: Floats, covariance: Floats, draws: int, seed: int, /) -> Floats:
    """Draw from a normal, shape (draws, columns)."""
    chance = np.random.default_rng(seed).standard_normal((draws, len(point)))
    return point + chance @ covariance_root(covariance).T
