"""A ridge-penalised logistic regression on binned features, explained in closed form.

Where rows are few, many weak signals add up to more than the few splits that boosting dares to make. The log-odds are
``b + Σ coefficient · x`` over the encoded features, so that what a feature adds to a row is
``Σ coefficient · (x − mean of x)`` over its own columns.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from baton.errors import DamagedModelError
from models.integrity.model_file import LINEAR_FILE
from models.prediction.ladder.ridge import Solution, log_odds, ridge_logistic

__all__ = ["MAX_LEVELS", "WINSOR", "Design", "LinearModel", "Term", "fit_linear", "of_forecast"]

_FORMAT = 1
_MAX_BINS = 16
_MAX_BINS_ALONE = 256
_FAVOUR = 10.0  # a hundredth of the penalty
MAX_LEVELS = 30
WINSOR = 5.0
_ROWS_AT_ONCE = 256  # rows × features × bins are compared at once: a few megabytes
MAX_NUMBER = 1e15
"""Larger numbers stand in no model that was learned: no log-odds and no scaled value comes near."""


@dataclass(frozen=True)
class Term:
    """One feature: its bins, and the columns of the regression that it has become.

    Parameters
    ----------
    edges : numpy.ndarray, shape (known bins − 1,)
        Upper ends of all bins but the last, ascending; a value at an end lies below it.
    values : numpy.ndarray, shape (bins, columns)
        What a row of each bin has in each column.
    coefficients, means : numpy.ndarray, shape (columns,)
        Of the regression; and each column's mean over the training rows.
    unknown : bool
        Whether unknown values have a bin of their own, the last; else they count as zero.
    """

    edges: np.ndarray
    values: np.ndarray
    coefficients: np.ndarray
    means: np.ndarray
    unknown: bool

    def bins(self, column: np.ndarray, /) -> np.ndarray:
        """Return each row's bin."""
        gone = np.isnan(column)
        found = np.searchsorted(self.edges, column, side="left")
        found[gone] = len(self.values) - 1 if self.unknown else np.searchsorted(self.edges, 0.0, side="left")
        return found

    @cached_property
    def added(self) -> np.ndarray:
        """What a row of each bin is given beyond a mean one, in log-odds; shape (bins,)."""
        return (self.values - self.means) @ self.coefficients


@dataclass(frozen=True)
class _Used:
    """The features that add anything, side by side: one row costs a handful of operations however many they are.

    Parameters
    ----------
    places : numpy.ndarray of int, shape (used,)
        Which features they are.
    edges, added : numpy.ndarray, shape (bins of the largest, used)
        As of each term; edges are filled up with infinity, which no value lies above.
    unknown : numpy.ndarray of int, shape (used,)
        The bin of unknown values; −1 where they count as zero.
    """

    places: np.ndarray
    edges: np.ndarray
    added: np.ndarray
    unknown: np.ndarray

    def added_to(self, matrix: np.ndarray, /) -> np.ndarray:
        """Return what each of these features adds to each row."""
        gone = np.isnan(matrix)
        known = np.where(gone, 0.0, matrix)
        bins = (known > self.edges[:, None, :]).sum(axis=0, dtype=np.int32)
        bins = np.where(gone & (self.unknown >= 0), self.unknown, bins)
        return self.added[bins, np.arange(len(self.unknown))]


