"""A metric per unit and window, from how many rows, and how far it varies by chance: what labels of declines compare.

Of means and shares that is the variance between rows. Of any other metric it is so many times its own sampling variance
as there are rows, so that everything after counts alike:

- *Medians and other quantiles* ``p``: ``p(1 − p)·s²``, ``s`` being how fast the quantile rises with ``p``, seen by the
  distance of two quantiles beside it (Siddiqui 1960; Koenker 2005, section 3.4). Of 20 to 150 rows, normal or skewed,
  that is too large by a tenth to a third of the variance for medians, by up to four fifths for the 90th percentile.
- *Ratios* (rates, costs per case) of sums ``a`` and ``b``: the variance between rows of ``a − R·b``, over the square of
  the mean ``b`` (Taylor linearisation: Cochran 1977, section 6.4). Of events by exposure it is Poisson's, or what they
  vary by beyond.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from baton.catalogue.schema import Kpi
from features.kpis import evaluate as metrics
from features.kpis.sql import Windows
from features.kpis.unit_rows import Unit
from features.staging.warehouse import Warehouse

__all__ = ["has_noise", "unit_moments"]

_BESIDE = {"median": (0.5, ("p30", 0.3), ("p70", 0.7)), "p90": (0.9, ("p85", 0.85), ("p95", 0.95))}


def has_noise(metric: Kpi, /) -> bool:
    """Whether the rows behind a metric show how far it varies by chance.

    Sums, counts and extremes do not: they grow with what there is to count. Nor do percentiles or ratios of figures
    that others have computed, which are no single rows.
    """
    if metric.expr is None:
        return False
    known = ("mean", "share") if metric.source == "measures" else ("mean", "share", "ratio", *_BESIDE)
    return metric.aggregate in known


def unit_moments(warehouse: Warehouse, metric: Kpi, unit: Unit, windows: Windows) -> pd.DataFrame:
    """Return a metric per unit over one window, the rows behind it, and its variance by chance.

    Parameters
    ----------
    metric : Kpi
        One that ``has_noise``.
    windows : Windows
        With one label; each moment once.

    Returns
    -------
    pandas.DataFrame
        ``unit_id``, ``as_of``, ``n`` (NaN: not known), ``mean`` (or whatever the metric is), ``variance`` (of one row).
    """
    (label,) = windows.labels
    parts = _parts(metric)
    found = metrics.over(warehouse, [metric, *parts.values()], unit, windows)
    frame = found.to_pyarrow().to_pandas()
    cases = frame[f"{metric.id}__n"].astype("float64")
    value = frame[f"{metric.id}__{label}"].astype("float64")
    known = {name: frame[f"{part.id}__{label}"].astype("float64") for name, part in parts.items()}
    # a row of `measures` is a mean over n cases already: n times its squared deviation estimates the cases' variance
    count = known.get("rows", cases)
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = _variance(metric, value, cases, known) / (count - 1)
    is_counted = metric.source != "measures" or warehouse.has("measures", "n")
    n = cases if is_counted else pd.Series(np.nan, index=cases.index)
    variance = variance.clip(lower=0).where(count > 1)
    table = pd.DataFrame(
        {"unit_id": frame["unit_id"], "as_of": frame["as_of"], "n": n, "mean": value, "variance": variance}
    )
    return table[table["mean"].notna()].reset_index(drop=True)


def _parts(metric: Kpi, /) -> dict[str, Kpi]:
    """Return what is computed of the same rows beside the metric itself."""

    def part(name: str, aggregate: str, expr: str, **more: None) -> Kpi:
        return metric.model_copy(update={"id": f"{metric.id}__{name}", "aggregate": aggregate, "expr": expr} | more)

    # a boolean's square is itself; numbers are multiplied as floats
    value = f"CAST(({metric.expr}) AS DOUBLE)"
    if metric.aggregate in _BESIDE:
        _, *beside = _BESIDE[metric.aggregate]
        return {name: part(name, name, str(metric.expr)) for name, _ in beside}
    if metric.aggregate == "ratio":
        below = f"CAST(({metric.denominator}) AS DOUBLE)"
        products = {"above": f"{value} * {value}", "both": f"{value} * {below}", "below": f"{below} * {below}"}
        whole = {"exposure": f"CASE WHEN ({value}) IS NOT NULL THEN {below} END"} | {
            name: f"CASE WHEN ({value}) IS NOT NULL AND ({below}) IS NOT NULL THEN {product} END"
            for name, product in products.items()
        }
        return {name: part(name, "sum", expr, denominator=None) for name, expr in whole.items()}
    squared = {"squared": part("squared", metric.aggregate, f"{value} * {value}")}
    return squared | ({"rows": part("rows", "count", str(metric.expr))} if metric.source == "measures" else {})


def _variance(metric: Kpi, value: pd.Series, cases: pd.Series, known: Mapping[str, pd.Series], /) -> pd.Series:
    """Return the variance of one row times the rows' degrees of freedom."""
    if metric.aggregate in _BESIDE:
        quantile, (low, at_low), (high, at_high) = _BESIDE[metric.aggregate]
        rise = (known[high] - known[low]) / (at_high - at_low)
        return quantile * (1 - quantile) * rise**2 * (cases - 1)
    if metric.aggregate == "ratio":
        squares = known["above"] - 2 * value * known["both"] + value**2 * known["below"]
        return squares * (cases / known["exposure"].where(known["exposure"] != 0)) ** 2
    return (known["squared"] - value**2) * cases
