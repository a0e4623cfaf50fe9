"""The strategy map's arrows, tested: does better work on one KPI go with a better value of the KPI it should move?

An arrow is tested between units (people, else teams), never case by case: the same hard case would lengthen one figure
and spoil the other. Every month each unit is compared with its own peers (people with their team, teams with their
department), so that process and season drop out; then the parent of some months meets the child of the other months, so
that what both have in common by chance drops out as well. What is left is an association between units, not proof of a
cause.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from baton.catalogue.schema import Catalogue
from baton.contract.results import cast

__all__ = ["pair_associations", "strategy_arrows"]

_MIN_UNITS = {"employee": 20, "team": 8}
_MIN_MONTHS = 4
_DRAWS = 300
_PERMUTATIONS = 1999
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
    Benjamini & Hochberg 1995 (share of false findings); Efron & Tibshirani 1993 (intervals: bootstrap of whole
    units); Phipson & Smyth 2010 (p-values of permutations are never zero).
    """
    arrows = [(parent.id, child) for parent in catalogue.values() for child in parent.leads_to if child in catalogue]
    return pair_associations(panel, teams, catalogue, arrows, seed)


def pair_associations(
    panel: pd.DataFrame, teams: pd.DataFrame, catalogue: Catalogue, pairs: Sequence[tuple[str, str]], seed: int
) -> pd.DataFrame:
    """Test for pairs of KPIs whether units that do better on one do better, or worse, on the other.

    Parameters
    ----------
    panel, teams, seed
        As for ``strategy_arrows``.
    pairs : sequence of (str, str)
        The share of false findings is held over all of them together.

    Returns
    -------
    pandas.DataFrame
        As of ``strategy_arrows``, one row per pair; ``contradicted``: better on one goes with worse on the other.
    """
    rng = np.random.default_rng(seed)
    department = dict(zip(teams["team_id"].astype(str), teams["department"].fillna("").astype(str), strict=True))
    peers = panel["team_id"].where(panel["unit"] == "employee", panel["unit_id"].map(department)).fillna("")
    values = {grain: _deviations(panel.assign(peers=peers), catalogue, grain) for grain in _MIN_UNITS}
    rows = [_test(values, parent, child, rng) for parent, child in pairs]
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
        found = float(_crossed(halves[:, None, :])[0])
        if np.isnan(found):
            continue
        draws = _crossed(halves[:, rng.integers(0, halves.shape[1], (_DRAWS, halves.shape[1]))])
        draws = draws[np.isfinite(draws)]
        if len(draws) < _DRAWS // 2:
            continue
        return row | _with_interval(found, draws, halves, rng)
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


def _crossed(halves: Floats, /) -> Floats:
    """Mean of the correlations of the parent's even months with the child's odd ones, and the other way round.

    Parameters
    ----------
    halves : array of shape (4, samples, units)

    Returns
    -------
    array of shape (samples,)
        NaN where somebody's values do not differ.
    """
    centred = halves - halves.mean(axis=2, keepdims=True)
    spread = np.sqrt((centred**2).mean(axis=2, keepdims=True))
    flat = (spread <= 1e-12).any(axis=0)[:, 0]
    parent_even, parent_odd, child_even, child_odd = centred / np.maximum(spread, 1e-12)
    found = ((parent_even * child_odd).mean(axis=1) + (parent_odd * child_even).mean(axis=1)) / 2
    return np.where(flat, np.nan, found)


def _with_interval(found: float, draws: Floats, halves: Floats, rng: np.random.Generator, /) -> dict[str, float]:
    low, high = np.quantile(draws, [0.05, 0.95])
    return {"association": found, "low": float(low), "high": float(high), "p_value": _p_value(found, halves, rng)}


def _p_value(found: float, halves: Floats, rng: np.random.Generator, /) -> float:
    """Two-sided, by permuting which unit's child goes with which unit's parent: exact also for ten teams."""
    centred = halves - halves.mean(axis=1, keepdims=True)
    parent_even, parent_odd, child_even, child_odd = centred / np.sqrt((centred**2).sum(axis=1))[:, None]
    order = rng.permuted(np.tile(np.arange(halves.shape[1]), (_PERMUTATIONS, 1)), axis=1)
    by_chance = (child_odd[order] @ parent_even + child_even[order] @ parent_odd) / 2
    beyond = min((by_chance >= found - 1e-12).sum(), (by_chance <= found + 1e-12).sum())
    return min(2.0 * float(beyond + 1) / (_PERMUTATIONS + 1), 1.0)


def _verdicts(p_values: pd.Series, associations: pd.Series, /) -> pd.Series:
    """Which arrows hold, when the share of false findings is to stay under a tenth."""
    from scipy.stats import false_discovery_control

    clear = false_discovery_control(p_values.to_numpy(float)) <= _FALSE_SHARE
    verdict = np.where(associations > 0, "confirmed", "contradicted")
    return pd.Series(np.where(clear, verdict, "not_confirmed"), index=p_values.index)
