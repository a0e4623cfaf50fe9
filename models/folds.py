"""Folds of like size and like outcome that part no group of rows."""

from __future__ import annotations

import numpy as np

__all__ = ["group_folds"]


def group_folds(
    groups: np.ndarray, label: np.ndarray, folds: int, seed: int, /, *, classes: bool = False
) -> np.ndarray:
    """Deal groups into folds of like size and like outcome.

    Groups alike in outcome and size follow each other, so that dealing them out in turn balances both. Unlike
    scikit-learn's ``StratifiedGroupKFold``, the fold of a row does not depend on the order of the rows.

    Parameters
    ----------
    groups : numpy.ndarray of str or int, shape (rows,)
        Rows of one group stay together.
    label : numpy.ndarray, shape (rows,)
        A number each, of which a group's mean counts; or a class each, of which a group's first counts.
    folds : int
        Fewer where there are fewer groups.
    seed : int
        Another one deals anew.
    classes : bool
        Whether labels are classes; then large groups are dealt first, for they move a fold's size most.

    Returns
    -------
    numpy.ndarray of int, shape (rows,)
        The fold of each row; the same for the same rows in any order (if a group is of one class).

    Examples
    --------
    >>> group_folds(np.array(["a", "a", "b", "c", "d"]), np.array([1, 1, 1, 0, 0]), 2, 0).tolist()[:2]
    [1, 1]
    """
    names, first, of_row, size = np.unique(groups, return_index=True, return_inverse=True, return_counts=True)
    if classes:
        keys = (-size, np.unique(label, return_inverse=True)[1][first])
    else:
        keys = (size, np.bincount(of_row, weights=label) / size)
    shuffled = np.random.default_rng(seed).permutation(len(names))
    order = shuffled[np.lexsort([key[shuffled] for key in keys])]
    fold = np.empty(len(names), dtype=np.int64)
    fold[order] = np.arange(len(names)) % max(min(folds, len(names)), 1)
    return fold[of_row]
