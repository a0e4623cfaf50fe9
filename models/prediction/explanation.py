"""A prediction explained in the form that users of SHAP know, for all of its pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from baton.errors import UnknownIdError
from models.prediction.predictor import BIAS, BoostedPredictor

if TYPE_CHECKING:
    import shap

__all__ = ["explanation"]


def explanation(predictor: BoostedPredictor, rows: pd.DataFrame, unit_id: str | None = None, /) -> shap.Explanation:
    """Return exact SHAP values of rows as ``shap.Explanation``.

    Parameters
    ----------
    rows : pandas.DataFrame
        One row per unit, with the predictor's features and ``unit_id``.
    unit_id : str, optional
        The only unit to be explained; None: all.

    Returns
    -------
    shap.Explanation
        ``values`` (rows, features) and ``base_values`` (rows,), which sum to the score before calibration: log-odds, or
        the number's own unit; ``data``: the features as the model reads them, categories numbered; ``display_data``:
        as they stand in the table; ``instance_names``: the units' ids.

    Raises
    ------
    UnknownIdError
        If the unit has no row.

    Source
    ------
    Lundberg et al. (2020), algorithm 2, in LightGBM's own implementation.
    """
    import shap

    if unit_id is not None:
        rows = rows.loc[rows["unit_id"] == unit_id]
        if rows.empty:
            raise UnknownIdError(f"{unit_id!r} is not among the latest rows of {predictor.outcome}", "unit_id")
    features = list(predictor.encoding.features)
    contributions = predictor.contributions(rows[features])
    return shap.Explanation(
        values=contributions[features].to_numpy(),
        base_values=contributions[BIAS].to_numpy(),
        data=predictor.encoding.matrix(rows[features]).astype(np.float64),
        display_data=rows[features].to_numpy(dtype=object),
        instance_names=rows["unit_id"].astype("str").tolist(),
        feature_names=features,
    )
