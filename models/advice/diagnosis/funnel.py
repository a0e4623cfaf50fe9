"""Teams' values of a KPI against their volume, with limits that allow for more scatter than chance alone gives.

Source: Spiegelhalter 2005, "Funnel plots for comparing institutional performance", and "Handling over-dispersion of
performance indicators" (winsorised z-scores, additive model).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from baton.catalogue.schema import Catalogue
from baton.company import Policy

__all__ = ["LEVELS", "Funnel", "funnels"]

Floats = NDArray[np.float64]

LEVELS = (1.959964, 3.090232)
"""Normal quantiles of the 95 % and 99.8 % limits."""
_WINSORISED = 0.1
_OF_A_NORMAL = 0.679
"""Mean square of a normal that is winsorised so: without it scatter would be taken for a third too small."""
_MIN_TEAMS = 5
"""Of fewer teams neither a middle nor their scatter can be estimated."""
_MIN_MONTHS = 3


@dataclass(frozen=True)
class Funnel:
    """One KPI.

    Parameters
    ----------
    kpi : str
    teams : pandas.DataFrame
        team_id, n (cases or measurements), value, z (without over-dispersion), outside (0: within the limits, 95 or
        99.8: the widest limits that it lies outside of).
    centre : float
        The mean of all teams, by volume.
    variance : float
        Of one case or measurement, by how a team's months scatter around its own mean.
    dispersion : float
        Mean of the squared winsorised z-scores, made consistent for a normal: 1 where teams differ by chance alone.
    between : float
        Standard deviation between teams that explains what lies above 1.
    """

    kpi: str
    teams: pd.DataFrame
    centre: float
    variance: float
    dispersion: float
    between: float

    def limits(self, n: Floats, quantile: float, /) -> tuple[Floats, Floats]:
        """Return the lower and the upper limit at some volumes."""
        half = quantile * np.sqrt(self.variance / n + self.between**2)
        return self.centre - half, self.centre + half

    def as_json(self) -> dict[str, Any]:
        """Return numbers and teams."""
        numbers = {name: getattr(self, name) for name in ("kpi", "centre", "variance", "dispersion", "between")}
        return numbers | {"teams": self.teams.to_dict("records")}


def funnels(panel: pd.DataFrame, kpis: list[str], catalogue: Catalogue, policy: Policy, /) -> list[Funnel]:
    """Compare the teams in each KPI, as far as at least five can be compared.

    Parameters
    ----------
    panel : pandas.DataFrame
        ``advice/panel``.
    kpis : list of str
    policy : Policy
        Teams of fewer people than ``min_group`` are left out, save with KPIs that teams own.

    Returns
    -------
    list of Funnel
        In the order of the KPIs.
    """
    if panel.empty:
        return []
    people = panel[panel["unit"] == "employee"].groupby("team_id")["unit_id"].nunique()
    small = set(people.index[people < policy.min_group].astype(str))
    found = []
    for kpi in kpis:
        rows = panel[(panel["unit"] == "team") & (panel["kpi"] == kpi) & panel["value"].notna() & (panel["n"] > 0)]
        if kpi not in catalogue or catalogue[kpi].owner != "team":
            rows = rows[~rows["unit_id"].astype(str).isin(small)]
        one = _funnel(kpi, rows)
        if one is not None:
            found.append(one)
    return found


def _funnel(kpi: str, rows: pd.DataFrame, /) -> Funnel | None:
    enough = rows.groupby("unit_id")["value"].transform("size") >= _MIN_MONTHS
    rows = rows[enough].assign(weighted=rows["value"] * rows["n"])
    sums = rows.groupby("unit_id", observed=True)[["weighted", "n"]].sum()
    if len(sums) < _MIN_TEAMS:
        return None
    value, n = (sums["weighted"] / sums["n"]).to_numpy(dtype=float), sums["n"].to_numpy(dtype=float)
    own = rows["unit_id"].map(dict(zip(sums.index, value, strict=True))).to_numpy(dtype=float)
    squares = float((rows["n"] * (rows["value"] - own) ** 2).sum())
    variance = squares / (len(rows) - len(sums))
    if variance <= 0:
        return None
    centre = float((value * n).sum() / n.sum())
    z = (value - centre) / np.sqrt(variance / n)
    held = np.clip(z, *np.quantile(z, [_WINSORISED, 1 - _WINSORISED]))
    dispersion = float((held**2).mean()) / _OF_A_NORMAL
    between = _between(dispersion, n / variance)
    corrected = np.abs(value - centre) / np.sqrt(variance / n + between**2)
    outside = np.select([corrected > LEVELS[1], corrected > LEVELS[0]], [99.8, 95.0], 0.0)
    teams = pd.DataFrame({"team_id": sums.index.astype(str), "n": n, "value": value, "z": z, "outside": outside})
    return Funnel(kpi, teams, centre, variance, dispersion, between)


def _between(dispersion: float, precision: Floats, /) -> float:
    """Return the standard deviation between units (DerSimonian–Laird's moments on winsorised z-scores)."""
    units = len(precision)
    excess = units * dispersion - (units - 1)
    if excess <= 0:
        return 0.0
    return float(np.sqrt(excess / (precision.sum() - (precision**2).sum() / precision.sum())))
