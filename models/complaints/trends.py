"""How often each cause is met, month by month, for the company, its journey stages and its teams."""

from __future__ import annotations

import numpy as np
import pandas as pd

from baton.contract.results import cast

__all__ = ["cause_trends"]

_MIN_MONTHS = 4
_LATEST_MONTHS = 12


def cause_trends(answers: pd.DataFrame, cases: pd.DataFrame, /, *, min_group: int = 5) -> pd.DataFrame:
    """Count causes by month, and say which grow.

    Parameters
    ----------
    answers : pandas.DataFrame
        One row per text: ``case_id``, ``cause``, ``abstained``. Texts whose cause could not be predicted count among
        the texts of a month and for no cause.
    cases : pandas.DataFrame
        ``case_id``, ``opened_at``, and, where known, ``stage`` and ``team_id``.
    min_group : int
        A cause that a unit's customers wrote about less often than this in all is left out for that unit.

    Returns
    -------
    pandas.DataFrame
        Level (``company``, ``stage``, ``team``) × unit × cause × month: ``n`` texts of the cause, among ``texts``;
        ``share``; ``growth``: factor by which the odds change in a month over the last twelve whole months (1: none),
        with its 90 % interval, repeated on the cause's rows; ``growing``: whether the interval lies above 1 after
        holding the share of false discoveries among a level's causes at 10 %. Incomplete months at either end stay in
        the counts and out of the growth.

    Source
    ------
    Quasi-binomial regression on the month (McCullagh & Nelder 1989, ch. 4.5): weeks and months scatter more than coins.
    Benjamini & Hochberg 1995 for the false discoveries.
    """
    named = answers[["case_id", "cause", "abstained"]].merge(cases, on="case_id", how="inner")
    named = named[named["opened_at"].notna()]
    if named.empty:
        return cast("cause_trends", [])
    named = named.assign(month=named["opened_at"].dt.to_period("M"))
    complete = _complete_months(named["opened_at"])
    levels = [("company", None), *((level, column) for level, column in (("stage", "stage"), ("team", "team_id")))]
    parts = []
    for level, column in levels:
        if column is not None and (column not in named or named[column].isna().all()):
            continue
        units = pd.Series("", index=named.index) if column is None else named[column]
        parts.append(_level(named.assign(unit_id=units)[units.notna()], level, complete, min_group))
    filled_parts = [part for part in parts if len(part)]
    return cast("cause_trends", pd.concat(filled_parts, ignore_index=True) if filled_parts else [])


def _complete_months(opened_at: pd.Series, /) -> pd.PeriodIndex:
    first, last = opened_at.min(), opened_at.max()
    months = pd.period_range(first, last, freq="M")
    begun = months[0].start_time.normalize() >= first.normalize() - pd.Timedelta(days=1)
    ended = months[-1].end_time.normalize() <= last.normalize() + pd.Timedelta(days=1)
    return months[(0 if begun else 1) : (len(months) if ended else len(months) - 1)][-_LATEST_MONTHS:]


def _level(named: pd.DataFrame, level: str, complete: pd.PeriodIndex, min_group: int, /) -> pd.DataFrame:
    texts = named.groupby(["unit_id", "month"], observed=True).size().rename("texts").reset_index()
    known = named[~named["abstained"].astype(bool) & named["cause"].notna()]
    counted = known.groupby(["unit_id", "cause", "month"], observed=True).size().rename("n").reset_index()
    totals = counted.groupby(["unit_id", "cause"])["n"].sum()
    kept = totals[totals >= min_group].index.to_frame(index=False)
    if kept.empty:  # all texts unclear, or every cause too rare to show
        return cast("cause_trends", [])
    rows = kept.merge(texts, on="unit_id").merge(counted, on=["unit_id", "cause", "month"], how="left")
    rows["n"] = rows["n"].fillna(0).astype("int64")
    rows["share"] = rows["n"] / rows["texts"]
    found = []
    for (unit, cause), group in rows.groupby(["unit_id", "cause"], observed=True):
        within = group[group["month"].isin(complete)].sort_values("month")
        since = within["month"].astype("int64").to_numpy(dtype=np.float64)
        slope, half, p_value = _slope(since, within["n"].to_numpy(float), within["texts"].to_numpy(float))
        found.append((unit, cause, slope, half, p_value))
    growth = pd.DataFrame(found, columns=["unit_id", "cause", "slope", "half", "p_value"])
    growth["growing"] = _discovered(growth["p_value"].to_numpy(), 0.10) & (growth["slope"] > 0)
    growth["growth"] = np.exp(growth["slope"])
    growth["growth_low"] = np.exp(growth["slope"] - growth["half"])
    growth["growth_high"] = np.exp(growth["slope"] + growth["half"])
    rows = rows.merge(growth.drop(columns=["slope", "half", "p_value"]), on=["unit_id", "cause"])
    rows["month"] = rows["month"].dt.to_timestamp()
    return rows.assign(level=level).sort_values(["unit_id", "cause", "month"])


def _slope(since: np.ndarray, n: np.ndarray, texts: np.ndarray, /) -> tuple[float, float, float]:
    """Return the slope of the log odds per month, half of its 90 % interval, and the two-sided p value."""
    import statsmodels.api as sm
    from scipy.stats import t

    if len(since) < _MIN_MONTHS or n.sum() < 10 or n.sum() > texts.sum() - 10:
        return float("nan"), float("nan"), float("nan")
    design = np.column_stack([np.ones(len(since)), since - since.mean()])
    fitted = sm.GLM(np.column_stack([n, texts - n]), design, family=sm.families.Binomial()).fit()
    degrees = len(since) - 2
    scatter = max(float(fitted.pearson_chi2) / degrees, 1.0)  # never surer than coins
    error = float(fitted.bse[1]) * scatter**0.5
    slope = float(fitted.params[1])
    return slope, float(t.ppf(0.95, degrees)) * error, float(2 * t.sf(abs(slope) / error, degrees))


def _discovered(p_values: np.ndarray, share: float, /) -> np.ndarray:
    """Return which p values hold the expected share of false discoveries (Benjamini & Hochberg 1995)."""
    from scipy.stats import false_discovery_control

    known = ~np.isnan(p_values)
    discovered = np.zeros(len(p_values), bool)
    discovered[known] = false_discovery_control(p_values[known]) <= share
    return discovered
