"""Customers × days: chances of leaving by each day, and the money that is expected to be lost by then."""

from __future__ import annotations

import numpy as np
import pandas as pd

from models.prediction.survival.curve import Curve

__all__ = ["curve_rows", "discounted_loss"]

_DAYS_A_YEAR = 365.25


def discounted_loss(chances: np.ndarray, days: np.ndarray, rate: float, gap_days: int = 0, /) -> np.ndarray:
    """Return the expected loss by each day of one unit of money that is lost with the customer, worth of today.

    Parameters
    ----------
    chances : numpy.ndarray, shape (rows, days)
        Of leaving by each day.
    days : numpy.ndarray, shape (days,)
        Ascending, after the gap.
    rate : float
        By which money of a year later is worth less; 0: the loss is the chance.
    gap_days : int
        Days between now and the first of these days.

    Returns
    -------
    numpy.ndarray, shape (rows, days)
        Who leaves between two days counts as leaving half-way.

    Examples
    --------
    >>> discounted_loss(np.array([[0.5, 0.5]]), np.array([365.25, 730.5]), 0.21).round(3).tolist()
    [[0.455, 0.455]]
    """
    starts = np.concatenate([[0.0], days[:-1]])
    worth = (1.0 + rate) ** -((gap_days + (starts + days) / 2) / _DAYS_A_YEAR)
    return np.cumsum(np.diff(chances, axis=1, prepend=0.0) * worth, axis=1)


def curve_rows(curve: Curve, churn: pd.DataFrame, value: np.ndarray, rate: float, gap_days: int, /) -> pd.DataFrame:
    """Return the table ``churn_curve``.

    Parameters
    ----------
    churn : pandas.DataFrame
        ``customer_id``, ``as_of``, ``probability``, ``informative``.
    value : numpy.ndarray, shape (customers,)
        Money a year; NaN where it is not known.

    Returns
    -------
    pandas.DataFrame
        Without chances where they are no better than guessing.
    """
    days = np.array(curve.days, dtype=np.float64)
    chances = curve.chances(churn["probability"].to_numpy(dtype=np.float64))
    loss = discounted_loss(chances, days, rate, gap_days) * value[:, None]
    rows = churn[["customer_id", "as_of", "informative"]].loc[churn.index.repeat(len(days))].reset_index(drop=True)
    rows["days"] = np.tile(np.array(curve.days, dtype=np.int64), len(churn))
    rows["probability"] = chances.ravel()
    rows["discounted_value_at_risk"] = loss.ravel()
    rows.loc[~rows["informative"].astype(bool), ["probability", "discounted_value_at_risk"]] = np.nan
    return rows
