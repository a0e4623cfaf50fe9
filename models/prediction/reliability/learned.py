"""What single predictions can be relied on, from a training table and what models say of rows they have not seen."""

from __future__ import annotations

import numpy as np
import pandas as pd

from baton.outcomes import kind_of
from features.training.table import TrainingTable
from models.prediction.calibration import Calibration
from models.prediction.reliability.band import Band, fit_band
from models.prediction.survival.doubt import between_snapshots

__all__ = ["learn_band"]


def learn_band(table: TrainingTable, rows: pd.DataFrame, raw: np.ndarray, calibration: Calibration, /) -> Band | None:
    """Learn between which ends the share of leavers lies among customers of the same score.

    Parameters
    ----------
    rows : pandas.DataFrame
        Labelled rows: those that the calibration was learned from.
    raw : numpy.ndarray, shape (rows,)
        Scores by models that have not seen them.

    Returns
    -------
    Band or None
        None for other outcomes than churn, and where too few left or stayed.
    """
    if kind_of(table.outcome) != "churn":
        return None
    chance, label = calibration.apply(raw), rows["label"].to_numpy(dtype=np.float64)
    group = np.unique(rows["group"].astype(str), return_inverse=True)[1]
    dated = table.temporal and bool(rows["as_of"].notna().all())
    ahead = table.horizon_days + table.gap_days
    return fit_band(chance, label, group, between_snapshots(chance, label, rows["as_of"], ahead) if dated else 0.0)
