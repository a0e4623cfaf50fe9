"""From a table's feature columns to the numbers that trees split on, the same way every time.

The list of each categorical feature's values is learned once and saved with the model, so that a value keeps its code
whatever rows come later; a value never seen in training is treated as missing. LightGBM reads a missing number as zero
where training had none missing, so there the training rows' median stands in.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from baton.errors import TableError

__all__ = ["RESERVED", "Encoding"]

RESERVED = frozenset({"unit_id", "as_of", "label", "group"})
"""Columns of a training table that are no features."""

_MOST_CATEGORIES = 200
_LEAST_ROWS_PER_CATEGORY = 5


@dataclass(frozen=True)
class Encoding:
    """How feature columns become numbers.

    Parameters
    ----------
    features : tuple of str
        Names of the columns, in the model's order.
    categories : mapping of str to tuple of str
        Per categorical feature its known values; the position is the code.
    usual : mapping of str to float
        Per numeric feature that training always knew, its median.
    """

    features: tuple[str, ...]
    categories: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    usual: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def learn(cls, frame: pd.DataFrame, features: Sequence[str], /) -> Encoding:
        """Learn the values of categorical features; rare ones count as missing.

        Parameters
        ----------
        frame : pandas.DataFrame
            Training rows.
        features : sequence of str
            Names of the feature columns.

        Returns
        -------
        Encoding
        """
        categories, usual = {}, {}
        for name in features:
            column = frame[name]
            if _is_categorical(column):
                counts = column.astype("object").dropna().map(str).value_counts()
                # the order of equal counts must not depend on the order of rows
                known = sorted(counts[counts >= _LEAST_ROWS_PER_CATEGORY].items(), key=lambda item: (-item[1], item[0]))
                categories[name] = tuple(str(value) for value, _ in known[:_MOST_CATEGORIES])
            elif len(values := _numbers(name, column)) and not np.isnan(values).any():
                usual[name] = float(np.median(values))
        return cls(tuple(features), categories, usual)

    @property
    def categorical(self) -> list[int]:
        """Positions of the categorical features."""
        return [position for position, name in enumerate(self.features) if name in self.categories]

    def matrix(self, frame: pd.DataFrame, /) -> np.ndarray:
        """Return the features as numbers.

        Parameters
        ----------
        frame : pandas.DataFrame
            Feature columns in any order; an absent one counts as missing in every row. ``unit_id``, ``as_of``,
            ``label`` and ``group`` are ignored.

        Returns
        -------
        numpy.ndarray of float64, shape (rows, features)
            Codes for categorical features, NaN for missing and unknown values.

        Raises
        ------
        TableError
            If there is a column that the model does not know, or one that should be numeric and is not.

        Examples
        --------
        >>> encoding = Encoding(("a", "b"), {"b": ("x", "y")})
        >>> encoding.matrix(pd.DataFrame({"b": ["y", "new", None], "a": [1, 2, 3]})).tolist()
        [[1.0, 1.0], [2.0, nan], [3.0, nan]]
        """
        unknown = [str(name) for name in frame.columns if name not in RESERVED and name not in self.features]
        if unknown:
            close = difflib.get_close_matches(unknown[0], self.features, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"it knows {len(self.features)} others"
            raise TableError(f"feature {unknown[0]!r}: the model was trained without it; {hint}")
        matrix = np.full((len(frame), len(self.features)), np.nan)
        for position, name in enumerate(self.features):
            if name in frame.columns:
                known = self.categories.get(name)
                matrix[:, position] = _numbers(name, frame[name]) if known is None else _codes(frame[name], known)
            if name in self.usual:
                column = matrix[:, position]
                column[np.isnan(column)] = self.usual[name]
        return matrix


def _is_categorical(column: pd.Series, /) -> bool:
    return not pd.api.types.is_numeric_dtype(column.dtype) or pd.api.types.is_bool_dtype(column.dtype)


def _numbers(name: str, column: pd.Series, /) -> np.ndarray:
    if isinstance(column.dtype, pd.CategoricalDtype) or not pd.api.types.is_numeric_dtype(column.dtype):
        try:
            column = pd.Series(pd.to_numeric(column.astype("object")))
        except (ValueError, TypeError) as error:
            raise TableError(f"feature {name!r}: the model was trained on numbers, but {error}") from None
    values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    return np.where(np.isfinite(values), values, np.nan)


def _codes(column: pd.Series, known: tuple[str, ...], /) -> np.ndarray:
    index = pd.Index(known, dtype="object")
    column = column.astype("category")
    of_category = index.get_indexer(pd.Index([str(value) for value in column.cat.categories], dtype="object"))
    lookup = np.append(np.where(of_category < 0, np.nan, of_category.astype(np.float64)), np.nan)
    return lookup[column.cat.codes.to_numpy()]
