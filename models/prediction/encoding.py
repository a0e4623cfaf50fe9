"""From a table's feature columns to the numbers that trees split on, the same way every time.

The list of each categorical feature's values is learned once and saved with the model, so that a value keeps its code
whatever rows come later; a value never seen in training is treated as missing. LightGBM reads a missing number as zero
where training had none missing, so there the training rows' median stands in.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from operator import itemgetter
from typing import Any

import numpy as np
import pandas as pd

from baton.errors import TableError
from baton.nearest import did_you_mean
from features.training.table import KEYS

__all__ = ["Encoding", "Rows", "common_names", "numbers_of"]

Rows = pd.DataFrame | Sequence[Mapping[str, Any]]
"""A table of feature columns, or one mapping of feature to value per row: both are encoded alike, to the last bit."""


_MANY_ROWS = 10  # of fewer, looking at each takes no longer than making arrays of them
_NUMBERS = frozenset({float, int, type(None)})
_MAX_CATEGORIES = 200
_MIN_ROWS_PER_CATEGORY = 5
_MAX_RARE = 1000  # remembered to distinguish a rare value from a new one; a column of more is no category

_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?")


@dataclass(frozen=True)
class Encoding:
    """How feature columns become numbers.

    Parameters
    ----------
    features : tuple of str
        Names of the columns, in the model's order.
    categories : mapping of str to tuple of str
        Per categorical feature its known values; the position is the code.
    medians : mapping of str to float
        Per numeric feature that training always knew, its median.
    ranges : mapping of str to (float, float)
        Per numeric feature that training knew at all, its least and its largest value.
    rare : mapping of str to tuple of str
        Per categorical feature the values that training knew too few rows of: they count as missing and are not new.
    """

    features: tuple[str, ...]
    categories: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    medians: Mapping[str, float] = field(default_factory=dict)
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    rare: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

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
        categories, medians, ranges, rare = {}, {}, {}, {}
        for name in features:
            column = frame[name]
            if _is_categorical(column):
                counts = column.astype("object").dropna().map(str).value_counts()
                # the order of equal counts must not depend on the order of rows
                known = sorted(counts[counts >= _MIN_ROWS_PER_CATEGORY].items(), key=lambda item: (-item[1], item[0]))
                categories[name] = tuple(str(value) for value, _ in known[:_MAX_CATEGORIES])
                rare[name] = tuple(sorted(set(map(str, counts.index)) - set(categories[name])))[:_MAX_RARE]
            elif len(values := _numbers(name, column)) and not np.isnan(values).all():
                ranges[name] = (float(np.nanmin(values)), float(np.nanmax(values)))
                if not np.isnan(values).any():
                    medians[name] = float(np.median(values))
        rare = {name: values for name, values in rare.items() if values}
        return cls(tuple(features), categories, medians, ranges, rare)

    @property
    def categorical(self) -> list[int]:
        """Positions of the categorical features."""
        return [position for position, name in enumerate(self.features) if name in self.categories]

    def matrix(self, rows: Rows, /) -> np.ndarray:
        """Return the features as numbers.

        Parameters
        ----------
        rows : pandas.DataFrame or sequence of mapping
            Feature columns in any order, or each row's features by name (for few rows making a table takes longer than
            predicting). An absent feature counts as missing. A table may have ``unit_id``, ``as_of``, ``label`` and
            ``group`` beside its features; a mapping may not.

        Returns
        -------
        numpy.ndarray of float64, shape (rows, features)
            Codes for categorical features, NaN for missing and unknown values.

        Raises
        ------
        TableError
            If there is a feature that the model does not know, or one that should be numeric and is not.

        Examples
        --------
        >>> encoding = Encoding(("a", "b"), {"b": ("x", "y")})
        >>> encoding.matrix(pd.DataFrame({"b": ["y", "new", None], "a": [1, 2, 3]})).tolist()
        [[1.0, 1.0], [2.0, nan], [3.0, nan]]
        >>> encoding.matrix([{"b": "y", "a": 1}, {"a": 2}]).tolist()
        [[1.0, 1.0], [2.0, nan]]
        """
        matrix = self._of_columns(rows) if isinstance(rows, pd.DataFrame) else self._of_mappings(rows)
        absent = np.isnan(matrix)
        if absent.any():
            np.copyto(matrix, self._median_row, where=absent)
        return matrix

    def present_in(self, frame: pd.DataFrame, /) -> list[str]:
        """Return the model's features that a table has as columns, in the model's order.

        Examples
        --------
        >>> Encoding(("a", "b", "c")).present_in(pd.DataFrame({"x": [1], "c": [2], "a": [3]}))
        ['a', 'c']
        """
        return [name for name in self.features if name in frame.columns]

    def knows(self, name: str, /) -> bool:
        """Whether the model has a feature of this name."""
        return name in self._places

    @cached_property
    def _places(self) -> dict[str, int]:
        return {name: place for place, name in enumerate(self.features)}

    def unknown_levels(self, frame: pd.DataFrame, /) -> dict[str, tuple[int, int]]:
        """Count the values of categorical features that training did not know.

        Parameters
        ----------
        frame : pandas.DataFrame
            Feature columns.

        Returns
        -------
        dict of str to (unknown, present)
            Rows, per feature that has such values.

        Examples
        --------
        >>> Encoding(("b",), {"b": ("100", "x")}).unknown_levels(pd.DataFrame({"b": [100.0, 300.0, None]}))
        {'b': (1, 2)}
        """
        found = {}
        for name, codes in self._code_of.items():
            if name in frame.columns:
                counts = frame[name].astype("object").dropna().value_counts()
                rare = {same for value in self.rare.get(name, ()) for same in _spellings(value)}
                new = [
                    int(count)
                    for value, count in counts.items()
                    if _code(codes, value) is None and not rare & set(_spellings(value))
                ]
                if new:
                    found[name] = (sum(new), int(counts.sum()))
        return found

    @cached_property
    def _code_of(self) -> dict[str, dict[str, int]]:
        """Codes of values, by each way to write one: training's own first."""
        found: dict[str, dict[str, int]] = {}
        for name, values in self.categories.items():
            codes = {value: code for code, value in enumerate(values)}
            for code, value in enumerate(values):
                for spelling in _spellings(value):
                    codes.setdefault(spelling, code)
            found[name] = codes
        return found

    @cached_property
    def _median_row(self) -> np.ndarray:
        return np.array([self.medians.get(name, np.nan) for name in self.features], dtype=np.float64)

    def _refuse_unknown(self, names: Collection[Any], /) -> None:
        unknown = [str(name) for name in names if name not in self._places]
        if unknown:
            hint = did_you_mean(unknown[0], self.features, otherwise=f"it knows {len(self.features)} others")
            raise TableError(f"feature {unknown[0]!r}: the model was trained without it{hint}")

    def _of_columns(self, frame: pd.DataFrame, /) -> np.ndarray:
        self._refuse_unknown([name for name in frame.columns if name not in KEYS])
        matrix = np.full((len(frame), len(self.features)), np.nan)
        for name, place in self._places.items():
            if name in frame.columns:
                codes = self._code_of.get(name)
                matrix[:, place] = _numbers(name, frame[name]) if codes is None else _codes(frame[name], codes)
        return matrix

    def _of_mappings(self, rows: Sequence[Mapping[str, Any]], /) -> np.ndarray:
        matrix = np.full((len(rows), len(self.features)), np.nan)
        places, codes = self._places, self._code_of
        numeric = [name for name in common_names(rows) if name in places and name not in codes]
        found = numbers_of(rows, numeric)
        if found is not None:
            matrix[:, [places[name] for name in numeric]] = np.where(np.isfinite(found), found, np.nan)
            done = frozenset(numeric)
            rows = [{name: value for name, value in row.items() if name not in done} for row in rows]
        for at, row in enumerate(rows):
            for name, value in row.items():
                place = places.get(name)
                if place is None:
                    self._refuse_unknown((name,))
                elif name in codes:
                    code = None if _is_missing(value) else _code(codes[name], value)
                    matrix[at, place] = np.nan if code is None else code
                else:
                    matrix[at, place] = _number(name, value)
        return matrix


