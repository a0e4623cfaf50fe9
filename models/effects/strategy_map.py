"""The strategy map's arrows, tested: does better work on one KPI go with a better value of the KPI it should move?

An arrow is tested between units (people, else teams), never case by case: the same hard case would lengthen one figure
and spoil the other. Every month each unit is compared with its own peers (people with their team, teams with their
department), so that process and season drop out; then the parent of some months meets the child of the other months, so
that what both have in common by chance drops out as well. What is left is an association between units, not proof of a
cause.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from baton.catalogue.schema import Catalogue
from baton.contract.results import cast

__all__ = ["strategy_arrows"]

_MIN_UNITS = {"employee": 20, "team": 8}
_MIN_MONTHS = 4
_DRAWS = 300
_FALSE_SHARE = 0.1

Floats = NDArray[np.float64]


def strategy_arrows(panel: pd.DataFrame, teams: pd.DataFrame, catalogue: Catalogue, seed: int) -> pd.DataFrame:
    """Test every ``leads_to`` of the catalogue on the months of the units that own both KPIs.

    Parameters
    ----------
    panel : pandas.DataFrame
        KPI values of units by month: unit, unit_id, team_id, from, kpi, value.
    teams : pandas.DataFrame
        team_id, department: people are compared within their team, teams within their department.
    seed : int
        Of the bootstrap over units.

    Returns
    -------
    pandas.DataFrame
        One row per arrow: parent, child, unit (``employee``, ``team`` or empty), units, months, association (partial
        correlation; positive: better goes with better, as the catalogue says), its 90 % interval low, high, p_value,
        verdict. ``confirmed`` and ``contradicted`` are given so that at most a tenth of them is expected to be chance;
        ``untested``: too few units or months have both.

    Source
    ------
    Benjamini & Hochberg 1995 (share of false findings); Efron & Tibshirani 1993 (bootstrap of whole units).
    """
    rng = np.random.default_rng(seed)
    department = dict(zip(teams["team_id"].astype(str), teams["department"].fillna("").astype(str), strict=True))
    peers = panel["team_id"].where(panel["unit"] == "employee", panel["unit_id"].map(department)).fillna("")
    values = {grain: _deviations(panel.assign(peers=peers), catalogue, grain) for grain in _MIN_UNITS}
    rows = [
        _test(values, parent.id, child, rng)
        for parent in catalogue.values()
        for child in parent.leads_to
        if child in catalogue
    ]
    table = cast("advice/arrows", rows)
    tested = table["p_value"].notna()
    table.loc[tested, "verdict"] = _verdicts(table.loc[tested, "p_value"], table.loc[tested, "association"])
    return table


def _deviations(panel: pd.DataFrame, catalogue: Catalogue, grain: str, /) -> dict[str, pd.DataFrame]:
    """Per KPI units × months: how much better a unit did than its peers in that month."""
    rows = panel[(panel["unit"] == grain) & panel["value"].notna() & panel["kpi"].isin(list(catalogue))]
    if rows.empty:
        return {}
    grouped = rows.groupby(["kpi", "from", "peers"])["value"]
    sign = rows["kpi"].map({kpi.id: kpi.sign for kpi in catalogue.values()}).astype(float)
    better = (rows["value"] - grouped.transform("mean")) * sign
    better = better[grouped.transform("size") > 1]
    rows = rows.loc[better.index].assign(better=better)
    return {
        str(kpi): block.pivot_table(index="unit_id", columns="from", values="better")
        for kpi, block in rows.groupby("kpi")
    }


def _test(
    values: dict[str, dict[str, pd.DataFrame]], parent: str, child: str, rng: np.random.Generator, /
) -> dict[str, Any]:
    row: dict[str, Any] = dict.fromkeys(("association", "low", "high", "p_value"), np.nan)
    row |= {"parent": parent, "child": child, "unit": "", "units": 0, "months": 0, "verdict": "untested"}
    for grain, minimum in _MIN_UNITS.items():
        if parent not in values[grain] or child not in values[grain]:
            continue
        one, other = values[grain][parent].align(values[grain][child], join="inner")
        halves = _halves(one.to_numpy(dtype=float), other.to_numpy(dtype=float))
        row |= {"unit": grain, "units": halves.shape[1], "months": one.shape[1]}
        if one.shape[1] < _MIN_MONTHS or halves.shape[1] < minimum:
            continue
        found = _crossed(halves)
        if np.isnan(found):
            continue
        draws = np.array(
            [_crossed(halves[:, rng.integers(0, halves.shape[1], halves.shape[1])]) for _ in range(_DRAWS)]
        )
        draws = draws[np.isfinite(draws)]
        if len(draws) < _DRAWS // 2:
            continue
        return row | _with_interval(found, draws)
    return row


def _halves(parent: Floats, child: Floats, /) -> Floats:
    """Four rows, one column per unit: parent and child over even and odd months; units that lack one are left out."""
    parts = [_mean(block[:, start::2]) for block in (parent, child) for start in (0, 1)]
    stacked = np.vstack(parts)
    return stacked[:, np.isfinite(stacked).all(axis=0)]


def _mean(block: Floats, /) -> Floats:
    known = np.isfinite(block)
    count = known.sum(axis=1)
    total = np.where(known, block, 0.0).sum(axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _crossed(halves: Floats, /) -> float:
    """Mean of the correlations of the parent's even months with the child's odd ones, and the other way round."""
    centred = halves - halves.mean(axis=1, keepdims=True)
    spread = np.sqrt((centred**2).mean(axis=1))
    if (spread <= 1e-12).any():
        return float("nan")
    parent_even, parent_odd, child_even, child_odd = centred / spread[:, None]
    return float((np.mean(parent_even * child_odd) + np.mean(parent_odd * child_even)) / 2)


def _with_interval(found: float, draws: Floats, /) -> dict[str, float]:
    low, high = np.quantile(draws, [0.05, 0.95])
    deviation = float(draws.std(ddof=1))
    from scipy.stats import norm

    p_value = float(2 * norm.sf(abs(found) / deviation)) if deviation > 0 else 1.0
    return {"association": found, "low": float(low), "high": float(high), "p_value": p_value}


def _verdicts(p_values: pd.Series, associations: pd.Series, /) -> pd.Series:
    """Which arrows hold, when the share of false findings is to stay under a tenth."""
    from scipy.stats import false_discovery_control

    clear = false_discovery_control(p_values.to_numpy(float)) <= _FALSE_SHARE
    verdict = np.where(associations > 0, "confirmed", "contradicted")
    return pd.Series(np.where(clear, verdict, "not_confirmed"), index=p_values.index)
