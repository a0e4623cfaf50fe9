"""The strongest interactions of a prediction, on a sample of the rows that it is made for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from models.prediction.attribution import kpi_values, owner_of
from models.prediction.interactions.pairs import interaction_values, strongest_pairs
from models.prediction.predictor import BoostedPredictor

__all__ = ["Interactions", "interactions_of"]

_ROWS = 300


@dataclass(frozen=True)
class Interactions:
    """What pairs of KPIs add to predictions together.

    Parameters
    ----------
    pairs : pandas.DataFrame
        kpi, other_kpi, mean_abs_interaction: the strongest first.
    rows : tuple of pandas.DataFrame
        Per pair a row of the sample each: value and other_value (as they stand in the table), interaction (both halves
        together).
    """

    pairs: pd.DataFrame
    rows: tuple[pd.DataFrame, ...]


def interactions_of(predictor: BoostedPredictor, rows: pd.DataFrame, most: int, /) -> Interactions:
    """Return the strongest interactions among KPIs; features that are no KPI count under their own names.

    Parameters
    ----------
    rows : pandas.DataFrame
        With the predictor's features; at most 300 are taken, evenly from the lowest to the highest prediction.
    most : int
        How many pairs.

    Returns
    -------
    Interactions
        Empty for linear models, which have none.
    """
    features = list(predictor.encoding.features)
    known = rows[features]
    ranked = np.argsort(predictor.raw(known), kind="stable")
    chosen = ranked[np.linspace(0, len(ranked) - 1, min(len(ranked), _ROWS)).round().astype(np.int64)]
    sample = known.iloc[chosen]
    values = kpi_values(sample, predictor.kpi_of)
    groups = [owner_of(name, predictor.kpi_of, name_context=True) for name in features]
    names = list(dict.fromkeys(groups))
    found = interaction_values(predictor, predictor.encoding.matrix(sample), groups)
    pairs = strongest_pairs(found, names, most)
    shown = [
        pd.DataFrame(
            {
                "value": values[kpi].to_numpy(),
                "other_value": values[other].to_numpy(),
                "interaction": 2.0 * found[:, names.index(kpi), names.index(other)],
            }
        )
        for kpi, other in zip(pairs["kpi"], pairs["other_kpi"], strict=True)
    ]
    return Interactions(pairs, tuple(shown))