def common_names(rows: Sequence[Mapping[str, Any]], /) -> tuple[str, ...]:
    """Return the names that all of several rows have in the same order; none where they differ, or rows are few.

    Examples
    --------
    >>> common_names([{"a": 1, "b": 2}] * 10), common_names([{"a": 1}] * 9 + [{"b": 1}]), common_names([{"a": 1}])
    (('a', 'b'), (), ())
    """
    if len(rows) < _MANY_ROWS:
        return ()
    names = tuple(rows[0])
    return names if all(tuple(row) == names for row in rows) else ()


def numbers_of(rows: Sequence[Mapping[str, Any]], names: Sequence[str], /) -> np.ndarray | None:
    """Return some values of several rows at once.

    Parameters
    ----------
    names : sequence of str
        Each row must have them.

    Returns
    -------
    numpy.ndarray of float64, shape (rows, names), or None
        NaN for None. None where anything is no number (true and false are none here), too large, or not asked for.

    Examples
    --------
    >>> numbers_of([{"a": 1, "b": None}, {"a": 2.5, "b": 3}], ["a", "b"]).tolist()
    [[1.0, nan], [2.5, 3.0]]
    >>> numbers_of([{"a": "1"}], ["a"]) is None, numbers_of([{"a": 1}], []) is None
    (True, True)
    """
    if not names:
        return None
    values = list(map(itemgetter(*names), rows)) if len(names) > 1 else [(row[names[0]],) for row in rows]
    if not {type(value) for row in values for value in row} <= _NUMBERS:
        return None
    try:
        return np.array(values, dtype=np.float64)
    except OverflowError:
        return None


def _is_missing(value: Any, /) -> bool:
    return value is None or (not isinstance(value, str) and bool(pd.isna(value)))


def _number(name: str, value: Any, /) -> float:
    if value is None:
        return np.nan
    if isinstance(value, float | int):
        try:
            number = float(value)
        except OverflowError:
            return np.nan
        return number if math.isfinite(number) else np.nan
    return float(_numbers(name, pd.Series([value], dtype="object"))[0])


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


def _codes(column: pd.Series, codes: Mapping[str, int], /) -> np.ndarray:
    column = column.astype("category")
    found = [_code(codes, value) for value in column.cat.categories]
    lookup = np.array([*(np.nan if code is None else code for code in found), np.nan], dtype=np.float64)
    return lookup[column.cat.codes.to_numpy()]


def _code(codes: Mapping[str, int], value: Any, /) -> int | None:
    return next((codes[spelling] for spelling in _spellings(value) if spelling in codes), None)


def _spellings(value: Any, /) -> tuple[str, ...]:
    """Return the ways in which files of other types write a category: 100, 100.0; True, true.

    Digits that begin with a zero are an id of their own: 007 is not 7.
    """
    text = str(value)
    if text in {"True", "False"}:
        return (text, text.lower())
    if text in {"true", "false"}:
        return (text, text.capitalize())
    if _NUMBER.fullmatch(text) and "." in text:
        return (text, text.rstrip("0").removesuffix("."))
    return (text,)
