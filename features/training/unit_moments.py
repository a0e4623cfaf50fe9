"""Count, mean and variance of what a metric is computed from, per unit and window: what labels of declines compare."""

from __future__ import annotations

import numpy as np
import pandas as pd

from baton.catalogue.schema import Kpi
from features.kpis import evaluate as metrics
from features.kpis.sql import Windows
from features.kpis.unit_rows import Unit
from features.staging.warehouse import Warehouse

__all__ = ["unit_moments"]


def unit_moments(warehouse: Warehouse, metric: Kpi, unit: Unit, windows: Windows) -> pd.DataFrame:
    """Return count, mean and variance of a metric's rows per unit over one window.

    Parameters
    ----------
    windows : Windows
        With one label; each moment once.

    Returns
    -------
    pandas.DataFrame
        ``unit_id``, ``as_of``, ``n`` (NaN: not known), ``mean``, ``variance``.
    """
    (label,) = windows.labels
    square = metric.model_copy(update={"id": f"{metric.id}__squared", "expr": _squared(metric)})
    rows = metric.model_copy(update={"id": f"{metric.id}__rows", "aggregate": "count"})
    found = metrics.over(warehouse, [metric, square, rows], unit, windows)
    frame = found.to_pyarrow().to_pandas()
    cases = frame[f"{metric.id}__n"].astype("float64")
    mean = frame[f"{metric.id}__{label}"].astype("float64")
    squares = frame[f"{metric.id}__squared__{label}"].astype("float64")
    # a row of `measures` is a mean over n cases already: n times its squared deviation estimates the cases' variance
    rows_behind = frame[f"{metric.id}__rows__{label}"].astype("float64")
    count = rows_behind if metric.source == "measures" else cases
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = ((squares - mean**2) * cases / (count - 1)).clip(lower=0).where(count > 1)
    is_counted = metric.source != "measures" or warehouse.has("measures", "n")
    n = cases if is_counted else pd.Series(np.nan, index=cases.index)
    table = pd.DataFrame(
        {"unit_id": frame["unit_id"], "as_of": frame["as_of"], "n": n, "mean": mean, "variance": variance}
    )
    return table[table["mean"].notna()].reset_index(drop=True)


def _squared(metric: Kpi, /) -> str:
    # a boolean's square is itself; numbers are multiplied as floats
    return f"CAST(({metric.expr}) AS DOUBLE) * CAST(({metric.expr}) AS DOUBLE)"
