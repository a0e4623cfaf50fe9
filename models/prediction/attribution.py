"""Which KPIs carry a prediction: exact TreeSHAP values summed per KPI, for each row, team and journey stage.

An attribution explains the prediction, not the world: what to change is decided by effects, and both are shown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from baton.catalogue.schema import CONTEXT
from models.prediction.predictor import BIAS

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["attribution_rows", "drivers", "kpi_values", "number_and_label", "owner_of", "per_kpi", "value_feature"]

_MIN_SLOPE_ROWS = 10
_TOP = 5


def per_kpi(contributions: pd.DataFrame, kpi_of: Mapping[str, str], /, *, name_context: bool = False) -> pd.DataFrame:
    """Sum contributions over all features of one KPI.

    Parameters
    ----------
    contributions : pandas.DataFrame
        One column per feature, and ``bias``.
    kpi_of : mapping of str to str
        The KPI each feature belongs to.
    name_context : bool
        Keep features that are no KPI under their own names.

    Returns
    -------
    pandas.DataFrame
        One column per KPI, ``_context`` for the other features, and ``bias``; each row keeps its sum.

    Examples
    --------
    >>> shap = pd.DataFrame({"csat__7d": [1.0], "csat__30d": [0.5], "segment": [-0.25], "bias": [-2.0]})
    >>> per_kpi(shap, {"csat__7d": "csat", "csat__30d": "csat", "segment": "_context"}).to_dict("records")
    [{'csat': 1.5, '_context': -0.25, 'bias': -2.0}]
    """
    features = [name for name in contributions.columns if name != BIAS]
    owners = [owner_of(name, kpi_of, name_context=name_context) for name in features]
    names = list(dict.fromkeys(owners))
    sums = np.zeros((len(contributions), len(names)))
    for position, owner in enumerate(owners):
        sums[:, names.index(owner)] += contributions[features[position]].to_numpy()
    summed = pd.DataFrame(sums, columns=names, index=contributions.index)
    return summed.assign(**{BIAS: contributions[BIAS].to_numpy()})


def owner_of(feature: str, kpi_of: Mapping[str, str], /, *, name_context: bool = False) -> str:
    """Return the KPI that a feature belongs to; with ``name_context`` a feature of none belongs to itself."""
    kpi = kpi_of.get(feature, CONTEXT)
    return feature if kpi == CONTEXT and name_context else kpi


def value_feature(kpi: str, features: list[str], /) -> str:
    """Return the feature that says what a KPI's value is: the case's own, else that of the longest window.

    Parameters
    ----------
    features : list of str
        Those that belong to it.

    Examples
    --------
    >>> value_feature("csat", ["csat__7d", "csat__30d", "csat__trend", "csat__n"])
    'csat__30d'
    >>> value_feature("tenure", ["tenure"])
    'tenure'
    """
    own = [name for name in features if name == kpi or name.endswith("__case")]
    windows = {name: int(found[1]) for name in features if (found := re.search(r"_(\d+)d$", name))}
    if own or not windows:
        return own[0] if own else features[0]
    return max(windows, key=lambda name: windows[name])


def kpi_values(frame: pd.DataFrame, kpi_of: Mapping[str, str], /) -> pd.DataFrame:
    """Return each KPI's value per row.

    Parameters
    ----------
    frame : pandas.DataFrame
        Feature columns.
    kpi_of : mapping of str to str

    Returns
    -------
    pandas.DataFrame
        Columns as those of ``per_kpi(…, name_context=True)`` without the bias; numeric or categorical.
    """
    members: dict[str, list[str]] = {}
    for feature in kpi_of:
        if feature in frame.columns:
            members.setdefault(owner_of(feature, kpi_of, name_context=True), []).append(feature)
    return pd.DataFrame({name: frame[value_feature(name, owned)] for name, owned in members.items()}, index=frame.index)


def drivers(summed: pd.DataFrame, values: pd.DataFrame, /, top: int = _TOP) -> pa.Array:
    """Return what carries each prediction most.

    Parameters
    ----------
    summed : pandas.DataFrame
        As ``per_kpi(…, name_context=True)`` gives it.
    values : pandas.DataFrame
        As ``kpi_values`` gives it.
    top : int
        How many per row.

    Returns
    -------
    pyarrow.ListArray
        Per row a list of {kpi, value, label, attribution}, the largest absolute attribution first. ``value`` is null
        for categories, whose text stands in ``label``.
    """
    import pyarrow as pa

    names = [name for name in summed.columns if name != BIAS]
    attribution = summed[names].to_numpy()
    kept = min(top, len(names))
    order = np.argsort(-np.abs(attribution), axis=1, kind="stable")[:, :kept]
    rows = np.repeat(np.arange(len(summed)), kept)
    chosen = order.ravel()
    number, label = np.full(len(rows), np.nan), np.full(len(rows), None, dtype=object)
    for position, name in enumerate(names):
        here = chosen == position
        if name not in values.columns or not here.any():
            continue
        number[here], label[here] = number_and_label(values[name].iloc[rows[here]])
    fields = {
        "kpi": pa.array(np.array(names, dtype=object)[chosen] if names else [], pa.string()),
        "value": pa.array(number, pa.float64(), mask=~np.isfinite(number)),
        "label": pa.array(label, pa.string()),
        "attribution": pa.array(attribution[rows, chosen], pa.float64()),
    }
    entries = pa.StructArray.from_arrays(list(fields.values()), list(fields))
    return pa.ListArray.from_arrays(pa.array(np.arange(len(summed) + 1) * kept, pa.int32()), entries)


def number_and_label(column: pd.Series, /) -> tuple[np.ndarray, np.ndarray]:
    """Return a feature's values as numbers, NaN where there is none, and as text, None where they are numbers.

    Examples
    --------
    >>> number_and_label(pd.Series(["north", None]))
    (array([nan, nan]), array(['north', None], dtype=object))
    """
    if pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_bool_dtype(column.dtype):
        number = column.to_numpy(dtype=np.float64, na_value=np.nan)
        return np.where(np.isfinite(number), number, np.nan), np.full(len(column), None, dtype=object)
    label = np.full(len(column), None, dtype=object)
    label[:] = [None if pd.isna(text) else str(text) for text in column.astype("object")]
    return np.full(len(column), np.nan), label


def attribution_rows(
    outcome: str,
    unit_ids: pd.Series,
    summed: pd.DataFrame,
    values: pd.DataFrame,
    shares: pd.DataFrame,
    /,
    *,
    by: str = "team_id",
) -> pd.DataFrame:
    """Return mean attributions per KPI and team, each row split over teams by its shares.

    Parameters
    ----------
    outcome : str
        Such as ``churn`` or ``decline:employee:csat``.
    unit_ids : pandas.Series of str
        Whom each row is about.
    summed : pandas.DataFrame
        As ``per_kpi`` gives it.
    values : pandas.DataFrame
        As ``kpi_values`` gives it.
    shares : pandas.DataFrame
        ``unit_id``, the column ``by``, ``share``; what is missing to 1 goes to null.
    by : str
        ``team_id`` or ``stage``.

    Returns
    -------
    pandas.DataFrame
        outcome, ``by``, kpi, mean_attribution, mean_abs_attribution, slope (of the attribution on the KPI's value, per
        standard deviation of that value over all rows; null where unknown), n (rows, shares counted), bias.
        Weighted by ``n``, the means' sum over KPIs plus the bias is the mean raw score.
    """
    names = [name for name in summed.columns if name != BIAS]
    groups, weights = _split(unit_ids, shares, by)
    attribution = summed[names].to_numpy()
    mass = np.asarray(weights.sum(axis=1)).ravel()
    share = np.where(mass > 0, 1 / np.maximum(mass, 1e-300), 0.0)[:, None]
    mean, mean_abs = (weights @ attribution) * share, (weights @ np.abs(attribution)) * share
    bias = (weights @ summed[[BIAS]].to_numpy()) * share
    slope = _slopes(weights, attribution, _standardised(values, names))
    rows = pd.DataFrame(
        {
            "outcome": outcome,
            by: np.repeat(np.array(groups, dtype=object), len(names)),
            "kpi": np.tile(np.array(names, dtype=object), len(groups)),
            "mean_attribution": mean.ravel(),
            "mean_abs_attribution": mean_abs.ravel(),
            "slope": slope.ravel(),
            "n": np.repeat(mass, len(names)),
            "bias": np.repeat(bias.ravel(), len(names)),
        }
    )
    return rows[rows["n"] > 0].reset_index(drop=True)


def _split(unit_ids: pd.Series, shares: pd.DataFrame, by: str, /) -> tuple[list[str | None], Any]:
    """Return the groups and the matrix (groups × rows, sparse) of how much of each row is theirs."""
    from scipy import sparse

    position = pd.Series(np.arange(len(unit_ids)), index=unit_ids.astype(str).to_numpy())
    known = shares[shares[by].notna()] if by in shares.columns else shares.iloc[:0]
    known = known.assign(unit_id=known["unit_id"].astype(str), **{by: known[by].astype(str) if len(known) else None})
    known = known.groupby(["unit_id", by], as_index=False)["share"].sum() if len(known) else known
    found = known.merge(position.rename("row"), left_on="unit_id", right_index=True) if len(known) else None
    names = sorted(found[by].unique()) if found is not None else []
    given = np.zeros(len(unit_ids))
    rows, columns, amounts = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)], [np.empty(0)]
    if found is not None:
        np.add.at(given, found["row"].to_numpy(), found["share"].to_numpy())
        rows.append(np.searchsorted(names, found[by].to_numpy()))
        columns.append(found["row"].to_numpy())
        amounts.append(found["share"].to_numpy(dtype=np.float64))
    left = np.flatnonzero(given < 1 - 1e-9)
    rows.append(np.full(len(left), len(names)))
    columns.append(left)
    amounts.append(1 - given[left])
    entries = (np.concatenate(amounts), (np.concatenate(rows), np.concatenate(columns)))
    return [*names, None], sparse.csr_array(entries, shape=(len(names) + 1, len(unit_ids)))


def _standardised(values: pd.DataFrame, names: list[str], /) -> np.ndarray:
    columns = []
    for name in names:
        known = name in values.columns and pd.api.types.is_numeric_dtype(values[name].dtype)
        column = values[name].to_numpy(dtype=np.float64, na_value=np.nan) if known else np.full(len(values), np.nan)
        finite = column[np.isfinite(column)]
        spread = finite.std() if len(finite) else 0.0
        columns.append((column - finite.mean()) / spread if spread > 1e-12 else np.full(len(values), np.nan))
    return np.column_stack(columns) if columns else np.zeros((len(values), 0))


def _slopes(weights: Any, attribution: np.ndarray, value: np.ndarray, /) -> np.ndarray:
    """Weighted least squares of attribution on value, per group (rows of ``weights``) and KPI, over known values."""
    known = np.isfinite(value).astype(np.float64)
    x, y = np.where(known > 0, value, 0.0), attribution * known
    mass = weights @ known
    mass_or_one = np.maximum(mass, 1e-300)
    mean_x, mean_y = (weights @ x) / mass_or_one, (weights @ y) / mass_or_one
    spread = (weights @ (x * x)) / mass_or_one - mean_x**2
    together = (weights @ (x * y)) / mass_or_one - mean_x * mean_y
    enough = (mass >= _MIN_SLOPE_ROWS) & (spread > 1e-9)
    return np.where(enough, together / np.where(enough, spread, 1.0), np.nan)
