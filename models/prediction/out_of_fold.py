"""Outputs about rows whose outcome the model has learned from: always by models that have not seen them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.training.table import TrainingTable
from models.prediction import calibration as calibrations
from models.prediction.predictor import BIAS, predictor_class

__all__ = ["OutOfFold", "out_of_fold", "rows_to_score"]

_MAX_REPEATS = 3
_REPEATED_ROWS = 20_000  # about so many in all repeats together, so that seconds have no cliff


@dataclass(frozen=True)
class OutOfFold:
    """What models say of rows that they have not seen.

    Parameters
    ----------
    keys : pandas.DataFrame
        ``unit_id``, ``as_of`` of the labelled rows.
    prediction : numpy.ndarray, shape (rows,)
        Mean over repeats, calibrated on the other folds.
    part : numpy.ndarray of int, shape (rows,)
        The fold of the first repeat.
    explained : pandas.DataFrame
        For the rows asked for: ``unit_id``, ``as_of``, ``prediction``, ``raw``, the contribution of each feature, and
        ``bias``; means over repeats, so that they still add up.
    repeats : int
    """

    keys: pd.DataFrame
    prediction: np.ndarray
    part: np.ndarray
    explained: pd.DataFrame
    repeats: int


def out_of_fold(table: TrainingTable, seed: int, /, *, explain: np.ndarray | None = None) -> OutOfFold:
    """Predict every labelled row by models of the other groups' rows.

    Parameters
    ----------
    explain : numpy.ndarray of bool, shape (labelled rows,), optional
        Rows whose contributions are wanted; all of them by default.

    Returns
    -------
    OutOfFold
        Of three repeats of five stratified folds; from 8,000 rows on of two, above 13,333 of one.

    Raises
    ------
    TooLittleDataError
        If there are too few rows, events or groups.
    """
    predictor, rows = predictor_class(table.outcome), table.labelled
    repeats = int(np.clip(round(_REPEATED_ROWS / len(rows)), 1, _MAX_REPEATS))
    wanted = np.ones(len(rows), dtype=bool) if explain is None else explain
    label = rows["label"].to_numpy(dtype=np.float64)
    prediction, raw, part = np.zeros(len(rows)), np.zeros(len(rows)), np.zeros(len(rows), dtype=np.int64)
    parts: Sequence[str] = (*table.features, BIAS)
    contributions = np.zeros((int(wanted.sum()), len(parts)))
    for repeat in range(repeats):
        held, encoding = predictor.cross_fit(table, seed + repeat)
        matrix = encoding.matrix(rows[list(table.features)])
        calibrated = held.raw.copy()
        if table.kind == "probability":
            for fold in np.unique(held.part):
                inside = held.part == fold
                fitted = calibrations.fit_calibration(
                    held.raw[~inside], label[~inside], is_forecast=table.forecast is not None
                )
                calibrated[inside] = fitted.apply(held.raw[inside])
        prediction += calibrated / repeats
        raw += held.raw / repeats
        if wanted.any():
            contributions += held.restricted(wanted).contributions(matrix[wanted]) / repeats
        part = held.part if repeat == 0 else part
    keys = rows[["unit_id", "as_of"]].reset_index(drop=True)
    explained = keys[wanted].reset_index(drop=True).assign(prediction=prediction[wanted], raw=raw[wanted])
    values = pd.DataFrame(contributions, columns=list(parts))
    return OutOfFold(keys, prediction, part, pd.concat([explained, values], axis=1), repeats)


def rows_to_score(table: TrainingTable, window_days: int, /) -> pd.DataFrame:
    """Return the rows that outputs are written for.

    Parameters
    ----------
    window_days : int
        For cases, which have times of their own: how far back the latest window reaches.

    Returns
    -------
    pandas.DataFrame
        The latest snapshot; all rows of a table without time; the cases of the latest window.
    """
    if table.unit != "case" or table.frame["as_of"].isna().all():
        return table.current
    latest = table.frame["as_of"].max() if table.latest is None else table.latest
    as_of = table.frame["as_of"]
    return table.frame[(as_of > latest - pd.Timedelta(days=window_days)) & (as_of <= latest)]
