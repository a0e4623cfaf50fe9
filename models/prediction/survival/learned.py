"""A curve of chances from a training table, by what its predictor says of rows that it has not seen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from features.training.table import TrainingTable
from models.prediction.calibration import Calibration
from models.prediction.survival.curve import Curve, Times, fit_curve
from models.prediction.survival.doubt import learn_doubt

__all__ = ["learn_curve", "times_of"]


def times_of(table: TrainingTable, rows: pd.DataFrame, /) -> Times:
    """Return when rows of a table left.

    Parameters
    ----------
    rows : pandas.DataFrame
        Some of the table's frame, with its index.
    """
    times = table.times.loc[rows.index]
    group = np.unique(rows["group"].astype(str), return_inverse=True)[1]
    return Times(times["left_days"].to_numpy(), times["observed_days"].to_numpy(), group)


def learn_curve(table: TrainingTable, rows: pd.DataFrame, raw: np.ndarray, calibration: Calibration, /) -> Curve | None:
    """Learn the chances at other days than the horizon.

    Parameters
    ----------
    rows : pandas.DataFrame
        Labelled rows of the table, with the index of its frame.
    raw : numpy.ndarray, shape (rows,)
        Scores by models that have not seen them; NaN where all have.

    Returns
    -------
    Curve or None
        None where the table does not know when anybody left.
    """
    if table.times.empty:
        return None
    known = ~np.isnan(raw)
    chance, used = calibration.apply(raw[known]), rows[known]
    times, label = times_of(table, used), used["label"].to_numpy(dtype=np.float64)
    curve = fit_curve(chance, times, table.curve_days, table.horizon_days)
    ahead = table.horizon_days + table.gap_days
    return replace(curve, doubt=learn_doubt(chance, label, times.group, used["as_of"], ahead))