@dataclass(frozen=True)
class LinearModel:
    """Log-odds that are linear in the encoded features.

    Parameters
    ----------
    intercept : float
    terms : tuple of Term
        One per feature, in the model's order; one without columns adds nothing.
    """

    file: ClassVar[str] = LINEAR_FILE

    intercept: float
    terms: tuple[Term, ...]

    @property
    def trees(self) -> int:
        """None: it is no ensemble of them."""
        return 0

    @cached_property
    def bias(self) -> float:
        """The log-odds of a mean row."""
        return self.intercept + float(sum(term.means @ term.coefficients for term in self.terms))

    def encoded(self, matrix: np.ndarray, /) -> np.ndarray:
        """Return the columns of the regression, shape (rows, columns of all terms)."""
        blocks = [term.values[term.bins(matrix[:, place])] for place, term in enumerate(self.terms)]
        return np.column_stack(blocks) if blocks else np.zeros((len(matrix), 0))

    def raw(self, matrix: np.ndarray, /, *, threads: int = 0) -> np.ndarray:
        """Return the log-odds of each row."""
        return self.contributions(matrix).sum(axis=1)

    def contributions(self, matrix: np.ndarray, /, *, threads: int = 0) -> np.ndarray:
        """Return what each feature adds to the log-odds of a mean row, those last; shape (rows, features + 1).

        Source
        ------
        Lundberg and Lee (2017), corollary 1: SHAP values of a linear model whose features are independent.
        """
        result = np.zeros((len(matrix), len(self.terms) + 1))
        result[:, -1] = self.bias
        used = self._used
        if len(used.places):
            for start in range(0, len(matrix), _ROWS_AT_ONCE):
                some = slice(start, start + _ROWS_AT_ONCE)
                result[some, used.places] = used.added_to(matrix[some, used.places])
        return result

    @cached_property
    def _used(self) -> _Used:
        places = [place for place, term in enumerate(self.terms) if term.coefficients.any()]
        terms = [self.terms[place] for place in places]
        bins = max((len(term.values) for term in terms), default=1)
        edges, added = np.full((bins, len(terms)), np.inf), np.zeros((bins, len(terms)))
        for at, term in enumerate(terms):
            edges[: len(term.edges), at] = term.edges
            added[: len(term.values), at] = term.added
        unknown = np.array([len(term.values) - 1 if term.unknown else -1 for term in terms], dtype=np.int64)
        return _Used(np.array(places, dtype=np.int64), edges, added, unknown)

    @property
    def text(self) -> str:
        """The model as JSON."""
        terms = [
            {
                "edges": term.edges.tolist(),
                "values": term.values.tolist(),
                "coefficients": term.coefficients.tolist(),
                "means": term.means.tolist(),
                "unknown": term.unknown,
            }
            for term in self.terms
        ]
        return json.dumps({"format": _FORMAT, "intercept": self.intercept, "terms": terms})

    @classmethod
    def read(cls, text: str, features: int, place: Path, /) -> LinearModel:
        """Read what ``text`` has given.

        Parameters
        ----------
        text : str
        features : int
            How many the model must have.
        place : pathlib.Path
            Named in the refusal.

        Raises
        ------
        DamagedModelError
            If it is no such model.
        """
        try:
            found = json.loads(text)
            if found["format"] != _FORMAT:
                raise ValueError(f"its format is {found['format']!r}")
            terms = tuple(_read_term(given) for given in found["terms"])
            if len(terms) != features:
                raise ValueError(f"it has {len(terms)} features, the predictor {features}")
            return cls(float(_numbers([found["intercept"]])[0]), terms)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise DamagedModelError(
                f"{place}: is damaged ({error}) and is not loaded; train again with `baton run`"
            ) from None


@dataclass(frozen=True)
class Design:
    """Features in bins, put there once for regressions on any of the rows.

    What a fit has found is where the next one of the same weight starts: folds share most of their rows. Where a fit
    starts decides how long it takes, not what it finds.

    Parameters
    ----------
    terms : tuple of Term
        One per feature, without coefficients.
    codes : numpy.ndarray of uint8, shape (rows, features)
        Each row's bin of each term.
    """

    terms: tuple[Term, ...]
    codes: np.ndarray
    _starts: dict[float, Solution] = field(default_factory=dict, repr=False)

    @classmethod
    def of(
        cls,
        matrix: np.ndarray,
        categorical: Collection[int],
        /,
        *,
        rows: np.ndarray | None = None,
        favoured: int | None = None,
    ) -> Design:
        """Put features in bins.

        Parameters
        ----------
        matrix : numpy.ndarray, shape (rows, features)
            As ``Encoding.matrix`` gives it.
        categorical : collection of int
            Positions of categorical features.
        rows : numpy.ndarray of int, optional
            The rows that say where bins end; all by default.
        favoured : int, optional
            Position of a feature that is a forecast already: its coefficients are hardly penalised.
        """
        learned = matrix if rows is None else matrix[rows]
        terms = [_binned(learned[:, place], place in categorical) for place in range(matrix.shape[1])]
        if favoured is not None:
            terms[favoured] = replace(terms[favoured], values=terms[favoured].values * _FAVOUR)
        codes = np.empty(matrix.shape, dtype=np.uint8)
        for place, term in enumerate(terms):
            codes[:, place] = term.bins(matrix[:, place])
        return cls(tuple(terms), codes)

    def fit(self, label: np.ndarray, rows: np.ndarray, /, *, weight: float) -> LinearModel:
        """Fit the regression on some of the rows.

        Parameters
        ----------
        label : numpy.ndarray, shape (rows,)
            0 or 1; among ``rows`` both.
        rows : numpy.ndarray of int
            Positions of the rows to learn from.
        weight : float
            Of the data against the penalty (scikit-learn's C): the smaller, the nearer to the base rate.
        """
        blocks = [term.values[self.codes[rows, place]] for place, term in enumerate(self.terms)]
        columns = np.column_stack([*blocks, np.ones(len(rows))])
        means = columns[:, :-1].mean(axis=0)
        if columns.shape[1] == 1:  # nothing to learn from: Newton's method would only find the rate again
            slopes, intercept = np.zeros(0), log_odds(float(label[rows].mean()))
        else:
            found = ridge_logistic(columns, label[rows], weight=weight, start=self._starts.get(weight))
            self._starts[weight] = found
            slopes, intercept = found.slopes[:-1], float(found.slopes[-1])
        ends = np.cumsum([term.values.shape[1] for term in self.terms])[:-1]
        by_term = zip(self.terms, np.split(slopes, ends), np.split(means, ends), strict=True) if self.terms else ()
        return LinearModel(
            intercept, tuple(Term(term.edges, term.values, mine, mean, term.unknown) for term, mine, mean in by_term)
        )

    def raw(self, model: LinearModel, rows: np.ndarray, /) -> np.ndarray:
        """Return the log-odds that a model of this design gives to some of the rows; shape (rows,)."""
        score = np.full(len(rows), model.bias)
        for place, term in enumerate(model.terms):
            if term.coefficients.any():
                score += term.added[self.codes[rows, place]]
        return score


