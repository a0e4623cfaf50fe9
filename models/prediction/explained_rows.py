"""A sample of an outcome's rows with what carries each prediction, for pictures of how predictions come about.

No id stands in it, and no row is about an employee or a team: whoever reads it sees what a model looks at, and nobody's
measurements.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from features.training.table import TrainingTable
from models.prediction.attribution import number_and_label
from models.prediction.predictor import BIAS

__all__ = ["MAX_ROWS", "MIN_ROWS", "explained_rows"]

MAX_ROWS = 300
"""Rows of an outcome: in a picture more look the same."""
MIN_ROWS = 30
"""With fewer rows a picture shows single ones, and no pattern."""
_PEOPLE = {"employee", "team"}
"""Units whose rows say how people work: single ones are shown to nobody."""
_COLUMNS = ("outcome", "row", "prediction", "bias", "kpi", "value", "label", "attribution")


def explained_rows(
    table: TrainingTable,
    summed: pd.DataFrame,
    values: pd.DataFrame,
    prediction: np.ndarray,
    min_group: int,
    /,
) -> pd.DataFrame:
    """Return rows taken evenly from the lowest to the highest prediction, each with its attributions.

    Parameters
    ----------
    table : TrainingTable
        Says which outcome, and of what unit.
    summed : pandas.DataFrame
        Attributions of the rows that are scored, as ``per_kpi(…, name_context=True)`` gives them.
    values : pandas.DataFrame
        As ``kpi_values`` gives them.
    prediction : numpy.ndarray of float64, shape (rows,)
    min_group : int
        Of how many at least a group consists that may be shown.

    Returns
    -------
    pandas.DataFrame
        As the result table ``explanations``: one row per sampled row and KPI; empty where rows are too few or about
        people.
    """
    if table.unit in _PEOPLE or len(summed) < max(MIN_ROWS, min_group):
        return pd.DataFrame(columns=list(_COLUMNS))
    ranked = np.argsort(prediction, kind="stable")
    chosen = ranked[np.linspace(0, len(ranked) - 1, min(len(ranked), MAX_ROWS)).round().astype(np.int64)]
    names = [name for name in summed.columns if name != BIAS]
    count, picked = len(chosen), values.iloc[chosen]
    nothing = pd.Series(np.full(count, np.nan))
    known = [number_and_label(picked.get(name, nothing)) for name in names]
    each = {"row": np.arange(count), "prediction": prediction[chosen], "bias": summed[BIAS].to_numpy()[chosen]}
    frame = pd.DataFrame({name: np.tile(column, len(names)) for name, column in each.items()})
    frame = frame.assign(
        outcome=table.outcome,
        kpi=np.repeat(np.array(names, dtype=object), count),
        value=np.concatenate([number for number, _ in known]),
        label=np.concatenate([label for _, label in known]),
        attribution=summed[names].to_numpy()[chosen].T.ravel(),
    )
    return frame[list(_COLUMNS)]
