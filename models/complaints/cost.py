"""What each cause costs: customers who wrote about it and may leave, their value, and how many more leave than others.

A price is no effect: customers who complain of a cause may differ in more than the cause. What is compared is therefore
customers of the same moment, segment and number of cases; the difference is called associated.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from baton.contract.results import cast

__all__ = ["Customers", "price_causes"]

_Z90 = 1.6448536269514722
_GROUPS = 50
_MIN_COMPARED = 30
_MAX_CASES = 3


@dataclass(frozen=True)
class Customers:
    """Who may leave, and who has left.

    Parameters
    ----------
    current : pandas.DataFrame
        Customers at the latest snapshot: ``customer_id``, ``as_of``, ``probability`` of leaving within the horizon,
        ``value_at_risk`` (money; null where values are unknown).
    past : pandas.DataFrame
        Snapshots whose outcome is known: ``unit_id`` (customer), ``as_of``, ``label`` (1: left), ``segment`` if known.
    """

    current: pd.DataFrame
    past: pd.DataFrame


def price_causes(
    answers: pd.DataFrame,
    cases: pd.DataFrame,
    customers: Customers,
    /,
    *,
    window_days: int,
    seed: int = 0,
    min_group: int = 5,
) -> pd.DataFrame:
    """Price every cause.

    Parameters
    ----------
    answers : pandas.DataFrame
        ``case_id``, ``cause``, ``abstained``.
    cases : pandas.DataFrame
        ``case_id``, ``customer_id``, ``opened_at``.
    window_days : int
        A customer has a cause at a snapshot if a case of theirs within so many days before it is about it.
    seed : int
        For the groups of customers that intervals come from.
    min_group : int
        Causes of fewer customers are left out.

    Returns
    -------
    pandas.DataFrame
        One row per cause, the dearest first: ``cause``, ``cases``, ``customers``, ``expected_leavers`` (sum of
        probabilities) and ``value_at_risk``, each with ``_low`` and ``_high`` (90 %, over which customers write about
        it); ``excess`` (difference in the share that left, against customers of the same moment, segment and number of
        cases who wrote about other causes) with ``_low`` and ``_high``; ``compared`` (customers with the cause behind
        the excess); ``excess_customers`` (excess × customers), with ``_low`` and ``_high``.

    Source
    ------
    Greenland & Robins 1985 (Mantel-Haenszel risk difference); Kott 2001 (delete-a-group jackknife over customers).
    """
    named = answers[~answers["abstained"].astype(bool) & answers["cause"].notna()][["case_id", "cause"]]
    named = named.merge(cases[["case_id", "customer_id", "opened_at"]].dropna(), on="case_id")
    window = pd.Timedelta(days=window_days)
    current, rows = customers.current, []
    latest = current["as_of"].max()
    recent = named[(named["opened_at"] <= latest) & (named["opened_at"] > latest - window)]
    excess = _excess(named, customers.past, window, seed)
    for cause, group in recent.groupby("cause", observed=True):
        whose = current[current["customer_id"].isin(group["customer_id"].unique())]
        if len(whose) < min_group:
            continue
        row: dict[str, object] = {"cause": cause, "cases": len(group), "customers": len(whose)}
        row |= _sum("expected_leavers", whose["probability"])
        known = whose["value_at_risk"] if "value_at_risk" in whose else pd.Series(dtype="float64")
        row |= _sum("value_at_risk", known)
        difference, low, high, compared = excess.get(str(cause), (np.nan, np.nan, np.nan, 0))
        row |= {"excess": difference, "excess_low": low, "excess_high": high, "compared": compared}
        row |= {f"excess_customers{end}": share * len(whose) for end, share in
                (("", difference), ("_low", low), ("_high", high))}  # fmt: skip
        rows.append(row)
    priced = cast("cause_prices", rows)
    return priced.sort_values(["value_at_risk", "expected_leavers"], ascending=False, ignore_index=True)


def _sum(name: str, values: pd.Series, /) -> dict[str, float]:
    """Return a sum over customers with its interval, the customers being as many as happened to complain."""
    known = values.dropna().to_numpy(dtype=np.float64)
    if not len(known):
        return {name: np.nan, f"{name}_low": np.nan, f"{name}_high": np.nan}
    total, spread = float(known.sum()), _Z90 * float(np.sqrt(np.square(known).sum()))
    return {name: total, f"{name}_low": max(total - spread, 0.0), f"{name}_high": total + spread}


def _excess(
    named: pd.DataFrame, past: pd.DataFrame, window: pd.Timedelta, seed: int, /
) -> dict[str, tuple[float, float, float, int]]:
    lived = _lived(named, past, window)
    if lived.empty:
        return {}
    generator = np.random.default_rng(seed)
    customers, place = np.unique(lived["unit_id"].to_numpy(dtype=str), return_inverse=True)
    group = generator.integers(0, _GROUPS, len(customers))[place]
    stratum = lived.groupby(["as_of", "segment", "many"], observed=True).ngroup().to_numpy()
    left = lived["label"].to_numpy(dtype=np.float64)
    found = {}
    for cause in [name for name in lived.columns if name.startswith("named:")]:
        has = lived[cause].to_numpy(dtype=bool)
        if min(has.sum(), (~has).sum()) >= _MIN_COMPARED:
            found[cause.removeprefix("named:")] = (*_risk_difference(has, left, stratum, group), int(has.sum()))
    return found


def _lived(named: pd.DataFrame, past: pd.DataFrame, window: pd.Timedelta, /) -> pd.DataFrame:
    """Return customers × past snapshots with the causes they had written about in the window before."""
    parts = []
    known = past[past["label"].notna()]
    segments = known["segment"].astype("str").fillna("") if "segment" in known else pd.Series("", index=known.index)
    known = known.assign(segment=segments)[["unit_id", "as_of", "label", "segment"]]
    for as_of, snapshot in known.groupby("as_of", observed=True):
        inside = named[(named["opened_at"] <= as_of) & (named["opened_at"] > as_of - window)]
        counted = pd.crosstab(inside["customer_id"], inside["cause"])
        if counted.empty:
            continue
        many = counted.sum(axis=1).clip(upper=_MAX_CASES).rename("many")
        causes = (counted > 0).add_prefix("named:")
        parts.append(snapshot.merge(causes.join(many), left_on="unit_id", right_index=True, how="inner"))
    lived = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    flags = [name for name in lived.columns if name.startswith("named:")]
    lived[flags] = lived[flags].fillna(False).astype(bool) if flags else lived[flags]
    return lived


def _risk_difference(
    has: np.ndarray, left: np.ndarray, stratum: np.ndarray, group: np.ndarray, /
) -> tuple[float, float, float]:
    strata, cell = int(stratum.max()) + 1, stratum * _GROUPS + group
    sums = {
        name: np.bincount(cell, weights, minlength=strata * _GROUPS).reshape(strata, _GROUPS)
        for name, weights in (("n1", has * 1.0), ("n0", ~has * 1.0), ("a", has * left), ("b", ~has * left))
    }
    whole = {name: counted.sum(axis=1, keepdims=True) for name, counted in sums.items()}
    estimate = float(_mantel_haenszel(**whole)[0])
    without = _mantel_haenszel(**{name: whole[name] - sums[name] for name in sums})
    spread = _Z90 * float(np.sqrt((_GROUPS - 1) / _GROUPS * np.square(without - estimate).sum()))
    return estimate, estimate - spread, estimate + spread


def _mantel_haenszel(n1: np.ndarray, n0: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    both = np.maximum(n1 + n0, 1.0)
    return ((a * n0 - b * n1) / both).sum(axis=0) / np.maximum((n1 * n0 / both).sum(axis=0), 1e-12)
