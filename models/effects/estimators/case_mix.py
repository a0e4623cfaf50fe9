"""What makes cases comparable: strata, the case mix known when they opened, and how long the handler had been there."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.kpis.columns import context_columns
from models.effects.estimators.arithmetic import dense, within_slope

__all__ = ["TAILS", "covariates", "difficulty_index", "newness", "strata_codes"]

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

TAILS = 0.005
MAX_CATEGORIES = 12
SMALLEST_CELL = 8.0
MAX_QUEUES = 40
"""Processes by priority with a coefficient each; rarer ones share one."""
LEARNING_DAYS = 120.0
"""Most of what people learn on a service desk they learn in their first four months."""


def strata_codes(frame: pd.DataFrame, /) -> Codes:
    """Comparable cases: same process, priority and month, or coarser where cells would hold too few."""
    for keys in (["process", "priority", "period"], ["process", "period"], ["process"]):
        known = [key for key in keys if key in frame]
        if not known:
            continue
        codes = np.asarray(frame.groupby(known, dropna=False, observed=True, sort=False).ngroup(), dtype=np.int64)
        if len(codes) / (codes.max() + 1) >= SMALLEST_CELL:
            return codes
    return np.zeros(len(frame), dtype=np.int64)


def covariates(frame: pd.DataFrame, /) -> Floats:
    """The case mix as numbers: customer history and the case's own context, known when it opened.

    Returns
    -------
    array of shape (rows, covariates)
        Standardised; unknown numbers at the mean with a column that says so, categories as indicators.
    """
    parts: list[Floats] = []
    names = context_columns(frame.columns)
    for name in [*names, *(key for key in ("channel", "stage", "priority") if key in frame)]:
        column = frame[name]
        if pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
            number = column.to_numpy(dtype=np.float64, na_value=np.nan)
            known = np.isfinite(number)
            if not known.any():
                continue
            low, high = np.quantile(number[known], [TAILS, 1 - TAILS])
            parts.append(np.where(known, np.clip(number, low, high), number[known].mean()))
            if not known.all():
                parts.append((~known).astype(np.float64))
        else:
            level, frequent = _levels(column)
            parts.extend((level == code).astype(np.float64) for code in frequent[1 : MAX_CATEGORIES + 1])
    matrix = np.column_stack(parts) if parts else np.zeros((len(frame), 0))
    spread = matrix.std(axis=0)
    return (matrix[:, spread > 0] - matrix[:, spread > 0].mean(axis=0)) / spread[spread > 0]


def _levels(column: pd.Series, /) -> tuple[Codes, Codes]:
    """Return the code of each row's text, and the codes from the most frequent on; unknown is a text of its own."""
    codes, values = pd.factorize(column, use_na_sentinel=False)
    # values that read the same are one level
    names = pd.Series(values).astype("str").fillna("")
    level = pd.factorize(names)[0][codes]
    return level, pd.Series(level).value_counts().index.to_numpy()


def newness(frame: pd.DataFrame, employees: pd.DataFrame | None, /) -> Floats:
    """How new the handler was when the case opened, as one column; no column where nobody knows.

    It falls from 1 on the first day by a factor e in ``LEARNING_DAYS``: one smooth curve, since bands with coefficients
    of their own add more noise between people than they take away.
    """
    if employees is None or "hired_at" not in employees or "opened_at" not in frame:
        return np.zeros((len(frame), 0))
    hired = pd.to_datetime(
        employees.drop_duplicates("employee_id").set_index("employee_id")["hired_at"], errors="coerce"
    )
    if not hired.notna().any():
        return np.zeros((len(frame), 0))
    if hired.dt.tz is not None:
        hired = hired.dt.tz_localize(None)
    days = (frame["opened_at"] - frame["employee_id"].map(hired)).dt.total_seconds().to_numpy() / 86_400.0
    new = np.exp(-np.clip(np.nan_to_num(days, nan=np.inf), 0.0, None) / LEARNING_DAYS)
    return new[:, None] if new.std() > 1e-6 else np.zeros((len(frame), 0))


def difficulty_index(frame: pd.DataFrame, mix: Floats, outcome: Floats, employee: Codes, /) -> Floats:
    """Predict the outcome from all that was known when a case opened.

    Parameters
    ----------
    frame : pandas.DataFrame
        With process and priority, where known.
    mix : array of shape (rows, covariates)
        The case mix.
    outcome : array of shape (rows,)
        NaN unknown.
    employee : array of int, shape (rows,)
        Coefficients are estimated within people, so that the better ones' results are not taken for their cases'.

    Returns
    -------
    array of shape (rows,)
        Zero where nothing is known.
    """
    keys = [key for key in ("process", "priority") if key in frame]
    columns = [mix]
    if keys:
        queue = np.asarray(frame.groupby(keys, dropna=False, observed=True, sort=False).ngroup(), dtype=np.int64)
        frequent = np.argsort(-np.bincount(queue), kind="stable")[1 : MAX_QUEUES + 1]
        columns.append((queue[:, None] == frequent[None, :]).astype(np.float64))
    attributes = np.hstack(columns)
    known = np.isfinite(outcome)
    if not attributes.shape[1] or not known.any():
        return np.zeros(len(frame))
    slope = within_slope(attributes[known], outcome[known][:, None], dense(employee[known]))
    return attributes @ slope[:, 0]