def fit_linear(
    matrix: np.ndarray, label: np.ndarray, *, categorical: Collection[int], weight: float, favoured: int | None = None
) -> LinearModel:
    """Fit the regression on all rows.

    Parameters
    ----------
    matrix : numpy.ndarray, shape (rows, features)
        As ``Encoding.matrix`` gives it.
    label : numpy.ndarray, shape (rows,)
        0 or 1, both present.
    categorical : collection of int
        Positions of categorical features.
    weight : float
        As for ``Design.fit``.
    favoured : int, optional
        As for ``Design.of``.
    """
    return Design.of(matrix, categorical, favoured=favoured).fit(label, np.arange(len(label)), weight=weight)


def of_forecast(matrix: np.ndarray, place: int, /) -> LinearModel:
    """Return the model whose log-odds are one feature's values, in fine bins; no other feature adds anything.

    Parameters
    ----------
    matrix : numpy.ndarray, shape (rows, features)
    place : int
        Position of the feature.
    """
    known = matrix[~np.isnan(matrix[:, place]), place]
    term = _binned(matrix[:, place], False, _MAX_BINS_ALONE)
    design = term.values[term.bins(matrix[:, place])]
    coefficients = np.zeros(design.shape[1])
    coefficients[:1] = known.std() if len(known) else 0.0
    nothing = Term(np.empty(0), np.zeros((1, 0)), np.empty(0), np.empty(0), False)
    terms = [nothing] * matrix.shape[1]
    terms[place] = replace(term, coefficients=coefficients, means=design.mean(axis=0))
    return LinearModel(float(known.mean()) if len(known) else 0.0, tuple(terms))


def _binned(column: np.ndarray, categorical: bool, most: int = _MAX_BINS, /) -> Term:
    """Return a feature in bins, without coefficients."""
    gone = np.isnan(column)
    known = np.sort(column[~gone])
    starts = np.append(0, np.flatnonzero(known[1:] > known[:-1]) + 1)[: len(known)]
    distinct = known[starts]
    cuts = np.arange(len(distinct) - 1)
    if categorical:
        cuts = cuts[:MAX_LEVELS]  # codes are in order of frequency: the rest is one bin
    elif len(distinct) > most:
        inner = known[-(-len(known) * np.arange(1, most) // most) - 1]  # no value between two is invented
        cuts = np.intersect1d(np.searchsorted(distinct, inner), cuts)
    # halfway to the next value, as LightGBM cuts, so that rounding on the way moves no row; no bin is empty
    halfway = (distinct[cuts] + distinct[cuts + 1]) / 2
    edges = np.where(halfway < distinct[cuts + 1], halfway, distinct[cuts])
    count = len(edges) + 1
    if categorical:
        values = np.eye(count)[:, 1:]
    else:
        first = np.append(0, starts[cuts + 1])
        rows = np.diff(np.append(first, len(known)))
        means = np.add.reduceat(known, first) / rows if len(known) else np.zeros(count)
        centre = float(known.mean()) if len(known) else 0.0
        spread = float(known.std()) if len(known) else 0.0
        scaled = np.clip((means - centre) / spread, -WINSOR, WINSOR) if spread > 0 else np.zeros(count)
        values = scaled[:, None] if spread > 0 else np.zeros((count, 0))
    unknown = bool(gone.any() and len(known))
    if unknown:
        median_code = int(np.searchsorted(edges, np.median(known))) if not categorical else 0
        values = np.vstack([values, values[median_code]])
        values = np.column_stack([values, np.append(np.zeros(count), 1.0)])
    nothing = np.zeros(values.shape[1])
    return Term(edges, values, nothing, nothing, unknown)


def _read_term(given: Mapping[str, Any], /) -> Term:
    edges = _numbers(given["edges"], np.finfo(np.float64).max)  # in the unit of the data, whatever it is
    coefficients, means = _numbers(given["coefficients"]), _numbers(given["means"])
    unknown, rows = given["unknown"], given["values"]
    if not isinstance(unknown, bool) or len(rows) != len(edges) + 1 + unknown:
        raise ValueError("a feature has more or fewer bins than ends of them")
    if len(means) != len(coefficients) or any(len(row) != len(coefficients) for row in rows):
        raise ValueError("a feature has more or fewer columns than coefficients")
    if (np.diff(edges) <= 0).any():
        raise ValueError("the ends of a feature's bins do not ascend")
    values = np.array([_numbers(row) for row in rows]).reshape(len(rows), len(coefficients))
    return Term(edges, values, coefficients, means, unknown)


def _numbers(given: Any, most: float = MAX_NUMBER, /) -> np.ndarray:
    if any(not isinstance(value, int | float) or isinstance(value, bool) for value in given):
        raise ValueError("it holds more than numbers")
    numbers = np.array(given, dtype=np.float64)
    if not (np.abs(numbers) <= most).all():  # NaN fails, too
        raise ValueError("it holds a number that cannot be")
    return numbers
