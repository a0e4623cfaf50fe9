"""Double machine learning: outcome and levers cleaned of anything that context predicts, then regressed jointly.

Learners see process, priority, month, channel and customer history; folds leave out employees and customers together,
so that nobody's own cases teach what is expected of them. The last step is the plain joint regression with errors
clustered by employee and customer.

Source: Chernozhukov et al. 2018, Double/debiased machine learning, section 4.1 (partially linear model); Chiang, Kato,
Ma & Sasaki 2022 (cross-fitting under two-way clustering).
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from baton.catalogue.schema import Catalogue
from features.cases.table import CaseTable
from features.kpis.columns import context_columns, kpi_column, outcome_column
from models.effects.estimators.case_level import case_level
from models.effects.estimators.design import Design, same_rows
from models.effects.estimators.moments import Moments
from models.effects.estimators.protocol import Estimate
from models.side_by_side import side_by_side

__all__ = ["clean", "double_ml"]

Floats = NDArray[np.float64]

FOLDS = 3
MAX_LEARNED_CASES = 40_000
TREES = 40


def double_ml(
    cases: CaseTable, catalogue: Catalogue, design: Design, /, *, draws: int, seed: int, moments: Moments
) -> Estimate:
    """Estimate effects per case by double machine learning.

    Parameters
    ----------
    cases : CaseTable
        The cases that the design was built from.
    draws, seed : int
    moments : Moments
        Of the design, as the case-level regression takes them.

    Returns
    -------
    Estimate
    """
    return case_level(
        clean(cases, catalogue, design, seed), draws=draws, seed=seed, moments=moments, method="double_ml"
    )


def clean(cases: CaseTable, catalogue: Catalogue, design: Design, seed: int, /) -> Design:
    """Replace the design's adjusted values by what cross-fitted learners leave of the raw ones.

    At most 40,000 cases, whole customers at a time, are used.
    """
    frame = cases.frame.iloc[design.rows].reset_index(drop=True)
    rng = np.random.default_rng(seed)
    customers = rng.permutation(int(design.customer.max()) + 1)
    rank = customers[design.customer]
    keep = rank < len(customers) * min(1.0, MAX_LEARNED_CASES / len(frame))
    rows = np.flatnonzero(keep)
    context = _context(frame.iloc[rows])
    raw = np.full((len(rows), design.size + 1), np.nan)
    for at, lever in enumerate(design.levers):
        raw[:, at] = catalogue[lever].sign * _clip(
            frame[kpi_column(lever)].to_numpy(dtype=np.float64, na_value=np.nan)[rows]
        )
    raw[:, -1] = frame[outcome_column(design.outcome)].to_numpy(dtype=np.float64, na_value=np.nan)[rows]
    employee_fold = rng.integers(0, FOLDS, int(design.employee.max()) + 1)[design.employee[rows]]
    customer_fold = rng.integers(0, FOLDS, len(customers))[design.customer[rows]]
    left = np.full_like(raw, np.nan)
    patterns = same_rows(np.isfinite(raw))

    def leave(one: int, two: int, columns: list[int]) -> None:
        test = (employee_fold == one) & (customer_fold == two)
        known = (employee_fold != one) & (customer_fold != two) & np.isfinite(raw[:, columns[0]])
        if test.any() and known.sum() > 50:
            block = np.ix_(test, columns)
            left[block] = raw[block] - _learn(context, raw[:, columns], known, test, seed)

    places = [(one, two, columns) for one in range(FOLDS) for two in range(FOLDS) for columns in patterns]
    side_by_side([partial(leave, *place) for place in places])
    return replace(design.only(rows), values=left, unadjusted=left)


def _context(frame: pd.DataFrame, /) -> Floats:
    """What learners may see: context and history, categories as codes."""
    names = context_columns(frame)
    columns = []
    for name in [*names, *(key for key in ("process", "priority", "period", "channel", "stage") if key in frame)]:
        column = frame[name]
        if pd.api.types.is_numeric_dtype(column):
            columns.append(column.to_numpy(dtype=np.float64, na_value=np.nan))
        else:
            columns.append(pd.factorize(column)[0].astype(np.float64))
    return np.column_stack(columns) if columns else np.zeros((len(frame), 1))


def _clip(number: Floats, /) -> Floats:
    known = number[np.isfinite(number)]
    return np.clip(number, *np.quantile(known, [0.005, 0.995])) if len(known) else number


def _learn(context: Floats, targets: Floats, known: NDArray[np.bool_], test: NDArray[np.bool_], seed: int, /) -> Floats:
    """Predict each column of the targets for the test rows by a learner of its own, all from one binned table."""
    import lightgbm

    settings = {
        "objective": "l2", "num_leaves": 7, "learning_rate": 0.1, "min_data_in_leaf": 50, "verbosity": -1,
        "deterministic": True, "force_row_wise": True, "num_threads": 1, "seed": seed, "max_bin": 63,
    }  # fmt: skip
    learned, asked = context[known], context[test]
    data = lightgbm.Dataset(learned, np.zeros(len(learned)), params=settings, free_raw_data=False).construct()
    found = np.empty((len(asked), targets.shape[1]))
    for at, target in enumerate(targets[known].T):
        data.set_label(target)
        found[:, at] = lightgbm.train(settings, data, num_boost_round=TREES).predict(asked, num_threads=1)
    return found
