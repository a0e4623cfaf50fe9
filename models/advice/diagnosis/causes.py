"""What customers write, as evidence for weights: causes that grow, what they cost, and the KPI of their step.

A cause moves no point by itself. It stands beside the weights with its price, for people to weigh.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from baton.catalogue.schema import Catalogue
from baton.contract.results import cast

__all__ = ["CauseTables", "cause_evidence"]

_Z90 = 1.6448536269514722
_FALSE_SHARE = 0.1
_WINDOW_MONTHS = 12
_ENDS_MONTHS = 3
"""Months that are averaged at either end, so that one month's chance is no share."""


@dataclass(frozen=True)
class CauseTables:
    """What a run has left about causes.

    Parameters
    ----------
    diagnosis : pandas.DataFrame
        ``cause_diagnosis``: whose a cause is, and the KPIs that would measure it.
    trends : pandas.DataFrame
        ``cause_trends``.
    prices : pandas.DataFrame
        ``cause_prices``; empty where nothing could be priced.
    emerging : pandas.DataFrame
        ``emerging_causes``.
    names, owners : mapping of str to (str, str)
        What each cause, and whoever owns it, is called in English and Chinese.
    """

    diagnosis: pd.DataFrame
    trends: pd.DataFrame
    prices: pd.DataFrame = field(default_factory=pd.DataFrame)
    emerging: pd.DataFrame = field(default_factory=pd.DataFrame)
    names: dict[str, tuple[str, str]] = field(default_factory=dict)
    owners: dict[str, tuple[str, str]] = field(default_factory=dict)


def cause_evidence(
    causes: CauseTables, cards: pd.DataFrame, clear: dict[str, str], catalogue: Catalogue, /
) -> pd.DataFrame:
    """Set each cause beside the KPIs that measure its process step.

    Parameters
    ----------
    cards : pandas.DataFrame
        Today's: team_id, role, kpi, weight.
    clear : mapping of str to str
        Per KPI what its effect says: ``helps``, ``harms`` or ``unclear``.
    catalogue : Catalogue
        KPIs that it has not are left out: nobody could be scored on them.

    Returns
    -------
    pandas.DataFrame
        One row per cause and KPI for the company (team_id null; kpi null where the taxonomy names none of the
        catalogue), and one per team that has the KPI on its card and texts of its own. ``share_before`` and ``share``:
        of the texts, over three months at either end of the last twelve, the first of which is ``since``.
        ``excess_customers``: how many more of those who wrote leave than comparable customers, an association.
        ``verdict``: ``supports`` (grows beyond chance, and costs customers beyond chance or what it costs is not known:
        ``price_basis`` = ``growth``), ``contradicted`` (the same, but the KPI's measured effect harms), ``watch``
        (grows; no cost can be shown), ``costly`` (costs, and does not grow), ``none``.

    Source
    ------
    Benjamini & Hochberg 1995: at most a tenth of the causes called costly is expected to be so by chance.
    """
    priced = _priced(causes.prices)
    growth = causes.trends.drop_duplicates(["level", "unit_id", "cause"]) if len(causes.trends) else causes.trends
    shares = _shares(causes.trends)
    points = cards[cards["weight"] > 0].groupby("kpi")["weight"].mean().to_dict()
    by_team = cards[cards["weight"] > 0].groupby(["team_id", "kpi"])["weight"].max().to_dict()
    rows: list[dict[str, Any]] = []
    for known in causes.diagnosis.to_dict("records"):
        cause, kpis = str(known["cause"]), [str(kpi) for kpi in known["kpis"] if str(kpi) in catalogue]
        for grown in growth[growth["cause"] == cause].to_dict("records") if len(growth) else []:
            level, unit = str(grown["level"]), str(grown["unit_id"])
            if level not in ("company", "team"):
                continue
            team = unit if level == "team" else None
            held = [kpi for kpi in kpis if (unit, kpi) in by_team] if team else (kpis or [None])
            for kpi in held:
                row = {
                    "cause": cause,
                    "kpi": kpi,
                    "team_id": team,
                    "points": by_team[unit, kpi] if team else points.get(kpi, np.nan),
                    **shares.get((level, unit, cause), {}),
                    **{name: grown[name] for name in ("growth", "growth_low", "growth_high", "growing")},
                    **priced.get(cause, _UNPRICED),
                    "effect": clear.get(str(kpi), ""),
                }
                rows.append(row | {"verdict": _verdict(row)})
    return cast("cause_evidence", rows)


def _verdict(row: dict[str, Any], /) -> str:
    if not row["growing"]:
        return "costly" if row["costly"] else "none"
    if row["price_basis"] == "excess" and not row["costly"]:
        return "watch"
    return "contradicted" if row["effect"] == "harms" else "supports"


_UNPRICED: dict[str, Any] = {
    **dict.fromkeys(("customers", "excess_customers", "excess_low", "excess_high", "value_at_risk"), np.nan),
    "costly": False,
    "price_basis": "growth",
}


def _priced(prices: pd.DataFrame, /) -> dict[str, dict[str, Any]]:
    """Per cause its price, and whether it costs customers by more than chance, over all causes together."""
    if prices.empty:
        return {}
    from scipy.stats import false_discovery_control, norm

    spread = ((prices["excess_high"] - prices["excess_low"]) / (2 * _Z90)).to_numpy(dtype=float)
    excess = prices["excess"].to_numpy(dtype=float)
    known = np.isfinite(excess) & (spread > 0)
    costly: NDArray[np.bool_] = np.zeros(len(prices), dtype=bool)
    if known.any():
        costly[known] = false_discovery_control(norm.sf(excess[known] / spread[known])) <= _FALSE_SHARE
    return {
        str(row["cause"]): {
            "customers": float(row["customers"]),
            "excess_customers": row["excess_customers"],
            "excess_low": row["excess_customers_low"],
            "excess_high": row["excess_customers_high"],
            "value_at_risk": row["value_at_risk"],
            "costly": bool(costs),
            "price_basis": "excess" if measured else "growth",
        }
        for row, costs, measured in zip(prices.to_dict("records"), costly, known, strict=True)
    }


def _shares(trends: pd.DataFrame, /) -> dict[tuple[str, str, str], dict[str, Any]]:
    """Per unit and cause the share of texts at the beginning and the end of the last twelve months, and their first."""
    found: dict[tuple[str, str, str], dict[str, Any]] = {}
    if trends.empty:
        return {}
    for (level, unit, cause), rows in trends.groupby(["level", "unit_id", "cause"], observed=True):
        recent = rows.sort_values("month").tail(_WINDOW_MONTHS)
        ends = recent.head(_ENDS_MONTHS), recent.tail(_ENDS_MONTHS)
        before, now = (float(end["n"].sum() / max(end["texts"].sum(), 1)) for end in ends)
        found[str(level), str(unit), str(cause)] = {
            "share_before": before,
            "share": now,
            "since": recent["month"].iloc[0],
        }
    return found
