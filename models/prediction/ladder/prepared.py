"""A table's rows, made ready once for every fit that is tried on them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from models.prediction.boosting import Task, binned
from models.prediction.choice import MAX_LINEAR_ROWS, thinned
from models.prediction.linear import Design, LinearModel, fit_linear, of_forecast

if TYPE_CHECKING:
    import lightgbm as lgb

__all__ = ["Prepared"]


@dataclass(frozen=True)
class Prepared:
    """Rows in bins: LightGBM's for trees, coarser ones for linear models. Bins look at no outcome.

    Parameters
    ----------
    matrix : numpy.ndarray, shape (rows, features)
    label : numpy.ndarray, shape (rows,)
    task : Task
        Its recipe is the smallest.
    """

    matrix: np.ndarray
    label: np.ndarray
    task: Task

    @cached_property
    def dataset(self) -> lgb.Dataset:
        """The rows in bins for trees of any recipe."""
        return binned(self.matrix, self.label, self.task)

    @cached_property
    def design(self) -> Design:
        """The rows in bins for linear models of any weight."""
        rows = thinned(np.ones(len(self.label), dtype=bool), MAX_LINEAR_ROWS)
        return Design.of(self.matrix, self.task.categorical, rows=rows, favoured=self.task.forecast)

    def line(self, learned: np.ndarray, weight: float | None, /, *, alone: bool = False) -> LinearModel:
        """Return the line that was chosen, fitted on some of the rows.

        Parameters
        ----------
        learned : numpy.ndarray of int
            Their positions.
        weight : float or None
            As for ``Design.fit``; None: the line through the task's forecast, which looks at no outcome.
        alone : bool
            Whether nothing but those rows may be looked at: bins are then their own.

        Raises
        ------
        ValueError
            If there is neither a weight nor a forecast.
        """
        if weight is None:
            if self.task.forecast is None:
                raise ValueError("a task without a forecast has no line through it")
            return of_forecast(self.matrix[learned], self.task.forecast)
        if not alone:
            return self.design.fit(self.label, learned, weight=weight)
        categorical, favoured = self.task.categorical, self.task.forecast
        matrix, label = self.matrix[learned], self.label[learned]
        return fit_linear(matrix, label, categorical=categorical, weight=weight, favoured=favoured)
